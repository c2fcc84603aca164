//! Problems of known distributions.

use rayon::prelude::*;
use triaxis_laws::coverage::{Problem, coverage, thinned};
use triaxis_laws::numeric::Stream;

use crate::oracle::{Known, sampled};
use crate::told::{Mean, Told, compare, told};
use crate::{FEW, MANY};

/// A truth: the kind of distribution, its name, and a draw of a problem's chance.
struct Truth {
    kind: &'static str,
    name: &'static str,
    chance: fn(&mut Stream) -> f64,
}

const fn truth(kind: &'static str, name: &'static str, chance: fn(&mut Stream) -> f64) -> Truth {
    Truth { kind, name, chance }
}

const KINDS: [&str; 3] = ["Beta", "logit-normal", "share at zero"];

const TRUTHS: [Truth; 9] = [
    truth(KINDS[0], "Beta(0.4, 20)", |stream| beta(stream, 0.4, 20)),
    truth(KINDS[0], "Beta(0.25, 3)", |stream| beta(stream, 0.25, 3)),
    truth(KINDS[0], "Beta(0.3, 300)", |stream| beta(stream, 0.3, 300)),
    truth(KINDS[1], "logit-normal(-5, 2)", |stream| {
        logit_normal(stream, -5.0, 2.0)
    }),
    truth(KINDS[1], "logit-normal(-8, 1.5)", |stream| {
        logit_normal(stream, -8.0, 1.5)
    }),
    truth(KINDS[1], "logit-normal(-3, 2.5)", |stream| {
        logit_normal(stream, -3.0, 2.5)
    }),
    truth(KINDS[2], "0.3 at zero, Beta(0.6, 10)", |stream| {
        or_zero(stream, 0.3, |stream| beta(stream, 0.6, 10))
    }),
    truth(KINDS[2], "0.1 at zero, logit-normal(-4, 1.5)", |stream| {
        or_zero(stream, 0.1, |stream| logit_normal(stream, -4.0, 1.5))
    }),
    truth(KINDS[2], "0.2 at zero, Beta(0.4, 100)", |stream| {
        or_zero(stream, 0.2, |stream| beta(stream, 0.4, 100))
    }),
];

/// A draw from Beta(alpha, beta), beta a whole number: the product of beta powers of uniform numbers.
fn beta(stream: &mut Stream, alpha: f64, beta: u32) -> f64 {
    (0..beta)
        .map(|at| stream.uniform().powf((alpha + f64::from(at)).recip()))
        .product()
}

fn logit_normal(stream: &mut Stream, mu: f64, sigma: f64) -> f64 {
    (1.0 + (-mu - sigma * stream.normal()).exp()).recip()
}

fn or_zero(stream: &mut Stream, share: f64, chance: fn(&mut Stream) -> f64) -> f64 {
    if stream.uniform() < share {
        0.0
    } else {
        chance(stream)
    }
}

/// One set of problems.
struct Simulated {
    kind: &'static str,
    seen: f64,
    truth: f64,
    all: Vec<Told>,
    few: Vec<Told>,
    floor: f64,
}

const PROBLEMS: usize = 128;
/// Draws that stand for a distribution.
const KNOWN: u64 = 20_000;

pub(crate) fn run(repeats: u64) {
    println!(
        "| truth of {PROBLEMS} problems | at {FEW} | at {MANY} | all samples | few samples | off | holds | width | difficulty known |\n|---|---|---|---|---|---|---|---|---|"
    );
    let mut every = Vec::new();
    for truth in &TRUTHS {
        let mut stream = Stream::new(0, truth.name, 1);
        let chances: Vec<f64> = (0..KNOWN).map(|_| (truth.chance)(&mut stream)).collect();
        let known = Known::new(&chances);
        let seeds = (0..repeats).into_par_iter();
        let told: Vec<Simulated> = seeds.filter_map(|seed| simulated(truth, &known, seed)).collect();
        line(truth.name, &told);
        every.extend(told);
    }
    for kind in KINDS {
        let of = every.iter().filter(|one| one.kind == kind);
        let few: Vec<Told> = of.map(average).collect();
        let Mean {
            error,
            off,
            holds,
            width,
            ..
        } = Mean::of(&few);
        println!("| **{kind}** | | | | {error:.4} | {off:+.4} | {holds:.3} | {width:.3} | |");
    }
    line("all", &every);
    let all: Vec<Vec<Told>> = every.iter().map(|one| one.all.clone()).collect();
    compare(
        &all,
        &every
            .iter()
            .map(|one| one.few.clone())
            .collect::<Vec<Vec<Told>>>(),
    );
}

/// The average of all laws.
fn average(one: &Simulated) -> Told {
    one.few[one.few.len() - 1]
}

fn simulated(of: &Truth, known: &Known, seed: u64) -> Option<Simulated> {
    let mut stream = Stream::new(seed, of.name, 0);
    let problems: Vec<Problem> = (0..PROBLEMS)
        .map(|_| sampled((of.chance)(&mut stream), &mut stream))
        .collect();
    let truth = coverage(&problems, MANY)?;
    let few = thinned(&problems, FEW, seed);
    Some(Simulated {
        kind: of.kind,
        seen: coverage(&few, FEW)?,
        truth,
        all: told(&problems, truth, seed)?,
        few: told(&few, truth, seed)?,
        floor: known.error(&few, truth),
    })
}

fn line(name: &str, told: &[Simulated]) {
    let of = |of: &dyn Fn(&Simulated) -> f64| told.iter().map(of).sum::<f64>() / told.len() as f64;
    let Mean {
        error,
        off,
        holds,
        width,
        ..
    } = Mean::of(&told.iter().map(average).collect::<Vec<Told>>());
    println!(
        "| {name} | {:.3} | {:.3} | {:.4} | {error:.4} | {off:+.4} | {holds:.3} | {width:.3} | {:.4} |",
        of(&|one| one.seen),
        of(&|one| one.truth),
        of(&|one| one.all[one.all.len() - 1].error.abs()),
        of(&|one| one.floor),
    );
}
