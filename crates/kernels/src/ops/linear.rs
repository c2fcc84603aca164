//! Linear maps without bias.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, fused, matrix, tensor};
use super::product::product;
use crate::Precision;
use crate::cpu::matrix::Matrix;
use crate::memory::Buffer;

/// `x × weight`: `[rows, inputs] × [inputs, outputs]`, `[rows, outputs]`.
///
/// # Panics
/// If the inner sizes differ.
pub fn linear(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    if fused(&x) && fused(&weight) {
        Tensor::from_dispatch(Dispatch::linear(x.into_dispatch(), weight.into_dispatch()))
    } else {
        product(x, weight)
    }
}

#[backend_extension(Flex, Autodiff)]
trait Linear: Backend {
    fn linear(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Linear for Flex {
    fn linear(x: FlexTensor, weight: FlexTensor) -> FlexTensor {
        let (x, weight) = (contiguous(x), contiguous(weight));
        product_of(Precision::current(), matrix(&x), matrix(&weight))
    }
}

impl<C: CheckpointStrategy> Linear for Autodiff<Flex, C> {
    fn linear(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        record::<C, _, 2>(
            "linear",
            [x, weight],
            |inputs, _| {
                let (inputs, precision) = (inputs.map(contiguous), Precision::current());
                (
                    product_of(precision, matrix(&inputs[0]), matrix(&inputs[1])),
                    (inputs, precision),
                )
            },
            |([x, weight], precision), dy, [want_dx, want_dweight]| {
                let dy = contiguous(dy);
                let (x, weight, dy) = (matrix(&x), matrix(&weight), matrix(&dy));
                [
                    want_dx.then(|| product_of(precision, dy, weight.transposed())),
                    want_dweight.then(|| product_of(precision, x.transposed(), dy)),
                ]
            },
        )
    }
}

fn product_of(precision: Precision, a: Matrix, b: Matrix) -> FlexTensor {
    let (rows, columns) = (a.rows(), b.columns());
    let mut result = Buffer::any(rows * columns);
    precision.multiply(a, b, &mut result, columns, false);
    tensor(result, [rows, columns])
}
