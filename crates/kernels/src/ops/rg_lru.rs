//! What Griffin's recurrent block does between its products, as tensor operations, and its small weights as the kernel
//! takes them.

use burn::tensor::{Tensor, activation::sigmoid};

use super::activation::activation;
use super::mamba2::softplus;
use super::min_rnn::recurrence;
use super::product::product;
use super::recurrent_half::{Kernel, Recurrence, RecurrentState, Small};
use super::short_convolution::filtered;
use crate::cpu::activation::Activation;
use crate::cpu::gelu::Form;
use crate::cpu::rg_lru::{self as kernel, Gradients, SHARPNESS, Shape, Weights};

impl Recurrence for Shape {
    const NAME: &'static str = "rg_lru";
    const KERNEL: Kernel<Self> = Kernel {
        step: kernel::step,
        forward: kernel::forward,
        carry: |shape, saved, _, before| saved.carried(shape, Some(before)),
        backward: |shape, weights, _, saved, doutput, gradients| {
            kernel::backward(shape, weights, saved, doutput, gradients);
        },
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
        let (inner, gate) = (self.inner, self.inner * self.head());
        let gates = [gate, inner, gate, inner];
        let before = [self.columns(), self.taps * inner, inner];
        before.into_iter().chain(gates).chain([inner]).collect()
    }

    fn carried(self) -> [[usize; 4]; 2] {
        [
            [self.batch, 1, self.taps - 1, self.inner],
            [self.batch, 1, 1, self.state_size()],
        ]
    }

    fn weights<'a>((small, _): Small<'_, 'a>) -> Weights<'a> {
        match *small {
            [
                projection_bias,
                filter,
                filter_bias,
                recurrence_gate,
                recurrence_bias,
                input_gate,
                input_bias,
                decay,
            ] => Weights {
                projection_bias,
                filter,
                filter_bias,
                gates: [recurrence_gate, input_gate],
                gate_biases: [recurrence_bias, input_bias],
                decay,
            },
            _ => unreachable!("as many as `small` tells"),
        }
    }

    fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Gradients<'a> {
        match <[&mut [f32]; 8]>::try_from(small) {
            Ok(
                [
                    projection_bias,
                    filter,
                    filter_bias,
                    recurrence_gate,
                    recurrence_bias,
                    input_gate,
                    input_bias,
                    decay,
                ],
            ) => Gradients {
                projected,
                projection_bias,
                filter,
                filter_bias,
                gates: [recurrence_gate, input_gate],
                gate_biases: [recurrence_bias, input_bias],
                decay,
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
        let Ok(
            [
                projection_bias,
                filter,
                filter_bias,
                recurrence_gate,
                recurrence_bias,
                input_gate,
                input_bias,
                decay,
            ],
        ) = <[Tensor<1>; 8]>::try_from(small)
        else {
            unreachable!("as many as `small` tells");
        };
        let Shape {
            batch,
            length,
            inner,
            heads,
            taps,
        } = self;
        let (rows, head) = (batch * length, self.head());
        let biased = projected + projection_bias.unsqueeze();
        let outer = activation(
            biased.clone().slice_dim(1, 0..inner),
            Activation::Gelu(Form::Tanh),
        );
        let x = biased
            .slice_dim(1, inner..2 * inner)
            .reshape([batch, length, inner]);
        let (x, window) = filtered(x, filter.reshape([taps, inner]), Some(filter_bias), before.window);
        let by_head = x.clone().reshape([rows, heads, head]).swap_dims(0, 1);
        let gate = |gate: Tensor<1>, bias: Tensor<1>| {
            let made = product(by_head.clone(), gate.reshape([heads, head, head]));
            let made = made.swap_dims(0, 1).reshape([batch, length, inner]);
            sigmoid(made + bias.unsqueeze())
        };
        let rates = softplus(decay.unsqueeze()).mul_scalar(-f64::from(SHARPNESS));
        let exponent = gate(recurrence_gate, recurrence_bias) * rates;
        // 1 - e^2x = -tanh(x) (1 + e^2x), without the difference of what is nearly equal; away from zero, where a root has
        // no slope.
        let rest = exponent.clone().neg().tanh() * exponent.clone().mul_scalar(2.0).exp().add_scalar(1.0);
        let root = rest.clamp_min(1e-12).sqrt();
        // Of the first position of a sequence that begins it is one.
        let state = before.state.reshape([batch, 1, inner + 1]);
        let told = state.clone().slice_dim(2, inner..inner + 1);
        let first = root.clone().slice_dim(1, 0..1) * told.clone() - told.add_scalar(-1.0);
        let root = match length {
            1 => first,
            _ => Tensor::cat(vec![first, root.slice_dim(1, 1..length)], 1),
        };
        let inputs = root * gate(input_gate, input_bias) * x;
        let (states, last) = recurrence(exponent.exp(), inputs, state.slice_dim(2, 0..inner));
        let ones = Tensor::ones([batch, 1, 1], (&last.device(), last.dtype()));
        let state = Tensor::cat(vec![last, ones], 2).reshape([batch, 1, 1, inner + 1]);
        (
            states.reshape([rows, inner]) * outer,
            RecurrentState { window, state },
        )
    }
}
