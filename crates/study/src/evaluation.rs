//! The loss of a trained model on a validation text: a record of its own, so that a text may come later than the model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Text;
use triaxis_train::{Dtype, Evaluation, TrainConfig};
use triaxis_units::Bytes;

use crate::digests::Digests;
use crate::error::StudyError;
use crate::identity;
use crate::library::Library;
use crate::record::{Circumstances, Recorded};
use crate::trial::{Group, Trial};

/// Version of the record's layout.
const SCHEMA: u32 = 1;

/// A validation text as a study knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenText {
    /// The study's name for it.
    pub name: String,
    /// Identity of what the spec says of it: where it lies in the library.
    pub id: String,
    /// Hash of its documents.
    pub identity: String,
    /// Its size.
    pub bytes: Bytes,
}

impl FrozenText {
    /// The text that lies in the library under `id`.
    pub fn of(id: String, text: &Text) -> Self {
        Self {
            name: text.name.clone(),
            id,
            identity: text.identity(),
            bytes: text.bytes(),
        }
    }
}

/// What an evaluation's identity is made of besides the trial's: with equal inputs, bits are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationInputs {
    /// Hash of the text's documents.
    pub text: String,
    /// Hash of the tokenizer.
    pub tokenizer: String,
    /// Versions of the parts of the program that its bits hang on; see [`TrainConfig::evaluation_numerics`].
    pub numerics: BTreeMap<String, u32>,
    /// What multiplies, as resolved where it runs; see [`triaxis_train::Dtype::unit`].
    pub unit: String,
}

/// The loss of one trial's model on one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Version of the layout of a record.
    pub schema: u32,
    /// Identity of the evaluation.
    pub id: String,
    /// Identity of the trial.
    pub trial: String,
    /// What the study that asked first called the text.
    pub name: String,
    /// The text, its tokens, and what computed.
    pub inputs: EvaluationInputs,
    /// How it ended. Equal bits for equal identity.
    pub evaluated: Evaluated,
    /// Where and how fast: what may differ between two runs of one identity.
    pub circumstances: Circumstances,
}

/// How an evaluation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Evaluated {
    /// The loss.
    Done(Evaluation),
    /// There is none.
    Failed {
        /// Why.
        reason: String,
    },
}

impl EvaluationRecord {
    /// The loss, if there is one.
    pub fn loss(&self) -> Option<&Evaluation> {
        match &self.evaluated {
            Evaluated::Done(loss) => Some(loss),
            Evaluated::Failed { .. } => None,
        }
    }
}

impl Recorded for EvaluationRecord {
    fn id(&self) -> &str {
        &self.id
    }

    fn layout(&self) -> [u32; 2] {
        [self.schema, SCHEMA]
    }

    fn agrees(&self, other: &Self) -> bool {
        self.evaluated == other.evaluated
    }
}

/// The validation texts of a study, and the units whose losses on them may stand here.
#[derive(Debug, Clone, Default)]
pub struct Evaluator {
    /// The texts, in the order of the spec.
    pub texts: Vec<FrozenText>,
    /// This machine's own first.
    units: Vec<String>,
}

impl Evaluator {
    /// That of a study with these texts; `mixed` takes losses that another unit rounded otherwise.
    pub fn new(texts: Vec<FrozenText>, mixed: bool) -> Self {
        let own = Dtype::F32.unit();
        let others = Digests::built_in().stand_ins(Dtype::F32, &own, mixed);
        let others = others.into_iter().map(str::to_owned);
        Self {
            texts,
            units: std::iter::once(own.clone()).chain(others).collect(),
        }
    }

    /// The record of a trial on a text, if there is one; a damaged one is none, once `warn` has heard of it.
    ///
    /// # Errors
    /// When the file system refuses, or `warn` does.
    pub fn find(
        &self,
        library: &Library,
        group: &Group,
        trial: &Trial,
        text: &FrozenText,
        warn: &mut dyn FnMut(StudyError) -> Result<(), StudyError>,
    ) -> Result<Option<EvaluationRecord>, StudyError> {
        for (place, unit) in self.units.iter().enumerate() {
            let id = id(group, trial, text, unit);
            let found: Option<EvaluationRecord> = library.find_record(&id, warn)?;
            // That another machine failed says nothing of this one.
            if let Some(found) = found.filter(|found| place == 0 || found.loss().is_some()) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The texts that a trial has no record on.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn missing(
        &self,
        library: &Library,
        group: &Group,
        trial: &Trial,
    ) -> Result<Vec<&FrozenText>, StudyError> {
        let mut missing: Vec<&FrozenText> = Vec::new();
        for text in &self.texts {
            let is_known = missing.iter().any(|known| known.identity == text.identity);
            if !is_known && self.find(library, group, trial, text, &mut |_| Ok(()))?.is_none() {
                missing.push(text);
            }
        }
        Ok(missing)
    }

    /// The identity of an evaluation on this machine.
    pub fn id(&self, group: &Group, trial: &Trial, text: &FrozenText) -> String {
        self.units
            .first()
            .map_or_else(String::new, |own| id(group, trial, text, own))
    }

    /// The record of an evaluation that ended on this machine.
    pub fn record(
        &self,
        group: &Group,
        trial: &Trial,
        text: &FrozenText,
        evaluated: Evaluated,
        circumstances: Circumstances,
    ) -> EvaluationRecord {
        EvaluationRecord {
            schema: SCHEMA,
            id: self.id(group, trial, text),
            trial: trial.id.clone(),
            name: text.name.clone(),
            inputs: inputs(group, &trial.config, text, &Dtype::F32.unit()),
            evaluated,
            circumstances,
        }
    }
}

fn inputs(group: &Group, config: &TrainConfig, text: &FrozenText, unit: &str) -> EvaluationInputs {
    let mut numerics = config.evaluation_numerics();
    let tokens = triaxis_corpus::numerics();
    numerics.extend(tokens.into_iter().filter(|(part, _)| part == "tokenizer"));
    EvaluationInputs {
        text: text.identity.clone(),
        tokenizer: group.inputs.tokenizer.clone(),
        numerics,
        unit: unit.to_owned(),
    }
}

fn id(group: &Group, trial: &Trial, text: &FrozenText, unit: &str) -> String {
    identity::of(&(&trial.id, inputs(group, &trial.config, text, unit)))
}
