//! What mixes the numbers of a column.

use triaxis_blocks::Precision;
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

    /// Adds what it makes of the stream's columns to them.
    pub(super) fn run(&self, run: &mut Run<'_>, room: &mut Room, stream: &mut Stream) {
        let columns = stream.columns();
        let (first, precisions) = match &self.inner {
            Inner::SwiGlu(pair) => {
                let both = pair
                    .gate
                    .precisions(run.precision)
                    .chain(pair.up.precisions(run.precision));
                (&pair.gate, both.collect::<Vec<_>>())
            }
            Inner::Gelu { up, .. } => (up, up.precisions(run.precision).collect()),
        };
        let width = first.columns();
        room.x.fill(
            run.team,
            run.level,
            (width, columns),
            &precisions,
            |column, out| self.norm.apply(stream, column, out),
        );
        room.gate.resize(first.strips(), columns);
        match &self.inner {
            Inner::SwiGlu(pair) => {
                room.up.resize(pair.up.strips(), columns);
                pair.multiply(
                    run,
                    &room.x,
                    [&mut room.gate, &mut room.up],
                    swiglu::forward_in_place,
                );
            }
            Inner::Gelu { up, .. } => up.multiply(run, &room.x, false, &mut room.gate),
        }
        let precisions: Vec<Precision> = self.down.precisions(run.precision).collect();
        let shape = (self.down.columns(), columns);
        let inner = &room.gate;
        room.x.fill(
            run.team,
            run.level,
            shape,
            &precisions,
            |column, out| match &self.inner {
                Inner::SwiGlu(_) => inner.gather(column, 0, out),
                Inner::Gelu { bias, form, .. } => {
                    let mut row = vec![0.0; out.len()];
                    inner.gather(column, 0, &mut row);
                    if let Some(bias) = bias {
                        row.iter_mut().zip(bias).for_each(|(row, bias)| *row += bias);
                    }
                    gelu::forward(&row, *form, out);
                }
            },
        );
        self.down.multiply(run, &room.x, true, stream);
        if let Some(bias) = &self.down_bias {
            stream.add(bias);
        }
    }
}
