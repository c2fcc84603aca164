//! What the rows spent: their budgets, the operations of a run, and the curve of loss against compute.

use std::collections::BTreeMap;
use std::fmt;

use triaxis_laws::approach::{Run, merge_budgets};
use triaxis_laws::forms::FLOPS_PER_PARAM_TOKEN;
use triaxis_laws::{ComputeCurve, FitError};
use triaxis_tables::{Source, TableError};

use crate::data::Data;
use crate::equation::number;

/// Operations of a training by its size and length, by which one of N, D and C follows from the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operations {
    /// Operations a parameter and token.
    pub per_param_token: f64,
    /// Whether that is a mean of the file's runs, and not 6.
    of_file: bool,
}

impl fmt::Display for Operations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of_file {
            true => write!(
                formatter,
                "{} N D, the mean of these runs",
                number(self.per_param_token)
            ),
            false => formatter.write_str("6ND"),
        }
    }
}

impl Data {
    /// The rows as runs of a ladder, and what was assumed of their budgets, in words.
    ///
    /// A run's budget is that of the column of budgets, else its compute where that is a column of its own; budgets
    /// that differ by no more than `tolerance` become one.
    ///
    /// # Errors
    /// For a column that is needed and has an unusable value.
    pub fn runs(&self, tolerance: f64) -> Result<(Vec<Run>, Vec<String>), TableError> {
        let [params, tokens, loss] = ["params", "tokens", "loss"].map(|name| self.usable(name));
        let (params, tokens, loss) = (params?, tokens?, loss?);
        let flops = self.numbers("flops");
        let declared = self.usable("budget")?;
        let budgets = match declared {
            [] if self.spent_is_a_column() => flops,
            budgets => budgets,
        };
        let rows = 0..self.table.rows();
        let mut runs: Vec<Run> = rows
            .map(|row| Run {
                params: params[row],
                tokens: tokens[row],
                flops: flops.get(row).or(budgets.get(row)).copied().unwrap_or(f64::NAN),
                loss: loss[row],
                budget: budgets.get(row).copied(),
            })
            .collect();
        let merged = match tolerance > 0.0 {
            true => merge_budgets(&mut runs, tolerance),
            false => Vec::new(),
        };
        let mut notes: Vec<String> = (!declared.is_empty())
            .then(|| self.budgets_in_words(&runs))
            .into_iter()
            .collect();
        if !merged.is_empty() {
            let groups: Vec<String> = merged
                .iter()
                .map(|group| {
                    group
                        .iter()
                        .map(|of| number(*of))
                        .collect::<Vec<_>>()
                        .join(" and ")
                })
                .collect();
            notes.push(format!(
                "taken as one budget each, by --budget-tolerance {tolerance}: {}",
                groups.join("; ")
            ));
        }
        Ok((runs, notes))
    }

    /// Whether the compute is a column of the file, rather than 6ND.
    fn spent_is_a_column(&self) -> bool {
        matches!(self.columns.sources.get("flops"), Some(Source::Column(_)))
    }

    /// Which compute the optima of budgets are given at.
    fn budgets_in_words(&self, runs: &[Run]) -> String {
        let source = self.columns.described(&["budget".to_owned()]);
        let source = source.first().map_or("", |(_, column)| column.as_str());
        let ratios = runs.iter().filter_map(|run| {
            let six = FLOPS_PER_PARAM_TOKEN * run.params * run.tokens;
            Some(six / run.budget?)
        });
        let (low, high) = ratios.fold((f64::INFINITY, 0.0_f64), |(low, high), of| {
            (low.min(of), high.max(of))
        });
        match (self.columns.sources.get("budget"), low > 0.999 && high < 1.001) {
            (Some(Source::Product { .. }), _) => {
                "the compute of a budget is 6ND, as the file has none".to_owned()
            }
            (_, true) => format!("the compute of a budget is {source}, which is 6ND of its runs"),
            (_, false) => format!(
                "the compute of a budget is {source}; 6ND of its runs is {} to {} times that",
                number(low),
                number(high)
            ),
        }
    }

    /// The operations of a run: the geometric mean of C / ND where the file has all three, else 6.
    pub fn operations(&self) -> Operations {
        let [params, tokens, flops] = ["params", "tokens", "flops"].map(|name| self.numbers(name));
        let is_own = |name| matches!(self.columns.sources.get(name), Some(Source::Column(_)));
        let count = params.len();
        let whole = count > 0 && tokens.len() == count && flops.len() == count;
        if !whole || !["params", "tokens", "flops"].into_iter().all(is_own) {
            return Operations {
                per_param_token: FLOPS_PER_PARAM_TOKEN,
                of_file: false,
            };
        }
        let logs = (0..count).map(|row| (flops[row] / (params[row] * tokens[row])).ln());
        Operations {
            per_param_token: (logs.sum::<f64>() / count as f64).exp(),
            of_file: true,
        }
    }

    /// The curve of loss against compute, where the rows have both; of rows that differ in size, too, that of the
    /// runs that spent it best.
    pub fn compute_curve(&self, tolerance: f64) -> Option<Result<ComputeCurve, FitError>> {
        if self.is_counted() || self.response != "loss" {
            return None;
        }
        let [params, tokens, flops, loss] =
            ["params", "tokens", "flops", "loss"].map(|name| self.numbers(name));
        if flops.is_empty() || loss.is_empty() {
            return None;
        }
        let last = self.last_of_runs(flops);
        match (params.is_empty(), tokens.is_empty()) {
            (false, false) => {
                let (runs, _) = self.runs(tolerance).ok()?;
                let runs: Vec<Run> = last.iter().map(|row| runs[*row]).collect();
                Some(ComputeCurve::of_runs(&runs))
            }
            _ => {
                let of = |values: &[f64]| last.iter().map(|row| values[*row]).collect::<Vec<f64>>();
                Some(Ok(ComputeCurve::of(&of(flops), &of(loss))))
            }
        }
    }

    /// The rows of most compute of each run: checkpoints before it are no further evidence.
    fn last_of_runs(&self, flops: &[f64]) -> Vec<usize> {
        let Some(runs) = self.run_of_rows() else {
            return (0..flops.len()).collect();
        };
        let mut last: BTreeMap<(u16, usize), usize> = BTreeMap::new();
        for (row, run) in runs.into_iter().enumerate() {
            let known = last.entry(run).or_insert(row);
            if flops[row] > flops[*known] {
                *known = row;
            }
        }
        let mut rows: Vec<usize> = last.into_values().collect();
        rows.sort_unstable();
        rows
    }
}
