//! Linear maps without bias.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, rounded, tensor, values};
use super::product::product;
use crate::Precision;
use crate::cpu::{self, matrix::Matrix};
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

/// `residual + x × weight`: `[rows, outputs]`, `[rows, inputs]` and `[inputs, outputs]` to `[rows, outputs]`. In
/// bf16 one kernel does both.
///
/// # Panics
/// If the sizes do not agree.
pub fn linear_add(residual: Tensor<2>, x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    if rounded() && fused(&residual) && fused(&x) && fused(&weight) {
        let [residual, x, weight] = [residual, x, weight].map(Tensor::into_dispatch);
        return Tensor::from_dispatch(Dispatch::linear_add(residual, x, weight));
    }
    residual + linear(x, weight)
}

#[backend_extension(Flex, Autodiff)]
trait Linear: Backend {
    fn linear(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;
    fn linear_add(
        residual: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl Linear for Flex {
    fn linear(x: FlexTensor, weight: FlexTensor) -> FlexTensor {
        let (x, weight) = (contiguous(x), contiguous(weight));
        product_of(Precision::current(), matrix(&x), matrix(&weight))
    }

    fn linear_add(residual: FlexTensor, x: FlexTensor, weight: FlexTensor) -> FlexTensor {
        added(&[residual, x, weight].map(contiguous))
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

    fn linear_add(
        residual: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        record::<C, _, 3>(
            "linear_add",
            [residual, x, weight],
            |inputs, _| {
                let inputs = inputs.map(contiguous);
                let y = added(&inputs);
                let [_, x, weight] = inputs;
                (y, [x, weight])
            },
            |[x, weight], dy, _| {
                let dy = contiguous(dy);
                let [mut dx, mut dweight] = [&x, &weight].map(|input| Buffer::any(values(input).len()));
                cpu::linear::backward(matrix(&x), matrix(&weight), matrix(&dy), &mut dx, &mut dweight);
                let shapes = [&x, &weight].map(dimensions::<2>);
                [
                    Some(dy),
                    Some(tensor(dx, shapes[0])),
                    Some(tensor(dweight, shapes[1])),
                ]
            },
        )
    }
}

fn added([residual, x, weight]: &[FlexTensor; 3]) -> FlexTensor {
    let mut y = Buffer::any(values(residual).len());
    cpu::linear::forward(values(residual), matrix(x), matrix(weight), &mut y);
    tensor(y, dimensions::<2>(residual))
}

fn matrix(tensor: &FlexTensor) -> Matrix<'_> {
    let [rows, columns] = dimensions(tensor);
    Matrix::new(values(tensor), rows, columns)
}

fn product_of(precision: Precision, a: Matrix, b: Matrix) -> FlexTensor {
    let (rows, columns) = (a.rows(), b.columns());
    let mut result = Buffer::any(rows * columns);
    precision.multiply(a, b, &mut result, columns, false);
    tensor(result, [rows, columns])
}
