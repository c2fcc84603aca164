//! Numbers that no run has: mostly right, in another unit.

use triaxis_laws::forms::{FLOPS_PER_PARAM_TOKEN, TOKENS_PER_PARAM};
use triaxis_tables::Source;

use crate::Misuse;
use crate::columns::Columns;
use crate::data::Data;
use crate::equation::number;

/// What every model and every run has more of.
const LEAST_SIZE: f64 = 1000.0;
/// Where the largest model and the longest run of a study are likely to be.
const LIKELY: std::ops::Range<f64> = 1e6..1e16;
/// Times 6ND that no way to count operations comes to: experts that are not active are some thirty times.
const ABSURD: f64 = 100.0;
/// Times that a compute is off what N and D come to from which on it is said of rows, and refused where a
/// prediction names all three.
pub const APART: f64 = 2.0;
/// What no fit takes.
const BEYOND: f64 = 1e100;
/// Training tokens a parameter that a likely unit gives, near enough.
const USUAL_TOKENS_PER_PARAM: f64 = 20.0;
/// The size and compute of usual studies, in the middle.
const USUAL_PARAMS: f64 = 1e9;
const USUAL_FLOPS: f64 = 1e20;
/// The inputs that hang together, and their place in what follows.
const SIZES: [&str; 3] = ["params", "tokens", "flops"];
const COUNTS: [(&str, f64); 5] = [("1", 1.0), ("K", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)];
const OPERATIONS: [(&str, f64); 7] = [
    ("FLOP", 1.0),
    ("GFLOP", 1e9),
    ("TFLOP", 1e12),
    ("PFLOP", 1e15),
    ("EFLOP", 1e18),
    ("ZFLOP", 1e21),
    ("PF-days", 8.64e19),
];
/// Inputs that are shares, and are often given in percent.
const SHARES: [&str; 3] = ["coverage", "error", "score"];

/// Refuses numbers that cannot be what they are taken for, with the unit that they are likely in, unless
/// the user says that they are right.
pub fn check(data: &Data) -> Result<(), Misuse> {
    shares(data)?;
    let sizes = Sizes::of(data);
    // What no number of operations makes sense of is for the fit to refuse.
    if sizes
        .values
        .iter()
        .any(|values| values.iter().any(|value| *value > BEYOND))
    {
        return Ok(());
    }
    let Some(problem) = sizes.problem([1.0; 3]) else {
        return Ok(());
    };
    Err(Misuse::Impossible {
        problem: sizes.words(&problem, data),
        remedy: sizes.remedy(&problem),
    })
}

/// How many times 6ND the compute is, the least and the most, where the file has all three.
pub fn times_six_nd(data: &Data) -> Option<(f64, f64)> {
    let is_column = |input: &&str| matches!(data.columns.sources.get(*input), Some(Source::Column(_)));
    SIZES.iter().all(is_column).then_some(())?;
    let [params, tokens, flops] = SIZES.map(|input| data.numbers(input));
    let rows = params.iter().zip(tokens).zip(flops);
    let times = rows.map(|((params, tokens), flops)| flops / (FLOPS_PER_PARAM_TOKEN * params * tokens));
    range(times)
}

fn shares(data: &Data) -> Result<(), Misuse> {
    for input in SHARES
        .into_iter()
        .filter(|input| !data.columns.believed.contains(*input))
    {
        let Some((least, most)) = range(data.numbers(input).iter().copied()) else {
            continue;
        };
        if most > 1.0 && least >= 0.0 {
            return Err(Misuse::Impossible {
                problem: format!(
                    "{} is {} to {}, and a share is 0 to 1",
                    named(&data.columns, input),
                    number(least),
                    number(most)
                ),
                remedy: format!(
                    "it is likely in percent: --unit {input}=%; --unit {input}=1 if it is right as it is"
                ),
            });
        }
    }
    Ok(())
}

/// Sizes, lengths and computes of the rows, as far as they are known.
struct Sizes<'d> {
    values: [&'d [f64]; 3],
    /// Which of them are columns without a unit.
    open: [bool; 3],
    /// Which of them are right, as the user says.
    believed: [bool; 3],
    /// Which of them are columns at all.
    columns: [bool; 3],
}

/// What is wrong in which input.
struct Problem {
    input: usize,
    /// The row where it is worst.
    row: usize,
    words: String,
}

impl<'d> Sizes<'d> {
    fn of(data: &'d Data) -> Self {
        let is_column = |input: &str| matches!(data.columns.sources.get(input), Some(Source::Column(_)));
        let is_open = |input: &str| match data.columns.sources.get(input) {
            Some(Source::Column(column)) => !data.columns.units.contains_key(column),
            _ => false,
        };
        Self {
            values: SIZES.map(|input| data.numbers(input)),
            open: SIZES.map(is_open),
            // What follows from others is right when one of them is.
            believed: SIZES.map(|input| match is_column(input) {
                true => data.columns.believed.contains(input),
                false => SIZES.iter().any(|input| data.columns.believed.contains(*input)),
            }),
            columns: SIZES.map(is_column),
        }
    }

    /// By what each of the three grows when the columns are in these units: one that follows from the
    /// others by C = 6ND grows with them.
    fn factors(&self, units: [f64; 3]) -> [f64; 3] {
        let [params, tokens, flops] = units;
        match self.columns {
            [true, true, false] => [params, tokens, params * tokens],
            [true, false, true] => [params, flops / params, flops],
            [false, true, true] => [flops / tokens, tokens, flops],
            _ => units,
        }
    }

    /// The first thing wrong with the rows in these units.
    fn problem(&self, units: [f64; 3]) -> Option<Problem> {
        let factors = self.factors(units);
        let of = |input: usize| self.values[input].iter().map(move |value| value * factors[input]);
        let found = |input: usize, row: usize, words: String| Some(Problem { input, row, words });
        let [params, tokens, flops] = self.believed;
        for input in (0..2).filter(|input| !self.believed[*input]) {
            let Some((least, most)) = extremes(of(input)) else {
                continue;
            };
            if least.0 < 1.0 {
                return found(input, least.1, "less than one".into());
            }
            if most.0 < LEAST_SIZE {
                return found(input, most.1, "and models and runs have thousands".into());
            }
        }
        let any_believed = params || tokens || flops;
        if let Some((least, _)) = extremes(of(2)).filter(|_| !any_believed)
            && least.0 < LEAST_SIZE * LEAST_SIZE
        {
            return found(2, least.1, "fewer operations than a training has".into());
        }
        let lengths = of(1).zip(of(0)).map(|(tokens, params)| tokens / params);
        if let Some((least, most)) = extremes(lengths).filter(|_| !(params || tokens)) {
            if least.0 < *TOKENS_PER_PARAM.start() {
                return found(
                    1,
                    least.1,
                    format!("down to {} tokens a parameter", number(least.0)),
                );
            }
            if most.0 > *TOKENS_PER_PARAM.end() {
                return found(0, most.1, format!("up to {} tokens a parameter", number(most.0)));
            }
        }
        let six_nd = of(0)
            .zip(of(1))
            .map(|(params, tokens)| FLOPS_PER_PARAM_TOKEN * params * tokens);
        let times = of(2).zip(six_nd).map(|(flops, six_nd)| flops / six_nd);
        let (least, most) = extremes(times).filter(|_| !any_believed)?;
        let words = || format!("{} to {} times 6ND", number(least.0), number(most.0));
        match (least.0 < ABSURD.recip(), most.0 > ABSURD) {
            (true, _) => found(2, least.1, words()),
            (false, true) => found(2, most.1, words()),
            (false, false) => None,
        }
    }

    fn words(&self, problem: &Problem, data: &Data) -> String {
        let Problem { input, row, words } = problem;
        let (least, most) = range(self.values[*input].iter().copied()).unwrap_or_default();
        format!(
            "{} is {} to {}, {words} ({})",
            named(&data.columns, SIZES[*input]),
            number(least),
            number(most),
            data.place(*row)
        )
    }

    /// Whether there is a row without the problem.
    fn has_good_row(&self) -> bool {
        let rows = self.values.iter().map(|values| values.len()).max();
        (0..rows.unwrap_or_default()).any(|row| {
            let alone = Sizes {
                values: self
                    .values
                    .map(|values| values.get(row..=row).unwrap_or_default()),
                ..*self
            };
            alone.problem([1.0; 3]).is_none()
        })
    }

    /// The power of ten that brings the compute nearest to 6ND, where the file has all three.
    fn multiple(&self) -> Option<(String, f64)> {
        let [params, tokens, flops] = self.values;
        let six_nd = params
            .iter()
            .zip(tokens)
            .map(|(params, tokens)| FLOPS_PER_PARAM_TOKEN * params * tokens);
        let apart: Vec<f64> = flops
            .iter()
            .zip(six_nd)
            .map(|(flops, six_nd)| (six_nd / flops).log10())
            .collect();
        let power = (apart.iter().sum::<f64>() / apart.len() as f64).round();
        (self.columns == [true; 3]).then(|| (format!("1e{power}"), 10_f64.powf(power)))
    }

    /// The units that make the numbers possible, the fewest and of those with usual lengths, and how to say that
    /// those with the problem are right.
    fn remedy(&self, problem: &Problem) -> String {
        let wrong = problem.input;
        let choices = |input: usize| -> Vec<(String, f64)> {
            let usual = match (self.open[input], input) {
                (false, _) => &[("", 1.0)][..],
                (true, 2) => &OPERATIONS[..],
                (true, _) => &COUNTS[..],
            };
            let multiple = self
                .multiple()
                .filter(|_| self.open[input] && (input, wrong) == (2, 2));
            let usual = usual.iter().map(|(name, unit)| ((*name).to_owned(), *unit));
            usual.chain(multiple).collect()
        };
        let most = self
            .values
            .map(|values| values.iter().copied().fold(0.0, f64::max));
        let mut best: Option<((usize, f64), Vec<String>)> = None;
        for params in choices(0) {
            for tokens in choices(1) {
                for flops in choices(2) {
                    let chosen = [&params, &tokens, &flops];
                    let units = chosen.map(|(_, unit)| *unit);
                    if self.problem(units).is_some() {
                        continue;
                    }
                    let changed = chosen.iter().zip(SIZES).filter(|((_, unit), _)| *unit != 1.0);
                    let changed: Vec<String> = changed
                        .map(|((name, _), input)| format!("--unit {input}={name}"))
                        .collect();
                    let factors = self.factors(units);
                    if changed.len() > 2
                        || (0..2).any(|input| !LIKELY.contains(&(most[input] * factors[input])))
                    {
                        continue;
                    }
                    let score = (changed.len(), self.unusual(units));
                    if best.as_ref().is_none_or(|(least, _)| score < *least) {
                        best = Some((score, changed));
                    }
                }
            }
        }
        let is_meant = |input: &usize| self.open[*input] && (*input == wrong || !self.columns[wrong]);
        let right = (0..SIZES.len()).filter(is_meant);
        let right: Vec<String> = right.map(|input| format!("--unit {}=1", SIZES[input])).collect();
        let right = right.join(" or ");
        match best {
            Some((_, units)) => format!(
                "the likely unit is {}; {right} if it is right as it is",
                units.join(" ")
            ),
            None if right.is_empty() => {
                "give another unit with --unit, or leave the row out with --where".into()
            }
            None if self.has_good_row() => {
                format!("correct it, leave it out with --where, or {right} if it is right as it is")
            }
            None => format!("so is every row: correct them, or {right} if they are right as they are"),
        }
    }

    /// How far the rows are from usual lengths, and from 6ND, in these units; with a compute alone, from
    /// the computes of usual studies.
    fn unusual(&self, units: [f64; 3]) -> f64 {
        let factors = self.factors(units);
        let middle = |values: Vec<f64>| {
            let logs: Vec<f64> = values.into_iter().map(f64::ln).collect();
            (!logs.is_empty()).then(|| logs.iter().sum::<f64>() / logs.len() as f64)
        };
        let [params, tokens, flops] =
            [0, 1, 2].map(|input| middle(self.values[input].to_vec()).map(|at| at + factors[input].ln()));
        match (params, tokens, flops) {
            (Some(params), Some(tokens), flops) => {
                let six_nd = params + tokens + FLOPS_PER_PARAM_TOKEN.ln();
                let off = if self.columns == [true; 3] {
                    flops.map_or(0.0, |flops| flops - six_nd)
                } else {
                    0.0
                };
                // Of thousands and millions, and millions and billions, the larger are the field's.
                let size = 0.1 * (params - USUAL_PARAMS.ln()).abs();
                (tokens - params - USUAL_TOKENS_PER_PARAM.ln()).abs() + off.abs() + size
            }
            (_, _, Some(flops)) => (flops - USUAL_FLOPS.ln()).abs(),
            _ => 0.0,
        }
    }
}

/// An input, and where its numbers come from.
fn named(columns: &Columns, input: &str) -> String {
    match columns.sources.get(input) {
        Some(Source::Column(column)) if column == input => input.to_owned(),
        _ => {
            let described = columns.described(&[input.to_owned()]);
            described
                .into_iter()
                .map(|(input, words)| format!("{input}, {words},"))
                .collect()
        }
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (least, most) = range.unwrap_or((value, value));
        Some((f64::min(least, value), f64::max(most, value)))
    })
}

/// The least and the most of some numbers, and where they stand.
fn extremes(values: impl Iterator<Item = f64>) -> Option<((f64, usize), (f64, usize))> {
    values.enumerate().fold(None, |found, (at, value)| {
        let here = (value, at);
        let (least, most): ((f64, usize), (f64, usize)) = found.unwrap_or((here, here));
        Some((
            if value < least.0 { here } else { least },
            if value > most.0 { here } else { most },
        ))
    })
}
