use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_classifiers::fasttext::Model;
use triaxis_classifiers::language::Detector;
use triaxis_names::suggestion;
use triaxis_words::Document;

use super::{Facts, FilterSpec, Judge, Settings};
use crate::model_file::ModelFile;
use crate::refused::{self, Refused};
use crate::room::Room;
use crate::verdict::Check;

const FILTER: &str = "language";

/// Text in some languages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Language {
    /// By their labels, which are codes of ISO 639-1 but in some models. None given is any language that is sure enough.
    pub languages: Vec<String>,
    /// How sure it must be that a text is in one of them.
    pub threshold: f64,
    /// A model of fastText's, such as lid.176.bin or lid.176.ftz. Without one trigrams tell, as whatlang has them: fewer
    /// languages, and a score that is no probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelFile>,
}

impl Language {
    pub(crate) const ABOUT: &str = "text in some languages, by a model of fastText's as datatrove asks it (lid.176: Joulin \
                                    et al. 2016, arXiv 1607.01759; FineWeb keeps .65 and more), or by whatlang's trigrams";
}

impl Default for Language {
    fn default() -> Self {
        Self {
            languages: vec!["en".to_owned()],
            threshold: 0.65,
            model: None,
        }
    }
}

fn setting(name: &str) -> String {
    format!("{FILTER}.{name}")
}

impl Settings for Language {
    fn opened(&self, folder: &Path) -> Result<Option<FilterSpec>, Refused> {
        let Some(model) = &self.model else { return Ok(None) };
        let model = Some(model.opened(&setting("model"), folder)?);
        let opened = Self {
            model,
            ..self.clone()
        };
        Ok(Some(FilterSpec::Language(opened)))
    }

    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        refused::share(FILTER, "threshold", self.threshold)?;
        let model = self.model.as_ref().map(|file| file.model(&setting("model")));
        let mut prepared = Prepared {
            threshold: self.threshold,
            model: model.transpose()?,
            languages: Vec::new(),
        };
        let detector = prepared.detector();
        let known = detector.languages();
        let place = |language: &String| {
            known.iter().position(|known| known == language).ok_or_else(|| {
                let meant = suggestion(language, known.iter().copied());
                let rule = format!("is none of the {} languages that are known{meant}", known.len());
                Refused::new(setting("languages"), language, rule)
            })
        };
        prepared.languages = self.languages.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Box::new(prepared))
    }
}

struct Prepared {
    threshold: f64,
    model: Option<Arc<Model>>,
    /// By their places among those that are known.
    languages: Vec<usize>,
}

impl Prepared {
    fn detector(&self) -> Detector<'_> {
        self.model.as_deref().map_or(Detector::Trigrams, Detector::Model)
    }
}

impl Judge for Prepared {
    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let score = self
            .detector()
            .score(document.text(), &self.languages, &mut room.classifier);
        room.checks
            .push(Check::at_least("language_score", score, self.threshold));
        false
    }
}
