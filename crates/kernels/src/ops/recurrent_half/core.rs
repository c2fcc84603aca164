//! What recurrent mixers differ in, over tensors or slices.

use std::fmt::Debug;

use burn::tensor::Tensor;

use super::RecurrentState;
use crate::cpu;
use crate::cpu::recurrent::Carried;

/// The small weights, and what is added before roots.
pub(crate) type Small<'s, 'a> = (&'s [&'a [f32]], f32);

/// What a recurrent mixer does between its products, in the sizes of a pass.
pub(crate) trait Recurrence: Copy + 'static {
    /// What profiles call it.
    const NAME: &'static str;
    /// What it does over slices: the same as [`composed`](Self::composed).
    const KERNEL: Kernel<Self>;
    /// The small weights as the kernel takes them.
    type Weights<'a>;
    /// The gradients that the kernel writes.
    type Gradients<'a>;
    /// What the backward pass needs beside the projected rows.
    type Saved: Debug + Send + Sync;

    /// Positions of a sequence.
    fn length(self) -> usize;

    /// Columns of the first product.
    fn columns(self) -> usize;

    /// Values of all heads, what the second product takes.
    fn inner(self) -> usize;

    /// The lengths of the small weights.
    fn small(self) -> Vec<usize>;

    /// The shapes of what is carried.
    fn carried(self) -> [[usize; 4]; 2];

    /// The small weights.
    fn weights<'a>(small: Small<'_, 'a>) -> Self::Weights<'a>;

    /// Where the gradients of projected rows and small weights go.
    fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Self::Gradients<'a>;

    /// The output of projected rows, `[batch × length, inner]`, and what is carried on, as tensor operations.
    fn composed(
        self,
        projected: Tensor<2>,
        small: Vec<Tensor<1>>,
        epsilon: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState);
}

type Weights<'a, R> = <R as Recurrence>::Weights<'a>;
type Saved<R> = <R as Recurrence>::Saved;
type Forward<R> = fn(R, Weights<'_, R>, &[f32], Option<&Carried>, &mut [f32]) -> Saved<R>;
type Backward<R> = fn(R, Weights<'_, R>, &[f32], &Saved<R>, &[f32], <R as Recurrence>::Gradients<'_>);

/// A recurrence over slices.
pub(crate) struct Kernel<R: Recurrence> {
    /// One position of each sequence, in place of what is carried.
    pub(crate) step: fn(R, R::Weights<'_>, &[f32], &mut Carried, &mut [f32]),
    /// Whole sequences, which go on from what was carried or begin.
    pub(crate) forward: Forward<R>,
    /// What is carried on behind them.
    pub(crate) carry: fn(R, &R::Saved, &[f32], &Carried) -> Carried,
    /// The gradients, from that of the output of sequences that begin.
    pub(crate) backward: Backward<R>,
}

/// Makes `Core` and `SavedCore` of the recurrences there are.
macro_rules! cores {
    ($($(#[$about:meta])* $name:ident = $shape:ty,)*) => {
        /// What a recurrent mixer does between its products, and the sizes that it does it in.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Core {
            $($(#[$about])* $name($shape),)*
        }

        /// What a core needs for its backward pass.
        #[derive(Debug)]
        pub(super) enum SavedCore {
            $($name($shape, <$shape as Recurrence>::Saved),)*
        }

        impl Core {
            /// Columns of the first product.
            pub fn columns(self) -> usize {
                match self {
                    $(Self::$name(shape) => Recurrence::columns(shape),)*
                }
            }

            /// Values of all heads, what the second product takes.
            pub fn inner(self) -> usize {
                match self {
                    $(Self::$name(shape) => Recurrence::inner(shape),)*
                }
            }

            /// The lengths of the small weights.
            pub fn small(self) -> Vec<usize> {
                match self {
                    $(Self::$name(shape) => shape.small(),)*
                }
            }

            /// The shapes of what is carried.
            pub fn carried(self) -> [[usize; 4]; 2] {
                match self {
                    $(Self::$name(shape) => shape.carried(),)*
                }
            }

            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$name(_) => <$shape>::NAME,)*
                }
            }

            pub(super) fn length(self) -> usize {
                match self {
                    $(Self::$name(shape) => shape.length(),)*
                }
            }

            pub(super) fn composed(
                self,
                projected: Tensor<2>,
                small: Vec<Tensor<1>>,
                epsilon: f64,
                before: RecurrentState,
            ) -> (Tensor<2>, RecurrentState) {
                match self {
                    $(Self::$name(shape) => shape.composed(projected, small, epsilon, before),)*
                }
            }

            pub(super) fn step(
                self,
                small: Small<'_, '_>,
                projected: &[f32],
                carried: &mut Carried,
                output: &mut [f32],
            ) {
                match self {
                    $(Self::$name(shape) => {
                        (<$shape>::KERNEL.step)(shape, <$shape>::weights(small), projected, carried, output);
                    })*
                }
            }

            pub(super) fn forward(
                self,
                small: Small<'_, '_>,
                projected: &[f32],
                before: Option<&Carried>,
                output: &mut [f32],
            ) -> SavedCore {
                match self {
                    $(Self::$name(shape) => {
                        let weights = <$shape>::weights(small);
                        let saved = (<$shape>::KERNEL.forward)(shape, weights, projected, before, output);
                        SavedCore::$name(shape, saved)
                    })*
                }
            }
        }

        impl SavedCore {
            pub(super) fn carried(&self, projected: &[f32], before: &Carried) -> Carried {
                match self {
                    $(Self::$name(shape, saved) => {
                        (<$shape>::KERNEL.carry)(*shape, saved, projected, before)
                    })*
                }
            }

            pub(super) fn backward(
                &self,
                small: Small<'_, '_>,
                projected: &[f32],
                doutput: &[f32],
                dprojected: &mut [f32],
                dsmall: Vec<&mut [f32]>,
            ) {
                match self {
                    $(Self::$name(shape, saved) => {
                        let weights = <$shape>::weights(small);
                        let gradients = <$shape>::gradients(dprojected, dsmall);
                        (<$shape>::KERNEL.backward)(*shape, weights, projected, saved, doutput, gradients);
                    })*
                }
            }
        }
    };
}

cores! {
    /// Mamba-2. Its small weights are the filter (`taps × channels`), what is added to it (`channels`), what is added to
    /// the steps before softplus (`heads`), the logarithm of the rate at which states decay (`heads`), how much of `x`
    /// goes around the state (`heads`), and the gain after the gate (`inner`).
    Mamba2 = cpu::mamba2::Shape,
    /// Gated DeltaNet. Its small weights are the filter (`taps × channels`), what is added before softplus to what makes
    /// the decays (`heads`), the logarithm of the rate at which states decay (`heads`), and the gain of each head's
    /// normalisation (`value`).
    GatedDelta = cpu::gated_delta::Shape,
    /// Mamba. Its small weights are the filter (`taps × inner`), what is added to it (`inner`), what makes what is
    /// selected by (`inner × selected`), what makes the steps (`rank × inner`), what is added to them before softplus
    /// (`inner`), the logarithm of the rate at which states decay (`state × inner`), how much goes around the state
    /// (`inner`), and, where it is normalised, the gains of what is selected by (`selected`).
    Mamba = cpu::mamba::Shape,
    /// Gated linear attention. Its small weights are what makes the decays (`rank × keys`), what is added to that
    /// (`keys`), and the gain of each head's normalisation (`value`).
    GatedLinear = cpu::gated_linear::Shape,
    /// minGRU or minLSTM. Its small weights are the filter (`taps × columns`), and what is added to it (`columns`).
    MinRnn = cpu::min_rnn::Shape,
    /// LSTM. Its small weights are what the gates see of `h` (`inner × columns`), and what is added to the forget gate
    /// (`inner`) and to the others (`3 inner`).
    Lstm = cpu::lstm::Shape,
    /// Griffin's recurrent block. Its small weights are what is added to the projected rows (`columns`), the filter
    /// (`taps × inner`) and what is added to it (`inner`), the matrices of the recurrence gate (`heads × head × head`) and
    /// what is added (`inner`), the same of the input gate, and what the rate of decay is the softplus of (`inner`).
    RgLru = cpu::rg_lru::Shape,
}
