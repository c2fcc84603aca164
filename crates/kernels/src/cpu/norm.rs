//! The norm of gradients.

use super::vectors::dot;
use crate::parallel;
use crate::simd::dispatch;

/// Values summed in `f32` lanes before they are added up in `f64`.
const BLOCK: usize = 4096;

/// The Euclidean norm over all values of all tensors: sums of squares, block by block and then tensor by
/// tensor, in order.
pub fn gradient_norm(gradients: &[&[f32]]) -> f64 {
    let total: usize = gradients.iter().map(|gradient| gradient.len()).sum();
    let blocks: Vec<&[f32]> = gradients
        .iter()
        .flat_map(|gradient| gradient.chunks(BLOCK))
        .collect();
    // One read and one operation a value: a fraction of what the work of others counts.
    let sums = parallel::map(blocks, total / 4, |block| f64::from(dispatch!(dot(block, block))));
    let mut sums = sums.into_iter();
    let squares = gradients.iter().map(|gradient| {
        let blocks = gradient.len().div_ceil(BLOCK);
        sums.by_ref().take(blocks).sum::<f64>()
    });
    squares.sum::<f64>().sqrt()
}
