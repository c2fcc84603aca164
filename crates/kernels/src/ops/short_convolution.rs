//! The short convolution of recurrent mixers, as tensor operations.

use burn::tensor::{Tensor, activation::silu};

/// The convolved rows of `[batch, length, channels]` after SiLU, and the last rows. Those before them are the window,
/// `[batch, 1, taps - 1, channels]`; the filter is `[taps, channels]`.
pub(super) fn convolved(
    x: Tensor<3>,
    filter: Tensor<2>,
    bias: Option<Tensor<1>>,
    window: Tensor<4>,
) -> (Tensor<3>, Tensor<4>) {
    let (sum, window) = filtered(x, filter, bias, window);
    (silu(sum), window)
}

/// The same without SiLU.
pub(super) fn filtered(
    x: Tensor<3>,
    filter: Tensor<2>,
    bias: Option<Tensor<1>>,
    window: Tensor<4>,
) -> (Tensor<3>, Tensor<4>) {
    let ([batch, length, channels], [taps, _]) = (x.dims(), filter.dims());
    let rows = match taps {
        1 => x,
        _ => Tensor::cat(vec![window.reshape([batch, taps - 1, channels]), x], 1),
    };
    let part = |start: usize, count: usize| rows.clone().slice([0..batch, start..start + count, 0..channels]);
    let terms = (0..taps).map(|tap| {
        let filter = filter.clone().slice([tap..tap + 1, 0..channels]);
        part(tap, length) * filter.unsqueeze::<3>()
    });
    let sum = terms.reduce(|sum, term| sum + term).expect("a filter has a tap");
    let sum = match bias {
        Some(bias) => sum + bias.unsqueeze::<3>(),
        None => sum,
    };
    (
        sum,
        part(length, taps - 1).reshape([batch, 1, taps - 1, channels]),
    )
}
