//! Arms of known worth: what is said of them, and what is refused.

use std::collections::BTreeMap;

use proptest::prelude::*;
use triaxis_laws::form::LawForm;
use triaxis_laws::forms::{ChinchillaForm, DataConstrained, FLOPS_PER_PARAM_TOKEN};
use triaxis_laws::worth::{Arm, Call, Comparison, Multiplied, Options, Run, Worth, compare, repetition};
use triaxis_laws::{Estimate, FitError, FitOptions, HeldOut, Refusal, Starts, calibration, fit};

use crate::study::{Kind, Plan, TRUTH};

const NINE: Plan = Plan {
    budgets: 3,
    sizes: 3,
    seeds: 1,
    noise: 0.003,
    shared: 0.0,
    wrong: 0.0,
};

fn quick(seed: u64) -> Options {
    Options {
        replicates: 100,
        seed,
        own_laws: false,
        ..Options::default()
    }
}

fn told(plan: &Plan, kinds: &[Kind], seed: u64) -> Comparison {
    compare(&plan.arms(kinds, seed), "arm-0", &quick(seed)).unwrap()
}

fn only(comparison: &Comparison) -> &Worth {
    assert_eq!(comparison.arms.len(), 1);
    &comparison.arms[0]
}

fn near(estimate: &Estimate, truth: f64, part: f64) {
    let value = estimate.value;
    assert!((value / truth - 1.0).abs() < part, "{value} for {truth}");
}

/// One value changed in every run of an arm.
fn changed(mut arms: Vec<Arm>, arm: usize, change: impl Fn(usize, &mut Run)) -> Vec<Arm> {
    let runs = arms[arm].runs.iter_mut().enumerate();
    runs.for_each(|(number, run)| change(number, run));
    arms
}

#[test]
fn a_worth_without_noise_is_the_true_one() {
    let exact = Plan { noise: 1e-7, ..NINE };
    for times in [0.5, 1.05, 1.2, 3.0] {
        let comparison = told(&exact, &[Kind::Compute(1.0), Kind::Compute(times)], 0);
        let worth = only(&comparison);
        near(&worth.compute_multiplier, times, 1e-4);
        let call = if times > 1.0 { Call::Better } else { Call::Worse };
        assert_eq!(worth.call, call);
        let end = comparison.end;
        let difference =
            Kind::Compute(times).loss(end.params, end.tokens) - TRUTH.loss(end.params, end.tokens);
        near(&worth.at_end.difference, difference, 1e-3);
        near(&worth.at_end.baseline, TRUTH.loss(end.params, end.tokens), 1e-5);
        assert!(worth.one_law.unwrap().holds);
        // As many parameters and more tokens: by the law itself.
        let loss = Kind::Compute(times).loss(end.params, end.tokens);
        let tokens = TRUTH.tokens_for(loss, end.params).unwrap();
        near(worth.data_multiplier.as_ref().unwrap(), tokens / end.tokens, 1e-3);
        near(&comparison.shared["alpha"], TRUTH.alpha, 1e-3);
    }
}

#[test]
fn an_arm_of_better_data_is_a_multiplier_of_data() {
    let exact = Plan { noise: 1e-7, ..NINE };
    for times in [0.7, 1.5, 3.0] {
        let comparison = told(&exact, &[Kind::Compute(1.0), Kind::Data(times)], 0);
        let worth = only(&comparison);
        assert!(worth.one_law.unwrap().holds);
        assert_eq!(worth.multiplied, Multiplied::Data);
        near(worth.data_multiplier.as_ref().unwrap(), times, 1e-4);
        // With the best split of each, so many times the tokens are so many times the compute.
        near(&worth.compute_multiplier, times, 1e-4);
        let end = comparison.end;
        let difference = TRUTH.loss(end.params, times * end.tokens) - TRUTH.loss(end.params, end.tokens);
        near(&worth.at_end.difference, difference, 1e-3);
    }
}

#[test]
fn intervals_hold_the_truth_and_equal_arms_are_called_equal() {
    const REPEATS: u64 = 120;
    let kinds = [Kind::Compute(1.0), Kind::Compute(1.2), Kind::Compute(1.0)];
    let (mut held, mut called) = (0, 0);
    for seed in 0..REPEATS {
        let comparison = told(&NINE, &kinds, seed);
        held += usize::from(comparison.arms[0].compute_multiplier.covers(1.2));
        called += usize::from(comparison.arms[1].call != Call::NoDifferenceSeen);
        assert_eq!(comparison.arms[0].call, Call::Better, "seed {seed}");
    }
    // The bench counts 400 of many more kinds; two standard errors of 120 are 5.5% of 90% and 95%.
    assert!((96..=118).contains(&held), "{held} of {REPEATS}");
    assert!(called <= 12, "{called} of {REPEATS}");
}

#[test]
fn luck_that_pairs_share_makes_no_difference() {
    let paired = Plan {
        shared: 0.98,
        noise: 0.01,
        ..NINE
    };
    let comparison = told(&paired, &[Kind::Compute(1.0), Kind::Compute(1.05)], 2);
    let worth = only(&comparison);
    assert_eq!(worth.call, Call::Better, "{worth:?}");
    assert!(
        worth.compute_multiplier.covers(1.05) && worth.detectable.unwrap() < 1.05,
        "{worth:?}"
    );
    let noise = comparison.noise;
    assert!(noise.shared > 3.0 * noise.run && noise.run < 0.003, "{noise:?}");
    // Without pairs such noise hides it: other seeds, and their luck, in the other arm.
    let lucky = Plan {
        noise: 0.03,
        ..paired
    };
    let other = lucky.arms(&[Kind::Compute(1.0), Kind::Compute(1.05)], 3);
    let apart = vec![
        lucky.arms(&[Kind::Compute(1.0)], 2).remove(0),
        changed(other, 1, |_, run| run.seed = 7).remove(1),
    ];
    let worth = only(&compare(&apart, "arm-0", &quick(3)).unwrap()).clone();
    assert_eq!(worth.call, Call::NoDifferenceSeen);
    assert!(worth.detectable.unwrap() > 1.05, "{worth:?}");
    let refusal = worth.paired.unwrap_err();
    assert!(matches!(refusal, Refusal::NoPairs { .. }), "{refusal}");
}

#[test]
fn exponents_that_differ_are_said_to_and_judged_at_the_end() {
    let plan = Plan {
        budgets: 5,
        seeds: 2,
        ..NINE
    };
    let comparison = told(&plan, &[Kind::Compute(1.0), Kind::Exponents(1.05)], 1);
    let worth = only(&comparison);
    assert!(!worth.one_law.unwrap().holds, "{:?}", worth.one_law);
    assert!(worth.exponent_difference.interval.unwrap().low > 0.0, "{worth:?}");
    assert_eq!(worth.call, Call::Better);
    // At the middle both are the same, so one factor for all would be nearer to 1.
    assert!(worth.compute_multiplier.value > 1.08, "{worth:?}");
    let one = told(&plan, &[Kind::Compute(1.0), Kind::Compute(1.2)], 1);
    let one = only(&one);
    assert!(one.one_law.unwrap().holds, "{:?}", one.one_law);
    assert!(one.exponent_difference.covers(0.0));
}

/// What epochs over a limited text do: nothing at first, and much at the ladder's end, the more so the larger the model.
fn repeated(arms: Vec<Arm>, arm: usize) -> Vec<Arm> {
    changed(arms, arm, |_, run| {
        let epochs = run.budget / Plan::SPAN.0 / 10.0;
        run.loss += 0.3 * epochs * (run.params / 1e6).powf(0.3) * f64::from(u8::from(epochs > 0.5));
    })
}

#[test]
fn a_verdict_heeds_the_pairs_where_no_law_does() {
    for seeds in [1, 2] {
        let plan = Plan {
            budgets: 5,
            seeds,
            ..NINE
        };
        let arms = repeated(plan.arms(&[Kind::Compute(1.0); 3], 0), 2);
        let told = compare(&arms, "arm-0", &quick(0)).unwrap();
        let worth = &told.arms[1];
        assert!(
            worth.paired.as_ref().unwrap().difference.interval.unwrap().low > 0.1,
            "{worth:?}"
        );
        assert!(!worth.one_law.unwrap().holds, "{worth:?}");
        assert_eq!(worth.call, Call::Worse);
        assert_eq!(worth.order.unwrap().at_end, 0.0);
        assert!(worth.at_end.difference.interval.unwrap().low > 0.1, "{worth:?}");
        // No run of the baseline was so bad: how much less compute would be is not measured.
        let multiplier = worth.compute_multiplier;
        assert!(multiplier.open_below && !multiplier.identified, "{multiplier:?}");
        let span = Plan::SPAN.1 / Plan::SPAN.0;
        assert!(worth.detectable.is_none_or(|seen| seen < span), "{worth:?}");
        // What is said of the arm beside it is what would be said if the other had not repeated.
        let without = compare(&plan.arms(&[Kind::Compute(1.0); 3], 0), "arm-0", &quick(0)).unwrap();
        let (one, other) = (&told.arms[0], &without.arms[0]);
        assert_eq!(one.call, Call::NoDifferenceSeen);
        near(&one.compute_multiplier, other.compute_multiplier.value, 5e-3);
        assert!(
            one.detectable.unwrap() < 1.1 * other.detectable.unwrap(),
            "{one:?}"
        );
    }
}

#[test]
fn arms_whose_noise_nothing_tells_are_not_called() {
    let mut arms = NINE.arms(&[Kind::Compute(1.0), Kind::Compute(1.2)], 0);
    arms[1].runs.drain(..8);
    let told = compare(&arms, "arm-0", &quick(0)).unwrap();
    let worth = only(&told);
    assert_eq!(
        (worth.call, worth.detectable, worth.order),
        (Call::CannotTell, None, None)
    );
    assert_eq!((worth.chance, worth.compute_multiplier.interval), (1.0, None));
}

#[test]
fn intervals_hold_the_truth_under_laws_that_are_not_the_fitted_one() {
    const REPEATS: u64 = 60;
    let seeds = Plan {
        budgets: 6,
        seeds: 3,
        ..NINE
    };
    let coupled = [Kind::Coupled(1.0), Kind::Coupled(1.0), Kind::Coupled(1.5)];
    let exponents = [Kind::Compute(1.0), Kind::Compute(1.0), Kind::Exponents(1.05)];
    let fine = Plan {
        noise: 0.002,
        ..seeds
    };
    for (plan, kinds, truth) in [(fine, coupled, 1.5), (seeds, exponents, 1.137)] {
        let (mut held, mut equal, mut called) = (0, 0, 0);
        for seed in 0..REPEATS {
            let told = told(&plan, &kinds, seed);
            equal += usize::from(told.arms[0].compute_multiplier.covers(1.0));
            called += usize::from(told.arms[0].call != Call::NoDifferenceSeen);
            held += usize::from(told.arms[1].compute_multiplier.covers(truth));
            assert_eq!(told.arms[1].call, Call::Better, "seed {seed}");
        }
        // The bench counts 400 of them; two standard errors of 60 are 8% of 90% and 6% of 5%.
        assert!((48..=60).contains(&held), "{held} of {REPEATS} of {truth}");
        assert!((48..=60).contains(&equal), "{equal} of {REPEATS} of equal arms");
        assert!(called <= 6, "{called} of {REPEATS}");
    }
}

#[test]
fn an_arm_that_costs_more_compute_a_token_pays_for_it() {
    // As good at equal parameters and tokens, and a budget buys a fifth fewer tokens.
    let exact = Plan { noise: 1e-6, ..NINE };
    let arms = changed(exact.arms(&[Kind::Compute(1.0); 2], 0), 1, |_, run| {
        run.tokens /= 1.25;
        run.loss = TRUTH.loss(run.params, run.tokens);
    });
    let comparison = compare(&arms, "arm-0", &quick(0)).unwrap();
    let worth = only(&comparison);
    near(&worth.compute_multiplier, 0.8, 1e-3);
    near(worth.data_multiplier.as_ref().unwrap(), 1.0, 1e-3);
    assert_eq!(worth.call, Call::Worse);
    assert!(worth.at_end.difference.value > 0.0);
}

#[test]
fn one_size_a_budget_is_a_law_of_compute() {
    let path = Plan {
        budgets: 8,
        sizes: 1,
        ..NINE
    };
    let comparison = told(&path, &[Kind::Compute(1.0), Kind::Compute(1.5)], 0);
    assert_eq!(comparison.form, "grouped-saturating-power-law");
    let worth = only(&comparison);
    near(&worth.compute_multiplier, 1.5, 0.05);
    assert_eq!((worth.data_multiplier, worth.call), (None, Call::Better));
}

#[test]
fn an_order_is_less_sure_the_farther_it_is_asked_for() {
    let options = |asked: f64| Options {
        asked: Some(asked),
        ..quick(5)
    };
    let coarse = Plan { noise: 0.01, ..NINE };
    let arms = coarse.arms(&[Kind::Compute(1.0), Kind::Compute(1.1)], 5);
    let at = |asked: f64| compare(&arms, "arm-0", &options(asked)).unwrap();
    let (near, far) = (at(2e16), at(1e20));
    let order = |comparison: &Comparison| only(comparison).order.unwrap();
    assert!(
        order(&near).at_asked > order(&far).at_asked,
        "{:?} {:?}",
        order(&near),
        order(&far)
    );
    assert_eq!(order(&near).at_end, order(&far).at_end);
    assert!(
        (far.reach.unwrap().factor / 6250.0 - 1.0).abs() < 1e-9,
        "{:?}",
        far.reach
    );
    let (end, asked) = (far.end, far.asked.unwrap());
    let ratio = FLOPS_PER_PARAM_TOKEN * asked.params * asked.tokens / asked.flops;
    assert!(
        asked.params > end.params && (ratio - 1.0).abs() < 1e-9,
        "{asked:?}"
    );
    // Beyond what any prediction was ever checked at, nothing is said, and why.
    let beyond = at(1e21);
    assert!(near.too_far().is_none() && far.too_far().is_none());
    let why = beyond.too_far().unwrap();
    assert!(
        why.starts_with("compute is 62500 times above all that was fitted"),
        "{why}"
    );
    assert_eq!(order(&beyond).at_asked, None);
    assert_eq!(only(&beyond).at_asked, None);
    assert_eq!(order(&beyond).holds_to, order(&near).holds_to);
    let losses = only(&far).at_asked.unwrap();
    assert!(losses.baseline.value < only(&far).at_end.baseline.value && losses.difference.value < 0.0);
    let holds_to = order(&near).holds_to.unwrap();
    assert!(
        holds_to >= near.end.flops && holds_to < 1e4 * near.end.flops,
        "{holds_to:e}"
    );
}

#[test]
fn pairs_at_the_end_are_compared_by_students_interval() {
    let comparison = told(&NINE, &[Kind::Compute(1.0), Kind::Compute(1.2)], 2);
    let arms = NINE.arms(&[Kind::Compute(1.0), Kind::Compute(1.2)], 2);
    let at_end = |arm: &Arm| -> Vec<f64> {
        let last = arm.runs.iter().filter(|run| run.budget == arm.runs[8].budget);
        last.map(|run| run.loss).collect()
    };
    let (base, own) = (at_end(&arms[0]), at_end(&arms[1]));
    let paired = only(&comparison).paired.clone().unwrap();
    assert_eq!(paired.pairs, 3);
    assert_eq!(
        paired.better,
        base.iter().zip(&own).filter(|(base, own)| own < base).count()
    );
    let ratio = base
        .iter()
        .zip(&own)
        .map(|(base, own)| (own / base).ln())
        .sum::<f64>()
        / 3.0;
    let mean = base.iter().sum::<f64>() / 3.0;
    near(&paired.difference, mean * ratio.exp_m1(), 1e-12);
    // Student's 95% quantile of the eight degrees of freedom within nine pairs less one factor.
    assert_eq!(comparison.noise.freedom, 8);
    let half = 1.859_548 * comparison.noise.run * (2.0_f64 / 3.0).sqrt();
    let low = paired.difference.interval.unwrap().low;
    assert!((low - mean * (ratio - half).exp_m1()).abs() < 1e-6, "{low}");
}

#[test]
fn the_same_in_bits_on_any_number_of_threads_and_through_json() {
    let arms = NINE.arms(&[Kind::Compute(1.0), Kind::Compute(1.2), Kind::Data(0.8)], 0);
    let options = Options {
        asked: Some(1e17),
        ..quick(0)
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| compare(&arms, "arm-0", &options).unwrap())
    };
    let one = on(1);
    assert_eq!(one, on(3));
    let written = serde_json::to_string(&one).unwrap();
    let read: Comparison = serde_json::from_str(&written).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
}

#[test]
fn a_law_of_its_own_is_told_only_where_it_is_identified() {
    let options = Options {
        own_laws: true,
        ..quick(0)
    };
    let plan = Plan {
        budgets: 8,
        sizes: 5,
        noise: 0.0005,
        ..NINE
    };
    let told = compare(
        &plan.arms(&[Kind::Compute(1.0), Kind::Compute(1.2)], 0),
        "arm-0",
        &options,
    )
    .unwrap();
    near(
        &told.own_laws["arm-0"].as_ref().unwrap()["alpha"],
        TRUTH.alpha,
        0.1,
    );
    assert!(told.own_laws["arm-1"].is_ok());
    let few = Plan { noise: 0.1, ..NINE };
    let told = compare(
        &few.arms(&[Kind::Compute(1.0), Kind::Compute(1.2)], 0),
        "arm-0",
        &options,
    )
    .unwrap();
    let refusal = told.own_laws["arm-1"].as_ref().unwrap_err();
    assert!(
        matches!(refusal, Refusal::Unidentified { rows: 9, .. }),
        "{refusal}"
    );
}

#[test]
fn an_outlier_is_not_taken_for_a_difference() {
    let plan = Plan { budgets: 6, ..NINE };
    let arms = changed(plan.arms(&[Kind::Compute(1.0); 2], 4), 1, |number, run| {
        run.loss *= if number == 7 { 1.2 } else { 1.0 };
    });
    let worth = only(&compare(&arms, "arm-0", &quick(4)).unwrap()).clone();
    assert_eq!(worth.call, Call::NoDifferenceSeen, "{worth:?}");
    near(&worth.compute_multiplier, 1.0, 0.05);
}

#[test]
fn arms_that_cannot_be_compared_are_refused_by_name() {
    let arms = |count: usize| NINE.arms(&vec![Kind::Compute(1.0); count], 0);
    let none = |mut arms: Vec<Arm>, arm: usize| {
        arms[arm].runs.clear();
        arms
    };
    let refused = |arms: &[Arm], baseline: &str| compare(arms, baseline, &quick(0)).unwrap_err().to_string();
    let says = |said: String, what: &str| assert!(said.contains(what), "{said}");
    says(
        refused(&arms(2), "arm-00"),
        "no arm `arm-00`: the arms are arm-0, arm-1; did you mean `arm-0`?",
    );
    says(refused(&arms(1), "arm-0"), "arms is 1: it must be 2 or more");
    says(refused(&none(arms(2), 0), "arm-0"), "arm `arm-0` has no runs");
    says(refused(&none(arms(2), 1), "arm-0"), "arm `arm-1` has no runs");
    let twice = changed(arms(2), 1, |_, run| run.size = "all".into());
    says(refused(&twice, "arm-0"), "two runs of size `all`");
    let renamed = vec![arms(1).remove(0), arms(1).remove(0)];
    says(refused(&renamed, "arm-0"), "two arms are called `arm-0`");
    for (value, rule) in [(0.0, "above zero"), (f64::NAN, "finite")] {
        let broken = changed(arms(2), 1, |number, run| {
            run.loss = if number == 3 { value } else { run.loss }
        });
        says(refused(&broken, "arm-0"), "column `loss of arm arm-1` row 4");
        says(refused(&broken, "arm-0"), rule);
    }
    let few = |mut arms: Vec<Arm>| {
        arms.iter_mut().for_each(|arm| arm.runs.truncate(2));
        arms
    };
    says(refused(&few(arms(2)), "arm-0"), "4 rows cannot determine");
    let seventeen = refused(&arms(17), "arm-0");
    says(seventeen, "arms is 17");
    let options = |asked, replicates| Options {
        asked,
        replicates,
        ..quick(0)
    };
    for (options, rule) in [
        (options(Some(-1.0), 100), "asked is -1"),
        (options(None, 0), "replicates is 0"),
    ] {
        says(
            compare(&arms(2), "arm-0", &options).unwrap_err().to_string(),
            rule,
        );
    }
    // Others go on without the one that cannot be compared.
    let apart = changed(none(arms(4), 3), 2, |_, run| run.budget *= 1.001);
    let told = compare(&apart, "arm-0", &quick(0)).unwrap();
    assert_eq!(
        told.arms
            .iter()
            .map(|worth| worth.arm.as_str())
            .collect::<Vec<_>>(),
        ["arm-1"]
    );
    let said: Vec<String> = told.refused.iter().map(ToString::to_string).collect();
    says(
        said[0].clone(),
        "arm `arm-2` has no size and budget in common with `arm-0`",
    );
    says(said[1].clone(), "arm `arm-3` has no runs");
}

#[test]
fn an_arm_beneath_the_floor_of_the_others_has_no_multiplier() {
    let plan = Plan {
        budgets: 6,
        sizes: 5,
        noise: 0.001,
        ..NINE
    };
    let mut arms = plan.arms(&[Kind::Compute(1.0); 3], 0);
    let runs = &mut arms[2].runs;
    runs.drain(..runs.len() - 1);
    runs[0].loss = 0.8 * TRUTH.E;
    let told = compare(&arms, "arm-0", &quick(0)).unwrap();
    assert_eq!(only(&told).arm, "arm-1");
    let said = told.refused[0].to_string();
    assert!(
        said.contains("arm `arm-2` has a loss of 1.4538 at the ladder's end, not above the floor of 1."),
        "{said}"
    );
}

#[test]
fn epochs_are_worth_what_the_law_of_repeats_says() {
    let form = &DataConstrained;
    let options = FitOptions {
        starts: Starts::Given(vec![form.example().parameters]),
        replicates: 60,
        holdout: HeldOut::None,
        ..FitOptions::default()
    };
    let fitted = |seed: u64| {
        let table = calibration::simulated(form, 0.002, seed).unwrap();
        fit(form, &table, &options).unwrap()
    };
    let truth = |epochs: f64| 1.0 + 15.4 * (1.0 - (-(epochs - 1.0) / 15.4_f64).exp());
    let mut held = 0;
    for seed in 0..20 {
        let fit = fitted(seed);
        for epochs in [1.0, 4.0, 16.0, 64.0] {
            let told = repetition(&fit, 1e9, epochs).unwrap();
            let interval = told.data_multiplier.interval.unwrap();
            assert!(interval.low >= 1.0 && interval.high <= epochs, "{told:?}");
            near(&told.effective, 1e9 * told.data_multiplier.value, 1e-12);
            near(&told.of_a_token, told.data_multiplier.value / epochs, 1e-12);
            held += usize::from(epochs > 1.0 && interval.holds(truth(epochs)));
        }
    }
    // All three hold the truth of a study or none does: 90% of 20, and two standard errors less.
    assert!((45..=60).contains(&held), "{held} of 60");
    let fitted = fitted(0);
    let says = |unique, epochs, what: &str| {
        let error = repetition(&fitted, unique, epochs).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    says(0.0, 4.0, "unique tokens is 0");
    says(1e9, 0.5, "epochs is 0.5");
    let other = &ChinchillaForm;
    let table = calibration::simulated(other, 0.0, 0).unwrap();
    let other = fit(other, &table, &FitOptions::point_only()).unwrap();
    let error = repetition(&other, 1e9, 4.0).unwrap_err().to_string();
    assert!(
        error.contains("no parameter `R_D` in form `chinchilla`"),
        "{error}"
    );
}

#[test]
fn sixteen_arms_are_compared_together() {
    let kinds: Vec<Kind> = (0..16)
        .map(|arm| Kind::Compute(1.0 + 0.05 * f64::from(arm)))
        .collect();
    let told = told(&Plan { noise: 0.001, ..NINE }, &kinds, 0);
    assert_eq!(told.arms.len(), 15);
    let multipliers: BTreeMap<&str, f64> = told
        .arms
        .iter()
        .map(|of| (of.arm.as_str(), of.compute_multiplier.value))
        .collect();
    for (arm, times) in [("arm-1", 1.05), ("arm-15", 1.75)] {
        assert!(
            (multipliers[arm] / times - 1.0).abs() < 0.03,
            "{arm}: {multipliers:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0),
        ..ProptestConfig::default()
    })]

    /// Which arm is the baseline, and the unit of the losses, change nothing but the side that is looked from. Where one
    /// law does not do, each side has a trend around the mean compute of its own rows, which agree to first order.
    #[test]
    fn a_worth_seen_from_the_other_side_is_its_reciprocal(
        times in 0.7_f64..1.5,
        seed in 0_u64..1000,
        unit in 0.5_f64..2.0,
    ) {
        let arms = NINE.arms(&[Kind::Compute(1.0), Kind::Compute(times)], seed);
        let scaled = (0..2).fold(arms.clone(), |arms, arm| changed(arms, arm, |_, run| run.loss *= unit));
        let from = |arms: &[Arm], baseline: &str| compare(arms, baseline, &quick(seed)).unwrap();
        let sides = [from(&arms, "arm-0"), from(&arms, "arm-1")];
        let is_one_law = |told: &Comparison| only(told).one_law.is_none_or(|test| test.holds);
        let close = if sides.iter().all(is_one_law) { 2e-3 } else { 1e-2 };
        let [one, other] = sides.each_ref().map(only);
        let in_unit = from(&scaled, "arm-0");
        let in_unit = only(&in_unit);
        let product = one.compute_multiplier.value * other.compute_multiplier.value;
        prop_assert!((product - 1.0).abs() < close, "{product}");
        prop_assert!((one.chance - other.chance).abs() < 1e-2, "{} {}", one.chance, other.chance);
        let ratio = in_unit.compute_multiplier.value / one.compute_multiplier.value;
        prop_assert!((ratio - 1.0).abs() < 2e-3, "{ratio}");
        let differences = in_unit.at_end.difference.value / one.at_end.difference.value;
        prop_assert!((differences / unit - 1.0).abs() < 2e-2, "{differences} {unit}");
    }
}

#[test]
fn where_one_law_does_not_do_both_sides_say_so_and_agree_to_first_order() {
    // A difference of slopes by chance: 1.4% and 2.0% by the test of one law.
    let arms = NINE.arms(&[Kind::Compute(1.0), Kind::Compute(1.364_860_702_502_603_2)], 216);
    let sides = ["arm-0", "arm-1"].map(|baseline| compare(&arms, baseline, &quick(216)).unwrap());
    assert!(
        sides
            .iter()
            .all(|told| only(told).one_law.is_some_and(|test| !test.holds))
    );
    let [one, other] = sides.each_ref().map(|told| only(told).compute_multiplier.value);
    assert!((one * other - 1.0).abs() < 1e-2, "{one} {other}");
}

#[test]
fn refusals_of_a_comparison_are_typed() {
    let arms = NINE.arms(&[Kind::Compute(1.0)], 0);
    let error = compare(&arms, "arm-0", &quick(0)).unwrap_err();
    assert!(matches!(error, FitError::Input(_)), "{error}");
}
