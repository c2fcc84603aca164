//! Emergence on trainings whose truth is known.

use triaxis_laws::Estimate;
use triaxis_laws::emergence::{Curve, Emergence, Learner, Options, emergence};
use triaxis_laws::numeric::Stream;
use triaxis_units::Finding;

const OPTIONS: Options = Options {
    level: 0.9,
    replicates: 400,
    seed: 5,
};

/// Seeds of a model that has half of it learnt at `middle`, times a luck of its own; a logistic curve in the logarithm of
/// compute, whose steepness is `slope`.
fn learner(name: &str, middle: f64, slope: f64, seeds: u64, world: u64) -> Learner {
    let one = |seed: u64| {
        let luck = 0.3 * Stream::new(world, name, seed).normal();
        let at = middle.ln() + luck;
        let points = (0..24).map(|step| {
            let compute = 1e9 * 1.5f64.powi(step);
            (compute, 1.0 / (1.0 + (-slope * (compute.ln() - at)).exp()))
        });
        Curve {
            points: points.collect(),
        }
    };
    Learner {
        name: name.to_owned(),
        seeds: (0..seeds).map(one).collect(),
    }
}

fn ratio(told: &Emergence) -> Estimate {
    match &told.ratio {
        Finding::Found(ratio) => *ratio,
        Finding::Refused(reason) => panic!("{reason}"),
    }
}

#[test]
fn a_ratio_of_computes_is_covered_as_often_as_its_interval_says() {
    for seeds in [3, 6] {
        let worlds = 400;
        let covered = (0..worlds).filter(|&world| {
            let dense = learner("dense", 1e11, 3.0, seeds, world);
            let experts = learner("experts", 4e10, 3.0, seeds, world);
            ratio(&emergence(&dense, &experts, 0.9, &OPTIONS)).covers(0.4)
        });
        let covered = covered.count();
        // 90% of 400 is 360, with a standard deviation of 6; few seeds have few samples, whose ends are rough.
        assert!(
            (336..=396).contains(&covered),
            "{covered} of {worlds} with {seeds} seeds"
        );
    }
}

#[test]
fn equal_models_are_called_apart_no_more_often_than_one_time_in_ten() {
    let alarms = (0..400).filter(|&world| {
        let dense = learner("dense", 1e11, 3.0, 4, world);
        let experts = learner("experts", 1e11, 3.0, 4, world);
        !ratio(&emergence(&dense, &experts, 0.5, &OPTIONS)).covers(1.0)
    });
    let alarms = alarms.count();
    assert!(alarms <= 58, "{alarms} of 400");
}

#[test]
fn a_model_that_never_solves_it_bounds_the_ratio_on_one_side() {
    let dense = learner("dense", 1e16, 3.0, 3, 1);
    let experts = learner("experts", 1e11, 3.0, 3, 1);
    let told = emergence(&dense, &experts, 0.9, &OPTIONS);
    assert_eq!((told.baseline.solved, told.other.solved), (0, 3));
    let found = ratio(&told);
    assert!(found.open_below && !found.open_above, "{found:?}");
    let said = found.bound(|value| format!("{value:.2}")).unwrap();
    assert!(said.starts_with("at most 0."), "{said}");
    // Turned round, the other end is open.
    let found = ratio(&emergence(&experts, &dense, 0.9, &OPTIONS));
    assert!(found.open_above && !found.open_below, "{found:?}");
    // A seed of three that fails says that the mean is above what it had.
    let mut mixed = experts.clone();
    mixed.seeds[1] = dense.seeds[1].clone();
    let told = emergence(&experts, &mixed, 0.9, &OPTIONS);
    assert_eq!(told.other.solved, 2);
    assert!(ratio(&told).open_above, "{told:?}");
}

#[test]
fn what_nobody_solves_cannot_be_told() {
    let [dense, experts] = ["dense", "experts"].map(|name| learner(name, 1e16, 3.0, 3, 1));
    let told = emergence(&dense, &experts, 0.9, &OPTIONS);
    let Finding::Refused(reason) = told.ratio else {
        panic!("{told:?}")
    };
    assert!(
        reason.contains("cannot tell") && reason.contains("0 of 6 trainings"),
        "{reason}"
    );
    // One that has it from the first point bounds its own compute from above, and so the ratio.
    let at_once = learner("experts", 1e5, 3.0, 3, 1);
    let told = emergence(&learner("dense", 1e11, 3.0, 3, 1), &at_once, 0.9, &OPTIONS);
    assert!(ratio(&told).open_below);
    let none = Learner {
        name: "none".to_owned(),
        seeds: Vec::new(),
    };
    assert!(emergence(&dense, &none, 0.9, &OPTIONS).ratio.found().is_none());
}

#[test]
fn one_seed_has_no_interval() {
    let told = emergence(
        &learner("dense", 1e11, 3.0, 1, 1),
        &learner("experts", 4e10, 3.0, 1, 1),
        0.9,
        &OPTIONS,
    );
    assert!(ratio(&told).interval.is_none());
    // Nor has one beside many: how far it varies is not known.
    let many = learner("experts", 4e10, 3.0, 5, 1);
    let told = emergence(&learner("dense", 1e11, 3.0, 1, 1), &many, 0.9, &OPTIONS);
    assert!(ratio(&told).interval.is_none() && told.other.compute.found().unwrap().interval.is_some());
}

#[test]
fn a_measure_that_jumps_rises_more_suddenly_than_what_it_is_made_of() {
    let smooth = learner("experts", 1e11, 1.0, 4, 2);
    // Right or wrong: the same models, and a measure that sees only the last of the way.
    let mut sudden = smooth.clone();
    for curve in &mut sudden.seeds {
        curve
            .points
            .iter_mut()
            .for_each(|(_, share)| *share = share.powi(12));
    }
    let dense = learner("dense", 1e11, 1.0, 4, 3);
    let rise = |learner: &Learner| {
        *emergence(&dense, learner, 0.5, &OPTIONS)
            .other
            .rise
            .found()
            .unwrap()
    };
    let (smooth, sudden) = (rise(&smooth), rise(&sudden));
    assert!(smooth.value > 1.5 * sudden.value, "{smooth:?} {sudden:?}");
    // From a tenth to nine tenths a logistic curve of slope 1 goes through 81 times the compute.
    assert!((smooth.value / 81.0 - 1.0).abs() < 0.1, "{smooth:?}");
}
