//! Arms: the choices that a study compares. Each is the base spec with tables laid over it.

use serde::{Deserialize, Serialize};
use toml::Table;
use triaxis_corpus::{SourceSpec, TokenizerSpec};
use triaxis_units::Flops;

use crate::curation::{self, CurationSpec};
use crate::ensembles::EnsembleSpec;
use crate::spec::{SpecError, StudySpec, distinct, plain_name, rule};

/// A choice, as the spec says it: a name, and what it changes of the base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmSpec {
    /// What tables and pictures call it.
    pub name: String,
    /// Keys laid over `[corpus]`.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub corpus: Table,
    /// The names of the sources that it takes of the base's; all of them if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// What its text goes through after what `[curation]` does.
    #[serde(
        default,
        deserialize_with = "curation::one_or_more",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub curation: Vec<CurationSpec>,
    /// In place of `[tokenizer]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerSpec>,
    /// Keys laid over `[model]`.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub model: Table,
    /// Keys laid over `[training]`.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub training: Table,
    /// Keys laid over `[design]`.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub design: Table,
}

/// How arms are compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompareSpec {
    /// The arm that the others are held against; the first, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Training compute that the order of the arms is asked at, beside the ladder's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Flops>,
    /// The arms that are held against it; all others if left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<String>,
    /// Further comparisons, each of some arms with a baseline of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoSpec>,
    /// Arms that take together what others take alone: whether what these are worth multiplies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compounds: Vec<CompoundSpec>,
    /// Arms that are asked together, each about a text of its own: arms among the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ensembles: Vec<EnsembleSpec>,
}

/// A comparison beside the main one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlsoSpec {
    /// The arm that the others are held against.
    pub baseline: String,
    /// Those others.
    pub arms: Vec<String>,
}

/// An arm and those that each have a part of what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompoundSpec {
    /// The arm that has all.
    pub whole: String,
    /// Those that have a part each.
    pub parts: Vec<String>,
}

impl CompareSpec {
    /// Whether `arm` is held against others, or they against it; arms that are not are there for the laws of others.
    pub fn names(&self, arm: &str) -> bool {
        let also = self.also.iter();
        let named = self
            .baseline
            .iter()
            .chain(&self.arms)
            .chain(also.flat_map(|also| std::iter::once(&also.baseline).chain(&also.arms)));
        self.arms.is_empty() || named.into_iter().any(|name| name == arm)
    }

    /// Refuses comparisons of what is no arm, or of nothing.
    fn check(&self, names: &[&str]) -> Result<(), SpecError> {
        let baseline = self.baseline.as_deref().or(names.first().copied());
        let known = |key: &str, asked: &str| match names.contains(&asked) {
            true => Ok(()),
            false => Err(SpecError::of(
                key,
                &format!("`{asked}` is no arm: one of {}", names.join(", ")),
            )),
        };
        let all = |key: &str, asked: &[String]| asked.iter().try_for_each(|name| known(key, name));
        self.baseline
            .iter()
            .try_for_each(|name| known("compare.baseline", name))?;
        all("compare.arms", &self.arms)?;
        rule(
            self.arms.is_empty() || self.arms.iter().any(|name| Some(name.as_str()) != baseline),
            "compare.arms",
            format!("{:?}", self.arms),
            "one or more arms beside the baseline",
        )?;
        for also in &self.also {
            known("compare.also.baseline", &also.baseline)?;
            all("compare.also.arms", &also.arms)?;
            let others = also.arms.iter().filter(|name| **name != also.baseline).count();
            rule(
                others > 0,
                "compare.also.arms",
                format!("{:?}", also.arms),
                "one or more arms beside the baseline",
            )?;
        }
        for compound in &self.compounds {
            known("compare.compounds.whole", &compound.whole)?;
            all("compare.compounds.parts", &compound.parts)?;
            let is_baseline = |name: &String| Some(name.as_str()) == baseline;
            let is_apart = distinct(&compound.parts)
                && !compound.parts.contains(&compound.whole)
                && !compound.parts.iter().chain([&compound.whole]).any(is_baseline);
            rule(
                compound.parts.len() > 1 && is_apart,
                "compare.compounds.parts",
                format!("{:?}", compound.parts),
                "two or more arms, none of them the whole or the baseline",
            )?;
        }
        Ok(())
    }
}

/// An arm as a study of its own: one corpus, one ladder.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name; the study's, where there are no arms.
    pub name: String,
    /// The base with the arm laid over it, and without arms.
    pub spec: StudySpec,
}

impl StudySpec {
    /// The arms, in the order given; a study without any is one arm.
    ///
    /// # Errors
    /// When a name is none or given twice, the baseline is no arm, what an arm makes of the base is no study, or two
    /// arms ask for the same.
    pub fn arms(&self) -> Result<Vec<Arm>, SpecError> {
        if self.arms.is_empty() {
            self.check_extra([self.name.as_str()])?;
            let only = vec![Arm {
                name: self.name.clone(),
                spec: self.clone(),
            }];
            check_placebos(&only)?;
            return Ok(only);
        }
        let base = Self {
            arms: Vec::new(),
            compare: None,
            ..self.clone()
        };
        let base = Table::try_from(base).map_err(|error| SpecError::of("arms", &error.to_string()))?;
        let mut arms: Vec<Arm> = Vec::new();
        for (index, arm) in self.arms.iter().enumerate() {
            let key = format!("arms[{index}]");
            rule(
                plain_name(&arm.name),
                &format!("{key}.name"),
                format!("{:?}", arm.name),
                "letters, digits, `-`, `_` and `.`, not starting with `.`",
            )?;
            let mut spec = arm
                .over(&base)
                .map_err(|error| SpecError::of(&format!("{key} ({})", arm.name), &error.message))?;
            spec.extra.retain(|extra| extra.is_of(&arm.name));
            if let Some(twin) = arms.iter().find(|other| other.name == arm.name) {
                return Err(SpecError::of(
                    &key,
                    &format!(
                        "`{}` names an arm before it: each arm has a name of its own",
                        twin.name
                    ),
                ));
            }
            if let Some(twin) = arms.iter().find(|other| other.spec == spec) {
                return Err(SpecError::of(
                    &key,
                    &format!(
                        "`{}` asks for the same as `{}`: let it change something, or remove one of them",
                        arm.name, twin.name
                    ),
                ));
            }
            arms.push(Arm {
                name: arm.name.clone(),
                spec,
            });
        }
        check_placebos(&arms)?;
        let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        self.check_extra(names.iter().copied())?;
        EnsembleSpec::check(self, &arms)?;
        let ensembles = self.compare.iter().flat_map(|compare| &compare.ensembles);
        let names: Vec<&str> = names
            .into_iter()
            .chain(ensembles.map(|of| of.name.as_str()))
            .collect();
        self.compare
            .iter()
            .try_for_each(|compare| compare.check(&names))?;
        if self.compare.is_some()
            && let [only] = arms.as_slice()
        {
            return Err(SpecError::of(
                "compare",
                &format!(
                    "`{}` is the only arm, and nothing is held against it: add an `[[arms]]`, or leave `[compare]` out",
                    only.name
                ),
            ));
        }
        Ok(arms)
    }

    /// Refuses a further run of an arm that is none.
    fn check_extra<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), SpecError> {
        let names: Vec<&str> = names.into_iter().collect();
        for (index, extra) in self.extra.iter().enumerate() {
            if let Some(arm) = extra.arm.as_deref().filter(|arm| !names.contains(arm)) {
                return Err(SpecError::of(
                    &format!("extra[{index}].arm"),
                    &format!("`{arm}` is no arm: one of {}", names.join(", ")),
                ));
            }
        }
        Ok(())
    }

    /// The name of the arm that others are held against.
    pub fn baseline<'a>(&'a self, arms: &'a [Arm]) -> Option<&'a str> {
        self.named_baseline()
            .or_else(|| arms.first().map(|arm| arm.name.as_str()))
    }

    fn named_baseline(&self) -> Option<&str> {
        self.compare.as_ref()?.baseline.as_deref()
    }
}

/// Refuses a placebo of what is no arm with a recipe of its own.
fn check_placebos(arms: &[Arm]) -> Result<(), SpecError> {
    let like = |arm: &Arm| arm.spec.curation.last().and_then(|part| part.as_much_as.clone());
    for arm in arms {
        let Some(name) = like(arm) else { continue };
        let known = arms.iter().find(|other| other.name == name);
        let is_curated = |other: &Arm| !other.spec.curation.is_empty() && like(other).is_none();
        if !known.is_some_and(is_curated) {
            let curated = arms.iter().filter(|other| is_curated(other));
            let names: Vec<&str> = curated.map(|other| other.name.as_str()).collect();
            let told = format!(
                "`{name}` is no arm with a curation of its own: one of {}",
                names.join(", ")
            );
            return Err(SpecError::of(&format!("{}.curation.as_much_as", arm.name), &told));
        }
    }
    Ok(())
}

impl ArmSpec {
    /// The base with this arm laid over it, key by key.
    fn over(&self, base: &Table) -> Result<StudySpec, SpecError> {
        let mut spec = base.clone();
        for (section, own) in [
            ("corpus", &self.corpus),
            ("model", &self.model),
            ("training", &self.training),
            ("design", &self.design),
        ] {
            if own.is_empty() {
                continue;
            }
            let place = spec.entry(section).or_insert_with(|| Table::new().into());
            // A design of another kind has other keys.
            let keeps = |table: &Table| own.get("kind").is_none_or(|kind| table.get("kind") == Some(kind));
            match place {
                toml::Value::Table(table) if keeps(table) => table.extend(own.clone()),
                other => *other = own.clone().into(),
            }
        }
        if !self.curation.is_empty() {
            let own = toml::Value::try_from(&self.curation);
            let own = own.map_err(|error| SpecError::of("curation", &error.to_string()))?;
            let before = spec.remove("curation");
            let parts = [before, Some(own)].into_iter().flatten();
            let parts = parts.filter_map(|part| part.as_array().cloned()).flatten();
            spec.insert("curation".to_owned(), toml::Value::Array(parts.collect()));
        }
        if let Some(tokenizer) = &self.tokenizer {
            let tokenizer = toml::Value::try_from(tokenizer);
            let tokenizer = tokenizer.map_err(|error| SpecError::of("tokenizer", &error.to_string()))?;
            spec.insert("tokenizer".to_owned(), tokenizer);
        }
        let mut spec = StudySpec::of_table(&spec)?;
        self.choose_sources(&mut spec)?;
        spec.check()?;
        Ok(spec)
    }

    /// Leaves the sources that it names.
    fn choose_sources(&self, spec: &mut StudySpec) -> Result<(), SpecError> {
        let sources = &mut spec.corpus.sources;
        for name in &self.sources {
            if !sources.iter().any(|source| source.name() == name) {
                let names: Vec<&str> = sources.iter().map(SourceSpec::name).collect();
                let told = format!("`{name}` is no source of the corpus: one of {}", names.join(", "));
                return Err(SpecError::of("sources", &told));
            }
        }
        if !self.sources.is_empty() {
            sources.retain(|source| self.sources.iter().any(|name| name == source.name()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study(arms: &str) -> Result<StudySpec, SpecError> {
        StudySpec::parse(&format!(
            "{}\n{arms}",
            include_str!("../../../examples/quickstart.toml")
        ))
    }

    fn refusal(arms: &str) -> String {
        study(arms).unwrap_err().message
    }

    #[test]
    fn an_arm_is_the_base_with_its_tables_laid_over_it() {
        let spec = study(
            r#"
            [[arms]]
            name = "base"
            [[arms]]
            name = "long"
            training = { context = 64, weight_decay = 0.3 }
            model = { layers = 3 }
            corpus = { sample = "8MB" }
            tokenizer = { vocabulary = 300 }
            [[arms]]
            name = "grid"
            design = { kind = "grid", tokens = ["1M"], sizes = [{ width = 24, heads = 2 }] }
            [compare]
            at = "1e20"
            "#,
        )
        .unwrap();
        let arms = spec.arms().unwrap();
        let plain = StudySpec::parse(include_str!("../../../examples/quickstart.toml")).unwrap();
        assert_eq!(arms[0].spec, plain);
        assert_eq!(spec.baseline(&arms), Some("base"));
        let long = &arms[1].spec;
        assert_eq!((long.training.context, long.training.weight_decay), (64, 0.3));
        assert_eq!(long.training.learning_rate, plain.training.learning_rate);
        assert_eq!(long.model["layers"], toml::Value::Integer(3));
        assert_eq!(long.corpus.sample, Some(triaxis_units::Bytes(8_000_000)));
        assert_eq!(long.corpus.sources, plain.corpus.sources);
        assert_eq!(long.tokenizer, TokenizerSpec::Train { vocabulary: 300 });
        assert_eq!(arms[2].spec.design.sizes().len(), 1);
    }

    #[test]
    fn a_study_without_arms_is_one() {
        let spec = study("").unwrap();
        let arms = spec.arms().unwrap();
        assert_eq!((arms.len(), arms[0].name.as_str()), (1, "quickstart"));
        assert_eq!(arms[0].spec, spec);
    }

    #[test]
    fn arms_that_compare_nothing_are_refused() {
        for (arms, said) in [
            (
                "[[arms]]\nname = \"a\"\n[[arms]]\nname = \"b\"\ntraining = { decay = 0.2 }",
                "same as `a`",
            ),
            (
                "[[arms]]\nname = \"a\"\n[[arms]]\nname = \"a\"\ntraining = { decay = 0.3 }",
                "name of its own",
            ),
            ("[[arms]]\nname = \"a b\"", "letters, digits"),
            (
                "[[arms]]\nname = \"a\"\n[compare]\nbaseline = \"z\"",
                "`z` is no arm: one of a",
            ),
            (
                "[[arms]]\nname = \"a\"\ntraining = { decay = 7.0 }",
                "`arms[0] (a)`: `training.decay` is 7",
            ),
            ("[[arms]]\nname = \"a\"\ntraining = { dekay = 0.5 }", "dekay"),
            (
                "[[arms]]\nname = \"a\"\n[compare]\nbaseline = \"a\"",
                "`a` is the only arm",
            ),
            ("[compare]\nat = 1e20", "two or more `[[arms]]`"),
        ] {
            let refusal = refusal(arms);
            assert!(refusal.contains(said), "{arms}: {refusal}");
        }
    }
}
