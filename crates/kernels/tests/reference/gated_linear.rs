//! Gated linear attention between its products, position by position in double precision.

use triaxis_kernels::cpu::gated_linear::{self, Gradients, Shape, Weights};
use triaxis_kernels::cpu::recurrent::Carried;

use super::recurrent::{EPSILON, Recurrent};
use super::{sigmoid, unset};

fn weights([_, decays, decay_bias, gain]: &[Vec<f32>; 4]) -> Weights<'_> {
    Weights {
        decays,
        decay_bias,
        gain,
        epsilon: EPSILON as f32,
    }
}

impl Recurrent<4> for Shape {
    fn sizes(self) -> [usize; 3] {
        [self.batch, self.length, self.inner()]
    }

    fn of_length(self, length: usize) -> Self {
        Self { length, ..self }
    }

    fn lengths(self) -> [usize; 4] {
        let rows = self.batch * self.length;
        [
            rows * self.columns(),
            self.rank * self.keys(),
            self.keys(),
            self.value,
        ]
    }

    fn carried(self) -> [usize; 2] {
        [0, self.state_size()]
    }

    fn expected(self, inputs: &[Vec<f64>; 4]) -> Vec<f64> {
        let sequences = inputs[0].chunks(self.length * self.columns());
        sequences
            .flat_map(|sequence| sequence_of(self, sequence, inputs))
            .collect()
    }

    fn forward(self, inputs: &[Vec<f32>; 4], before: Option<&Carried>) -> (Vec<f32>, Carried) {
        let mut output = unset(self.outputs());
        let saved = gated_linear::forward(self, weights(inputs), &inputs[0], before, &mut output);
        (output, saved.carried(self))
    }

    fn step(self, inputs: &[Vec<f32>; 4], projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
        gated_linear::step(self, weights(inputs), projected, carried, output);
    }

    fn backward(self, inputs: &[Vec<f32>; 4], doutput: &[f32]) -> (Vec<f32>, [Vec<f32>; 4]) {
        let mut output = unset(self.outputs());
        let saved = gated_linear::forward(self, weights(inputs), &inputs[0], None, &mut output);
        let mut found = inputs.each_ref().map(|input| unset(input.len()));
        let [projected, decays, decay_bias, gain] = &mut found;
        let gradients = Gradients {
            projected,
            decays,
            decay_bias,
            gain,
        };
        gated_linear::backward(self, weights(inputs), &inputs[0], &saved, doutput, gradients);
        (output, found)
    }
}

fn sequence_of(shape: Shape, sequence: &[f64], inputs: &[Vec<f64>; 4]) -> Vec<f64> {
    let [_, to_decays, decay_bias, gain] = inputs;
    let (inner, keys, key, value) = (shape.inner(), shape.keys(), shape.key, shape.value);
    let (mut states, mut output) = (vec![0.0; shape.state_size()], Vec::new());
    for row in sequence.chunks(shape.columns()) {
        let (gate, rest) = row.split_at(inner);
        let (queries, rest) = rest.split_at(keys);
        let (of_keys, rest) = rest.split_at(keys);
        let (values, narrow) = rest.split_at(inner);
        for head in 0..shape.heads {
            let mut read = vec![0.0; value];
            for line in 0..key {
                let place = head * key + line;
                let terms = narrow.iter().enumerate();
                let raw: f64 = terms.map(|(index, x)| x * to_decays[index * keys + place]).sum();
                let decay = sigmoid(raw + decay_bias[place]).powf(1.0 / shape.divisor as f64);
                for column in 0..value {
                    let state = &mut states[place * value + column];
                    *state = decay * *state + of_keys[place] * values[head * value + column];
                    read[column] += queries[place] / (key as f64).sqrt() * *state;
                }
            }
            let squares = read.iter().map(|value| value * value).sum::<f64>();
            let scale = (squares / value as f64 + EPSILON).sqrt().recip();
            let gate = &gate[head * value..][..value];
            let gated = read.iter().zip(gain).zip(gate);
            output.extend(gated.map(|((read, gain), gate)| read * scale * gain * gate * sigmoid(*gate)));
        }
    }
    output
}
