use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_classifiers::fasttext::Model;
use triaxis_classifiers::quality::GOOD;
use triaxis_names::suggestion;
use triaxis_words::Document;

use super::{Facts, FilterSpec, Judge, Settings};
use crate::model_file::ModelFile;
use crate::refused::{self, Refused};
use crate::room::Room;
use crate::verdict::Check;

const FILTER: &str = "quality";

/// Text that a classifier takes for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// A model of fastText's, trained here or elsewhere.
    pub model: ModelFile,
    /// Its label for good text.
    #[serde(default = "label")]
    pub label: String,
    /// The least probability of that label. DCLM keeps .018112 and more by its own model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Instead of it, the share to keep of texts like the bad ones that the model was trained on here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<f64>,
}

fn label() -> String {
    GOOD.to_owned()
}

impl Quality {
    /// What a document's probability to be good is called among what was measured.
    pub const MEASURED: &str = "quality";
    pub(crate) const ABOUT: &str = "text that a classifier takes for good, as DCLM's does (Li et al. 2024, arXiv 2406.11794, \
                                    section 4.4); `triaxis corpus classifier train` makes one";

    fn bound(&self, model: &Model) -> Result<f64, Refused> {
        match (self.threshold, self.keep) {
            (Some(threshold), None) => {
                refused::share(FILTER, "threshold", threshold)?;
                Ok(threshold)
            }
            (None, Some(keep)) => {
                refused::share(FILTER, "keep", keep)?;
                let refused = |rule| Refused::new(setting("keep"), keep, rule);
                let shares = model.shares().ok_or_else(|| {
                    let path = self.model.path().display();
                    refused(format!(
                        "{path} was not trained here and does not tell what a threshold keeps; give a `threshold`"
                    ))
                })?;
                let threshold = shares.threshold(keep, self.model.path());
                threshold.map_err(|error| refused(error.to_string()))
            }
            (None, None) => {
                let rule = "give it, or the share to `keep`: DCLM keeps .018112 and more by its own model";
                Err(Refused::new(setting("threshold"), "nothing", rule))
            }
            (Some(_), Some(keep)) => {
                let rule = "a `threshold` is given, too; remove one of the two";
                Err(Refused::new(setting("keep"), keep, rule))
            }
        }
    }
}

fn setting(name: &str) -> String {
    format!("{FILTER}.{name}")
}

impl Settings for Quality {
    fn opened(&self, folder: &Path) -> Result<Option<FilterSpec>, Refused> {
        let model = self.model.opened(&setting("model"), folder)?;
        let opened = Self {
            model,
            ..self.clone()
        };
        Ok(Some(FilterSpec::Quality(opened)))
    }

    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        let model = self.model.model(&setting("model"))?;
        let label = model.label(&self.label).ok_or_else(|| {
            let meant = suggestion(&self.label, model.labels());
            let rule = format!(
                "is none of the {} labels of its model{meant}",
                model.labels().len()
            );
            Refused::new(setting("label"), &self.label, rule)
        })?;
        let threshold = self.bound(&model)?;
        Ok(Box::new(Prepared {
            model,
            label,
            threshold,
        }))
    }
}

struct Prepared {
    model: Arc<Model>,
    label: usize,
    threshold: f64,
}

impl Judge for Prepared {
    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let answer = self.model.classify(document.text(), &mut room.classifier);
        let probability = answer.probability(self.label).into();
        room.checks
            .push(Check::at_least(Quality::MEASURED, probability, self.threshold));
        false
    }
}
