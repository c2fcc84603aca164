//! Mamba-2 between its products, position by position in double precision.

use triaxis_kernels::cpu::mamba2::Shape;

use super::sigmoid;

/// The projected rows, then filter, its bias, the steps' bias, decay, skip and gain.
pub(crate) type Inputs<T> = [Vec<T>; 7];

/// How many values each input has.
pub(crate) fn lengths(shape: Shape) -> [usize; 7] {
    let Shape { heads, taps, .. } = shape;
    [
        shape.batch * shape.length * shape.columns(),
        taps * shape.channels(),
        shape.channels(),
        heads,
        heads,
        heads,
        shape.inner(),
    ]
}

/// The output of sequences that begin, `rows × inner`.
pub(crate) fn mamba2(shape: Shape, inputs: &Inputs<f64>, epsilon: f64) -> Vec<f64> {
    let [projected, filter, filter_bias, step_bias, decay_log, skip, gain] = inputs;
    let (inner, channels, columns) = (shape.inner(), shape.channels(), shape.columns());
    let (states, dimension) = (shape.state, shape.dimension);
    let mut output = Vec::new();
    for sequence in projected.chunks(shape.length * columns) {
        let mut state = vec![0.0; shape.heads * states * dimension];
        for position in 0..shape.length {
            let row = &sequence[position * columns..][..columns];
            let convolved: Vec<f64> = (0..channels)
                .map(|channel| {
                    let seen = (0..shape.taps).filter(|tap| position + tap + 1 >= shape.taps);
                    let terms = seen.map(|tap| {
                        let at = position + tap + 1 - shape.taps;
                        filter[tap * channels + channel] * sequence[at * columns + inner + channel]
                    });
                    let sum = filter_bias[channel] + terms.sum::<f64>();
                    sum * sigmoid(sum)
                })
                .collect();
            let mut mixed = vec![0.0; inner];
            for head in 0..shape.heads {
                let step = (row[inner + channels + head] + step_bias[head]).exp().ln_1p();
                let decay = (-step * decay_log[head].exp()).exp();
                let group = head / (shape.heads / shape.groups);
                let b = &convolved[inner + group * states..][..states];
                let c = &convolved[inner + (shape.groups + group) * states..][..states];
                for place in 0..dimension {
                    let x = convolved[head * dimension + place];
                    let mut sum = skip[head] * x;
                    for line in 0..states {
                        let value = &mut state[(head * states + line) * dimension + place];
                        *value = decay * *value + step * b[line] * x;
                        sum += c[line] * *value;
                    }
                    mixed[head * dimension + place] =
                        sum * row[head * dimension + place] * sigmoid(row[head * dimension + place]);
                }
            }
            let size = inner / shape.norm_groups;
            for (mixed, gain) in mixed.chunks(size).zip(gain.chunks(size)) {
                let squares = mixed.iter().map(|value| value * value).sum::<f64>();
                let scale = (squares / size as f64 + epsilon).sqrt().recip();
                output.extend(mixed.iter().zip(gain).map(|(value, gain)| value * scale * gain));
            }
        }
    }
    output
}
