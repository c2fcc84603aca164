use crate::format::Format;

/// Rows of a matrix as they are stored: a row an output, a column an input, row after row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// How they are stored.
    pub format: Format,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// The blocks of the first row, then of the next ones.
    pub bytes: Vec<u8>,
}

impl Rows {
    /// Rows of so many numbers each, in a format whose blocks divide them.
    ///
    /// ```
    /// use triaxis_blocks::{Format, Rows};
    /// let values: Vec<f32> = (0..64).map(|value| value as f32).collect();
    /// let rows = Rows::quantised(&values, 32, Format::Q8_0);
    /// assert_eq!((rows.rows, rows.bytes.len()), (2, 68));
    /// assert!(rows.values().iter().zip(&values).all(|(found, value)| (found - value).abs() < 0.26));
    /// ```
    ///
    /// # Panics
    /// If the columns do not divide the values, or the format's blocks the columns.
    pub fn quantised(values: &[f32], columns: usize, format: Format) -> Self {
        assert!(
            values.len().is_multiple_of(columns) && format.row_bytes(columns).is_some(),
            "{} values are whole rows of {columns}, and those whole blocks of {}",
            values.len(),
            format.values()
        );
        let mut bytes = Vec::new();
        format.quantise(values, &mut bytes);
        Self {
            format,
            rows: values.len() / columns,
            columns,
            bytes,
        }
    }

    /// The numbers of all rows, row after row.
    ///
    /// # Panics
    /// If the bytes are not those of as many rows.
    pub fn values(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.rows * self.columns];
        self.format.dequantise(&self.bytes, &mut values);
        values
    }
}
