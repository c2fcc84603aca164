//! The held-out run beside what was predicted of it.

use triaxis_host::machine::utc;
use triaxis_laws::approach::Run;
use triaxis_records::{Candidate, HeldOut, Role};
use triaxis_units::{Finding, Nats, Reach};

use crate::ladder::{Ladder, counted};
use crate::prediction::{self, Prediction};
use crate::spec::StudySpec;
use crate::survey::Survey;

/// Holds `prediction` against the record of its run, if there is one.
pub(crate) fn compare(
    spec: &StudySpec,
    survey: &Survey,
    ladder: &Ladder,
    prediction: &Prediction,
) -> Option<HeldOut> {
    let mut trials = survey.trials();
    let trial = trials.find(|trial| trial.role == Role::HeldOut && trial.id == prediction.trial)?;
    let record = survey.record(&trial.id);
    let measured = match record.map(|record| &record.outcome) {
        None => Finding::Refused("the held-out run has no record".to_owned()),
        Some(outcome) => match outcome.validation() {
            Some(validation) => Finding::Found(Nats(validation.nats.0)),
            None => Finding::Refused(outcome.reason().unwrap_or_default()),
        },
    };
    let beyond = |value: f64, of: fn(&Run) -> f64| value / ladder.largest(of);
    let error = |predicted: &Finding<prediction::LossInterval>| {
        Some(measured.found()?.0 / predicted.found()?.value - 1.0)
    };
    let candidate = |law: &prediction::Candidate| Candidate {
        form: law.form.clone(),
        equation: law.equation.clone(),
        held_out_error: law.held_out_error,
        weight: law.weight,
        predicted: law.loss.map(prediction::LossInterval::told),
        relative_error: error(&law.loss),
    };
    let started = |finished: u64, seconds: f64| utc(finished.saturating_sub(seconds as u64));
    Some(HeldOut {
        trial: trial.id.clone(),
        arm: None,
        bits_per_nat: ladder.bits_per_byte,
        params: trial.parameters,
        tokens: trial.tokens,
        flops: trial.flops,
        law: prediction.law.clone(),
        candidates: prediction.candidates.iter().map(candidate).collect(),
        predicted: prediction.loss.map(prediction::LossInterval::told),
        predicted_at: Some(utc(prediction.written)),
        started_at: record
            .map(|record| &record.circumstances)
            .map(|ran| started(ran.finished, ran.seconds.0)),
        relative_error: error(&prediction.loss),
        inside: prediction
            .loss
            .found()
            .zip(measured.found())
            .map(|(loss, measured)| (loss.low..=loss.high).contains(&measured.0)),
        measured,
        reach: Reach {
            compute: beyond(trial.flops.0, |run| run.flops),
            params: beyond(counted(trial, spec.laws.parameters).as_f64(), |run| run.params),
            tokens: beyond(trial.tokens.as_f64(), |run| run.tokens),
        },
    })
}
