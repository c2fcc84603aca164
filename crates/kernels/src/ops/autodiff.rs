//! Recording of an operation with its own backward pass.

use std::fmt;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, Flex, tensor::FloatTensor};
use burn_flex::FlexTensor;

use crate::profile::{self, Pass};

/// A backward pass: from what the forward pass saved, the gradient of the output, and which inputs want a
/// gradient, the gradients of the inputs.
pub(crate) type Gradient<S, const N: usize> = fn(S, FlexTensor, [bool; N]) -> [Option<FlexTensor>; N];

struct Recorded<S, const N: usize> {
    operation: &'static str,
    gradient: Gradient<S, N>,
}

impl<S, const N: usize> fmt::Debug for Recorded<S, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.operation)
    }
}

impl<S: Clone + Send + fmt::Debug + 'static, const N: usize> Backward<Flex, N> for Recorded<S, N> {
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = profile::time(self.operation, Pass::Backward, || {
            (self.gradient)(ops.state, gradient, wanted)
        });
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// Runs `forward` on the inputs and records `gradient` with what it saved, under the operation's name.
///
/// `forward` gets the inputs and whether a gradient may be asked for.
pub(crate) fn record<C: CheckpointStrategy, S: Clone + Send + fmt::Debug + 'static, const N: usize>(
    operation: &'static str,
    inputs: [FloatTensor<Autodiff<Flex, C>>; N],
    forward: impl FnOnce([FlexTensor; N], bool) -> (FlexTensor, S),
    gradient: Gradient<S, N>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs = inputs.map(|input| input.into_primitive());
    let recorded = Recorded { operation, gradient };
    let kind = recorded.prepare::<C>(nodes).compute_bound().stateful();
    let tracked = matches!(kind, OpsKind::Tracked(_));
    let (output, saved) = profile::time(operation, Pass::Forward, || forward(inputs, tracked));
    match kind {
        OpsKind::Tracked(preparation) => preparation.finish(saved, output),
        OpsKind::UnTracked(preparation) => preparation.finish(output),
    }
}
