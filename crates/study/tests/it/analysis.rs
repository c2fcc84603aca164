//! What is computed of a study, on ladders whose losses come from a known law: nothing is trained.

use triaxis_laws::forms::Chinchilla;
use triaxis_plan::decide::Decision;
use triaxis_study::{
    Analysis, Circumstances, Frozen, Outcome, Prediction, Prepared, Role, RunRecord, StudySpec, Survey,
    Trial, trial,
};
use triaxis_train::Evaluation;
use triaxis_units::{BitsPerByte, Bytes, Finding, Nats, Tokens};

const TRUTH: Chinchilla = Chinchilla {
    E: 1.9,
    A: 95.0,
    B: 150.0,
    alpha: 0.34,
    beta: 0.28,
};

/// Bits per byte of a nat per token: 3.2 bytes a token.
const BITS: f64 = 0.45;

const SPEC: &str = r#"
name = "simulated"
[corpus]
sample = "1MB"
validation = "64KB"
[[corpus.sources]]
name = "text"
kind = "cargo-sources"
[tokenizer]
vocabulary = 512
[model]
architecture = "decoder"
layers = 2
[training]
context = 128
batch = 384
learning_rate = 0.007
[design]
kind = "isoflop"
budgets = ["1e12", "4e12", "1.6e13", "6.4e13"]
sizes = [
    { width = 32, heads = 4 }, { width = 48, heads = 4 }, { width = 64, heads = 4 },
    { width = 96, heads = 4 }, { width = 128, heads = 4 }, { width = 192, heads = 4 },
]
[holdout]
compute_factor = 4.0
size = { width = 256, heads = 4 }
[laws]
resamples = 200
"#;

/// A study whose ladder has run, with the loss that `loss` says, and whose held-out run has not.
fn ladder(text: &str, loss: impl Fn(&Trial) -> f64) -> (StudySpec, Survey) {
    let spec = StudySpec::parse(text).unwrap();
    let arm = spec.arms().unwrap().remove(0);
    let prepared = Prepared {
        vocabulary: 512,
        ..Prepared::default()
    };
    let groups = trial::resolve(&arm, &prepared).unwrap();
    let mut survey = Survey {
        frozen: Frozen {
            groups,
            ..Frozen::default()
        },
        records: Vec::new(),
        evaluations: Vec::new(),
        ngrams: Vec::new(),
        probes: Vec::new(),
    };
    let trials = survey.trials().filter(|trial| trial.role == Role::Ladder);
    survey.records = trials.map(|trial| record(trial, loss(trial))).collect();
    (spec, survey)
}

fn record(trial: &Trial, nats: f64) -> RunRecord {
    let outcome = Outcome::Done {
        validation: Evaluation {
            bound: None,
            nats: Nats(nats),
            bits_per_byte: BitsPerByte(BITS * nats),
            tokens: Tokens(20_000),
            bytes: Bytes(64_000),
        },
        sources: Vec::new(),
        experts: None,
        curve: Vec::new(),
    };
    RunRecord {
        schema: 0,
        id: trial.id.clone(),
        config: trial.config.clone(),
        parameters: trial.parameters,
        non_embedding: trial.non_embedding,
        tokens: trial.tokens,
        flops: trial.flops,
        inputs: Default::default(),
        outcome,
        circumstances: Circumstances::default(),
    }
}

fn truth(trial: &Trial) -> f64 {
    TRUTH.loss(trial.parameters.as_f64(), trial.tokens.as_f64())
}

/// The law's loss with the noise of a trial, 0.2%.
fn noisy(trial: &Trial) -> f64 {
    let bytes = trial.id.bytes();
    let seed = bytes.fold(trial.config.seed, |sum, byte| sum * 31 % 65_521 + u64::from(byte));
    // The sum of three uniform numbers has a standard deviation of 1/2.
    let uniform = |at: u64| ((seed * 7919 + at * 104_729) % 65_521) as f64 / 65_521.0;
    let normal = 2.0 * (uniform(1) + uniform(2) + uniform(3) - 1.5);
    truth(trial) * (1.0 + 0.002 * normal)
}

fn target(survey: &Survey) -> Trial {
    let mut trials = survey.trials();
    trials.find(|trial| trial.role == Role::HeldOut).unwrap().clone()
}

#[test]
fn the_ladders_own_law_is_found() {
    let (spec, survey) = ladder(SPEC, noisy);
    let analysis = Analysis::of(&spec, &survey, None);
    assert_eq!((analysis.trials.len(), analysis.runs.len()), (24, 24));
    assert_eq!(analysis.bits_per_byte, Some(BITS));
    let (a, b) = TRUTH.optimum_exponents();
    let [envelope, parabolas, parametric] = &analysis.approaches[..] else {
        panic!("three approaches");
    };
    for (finding, true_exponent) in [(&parametric.params_exponent, a), (&parametric.tokens_exponent, b)] {
        let exponent = finding.found().unwrap();
        let interval = exponent.interval.unwrap();
        assert!((exponent.value - true_exponent).abs() < 0.05, "{exponent:?}");
        assert!(
            (interval.low..=interval.high).contains(&true_exponent),
            "{exponent:?}"
        );
        assert_eq!(interval.level, 0.9);
    }
    // These two read the optimum off few sizes.
    for approach in [envelope, parabolas] {
        let exponent = approach.params_exponent.found().unwrap();
        assert!(
            (exponent.value - a).abs() < 0.15,
            "{}: {exponent:?}",
            approach.name
        );
    }
    for residual in &parametric.residuals {
        assert!(residual.relative_error.abs() < 0.01, "{residual:?}");
        assert_eq!(
            residual.relative_error,
            residual.measured.0 / residual.predicted.0 - 1.0
        );
    }
}

#[test]
fn the_optimum_is_that_of_the_law_at_the_held_out_budget() {
    let (spec, survey) = ladder(SPEC, noisy);
    let analysis = Analysis::of(&spec, &survey, None);
    let target = target(&survey);
    let parametric = &analysis.approaches[2];
    assert_eq!(parametric.reference, target.flops);
    // C / (N D) as this ladder counts it.
    let per = analysis
        .runs
        .iter()
        .map(|run| (run.flops / (run.params * run.tokens)).ln());
    let per = (per.sum::<f64>() / analysis.runs.len() as f64).exp();
    let best = TRUTH.optimum(target.flops.0, per).unwrap();
    let params = parametric.params.found().unwrap().value;
    assert!(
        (params / best.params).ln().abs() < 0.25,
        "{params} for {}",
        best.params
    );
    let lowest = TRUTH.loss(best.params, best.tokens);
    let last = parametric.frontier.last().unwrap();
    assert!(
        (last.loss.unwrap().value / lowest - 1.0).abs() < 0.01,
        "{last:?} for {lowest}"
    );
    assert!(
        parametric
            .frontier
            .is_sorted_by(|one, next| one.params.value < next.params.value)
    );
}

#[test]
fn every_budget_has_its_minimum_beside_the_best_of_its_trials() {
    let (spec, survey) = ladder(SPEC, noisy);
    let analysis = Analysis::of(&spec, &survey, None);
    assert_eq!(analysis.isoflops.len(), 4);
    for isoflop in &analysis.isoflops {
        assert_eq!(isoflop.points.len(), 6);
        let best = (0..6).min_by(|a, b| isoflop.points[*a].loss.0.total_cmp(&isoflop.points[*b].loss.0));
        let best = best.unwrap();
        let size = |at: usize| isoflop.points[at].params.as_f64();
        let between = size(best.saturating_sub(1))..=size((best + 1).min(5));
        let minimum = isoflop.minimum.found().unwrap().params.value;
        assert!(between.contains(&minimum), "{minimum} of {between:?}");
    }
}

#[test]
fn the_held_out_run_is_predicted_from_the_ladder_alone() {
    let (spec, survey) = ladder(SPEC, noisy);
    let target = target(&survey);
    let prediction = Prediction::of(&spec, &survey, &target);
    let loss = prediction.loss.found().unwrap();
    assert!((loss.value / truth(&target) - 1.0).abs() < 0.01, "{loss:?}");
    assert!(
        loss.low <= truth(&target) && truth(&target) <= loss.high,
        "{loss:?}"
    );
    assert_eq!((prediction.from.len(), prediction.trial), (24, target.id.clone()));
    let weights: Vec<f64> = prediction.candidates.iter().map(|law| law.weight).collect();
    assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{weights:?}");
    let errors = prediction.candidates.iter().filter_map(|law| law.held_out_error);
    assert!(errors.is_sorted(), "the most trusted law comes first");
    let chinchilla = prediction.candidates.iter().find(|law| law.form == "chinchilla");
    assert!(chinchilla.unwrap().weight > 0.1, "{weights:?}");
}

#[test]
fn a_measured_run_is_held_against_what_was_predicted_of_it() {
    let (spec, mut survey) = ladder(SPEC, noisy);
    let target = target(&survey);
    let prediction = Prediction::of(&spec, &survey, &target);
    let before = Analysis::of(&spec, &survey, Some(&prediction)).held_out.unwrap();
    let missing = "the held-out run has no record";
    assert!(matches!(&before.measured, Finding::Refused(why) if why == missing));
    assert_eq!((before.relative_error, before.inside), (None, None));
    assert!((before.reach.compute - 4.0).abs() < 0.01, "{:?}", before.reach);

    for (factor, inside) in [(1.0, true), (1.2, false)] {
        survey.records.retain(|record| record.id != target.id);
        survey.records.push(record(&target, truth(&target) * factor));
        let held_out = Analysis::of(&spec, &survey, Some(&prediction)).held_out.unwrap();
        let (measured, predicted) = (
            held_out.measured.found().unwrap(),
            held_out.predicted.found().unwrap(),
        );
        assert_eq!(held_out.inside, Some(inside), "{held_out:?}");
        assert_eq!(held_out.relative_error, Some(measured.0 / predicted.value - 1.0));
        for law in &held_out.candidates {
            let own = law.predicted.found().map(|own| measured.0 / own.value - 1.0);
            assert_eq!(law.relative_error, own);
        }
    }
}

#[test]
fn of_a_sweep_the_best_rate_of_each_trial_is_fitted() {
    let swept = SPEC.replace(
        "learning_rate = 0.007\n",
        "learning_rate = 0.007\nlearning_rate_factors = [0.5, 1.0, 2.0]\n",
    );
    let cost = |trial: &Trial| 0.01 * (trial.config.peak_learning_rate / 0.014).ln().powi(2);
    let (spec, survey) = ladder(&swept, |trial| truth(trial) * (1.0 + cost(trial)));
    assert_eq!(survey.records.len(), 3 * 24);
    let analysis = Analysis::of(&spec, &survey, None);
    assert_eq!(analysis.trials.len(), 24);
    for (id, run) in analysis.trials.iter().zip(&analysis.runs) {
        let trial = survey.trials().find(|trial| trial.id == *id).unwrap();
        assert_eq!(trial.config.peak_learning_rate, 0.014);
        assert_eq!(run.loss, truth(trial));
    }
    let sweep = analysis.sweep.unwrap();
    assert_eq!(sweep.factors, [0.5, 1.0, 2.0]);
    assert_eq!(sweep.best, [0, 0, 24]);
    assert_eq!(
        (sweep.points(), sweep.at_edges(), sweep.not_one()),
        (24, [0, 24], 24)
    );
}

#[test]
fn seeds_are_rows_and_never_a_minimum() {
    let seeded = SPEC.replace("name = \"simulated\"", "name = \"simulated\"\nseeds = 2");
    let (spec, survey) = ladder(&seeded, noisy);
    let analysis = Analysis::of(&spec, &survey, None);
    assert_eq!((analysis.runs.len(), analysis.sweep), (2 * 24, None));
}

#[test]
fn the_same_records_give_the_same_analysis() {
    let (spec, survey) = ladder(SPEC, noisy);
    let once = Analysis::of(&spec, &survey, None);
    assert_eq!(once, Analysis::of(&spec, &survey, None));
    let reordered = Survey {
        records: survey.records.iter().rev().cloned().collect(),
        ..survey
    };
    assert_eq!(once, Analysis::of(&spec, &reordered, None));
}

#[test]
fn without_a_trial_everything_is_refused_with_its_reason() {
    let (spec, mut survey) = ladder(SPEC, noisy);
    survey.records.clear();
    let analysis = Analysis::of(&spec, &survey, None);
    assert!(analysis.law.found().is_none() && analysis.flattening.found().is_none());
    assert!(analysis.isoflops.is_empty() && analysis.held_out.is_none());
    for approach in &analysis.approaches {
        let Finding::Refused(reason) = &approach.params else {
            panic!("{approach:?}");
        };
        assert!(!reason.is_empty() && approach.frontier.is_empty());
    }
    let target = target(&survey);
    let prediction = Prediction::of(&spec, &survey, &target);
    assert!(prediction.loss.found().is_none() && prediction.candidates.is_empty());
}

/// A question whose answer lies within what was checked of the ladder's own runs.
const PLAN: &str = r#"
[plan]
aim = "lowest-loss"
budget = { flops = "1e16" }
draws = 100
[[plan.laws]]
published = "besiroglu-2024"
weight = 0.5
"#;

fn planned(text: &str, survey: &Survey) -> Finding<Decision> {
    let spec = StudySpec::parse(text).unwrap();
    Analysis::of(&spec, survey, None).plan.unwrap()
}

#[test]
fn a_plan_is_answered_by_the_studys_own_law_and_by_those_beside_it() {
    let (_, survey) = ladder(SPEC, noisy);
    let alone = &PLAN[..PLAN.find("[[plan.laws]]").unwrap()];
    let Finding::Found(own) = planned(&format!("{SPEC}{alone}"), &survey) else {
        panic!("a plan");
    };
    // Every form that predicts the largest budget well judges.
    let weights: f64 = own.laws.iter().map(|law| law.weight).sum();
    assert!(
        own.laws.len() > 1 && (weights - 1.0).abs() < 1e-9,
        "{:?}",
        own.laws
    );
    for law in &own.laws {
        assert!(law.name.starts_with("this study, ") && law.draws > 100, "{law:?}");
    }
    assert!(own.is_recommended, "{:?}", own.instead);
    let best = TRUTH.optimum(1e16, 6.0).unwrap();
    let first = &own.choices[0];
    let off = (first.params / best.params).ln().abs();
    assert!(off < 0.5, "{} and {}", first.params, best.params);
    // A goal in bits per byte is brought to the law's unit by the text that the study evaluated on.
    let goal = format!(
        "{SPEC}[plan]\naim = \"lowest-cost\"\ndraws = 100\ngoal = {{ bits_per_byte = {} }}\n",
        BITS * 3.2
    );
    let Finding::Found(cheapest) = planned(&goal, &survey) else {
        panic!("a plan");
    };
    assert!((cheapest.choices[0].loss.value / 3.2 - 1.0).abs() < 1e-6);
    let Finding::Found(both) = planned(&format!("{SPEC}{PLAN}"), &survey) else {
        panic!("a plan");
    };
    let other = both.laws.last().unwrap();
    assert!(
        (other.weight - 1.0 / 3.0).abs() < 0.02 && other.name == "besiroglu-2024",
        "{other:?}"
    );
}

#[test]
fn a_law_that_cannot_be_planned_with_takes_no_other_along() {
    let (_, mut survey) = ladder(SPEC, noisy);
    survey.records.truncate(3);
    let Finding::Found(other) = planned(&format!("{SPEC}{PLAN}"), &survey) else {
        panic!("a plan by the published law");
    };
    assert_eq!(other.laws.len(), 1);
    assert!(
        other.cautions[0].starts_with("The study's own law does not judge: "),
        "{:?}",
        other.cautions
    );
    let alone = PLAN[..PLAN.find("[[plan.laws]]").unwrap()].to_owned();
    let Finding::Refused(why) = planned(&format!("{SPEC}{alone}"), &survey) else {
        panic!("no plan without a law");
    };
    assert!(why.starts_with("The study's own law does not judge: "), "{why}");
}

#[test]
fn a_plan_too_far_away_says_what_to_run_first() {
    let (_, survey) = ladder(SPEC, noisy);
    let far = PLAN.replace("1e16", "1e24");
    let Finding::Found(far) = planned(&format!("{SPEC}{far}"), &survey) else {
        panic!("a plan");
    };
    let first = far.instead.unwrap();
    assert!(
        !far.is_recommended && first.contains("Run first a ladder that ends at "),
        "{first}"
    );
}
