//! The file of a model: fastText's, with vectors of one number.

use super::calibration::Line;
use crate::fasttext::{Dictionary, head};

/// The model in which the logit of good text is the line of the mean of `weights`.
pub(super) fn file(dictionary: &Dictionary, weights: &[f32], line: Line) -> Vec<u8> {
    let mut file = head(1, dictionary);
    matrix(
        &mut file,
        weights
            .iter()
            .map(|weight| (line.slope * f64::from(*weight) + line.height) as f32),
    );
    // Bad text is at zero, and good text at the mean.
    matrix(&mut file, [0.0, 1.0].into_iter());
    file
}

/// A matrix of one column that is not quantised.
fn matrix(file: &mut Vec<u8>, values: impl ExactSizeIterator<Item = f32>) {
    file.push(0);
    file.extend((values.len() as i64).to_le_bytes());
    file.extend(1i64.to_le_bytes());
    file.extend(values.flat_map(f32::to_le_bytes));
}
