//! Whole plans: what a choice must satisfy, what is said about it, and what is refused.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use triaxis_laws::forms::Coupled;
use triaxis_plan::{
    Budget, Choice, ChoiceKind, Demand, Goal, LossUnit, Measured, ParameterCount, Plan, PlanSpec, Severity,
    StudyLaw, Topic, Verdict, plan,
};
use triaxis_units::{BitsPerByte, Dollars, Flops, Nats, Params, Requests, Seconds, Tokens};

/// A ladder like the quickstart's: twelve runs up to a few million parameters.
fn tiny_study() -> StudyLaw {
    let runs = (0..12).map(|run| {
        let (params, tokens) = (Params(200_000 << (run % 4)), Tokens(2_000_000 << (run / 4)));
        (params, tokens, Flops::six_nd(params, tokens))
    });
    let law = Coupled {
        E: 1.2,
        A: 60.0,
        B: 300.0,
        alpha: 0.3,
        beta: 0.33,
        gamma: 1.0,
    };
    let draws = (0..200)
        .map(|draw| {
            let swing = (f64::from(draw) * 0.37).sin();
            Coupled {
                E: law.E + 0.3 * swing,
                alpha: law.alpha * (1.0 + 0.1 * (f64::from(draw) * 0.91).sin()),
                ..law
            }
        })
        .collect();
    StudyLaw {
        name: "own runs".to_owned(),
        law,
        draws,
        unit: LossUnit::NatsPerToken,
        bytes_per_token: Some(3.5),
        parameters: ParameterCount::WithEmbeddings,
        measured: Measured::of(runs).unwrap(),
        unique_tokens: Some(Tokens(30_000_000)),
    }
}

fn spec(flops: f64, tokens_in: u64, tokens_out: u64) -> PlanSpec {
    PlanSpec {
        demand: Demand {
            tokens_in: Some(Tokens(tokens_in)),
            tokens_out: Some(Tokens(tokens_out)),
            ..Demand::default()
        },
        ..PlanSpec::new(Budget::Flops(Flops(flops)))
    }
}

fn choice<'a>(plan: &'a Plan, law: &'a str, kind: ChoiceKind) -> &'a Choice {
    plan.choices_of(law).find(|choice| choice.kind == kind).unwrap()
}

fn loud(plan: &Plan, topic: Topic) -> Option<&str> {
    let found = plan
        .caveats
        .iter()
        .find(|caveat| caveat.severity == Severity::Loud && caveat.topic == topic);
    found.map(|caveat| caveat.text.as_str())
}

fn near(left: f64, right: f64, tolerance: f64) -> bool {
    (left - right).abs() <= tolerance * left.abs().max(right.abs())
}

#[test]
fn a_spec_reads_from_toml_and_back() {
    let text = r#"
        budget = { dollars = "$50K" }
        level = 0.8
        unique_tokens = "30B"
        goal = { nats_per_token = 2.5 }
        published = ["besiroglu-2024"]
        [demand]
        requests = "200M"
        tokens_in_per_request = 800
        tokens_out_per_request = 200
        [training]
        hardware = "my box"
        mfu = 0.3
        devices = 8
        [serving]
        hardware = "L40S"
        price_per_hour = "$0.50"
        [[hardware]]
        name = "my box"
        peak = "100T"
        memory = "32GB"
        bandwidth = "1TB"
        price_per_hour = 0.4
    "#;
    let spec: PlanSpec = toml::from_str(text).unwrap();
    spec.validate().unwrap();
    assert_eq!(spec.budget, Budget::Dollars(Dollars(50_000.0)));
    assert_eq!(spec.demand.requests, Some(Requests(200_000_000)));
    assert_eq!(
        toml::from_str::<PlanSpec>(&toml::to_string(&spec).unwrap()).unwrap(),
        spec
    );
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<PlanSpec>(&json).unwrap(), spec);
    let plan = plan(&spec, Some(&tiny_study())).unwrap();
    // 50,000 dollars are 125,000 hours of 30% of 100e12, of which 90% work.
    assert!(near(
        plan.economics.budget.0,
        125_000.0 * 3600.0 * 0.3 * 100e12 * 0.9,
        1e-12
    ));
}

#[test]
fn wrong_keys_and_double_budgets_are_refused() {
    for text in [
        "budget = { flops = 1e20, dollars = 5 }",
        "budget = { joules = 5 }",
        "budget = { flops = 1e20 }\nbudgets = 3",
        "budget = { flops = -1e20 }",
        "budget = { flops = 1e20 }\ntraining = { hardwear = \"L40S\" }",
        "demand = { tokens_in = 5 }",
        "budget = { flops = 1e20 }\ngoal = { nats_per_token = 2.0, bits_per_byte = 1.0 }",
    ] {
        assert!(toml::from_str::<PlanSpec>(text).is_err(), "{text}");
    }
}

#[test]
fn every_figure_out_of_its_range_is_named() {
    type Break = fn(&mut PlanSpec);
    let cases: &[(&str, Break)] = &[
        ("budget.flops", |spec| spec.budget = Budget::Flops(Flops(0.0))),
        ("budget.flops", |spec| {
            spec.budget = Budget::Flops(Flops(f64::NAN))
        }),
        ("budget.dollars", |spec| {
            spec.budget = Budget::Dollars(Dollars(-3.0))
        }),
        ("budget.time", |spec| {
            spec.budget = Budget::Time(Seconds(f64::INFINITY))
        }),
        ("training.mfu", |spec| spec.training.mfu = 1.5),
        ("training.utilisation", |spec| spec.training.utilisation = 0.0),
        ("training.devices", |spec| spec.training.devices = Some(0)),
        ("training.price_per_hour", |spec| {
            spec.training.price_per_hour = Some(Dollars(0.0))
        }),
        ("training.bytes_per_parameter", |spec| {
            spec.training.bytes_per_parameter = f64::NAN
        }),
        ("serving.prefill_mfu", |spec| spec.serving.prefill_mfu = -0.1),
        ("serving.decode_mfu", |spec| spec.serving.decode_mfu = f64::NAN),
        ("serving.utilisation", |spec| spec.serving.utilisation = 2.0),
        ("level", |spec| spec.level = 1.0),
        ("besiroglu-2024", |spec| {
            spec.published = vec!["besiroglu".to_owned()]
        }),
        ("did you mean `H200 SXM`", |spec| {
            spec.serving.hardware = "H200".to_owned()
        }),
        ("no `requests`", |spec| {
            spec.demand = Demand {
                tokens_in_per_request: Some(Tokens(3)),
                ..Demand::default()
            }
        }),
        ("no tokens per request", |spec| {
            spec.demand = Demand {
                requests: Some(Requests(3)),
                ..Demand::default()
            }
        }),
        ("beyond counting", |spec| {
            spec.demand = Demand {
                requests: Some(Requests(1 << 40)),
                tokens_in_per_request: Some(Tokens(1 << 40)),
                ..Demand::default()
            }
        }),
        ("mixes", |spec| {
            spec.demand.requests = Some(Requests(3));
            spec.demand.tokens_in = Some(Tokens(3));
            spec.demand.tokens_in_per_request = Some(Tokens(3));
        }),
    ];
    for (named, damage) in cases {
        let mut spec = PlanSpec::new(Budget::Flops(Flops(1e20)));
        damage(&mut spec);
        let error = spec.validate().unwrap_err().to_string();
        assert!(error.contains(named), "{error} should name {named}");
        assert_eq!(plan(&spec, None).unwrap_err().to_string(), error);
    }
}

#[test]
fn dollars_follow_from_rates() {
    let mut spec = spec(1e21, 1_000_000_000_000, 100_000_000_000);
    spec.serving.utilisation = 0.5;
    let plan = plan(&spec, None).unwrap();
    let choice = &plan.choices[0];
    let (peak, price) = (989.4e12, 2.95 / 3600.0);
    assert!(near(
        choice.training_dollars.value.0,
        1e21 / (peak * 0.4 * 0.9) * price,
        1e-9
    ));
    let params = choice.params.value.as_f64();
    let serving = 2.0 * params * (1e12 / 0.5 + 1e11 / 0.01) / (peak * 0.5) * price;
    assert!(near(choice.serving_dollars.value.0, serving, 1e-6));
    assert!(near(
        choice.training_device_time.value.0,
        1e21 / (peak * 0.4 * 0.9),
        1e-9
    ));
    // 16 bytes for each of some 2.6e9 to 3.6e9 parameters fit one device of 80 GB.
    assert_eq!(
        choice.training_devices,
        choice.training_memory.0.div_ceil(80_000_000_000)
    );
    assert!(near(choice.training_memory.as_f64(), 16.0 * params, 1e-9));
    assert!(near(choice.serving_memory.as_f64(), 2.0 * params, 1e-9));
}

#[test]
fn budgets_of_one_worth_give_one_plan() {
    let mut by_time = PlanSpec::new(Budget::Time("240h".parse().unwrap()));
    by_time.training.devices = Some(16);
    let flops = 240.0 * 3600.0 * 16.0 * 989.4e12 * 0.4 * 0.9;
    let mut by_flops = PlanSpec::new(Budget::Flops(Flops(flops)));
    by_flops.training.devices = Some(16);
    let mut by_dollars = PlanSpec::new(Budget::Dollars(Dollars(240.0 * 16.0 * 2.95)));
    by_dollars.training.devices = Some(16);
    let plans = [by_time, by_flops, by_dollars].map(|spec| plan(&spec, None).unwrap());
    for other in &plans[1..] {
        for (left, right) in plans[0].choices.iter().zip(&other.choices) {
            assert!(near(
                left.params.value.as_f64(),
                right.params.value.as_f64(),
                1e-8
            ));
            assert!(
                near(left.training_time.0, 240.0 * 3600.0, 1e-9),
                "{}",
                left.training_time
            );
        }
    }
}

#[test]
fn intervals_hold_the_fit_and_count_unsolved_draws() {
    let mut study = tiny_study();
    let spec = spec(1e17, 2_000_000_000, 500_000_000);
    let full = plan(&spec, Some(&study)).unwrap();
    for choice in full.choices_of("own runs") {
        assert_eq!((choice.draws.all, choice.draws.unsolved), (200, 0));
        let loss = choice.loss.interval.unwrap();
        assert!(
            loss.low < choice.loss.value && choice.loss.value < loss.high,
            "{:?}",
            choice.loss
        );
        let params = choice.params.interval.unwrap();
        assert!(
            params.low < choice.params.value && choice.params.value < params.high,
            "{:?}",
            choice.params
        );
        assert_eq!(choice.regret.is_some(), choice.kind == ChoiceKind::ComputeOptimal);
        assert!(
            choice
                .regret
                .is_none_or(|regret| regret.low >= -1e-12 && regret.high > 0.0)
        );
    }
    for choice in full.choices_of("besiroglu-2024") {
        assert!(choice.params.interval.is_none() && choice.loss.interval.is_none());
    }
    let plain = choice(&full, "own runs", ChoiceKind::ComputeOptimal);
    let flops = plain.training_flops.interval.unwrap();
    assert!(
        near(flops.low.0, 1e17, 1e-9) && near(flops.high.0, 1e17, 1e-9),
        "the budget is no guess"
    );

    // A goal that only some draws can reach, and a draw that is no law at all.
    study.draws[0].alpha = -0.1;
    let goal = 1.35;
    let able = study.draws[1..].iter().filter(|draw| draw.E < goal).count();
    assert!(able > 50 && able < 199);
    let goal = PlanSpec {
        goal: Some(Goal::NatsPerToken(Nats(goal))),
        ..spec
    };
    let partial = plan(&goal, Some(&study)).unwrap();
    let counted = choice(&partial, "own runs", ChoiceKind::LeastTraining).draws;
    assert!(counted.unsolved >= 200 - able, "{counted:?}");
    assert!(
        loud(&partial, Topic::Draws)
            .unwrap()
            .contains("of 200 draws have no solution")
    );

    study.draws.truncate(19);
    let few = plan(&PlanSpec { goal: None, ..goal }, Some(&study)).unwrap();
    assert!(few.choices[0].params.interval.is_none());
    assert!(loud(&few, Topic::Draws).unwrap().contains("needs 20"));
}

#[test]
fn a_goal_is_reached_in_either_unit_or_refused() {
    let study = tiny_study();
    let base = spec(1e17, 0, 0);
    let with = |goal| PlanSpec {
        goal: Some(goal),
        ..base.clone()
    };
    let nats = plan(&with(Goal::NatsPerToken(Nats(2.8))), Some(&study)).unwrap();
    let chosen = choice(&nats, "own runs", ChoiceKind::LeastTraining);
    assert!(near(chosen.loss.value, 2.8, 1e-9));
    let bits = 2.8 / (3.5 * std::f64::consts::LN_2);
    let same = plan(&with(Goal::BitsPerByte(BitsPerByte(bits))), Some(&study)).unwrap();
    let other = choice(&same, "own runs", ChoiceKind::LeastTraining);
    assert!(near(
        other.params.value.as_f64(),
        chosen.params.value.as_f64(),
        1e-6
    ));

    // A goal at the floor leaves what the budget buys, without a recommendation, and the published laws.
    let floor = plan(&with(Goal::NatsPerToken(Nats(1.2))), Some(&study)).unwrap();
    let said = loud(&floor, Topic::Reach).unwrap();
    assert!(
        said.starts_with("Left out, \"the goal for the least training\": "),
        "{said}"
    );
    assert!(said.contains("floor of 1.2000 nats per token"), "{said}");
    let own: Vec<ChoiceKind> = floor.choices_of("own runs").map(|choice| choice.kind).collect();
    assert_eq!(own, [ChoiceKind::ComputeOptimal]);
    assert!(floor.recommended().is_none() && floor.first().is_none());
    assert!(floor.choices_of("besiroglu-2024").count() > 0);
    // It is told in the unit that it is given in, once for all that it leaves out.
    let served = PlanSpec {
        goal: Some(Goal::BitsPerByte(BitsPerByte(0.0001))),
        ..spec(1e17, 1_000_000, 1_000_000)
    };
    let served = plan(&served, Some(&study)).unwrap();
    let left_out: Vec<&str> = served.caveats.iter().map(|caveat| caveat.text.as_str()).collect();
    let left_out: Vec<&&str> = left_out
        .iter()
        .filter(|text| text.starts_with("Left out"))
        .collect();
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    assert!(
        left_out[0].contains("goal of 1.000e-4 bits per byte"),
        "{left_out:?}"
    );
    assert!(
        left_out[0].contains("floor of 0.4946 bits per byte"),
        "{left_out:?}"
    );
    // One that no training is needed for is refused at once, and one that takes less than a model has its own remedy.
    let high = with(Goal::BitsPerByte(BitsPerByte(20.0))).validate().unwrap_err();
    assert!(
        high.to_string().contains("a guess among all bytes costs 8"),
        "{high}"
    );
    let high = plan(&with(Goal::NatsPerToken(Nats(1e6))), Some(&study)).unwrap();
    let said = loud(&high, Topic::Reach).unwrap();
    assert!(
        said.contains("choose a lower goal") && !said.contains("larger budget"),
        "{said}"
    );
    let unknown = StudyLaw {
        bytes_per_token: None,
        ..study
    };
    let unit = plan(&with(Goal::BitsPerByte(BitsPerByte(1.0))), Some(&unknown)).unwrap_err();
    assert!(
        unit.to_string()
            .starts_with("the goal is in bits per byte, the law `own runs` in nats per token"),
        "{unit}"
    );
    let alone = plan(&with(Goal::NatsPerToken(Nats(2.8))), None)
        .unwrap_err()
        .to_string();
    assert!(
        alone.starts_with("a quality goal needs a law fitted to your own runs"),
        "{alone}"
    );
}

#[test]
fn a_tiny_ladder_is_told_so_loudly() {
    let plan = plan(&spec(3e21, 1_000_000_000_000, 0), Some(&tiny_study())).unwrap();
    let ladder = loud(&plan, Topic::Ladder).unwrap();
    for word in [
        "tiny ladder",
        "irreducible loss",
        "appear only at scale",
        "tokenizer",
        "context",
        "corpus",
    ] {
        assert!(ladder.contains(word), "{word}: {ladder}");
    }
    let plain = choice(&plan, "own runs", ChoiceKind::ComputeOptimal);
    assert_eq!(plain.reach.verdict, Verdict::Absurd);
    assert!(near(plain.reach.compute, 3e21 / (6.0 * 1.6e6 * 8e6), 1e-9));
    assert!(
        plain.reach.sentence.starts_with("× 3.9e7 compute"),
        "{}",
        plain.reach.sentence
    );
    assert!(loud(&plan, Topic::Reach).is_some());
    assert!(loud(&plan, Topic::IrreducibleLoss).is_some());
    assert!(
        loud(&plan, Topic::Data)
            .unwrap()
            .contains("cannot feed this budget")
    );
    assert!(plan.caveats.is_sorted_by_key(|caveat| caveat.severity));
}

#[test]
fn reach_is_graded_on_both_sides() {
    let mut study = tiny_study();
    study.measured = Measured::of([
        (Params(1_000_000), Tokens(20_000_000), Flops(1.2e14)),
        (Params(100_000_000), Tokens(2_000_000_000), Flops(1.2e18)),
    ])
    .unwrap();
    let verdict = |flops: f64| {
        plan(&PlanSpec::new(Budget::Flops(Flops(flops))), Some(&study))
            .unwrap()
            .choices[0]
            .reach
            .clone()
    };
    assert_eq!(verdict(1e16).verdict, Verdict::WithinRange);
    assert_eq!(verdict(5e18).verdict, Verdict::Short);
    assert_eq!(verdict(1e21).verdict, Verdict::Far);
    assert_eq!(verdict(1e24).verdict, Verdict::Absurd);
    let below = verdict(3e13);
    assert_eq!(below.verdict, Verdict::Short);
    assert!(below.sentence.contains("than the smallest"), "{}", below.sentence);
}

#[test]
fn where_no_prediction_ever_reached_the_answer_is_what_to_run_first() {
    let study = tiny_study();
    let near = plan(&spec(1e17, 0, 0), Some(&study)).unwrap();
    let chosen = near.recommended().unwrap();
    assert_eq!(chosen.kind, ChoiceKind::ComputeOptimal);
    assert!(near.first().is_none());
    let far = plan(&spec(1e24, 1_000_000, 1_000_000), Some(&study)).unwrap();
    assert_eq!(far.asked_for, ChoiceKind::LeastLifetimeDollars);
    assert!(far.recommended().is_none());
    let said = far.first().unwrap();
    assert!(said.contains("Run first a ladder that ends at "), "{said}");
    // From such a ladder the same choice is no longer beyond what was ever checked.
    let asked = choice(&far, "own runs", ChoiceKind::LeastLifetimeDollars);
    let mut measured = study.measured;
    measured.params.largest = Params(asked.params.value.0.div_ceil(100));
    measured.tokens.largest = Tokens(asked.tokens.value.0.div_ceil(100));
    measured.flops.largest = Flops(6.0 * measured.params.largest.as_f64() * measured.tokens.largest.as_f64());
    let ladder = StudyLaw { measured, ..study };
    let again = plan(&spec(1e24, 1_000_000, 1_000_000), Some(&ladder)).unwrap();
    assert!(again.recommended().is_some() && again.first().is_none());
}

#[test]
fn a_training_beyond_the_budget_is_said_with_its_interval() {
    let plan = plan(
        &spec(1e19, 1_000_000_000_000, 100_000_000_000),
        Some(&tiny_study()),
    )
    .unwrap();
    let over = plan.choices_of("own runs").find(|choice| !choice.within_budget);
    let over = over.expect("serving so much trains longer");
    let said = loud(&plan, Topic::Money).unwrap();
    let dollars = over
        .training_dollars
        .interval
        .map_or(over.training_dollars.value, |interval| interval.high);
    assert!(
        said.contains("the budget (") && said.contains(&over.training_dollars.value.to_string()),
        "{said}"
    );
    assert!(said.contains(&format!("up to {dollars}")), "{said}");
}

#[test]
fn epochs_are_counted_and_graded() {
    let with = |unique: u64| {
        let mut spec = PlanSpec::new(Budget::Flops(Flops(1e20)));
        spec.published = vec!["besiroglu-2024".to_owned()];
        spec.unique_tokens = Some(Tokens(unique));
        plan(&spec, None).unwrap()
    };
    let tokens = with(1).choices[0].tokens.value.0;
    assert_eq!(with(tokens).choices[0].epochs, Some(1.0));
    let data = |plan: &Plan| {
        plan.caveats
            .iter()
            .find(|caveat| caveat.topic == Topic::Data)
            .cloned()
    };
    assert!(data(&with(tokens)).is_none());
    assert_eq!(data(&with(tokens / 3)).unwrap().severity, Severity::Note);
    assert!(data(&with(tokens / 8)).unwrap().text.contains("worth less"));
    let spent = data(&with(tokens / 100)).unwrap();
    assert!(
        spent.severity == Severity::Loud && spent.text.contains("× 100 the unique"),
        "{}",
        spent.text
    );
}

#[test]
fn what_does_not_fit_is_said() {
    let mut spec = PlanSpec::new(Budget::Flops(Flops(1e24)));
    spec.training.devices = Some(8);
    let plan = plan(&spec, None).unwrap();
    assert!(plan.choices[0].training_devices_at_least > 8);
    assert!(loud(&plan, Topic::Memory).unwrap().contains("does not fit"));
}

#[test]
fn unusable_laws_and_impossible_sizes_are_refused() {
    let spec = spec(1e17, 0, 0);
    for damage in [
        |law: &mut Coupled| law.alpha = 0.0,
        |law: &mut Coupled| law.B = -1.0,
        |law: &mut Coupled| law.gamma = 0.0,
        |law: &mut Coupled| law.E = f64::NAN,
        |law: &mut Coupled| law.A = f64::INFINITY,
    ] {
        let mut study = tiny_study();
        damage(&mut study.law);
        // It is said, and the published laws stand.
        let beside = plan(&spec, Some(&study)).unwrap();
        assert_eq!(beside.choices_of("own runs").count(), 0);
        assert!(beside.choices_of("hoffmann-2022").count() > 0);
        let said = loud(&beside, Topic::Reach).unwrap();
        assert!(
            said.contains("the law `own runs` cannot be planned with: "),
            "{said}"
        );
        let alone = PlanSpec {
            published: Vec::new(),
            ..spec.clone()
        };
        let said = plan(&alone, Some(&study)).unwrap_err().to_string();
        assert!(
            said.starts_with("the law `own runs` cannot be planned with: "),
            "{said}"
        );
    }
    let small = plan(&PlanSpec::new(Budget::Flops(Flops(1.0))), Some(&tiny_study())).unwrap_err();
    assert!(small.to_string().contains("larger budget"), "{small}");
    let large = plan(&PlanSpec::new(Budget::Flops(Flops(1e40))), Some(&tiny_study())).unwrap_err();
    assert!(large.to_string().contains("smaller budget"), "{large}");
    let none = PlanSpec {
        published: Vec::new(),
        ..spec
    };
    let alone = plan(&none, None).unwrap_err().to_string();
    assert!(alone.starts_with("there is no law to plan with"), "{alone}");
    // Published laws that give nothing are named, not fatal, while the study's law stands.
    assert!(plan(&none, Some(&tiny_study())).unwrap().omitted.is_empty());
}

#[test]
fn a_choice_that_nobody_could_train_is_left_out_and_the_others_stand() {
    // Serving so much that the best length is beyond counting, at a budget whose plain choice is not.
    let served = u64::pow(2, 53);
    let mut study = tiny_study();
    study.law.beta = 0.02;
    study.draws.clear();
    let plan = plan(&spec(1e22, served, served), Some(&study)).unwrap();
    let own: Vec<ChoiceKind> = plan.choices_of("own runs").map(|choice| choice.kind).collect();
    assert!(!own.contains(&ChoiceKind::LeastLifetimeFlops), "{own:?}");
    assert!(plan.choices.iter().any(|choice| choice.law == "hoffmann-2022"));
    let said = loud(&plan, Topic::Reach).unwrap();
    assert!(
        said.contains("Left out, \"") && said.contains("optimum by `own runs`"),
        "{said}"
    );
}

#[test]
fn a_split_that_no_run_has_is_left_out_with_its_reason() {
    let mut study = tiny_study();
    // Parameters are worth next to nothing by it, so that all goes into tokens.
    (study.law.alpha, study.law.A) = (0.9, 3.0);
    study.draws.clear();
    let plan = plan(&spec(1e19, 0, 0), Some(&study)).unwrap();
    assert_eq!(plan.choices_of("own runs").count(), 0);
    assert!(plan.choices_of("besiroglu-2024").count() > 0);
    let said = loud(&plan, Topic::Reach).unwrap();
    assert!(
        said.contains("tokens for each") && said.contains("exponents open"),
        "{said}"
    );
    // Nothing is said of a choice that is not there.
    assert!(
        !plan
            .caveats
            .iter()
            .any(|caveat| caveat.text.contains("is not known (`unique_tokens`)"))
    );
    let alone = PlanSpec {
        published: Vec::new(),
        ..spec(1e19, 0, 0)
    };
    let refused = triaxis_plan::plan(&alone, Some(&study)).unwrap_err().to_string();
    assert!(refused.contains("tokens for each"), "{refused}");
}

#[test]
fn a_plan_survives_json() {
    let plan = plan(&spec(1e19, 1_000_000_000_000, 1_000_000_000), Some(&tiny_study())).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn choices_keep_their_promises(
        log_flops in 15.0..25.0f64, log_in in 0.0..14.0f64, log_out in 0.0..14.0f64,
    ) {
        let spec = spec(10f64.powf(log_flops), 10f64.powf(log_in) as u64, 10f64.powf(log_out) as u64);
        let plan = match plan(&spec, None) {
            Ok(plan) => plan,
            // A demand beside which the budget is nothing asks for lengths that no run ever had.
            Err(refused) => {
                prop_assert!(log_in.max(log_out) > log_flops - 5.0, "{refused}");
                prop_assert!(refused.to_string().contains("no run ever had a hundredth of so many"), "{refused}");
                return Ok(());
            }
        };
        for law in &plan.laws {
            let plain = choice(&plan, &law.name, ChoiceKind::ComputeOptimal);
            let flops = choice(&plan, &law.name, ChoiceKind::LeastLifetimeFlops);
            let dollars = choice(&plan, &law.name, ChoiceKind::LeastLifetimeDollars);
            let dual = choice(&plan, &law.name, ChoiceKind::BestForLifetimeDollars);
            let lifetime = |choice: &Choice| choice.training_flops.value.0 + choice.serving_flops.value.0;
            for choice in plan.choices_of(&law.name) {
                let (training, serving) = (choice.training_dollars.value.0, choice.serving_dollars.value.0);
                prop_assert!(near(training + serving, choice.total_dollars.value.0, 1e-12));
                let six_nd = Flops::six_nd(choice.params.value, choice.tokens.value).0;
                // Counts are rounded to whole parameters and tokens.
                let rounding = 1.0 / choice.params.value.as_f64() + 1.0 / choice.tokens.value.as_f64();
                prop_assert!(near(six_nd, choice.training_flops.value.0, rounding + 1e-12));
            }
            for same in [flops, dollars] {
                prop_assert!(near(same.loss.value, plain.loss.value, 1e-9));
                prop_assert!(same.params.value <= plain.params.value);
            }
            prop_assert!(plain.within_budget);
            prop_assert!(lifetime(flops) <= lifetime(plain) * (1.0 + 1e-9));
            prop_assert!(dollars.total_dollars.value.0 <= plain.total_dollars.value.0 * (1.0 + 1e-9));
            prop_assert!(dollars.total_dollars.value.0 <= flops.total_dollars.value.0 * (1.0 + 1e-9));
            prop_assert!(near(dual.total_dollars.value.0, plain.total_dollars.value.0, 1e-9));
            prop_assert!(dual.loss.value <= plain.loss.value + 1e-12);
            let saved = dollars.savings.unwrap().dollars.value;
            let ratio = dollars.total_dollars.value.0 / plain.total_dollars.value.0;
            prop_assert!((1.0 - saved - ratio).abs() < 1e-12);
        }
    }
}
