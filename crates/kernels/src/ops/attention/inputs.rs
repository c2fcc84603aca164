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

/// The output of heads, `batch × queries × heads × dimension`, and what the backward pass needs of each row.
fn forward(shape: Shape, [q, k, v]: [Heads; 3], rotation: Option<&Tables>) -> [Buffer; 2] {
    let (rows, columns) = (shape.batch * shape.queries, shape.query_heads * shape.dimension);
    let [mut output, mut log_sums] = [rows * columns, rows * shape.query_heads].map(Buffer::any);
    let angles = rotation.map(|tables| angles(tables, 0, shape.keys));
    let to = HeadsOut::new(&mut output, columns);
    attention::forward(shape, q, k, v, angles, to, &mut log_sums);
    [output, log_sums]
}

/// From the output, what each row left and the gradient of the output, writes the gradients of queries, keys and values.
fn backward(
    shape: Shape,
    [q, k, v]: [Heads; 3],
    rotation: Option<&Tables>,
    [output, log_sums, doutput]: [&FlexTensor; 3],
    [dq, dk, dv]: [HeadsOut; 3],
) {
    let columns = shape.query_heads * shape.dimension;
    let saved = Saved {
        q,
        k,
        v,
        angles: rotation.map(|tables| angles(tables, 0, shape.keys)),
        output: heads(output, columns),
        log_sums: values(log_sums),
        doutput: heads(doutput, columns),
    };
    attention::backward(shape, saved, dq, dk, dv);
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

    fn parts(&self) -> [Heads<'_>; 3] {
        self.inputs.each_ref().map(|input| {
            let [_, _, count, dimension] = dimensions(input);
            heads(input, count * dimension)
        })
    }

    pub(super) fn forward(&self) -> (FlexTensor, FlexTensor) {
        let [output, log_sums] = forward(self.shape(), self.parts(), self.rotation.as_ref());
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
        let parts = self.parts();
        let [mut dq, mut dk, mut dv] = parts.map(|part| Buffer::any(part.values.len()));
        let outputs = [
            HeadsOut::new(&mut dq, parts[0].stride),
            HeadsOut::new(&mut dk, parts[1].stride),
            HeadsOut::new(&mut dv, parts[2].stride),
        ];
        let saved = [output, log_sums, doutput];
        backward(self.shape(), parts, self.rotation.as_ref(), saved, outputs);
        let [q, k, v] = self.inputs.each_ref().map(dimensions::<4>);
        [tensor(dq, q), tensor(dk, k), tensor(dv, v)]
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
    pub(super) fn new(
        projected: FlexTensor,
        heads: AttentionHeads,
        length: usize,
        rotation: Option<Tables>,
        limits: Limits,
    ) -> Self {
        Self {
            projected: contiguous(projected),
            precision: Precision::current(),
            heads,
            length,
            rotation,
            limits,
        }
    }

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
        let [output, log_sums] = forward(self.shape(), self.parts(), self.rotation.as_ref());
        let ([rows, _], sums) = (dimensions(&self.projected), log_sums.len());
        (
            tensor(output, [rows, self.heads.mixed()]),
            tensor(log_sums, [sums]),
        )
    }

    pub(in crate::ops) fn backward(
        &self,
        output: &FlexTensor,
        log_sums: &FlexTensor,
        doutput: &FlexTensor,
    ) -> FlexTensor {
        let mut gradient = Buffer::any(values(&self.projected).len());
        let widths = self.heads.parts().map(|columns| columns.len());
        let outputs = HeadsOut::split(&mut gradient, widths);
        let saved = [output, log_sums, doutput];
        backward(self.shape(), self.parts(), self.rotation.as_ref(), saved, outputs);
        tensor(gradient, dimensions::<2>(&self.projected))
    }
}
