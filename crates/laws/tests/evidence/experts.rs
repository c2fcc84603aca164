//! How many experts, and how fine, of runs whose law is known.

use triaxis_laws::FitOptions;
use triaxis_laws::experts::{Chosen, ExpertsRun, experts_laws};
use triaxis_laws::numeric::Stream;
use triaxis_units::Finding;

/// Runs by the granular law with `gain` as its coefficient of coarseness: a routed token takes more, the finer its experts.
fn runs(gain: f64, noise: f64, world: u64, granularities: &[f64]) -> Vec<ExpertsRun> {
    let mut stream = Stream::new(world, "experts", 0);
    let mut runs = Vec::new();
    for &granularity in granularities {
        for active in [1e6_f64, 3e6, 9e6, 2.7e7] {
            for tokens in [2e7_f64, 8e7, 3.2e8] {
                let of_size = (gain / granularity.powf(0.6) + 15.0) / active.powf(0.2);
                let loss = 0.5 + of_size + 20.0 / tokens.powf(0.2);
                runs.push(ExpertsRun {
                    arm: format!("of {granularity}"),
                    active,
                    tokens,
                    flops: 6.0 * active * tokens * (1.0 + 0.01 * granularity),
                    experts: 8.0,
                    granularity,
                    loss: loss * (noise * stream.normal()).exp(),
                });
            }
        }
    }
    runs
}

fn options() -> FitOptions {
    FitOptions {
        replicates: 100,
        ..FitOptions::default()
    }
}

fn found(runs: &[ExpertsRun]) -> Chosen {
    let laws = experts_laws(runs, &options()).unwrap();
    match &laws.how_fine[0].found {
        Finding::Found(found) => found.clone(),
        Finding::Refused(reason) => panic!("{reason}"),
    }
}

#[test]
fn the_granularity_that_pays_for_its_routing_is_found() {
    let chosen = found(&runs(6.0, 0.002, 1, &[1.0, 4.0, 16.0, 64.0]));
    // 1 + 0.01 G times the compute: at 64 the routing takes more than fineness gives.
    let best = chosen.best().expect("a gain of several times the noise is told");
    assert_eq!(
        (best.value, best.arms.as_slice()),
        (16.0, ["of 16".to_owned()].as_slice())
    );
    let gamma = &chosen.parameters["gamma"];
    assert!(gamma.covers(0.6), "{gamma:?}");
    assert_eq!((chosen.runs, chosen.choices.len()), (48, 4));
}

#[test]
fn without_a_gain_nobody_can_tell_how_fine() {
    let called = (0..8).filter(|&world| {
        let mut own = runs(1e-3, 0.004, world, &[1.0, 2.0, 4.0]);
        own.iter_mut()
            .for_each(|run| run.flops = 6.0 * run.active * run.tokens);
        let laws = experts_laws(&own, &options()).unwrap();
        let told = laws.how_fine[0].found.found().and_then(Chosen::best).cloned();
        // What the law cannot but say is that finer is no worse.
        told.is_some_and(|best| best.value != 4.0)
    });
    assert_eq!(called.count(), 0);
}

#[test]
fn few_runs_are_refused() {
    let own: Vec<ExpertsRun> = runs(6.0, 0.0, 1, &[1.0, 4.0]).into_iter().step_by(4).collect();
    let laws = experts_laws(&own, &options()).unwrap();
    let Finding::Refused(reason) = &laws.how_fine[0].found else {
        panic!("{laws:?}")
    };
    assert!(reason.contains("parameters"), "{reason}");
    // Arms that differ in nothing ask nothing.
    assert!(experts_laws(&runs(6.0, 0.0, 1, &[4.0]), &options()).is_none());
}

#[test]
fn the_number_of_experts_is_told_by_the_routed_law() {
    let mut stream = Stream::new(3, "routed", 0);
    let mut own = Vec::new();
    for experts in [1.0_f64, 2.0, 4.0, 8.0, 16.0] {
        for active in [1e6_f64, 3e6, 9e6, 2.7e7] {
            let loss = 10f64.powf(
                1.2 - 0.09 * active.log10() - 0.12 * experts.log10()
                    + 0.01 * active.log10() * experts.log10(),
            );
            own.push(ExpertsRun {
                arm: format!("{experts}"),
                active,
                tokens: 1e8,
                flops: 6e8 * active,
                experts,
                granularity: 1.0,
                loss: loss * (0.001 * stream.normal()).exp(),
            });
        }
    }
    let laws = experts_laws(&own, &options()).unwrap();
    assert!(laws.how_fine.is_empty());
    match &laws.how_many.unwrap().found {
        Finding::Found(chosen) => {
            assert_eq!(chosen.best().unwrap().value, 16.0);
            assert!(
                chosen
                    .choices
                    .is_sorted_by(|one, next| one.loss.value > next.loss.value)
            );
        }
        Finding::Refused(reason) => panic!("{reason}"),
    }
    // A dense model without the largest sizes, or with a larger one, is judged at a size that all have.
    let by_size = |dense: &dyn Fn(f64) -> Option<f64>| {
        let mut other = own.clone();
        other.retain(|run| run.experts > 1.0 || dense(run.active).is_some());
        for run in other.iter_mut().filter(|run| run.experts == 1.0) {
            run.active = dense(run.active).unwrap();
        }
        experts_laws(&other, &options()).unwrap().how_many.unwrap()
    };
    let smaller = by_size(&|active| (active < 2e7).then_some(active));
    assert!(
        smaller.about.contains("with 9.0000e6 parameters"),
        "{}",
        smaller.about
    );
    match &smaller.found {
        Finding::Found(chosen) => assert!(chosen.flops.is_none() && chosen.choices.len() == 5),
        Finding::Refused(reason) => panic!("{reason}"),
    }
    let apart = by_size(&|active| Some(1.5 * active));
    assert!(matches!(apart.found, Finding::Refused(reason) if reason.contains("no size in common")));
    // Without a length in common there is nothing to compare.
    own.iter_mut().for_each(|run| run.tokens = 1e8 * run.experts);
    let refused = experts_laws(&own, &options()).unwrap().how_many.unwrap().found;
    assert!(matches!(refused, Finding::Refused(reason) if reason.contains("no length in common")));
}
