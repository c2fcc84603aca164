//! The searches of llama.cpp's encoders for super-blocks, in the order of its sums, so that codes are equal.

/// Numbers all below which count as nothing.
pub(crate) const NOTHING: f32 = 1e-15;

/// The nearest whole number, of two as near the even one, of what lies within ±2²².
pub(crate) fn nearest(value: f32) -> i32 {
    /// From here on single precision has whole numbers only.
    const WHOLE: f32 = 12_582_912.0;
    let bits = (value + WHOLE).to_bits() & 0x7f_ffff;
    bits.cast_signed() - 0x40_0000
}

/// What [`affine`] finds: each number is about `scale × code + least`.
pub(crate) struct Affine<const VALUES: usize> {
    pub(crate) scale: f32,
    pub(crate) least: f32,
    pub(crate) codes: [u8; VALUES],
}

/// Codes up to `most`, a scale, and a least number up to 0, of least squares weighted by how large a number is: of the
/// range itself, and of codes by `most` plus each of `offsets` over the range from the best least number so far.
pub(crate) fn affine<const VALUES: usize>(
    values: &[f32; VALUES],
    most: u8,
    offsets: impl Iterator<Item = f32>,
) -> Affine<VALUES> {
    let weights = weights(values);
    let lower = |least: f32, &value: &f32| if value < least { value } else { least };
    let higher = |largest: f32, &value: &f32| if value > largest { value } else { largest };
    let least = values.iter().fold(0.0, lower);
    let largest = values.iter().fold(values[0], higher);
    let mut best = Affine {
        scale: 0.0,
        least,
        codes: [0; VALUES],
    };
    if largest == least {
        return best;
    }
    let codes = |inverse: f32, least: f32| {
        values.map(|value| nearest(inverse * (value - least)).clamp(0, i32::from(most)) as u8)
    };
    let inverse = f32::from(most) / (largest - least);
    (best.scale, best.codes) = (1.0 / inverse, codes(inverse, least));
    let sums = Sums::of(values, &weights);
    let mut lowest = best.error(values, &weights);
    for offset in offsets {
        let inverse = (offset + f32::from(most)) / (largest - best.least);
        if let Some(found) = sums.fitted(values, &weights, codes(inverse, best.least)) {
            let error = found.error(values, &weights);
            if error < lowest {
                (best, lowest) = (found, error);
            }
        }
    }
    best
}

/// How much each number counts: the root of the mean square, plus its magnitude.
fn weights<const VALUES: usize>(values: &[f32; VALUES]) -> [f32; VALUES] {
    let squares = values.iter().fold(0.0, |sum, value| sum + value * value);
    let mean = (squares / VALUES as f32).sqrt();
    values.map(|value| mean + value.abs())
}

/// Sums that do not depend on codes.
struct Sums {
    weight: f32,
    value: f32,
}

impl Sums {
    fn of<const VALUES: usize>(values: &[f32; VALUES], weights: &[f32; VALUES]) -> Self {
        let pairs = || values.iter().zip(weights);
        Self {
            weight: pairs().fold(0.0, |sum, (_, weight)| sum + weight),
            value: pairs().fold(0.0, |sum, (value, weight)| sum + weight * value),
        }
    }

    /// The scale and least number of least squares for codes, unless all codes are one.
    fn fitted<const VALUES: usize>(
        &self,
        values: &[f32; VALUES],
        weights: &[f32; VALUES],
        codes: [u8; VALUES],
    ) -> Option<Affine<VALUES>> {
        let (mut code_sum, mut square_sum, mut product_sum) = (0.0f32, 0.0f32, 0.0f32);
        for ((value, weight), code) in values.iter().zip(weights).zip(codes.map(f32::from)) {
            code_sum += weight * code;
            square_sum += weight * code * code;
            product_sum += weight * code * value;
        }
        let determinant = self.weight * square_sum - code_sum * code_sum;
        if determinant <= 0.0 || determinant.is_nan() {
            return None;
        }
        let scale = (self.weight * product_sum - self.value * code_sum) / determinant;
        let least = (square_sum * self.value - code_sum * product_sum) / determinant;
        let (scale, least) = match least > 0.0 {
            true => (product_sum / square_sum, 0.0),
            false => (scale, least),
        };
        Some(Affine { scale, least, codes })
    }
}

impl<const VALUES: usize> Affine<VALUES> {
    /// The weighted sum of squared errors.
    fn error(&self, values: &[f32; VALUES], weights: &[f32; VALUES]) -> f32 {
        let terms = values.iter().zip(weights).zip(self.codes.map(f32::from));
        terms.fold(0.0, |sum, ((value, weight), code)| {
            let difference = self.scale * code + self.least - value;
            sum + weight * (difference * difference)
        })
    }
}

/// A scale, and codes from 0 to `2 × zero − 1` around `zero`, of least squares weighted by the numbers' squares: of codes
/// by `zero` and up to .9 more or less over the number of largest magnitude.
pub(crate) fn symmetric<const VALUES: usize>(values: &[f32; VALUES], zero: i32) -> (f32, [u8; VALUES]) {
    let larger = |most: f32, &value: &f32| if value.abs() > most.abs() { value } else { most };
    let most = values.iter().fold(0.0, larger);
    if most.abs() < NOTHING {
        return (0.0, [0; VALUES]);
    }
    let code = |value: f32, inverse: f32| nearest(inverse * value).clamp(-zero, zero - 1);
    let sums = |inverse: f32| {
        let (mut product_sum, mut square_sum) = (0.0f32, 0.0f32);
        for &value in values {
            let (weight, code) = (value * value, code(value, inverse) as f32);
            product_sum += weight * value * code;
            square_sum += weight * code * code;
        }
        (product_sum, square_sum)
    };
    let mut chosen = -(zero as f32) / most;
    let (product_sum, square_sum) = sums(chosen);
    let mut scale = if square_sum == 0.0 {
        0.0
    } else {
        product_sum / square_sum
    };
    let mut best = scale * product_sum;
    for step in (-9i8..=9).filter(|step| *step != 0) {
        let inverse = -(zero as f32 + 0.1 * f32::from(step)) / most;
        let (product_sum, square_sum) = sums(inverse);
        if square_sum > 0.0 && product_sum * product_sum > best * square_sum {
            (chosen, scale) = (inverse, product_sum / square_sum);
            best = scale * product_sum;
        }
    }
    (scale, values.map(|value| (code(value, chosen) + zero) as u8))
}
