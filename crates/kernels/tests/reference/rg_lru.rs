//! Griffin's recurrent block between its products, position by position in double precision.

use triaxis_kernels::cpu::recurrent::Carried;
use triaxis_kernels::cpu::rg_lru::{self, Gradients, Shape, Weights};

use super::recurrent::{Recurrent, filtered};
use super::{gelu_tanh, multiply, sigmoid, unset};

fn weights(inputs: &[Vec<f32>; 9]) -> Weights<'_> {
    let [
        _,
        projection_bias,
        filter,
        filter_bias,
        r,
        r_bias,
        i,
        i_bias,
        decay,
    ] = inputs;
    Weights {
        projection_bias,
        filter,
        filter_bias,
        gates: [r, i],
        gate_biases: [r_bias, i_bias],
        decay,
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
        let (inner, columns, gate) = (self.inner, self.columns(), self.inner * self.head());
        let rows = self.batch * self.length * columns;
        [
            rows,
            columns,
            self.taps * inner,
            inner,
            gate,
            inner,
            gate,
            inner,
            inner,
        ]
    }

    fn carried(self) -> [usize; 2] {
        [self.window_size(), self.state_size()]
    }

    fn expected(self, inputs: &[Vec<f64>; 9]) -> Vec<f64> {
        let [projected, bias, filter, filter_bias, gates @ .., decay] = inputs;
        let (inner, head) = (self.inner, self.head());
        let mut output = Vec::new();
        for sequence in projected.chunks(self.length * self.columns()) {
            let biased = |row: &[f64]| row.iter().zip(bias).map(|(x, bias)| x + bias).collect();
            let rows: Vec<Vec<f64>> = sequence.chunks(self.columns()).map(biased).collect();
            let convolved: Vec<&[f64]> = rows.iter().map(|row| &row[inner..]).collect();
            let mut state = vec![0.0; inner];
            for (position, x) in filtered(&convolved, filter, filter_bias).iter().enumerate() {
                let gate = |gate: &[f64], bias: &[f64]| -> Vec<f64> {
                    let blocks = x.chunks(head).zip(gate.chunks(head * head));
                    let made = blocks.flat_map(|(x, gate)| multiply(x, gate, 1, head, head));
                    made.zip(bias).map(|(made, bias)| sigmoid(made + bias)).collect()
                };
                let (r, i) = (gate(&gates[0], &gates[1]), gate(&gates[2], &gates[3]));
                for channel in 0..inner {
                    let a = (-8.0 * r[channel] * decay[channel].exp().ln_1p()).exp();
                    let root = if position == 0 { 1.0 } else { (1.0 - a * a).sqrt() };
                    state[channel] = a * state[channel] + root * i[channel] * x[channel];
                }
                let outer = gelu_tanh(&rows[position][..inner]);
                output.extend(state.iter().zip(outer).map(|(state, outer)| state * outer));
            }
        }
        output
    }

    fn forward(self, inputs: &[Vec<f32>; 9], before: Option<&Carried>) -> (Vec<f32>, Carried) {
        let mut output = unset(self.outputs());
        let saved = rg_lru::forward(self, weights(inputs), &inputs[0], before, &mut output);
        (output, saved.carried(self, before))
    }

    fn step(self, inputs: &[Vec<f32>; 9], projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
        rg_lru::step(self, weights(inputs), projected, carried, output);
    }

    fn backward(self, inputs: &[Vec<f32>; 9], doutput: &[f32]) -> (Vec<f32>, [Vec<f32>; 9]) {
        let mut output = unset(self.outputs());
        let saved = rg_lru::forward(self, weights(inputs), &inputs[0], None, &mut output);
        let mut found = inputs.each_ref().map(|input| unset(input.len()));
        let [
            projected,
            projection_bias,
            filter,
            filter_bias,
            r,
            r_bias,
            i,
            i_bias,
            decay,
        ] = &mut found;
        let gradients = Gradients {
            projected,
            projection_bias,
            filter,
            filter_bias,
            gates: [r, i],
            gate_biases: [r_bias, i_bias],
            decay,
        };
        rg_lru::backward(self, weights(inputs), &saved, doutput, gradients);
        (output, found)
    }
}
