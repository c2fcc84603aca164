//! What recurrent mixers do between their products, by kernel and by definition, for what is tested of all of them.

use triaxis_kernels::cpu::recurrent::Carried;

use super::random;

pub(crate) const EPSILON: f64 = 1e-5;

/// The sizes of a mixer that has `N` inputs, the projected rows first.
pub(crate) trait Recurrent<const N: usize>: Copy + Sync {
    /// Sequences, positions of each, and values of an output.
    fn sizes(self) -> [usize; 3];

    fn of_length(self, length: usize) -> Self;

    /// How many values each input has.
    fn lengths(self) -> [usize; N];

    /// Values of the rows and of the state that are carried of a sequence.
    fn carried(self) -> [usize; 2];

    /// The output of sequences that begin, position by position in double precision.
    fn expected(self, inputs: &[Vec<f64>; N]) -> Vec<f64>;

    /// The output, and what is carried on.
    fn forward(self, inputs: &[Vec<f32>; N], before: Option<&Carried>) -> (Vec<f32>, Carried);

    fn step(self, inputs: &[Vec<f32>; N], projected: &[f32], carried: &mut Carried, output: &mut [f32]);

    /// The output of sequences that begin, and the gradients of the inputs.
    fn backward(self, inputs: &[Vec<f32>; N], doutput: &[f32]) -> (Vec<f32>, [Vec<f32>; N]);

    /// Values of all outputs.
    fn outputs(self) -> usize {
        self.sizes().iter().product()
    }

    /// Inputs of the size of one, gains and rates away from it.
    fn inputs(self) -> [Vec<f32>; N] {
        let mut seed = 0;
        self.lengths().map(|length| {
            seed += 1;
            random(seed, length)
        })
    }
}

/// A causal filter of each channel, `taps × channels`, with what is added to it: its sums over rows of a sequence.
pub(crate) fn filtered(rows: &[&[f64]], filter: &[f64], bias: &[f64]) -> Vec<Vec<f64>> {
    let channels = bias.len();
    let taps = filter.len() / channels;
    let sum = |position: usize, channel: usize| {
        let seen = (0..taps).filter(|tap| position + tap + 1 >= taps);
        let terms = seen.map(|tap| {
            let at = position + tap + 1 - taps;
            filter[tap * channels + channel] * rows[at][channel]
        });
        bias[channel] + terms.sum::<f64>()
    };
    (0..rows.len())
        .map(|position| (0..channels).map(|channel| sum(position, channel)).collect())
        .collect()
}
