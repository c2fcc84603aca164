//! Rotary positions.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::attention::Rotation;
use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::rotary::{Angles, Turn, rotate};
use crate::memory::Buffer;

/// Turns every head of `x` (`[batch, length, heads, dimension]`), whose positions begin at `first`, by the angles of its
/// position (Su et al. 2021, equation 34): each pair (i, i + half) of the 2 half coordinates that turn. Attention can do
/// the same on its way: [`causal_attention`](crate::causal_attention).
///
/// # Panics
/// If the rotation has fewer positions than the length, or turns more than a head has.
pub fn rotary(x: Tensor<4>, rotation: &Rotation, first: usize) -> Tensor<4> {
    let [_, length, _, dimension] = x.dims();
    rotation.check(first + length, dimension);
    if fused(&x) {
        return Tensor::from_dispatch(Dispatch::rotate(x.into_dispatch(), rotation.tables(), first));
    }
    composed(x, rotation, first)
}

/// The composition, for positions from `first` on.
pub(super) fn composed(x: Tensor<4>, rotation: &Rotation, first: usize) -> Tensor<4> {
    let [batch, length, heads, dimension] = x.dims();
    let [_, half] = rotation.cosines().dims();
    let part = |table: &Tensor<2>| {
        table
            .clone()
            .slice([first..first + length, 0..half])
            .reshape([1, length, 1, half])
    };
    let (cosine, sine) = (part(rotation.cosines()), part(rotation.sines()));
    let x0 = x.clone().slice([0..batch, 0..length, 0..heads, 0..half]);
    let x1 = x.clone().slice([0..batch, 0..length, 0..heads, half..2 * half]);
    let y0 = x0.clone() * cosine.clone() - x1.clone() * sine.clone();
    let mut parts = vec![y0, x0 * sine + x1 * cosine];
    if 2 * half < dimension {
        parts.push(x.slice([0..batch, 0..length, 0..heads, 2 * half..dimension]));
    }
    Tensor::cat(parts, 3)
}

/// The cosines and sines as the kernels read them, `[positions, dimension / 2]` each.
pub(super) type Tables = [FlexTensor; 2];

/// The angles of `length` positions from `first` on.
pub(super) fn angles(tables: &Tables, first: usize, length: usize) -> Angles<'_> {
    let [_, half] = dimensions(&tables[0]);
    let part = first * half..(first + length) * half;
    let [cosines, sines] = tables.each_ref().map(|table| &values(table)[part.clone()]);
    Angles { cosines, sines, half }
}

#[backend_extension(Flex, Autodiff)]
trait Rotary: Backend {
    fn rotate(x: FloatTensor<Self>, tables: Tables, first: usize) -> FloatTensor<Self>;
}

impl Rotary for Flex {
    fn rotate(x: FlexTensor, tables: Tables, first: usize) -> FlexTensor {
        turn(x, &tables, first, Turn::Forward)
    }
}

impl<C: CheckpointStrategy> Rotary for Autodiff<Flex, C> {
    fn rotate(x: FloatTensor<Self>, tables: Tables, first: usize) -> FloatTensor<Self> {
        record::<C, _, 1>(
            "rotary",
            [x],
            |[x], _| (turn(x, &tables, first, Turn::Forward), (tables, first)),
            |(tables, first), dy, _| [Some(turn(dy, &tables, first, Turn::Back))],
        )
    }
}

fn turn(x: FlexTensor, tables: &Tables, first: usize, turn: Turn) -> FlexTensor {
    let (x, shape) = (contiguous(x.clone()), dimensions::<4>(&x));
    let [_, length, heads, dimension] = shape;
    let mut y = Buffer::any(values(&x).len());
    rotate(
        values(&x),
        length,
        heads,
        dimension,
        angles(tables, first, length),
        turn,
        &mut y,
    );
    tensor(y, shape)
}
