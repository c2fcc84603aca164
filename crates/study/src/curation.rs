//! What a spec says of how text is made better before it is a corpus, and the recipe that it comes to.

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use toml::Table;
use triaxis_corpus::{CorpusError, CorpusSpec, Curated, Documents, Found, LeftOutBy, Reading, SourceSpec};
use triaxis_curation::{Exact, Facts, Output, Random, Recipe, StepFacts, StepSpec};
use triaxis_units::Bytes;

use crate::arm::Arm;
use crate::error::StudyError;
use crate::library::Library;
use crate::spec::{SpecError, rule};
use crate::{identity, reading};

/// Steps that text goes through before it is a corpus: those of a preset, of a file, and its own, in this order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CurationSpec {
    /// Filters by the name of those who chose them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// A recipe as `triaxis corpus curate` reads it, relative to the spec's folder, of which the steps are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<PathBuf>,
    /// What is done after those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepSpec>,
    /// A placebo: documents are dropped by chance, so that as much text is left as by the recipe of this arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_much_as: Option<String>,
    /// What steps that look for copies hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
}

/// One table of a curation, or several that are done one after another.
pub(crate) fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CurationSpec>, D::Error> {
    struct OneOrMore;
    impl<'de> Visitor<'de> for OneOrMore {
        type Value = Vec<CurationSpec>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a table of a curation, or a list of them")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            CurationSpec::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, all: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(all))
        }
    }
    deserializer.deserialize_any(OneOrMore)
}

impl CurationSpec {
    /// The recipe of its file, if it names one, which is looked for in the folder `base`.
    fn of_file(&self, base: &Path) -> Result<Option<Recipe>, StudyError> {
        let Some(path) = &self.recipe else { return Ok(None) };
        let path = base.join(path);
        let recipe: Recipe = reading::read(&path, &[])?;
        if !recipe.against.is_empty() {
            return Err(StudyError::Spec {
                place: path.display().to_string(),
                message: "`against` is not read in a study, whose arms would differ in more than their steps: remove the key"
                    .to_owned(),
                hint: None,
            });
        }
        Ok(Some(recipe.resolved(path.parent().unwrap_or(base))?))
    }

    /// Refuses parts that say nothing, or that none can follow.
    pub(crate) fn check(parts: &[Self]) -> Result<(), SpecError> {
        for (place, part) in parts.iter().enumerate() {
            let has_steps = part.recipe.is_some() || part.preset.is_some() || !part.steps.is_empty();
            let (is_last, name) = (place + 1 == parts.len(), part.as_much_as.as_deref());
            rule(
                has_steps != name.is_some(),
                "curation",
                name.map_or("without steps".to_owned(), |name| {
                    format!("`as_much_as = \"{name}\"` beside steps")
                }),
                "either `as_much_as` or of a `preset`, a `recipe` or `steps`",
            )?;
            rule(
                name.is_none() || is_last,
                "curation.as_much_as",
                name.unwrap_or_default(),
                "the last that is done: a placebo stands for all steps that follow",
            )?;
        }
        Ok(())
    }
}

/// What steps that look for copies hold unless the spec says otherwise.
const MEMORY: Bytes = Bytes(512 << 20);

/// Version of what a placebo keeps.
const DRAWN: u32 = 2;

/// What an arm's text goes through, and what it is known by in a library.
#[derive(Debug, Clone, PartialEq)]
pub struct Curation {
    /// Identity: of the recipe, of what its sources hold, and of the versions of what reads and curates them.
    pub id: String,
    /// The arm that it is of.
    arm: String,
    /// All steps, but for the draw of a placebo.
    recipe: Recipe,
    /// What says how much a placebo leaves, and what draws it.
    placebo: Option<(Box<Curation>, u64)>,
}

impl Curation {
    /// That of `arm`, one of `arms`; `None` where its text is taken as it is. A recipe's file is looked for in the folder
    /// `base`, and `content` tells what the sources of an arm hold.
    ///
    /// # Errors
    /// When a step is refused, or the file system refuses.
    pub(crate) fn of(
        arm: &Arm,
        arms: &[Arm],
        base: &Path,
        content: &dyn Fn(&Arm) -> Result<String, CorpusError>,
    ) -> Result<Option<Self>, StudyError> {
        let parts = &arm.spec.curation;
        if parts.is_empty() {
            return Ok(None);
        }
        let mut recipe = recipe(&arm.spec.corpus)?;
        for part in parts {
            if part.as_much_as.is_some() {
                continue;
            }
            let file = part.of_file(base)?;
            let of_file = file.as_ref().map(|file| file.memory);
            recipe.memory = part.memory.or(of_file).unwrap_or(recipe.memory);
            let steps = file.into_iter().flat_map(|file| file.steps);
            let own = Recipe {
                preset: part.preset.clone(),
                steps: steps.chain(part.steps.iter().cloned()).collect(),
                ..recipe.clone()
            };
            recipe.steps.extend(own.resolved(base)?.steps);
        }
        let like = parts.last().and_then(|part| part.as_much_as.as_deref());
        let like = like.and_then(|name| arms.iter().find(|other| other.name == name));
        let like = match like {
            Some(like) => Self::of(like, arms, base, content)?,
            None => None,
        };
        if let Some(like) = like.as_ref().filter(|like| !like.begins_with(&recipe)) {
            return Err(begins_otherwise(arm, like));
        }
        let seed = arm.spec.corpus.seed;
        let words = Recipe {
            memory: MEMORY,
            ..recipe.clone()
        };
        let versions = (triaxis_curation::VERSION, triaxis_corpus::numerics());
        let drawn = like.as_ref().map(|like| (&like.id, seed, DRAWN));
        Ok(Some(Self {
            id: identity::of(&(words, content(arm)?, versions, drawn)),
            arm: arm.name.clone(),
            recipe,
            placebo: like.map(|like| (Box::new(like), seed)),
        }))
    }

    /// Makes it in the library, unless it is there, and tells what was done.
    ///
    /// # Errors
    /// When a source cannot be read, or the file system refuses.
    pub fn make(&self, library: &Library, base: &Path, avoid: &[&Path]) -> Result<Facts, StudyError> {
        let mut recipe = self.recipe.clone();
        if let Some((like, seed)) = &self.placebo {
            let facts = like.make(library, base, avoid)?;
            self.check_left(&facts, &like.arm)?;
            // A corpus takes copies once: text that is dropped for being one was never trained on.
            recipe.steps.push(StepSpec::Exact(Exact::default()));
            recipe.steps.push(StepSpec::Random(Random {
                keep: None,
                text: Some(like.distinct(library, base)?),
                seed: *seed,
            }));
        }
        let _lock = library.lock([format!("curated-{}", self.id).as_str()], &mut |_| {})?;
        match library.curated_facts(&self.id) {
            Ok(Some(facts)) => return Ok(facts),
            Err(StudyError::Damaged { .. }) => library.remove_curated(&self.id)?,
            other => drop(other?),
        }
        let folder = library.curated(&self.id);
        let facts = triaxis_curation::curate_apart(&recipe, base, avoid, &folder, &())?.facts;
        match facts.kept().documents {
            0 => Err(self.refused(format!(
                "`curation` keeps none of its documents: {}",
                facts.steps.iter().map(dropped).collect::<Vec<_>>().join(", ")
            ))),
            _ => Ok(facts),
        }
    }

    /// Whether it does the same to the same text at first.
    fn begins_with(&self, recipe: &Recipe) -> bool {
        let read = |recipe: &Recipe| Recipe {
            memory: MEMORY,
            steps: Vec::new(),
            ..recipe.clone()
        };
        read(&self.recipe) == read(recipe) && self.recipe.steps.starts_with(&recipe.steps)
    }

    /// Refuses to be a placebo of the arm `like` where that one's steps leave all of what both begin with, or more.
    fn check_left(&self, facts: &Facts, like: &str) -> Result<(), StudyError> {
        let kept = facts.kept().bytes;
        let before = facts
            .steps
            .get(self.recipe.steps.len())
            .map_or(kept, |step| step.read.bytes);
        match kept.0 > 0 && kept <= before {
            true => Ok(()),
            false => Err(self.refused(format!(
                "`curation.as_much_as = \"{like}\"`: that arm's steps leave {kept} of {before}, and a placebo drops documents \
                 until as much is left: name an arm whose steps leave some of the text"
            ))),
        }
    }

    /// How much text it left, equal documents once.
    fn distinct(&self, library: &Library, base: &Path) -> Result<Bytes, StudyError> {
        let source = SourceSpec::Curated(kept(&library.curated(&self.id), "kept", None, None));
        let reading = Reading {
            strict: self.recipe.strict,
            minimum_document: self.recipe.minimum_document,
            maximum_document: self.recipe.maximum_document,
            long_documents: self.recipe.long_documents,
        };
        let documents = Documents::list(&[source], reading, base, &[])?;
        let (mut seen, mut text) = (HashSet::new(), Bytes(0));
        for file in 0..documents.files() {
            let mut each = |_, found: Found<'_>| {
                if seen.insert(blake3::hash(found.text.as_bytes())) {
                    text += Bytes(found.text.len() as u64);
                }
                ControlFlow::Continue(())
            };
            documents.read(file, &mut LeftOutBy::default(), &mut each)?;
        }
        Ok(text)
    }

    fn refused(&self, message: String) -> StudyError {
        StudyError::Spec {
            place: format!("arm `{}`", self.arm),
            message,
            hint: None,
        }
    }

    /// The corpus' spec with what was curated in the place of its sources.
    pub fn over(&self, corpus: &CorpusSpec, library: &Library) -> CorpusSpec {
        let folder = library.curated(&self.id);
        let source = |source: &SourceSpec| {
            let name = source.name();
            SourceSpec::Curated(kept(&folder, name, source.weight(), Some(name)))
        };
        CorpusSpec {
            sources: corpus.sources.iter().map(source).collect(),
            ..corpus.clone()
        }
    }
}

/// What a folder of curated text holds as a source, all of it or of one source.
fn kept(folder: &Path, name: &str, weight: Option<f64>, of: Option<&str>) -> Curated {
    Curated {
        name: name.to_owned(),
        weight,
        include: vec![absolute(folder).to_string_lossy().into_owned()],
        exclude: Vec::new(),
        of: of.map(str::to_owned),
    }
}

/// A recipe without steps for what a corpus is made of.
fn recipe(corpus: &CorpusSpec) -> Result<Recipe, StudyError> {
    Ok(Recipe {
        preset: None,
        memory: MEMORY,
        strict: corpus.strict,
        minimum_document: corpus.minimum_document,
        maximum_document: corpus.maximum_document,
        long_documents: corpus.long_documents,
        output: Output::Jsonl,
        against: Vec::new(),
        sources: corpus.sources.iter().map(unweighed).collect::<Result<_, _>>()?,
        steps: Vec::new(),
    })
}

/// A source without its weight, which shares out what is curated.
fn unweighed(source: &SourceSpec) -> Result<SourceSpec, StudyError> {
    let failed = |message: String| StudyError::Spec {
        place: format!("source `{}`", source.name()),
        message,
        hint: None,
    };
    let mut table = Table::try_from(source).map_err(|error| failed(error.to_string()))?;
    table.remove("weight");
    table
        .try_into()
        .map_err(|error: toml::de::Error| failed(error.message().to_owned()))
}

/// What a step dropped, in words.
fn dropped(step: &StepFacts) -> String {
    let dropped: u64 = step.dropped.values().map(|count| count.documents).sum();
    format!("`{}` drops {dropped} of {}", step.step, step.read.documents)
}

/// A path that means the same from any folder; sources and tokenizers are looked for from the spec's.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn begins_otherwise(arm: &Arm, like: &Curation) -> StudyError {
    let steps: Vec<String> = like.recipe.steps.iter().map(StepSpec::label).collect();
    StudyError::Spec {
        place: format!("arm `{}`", arm.name),
        message: format!(
            "`curation.as_much_as` names an arm with other sources, or whose steps ({}) do not begin with this arm's own: a \
             placebo is drawn from what both begin with",
            steps.join(", ")
        ),
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use triaxis_curation::PassedSource;

    use super::*;

    fn parsed(text: &str) -> Result<Vec<CurationSpec>, toml::de::Error> {
        #[derive(Deserialize)]
        struct Of {
            #[serde(deserialize_with = "one_or_more")]
            curation: Vec<CurationSpec>,
        }
        toml::from_str::<Of>(text).map(|of| of.curation)
    }

    #[test]
    fn one_table_or_several_are_read_and_an_unknown_key_is_named() {
        let one = parsed("[curation]\nsteps = [{ kind = 'random', keep = 0.5 }]").unwrap();
        let two = parsed("[[curation]]\npreset = 'gopher'\n[[curation]]\nas_much_as = 'a'").unwrap();
        assert_eq!((one.len(), two.len()), (1, 2));
        CurationSpec::check(&one).unwrap();
        CurationSpec::check(&two).unwrap();
        let error = parsed("[curation]\nstep = []").unwrap_err();
        assert!(error.message().contains("unknown field `step`"), "{error}");
    }

    #[test]
    fn a_placebo_is_the_last_of_all_and_alone() {
        for (text, said) in [
            ("[curation]\nas_much_as = 'a'\npreset = 'c4'", "beside steps"),
            ("[curation]", "without steps"),
            (
                "[[curation]]\nas_much_as = 'a'\n[[curation]]\npreset = 'c4'",
                "the last that is done",
            ),
        ] {
            let error = CurationSpec::check(&parsed(text).unwrap()).unwrap_err();
            assert!(error.message.contains(said), "{}", error.message);
        }
    }

    #[test]
    fn a_placebo_of_steps_that_leave_more_text_is_refused() {
        let count = |bytes: u64| serde_json::json!({ "documents": 1, "bytes": bytes });
        let step = |name: &str, read: u64, kept: u64| {
            serde_json::json!({ "step": name, "read": count(read), "kept": count(kept),
                "edited": { "documents": 0, "before": 0, "after": 0 }, "dropped": {} })
        };
        let facts: Facts = serde_json::from_value(serde_json::json!({
            "version": 1, "content": "", "files": [],
            "recipe": { "sources": [], "steps": [] },
            "sources": [{ "name": "a", "read": count(1000), "kept": count(300), "left_out": {} }],
            "steps": [step("noise", 1000, 900), step("near copies", 900, 600), step("random", 600, 300)],
        }))
        .unwrap();
        let placebo = |steps: usize| Curation {
            id: String::new(),
            arm: "placebo".to_owned(),
            recipe: Recipe {
                steps: vec![StepSpec::Exact(Exact::default()); steps],
                ..facts.recipe.clone()
            },
            placebo: None,
        };
        placebo(1).check_left(&facts, "other").unwrap();
        placebo(3).check_left(&facts, "other").unwrap();
        let grown = Facts {
            sources: vec![PassedSource {
                kept: facts.sources[0].read,
                ..facts.sources[0].clone()
            }],
            ..facts.clone()
        };
        let error = placebo(1).check_left(&grown, "other").unwrap_err().to_string();
        assert!(
            error.contains("arm `placebo`") && error.contains("leave 1"),
            "{error}"
        );
    }
}
