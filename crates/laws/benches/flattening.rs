//! What the test for a flattening curve says of curves from known laws: false alarms, verdicts, and how often its
//! intervals hold the truth, beside the power that it states.
//!
//! Run: `cargo bench -p triaxis-laws --bench flattening -- [CURVES]`.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::collections::BTreeMap;

use triaxis_laws::numeric::Stream;
use triaxis_laws::{ComputeCurve, FitOptions, Flattening, Shape, flattening};

/// Points, the factor between the first compute and the last, and the noise of one point.
const DESIGNS: [(i32, f64, f64); 3] = [(8, 1e3, 0.005), (16, 1e4, 0.01), (24, 1e7, 0.003)];
const FLOOR: f64 = 1.7;
const BEND: f64 = 1e19;

type Law = fn(f64) -> f64;

const LAWS: [(&str, Law); 3] = [
    ("straight", |flops| 30.0 * flops.powf(-0.07)),
    ("floor", |flops| FLOOR + 2000.0 * flops.powf(-0.18)),
    ("bend", |flops| {
        30.0 * flops.powf(-0.07) * (flops / BEND).max(1.0).powf(0.05)
    }),
];

fn drawn(points: i32, span: f64, noise: f64, seed: u64, law: Law) -> Flattening {
    let mut stream = Stream::new(seed, "flattening bench", 0);
    let flops: Vec<f64> = (0..points)
        .map(|step| 1e16 * span.powf(f64::from(step) / f64::from(points - 1)))
        .collect();
    let loss: Vec<f64> = flops
        .iter()
        .map(|flops| law(*flops) * (noise * stream.normal()).exp())
        .collect();
    let options = FitOptions {
        seed,
        ..FitOptions::default()
    };
    flattening(&ComputeCurve::of(&flops, &loss), &options).unwrap()
}

fn main() {
    let curves = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(200);
    for (points, span, noise) in DESIGNS {
        for (name, law) in LAWS {
            let found: Vec<Flattening> = (0..curves)
                .map(|seed| drawn(points, span, noise, seed, law))
                .collect();
            let share = |holds: &dyn Fn(&Flattening) -> bool| {
                found.iter().filter(|found| holds(found)).count() as f64 / curves as f64
            };
            let mut shapes: BTreeMap<String, usize> = BTreeMap::new();
            for found in &found {
                *shapes.entry(format!("{:?}", found.shape)).or_default() += 1;
            }
            let stated = found.iter().map(|found| found.floor.power.chance).sum::<f64>() / curves as f64;
            println!(
                "{points} points over {span:.0e}, noise {noise}, {name}: not straight {:.3}, floor p < 0.05 {:.3}, \
                 floor's interval holds {:.3}, bend's {:.3}, power of half the lowest loss stated {stated:.3}; {shapes:?}",
                share(&|found| !matches!(found.shape, Shape::Straight | Shape::CannotTell)),
                share(&|found| found.floor.p_value < 0.05),
                share(&|found| found.floor.loss.covers(if name == "floor" { FLOOR } else { 0.0 })),
                share(&|found| found.bend.is_some_and(|bend| bend.flops.covers(BEND))),
            );
        }
    }
}
