//! minGRU and minLSTM between their products, position by position in double precision.

use triaxis_kernels::cpu::min_rnn::{self, Gradients, Kind, Shape, Weights};
use triaxis_kernels::cpu::recurrent::Carried;

use super::recurrent::{Recurrent, filtered};
use super::{sigmoid, unset};

fn weights([_, filter, filter_bias]: &[Vec<f32>; 3]) -> Weights<'_> {
    Weights { filter, filter_bias }
}

impl Recurrent<3> for Shape {
    fn sizes(self) -> [usize; 3] {
        [self.batch, self.length, self.inner]
    }

    fn of_length(self, length: usize) -> Self {
        Self { length, ..self }
    }

    fn lengths(self) -> [usize; 3] {
        let columns = self.columns();
        [self.batch * self.length * columns, self.taps * columns, columns]
    }

    fn carried(self) -> [usize; 2] {
        [self.window_size(), self.inner]
    }

    fn expected(self, [projected, filter, bias]: &[Vec<f64>; 3]) -> Vec<f64> {
        let (inner, columns) = (self.inner, self.columns());
        let mut output = Vec::new();
        for sequence in projected.chunks(self.length * columns) {
            let rows: Vec<&[f64]> = sequence.chunks(columns).collect();
            let mut state = vec![0.0; inner];
            for row in filtered(&rows, filter, bias) {
                for (channel, state) in state.iter_mut().enumerate() {
                    let at = |part: usize| row[part * inner + channel];
                    let ([keep, write], candidate) = match self.kind {
                        Kind::Gru => ([sigmoid(-at(0)), sigmoid(at(0))], at(1)),
                        Kind::Lstm => ([sigmoid(at(0)), sigmoid(at(1))], at(2)),
                    };
                    *state = (keep * *state + write * candidate) / (keep + write);
                }
                output.extend(&state);
            }
        }
        output
    }

    fn forward(self, inputs: &[Vec<f32>; 3], before: Option<&Carried>) -> (Vec<f32>, Carried) {
        let mut output = unset(self.outputs());
        let saved = min_rnn::forward(self, weights(inputs), &inputs[0], before, &mut output);
        (output, saved.carried(self, &inputs[0], before))
    }

    fn step(self, inputs: &[Vec<f32>; 3], projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
        min_rnn::step(self, weights(inputs), projected, carried, output);
    }

    fn backward(self, inputs: &[Vec<f32>; 3], doutput: &[f32]) -> (Vec<f32>, [Vec<f32>; 3]) {
        let mut output = unset(self.outputs());
        let saved = min_rnn::forward(self, weights(inputs), &inputs[0], None, &mut output);
        let mut found = inputs.each_ref().map(|input| unset(input.len()));
        let [projected, filter, filter_bias] = &mut found;
        let gradients = Gradients {
            projected,
            filter,
            filter_bias,
        };
        min_rnn::backward(self, weights(inputs), &inputs[0], &saved, doutput, gradients);
        (output, found)
    }
}
