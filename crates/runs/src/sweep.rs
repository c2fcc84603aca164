//! The best of what was tried: a sweep of a setting becomes the optima that laws of the setting are about.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::caution::OfRows;

/// Responses that are settings of a training, whose best value their laws predict.
pub const TUNED: [&str; 2] = ["learning_rate", "batch_tokens"];
/// Places that a warning names.
const PLACES: usize = 8;

/// What was tried at each size and length, and what was best.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// What is tuned.
    pub response: String,
    /// The settings, in the order of their inputs.
    pub settings: Vec<Setting>,
}

/// A size and length at which values were tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Size and length, by name.
    pub inputs: BTreeMap<String, f64>,
    /// Rows there.
    pub rows: usize,
    /// Different values tried.
    pub tried: usize,
    /// The best of them.
    pub best: f64,
    /// Its loss.
    pub loss: f64,
    /// Where it stands in the file.
    pub place: String,
    /// Whether it is the smallest or largest tried, or the only one.
    pub at_edge: bool,
}

impl Sweep {
    /// The best row of each setting, as a choice of rows, and the sweep; `None` where each setting has one row,
    /// which then is the best already.
    pub fn of(
        response: (&str, &[f64]),
        inputs: &[(&str, &[f64])],
        losses: &[f64],
        place: impl Fn(usize) -> String,
    ) -> Option<(Vec<bool>, Self)> {
        let (name, values) = response;
        let key = |row: usize| -> Vec<u64> {
            // Positive numbers are ordered as their bits.
            inputs.iter().map(|(_, column)| column[row].to_bits()).collect()
        };
        let mut groups: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
        for row in 0..values.len() {
            groups.entry(key(row)).or_default().push(row);
        }
        if groups.len() == values.len() {
            return None;
        }
        let mut keep = vec![false; values.len()];
        let settings = groups.values().map(|rows| {
            let best = rows
                .iter()
                .copied()
                .min_by(|first, second| losses[*first].total_cmp(&losses[*second]));
            let best = best.unwrap_or_default();
            keep[best] = true;
            let mut tried: Vec<f64> = rows.iter().map(|row| values[*row]).collect();
            tried.sort_by(f64::total_cmp);
            tried.dedup();
            let ends = [tried.first(), tried.last()];
            Setting {
                inputs: inputs
                    .iter()
                    .map(|(name, column)| ((*name).to_owned(), column[best]))
                    .collect(),
                rows: rows.len(),
                tried: tried.len(),
                best: values[best],
                loss: losses[best],
                place: place(best),
                at_edge: ends.contains(&Some(&values[best])),
            }
        });
        let settings = settings.collect();
        let response = name.to_owned();
        Some((keep, Self { response, settings }))
    }

    /// What was done, in words.
    pub fn note(&self) -> String {
        let counts = || self.settings.iter().map(|setting| setting.tried);
        let (least, most) = (
            counts().min().unwrap_or_default(),
            counts().max().unwrap_or_default(),
        );
        let tried = if least == most {
            format!("{least}")
        } else {
            format!("{least} to {most}")
        };
        let inputs: Vec<&str> = self
            .settings
            .iter()
            .take(1)
            .flat_map(|setting| setting.inputs.keys())
            .map(String::as_str)
            .collect();
        format!(
            "a sweep: of {} rows the best loss at each of {} settings of {} is fitted, {tried} values of {} tried at each",
            self.settings.iter().map(|setting| setting.rows).sum::<usize>(),
            self.settings.len(),
            inputs.join(" and "),
            self.response
        )
    }

    /// The optima that may lie beyond what was tried.
    pub fn caution(&self) -> Option<OfRows> {
        let edges: Vec<&Setting> = self.settings.iter().filter(|setting| setting.at_edge).collect();
        let mut places: Vec<String> = edges
            .iter()
            .take(PLACES)
            .map(|setting| setting.place.clone())
            .collect();
        if edges.len() > PLACES {
            places.push(format!("and {} more", edges.len() - PLACES));
        }
        (!edges.is_empty()).then(|| OfRows::BestAtEdge {
            response: self.response.clone(),
            at_edge: edges.len(),
            settings: self.settings.len(),
            places,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_each_setting_is_kept_and_edges_are_told() {
        let sizes = [1.0, 1.0, 1.0, 2.0, 2.0, 3.0];
        let rates = [0.1, 0.2, 0.3, 0.1, 0.2, 0.1];
        let losses = [3.0, 2.5, 2.9, 2.2, 2.1, 2.0];
        let (keep, sweep) = Sweep::of(("learning_rate", &rates), &[("params", &sizes)], &losses, |row| {
            format!("line {row}")
        })
        .unwrap();
        assert_eq!(keep, [false, true, false, false, true, true]);
        let edges: Vec<bool> = sweep.settings.iter().map(|setting| setting.at_edge).collect();
        assert_eq!(edges, [false, true, true]);
        assert!(sweep.note().contains("6 rows") && sweep.note().contains("1 to 3 values"));
        assert!(sweep.caution().unwrap().to_string().contains("2 of 3 settings"));
        assert!(
            Sweep::of(("lr", &rates[..2]), &[("params", &[1.0, 2.0])], &losses, |_| {
                String::new()
            })
            .is_none()
        );
    }
}
