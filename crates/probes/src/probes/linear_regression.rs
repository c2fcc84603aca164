use std::collections::BTreeMap;

use triaxis_random::Stream;

use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};

/// Linear functions that are learnt from examples; an answer an example, the last ones scored.
pub struct LinearRegression;

/// Coordinates of an x.
const DIMENSION: usize = 2;
/// Tokens of an example.
const EXAMPLE: usize = DIMENSION + 1;
/// Deviation of a coefficient: values reach the ends of their range at 2.4 times their deviation.
const COEFFICIENT: f64 = 0.5;
/// Sequences that guessing is measured on.
const GUESSES: u64 = 4096;

impl LinearRegression {
    pub(super) const ABOUT: &str = "linear regression in context (Garg et al. 2022, arXiv 2208.01066), in tokens: two \
        coordinates of x and the value of a linear function, whose coefficients are normal and drawn for each sequence, \
        each a bin of the range from -1 to 1; the answer to an x is the bin of its value. Ridge regression, which knows \
        how much of a value its bin rounds off, is beside it. Guessing is the most frequent bin";
}

/// Bins of a range, a token each.
#[derive(Clone, Copy)]
struct Bins {
    count: usize,
}

impl Bins {
    fn of(vocabulary: usize) -> Self {
        Self {
            count: vocabulary / 2,
        }
    }

    fn width(self) -> f64 {
        2.0 / self.count as f64
    }

    fn middle(self, bin: usize) -> f64 {
        (bin as f64 + 0.5) * self.width() - 1.0
    }

    /// The bin that a value is in, or nearest to.
    fn bin(self, value: f64) -> usize {
        (((value + 1.0) / self.width()).max(0.0) as usize).min(self.count - 1)
    }

    /// Values have tokens of their own, behind those of coordinates.
    fn token(self, value: f64) -> u32 {
        (self.count + self.bin(value)) as u32
    }
}

/// Sums over examples, by which coefficients are estimated.
struct Ridge {
    products: [[f64; DIMENSION]; DIMENSION],
    values: [f64; DIMENSION],
}

impl Ridge {
    /// Before any example: what is known is how large coefficients are beside what rounding takes off.
    fn new(bins: Bins) -> Self {
        let rounding = bins.width().powi(2) / 12.0;
        let prior = rounding / COEFFICIENT.powi(2);
        Self {
            products: [[prior, 0.0], [0.0, prior]],
            values: [0.0; DIMENSION],
        }
    }

    fn add(&mut self, x: [f64; DIMENSION], y: f64) {
        for row in 0..DIMENSION {
            for column in 0..DIMENSION {
                self.products[row][column] += x[row] * x[column];
            }
            self.values[row] += x[row] * y;
        }
    }

    /// The value at x: two equations by Cramer's rule.
    fn at(&self, x: [f64; DIMENSION]) -> f64 {
        let [[a, b], [c, d]] = self.products;
        let [first, second] = self.values;
        let coefficients = [d * first - b * second, a * second - c * first];
        (coefficients[0] * x[0] + coefficients[1] * x[1]) / (a * d - b * c)
    }
}

impl Generator for LinearRegression {
    fn usual(&self) -> Usual {
        Usual::new(32, [48, 14], [[12, 1], [24, 1], [48, 1]])
    }

    fn least_vocabulary(&self, _level: Level) -> usize {
        2 * 4
    }

    fn least_length(&self, answers: usize) -> usize {
        EXAMPLE * (answers + DIMENSION)
    }

    fn chance(&self, vocabulary: usize, level: Level) -> f64 {
        let mut stream = Stream::new(0, "probe linear-regression guesses", 0);
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        let mut all = 0;
        for _ in 0..GUESSES.div_ceil(level.answers as u64) {
            for (_, answer) in self.draw(vocabulary, level, &mut stream).answers() {
                *counts.entry(answer).or_default() += 1;
                all += 1;
            }
        }
        counts
            .values()
            .max()
            .map_or(0.0, |&most| most as f64 / f64::from(all))
    }

    fn perfect(&self) -> Option<f64> {
        None
    }

    fn draw(&self, vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        let bins = Bins::of(vocabulary);
        let coefficients: [f64; DIMENSION] = std::array::from_fn(|_| COEFFICIENT * stream.normal());
        let mut tokens = Vec::with_capacity(level.length);
        let mut targets = Vec::with_capacity(level.length);
        for _ in 0..level.length / EXAMPLE {
            let x: [usize; DIMENSION] = std::array::from_fn(|_| stream.below(bins.count));
            let y: f64 = (0..DIMENSION)
                .map(|at| coefficients[at] * bins.middle(x[at]))
                .sum();
            let token = bins.token(y);
            tokens.extend([x[0] as u32, x[1] as u32, token]);
            targets.extend([None, Some(token), None]);
        }
        // What is left of the length repeats the beginning, and asks nothing.
        for at in tokens.len()..level.length {
            tokens.push(tokens[at % EXAMPLE]);
            targets.push(None);
        }
        Sample { tokens, targets }.last(level.answers)
    }

    fn reference(&self, vocabulary: usize, sample: &Sample) -> Option<(&'static str, Vec<u32>)> {
        let bins = Bins::of(vocabulary);
        let mut ridge = Ridge::new(bins);
        let mut answers = Vec::new();
        for (tokens, targets) in sample
            .tokens
            .chunks_exact(EXAMPLE)
            .zip(sample.targets.chunks_exact(EXAMPLE))
        {
            let x = [tokens[0], tokens[1]].map(|token| bins.middle(token as usize));
            if targets[1].is_some() {
                answers.push(bins.token(ridge.at(x)));
            }
            let value = (tokens[2] as usize).saturating_sub(bins.count);
            ridge.add(x, bins.middle(value));
        }
        Some(("ridge regression", answers))
    }
}
