//! Mamba-2 between its products, position by position in double precision.

use triaxis_kernels::cpu::mamba2::{self, Gradients, Shape, Weights};
use triaxis_kernels::cpu::recurrent::Carried;

use super::recurrent::{EPSILON, Recurrent};
use super::{sigmoid, unset};

fn weights([_, filter, filter_bias, step_bias, decay_log, skip, gain]: &[Vec<f32>; 7]) -> Weights<'_> {
    Weights {
        filter,
        filter_bias,
        step_bias,
        decay_log,
        skip,
        gain,
        epsilon: EPSILON as f32,
    }
}

impl Recurrent<7> for Shape {
    fn sizes(self) -> [usize; 3] {
        [self.batch, self.length, self.inner()]
    }

    fn of_length(self, length: usize) -> Self {
        Self { length, ..self }
    }

    fn lengths(self) -> [usize; 7] {
        let (rows, heads, channels) = (self.batch * self.length, self.heads, self.channels());
        let filter = self.taps * channels;
        [
            rows * self.columns(),
            filter,
            channels,
            heads,
            heads,
            heads,
            self.inner(),
        ]
    }

    fn carried(self) -> [usize; 2] {
        [self.window_size(), self.state_size()]
    }

    fn expected(self, inputs: &[Vec<f64>; 7]) -> Vec<f64> {
        mamba2(self, inputs)
    }

    fn forward(self, inputs: &[Vec<f32>; 7], before: Option<&Carried>) -> (Vec<f32>, Carried) {
        let mut output = unset(self.outputs());
        let saved = mamba2::forward(self, weights(inputs), &inputs[0], before, &mut output);
        (output, saved.carried(self, &inputs[0], before))
    }

    fn step(self, inputs: &[Vec<f32>; 7], projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
        mamba2::step(self, weights(inputs), projected, carried, output);
    }

    fn backward(self, inputs: &[Vec<f32>; 7], doutput: &[f32]) -> (Vec<f32>, [Vec<f32>; 7]) {
        let mut output = unset(self.outputs());
        let saved = mamba2::forward(self, weights(inputs), &inputs[0], None, &mut output);
        let mut found = inputs.each_ref().map(|input| unset(input.len()));
        let [projected, filter, filter_bias, step_bias, decay_log, skip, gain] = &mut found;
        let gradients = Gradients {
            projected,
            filter,
            filter_bias,
            step_bias,
            decay_log,
            skip,
            gain,
        };
        mamba2::backward(self, weights(inputs), &inputs[0], &saved, doutput, gradients);
        (output, found)
    }
}

/// From the projected rows, then filter, its bias, the steps' bias, decay, skip and gain.
fn mamba2(shape: Shape, inputs: &[Vec<f64>; 7]) -> Vec<f64> {
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
                let step = step.max(f64::from(shape.least_step));
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
                let scale = (squares / size as f64 + EPSILON).sqrt().recip();
                output.extend(mixed.iter().zip(gain).map(|(value, gain)| value * scale * gain));
            }
        }
    }
    output
}
