//! How often what is said of arms is right, where it is known: studies with arms of known worth.
//!
//! Run: `cargo bench -p triaxis-laws --bench worth -- [CASE]... [REPEATS]`; by default every case, 400 times. A line an
//! arm: how often its 90% intervals hold the truth (of the compute multiplier, with their median width; of the data
//! multiplier; of the loss difference by the law and by pairs), how often it is called different, the median
//! probability that it is better, the median multiplier that would have been seen, and how often one law is said to do.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod study;
mod tally;

use std::time::Instant;

use study::{Kind, Plan};

/// A study that is simulated again and again.
struct Case {
    name: &'static str,
    plan: Plan,
    kinds: &'static [Kind],
}

const NINE: Plan = Plan {
    budgets: 3,
    sizes: 3,
    seeds: 1,
    noise: 0.005,
    shared: 0.0,
    wrong: 0.0,
};
const EIGHTEEN: Plan = Plan { budgets: 6, ..NINE };
const PATH: Plan = Plan {
    budgets: 8,
    sizes: 1,
    ..NINE
};
const BASE: Kind = Kind::Compute(1.0);
const TWO: &[Kind] = &[BASE, Kind::Compute(1.2)];
const EQUAL: &[Kind] = &[BASE, BASE];
const FOUR: &[Kind] = &[BASE, Kind::Compute(1.05), Kind::Compute(1.5), BASE];

const fn case(name: &'static str, plan: Plan, kinds: &'static [Kind]) -> Case {
    Case { name, plan, kinds }
}

const CASES: &[Case] = &[
    case("equal-9-fine", Plan { noise: 0.002, ..NINE }, EQUAL),
    case("equal-9", NINE, EQUAL),
    case("equal-9-coarse", Plan { noise: 0.01, ..NINE }, EQUAL),
    case("equal-9-seeds", Plan { seeds: 3, ..NINE }, EQUAL),
    case("equal-9-paired", Plan { shared: 0.7, ..NINE }, EQUAL),
    case("equal-18", EIGHTEEN, EQUAL),
    case(
        "equal-18-seeds-coarse",
        Plan {
            seeds: 3,
            noise: 0.01,
            ..EIGHTEEN
        },
        EQUAL,
    ),
    case("equal-four-9", NINE, &[BASE, BASE, BASE, BASE]),
    case(
        "1.05-9-fine",
        Plan { noise: 0.002, ..NINE },
        &[BASE, Kind::Compute(1.05)],
    ),
    case(
        "1.05-18-seeds",
        Plan { seeds: 3, ..EIGHTEEN },
        &[BASE, Kind::Compute(1.05)],
    ),
    case("1.2-9-fine", Plan { noise: 0.002, ..NINE }, TWO),
    case("1.2-9", NINE, TWO),
    case("1.2-9-coarse", Plan { noise: 0.01, ..NINE }, TWO),
    case("1.2-9-seeds", Plan { seeds: 3, ..NINE }, TWO),
    case("1.2-9-paired", Plan { shared: 0.7, ..NINE }, TWO),
    case("1.2-18", EIGHTEEN, TWO),
    case(
        "1.2-18-seeds-paired",
        Plan {
            seeds: 3,
            shared: 0.7,
            ..EIGHTEEN
        },
        TWO,
    ),
    case("1.5-9", NINE, &[BASE, Kind::Compute(1.5)]),
    case(
        "1.5-18-coarse",
        Plan {
            noise: 0.01,
            ..EIGHTEEN
        },
        &[BASE, Kind::Compute(1.5)],
    ),
    case("3-9", NINE, &[BASE, Kind::Compute(3.0)]),
    case(
        "3-9-coarse",
        Plan { noise: 0.01, ..NINE },
        &[BASE, Kind::Compute(3.0)],
    ),
    case(
        "3-18-fine-seeds",
        Plan {
            noise: 0.002,
            seeds: 3,
            ..EIGHTEEN
        },
        &[BASE, Kind::Compute(3.0)],
    ),
    case("four-9", NINE, FOUR),
    case("four-18-seeds", Plan { seeds: 3, ..EIGHTEEN }, FOUR),
    case("data-1.5-9", NINE, &[BASE, Kind::Data(1.5)]),
    case("data-3-18", EIGHTEEN, &[BASE, Kind::Data(3.0)]),
    case("coupled-9", NINE, &[Kind::Coupled(1.0), Kind::Coupled(1.2)]),
    case(
        "coupled-18-seeds-fine",
        Plan {
            seeds: 3,
            noise: 0.002,
            ..EIGHTEEN
        },
        &[Kind::Coupled(1.0), Kind::Coupled(1.0), Kind::Coupled(1.5)],
    ),
    case(
        "wrong-runs-18",
        Plan {
            wrong: 0.05,
            ..EIGHTEEN
        },
        &[BASE, BASE, Kind::Compute(1.2)],
    ),
    case("path-8", PATH, &[BASE, Kind::Compute(1.5)]),
    case("path-8-equal", PATH, EQUAL),
    case("exponents-9", NINE, &[BASE, Kind::Exponents(1.05)]),
    case(
        "exponents-18-seeds",
        Plan { seeds: 3, ..EIGHTEEN },
        &[BASE, Kind::Exponents(1.05)],
    ),
];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let repeats = arguments.iter().find_map(|argument| argument.parse().ok());
    let named = |case: &&Case| arguments.iter().any(|argument| argument == case.name);
    let any = CASES.iter().any(|case| named(&case));
    println!(
        "| case | arm | multiplier | compute | width | data | difference | pairs | called | P(better) | detectable | one law | refused | s |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for case in CASES.iter().filter(|case| !any || named(case)) {
        let begin = Instant::now();
        let tallies = tally::tallies(&case.plan, case.kinds, repeats.unwrap_or(400));
        let seconds = begin.elapsed().as_secs_f64();
        for (number, mut tally) in tallies.into_iter().enumerate() {
            let truth = tally::Truth::of(case.kinds[0], case.kinds[number + 1], &case.plan);
            let line = tally.line();
            println!(
                "| {} | {} | {:.3} | {line} | {seconds:.1} |",
                case.name,
                number + 1,
                truth.compute
            );
        }
    }
}
