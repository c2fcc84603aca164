//! What mixes the numbers of a column.

use std::ops::Range;

use triaxis_kernels::cpu::activation::{self, Activation};
use triaxis_kernels::cpu::{gelu, swiglu};
use triaxis_model::ChannelSpec;
use triaxis_model::channels::{Gelu, SwiGlu};

use super::load::Load;
use super::norm::Normalised;
use super::projection::{Inputs, Pair, Projection, Run, split};
use super::stream::Stream;
use crate::error::InferError;

/// A channel with its weights.
#[derive(Debug)]
pub(super) struct Channel {
    norm: Normalised,
    inner: Inner,
    down: Projection,
    down_bias: Option<Vec<f32>>,
}

/// What is between the norm and the product back.
#[derive(Debug)]
enum Inner {
    SwiGlu(Pair),
    Gelu {
        up: Projection,
        bias: Option<Vec<f32>>,
        form: gelu::Form,
    },
}

/// What is written between products.
#[derive(Debug, Default)]
pub(super) struct Room {
    x: Inputs,
    gate: Stream,
    up: Stream,
}

impl Channel {
    pub(super) fn load(load: &Load<'_>, spec: &ChannelSpec) -> Result<Self, InferError> {
        let norm = Normalised::load(load, "feed_forward_norm")?;
        let down = load.projection("down")?;
        match spec {
            ChannelSpec::SwiGlu(settings) => Self::swiglu(load, settings, norm, down),
            ChannelSpec::Gelu(settings) => Self::gelu(load, settings, norm, down),
            ChannelSpec::GeGlu(_) | ChannelSpec::Rwkv7Channel(_) | ChannelSpec::Experts(_) => {
                unreachable!("an engine of blocks is of the other channels")
            }
        }
    }

    fn swiglu(
        load: &Load<'_>,
        settings: &SwiGlu,
        norm: Normalised,
        down: Projection,
    ) -> Result<Self, InferError> {
        let inner = settings.inner(load.source.stack().width);
        let [gate, up] = split(load.pieces("gate_and_up")?, inner);
        Ok(Self {
            norm,
            inner: Inner::SwiGlu(Pair {
                gate: Projection::new(gate)?,
                up: Projection::new(up)?,
            }),
            down,
            down_bias: None,
        })
    }

    fn gelu(
        load: &Load<'_>,
        settings: &Gelu,
        norm: Normalised,
        down: Projection,
    ) -> Result<Self, InferError> {
        let bias = |name| settings.bias.then(|| load.vector(name)).transpose();
        Ok(Self {
            norm,
            inner: Inner::Gelu {
                up: load.projection("up")?,
                bias: bias("up_bias")?,
                form: match settings.approximate {
                    true => gelu::Form::Tanh,
                    false => gelu::Form::Exact,
                },
            },
            down,
            down_bias: bias("down_bias")?,
        })
    }

    /// Its matrices.
    pub(super) fn projections(&self) -> impl Iterator<Item = &Projection> {
        let (first, second) = match &self.inner {
            Inner::SwiGlu(pair) => (&pair.gate, Some(&pair.up)),
            Inner::Gelu { up, .. } => (up, None),
        };
        [first, &self.down].into_iter().chain(second)
    }

    /// The matrices that its products begin with, in turn.
    pub(super) fn in_turn(&self) -> [&Projection; 2] {
        match &self.inner {
            Inner::SwiGlu(pair) => [&pair.gate, &self.down],
            Inner::Gelu { up, .. } => [up, &self.down],
        }
    }

    /// Adds what it makes of the stream's columns to them.
    pub(super) fn run(&self, run: &mut Run<'_>, room: &mut Room, stream: &mut Stream) {
        let columns = stream.columns();
        let Room { x, gate, up } = room;
        let normalised = |columns: Range<usize>, out: &mut [f32]| self.norm.gather(stream, columns, out);
        match &self.inner {
            Inner::SwiGlu(pair) => {
                gate.resize(pair.gate.strips(), columns);
                up.resize(pair.up.strips(), columns);
                pair.multiply(run, x, &normalised, [gate, up], swiglu::forward_in_place);
            }
            Inner::Gelu { up, .. } => {
                gate.resize(up.strips(), columns);
                up.multiply(run, x, &normalised, false, gate);
            }
        }
        let inner = &*gate;
        let mixed = |columns: Range<usize>, out: &mut [f32]| {
            inner.gather_all(columns, out);
            if let Inner::Gelu { bias, form, .. } = &self.inner {
                for row in out.chunks_exact_mut(self.down.columns()) {
                    if let Some(bias) = bias {
                        row.iter_mut().zip(bias).for_each(|(row, bias)| *row += bias);
                    }
                    let before = row.to_vec();
                    activation::forward(&before, Activation::Gelu(*form), row);
                }
            }
        };
        self.down.multiply(run, x, &mixed, true, stream);
        if let Some(bias) = &self.down_bias {
            stream.add(bias);
        }
    }
}
