//! Recording of an operation with its own backward pass.

use std::fmt;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, Flex, tensor::FloatTensor};
use burn_flex::FlexTensor;

/// A backward pass: from what the forward pass saved, the gradient of the output, and which inputs want a
/// gradient, the gradients of the inputs.
pub(crate) type Gradient<S, const N: usize> = fn(S, FlexTensor, [bool; N]) -> [Option<FlexTensor>; N];

struct Recorded<S, const N: usize>(Gradient<S, N>);

impl<S, const N: usize> fmt::Debug for Recorded<S, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Recorded")
    }
}

impl<S: Clone + Send + fmt::Debug + 'static, const N: usize> Backward<Flex, N> for Recorded<S, N> {
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        for (parent, gradient) in ops.parents.into_iter().zip((self.0)(ops.state, gradient, wanted)) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// Runs `forward` on the inputs and records `backward` with what it saved.
///
/// `forward` gets the inputs and whether a gradient may be asked for.
pub(crate) fn record<C: CheckpointStrategy, S: Clone + Send + fmt::Debug + 'static, const N: usize>(
    inputs: [FloatTensor<Autodiff<Flex, C>>; N],
    forward: impl FnOnce([FlexTensor; N], bool) -> (FlexTensor, S),
    backward: Gradient<S, N>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs = inputs.map(|input| input.into_primitive());
    match Recorded(backward).prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(preparation) => {
            let (output, saved) = forward(inputs, true);
            preparation.finish(saved, output)
        }
        OpsKind::UnTracked(preparation) => preparation.finish(forward(inputs, false).0),
    }
}
