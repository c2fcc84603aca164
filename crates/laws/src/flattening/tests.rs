//! Curves from known laws, and what is said of them.

use super::*;
use crate::numeric::Stream;

/// Losses of `law` with relative noise.
fn drawn(flops: &[f64], noise: f64, seed: u64, law: impl Fn(f64) -> f64) -> ComputeCurve {
    let mut stream = Stream::new(seed, "flattening tests", 0);
    let loss = flops
        .iter()
        .map(|flops| law(*flops) * (noise * stream.normal()).exp());
    ComputeCurve::of(flops, &loss.collect::<Vec<f64>>())
}

fn computes(points: i32, span: f64) -> Vec<f64> {
    (0..points)
        .map(|step| 1e16 * span.powf(f64::from(step) / f64::from(points - 1)))
        .collect()
}

fn plain(flops: f64) -> f64 {
    30.0 * flops.powf(-0.07)
}

fn floored(flops: f64) -> f64 {
    1.7 + 2000.0 * flops.powf(-0.18)
}

fn bent(flops: f64) -> f64 {
    plain(flops) * (flops / 1e19).max(1.0).powf(0.05)
}

fn logs(curve: &ComputeCurve) -> (Vec<f64>, Vec<f64>) {
    curve
        .points
        .iter()
        .map(|(flops, loss)| (flops.ln(), loss.ln()))
        .unzip()
}

/// Shares of 2,000 curves of which the floor, the bend, and either is said.
fn said(flops: &[f64], noise: f64, law: impl Fn(f64) -> f64 + Copy) -> [f64; 3] {
    const NULLS: u64 = 8;
    const CURVES: u64 = 250;
    let (at, truth) = logs(&drawn(flops, 0.0, 0, law));
    let design = Design::new(&at);
    let straight = design.bent(&design.line(&truth), 0.0, 0.0);
    let mut said = [0.0; 3];
    for seed in 0..NULLS {
        let law_of_null = &straight;
        let null = Null::new(
            &design,
            Truth {
                law: law_of_null,
                noise,
                seed,
            },
        );
        for curve in 0..CURVES {
            let (_, losses) = logs(&drawn(flops, noise, seed * CURVES + curve, law));
            let chances = null.chances(&design.fits(&losses), design.least(&losses));
            for (said, chance) in said.iter_mut().zip(chances) {
                *said += f64::from(chance <= FALSE_ALARMS) / (NULLS * CURVES) as f64;
            }
        }
    }
    said
}

#[test]
fn a_straight_line_is_called_otherwise_in_5_percent() {
    // The standard error of 5% of 2,000 is half a percent.
    for (points, span, noise) in [(8, 1e3, 0.005), (12, 100.0, 0.01)] {
        let [floor, bend, both] = said(&computes(points, span), noise, plain);
        for share in [floor, bend, both] {
            assert!(
                (0.03..=0.07).contains(&share),
                "{points} points: {floor} {bend} {both}"
            );
        }
    }
}

#[test]
fn the_stated_power_is_what_new_curves_give() {
    let flops = computes(16, 1e4);
    let found = flattening(&drawn(&flops, 0.01, 5, plain), &FitOptions::default()).unwrap();
    let lowest = found
        .curve
        .iter()
        .map(|(_, loss)| *loss)
        .fold(f64::INFINITY, f64::min);
    let floor = STATED_FLOOR * lowest;
    let (at, losses) = logs(&drawn(&flops, 0.01, 5, plain));
    let law = Design::new(&at).held_at(&losses, floor).unwrap();
    let of = |at: f64| {
        let row = flops.iter().position(|flops| *flops == at).unwrap();
        law.fitted[row].exp()
    };
    let [.., share] = said(&flops, found.noise, of);
    let Power { chance, .. } = found.floor.power;
    // 200 curves: a standard error of three and a half percent.
    assert!((chance - share).abs() < 0.1, "{chance} {share}");
}

#[test]
fn floors_and_bends_are_found_where_they_are_and_told_apart() {
    let options = FitOptions::default();
    let flops = computes(24, 1e7);
    let mut told = [0; 2];
    for seed in 0..10 {
        let found = flattening(&drawn(&flops, 0.003, seed, floored), &options).unwrap();
        assert!(found.p_value <= 0.001, "{found}");
        told[0] += usize::from(found.shape == Shape::Floor && found.floor.loss.covers(1.7));
        let found = flattening(&drawn(&flops, 0.003, seed, bent), &options).unwrap();
        let bend = found.bend.unwrap();
        assert!(found.p_value <= 0.001 && bend.after < bend.before, "{found}");
        told[1] += usize::from(found.shape == Shape::Bend && bend.flops.covers(1e19));
    }
    assert!(told.iter().all(|told| *told >= 7), "{told:?}");
    // A curve that steepens has no floor.
    let steeper = |flops: f64| plain(flops) / (flops / 1e19).max(1.0).powf(0.05);
    let found = flattening(&drawn(&flops, 0.003, 1, steeper), &options).unwrap();
    assert_eq!(found.shape, Shape::Bend, "{found}");
    assert!(found.bend.unwrap().after > found.bend.unwrap().before);
}

#[test]
fn what_was_not_seen_is_no_evidence_where_it_could_not_be() {
    let options = FitOptions::default();
    let many = flattening(&drawn(&computes(24, 1e7), 0.002, 0, plain), &options).unwrap();
    assert_eq!(many.shape, Shape::Straight, "{many}");
    assert!(many.floor.power.chance > 0.95 && many.floor.power.least.unwrap() < 0.5);
    let few = flattening(&drawn(&computes(6, 30.0), 0.01, 0, plain), &options).unwrap();
    assert_eq!(few.shape, Shape::CannotTell, "{few}");
    let (chance, least) = (few.floor.power.chance, few.floor.power.least);
    assert!(chance < 0.5 && least.is_none_or(|least| least > 0.5), "{few}");
    assert!(
        few.floor.loss.open_below && few.floor.loss.interval.unwrap().low == 0.0,
        "{few}"
    );
}

#[test]
fn too_few_points_and_rising_losses_are_refused() {
    let options = FitOptions::default();
    let refused = |curve: &ComputeCurve| flattening(curve, &options).unwrap_err().to_string();
    let short = refused(&drawn(&computes(4, 10.0), 0.0, 0, plain));
    assert!(
        short.contains("4 points") && short.contains("at least 5"),
        "{short}"
    );
    let rising = refused(&drawn(&computes(8, 10.0), 0.0, 0, |flops| plain(flops).recip()));
    assert!(rising.contains("does not fall"), "{rising}");
    // Without any noise nothing is divided by zero.
    let exact = flattening(&drawn(&computes(9, 1e3), 0.0, 0, plain), &options).unwrap();
    assert_eq!(exact.shape, Shape::Straight, "{exact}");
    let exact = flattening(&drawn(&computes(9, 1e5), 0.0, 0, floored), &options).unwrap();
    assert_eq!(exact.shape, Shape::Floor, "{exact}");
    let five = flattening(&drawn(&computes(5, 1e5), 0.0, 0, floored), &options).unwrap();
    assert_eq!((five.shape, five.bend), (Shape::FloorOrBend, None));
}
