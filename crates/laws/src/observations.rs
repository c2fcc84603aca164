//! The table that fits read: named columns of finite numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::InputError;
use crate::form::{Column, LawForm, Residual, Scale};
use crate::rows::Rows;
use triaxis_names::suggestion;

/// What [`usable_size`] asks for, in words.
pub(crate) const SIZE_RULE: &str = "0, or between 1e-100 and 1e100 in size";

/// Whether products of a few such numbers stay finite and above zero.
pub(crate) fn usable_size(value: f64) -> bool {
    value == 0.0 || (1e-100..=1e100).contains(&value.abs())
}

/// Named columns of equal length, with an optional weight for each row.
///
/// Forms ask for columns by canonical name (`params`, `tokens`, `flops`, `loss`, ...).
///
/// ```
/// use triaxis_laws::Observations;
/// let table = Observations::new()
///     .with("params", vec![1e6, 2e6]).unwrap()
///     .with("loss", vec![3.1, 2.9]).unwrap();
/// assert_eq!(table.rows(), 2);
/// assert!(table.column("tokens").is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    columns: BTreeMap<String, Vec<f64>>,
    weights: Option<Vec<f64>>,
    #[serde(default)]
    groups: Option<Vec<usize>>,
}

impl Observations {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a column.
    ///
    /// # Errors
    /// [`InputError::Length`] when other columns have another length.
    pub fn with(mut self, name: impl Into<String>, values: Vec<f64>) -> Result<Self, InputError> {
        let name = name.into();
        let others = self.columns.iter().find(|(other, _)| **other != name);
        if let Some((_, other)) = others
            && other.len() != values.len()
        {
            return Err(InputError::Length {
                column: name,
                found: values.len(),
                expected: other.len(),
            });
        }
        self.columns.insert(name, values);
        Ok(self)
    }

    /// Gives every row a weight: how much its loss counts. A weight of 0 leaves the row out.
    ///
    /// # Errors
    /// [`InputError`] for another number of weights, or one that is negative or not finite.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self, InputError> {
        if weights.len() != self.rows() {
            return Err(InputError::Length {
                column: "weights".into(),
                found: weights.len(),
                expected: self.rows(),
            });
        }
        if let Some((row, value)) = weights
            .iter()
            .enumerate()
            .find(|(_, weight)| !(weight.is_finite() && **weight >= 0.0))
        {
            return Err(InputError::OutOfRange {
                column: "weights".into(),
                row,
                value: *value,
                rule: "zero or more",
            });
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// Says which run each row is of, by any name: rows of one run, as its checkpoints, share its luck and are
    /// one piece of evidence.
    ///
    /// # Errors
    /// [`InputError::Length`] for another number of names than rows.
    pub fn with_groups<T: Ord>(mut self, names: &[T]) -> Result<Self, InputError> {
        if names.len() != self.rows() {
            return Err(InputError::Length {
                column: "groups".into(),
                found: names.len(),
                expected: self.rows(),
            });
        }
        let mut known: Vec<&T> = names.iter().collect();
        known.sort_unstable();
        known.dedup();
        let group = |name: &T| known.partition_point(|other| *other < name);
        self.groups = Some(names.iter().map(group).collect());
        Ok(self)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.values().next().map_or(0, Vec::len)
    }

    /// The rows that count: of a weight above zero, and no repeats of an earlier one.
    pub(crate) fn used(&self) -> Vec<usize> {
        let mut rows = self.distinct();
        rows.retain(|row| self.weights.as_ref().is_none_or(|weights| weights[*row] > 0.0));
        rows
    }

    /// The run that each row is of; `None` where every row is a run of its own.
    pub(crate) fn groups(&self) -> Option<&[usize]> {
        self.groups.as_deref()
    }

    /// The rows but those that repeat an earlier one in every column and are of the same run: the same
    /// measurement given twice.
    pub(crate) fn distinct(&self) -> Vec<usize> {
        let group = |row: usize| self.groups.as_ref().map_or(0, |groups| groups[row]);
        let order = |one: &usize, other: &usize| {
            let mut columns = self.columns.values().chain(&self.weights);
            let unequal = columns.find_map(|values| {
                let ordering = values[*one].total_cmp(&values[*other]);
                ordering.is_ne().then_some(ordering)
            });
            unequal.unwrap_or_else(|| group(*one).cmp(&group(*other)))
        };
        let mut rows: Vec<usize> = (0..self.rows()).collect();
        // Stable, so that the first of equals stays.
        rows.sort_by(order);
        rows.dedup_by(|later, earlier| order(later, earlier).is_eq());
        rows.sort_unstable();
        rows
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// The values of a column.
    ///
    /// # Errors
    /// [`InputError::MissingColumn`], with the nearest name.
    pub fn column(&self, name: &str) -> Result<&[f64], InputError> {
        self.columns
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| InputError::MissingColumn {
                column: name.into(),
                available: self.names().collect::<Vec<_>>().join(", "),
                hint: suggestion(name, self.names()),
            })
    }

    /// Whether the table has every column a form needs.
    pub fn suits(&self, form: &dyn LawForm) -> bool {
        self.columns.contains_key(form.response().name.as_ref())
            && form
                .inputs()
                .iter()
                .all(|column| self.columns.contains_key(column.name.as_ref()))
    }

    /// The rows for which `keep` is true; `keep` must have a value for each row.
    pub fn filtered(&self, keep: &[bool]) -> Self {
        fn kept<T: Copy>(values: &[T], keep: &[bool]) -> Vec<T> {
            let kept = values.iter().zip(keep).filter(|(_, keep)| **keep);
            kept.map(|(value, _)| *value).collect()
        }
        let pick = |values: &Vec<f64>| kept(values, keep);
        Self {
            columns: self
                .columns
                .iter()
                .map(|(name, values)| (name.clone(), pick(values)))
                .collect(),
            weights: self.weights.as_ref().map(pick),
            groups: self.groups.as_ref().map(|groups| kept(groups, keep)),
        }
    }

    /// Without the `count` rows of the largest values in `column`, the first of equals being dropped last.
    ///
    /// # Errors
    /// [`InputError::MissingColumn`].
    pub fn drop_largest(&self, column: &str, count: usize) -> Result<Self, InputError> {
        let values = self.column(column)?;
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|first, second| values[*first].total_cmp(&values[*second]));
        let mut keep = vec![true; values.len()];
        for row in order.iter().rev().take(count) {
            keep[*row] = false;
        }
        Ok(self.filtered(&keep))
    }

    /// The table in the coordinates of a form and a residual, every value checked; repeats of a row weigh nothing.
    pub(crate) fn prepare(&self, form: &dyn LawForm, residual: Residual) -> Result<Rows, InputError> {
        let inputs: Vec<Vec<f64>> = form
            .inputs()
            .iter()
            .map(|column| self.coordinates(column))
            .collect::<Result<_, _>>()?;
        let scale = match residual {
            Residual::Linear => Scale::Linear,
            Residual::Log => Scale::Log,
        };
        let target = self.coordinates(&Column {
            scale,
            ..form.response().clone()
        })?;
        let mut weights = vec![0.0; target.len()];
        for row in self.distinct() {
            weights[row] = self.weights.as_ref().map_or(1.0, |weights| weights[row]);
        }
        Ok(Rows::new(&inputs, &target, &weights, self.groups()))
    }

    fn coordinates(&self, column: &Column) -> Result<Vec<f64>, InputError> {
        let values = self.column(&column.name)?;
        let check = |(row, value): (usize, &f64)| {
            if !value.is_finite() {
                return Err(InputError::NotFinite {
                    column: column.name.to_string(),
                    row,
                    value: *value,
                });
            }
            if column.scale == Scale::Log && *value <= 0.0 {
                return Err(InputError::NotPositive {
                    column: column.name.to_string(),
                    row,
                    value: *value,
                });
            }
            if !usable_size(*value) {
                return Err(InputError::OutOfRange {
                    column: column.name.to_string(),
                    row,
                    value: *value,
                    rule: SIZE_RULE,
                });
            }
            if column.share && !(0.0..=1.0).contains(value) {
                return Err(InputError::OutOfRange {
                    column: column.name.to_string(),
                    row,
                    value: *value,
                    rule: "a share, 0 to 1; divide percent by 100",
                });
            }
            Ok(column.scale.forward(*value))
        };
        values.iter().enumerate().map(check).collect()
    }
}
