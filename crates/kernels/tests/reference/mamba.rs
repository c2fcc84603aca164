//! Mamba between its products, position by position in double precision.

use triaxis_kernels::cpu::mamba::{self, Gradients, Shape, Weights};
use triaxis_kernels::cpu::recurrent::Carried;

use super::recurrent::{EPSILON, Recurrent};
use super::{sigmoid, unset};

fn weights(inputs: &[Vec<f32>; 9]) -> Weights<'_> {
    let [
        _,
        filter,
        filter_bias,
        selection,
        gain,
        steps,
        step_bias,
        decay_log,
        skip,
    ] = inputs;
    Weights {
        filter,
        filter_bias,
        selection,
        gain,
        steps,
        step_bias,
        decay_log,
        skip,
        epsilon: EPSILON as f32,
    }
}

impl Recurrent<9> for Shape {
    fn sizes(self) -> [usize; 3] {
        [self.batch, self.length, self.inner]
    }

    fn of_length(self, length: usize) -> Self {
        Self { length, ..self }
    }

    fn lengths(self) -> [usize; 9] {
        let (rows, inner) = (self.batch * self.length, self.inner);
        [
            rows * self.columns(),
            self.taps * inner,
            inner,
            inner * self.selected(),
            self.gains(),
            self.rank * inner,
            inner,
            self.state_size(),
            inner,
        ]
    }

    fn carried(self) -> [usize; 2] {
        [self.window_size(), self.state_size()]
    }

    fn expected(self, inputs: &[Vec<f64>; 9]) -> Vec<f64> {
        let sequences = inputs[0].chunks(self.length * self.columns());
        sequences
            .flat_map(|sequence| sequence_of(self, sequence, inputs))
            .collect()
    }

    fn forward(self, inputs: &[Vec<f32>; 9], before: Option<&Carried>) -> (Vec<f32>, Carried) {
        let mut output = unset(self.outputs());
        let saved = mamba::forward(self, weights(inputs), &inputs[0], before, &mut output);
        (output, saved.carried(self, &inputs[0], before))
    }

    fn step(self, inputs: &[Vec<f32>; 9], projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
        mamba::step(self, weights(inputs), projected, carried, output);
    }

    fn backward(self, inputs: &[Vec<f32>; 9], doutput: &[f32]) -> (Vec<f32>, [Vec<f32>; 9]) {
        let mut output = unset(self.outputs());
        let saved = mamba::forward(self, weights(inputs), &inputs[0], None, &mut output);
        let mut found = inputs.each_ref().map(|input| unset(input.len()));
        let [
            projected,
            filter,
            filter_bias,
            selection,
            gain,
            steps,
            step_bias,
            decay_log,
            skip,
        ] = &mut found;
        let gradients = Gradients {
            projected,
            filter,
            filter_bias,
            selection,
            gain,
            steps,
            step_bias,
            decay_log,
            skip,
        };
        mamba::backward(self, weights(inputs), &inputs[0], &saved, doutput, gradients);
        (output, found)
    }
}

/// `x × weight` of a row.
fn product(x: &[f64], weight: &[f64], columns: usize) -> Vec<f64> {
    let column = |column: usize| {
        let terms = x.iter().zip(weight.iter().skip(column).step_by(columns));
        terms.map(|(x, weight)| x * weight).sum()
    };
    (0..columns).map(column).collect()
}

fn normed(values: &mut [f64], gain: &[f64]) {
    let squares = values.iter().map(|value| value * value).sum::<f64>();
    let scale = (squares / values.len() as f64 + EPSILON).sqrt().recip();
    let pairs = values.iter_mut().zip(gain);
    pairs.for_each(|(value, gain)| *value *= scale * gain);
}

fn sequence_of(shape: Shape, sequence: &[f64], inputs: &[Vec<f64>; 9]) -> Vec<f64> {
    let [
        _,
        filter,
        filter_bias,
        selection,
        gain,
        to_steps,
        step_bias,
        decay_log,
        skip,
    ] = inputs;
    let (inner, rank, states, columns) = (shape.inner, shape.rank, shape.state, shape.columns());
    let (mut state, mut output) = (vec![0.0; states * inner], Vec::new());
    for position in 0..shape.length {
        let convolved = |channel: usize| {
            let seen = (0..shape.taps).filter(|tap| position + tap + 1 >= shape.taps);
            let terms = seen.map(|tap| {
                let at = position + tap + 1 - shape.taps;
                filter[tap * inner + channel] * sequence[at * columns + inner + channel]
            });
            let sum = filter_bias[channel] + terms.sum::<f64>();
            sum * sigmoid(sum)
        };
        let x: Vec<f64> = (0..inner).map(convolved).collect();
        let mut selected = product(&x, selection, shape.selected());
        if shape.normed {
            let ends = [0, rank, rank + states, rank + 2 * states];
            for ends in ends.windows(2) {
                normed(&mut selected[ends[0]..ends[1]], &gain[ends[0]..ends[1]]);
            }
        }
        let raw = product(&selected[..rank], to_steps, inner);
        for channel in 0..inner {
            let step = (raw[channel] + step_bias[channel]).exp().ln_1p();
            let mut sum = skip[channel] * x[channel];
            for line in 0..states {
                let place = line * inner + channel;
                let decay = (-step * decay_log[place].exp()).exp();
                state[place] = decay * state[place] + step * x[channel] * selected[rank + line];
                sum += selected[rank + states + line] * state[place];
            }
            let gate = sequence[position * columns + channel];
            output.push(sum * gate * sigmoid(gate));
        }
    }
    output
}
