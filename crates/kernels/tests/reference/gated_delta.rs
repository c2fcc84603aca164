//! Gated DeltaNet between its products, position by position in double precision.

use triaxis_kernels::cpu::gated_delta::{self, Gradients, Shape, Weights};
use triaxis_kernels::cpu::recurrent::Carried;

use super::recurrent::{EPSILON, Recurrent};
use super::{sigmoid, unset};

fn weights([_, filter, step_bias, decay_log, gain]: &[Vec<f32>; 5]) -> Weights<'_> {
    Weights {
        filter,
        step_bias,
        decay_log,
        gain,
        epsilon: EPSILON as f32,
    }
}

impl Recurrent<5> for Shape {
    fn sizes(self) -> [usize; 3] {
        [self.batch, self.length, self.inner()]
    }

    fn of_length(self, length: usize) -> Self {
        Self { length, ..self }
    }

    fn lengths(self) -> [usize; 5] {
        let (rows, heads, filter) = (self.batch * self.length, self.heads, self.taps * self.channels());
        [rows * self.columns(), filter, heads, heads, self.value]
    }

    fn carried(self) -> [usize; 2] {
        [self.window_size(), self.state_size()]
    }

    fn expected(self, inputs: &[Vec<f64>; 5]) -> Vec<f64> {
        gated_delta(self, inputs)
    }

    fn forward(self, inputs: &[Vec<f32>; 5], before: Option<&Carried>) -> (Vec<f32>, Carried) {
        let mut output = unset(self.outputs());
        let saved = gated_delta::forward(self, weights(inputs), &inputs[0], before, &mut output);
        (output, saved.carried(self, &inputs[0], before))
    }

    fn step(self, inputs: &[Vec<f32>; 5], projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
        gated_delta::step(self, weights(inputs), projected, carried, output);
    }

    fn backward(self, inputs: &[Vec<f32>; 5], doutput: &[f32]) -> (Vec<f32>, [Vec<f32>; 5]) {
        let mut output = unset(self.outputs());
        let saved = gated_delta::forward(self, weights(inputs), &inputs[0], None, &mut output);
        let mut found = inputs.each_ref().map(|input| unset(input.len()));
        let [projected, filter, step_bias, decay_log, gain] = &mut found;
        let gradients = Gradients {
            projected,
            filter,
            step_bias,
            decay_log,
            gain,
        };
        gated_delta::backward(self, weights(inputs), &inputs[0], &saved, doutput, gradients);
        (output, found)
    }
}

/// Divided by its length, times `factor`.
fn normalised(row: &[f64], factor: f64) -> Vec<f64> {
    let squares = row.iter().map(|value| value * value).sum::<f64>();
    let scale = factor / (squares + 1e-6).sqrt();
    row.iter().map(|value| value * scale).collect()
}

/// From the projected rows, then filter, the steps' bias, decay and gain.
fn gated_delta(shape: Shape, inputs: &[Vec<f64>; 5]) -> Vec<f64> {
    let [projected, filter, step_bias, decay_log, gain] = inputs;
    let (inner, channels, columns) = (shape.inner(), shape.channels(), shape.columns());
    let (heads, key, value) = (shape.heads, shape.key, shape.value);
    let (shared, each) = (shape.key_heads, heads / shape.key_heads);
    let mut output = Vec::new();
    for sequence in projected.chunks(shape.length * columns) {
        let mut states = vec![0.0; heads * key * value];
        for position in 0..shape.length {
            let row = &sequence[position * columns..][..columns];
            let convolve = |channel: usize| {
                let seen = (0..shape.taps).filter(|tap| position + tap + 1 >= shape.taps);
                let terms = seen.map(|tap| {
                    let at = position + tap + 1 - shape.taps;
                    filter[tap * channels + channel] * sequence[at * columns + inner + channel]
                });
                let sum = terms.sum::<f64>();
                sum * sigmoid(sum)
            };
            let convolved: Vec<f64> = (0..channels).map(convolve).collect();
            for head in 0..heads {
                let step = (row[inner + channels + head] + step_bias[head]).exp().ln_1p();
                let decay = (-step * decay_log[head].exp()).exp();
                let limit = if shape.negative { 2.0 } else { 1.0 };
                let rate = limit * sigmoid(row[inner + channels + heads + head]);
                let query = normalised(
                    &convolved[head / each * key..][..key],
                    (key as f64).sqrt().recip(),
                );
                let keys = normalised(&convolved[(shared + head / each) * key..][..key], 1.0);
                let values = &convolved[2 * shared * key + head * value..][..value];
                let state = &mut states[head * key * value..][..key * value];
                state.iter_mut().for_each(|held| *held *= decay);
                let mut read = vec![0.0; value];
                for place in 0..value {
                    let held: f64 = (0..key)
                        .map(|line| state[line * value + place] * keys[line])
                        .sum();
                    let written = rate * (values[place] - held);
                    for line in 0..key {
                        state[line * value + place] += keys[line] * written;
                        read[place] += state[line * value + place] * query[line];
                    }
                }
                let squares = read.iter().map(|value| value * value).sum::<f64>();
                let scale = (squares / value as f64 + EPSILON).sqrt().recip();
                let gate = &row[head * value..][..value];
                let gated = read.iter().zip(gain).zip(gate);
                output.extend(gated.map(|((read, gain), gate)| read * scale * gain * gate * sigmoid(*gate)));
            }
        }
    }
    output
}
