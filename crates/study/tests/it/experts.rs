//! What a study says of experts, on records whose truth is planted: nothing is trained.

use triaxis_probes::{Probe, Task};
use triaxis_records::{LevelScore, ProbeCurve, ProbePoint, ProbeScores};
use triaxis_study::{
    Answer, Arm, Circumstances, Frozen, Outcome, Prepared, ProbeInputs, ProbeRecord, ProbeTraining,
    RunRecord, StudySpec, Survey, Trial, trial,
};
use triaxis_train::{Evaluation, NamedEvaluation};
use triaxis_units::{BitsPerByte, Bytes, Finding, Flops, Nats, Tokens};

const SPEC: &str = r#"
name = "simulated"
seeds = 2
[corpus]
sample = "1MB"
validation = "64KB"
[[corpus.sources]]
name = "code"
kind = "cargo-sources"
[[corpus.sources]]
name = "prose"
kind = "cargo-sources"
[tokenizer]
vocabulary = 512
[model]
architecture = "stack"
layers = 2
pattern = "a"
blocks = { a = { mixer = { kind = "attention", head_dim = 8 }, channel = { kind = "swiglu" } } }
[training]
context = 64
batch = 384
learning_rate = 0.007
[design]
kind = "grid"
tokens = ["100K", "200K", "400K"]
sizes = [{ width = 16 }, { width = 24 }, { width = 32 }]
[laws]
resamples = 100
[compare]
baseline = "dense"
arms = ["experts", "each-its-own"]
ensembles = [{ name = "each-its-own", members = { code = "code-alone", prose = "prose-alone" } }]
[[arms]]
name = "dense"
[[arms]]
name = "experts"
[arms.model.blocks.a]
mixer = { kind = "attention", head_dim = 8 }
channel = { kind = "experts", experts = 8, chosen = 2 }
[[arms]]
name = "code-alone"
training = { shares = { code = 1.0 } }
design = { tokens = ["50K", "100K", "200K"] }
[[arms]]
name = "prose-alone"
training = { shares = { prose = 1.0 } }
design = { tokens = ["50K", "100K", "200K"] }
"#;

/// The study whose ladders have run, with the loss by source that `losses` says.
fn study(losses: impl Fn(&Arm, &Trial) -> [f64; 2]) -> (StudySpec, Vec<Arm>, Survey) {
    let spec = StudySpec::parse(SPEC).unwrap();
    let arms = spec.arms().unwrap();
    let prepared = Prepared {
        vocabulary: 512,
        ..Prepared::default()
    };
    let (mut groups, mut records) = (Vec::new(), Vec::new());
    for arm in &arms {
        let own = trial::resolve(arm, &prepared).unwrap();
        let trials = own.iter().flat_map(|group| &group.trials);
        records.extend(trials.map(|trial| record(trial, losses(arm, trial))));
        groups.extend(own);
    }
    let frozen = Frozen {
        groups,
        ..Frozen::default()
    };
    let survey = Survey {
        frozen,
        records,
        evaluations: Vec::new(),
        ngrams: Vec::new(),
        probes: Vec::new(),
    };
    (spec, arms, survey)
}

fn loss(bits: f64, bytes: u64) -> Evaluation {
    Evaluation {
        nats: Nats(2.0 * bits),
        bits_per_byte: BitsPerByte(bits),
        tokens: Tokens(bytes / 3),
        bytes: Bytes(bytes),
        bound: None,
    }
}

/// Of 64 KB of validation text three fourths are code.
fn record(trial: &Trial, [code, prose]: [f64; 2]) -> RunRecord {
    let named = |name: &str, bits: f64, bytes: u64| NamedEvaluation {
        name: name.to_owned(),
        evaluation: loss(bits, bytes),
    };
    RunRecord {
        schema: 3,
        id: trial.id.clone(),
        config: trial.config.clone(),
        parameters: trial.parameters,
        non_embedding: trial.non_embedding,
        tokens: trial.tokens,
        flops: trial.flops,
        inputs: Default::default(),
        outcome: Outcome::Done {
            validation: loss(0.75 * code + 0.25 * prose, 64_000),
            sources: vec![named("code", code, 48_000), named("prose", prose, 16_000)],
            experts: None,
            curve: Vec::new(),
        },
        circumstances: Circumstances::default(),
    }
}

/// A loss that falls with the parameters that a token passes and with length, with some luck of the seed.
fn law(trial: &Trial, factor: f64) -> f64 {
    let (params, tokens) = (trial.active().as_f64(), trial.tokens.as_f64());
    let luck = 1.0 + 1e-3 * ((trial.config.seed * 7 + trial.tokens.0 + trial.parameters.0) as f64).sin();
    factor * luck * (0.8 + 5.0 / params.powf(0.3) + 30.0 / tokens.powf(0.4))
}

#[test]
fn an_ensemble_has_of_each_text_the_loss_of_its_own_member_and_costs_what_all_do() {
    let (spec, arms, mut survey) = study(|arm, trial| match arm.name.as_str() {
        // What a member saw half as long it knows well, and the rest badly.
        "code-alone" => [law(trial, 0.7), 9.0],
        "prose-alone" => [9.0, law(trial, 0.7)],
        _ => [law(trial, 1.0); 2],
    });
    let answer = Answer::of(&spec, &arms, &survey, &[], Vec::new()).unwrap();
    let Some(Finding::Found(comparison)) = &answer.comparison else {
        panic!("{:?}", answer.comparison)
    };
    let of = |name: &str| comparison.arms.iter().find(|worth| worth.arm == name).unwrap();
    let ensemble = of("each-its-own");
    // Three sizes, three lengths and two seeds, each beside a run of the baseline that took as much.
    assert_eq!(ensemble.runs, 18);
    let paired = ensemble.paired.clone().unwrap();
    assert!(paired.pairs > 0 && paired.better == paired.pairs, "{paired:?}");
    assert!(of("experts").paired.as_ref().unwrap().difference.value.abs() < 0.01);
    // Members are compared nowhere.
    assert_eq!(comparison.arms.len(), 2);
    // Where a member's shortest runs came to no end, its others stay beside those of as long a design.
    let shortest = survey
        .trials_of("code-alone")
        .map(|trial| trial.tokens.0)
        .min()
        .unwrap();
    let is_lost = |trial: &&Trial| trial.tokens.0 == shortest;
    let lost: Vec<String> = survey
        .trials_of("code-alone")
        .filter(is_lost)
        .map(|trial| trial.id.clone())
        .collect();
    survey.records.retain(|record| !lost.contains(&record.id));
    let answer = Answer::of(&spec, &arms, &survey, &[], Vec::new()).unwrap();
    let comparison = answer.comparison.as_ref().unwrap().found().unwrap();
    let other = comparison.arms.iter().find(|worth| worth.arm == "each-its-own");
    assert_eq!(other.unwrap().runs, 12);
    let other = other.unwrap().paired.clone().unwrap();
    assert!(
        (other.difference.value - paired.difference.value).abs() < 0.01,
        "{other:?}"
    );
}

#[test]
fn ensembles_of_what_is_no_arm_or_not_of_all_texts_are_refused() {
    for (from, to, said) in [
        (
            "code = \"code-alone\"",
            "code = \"code-only\"",
            "`code-only` of `code` is no arm",
        ),
        (
            "code = \"code-alone\", ",
            "",
            "one for each text that arms are compared by: code, prose",
        ),
        (
            "name = \"each-its-own\", members",
            "name = \"dense\", members",
            "the name of no arm",
        ),
    ] {
        let refused = StudySpec::parse(&SPEC.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn how_many_experts_is_asked_where_arms_differ_in_that() {
    let (spec, arms, survey) = study(|_, trial| [law(trial, 1.0); 2]);
    let experts = Answer::of(&spec, &arms, &survey, &[], Vec::new())
        .unwrap()
        .experts
        .unwrap();
    // The members of the ensemble have shares of their own.
    assert_eq!(experts.left_out, ["code-alone", "prose-alone"]);
    // Both arms of the mixture have one granularity, and two numbers of experts tell no routed law.
    assert!(experts.how_fine.is_empty());
    let many = experts.how_many.unwrap();
    assert!(
        matches!(&many.found, Finding::Refused(reason) if reason.contains("experts")),
        "{many:?}"
    );
}

/// What a model of `arm` learnt of a probe, half of it at `middle` of its operations.
fn probe(arm: &Arm, survey: &Survey, middle: f64) -> ProbeRecord {
    let group = survey
        .frozen
        .groups
        .iter()
        .find(|group| group.arm == arm.name)
        .unwrap();
    let training = ProbeTraining {
        steps: 64,
        along: true,
        ..ProbeTraining::default()
    };
    let task = Task::usual(Probe::Parity);
    let inputs = ProbeInputs::of_trial(&group.config.architecture, task, training).unwrap();
    let curve = |seed: u64| ProbeCurve {
        seed,
        points: (0..16)
            .map(|step| {
                let flops = 1e9 * 1.6f64.powi(step);
                let at = middle * (1.0 + 0.1 * seed as f64);
                let probability = 0.5 + 0.5 / (1.0 + (at / flops).powi(3));
                ProbePoint {
                    step: 1 << step,
                    flops: Flops(flops),
                    accuracy: probability,
                    log_probability: probability.ln(),
                    brier: 2.0 * (1.0 - probability).powi(2),
                }
            })
            .collect(),
    };
    let level = LevelScore {
        length: 16,
        answers: 1,
        is_trained: true,
        sequences: 4096,
        chance: 0.5,
        perfect: Some(1.0),
        reference: None,
        accuracies: vec![1.0; 3],
        accuracy: None,
    };
    let parameters = inputs.model.parameters();
    ProbeRecord {
        schema: 2,
        id: inputs.id(),
        scores: ProbeScores {
            name: arm.name.clone(),
            probe: "parity".to_owned(),
            vocabulary: inputs.task.vocabulary,
            train: Vec::new(),
            width: 16,
            parameters: parameters.total,
            non_embedding: parameters.non_embedding,
            remembered: 0,
            tried: Vec::new(),
            rate: 0.01,
            seeds: 3,
            levels: vec![level],
            along: (1..=3).map(curve).collect(),
            diverged: Vec::new(),
        },
        inputs,
        circumstances: Circumstances::default(),
    }
}

#[test]
fn a_mixture_that_learns_at_half_the_compute_is_told_by_every_measure() {
    let (spec, arms, mut survey) = study(|_, trial| [law(trial, 1.0); 2]);
    // The members of the ensemble have the dense arm's model, and are asked once.
    survey.probes = arms
        .iter()
        .map(|arm| probe(arm, &survey, if arm.name == "experts" { 5e10 } else { 1e11 }))
        .collect();
    let answer = Answer::of(&spec, &arms, &survey, &[], Vec::new()).unwrap();
    let [task] = &answer.emergence[..] else {
        panic!("{:?}", answer.emergence)
    };
    assert_eq!(task.equal(), "equal active parameters");
    assert!(task.total > 1.2, "{task:?}");
    assert_eq!(task.measures.len(), 6);
    for (measure, told) in &task.measures {
        assert_eq!(
            (told.baseline.name.as_str(), told.other.name.as_str()),
            ("dense", "experts")
        );
        assert_eq!((told.baseline.solved, told.other.solved), (3, 3), "{measure}");
        let ratio = told.ratio.found().unwrap();
        assert!(
            (ratio.value - 0.5).abs() < 0.05 && ratio.covers(0.5),
            "{measure}: {ratio:?}"
        );
    }
}
