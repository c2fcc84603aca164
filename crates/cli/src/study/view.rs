//! From records, laws and plan to what the page shows. Nothing is computed here but ratios of shown numbers.

mod arm_texts;
mod losses;
mod notices;

use triaxis_corpus::{Corpus, Manifest};
use triaxis_host::machine::{self, utc};
use triaxis_plan::decide::Decision;
use triaxis_records as records;
use triaxis_report::view::{ExpertsView, Program, View};
use triaxis_study::{
    Answer, Arm, FrozenSpec, NGramLoss, NGramRecord, RunRecord, Store, Survey, Trial, epochs, identity,
    novelty,
};
use triaxis_train::Dtype;
use triaxis_units::{Bytes, Finding, Flops, Nats, Seconds, Tokens};

use super::experts;

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
    let open = |arm: &Arm| survey.frozen.corpus_of(arm, &library).ok();
    let corpora: Vec<Option<Corpus>> = arms.iter().map(open).collect();
    let corpus = &corpora[place];
    let plan = analysis.and_then(|analysis| analysis.plan.clone());
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
        clock: clock(&survey.records),
        spec: spec.text.clone(),
        arm: (arms.len() > 1).then(|| baseline.to_owned()),
        comparison: answer.and_then(|answer| answer.comparison.clone()),
        also: answer.map(|answer| answer.also.clone()).unwrap_or_default(),
        compounds: answer.map(|answer| answer.compounds.clone()).unwrap_or_default(),
        arm_texts: arm_texts::of(&arms, &corpora, survey, &library),
        repeated: answer.map(|answer| answer.repeated.clone()).unwrap_or_default(),
        probes: crate::bench::probe_results(&survey.probes),
        experts: ExpertsView {
            trials: experts::trials(survey, arms.len() > 1),
            laws: answer.and_then(|answer| answer.experts.clone()),
            emergence: answer.map(|answer| answer.emergence.clone()).unwrap_or_default(),
        },
        mixtures: answer
            .into_iter()
            .flat_map(|answer| &answer.arms)
            .filter_map(|arm| arm.mixtures.clone())
            .collect(),
        losses: losses::of(&arms, place, survey),
        notices: [
            notices(survey, corpus.as_ref().map(Corpus::manifest), plan.as_ref()),
            notices::of_arms(&arms, &corpora, survey, answer),
            spec.earlier_plan().into_iter().collect(),
            survey.frozen.small_texts(),
        ]
        .concat(),
        corpus: corpus.as_ref().map(|corpus| corpus_view(corpus.manifest())),
        trials: arms
            .iter()
            .zip(&corpora)
            .flat_map(|(arm, corpus)| {
                let named = (arms.len() > 1).then_some(arm.name.as_str());
                let groups = survey.frozen.groups.iter().filter(|group| group.arm == arm.name);
                groups.flat_map(move |group| {
                    group.trials.iter().map(move |trial| records::Trial {
                        ngrams: ngrams(survey.ngram(group, trial)),
                        ..trial_view(trial, survey.record(&trial.id), corpus.as_ref(), named)
                    })
                })
            })
            .collect(),
        isoflops: analysis
            .map(|analysis| analysis.isoflops.clone())
            .unwrap_or_default(),
        flattening: analysis.map(|analysis| analysis.flattening.map(ToString::to_string)),
        approaches: analysis
            .map(|analysis| analysis.approaches.clone())
            .unwrap_or_default(),
        held_out: answer
            .into_iter()
            .flat_map(|answer| &answer.arms)
            .filter_map(|own| {
                let arm = (arms.len() > 1).then(|| own.arm.clone());
                let held_out = own.analysis.held_out.clone()?;
                Some(records::HeldOut { arm, ..held_out })
            })
            .collect(),
        plan,
    })
}

/// Time by the clock while any of the trials ran: each ended when its record says, and began its time before.
fn clock(records: &[RunRecord]) -> Seconds {
    let circumstances = records.iter().map(|record| &record.circumstances);
    let mut spans: Vec<(f64, f64)> = circumstances
        .map(|of| (of.finished as f64 - of.seconds.0, of.finished as f64))
        .collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let covered = spans.iter().fold((0.0, 0.0), |(sum, until), (begin, end)| {
        (
            sum + (end - f64::max(*begin, until)).max(0.0),
            f64::max(*end, until),
        )
    });
    Seconds(covered.0)
}

fn machine_line(records: &[RunRecord]) -> String {
    let of_record = |record: &RunRecord| {
        let (machine, unit) = (&record.circumstances.machine, &record.inputs.unit);
        format!("{machine}, {}", products(record.config.dtype, unit))
    };
    let mut machines: Vec<String> = records.iter().map(of_record).collect();
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

/// What multiplies: an instruction set of `f32` computes a training in bf16 in `f32`, without any rounding.
fn products(dtype: Dtype, unit: &str) -> String {
    match dtype == Dtype::Bf16 && Dtype::F32.units().any(|of_f32| of_f32 == unit) {
        true => format!("products in f32 on {unit}, which has none in {dtype}"),
        false => format!("products in {dtype} on {unit}"),
    }
}

fn notices(survey: &Survey, manifest: Option<&Manifest>, plan: Option<&Finding<Decision>>) -> Vec<String> {
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
    notices.extend(survey.unmeasured());
    notices.extend(survey.bounds());
    let largest = survey
        .records
        .iter()
        .filter(|record| record.outcome.validation().is_some())
        .map(|record| record.flops.0)
        .fold(0.0, f64::max);
    // A plan has said so in its own words.
    let is_said = plan.is_some_and(|plan| plan.found().is_some());
    if largest > 0.0 && largest < 1e16 && !is_said {
        notices.push(format!(
            "The largest trial took {} operations. A ladder this small shows that the method works on this corpus; \
             its laws say nothing reliable about models millions of times larger.",
            Flops(largest)
        ));
    }
    notices
}

fn corpus_view(manifest: &Manifest) -> records::Corpus {
    let total =
        |of: fn(&triaxis_corpus::Total) -> u64| of(&manifest.train.total) + of(&manifest.validation.total);
    let bytes = total(|total| total.bytes.0);
    let tokens = total(|total| total.tokens.0);
    let weights: f64 = manifest.sources.iter().filter_map(|source| source.share).sum();
    records::Corpus {
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
            .map(|source| records::Source {
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
            .map(|licence| records::Licence {
                licence: licence.licence.clone(),
                documents: licence.train.documents + licence.validation.documents,
                bytes: licence.train.bytes + licence.validation.bytes,
            })
            .collect(),
        tokenizer: records::Tokenizer {
            vocabulary: manifest.tokenizer.vocabulary as u64,
            bytes_per_token: bytes as f64 / tokens.max(1) as f64,
            hash: manifest.tokenizer.hash.chars().take(16).collect(),
            lost: manifest
                .tokenizer
                .lost
                .as_ref()
                .map_or(Bytes(0), |lost| lost.bytes),
        },
        novelty: manifest.novelty.as_ref().map(novelty::told),
    }
}

fn skipped(source: &triaxis_corpus::SourceFacts) -> Vec<records::Skipped> {
    let left_out = source.left_out.iter();
    left_out
        .map(|(reason, left)| records::Skipped {
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
    corpus: Option<&Corpus>,
    arm: Option<&str>,
) -> records::Trial {
    let outcome = record.map(|record| &record.outcome);
    let validation = outcome.and_then(|outcome| outcome.validation());
    let seconds = record.map(|record| record.circumstances.seconds);
    let points = |curve: &[triaxis_train::CurvePoint]| {
        curve
            .iter()
            .map(|point| records::LossPoint {
                tokens: point.tokens,
                loss: point.loss,
            })
            .collect::<Vec<_>>()
    };
    records::Trial {
        id: trial.id.clone(),
        arm: arm.map(str::to_owned),
        seed: trial.config.seed,
        role: trial.role,
        budget: trial.budget.unwrap_or(trial.flops),
        architecture: trial.architecture().kind().to_owned(),
        params: trial.parameters,
        params_non_embedding: trial.non_embedding,
        tokens: trial.tokens,
        epochs: corpus.map_or(0.0, |corpus| epochs(trial, corpus)),
        flops: trial.flops,
        six_nd: Flops::six_nd(trial.active(), trial.tokens),
        learning_rate: trial.config.peak_learning_rate,
        batch_tokens: trial.config.batch_tokens(),
        steps: trial.steps(),
        status: status(outcome),
        loss: validation.map(|validation| Nats(validation.nats.0)),
        bits_per_byte: validation.map(|validation| validation.bits_per_byte),
        bound_error: validation.and_then(|validation| validation.bound?.error),
        seconds,
        tokens_per_second: seconds
            .filter(|seconds| seconds.0 > 0.0)
            .map(|seconds: Seconds| trial.tokens.as_f64() / seconds.0),
        peak_memory: record.and_then(|record| record.circumstances.peak_memory),
        training_curve: outcome.map(|outcome| points(outcome.curve())).unwrap_or_default(),
        evaluations: validation
            .map(|validation| {
                vec![records::LossPoint {
                    tokens: trial.tokens,
                    loss: validation.nats,
                }]
            })
            .unwrap_or_default(),
        ngrams: Vec::new(),
    }
}

fn ngrams(record: Option<&NGramRecord>) -> Vec<records::NGramLoss> {
    let losses = record.into_iter().flat_map(|record| &record.losses);
    losses
        .map(|NGramLoss { order, loss }| records::NGramLoss {
            order: *order,
            loss: loss.nats,
            bits_per_byte: loss.bits_per_byte,
        })
        .collect()
}

fn status(outcome: Option<&triaxis_study::Outcome>) -> records::Status {
    use triaxis_study::Outcome;
    match outcome {
        None => records::Status::Missing("not run yet".to_owned()),
        Some(Outcome::Done { .. }) => records::Status::Done,
        Some(diverged @ Outcome::Diverged { .. }) => {
            records::Status::Diverged(diverged.reason().unwrap_or_default())
        }
        Some(Outcome::Failed { reason }) => records::Status::Failed(reason.clone()),
    }
}
