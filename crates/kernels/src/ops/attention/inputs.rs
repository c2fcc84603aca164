//! The inputs of attention as slices, in either arrangement, and its two passes over them.

use burn_flex::FlexTensor;

use super::packed_shape;
use crate::cpu::attention::{self, Heads, HeadsOut, Limits, Saved, Shape};
use crate::memory::Buffer;
use crate::ops::flex::{contiguous, dimensions, tensor, values};
use crate::ops::rotary::{Tables, angles};
use crate::{AttentionHeads, Precision};

/// Heads at the start of each position.
fn heads(tensor: &FlexTensor, stride: usize) -> Heads<'_> {
    Heads {
        values: values(tensor),
        start: 0,
        stride,
    }
}

/// Queries, keys and values in tensors of their own.
#[derive(Clone, Debug)]
pub(super) struct Separate {
    inputs: [FlexTensor; 3],
    precision: Precision,
    rotation: Option<Tables>,
    limits: Limits,
}

impl Separate {
    pub(super) fn new(inputs: [FlexTensor; 3], rotation: Option<Tables>, limits: Limits) -> Self {
        Self {
            inputs: inputs.map(contiguous),
            precision: Precision::current(),
            rotation,
            limits,
        }
    }

    fn shape(&self) -> Shape {
        let [batch, queries, query_heads, dimension] = dimensions(&self.inputs[0]);
        let [_, keys, key_heads, _] = dimensions(&self.inputs[1]);
        Shape {
            batch,
            queries,
            keys,
            query_heads,
            key_heads,
            dimension,
            precision: self.precision,
            limits: self.limits,
        }
    }

    /// Values from a position to the next, of queries, keys and values.
    fn strides(&self) -> [usize; 3] {
        let Shape {
            query_heads,
            key_heads,
            dimension,
            ..
        } = self.shape();
        [query_heads, key_heads, key_heads].map(|heads| heads * dimension)
    }

    pub(super) fn forward(&self) -> (FlexTensor, FlexTensor) {
        let (shape, strides) = (self.shape(), self.strides());
        let [q, k, v] = std::array::from_fn(|i| heads(&self.inputs[i], strides[i]));
        let mut output = Buffer::any(values(&self.inputs[0]).len());
        let mut log_sums = Buffer::any(shape.batch * shape.query_heads * shape.queries);
        let angles = self.rotation.as_ref().map(|tables| angles(tables, 0, shape.keys));
        attention::forward(
            shape,
            q,
            k,
            v,
            angles,
            HeadsOut::new(&mut output, strides[0]),
            &mut log_sums,
        );
        let sums = log_sums.len();
        (
            tensor(output, dimensions::<4>(&self.inputs[0])),
            tensor(log_sums, [sums]),
        )
    }

    pub(super) fn backward(
        &self,
        output: &FlexTensor,
        log_sums: &FlexTensor,
        doutput: &FlexTensor,
    ) -> [FlexTensor; 3] {
        let (shape, strides) = (self.shape(), self.strides());
        let [q, k, v] = std::array::from_fn(|i| heads(&self.inputs[i], strides[i]));
        let saved = Saved {
            q,
            k,
            v,
            angles: self.rotation.as_ref().map(|tables| angles(tables, 0, shape.keys)),
            output: heads(output, strides[0]),
            log_sums: values(log_sums),
            doutput: heads(doutput, strides[0]),
        };
        let mut gradients = self
            .inputs
            .each_ref()
            .map(|input| Buffer::any(values(input).len()));
        let [dq, dk, dv] = &mut gradients;
        let [dq, dk, dv] = [(dq, 0), (dk, 1), (dv, 2)].map(|(buffer, i)| HeadsOut::new(buffer, strides[i]));
        attention::backward(shape, saved, dq, dk, dv);
        let mut shapes = self.inputs.each_ref().map(dimensions::<4>).into_iter();
        gradients.map(|gradient| tensor(gradient, shapes.next().expect("a shape for each of three inputs")))
    }
}

/// Queries, keys and values in one tensor.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Packed {
    pub(in crate::ops) projected: FlexTensor,
    pub(in crate::ops) precision: Precision,
    pub(in crate::ops) heads: AttentionHeads,
    pub(in crate::ops) length: usize,
    pub(in crate::ops) rotation: Option<Tables>,
    pub(in crate::ops) limits: Limits,
}

impl Packed {
    fn shape(&self) -> Shape {
        let rows = dimensions::<2>(&self.projected)[0];
        Shape {
            precision: self.precision,
            ..packed_shape(rows, self.heads, self.length, self.limits)
        }
    }

    /// Queries, keys and values.
    fn parts(&self) -> [Heads<'_>; 3] {
        let [_, stride] = dimensions(&self.projected);
        self.heads.parts().map(|columns| Heads {
            start: columns.start,
            ..heads(&self.projected, stride)
        })
    }

    pub(in crate::ops) fn forward(&self) -> (FlexTensor, FlexTensor) {
        let (shape, [q, k, v], columns) = (self.shape(), self.parts(), self.heads.mixed());
        let rows = dimensions::<2>(&self.projected)[0];
        let mut output = Buffer::any(rows * columns);
        let mut log_sums = Buffer::any(rows * shape.query_heads);
        let angles = self.rotation.as_ref().map(|tables| angles(tables, 0, shape.keys));
        attention::forward(
            shape,
            q,
            k,
            v,
            angles,
            HeadsOut::new(&mut output, columns),
            &mut log_sums,
        );
        (
            tensor(output, [rows, columns]),
            tensor(log_sums, [rows * shape.query_heads]),
        )
    }

    pub(in crate::ops) fn backward(
        &self,
        output: &FlexTensor,
        log_sums: &FlexTensor,
        doutput: &FlexTensor,
    ) -> FlexTensor {
        let (shape, [q, k, v], columns) = (self.shape(), self.parts(), self.heads.mixed());
        let saved = Saved {
            q,
            k,
            v,
            angles: self.rotation.as_ref().map(|tables| angles(tables, 0, shape.keys)),
            output: heads(output, columns),
            log_sums: values(log_sums),
            doutput: heads(doutput, columns),
        };
        let mut gradient = Buffer::any(values(&self.projected).len());
        let widths = self.heads.parts().map(|columns| columns.len());
        let [dq, dk, dv] = HeadsOut::split(&mut gradient, widths);
        attention::backward(shape, saved, dq, dk, dv);
        tensor(gradient, dimensions::<2>(&self.projected))
    }
}
