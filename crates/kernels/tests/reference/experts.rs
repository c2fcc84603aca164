//! Experts, a row and a choice at a time.

use super::{Product, multiply, swiglu, swiglu_gradient};

/// Rows, width, inner width, experts, and how many of them a row passes.
pub(crate) type Sizes = [usize; 5];

/// `y`, and the gradients of `x`, the scales, gate and up, and down.
pub(crate) fn experts(
    [rows, width, inner, experts, chosen]: Sizes,
    choices: &[u32],
    [x, scales, gate_and_up, down, dy]: [&[f64]; 5],
) -> (Vec<f64>, [Vec<f64>; 4]) {
    let mut y = vec![0.0; rows * width];
    let mut dx = vec![0.0; rows * width];
    let mut dscales = vec![0.0; rows * chosen];
    let mut dgate_and_up = vec![0.0; experts * width * 2 * inner];
    let mut ddown = vec![0.0; experts * inner * width];
    let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    for place in 0..rows * chosen {
        let (row, expert, scale) = (place / chosen, choices[place] as usize, scales[place]);
        let values = row * width..(row + 1) * width;
        let first = expert * width * 2 * inner..(expert + 1) * width * 2 * inner;
        let second = expert * inner * width..(expert + 1) * inner * width;
        let (x, dy) = (&x[values.clone()], &dy[values.clone()]);
        let before = multiply(x, &gate_and_up[first.clone()], 1, width, 2 * inner);
        let gated = swiglu(&before, inner);
        let out = Product::new(&gated, &down[second.clone()], dy, [1, inner, width]);
        let scaled = |values: &[f64]| values.iter().map(|value| value * scale).collect::<Vec<f64>>();
        add(&mut y[values.clone()], &scaled(&out.y));
        dscales[place] = out.y.iter().zip(dy).map(|(y, dy)| y * dy).sum();
        add(&mut ddown[second], &scaled(&out.dweight));
        let dbefore = swiglu_gradient(&before, inner, &scaled(&out.dx));
        let into = Product::new(x, &gate_and_up[first.clone()], &dbefore, [1, width, 2 * inner]);
        add(&mut dgate_and_up[first], &into.dweight);
        add(&mut dx[values], &into.dx);
    }
    (y, [dx, dscales, dgate_and_up, ddown])
}

/// Choices of distinct experts.
pub(crate) fn choices(seed: u64, [rows, _, _, experts, chosen]: Sizes) -> Vec<u32> {
    let firsts = super::random_tokens(seed, rows, experts);
    let steps = super::random_tokens(seed + 1, rows, experts);
    let of_row = |(first, step): (u32, u32)| {
        // A rotation of all experts by a step that leaves none out.
        let step = if experts > 2 && step % 2 == 1 {
            experts as u32 - 1
        } else {
            1
        };
        (0..chosen as u32).map(move |slot| (first + slot * step) % experts as u32)
    };
    firsts.into_iter().zip(steps).flat_map(of_row).collect()
}
