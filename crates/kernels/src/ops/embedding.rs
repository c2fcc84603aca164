//! The rows of a table that tokens choose.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Int, Tensor, module};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, into_mutable, tensor, values};
use super::tied::Meeting;
use crate::cpu::embedding;
use crate::memory::Buffer;

/// The rows of `table` (`[vocabulary, width]`) for `tokens` (`[batch, length]`): `[batch × length, width]`.
///
/// # Panics
/// If a token is not in the vocabulary.
pub fn embedding(table: Tensor<2>, tokens: Tensor<2, Int>) -> Tensor<2> {
    embedding_with(table, tokens, Meeting::default())
}

/// The same; the gradient is added to what is left at the meeting.
pub(super) fn embedding_with(table: Tensor<2>, tokens: Tensor<2, Int>, meeting: Meeting) -> Tensor<2> {
    if fused(&table) {
        let (table, tokens) = (table.into_dispatch(), tokens.into_dispatch());
        return Tensor::from_dispatch(Dispatch::embed(table, tokens, meeting));
    }
    let ([batch, length], width) = (tokens.dims(), table.dims()[1]);
    module::embedding(table, tokens).reshape([batch * length, width])
}

#[backend_extension(Flex, Autodiff)]
trait Embedding: Backend {
    fn embed(table: FloatTensor<Self>, tokens: IntTensor<Self>, meeting: Meeting) -> FloatTensor<Self>;
}

impl Embedding for Flex {
    fn embed(table: FlexTensor, tokens: FlexTensor, _: Meeting) -> FlexTensor {
        forward(&contiguous(table), &token_ids(tokens))
    }
}

impl<C: CheckpointStrategy> Embedding for Autodiff<Flex, C> {
    fn embed(table: FloatTensor<Self>, tokens: IntTensor<Self>, meeting: Meeting) -> FloatTensor<Self> {
        let tokens = token_ids(tokens);
        record::<C, _, 1>(
            "embedding",
            [table],
            |[table], tracked| {
                if tracked {
                    meeting.open();
                }
                let y = forward(&contiguous(table.clone()), &tokens);
                (y, (tokens, dimensions::<2>(&table), meeting))
            },
            |(tokens, [vocabulary, width], meeting), dy, _| {
                let dy = contiguous(dy);
                let gradient = match meeting.take() {
                    Some(left) => {
                        let mut gradient = into_mutable(left);
                        embedding::scatter(values(&dy), width, &tokens, gradient.storage_mut(), true);
                        gradient
                    }
                    None => {
                        let mut gradient = Buffer::any(vocabulary * width);
                        embedding::scatter(values(&dy), width, &tokens, &mut gradient, false);
                        tensor(gradient, [vocabulary, width])
                    }
                };
                [Some(gradient)]
            },
        )
    }
}

fn forward(table: &FlexTensor, tokens: &[u32]) -> FlexTensor {
    let [_, width] = dimensions(table);
    let mut y = Buffer::any(tokens.len() * width);
    embedding::gather(values(table), width, tokens, &mut y);
    tensor(y, [tokens.len(), width])
}

/// The tokens of a tensor of whole numbers of any kind. A negative one becomes one that no vocabulary has.
pub(super) fn token_ids(tokens: FlexTensor) -> Vec<u32> {
    let tokens = contiguous(tokens);
    macro_rules! convert {
        ($kind:ty) => {{
            let ids: &[$kind] = tokens
                .as_slice()
                .expect("contiguous values of the type just matched");
            ids.iter()
                .map(|&id| u32::try_from(id).unwrap_or(u32::MAX))
                .collect()
        }};
    }
    match tokens.dtype() {
        DType::I64 => convert!(i64),
        DType::I32 => convert!(i32),
        DType::I16 => convert!(i16),
        DType::I8 => convert!(i8),
        DType::U64 => convert!(u64),
        DType::U32 => convert!(u32),
        DType::U16 => convert!(u16),
        DType::U8 => convert!(u8),
        other => unreachable!("a tensor of whole numbers has no type {other:?}"),
    }
}
