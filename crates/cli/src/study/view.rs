//! From records, laws and plan to what the page shows. Nothing is computed here but ratios of shown numbers.

mod laws;
mod notices;
mod plan;

use triaxis_corpus::{Corpus, Manifest};
use triaxis_host::machine;
use triaxis_report::view::{self, Program, View};
use triaxis_study::analysis::Finding;
use triaxis_study::{Answer, Arm, FrozenSpec, Role, RunRecord, Store, Survey, Trial, identity};
use triaxis_units::{Bytes, Flops, Nats, Seconds, Tokens};

/// Fills the page's view; `analysis` is missing while there is no corpus yet.
pub fn of(
    spec: &FrozenSpec,
    store: &Store,
    survey: &Survey,
    answer: Option<&Answer>,
) -> anyhow::Result<View> {
    let arms = spec.arms()?;
    let baseline = spec.spec.baseline(&arms).unwrap_or_default();
    let place = arms.iter().position(|arm| arm.name == baseline).unwrap_or(0);
    let analysis = answer
        .and_then(|answer| answer.arms.get(place))
        .map(|arm| &arm.analysis);
    let library = spec.library(store);
    let open = |arm: &Arm| Corpus::open(&library.corpus(&spec.corpus_id(arm))).ok();
    let corpora: Vec<Option<Corpus>> = arms.iter().map(open).collect();
    let unique = |corpus: &Option<Corpus>| Some(Tokens(corpus.as_ref()?.train().len() as u64));
    let unique: Vec<Option<Tokens>> = corpora.iter().map(unique).collect();
    let corpus = &corpora[place];
    Ok(View {
        title: spec.spec.name.clone(),
        // The newest measurement, not the clock: the same records give the same page.
        generated: survey
            .records
            .iter()
            .map(|record| record.circumstances.finished)
            .max()
            .map_or_else(|| "before any trial".to_owned(), utc),
        program: Program {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            code_hash: identity::CODE.to_owned(),
        },
        machine: machine_line(&survey.records),
        seconds: survey
            .records
            .iter()
            .map(|record| record.circumstances.seconds)
            .sum(),
        spec: spec.text.clone(),
        comparison: answer.and_then(|answer| answer.comparison.clone()).map(shown),
        repeated: answer
            .into_iter()
            .flat_map(|answer| &answer.repeated)
            .map(|repeated| view::Repeated {
                arm: repeated.arm.clone(),
                beside: repeated.beside.clone(),
                found: shown(repeated.found.clone()),
            })
            .collect(),
        notices: [
            notices(survey, corpus.as_ref().map(Corpus::manifest)),
            notices::of_arms(&arms, &unique, survey),
        ]
        .concat(),
        corpus: corpus.as_ref().map(|corpus| corpus_view(corpus.manifest())),
        trials: arms
            .iter()
            .zip(&unique)
            .flat_map(|(arm, &unique)| {
                let named = (arms.len() > 1).then_some(arm.name.as_str());
                let trials: Vec<_> = survey.trials_of(&arm.name).collect();
                trials
                    .into_iter()
                    .map(move |trial| trial_view(trial, survey.record(&trial.id), unique, named))
            })
            .collect(),
        isoflops: analysis.map(laws::isoflops).unwrap_or_default(),
        flattening: analysis.map(laws::flattening),
        approaches: analysis.map(laws::approaches).unwrap_or_default(),
        held_out: answer
            .into_iter()
            .flat_map(|answer| &answer.arms)
            .filter_map(|arm| laws::held_out(arm, survey, arms.len() > 1))
            .collect(),
        plan: analysis.and_then(|analysis| plan::of(analysis, &spec.spec)),
        extrapolations: analysis.map(plan::extrapolations).unwrap_or_default(),
    })
}

fn shown<T>(found: Finding<T>) -> view::Finding<T> {
    match found {
        Finding::Found(found) => view::Finding::Found(found),
        Finding::Refused(why) => view::Finding::Refused(why),
    }
}

fn machine_line(records: &[RunRecord]) -> String {
    let mut machines: Vec<String> = records
        .iter()
        .map(|record| {
            let (machine, unit) = (&record.circumstances.machine, &record.inputs.unit);
            format!("{machine}, products in {} on {unit}", record.config.dtype)
        })
        .collect();
    machines.sort_unstable();
    machines.dedup();
    let threads = records.iter().map(|record| record.circumstances.threads);
    let used = match (threads.clone().min(), threads.max()) {
        (Some(1), Some(1)) => ", 1 thread a trial".to_owned(),
        (Some(least), Some(most)) if least < most => format!(", {least} to {most} threads a trial"),
        (_, Some(threads)) => format!(", {threads} threads a trial"),
        _ => String::new(),
    };
    if machines.is_empty() {
        machines.push(machine::processor());
    }
    format!("{}{used}, {}", machines.join("; "), std::env::consts::OS)
}

fn notices(survey: &Survey, manifest: Option<&Manifest>) -> Vec<String> {
    let all = survey.trials().count();
    let done = survey
        .records
        .iter()
        .filter(|record| record.outcome.validation().is_some())
        .count();
    let mut notices: Vec<String> = manifest.and_then(Manifest::loss_told).into_iter().collect();
    let left_out = manifest.into_iter().flat_map(Manifest::left_out_told);
    notices.extend(left_out.filter(|(grave, _)| *grave).map(|(_, said)| said));
    if done < all {
        notices.push(format!(
            "{} of {all} trials have no loss: the table of trials says why.",
            all - done
        ));
    }
    notices.extend(survey.mixed());
    let largest = survey
        .records
        .iter()
        .filter(|record| record.outcome.validation().is_some())
        .map(|record| record.flops.0)
        .fold(0.0, f64::max);
    if largest > 0.0 && largest < 1e16 {
        notices.push(format!(
            "The largest trial took {} operations. A ladder this small shows that the method works on this corpus; \
             its laws say nothing reliable about models millions of times larger.",
            Flops(largest)
        ));
    }
    notices
}

fn corpus_view(manifest: &Manifest) -> view::Corpus {
    let total =
        |of: fn(&triaxis_corpus::Total) -> u64| of(&manifest.train.total) + of(&manifest.validation.total);
    let bytes = total(|total| total.bytes.0);
    let tokens = total(|total| total.tokens.0);
    let weights: f64 = manifest.sources.iter().filter_map(|source| source.share).sum();
    view::Corpus {
        documents: total(|total| total.documents),
        bytes: Bytes(bytes),
        unique_tokens: Tokens(tokens),
        train_tokens: manifest.train.total.tokens,
        validation_tokens: manifest.validation.total.tokens,
        duplicate_documents: manifest
            .sources
            .iter()
            .map(|source| source.duplicates.documents)
            .sum(),
        duplicate_bytes: manifest
            .sources
            .iter()
            .map(|source| source.duplicates.bytes)
            .sum(),
        skipped: manifest.sources.iter().flat_map(skipped).collect(),
        sources: manifest
            .sources
            .iter()
            .map(|source| view::Source {
                name: source.name.clone(),
                kind: source.kind.clone(),
                weight: match source.share {
                    Some(share) if weights > 0.0 => share / weights,
                    _ => (source.train.bytes.0 + source.validation.bytes.0) as f64 / bytes.max(1) as f64,
                },
                documents: source.train.documents + source.validation.documents,
                bytes: source.train.bytes + source.validation.bytes,
                tokens: source.train.tokens + source.validation.tokens,
                duplicates: source.duplicates.documents,
            })
            .collect(),
        licences: manifest
            .licences
            .iter()
            .map(|licence| view::Licence {
                licence: licence.licence.clone(),
                documents: licence.train.documents + licence.validation.documents,
                bytes: licence.train.bytes + licence.validation.bytes,
            })
            .collect(),
        tokenizer: view::Tokenizer {
            vocabulary: manifest.tokenizer.vocabulary as u64,
            bytes_per_token: bytes as f64 / tokens.max(1) as f64,
            hash: manifest.tokenizer.hash.chars().take(16).collect(),
            lost: manifest
                .tokenizer
                .lost
                .as_ref()
                .map_or(Bytes(0), |lost| lost.bytes),
        },
    }
}

fn skipped(source: &triaxis_corpus::SourceFacts) -> Vec<view::Skipped> {
    let left_out = source.left_out.iter();
    left_out
        .map(|(reason, left)| view::Skipped {
            source: source.name.clone(),
            reason: reason.name().to_owned(),
            documents: left.documents,
            bytes: left.bytes,
        })
        .collect()
}

fn trial_view(
    trial: &Trial,
    record: Option<&RunRecord>,
    unique: Option<Tokens>,
    arm: Option<&str>,
) -> view::Trial {
    let outcome = record.map(|record| &record.outcome);
    let validation = outcome.and_then(|outcome| outcome.validation());
    let seconds = record.map(|record| record.circumstances.seconds);
    let points = |curve: &[triaxis_train::CurvePoint]| {
        curve
            .iter()
            .map(|point| view::LossPoint {
                tokens: point.tokens,
                loss: point.loss,
            })
            .collect::<Vec<_>>()
    };
    view::Trial {
        id: trial.id.clone(),
        arm: arm.map(str::to_owned),
        seed: trial.config.seed,
        role: match trial.role {
            Role::Ladder => view::Role::Ladder,
            Role::HeldOut => view::Role::HeldOut,
        },
        budget: trial.budget.unwrap_or(trial.flops),
        architecture: trial.architecture().name(),
        params: trial.parameters,
        params_non_embedding: trial.non_embedding,
        tokens: trial.tokens,
        epochs: unique.map_or(0.0, |available| trial.tokens / trial.unique(available)),
        flops: trial.flops,
        six_nd: Flops::six_nd(trial.parameters, trial.tokens),
        learning_rate: trial.config.peak_learning_rate,
        batch_tokens: trial.config.batch_tokens(),
        steps: trial.steps(),
        status: status(outcome),
        loss: validation.map(|validation| Nats(validation.nats.0)),
        bits_per_byte: validation.map(|validation| validation.bits_per_byte),
        seconds,
        tokens_per_second: seconds
            .filter(|seconds| seconds.0 > 0.0)
            .map(|seconds: Seconds| trial.tokens.as_f64() / seconds.0),
        peak_memory: record.and_then(|record| record.circumstances.peak_memory),
        training_curve: outcome.map(|outcome| points(outcome.curve())).unwrap_or_default(),
        evaluations: validation
            .map(|validation| {
                vec![view::LossPoint {
                    tokens: trial.tokens,
                    loss: validation.nats,
                }]
            })
            .unwrap_or_default(),
    }
}

fn status(outcome: Option<&triaxis_study::Outcome>) -> view::Status {
    use triaxis_study::Outcome;
    match outcome {
        None => view::Status::Missing("not run yet".to_owned()),
        Some(Outcome::Done { .. }) => view::Status::Done,
        Some(diverged @ Outcome::Diverged { .. }) => {
            view::Status::Diverged(diverged.reason().unwrap_or_default())
        }
        Some(Outcome::Failed { reason }) => view::Status::Failed(reason.clone()),
    }
}

/// Seconds since 1970 as `2026-01-31 12:34:56 UTC`, by the civil calendar (Hinnant's days-to-date).
fn utc(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64 + 719_468, seconds % 86_400);
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        rest / 3600,
        rest % 3600 / 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn times_read_as_the_calendar_has_them() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_827_696), "2000-02-29 12:34:56 UTC");
        assert_eq!(utc(1_798_761_599), "2026-12-31 23:59:59 UTC");
    }
}
