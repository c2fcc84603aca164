//! What the rows of a file are together: a sweep, or several sets of runs.

use triaxis_laws::form::Column;
use triaxis_tables::{Labels, TableError};

use crate::caution::OfRows;
use crate::data::Data;
use crate::sweep::{Sweep, TUNED};
use crate::{Misuse, plausible, sets};

impl Data {
    /// Keeps the best of what was tried at each size, length and input of the law, where the response is a
    /// setting that was tuned and its losses are there.
    pub(crate) fn tune(&mut self, inputs: &[Column]) -> Result<(), TableError> {
        if !TUNED.contains(&self.response.as_str()) {
            return Ok(());
        }
        let losses = self.usable("loss")?;
        if losses.is_empty() {
            return Ok(());
        }
        let response = (self.response.as_str(), self.numbers(&self.response));
        let place = |row| self.table.place(row);
        let mut settings: Vec<(&str, &[f64])> = self.sizes();
        for column in inputs {
            let name = column.name.as_ref();
            if !settings.iter().any(|(known, _)| *known == name) {
                settings.push((name, self.usable(name)?));
            }
        }
        if let Some((keep, sweep)) = Sweep::of(response, &settings, losses, place) {
            self.table.retain(&keep);
            self.columns.notes.push(sweep.note());
            self.cautions.extend(sweep.caution());
            self.sweep = Some(sweep);
        }
        Ok(())
    }

    /// The columns that tell size and length: the compute where there are no others.
    fn sizes(&self) -> Vec<(&str, &[f64])> {
        let of = |names: &[&'static str]| -> Vec<(&str, &[f64])> {
            let columns = names.iter().map(|name| (*name, self.numbers(name)));
            columns.filter(|(_, values)| !values.is_empty()).collect()
        };
        match of(&["params", "tokens"]) {
            sizes if sizes.is_empty() => of(&["flops"]),
            sizes => sizes,
        }
    }

    /// Finds what a reader must know of the rows.
    pub(crate) fn caution(&mut self) {
        if let Some((least, most)) = plausible::times_six_nd(self)
            && (least < plausible::APART.recip() || most > plausible::APART)
        {
            self.cautions.push(OfRows::ComputeApart { least, most });
        }
        let others = self.columns.others().filter(|column| !self.is_of_runs(column));
        let others: Vec<String> = others.map(String::from).collect();
        if self.by.is_none()
            && let Some(several) = sets::several(&self.table, others.iter(), &self.sizes())
        {
            self.cautions.push(several);
        }
    }

    /// The values of a column that parts the rows, and the rows of each as data of their own.
    ///
    /// # Errors
    /// [`Misuse::By`] for a column without a few values.
    pub fn parts(&self, column: &str) -> Result<Vec<(String, Self)>, Misuse> {
        let wrong = |problem: &str| Misuse::By {
            column: column.into(),
            problem: problem.into(),
        };
        let labels = self.table.labels(column).ok_or_else(|| {
            wrong("it has lists, or more than 256 different values: name a column whose few values part the rows")
        })?;
        let values = sets::present(labels);
        if values.len() < 2 {
            return Err(wrong(
                "all rows have the same value there: there is nothing to compare",
            ));
        }
        let part = |value: &String| {
            let of_value: Vec<bool> = labels
                .rows()
                .iter()
                .map(|code| labels.values()[usize::from(*code)] == *value)
                .collect();
            let mut part = self.clone();
            part.table.retain(&of_value);
            part.held_out = self.held_out.is_some().then(|| part.table.marked().to_vec());
            (value.clone(), part)
        };
        Ok(values.iter().map(part).collect())
    }

    /// Which rows have which of the values of [`Self::parts`], row by row.
    pub(crate) fn part_of_rows(&self, column: &str) -> Vec<String> {
        let labels = self.table.labels(column);
        let of = |labels: &Labels| {
            let rows = labels.rows().iter();
            rows.map(|code| labels.values()[usize::from(*code)].clone())
                .collect()
        };
        labels.map(of).unwrap_or_default()
    }
}
