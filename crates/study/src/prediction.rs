//! What the ladder says of the held-out run, written before that run starts.

use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_host::machine;
use triaxis_laws::approach::{Approach3, JointFit, joint_laws};
use triaxis_laws::average::{average, shares};
use triaxis_laws::{FitOptions, Prediction as OfLaw};
use triaxis_units::{Estimate, Finding, Interval};

use crate::ladder::{Ladder, counted, options};
use crate::spec::StudySpec;
use crate::survey::Survey;
use crate::trial::Trial;

/// Why a law that was fitted predicts nothing.
const NO_INTERVAL: &str =
    "the law has as many parameters as the ladder has trials, so nothing tells how far off it is";

/// A loss with its interval, in nats per token.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossInterval {
    /// The loss.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Coverage of the interval.
    pub level: f64,
}

/// What one law says of the held-out run, and how far it can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Name of the law's form.
    pub form: String,
    /// Its equation.
    pub equation: String,
    /// Mean absolute relative error on the runs of the largest budget, predicted from the others.
    pub held_out_error: Option<f64>,
    /// Its share of the prediction; the shares of all laws sum to one.
    pub weight: f64,
    /// The loss, or why there is none.
    pub loss: Finding<LossInterval>,
}

/// What the ladder says of the held-out run, before that run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The held-out trial.
    pub trial: String,
    /// The trials it is predicted from.
    pub from: Vec<String>,
    /// What predicts: the candidates with their weights.
    pub law: String,
    /// The loss in nats per token, holding both the uncertainty of the law and the noise of one run.
    pub loss: Finding<LossInterval>,
    /// Every law that was fitted, the most trusted first.
    pub candidates: Vec<Candidate>,
    /// Bits per byte of one nat per token on this validation split; unknown before any trial is done.
    pub bits_per_byte: Option<f64>,
    /// When it was written, in seconds since 1970.
    pub written: u64,
}

impl Prediction {
    /// Predicts `target` from the ladder's records: by every joint law, each weighing as much as it predicts
    /// the ladder's own largest budget well ([`average`]).
    pub fn of(spec: &StudySpec, survey: &Survey, target: &Trial) -> Self {
        let ladder = Ladder::of(spec, survey);
        let joint = JointLaws::of(&ladder, &options(spec));
        let params = counted(target, spec.laws.parameters).as_f64();
        let tokens = target.tokens.as_f64();
        let (candidates, loss) = joint.candidates(params, tokens);
        Self {
            trial: target.id.clone(),
            from: ladder.trials,
            law: in_words(&candidates),
            loss: loss.map_or_else(|| Finding::Refused(joint.refusal()), Finding::Found),
            candidates,
            bits_per_byte: ladder.bits_per_byte,
            written: machine::now(),
        }
    }

    /// That there is none: `target` has been run, and what is said now would be no prediction. `path` is its own
    /// file, `record` that of the run.
    pub(crate) fn too_late(target: &Trial, path: &Path, record: &Path) -> Self {
        let id = &target.id;
        let reason = format!(
            "{}; this refusal is {}, to be removed with the record",
            too_late(record),
            path.display()
        );
        Self {
            trial: id.clone(),
            from: Vec::new(),
            law: "none".to_owned(),
            loss: Finding::Refused(reason),
            candidates: Vec::new(),
            bits_per_byte: None,
            written: machine::now(),
        }
    }
}

/// Why a held-out run with that record is not predicted, and what helps.
pub(crate) fn too_late(record: &Path) -> String {
    format!(
        "the held-out run has been made, for another study or before its prediction was lost: one made now would not \
         be held against anything unknown; another `seed`, `holdout.size` or `holdout.compute_factor` is another run, \
         and without the record {} it is predicted and run again",
        record.display()
    )
}

impl LossInterval {
    /// The loss as it is told.
    pub(crate) fn told(&self) -> Estimate {
        Estimate {
            value: self.value,
            interval: Some(Interval {
                low: self.low,
                high: self.high,
                level: self.level,
            }),
        }
    }

    /// What is said of a run; `None` without an interval.
    fn of(said: &OfLaw) -> Option<Self> {
        said.interval.map(|interval| Self {
            value: said.value,
            low: interval.low,
            high: interval.high,
            level: said.level,
        })
    }
}

/// The laws that predict, with their shares of the prediction.
fn in_words(candidates: &[Candidate]) -> String {
    let asked = candidates.iter().filter(|law| law.weight > 0.0);
    let shares: Vec<String> = asked
        .map(|law| format!("{} ({:.0}%)", law.form, law.weight * 100.0))
        .collect();
    match shares.is_empty() {
        true => "none".to_owned(),
        false => shares.join(", "),
    }
}

impl std::fmt::Display for Prediction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.loss {
            Finding::Found(loss) => {
                let bits = |nats: f64| nats * self.bits_per_byte.unwrap_or(f64::NAN);
                write!(
                    formatter,
                    "{}  {:.4} bits per byte ({:.4} to {:.4} at {:.0}%), from {} trials",
                    self.trial,
                    bits(loss.value),
                    bits(loss.low),
                    bits(loss.high),
                    loss.level * 100.0,
                    self.from.len(),
                )
            }
            Finding::Refused(reason) => write!(formatter, "{}  no prediction: {reason}", self.trial),
        }
    }
}

/// The joint laws of N and D fitted to a ladder, the most trusted first.
pub(crate) struct JointLaws {
    fits: Vec<JointFit>,
    refusals: Vec<String>,
}

impl JointLaws {
    pub(crate) fn of(ladder: &Ladder, options: &FitOptions) -> Self {
        match joint_laws(&ladder.runs, options) {
            Ok((fits, unfitted)) => Self {
                fits,
                refusals: unfitted
                    .iter()
                    .map(|law| format!("{}: {}", law.form, law.reason))
                    .collect(),
            },
            Err(error) => Self {
                fits: Vec::new(),
                refusals: vec![error.to_string()],
            },
        }
    }

    /// The law that predicts the held-out runs best.
    pub(crate) fn most_trusted(&self) -> Finding<JointFit> {
        Finding::of(self.fits.first().cloned().ok_or_else(|| self.refusal()))
    }

    /// The laws that count, the most trusted first, each with its share by how well it predicts the runs held out.
    pub(crate) fn shared(&self) -> impl Iterator<Item = (f64, &JointFit)> {
        let checks: Vec<_> = self.fits.iter().map(|joint| joint.fit.holdout.as_ref()).collect();
        let shares = shares(&checks).into_iter().zip(&self.fits);
        shares.filter(|(share, _)| *share > 0.0)
    }

    /// The Chinchilla law, which is approach 3.
    pub(crate) fn approach3(&self) -> Finding<Approach3> {
        let fits = self.fits.iter().cloned();
        let found = fits.filter_map(|joint| Approach3::of(joint.fit)).next();
        Finding::of(found.ok_or_else(|| self.refusal()))
    }

    /// What each law says of a run, with its share, and what they say together.
    fn candidates(&self, params: f64, tokens: f64) -> (Vec<Candidate>, Option<LossInterval>) {
        let mut candidates = Vec::new();
        let mut heard = Vec::new();
        for (at, joint) in self.fits.iter().enumerate() {
            let loss = match joint.predict(params, tokens) {
                Ok(said) => {
                    let loss = LossInterval::of(&said).ok_or(NO_INTERVAL);
                    heard.extend(loss.is_ok().then_some((at, said)));
                    Finding::of(loss)
                }
                Err(error) => Finding::Refused(error.to_string()),
            };
            candidates.push(Candidate {
                form: joint.fit.form.clone(),
                equation: joint.equation().to_owned(),
                held_out_error: Some(joint.fit.held_out_error()).filter(|error| error.is_finite()),
                weight: 0.0,
                loss,
            });
        }
        let checks = heard.iter().map(|(at, _)| self.fits[*at].fit.holdout.as_ref());
        let shares = shares(&checks.collect::<Vec<_>>());
        let said = heard.into_iter().zip(shares).map(|((at, said), share)| {
            candidates[at].weight = share;
            (share, said)
        });
        let together = average(&said.collect::<Vec<_>>());
        (candidates, together.as_ref().and_then(LossInterval::of))
    }

    /// Why there is no law.
    pub(crate) fn refusal(&self) -> String {
        match self.refusals.is_empty() {
            true => NO_INTERVAL.to_owned(),
            false => self.refusals.join("; "),
        }
    }
}
