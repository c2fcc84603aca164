//! The backward pass, chunk by chunk from the last to the first.

use super::{CHUNK, Inputs, Left, Shape, advance};
use crate::memory::Buffer;
use crate::parallel::{Shared, block};
use crate::simd::{LANES, Simd, dispatch};

/// The gradients that [`backward`] writes, of what [`Inputs`] names so.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Each `rows × inner`: those of `r`, `w`, `k`, `v`, `a` and `b`.
    pub inputs: [&'a mut [f32]; 6],
}

/// From the gradient of `y` of sequences that begin, writes those of the inputs.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(shape: Shape, inputs: Inputs, left: &Left, doutput: &[f32], gradients: Gradients) {
    inputs.check(shape);
    let wanted = shape.rows() * shape.inner();
    let lengths = gradients.inputs.each_ref().map(|gradient| gradient.len());
    assert!(
        doutput.len() == wanted && lengths == [wanted; 6],
        "a gradient for each output and for each input of {shape:?}"
    );
    let targets = gradients.inputs.map(Shared::new);
    shape.for_each(4, |sequence, head| {
        let mut room = Room::of(shape);
        let mut dstate = Buffer::zeros(shape.filled_state());
        for chunk in (0..shape.chunks()).rev() {
            let positions = block(chunk, CHUNK, shape.length);
            let index = (sequence * shape.heads + head) * shape.chunks() + chunk;
            let size = shape.filled_state();
            room.states[..size].copy_from_slice(&left.kept[index * size..][..size]);
            for (place, position) in positions.clone().enumerate() {
                let at = inputs.at(shape, sequence, position, head);
                let (before, after) = room.states.split_at_mut((place + 1) * size);
                let seen = &mut room.seen[place * shape.filled()..][..shape.filled()];
                dispatch!(advance(
                    at,
                    &before[place * size..],
                    &mut after[..size],
                    &mut room.read,
                    seen
                ));
            }
            for (place, position) in positions.enumerate().rev() {
                let own = shape.place(sequence, position, head);
                let of = Position {
                    at: inputs.at(shape, sequence, position, head),
                    dy: &doutput[own.clone()],
                    before: &room.states[place * size..][..size],
                    after: &room.states[(place + 1) * size..][..size],
                    seen: &room.seen[place * shape.filled()..][..shape.filled()],
                };
                let sums = [&mut room.dseen, &mut room.dvalue, &mut room.dy].map(|of| &mut **of);
                dispatch!(position_of(&of, &mut dstate, sums, &mut room.gradients));
                let found = room.gradients.chunks_exact(shape.filled());
                for (target, gradient) in targets.iter().zip(found) {
                    // SAFETY: each task has a head of a sequence of its own.
                    let to = unsafe { target.part(own.clone()) };
                    to.copy_from_slice(&gradient[..shape.size]);
                }
            }
        }
    });
}

/// What a task works in.
struct Room {
    /// From the beginning of a chunk to its end.
    states: Buffer,
    /// What `a` saw at each position of it.
    seen: Buffer,
    read: Buffer,
    dseen: Buffer,
    dvalue: Buffer,
    /// The gradient of `y`, filled up.
    dy: Buffer,
    /// Those of the inputs.
    gradients: Buffer,
}

impl Room {
    fn of(shape: Shape) -> Self {
        let filled = shape.filled();
        Self {
            states: Buffer::any((CHUNK + 1) * shape.filled_state()),
            seen: Buffer::any(CHUNK * filled),
            read: Buffer::any(filled),
            dseen: Buffer::any(filled),
            dvalue: Buffer::any(filled),
            dy: Buffer::any(filled),
            gradients: Buffer::any(6 * filled),
        }
    }
}

/// A head at one position, with its states before and after, what `a` saw, and the gradient of `y`.
struct Position<'a> {
    at: Inputs<'a>,
    dy: &'a [f32],
    before: &'a [f32],
    after: &'a [f32],
    seen: &'a [f32],
}

#[inline(always)]
fn position_of<S: Simd>(
    simd: S,
    of: &Position,
    dstate: &mut [f32],
    sums: [&mut [f32]; 3],
    gradients: &mut [f32],
) {
    of.backward(simd, dstate, sums, gradients);
}

impl Position<'_> {
    /// From the gradient of the state after it, which becomes that of the state before it, those of the keys, and of
    /// what was seen and written.
    #[inline(always)]
    fn backward<S: Simd>(
        &self,
        simd: S,
        dstate: &mut [f32],
        [dseen, dvalue, dy]: [&mut [f32]; 3],
        gradients: &mut [f32],
    ) {
        let (filled, size) = (self.seen.len(), self.dy.len());
        dseen.fill(0.0);
        dvalue.fill(0.0);
        dy.fill(0.0);
        dy[..size].copy_from_slice(self.dy);
        for first in (0..size).step_by(LANES) {
            // Of 16 keys at a time, whose sums over values are then summed together: `r`, `w`, `k` and `b`.
            let mut sums = [[simd.splat(0.0); LANES]; 4];
            for key in first..size.min(first + LANES) {
                let row = key * filled..(key + 1) * filled;
                let rows = [&self.before[row.clone()], &self.after[row.clone()]];
                let [of_r, of_w, of_k, of_b] =
                    self.key(simd, key, rows, &mut dstate[row], [dseen, dvalue, dy]);
                // One by one: iterators may be compiled without the instructions.
                let place = key - first;
                (sums[0][place], sums[1][place]) = (of_r, of_w);
                (sums[2][place], sums[3][place]) = (of_k, of_b);
            }
            for (which, of) in [(0, 0), (1, 1), (2, 2), (5, 3)] {
                let to = which * filled + first;
                simd.store_partial(simd.sum_each(sums[of]), &mut gradients[to..][..LANES]);
            }
        }
        gradients[3 * filled..4 * filled].copy_from_slice(dvalue);
        for first in (0..size).step_by(LANES) {
            let mut sums = [simd.splat(0.0); LANES];
            for key in first..size.min(first + LANES) {
                let row = key * filled..(key + 1) * filled;
                sums[key - first] = self.asked(simd, key, row, dstate, dseen);
            }
            let to = &mut gradients[4 * filled + first..][..LANES];
            simd.store_partial(simd.sum_each(sums), to);
        }
    }

    /// Adds to the gradient of a row of the state what reads it, and to those of what was seen and written what the row
    /// got of them; returns the terms of the gradients of `r`, `w`, `k` and `b` at this key.
    #[inline(always)]
    fn key<S: Simd>(
        &self,
        simd: S,
        key: usize,
        [before, after]: [&[f32]; 2],
        dstate: &mut [f32],
        [dseen, dvalue, dy]: [&mut [f32]; 3],
    ) -> [S::Floats; 4] {
        let mut sums = [simd.splat(0.0); 4];
        let r = simd.splat(self.at.r[key]);
        let k = simd.splat(self.at.k[key]);
        let b = simd.splat(self.at.b[key]);
        for start in (0..dstate.len()).step_by(LANES) {
            let lanes = start..start + LANES;
            let dy = lanes_of(simd, dy, start);
            let gradient = simd.mul_add(r, dy, lanes_of(simd, dstate, start));
            simd.store_partial(gradient, &mut dstate[lanes.clone()]);
            let value = simd.load_partial(self.at.v.get(start..).unwrap_or(&[]), 0.0);
            sums[0] = simd.mul_add(lanes_of(simd, after, start), dy, sums[0]);
            sums[1] = simd.mul_add(lanes_of(simd, before, start), gradient, sums[1]);
            sums[2] = simd.mul_add(value, gradient, sums[2]);
            sums[3] = simd.mul_add(lanes_of(simd, self.seen, start), gradient, sums[3]);
            let of_seen = simd.mul_add(b, gradient, lanes_of(simd, dseen, start));
            simd.store_partial(of_seen, &mut dseen[lanes.clone()]);
            let of_value = simd.mul_add(k, gradient, lanes_of(simd, dvalue, start));
            simd.store_partial(of_value, &mut dvalue[lanes.clone()]);
        }
        sums
    }

    /// Makes the gradient of a row of the state that of the row before; returns the terms of that of `a` at this key.
    #[inline(always)]
    fn asked<S: Simd>(
        &self,
        simd: S,
        key: usize,
        row: std::ops::Range<usize>,
        dstate: &mut [f32],
        dseen: &[f32],
    ) -> S::Floats {
        let mut sum = simd.splat(0.0);
        let (w, a) = (simd.splat(self.at.w[key]), simd.splat(self.at.a[key]));
        let (before, dstate) = (&self.before[row.clone()], &mut dstate[row]);
        for start in (0..dstate.len()).step_by(LANES) {
            let lanes = start..start + LANES;
            let dseen = lanes_of(simd, dseen, start);
            sum = simd.mul_add(lanes_of(simd, before, start), dseen, sum);
            let gradient = simd.mul_add(a, dseen, simd.mul(w, lanes_of(simd, dstate, start)));
            simd.store_partial(gradient, &mut dstate[lanes]);
        }
        sum
    }
}

/// Sixteen values from a place on.
#[inline(always)]
fn lanes_of<S: Simd>(simd: S, values: &[f32], start: usize) -> S::Floats {
    simd.load_partial(&values[start..start + LANES], 0.0)
}
