//! The update of Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"), its size as Liu
//! et al. have it (2025, "Muon is scalable for LLM training", arXiv 2502.16982, equation 4).

use super::newton_schulz::{operations, orthogonalise};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Simd, dispatch, each_vector};

/// The most values of a piece of work.
const VALUES: usize = 8192;

/// What an update's root of the mean square is over the learning rate: that of AdamW's, so that its rates serve.
const SIZE: f64 = 0.2;

/// The matrices that lie in a weight: those of `columns` side by side, and such rows of matrices one below the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrices {
    /// Rows of each.
    pub rows: usize,
    /// Columns of each of those side by side.
    pub columns: Vec<usize>,
}

impl Matrices {
    /// Values of a row of the weight.
    pub fn stride(&self) -> usize {
        self.columns.iter().sum()
    }

    /// Whether a weight of so many values is made of whole ones.
    pub fn fit(&self, values: usize) -> bool {
        let band = self.rows.checked_mul(self.stride());
        let is_band = |band: usize| band > 0 && values.is_multiple_of(band);
        !self.columns.contains(&0) && band.is_some_and(is_band)
    }

    /// Where each lies among so many values.
    fn places(&self, values: usize) -> impl Iterator<Item = Place> {
        let (rows, stride) = (self.rows, self.stride());
        let bands = (0..values).step_by((rows * stride).max(1));
        bands.flat_map(move |band| {
            self.columns.iter().scan(band, move |start, &columns| {
                let place = Place {
                    start: *start,
                    stride,
                    rows,
                    columns,
                };
                *start += columns;
                Some(place)
            })
        })
    }
}

/// Where a matrix lies in a weight.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    /// From a row to the next.
    stride: usize,
    rows: usize,
    columns: usize,
}

impl Place {
    /// The values of the weight that a row is.
    fn row(self, row: usize) -> std::ops::Range<usize> {
        let start = self.start + row * self.stride;
        start..start + self.columns
    }
}

/// What an orthogonal matrix is multiplied by, over the learning rate (Liu et al.'s equation 4): where rows or columns
/// have length one, the root of the mean square is one over the root of the longer side.
pub fn size(rows: usize, columns: usize) -> f64 {
    SIZE * (rows.max(columns) as f64).sqrt()
}

/// A weight of matrices to update, with what belongs to each of its values.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// Its values.
    pub values: &'a mut [f32],
    /// Their gradients.
    pub gradient: &'a [f32],
    /// The means of their gradients.
    pub momentum: &'a mut [f32],
    /// The matrices that lie in it.
    pub matrices: &'a Matrices,
    /// The decoupled weight decay λ, multiplied by the learning rate.
    pub weight_decay: f64,
}

/// What the update of every weight has in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// The learning rate of this step, schedule included.
    pub learning_rate: f64,
    /// The decay rate of the mean of gradients, μ.
    pub momentum: f64,
    /// Multiplies the gradient first: what clipping leaves of it.
    pub gradient_scale: f64,
}

/// The factors of a gradient and of a mean in another.
#[derive(Clone, Copy)]
struct Shares {
    gradient: f32,
    mean: f32,
}

/// Updates the values and the momentum of all weights in place.
///
/// With `g` the scaled gradient: `m = μ m + (1 - μ) g`, and of each matrix `O` the orthogonalised
/// `(1 - μ) g + μ m` (Nesterov's momentum), `p = (1 - ηλ) p - 0.2 √max(rows, columns) η O`.
///
/// # Panics
/// If the lengths of a weight's slices differ, or it is not made of whole matrices.
pub fn step(mut parameters: Vec<Parameter<'_>>, update: &Update) {
    for Parameter {
        values,
        gradient,
        momentum,
        matrices,
        ..
    } in &parameters
    {
        let length = values.len();
        assert!(
            [gradient.len(), momentum.len()] == [length; 2] && matrices.fit(length),
            "a gradient and a momentum for each of {length} values of {matrices:?}"
        );
    }
    let shares = Shares {
        gradient: ((1.0 - update.momentum) * update.gradient_scale) as f32,
        mean: update.momentum as f32,
    };
    remember(&mut parameters, shares);
    let mut orthogonal = orthogonal(&parameters, shares).into_iter();
    let total = parameters
        .iter()
        .map(|parameter| parameter.values.len())
        .sum::<usize>();
    let moved = parameters.into_iter().map(|parameter| {
        let places: Vec<Place> = parameter.matrices.places(parameter.values.len()).collect();
        let directions: Vec<Buffer> = orthogonal.by_ref().take(places.len()).collect();
        (parameter, places, directions)
    });
    parallel::map(moved.collect(), 3 * total, |(parameter, places, directions)| {
        let keep = (1.0 - update.learning_rate * parameter.weight_decay) as f32;
        for (place, direction) in places.into_iter().zip(directions) {
            let rate = (-update.learning_rate * size(place.rows, place.columns)) as f32;
            for (row, direction) in direction.chunks_exact(place.columns).enumerate() {
                dispatch!(move_row(
                    &mut parameter.values[place.row(row)],
                    direction,
                    keep,
                    rate
                ));
            }
        }
    });
}

/// Takes the gradients into the momenta.
fn remember(parameters: &mut [Parameter<'_>], shares: Shares) {
    let pieces = parameters.iter_mut().flat_map(|parameter| {
        let gradients = parameter.gradient.chunks(VALUES);
        parameter.momentum.chunks_mut(VALUES).zip(gradients)
    });
    let pieces: Vec<_> = pieces.collect();
    let total = pieces.iter().map(|(momentum, _)| momentum.len()).sum::<usize>();
    parallel::map(pieces, 3 * total, |(momentum, gradient)| {
        dispatch!(mix(gradient, momentum, shares));
    });
}

/// The orthogonalised direction of every matrix, in order.
fn orthogonal(parameters: &[Parameter<'_>], shares: Shares) -> Vec<Buffer> {
    let places = parameters.iter().flat_map(|parameter| {
        let places = parameter.matrices.places(parameter.values.len());
        places.map(move |place| (parameter, place))
    });
    let places: Vec<_> = places.collect();
    let work = places
        .iter()
        .map(|(_, place)| operations(place.rows, place.columns))
        .fold(0, usize::saturating_add);
    parallel::map(places, work, |(parameter, place)| {
        let mut direction = Buffer::any(place.rows * place.columns);
        for (row, direction) in direction.chunks_exact_mut(place.columns).enumerate() {
            let row = place.row(row);
            direction.copy_from_slice(&parameter.momentum[row.clone()]);
            dispatch!(mix(&parameter.gradient[row], direction, shares));
        }
        orthogonalise(&mut direction, place.rows, place.columns);
        direction
    })
}

/// `mean = μ mean + (1 - μ) g`
#[inline(always)]
fn mix<S: Simd>(simd: S, gradient: &[f32], mean: &mut [f32], shares: Shares) {
    let [of_gradient, of_mean] = [shares.gradient, shares.mean].map(|share| simd.splat(share));
    each_vector(
        simd,
        [gradient],
        [mean],
        0.0,
        #[inline(always)]
        |[g], [m]| [simd.mul_add(g, of_gradient, simd.mul(m, of_mean))],
    );
}

/// `p = keep p + rate direction`
#[inline(always)]
fn move_row<S: Simd>(simd: S, values: &mut [f32], direction: &[f32], keep: f32, rate: f32) {
    let [keep, rate] = [keep, rate].map(|factor| simd.splat(factor));
    each_vector(
        simd,
        [direction],
        [values],
        0.0,
        #[inline(always)]
        |[d], [p]| [simd.mul_add(d, rate, simd.mul(p, keep))],
    );
}
