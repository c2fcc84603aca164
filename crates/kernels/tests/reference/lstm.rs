//! An LSTM between its products, position by position in double precision.

use triaxis_kernels::cpu::lstm::{self, Gradients, Shape, Weights};
use triaxis_kernels::cpu::recurrent::Carried;

use super::recurrent::Recurrent;
use super::{multiply, sigmoid, unset};

fn weights([_, recurrent, forget_bias, gate_bias]: &[Vec<f32>; 4]) -> Weights<'_> {
    Weights {
        recurrent,
        forget_bias,
        gate_bias,
    }
}

impl Recurrent<4> for Shape {
    fn sizes(self) -> [usize; 3] {
        [self.batch, self.length, self.inner]
    }

    fn of_length(self, length: usize) -> Self {
        Self { length, ..self }
    }

    fn lengths(self) -> [usize; 4] {
        let (inner, columns) = (self.inner, self.columns());
        [
            self.batch * self.length * columns,
            inner * columns,
            inner,
            3 * inner,
        ]
    }

    fn carried(self) -> [usize; 2] {
        [self.inner; 2]
    }

    fn expected(self, [projected, recurrent, forget_bias, gate_bias]: &[Vec<f64>; 4]) -> Vec<f64> {
        let (inner, columns) = (self.inner, self.columns());
        let biases = [forget_bias.as_slice(), gate_bias].concat();
        let mut output = Vec::new();
        for sequence in projected.chunks(self.length * columns) {
            let [mut hidden, mut cell] = [0; 2].map(|_| vec![0.0; inner]);
            for row in sequence.chunks(columns) {
                let seen = multiply(&hidden, recurrent, 1, inner, columns);
                for channel in 0..inner {
                    let at = |part: usize| {
                        let column = part * inner + channel;
                        row[column] + seen[column] + biases[column]
                    };
                    cell[channel] = sigmoid(at(0)) * cell[channel] + sigmoid(at(1)) * at(3).tanh();
                    hidden[channel] = sigmoid(at(2)) * cell[channel].tanh();
                }
                output.extend(&hidden);
            }
        }
        output
    }

    fn forward(self, inputs: &[Vec<f32>; 4], before: Option<&Carried>) -> (Vec<f32>, Carried) {
        let mut output = unset(self.outputs());
        let saved = lstm::forward(self, weights(inputs), &inputs[0], before, &mut output);
        (output, saved.carried())
    }

    fn step(self, inputs: &[Vec<f32>; 4], projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
        lstm::step(self, weights(inputs), projected, carried, output);
    }

    fn backward(self, inputs: &[Vec<f32>; 4], doutput: &[f32]) -> (Vec<f32>, [Vec<f32>; 4]) {
        let mut output = unset(self.outputs());
        let saved = lstm::forward(self, weights(inputs), &inputs[0], None, &mut output);
        let mut found = inputs.each_ref().map(|input| unset(input.len()));
        let [projected, recurrent, forget_bias, gate_bias] = &mut found;
        let gradients = Gradients {
            projected,
            recurrent,
            forget_bias,
            gate_bias,
        };
        lstm::backward(self, weights(inputs), &inputs[0], &saved, doutput, gradients);
        (output, found)
    }
}
