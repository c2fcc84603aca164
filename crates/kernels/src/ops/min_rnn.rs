//! What minGRU and minLSTM do between their products, as tensor operations, and their small weights as the kernel takes
//! them.

use burn::tensor::{Tensor, activation::sigmoid};

use super::recurrent_half::{Kernel, Recurrence, RecurrentState, Small};
use super::short_convolution::filtered;
use crate::cpu::min_rnn::{self as kernel, Gradients, Kind, Shape, Weights};

impl Recurrence for Shape {
    const NAME: &'static str = "min_rnn";
    const KERNEL: Kernel<Self> = Kernel {
        step: kernel::step,
        forward: kernel::forward,
        carry: |shape, saved, projected, before| saved.carried(shape, projected, Some(before)),
        backward: kernel::backward,
    };
    type Weights<'a> = Weights<'a>;
    type Gradients<'a> = Gradients<'a>;
    type Saved = kernel::Saved;

    fn length(self) -> usize {
        self.length
    }

    fn columns(self) -> usize {
        Shape::columns(&self)
    }

    fn inner(self) -> usize {
        self.inner
    }

    fn small(self) -> Vec<usize> {
        vec![self.taps * self.columns(), self.columns()]
    }

    fn carried(self) -> [[usize; 4]; 2] {
        [
            [self.batch, 1, self.taps - 1, self.columns()],
            [self.batch, 1, 1, self.inner],
        ]
    }

    fn weights<'a>((small, _): Small<'_, 'a>) -> Weights<'a> {
        match *small {
            [filter, filter_bias] => Weights { filter, filter_bias },
            _ => unreachable!("as many as `small` tells"),
        }
    }

    fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Gradients<'a> {
        match <[&mut [f32]; 2]>::try_from(small) {
            Ok([filter, filter_bias]) => Gradients {
                projected,
                filter,
                filter_bias,
            },
            Err(_) => unreachable!("as many as `small` tells"),
        }
    }

    fn composed(
        self,
        projected: Tensor<2>,
        small: Vec<Tensor<1>>,
        _: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState) {
        let Ok([filter, filter_bias]) = <[Tensor<1>; 2]>::try_from(small) else {
            unreachable!("as many as `small` tells");
        };
        let Shape {
            batch, length, inner, ..
        } = self;
        let x = projected.reshape([batch, length, self.columns()]);
        let filter = filter.reshape([self.taps, self.columns()]);
        let (convolved, window) = filtered(x, filter, Some(filter_bias), before.window);
        let part = |index: usize| {
            convolved
                .clone()
                .slice([0..batch, 0..length, index * inner..(index + 1) * inner])
        };
        let (a, b) = match self.kind {
            Kind::Gru => {
                let open = sigmoid(part(0));
                (open.clone().neg().add_scalar(1.0), open * part(1))
            }
            Kind::Lstm => {
                let [forget, input] = [0, 1].map(|index| sigmoid(part(index)));
                let sum = forget.clone() + input.clone();
                (forget / sum.clone(), input / sum * part(2))
            }
        };
        let (states, state) = recurrence(a, b, before.state.reshape([batch, 1, inner]));
        (
            states.reshape([batch * length, inner]),
            RecurrentState {
                window,
                state: state.reshape([batch, 1, 1, inner]),
            },
        )
    }
}

/// `h[t] = a[t] h[t-1] + b[t]` of `[batch, length, channels]`, position by position, from a state `[batch, 1, channels]`;
/// and the last state.
pub(super) fn recurrence(a: Tensor<3>, b: Tensor<3>, mut state: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let length = a.dims()[1];
    let mut states = Vec::new();
    for position in 0..length {
        let at = |of: &Tensor<3>| of.clone().slice_dim(1, position..position + 1);
        state = at(&a) * state + at(&b);
        states.push(state.clone());
    }
    (Tensor::cat(states, 1), state)
}
