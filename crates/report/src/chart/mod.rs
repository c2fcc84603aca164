//! Charts as plotly.js figures: data and layout, one file a chart. Colours are names of CSS variables,
//! resolved in the browser, so that the theme is decided in one place.

mod context;
mod decision_acceptability;
mod decision_frontier;
mod decision_information;
mod decision_regret;
mod decision_tornado;
mod fit_check;
mod fit_curve;
mod fit_residuals;
mod frontier;
mod isoflop;
mod length;
mod loss_curves;
mod residuals;
mod style;
mod worth;

use serde_json::{Map, Value};
use triaxis_plan::decide::Decision;

use crate::view::{FitView, LengthView, View};

/// A chart of a page that shows a `V`.
pub(crate) struct Chart<V = View> {
    /// Its name in the page.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// What it shows and how to read it.
    pub(crate) caption: &'static str,
    /// Height in CSS pixels.
    pub(crate) height: u32,
    /// The figure, or why there is none.
    pub(crate) figure: fn(&V) -> Result<Value, String>,
}

/// Every chart of a study, in the order of the page.
pub(crate) const CHARTS: &[&Chart] = &[
    &loss_curves::CHART,
    &isoflop::CHART,
    &frontier::PARAMS,
    &frontier::TOKENS,
    &residuals::CHART,
    &context::CHART,
    &worth::CHART,
];

/// Every chart of a fit, in the order of the page.
pub(crate) const FIT_CHARTS: &[&Chart<FitView>] = &[
    &fit_curve::CHART,
    &isoflop::FIT,
    &fit_residuals::CHART,
    &fit_check::CHART,
];

/// Every chart of what models cost by length, in the order of the page.
pub(crate) const LENGTH_CHARTS: &[&Chart<LengthView>] = &[
    &length::TRADE,
    &length::SEQUENCE,
    &length::STEP,
    &length::REMEMBERED,
];

/// Every chart of a decision, in the order of the page.
pub(crate) const DECISION_CHARTS: &[&Chart<Decision>] = &[
    &decision_frontier::CHART,
    &decision_regret::CHART,
    &decision_tornado::CHART,
    &decision_acceptability::CHART,
    &decision_information::CHART,
];

/// The figures that can be drawn, by chart.
pub(crate) fn figures<V>(charts: &[&Chart<V>], view: &V) -> Map<String, Value> {
    let drawn = charts.iter().filter_map(|chart| {
        let figure = (chart.figure)(view).ok()?;
        Some((chart.id.to_owned(), figure))
    });
    drawn.collect()
}
