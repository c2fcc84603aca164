//! Steps of known worth taken together: whether they multiply, and how often intervals hold what is true.

use triaxis_laws::worth::{Arm, Call, Compound, Options, compound};

use crate::study::{Kind, Plan};

/// A study of two steps and of both, which are worth `times` the product of the two.
fn told(plan: &Plan, times: f64, seed: u64) -> Compound {
    let kinds = [
        Kind::Compute(1.0),
        Kind::Compute(1.3),
        Kind::Compute(1.2),
        Kind::Compute(1.3 * 1.2 * times),
    ];
    let arms: Vec<Arm> = plan.arms(&kinds, seed);
    let options = Options {
        replicates: 100,
        seed,
        ..Options::default()
    };
    compound(&arms, "arm-0", "arm-3", &["arm-1", "arm-2"], &options).unwrap()
}

const PLAN: Plan = Plan {
    budgets: 3,
    sizes: 3,
    seeds: 2,
    noise: 0.003,
    shared: 0.5,
    wrong: 0.0,
};

#[test]
fn without_noise_the_whole_over_its_parts_is_the_true_one() {
    let exact = Plan { noise: 1e-7, ..PLAN };
    for times in [0.7, 1.0, 1.5] {
        let found = told(&exact, times, 0);
        let near =
            |value: f64, truth: f64| assert!((value / truth - 1.0).abs() < 2e-3, "{value} for {truth}");
        near(found.product.value, 1.3 * 1.2);
        near(found.whole.value, 1.3 * 1.2 * times);
        near(found.over_product.value, times);
        near(found.parts[0].value, 1.3);
    }
}

#[test]
fn intervals_hold_the_truth_and_parts_that_multiply_are_called_so() {
    const REPEATS: u64 = 100;
    let (mut held, mut called, mut seen) = (0, 0, 0);
    for seed in 0..REPEATS {
        let multiplied = told(&PLAN, 1.0, seed);
        held += usize::from(multiplied.over_product.covers(1.0));
        called += usize::from(multiplied.call != Call::NoDifferenceSeen);
        let hindered = told(&PLAN, 0.75, seed);
        held += usize::from(hindered.over_product.covers(0.75));
        seen += usize::from(hindered.call == Call::Worse);
    }
    // Of 200 intervals of 90%, three standard errors are 6.4%.
    assert!((167..=196).contains(&held), "{held} of {}", 2 * REPEATS);
    // Called at 95%: three standard errors of 100 are 6.5%.
    assert!(called <= 11, "{called} of {REPEATS}");
    assert!(seen >= 80, "{seen} of {REPEATS}");
}

#[test]
fn an_arm_that_was_not_run_is_named() {
    let arms = PLAN.arms(&[Kind::Compute(1.0), Kind::Compute(1.3), Kind::Compute(1.2)], 0);
    let options = Options {
        replicates: 20,
        ..Options::default()
    };
    let refused = compound(&arms, "arm-0", "arm-9", &["arm-1", "arm-2"], &options).unwrap_err();
    assert!(refused.to_string().contains("arm-9"), "{refused}");
}
