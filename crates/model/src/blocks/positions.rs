use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

/// What attention knows of positions: the rotary tables and the causal mask, built once a model.
#[derive(Module, Debug)]
pub struct Positions {
    /// `[context, head_dim]`: the cosine of every position's angles, twice.
    cosine: Tensor<2>,
    /// `[context, head_dim]`: the sine, negated in the first half.
    sine: Tensor<2>,
    /// `[context, context]`: zero where a position may look, −10⁹ where it may not.
    mask: Tensor<2>,
}

/// Far below any score, yet finite, so that no row can turn into not-a-number.
const MASKED: f32 = -1e9;

impl Positions {
    /// The tables for up to `context` positions and heads of (even) width `head_dim`; the angle of
    /// pair i at position t is `t · theta^(−2i / head_dim)` (Su et al. 2021, equation 15).
    pub fn new(context: usize, head_dim: usize, theta: f64, device: &Device) -> Self {
        let half = head_dim / 2;
        let angle = |position: usize, column: usize| {
            let pair = column % half;
            position as f64 * theta.powf(-2.0 * pair as f64 / head_dim as f64)
        };
        let table = |value: &dyn Fn(usize, usize) -> f64, columns: usize| {
            let values: Vec<f32> = (0..context * columns)
                .map(|index| value(index / columns, index % columns) as f32)
                .collect();
            Tensor::from_data(TensorData::new(values, [context, columns]), device)
        };
        let sign = |column: usize| if column < half { -1.0 } else { 1.0 };
        Self {
            cosine: table(&|position, column| angle(position, column).cos(), head_dim),
            sine: table(
                &|position, column| sign(column) * angle(position, column).sin(),
                head_dim,
            ),
            mask: table(
                &|row, column| if column > row { f64::from(MASKED) } else { 0.0 },
                context,
            ),
        }
    }

    /// Cosine and signed sine of the first `length` positions, `[1, 1, length, head_dim]` each.
    pub fn rotation(&self, length: usize) -> (Tensor<4>, Tensor<4>) {
        let first = |table: &Tensor<2>| {
            let columns = table.dims()[1];
            table
                .clone()
                .slice([0..length, 0..columns])
                .reshape([1, 1, length, columns])
        };
        (first(&self.cosine), first(&self.sine))
    }

    /// The causal mask to add to the scores, `[1, 1, length, length]`.
    pub fn mask(&self, length: usize) -> Tensor<4> {
        self.mask
            .clone()
            .slice([0..length, 0..length])
            .reshape([1, 1, length, length])
    }
}
