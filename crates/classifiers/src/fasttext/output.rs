//! From what a model makes of a text to what it says of each label, in fastText's arithmetic.

use super::matrix::Matrix;
use super::reader::Damage;

/// Numbers of the table of fastText's sigmoid, and where it ends.
const SIGMOIDS: usize = 512;
const MOST_SIGMOID: f32 = 8.0;
/// What fastText adds to a probability before it takes the logarithm.
const LEAST: f64 = 1e-5;
/// What fastText takes for the count of a node that is not there yet.
const UNKNOWN: i64 = 1_000_000_000_000_000;

/// How labels are told apart.
#[derive(Debug)]
pub(super) enum Output {
    /// One of all.
    Softmax,
    /// Each for itself, by a table.
    Sigmoids(Vec<f32>),
    /// By decisions along a tree: the two nodes below each node that is no label.
    Tree(Vec<[usize; 2]>),
}

/// fastText's logarithm.
fn logarithm(value: f32) -> f32 {
    (f64::from(value) + LEAST).ln() as f32
}

impl Output {
    /// That of a loss by its number, for labels that were trained on so often.
    pub(super) fn new(loss: i32, counts: &[i64]) -> Result<Self, Damage> {
        match loss {
            1 => Ok(Self::Tree(tree(counts)?)),
            2 | 4 => Ok(Self::Sigmoids((0..=SIGMOIDS).map(sigmoid).collect())),
            3 => Ok(Self::Softmax),
            other => Err(Damage::Format(format!(
                "its loss has the number {other}, and there are 1 to 4"
            ))),
        }
    }

    /// What is said of each label, for [`probability`](Self::probability) to tell.
    pub(super) fn compute(&self, matrix: &Matrix, labels: usize, hidden: &[f32], output: &mut Vec<f32>) {
        output.clear();
        match self {
            Self::Softmax => {
                output.extend((0..labels).map(|label| matrix.dot(label, hidden)));
                softmax(output);
            }
            Self::Sigmoids(table) => {
                output.extend((0..labels).map(|label| look_up(table, matrix.dot(label, hidden))));
            }
            Self::Tree(nodes) => {
                output.resize(2 * labels - 1, f32::NEG_INFINITY);
                output[2 * labels - 2] = 0.0;
                // A node stands behind those below it.
                for (node, below) in nodes.iter().enumerate().rev() {
                    let above = output[labels + node];
                    if above < logarithm(0.0) {
                        continue;
                    }
                    let exponential = (-matrix.dot(node, hidden)).exp();
                    let right = (1.0 / f64::from(1.0 + exponential)) as f32;
                    output[below[0]] = above + logarithm((1.0 - f64::from(right)) as f32);
                    output[below[1]] = above + logarithm(right);
                }
                output.truncate(labels);
            }
        }
    }

    /// The probability that fastText tells. What is no number, as of weights near the largest, is none.
    pub(super) fn probability(&self, output: f32) -> f32 {
        let logarithm = match self {
            Self::Softmax | Self::Sigmoids(_) => logarithm(output),
            Self::Tree(_) if output < logarithm(0.0) => return 0.0,
            Self::Tree(_) => output,
        };
        let probability = logarithm.exp();
        if probability.is_nan() { 0.0 } else { probability }
    }
}

fn softmax(output: &mut [f32]) {
    let most = output.iter().copied().fold(output[0], f32::max);
    let mut sum = 0.0;
    for value in output.iter_mut() {
        *value = f64::from(*value - most).exp() as f32;
        sum += *value;
    }
    output.iter_mut().for_each(|value| *value /= sum);
}

/// A number of the table.
fn sigmoid(place: usize) -> f32 {
    let at = (place * 2) as f32 * MOST_SIGMOID / SIGMOIDS as f32 - MOST_SIGMOID;
    (1.0 / (1.0 + f64::from((-at).exp()))) as f32
}

fn look_up(table: &[f32], at: f32) -> f32 {
    if at < -MOST_SIGMOID {
        0.0
    } else if at > MOST_SIGMOID {
        1.0
    } else {
        // What is no number has the first place.
        table[((at + MOST_SIGMOID) * SIGMOIDS as f32 / MOST_SIGMOID / 2.0) as usize]
    }
}

/// Huffman's tree over labels that are sorted by how often they came, the most often first.
fn tree(counts: &[i64]) -> Result<Vec<[usize; 2]>, Damage> {
    let labels = counts.len();
    let mut all = counts.to_vec();
    all.resize(2 * labels - 1, UNKNOWN);
    let (mut leaves, mut node, mut nodes) = (labels, labels, Vec::new());
    for next in labels..2 * labels - 1 {
        let mut below = [0; 2];
        for place in &mut below {
            *place = match leaves.checked_sub(1) {
                Some(leaf) if all[leaf] < all[node] => {
                    leaves = leaf;
                    leaf
                }
                _ => {
                    node += 1;
                    node - 1
                }
            };
            if *place >= next {
                return Err(Damage::format(
                    "the counts of its labels are no counts: its tree leads to itself; fetch it again",
                ));
            }
        }
        let sum = all[below[0]].checked_add(all[below[1]]);
        all[next] =
            sum.ok_or_else(|| Damage::format("the counts of its labels are no counts; fetch it again"))?;
        nodes.push(below);
    }
    Ok(nodes)
}
