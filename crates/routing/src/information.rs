use serde::{Deserialize, Serialize};
use triaxis_random::Stream;
use triaxis_units::{Estimate, Finding, Interval};

use crate::error::RoutingError;
use crate::labels::Labels;
use crate::routes::Routes;

/// How often labels are permuted.
const PERMUTATIONS: u64 = 500;

/// How much an expert of a token tells of its label, in bits, beside what it would tell by chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Information {
    /// The mutual information of the label and one of the token's experts, as counted: some of it is chance.
    pub bits: f64,
    /// The same where units have the labels of others: its mean, and the range of so much of them.
    pub permuted: Estimate,
    /// The most there could be: the entropy of the label.
    pub most: f64,
    /// The chance of as much without any connection: the share of permutations that tell as much, what is measured counted
    /// with them.
    pub chance: f64,
}

impl Information {
    /// What the experts tell beyond chance, as a share of all there is to tell; below 0 where they tell less than by chance.
    pub fn told(&self) -> f64 {
        let room = self.most - self.permuted.value;
        if room > 0.0 {
            (self.bits - self.permuted.value) / room
        } else {
            0.0
        }
    }

    /// Whether so much comes by chance less often than the level of the range leaves.
    pub fn is_found(&self) -> bool {
        let level = self.permuted.interval.map_or(1.0, |range| range.level);
        self.chance <= 1.0 - level
    }
}

/// What one layer's experts are chosen for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerSpecialisation {
    /// The share of the choices of each label's tokens that each expert has, label by label.
    pub shares: Vec<Vec<f64>>,
    /// What an expert tells of a label.
    pub information: Information,
}

/// Whether the experts of a model specialise in the labels of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Specialisation {
    /// What the labels say.
    pub by: String,
    /// Their names.
    pub labels: Vec<String>,
    /// How many units have a label, each as a whole; labels are permuted among them.
    pub units: usize,
    /// Layer by layer.
    pub layers: Vec<LayerSpecialisation>,
    /// The mean over the layers, whose labels are permuted alike: one question, asked once.
    pub together: Information,
}

/// Whether the experts of some layers specialise in labels of the tokens that all routes are of, ranges of `level`.
///
/// It is refused where labels are fewer than two, since nothing could be told apart, and where units could have them in so
/// few ways that none is rare enough to be told from chance.
///
/// # Errors
/// When routes and labels are not of as many tokens.
pub fn specialisation(
    layers: &[Routes],
    labels: &Labels,
    level: f64,
    seed: u64,
) -> Result<Finding<Specialisation>, RoutingError> {
    let labels = labels.clone().compact();
    if let Some(other) = layers
        .iter()
        .find(|routes| routes.tokens() != labels.units().len())
    {
        return Err(RoutingError::new(format!(
            "routes of {} tokens and labels of {}: let both be of the same",
            other.tokens(),
            labels.units().len()
        )));
    }
    let (by, names, units) = (labels.by().to_owned(), labels.names().to_vec(), labels.of_units());
    if names.len() < 2 || layers.is_empty() {
        return Ok(Finding::Refused(format!(
            "cannot tell whether experts specialise by {by}: the tokens have {} label, and it takes two or more",
            names.len()
        )));
    }
    let needed = 2.0 / (1.0 - level);
    let ways = ways(units, names.len());
    // Sums of logarithms are off by rounding.
    if ways < needed * (1.0 - 1e-9) {
        return Ok(Finding::Refused(format!(
            "cannot tell whether experts specialise by {by}: {} units of text can have {} labels in {ways:.0} ways, and to tell \
             from chance takes {needed:.0} or more; give more documents of each label",
            units.len(),
            names.len()
        )));
    }
    let tables: Vec<Table> = layers.iter().map(|routes| Table::of(routes, &labels)).collect();
    let measured: Vec<f64> = tables
        .iter()
        .map(|table| bits(&table.by_label(units, names.len())))
        .collect();
    // Each layer's information under the same permutations, permutation by permutation.
    let permuted: Vec<Vec<f64>> = (0..PERMUTATIONS)
        .map(|index| {
            let labels = shuffled(units, seed, index);
            let each = tables
                .iter()
                .map(|table| bits(&table.by_label(&labels, names.len())));
            each.collect()
        })
        .collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let most = |table: &Table| {
        entropy(
            table
                .by_label(units, names.len())
                .iter()
                .map(|row| row.iter().sum()),
        )
    };
    let told = |layer: usize| {
        let of_layer = permuted.iter().map(|all| all[layer]);
        information(measured[layer], of_layer.collect(), most(&tables[layer]), level)
    };
    let own = tables
        .iter()
        .enumerate()
        .map(|(layer, table)| LayerSpecialisation {
            shares: table
                .by_label(units, names.len())
                .iter()
                .map(|row| shares(row))
                .collect(),
            information: told(layer),
        });
    Ok(Finding::Found(Specialisation {
        by,
        units: units.len(),
        layers: own.collect(),
        together: information(
            mean(&measured),
            permuted.iter().map(|all| mean(all)).collect(),
            mean(&tables.iter().map(most).collect::<Vec<_>>()),
            level,
        ),
        labels: names,
    }))
}

/// How often each unit's tokens chose each expert.
struct Table {
    experts: usize,
    /// `[units × experts]`
    counts: Vec<f64>,
}

impl Table {
    fn of(routes: &Routes, labels: &Labels) -> Self {
        let experts = routes.experts();
        let mut counts = vec![0.0; labels.of_units().len() * experts];
        for (unit, chosen) in labels.units().iter().zip(routes.choices()) {
            let row = *unit as usize * experts;
            chosen
                .iter()
                .for_each(|expert| counts[row + *expert as usize] += 1.0);
        }
        Self { experts, counts }
    }

    /// How often the tokens of each label chose each expert, where units have these labels.
    fn by_label(&self, of_units: &[u32], labels: usize) -> Vec<Vec<f64>> {
        let mut sums = vec![vec![0.0; self.experts]; labels];
        for (label, row) in of_units.iter().zip(self.counts.chunks_exact(self.experts)) {
            let own = sums[*label as usize].iter_mut();
            own.zip(row).for_each(|(sum, count)| *sum += count);
        }
        sums
    }
}

/// In how many ways units can have as many of each label: the multinomial coefficient.
fn ways(of_units: &[u32], labels: usize) -> f64 {
    let mut counts = vec![0_usize; labels];
    let mut ways = 0.0;
    for (before, label) in of_units.iter().enumerate() {
        let count = &mut counts[*label as usize];
        *count += 1;
        ways += ((before + 1) as f64).ln() - (*count as f64).ln();
    }
    ways.exp()
}

/// The labels in another order.
fn shuffled(labels: &[u32], seed: u64, index: u64) -> Vec<u32> {
    let mut stream = Stream::new(seed, "permuted labels", index);
    let mut labels = labels.to_vec();
    stream.shuffle(&mut labels);
    labels
}

fn information(bits: f64, permuted: Vec<f64>, most: f64, level: f64) -> Information {
    // Sums in another order differ by rounding.
    let slack = 1e-9 * bits.abs();
    let as_much = permuted.iter().filter(|other| **other >= bits - slack).count();
    let mean = permuted.iter().sum::<f64>() / permuted.len() as f64;
    let mut ordered = permuted;
    ordered.sort_by(f64::total_cmp);
    let last = ordered.len() - 1;
    let at = |share: f64| ordered[(share * last as f64).round() as usize];
    let tail = 0.5 * (1.0 - level);
    Information {
        bits,
        permuted: Estimate {
            value: mean,
            interval: Some(Interval {
                low: at(tail),
                high: at(1.0 - tail),
                level,
            }),
        },
        most,
        chance: (as_much + 1) as f64 / (ordered.len() + 1) as f64,
    }
}

/// The mutual information of rows and columns of counts, in bits.
fn bits(counts: &[Vec<f64>]) -> f64 {
    let columns = counts.first().map_or(0, Vec::len);
    let column = |at: usize| counts.iter().map(|row| row[at]).sum::<f64>();
    let rows = entropy(counts.iter().map(|row| row.iter().sum()));
    let columns = entropy((0..columns).map(column));
    (rows + columns - entropy(counts.iter().flatten().copied())).max(0.0)
}

/// The entropy of what is counted, in bits.
fn entropy(counts: impl Iterator<Item = f64> + Clone) -> f64 {
    let all: f64 = counts.clone().sum();
    let shares = counts.filter(|count| *count > 0.0).map(|count| count / all);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}

fn shares(counts: &[f64]) -> Vec<f64> {
    let all: f64 = counts.iter().sum();
    counts.iter().map(|count| count / all.max(1.0)).collect()
}
