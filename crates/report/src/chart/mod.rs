//! Charts as plotly.js figures: data and layout, one file a chart. Colours are names of CSS variables,
//! resolved in the browser, so that the theme is decided in one place.

mod allocation;
mod context;
mod cost;
mod frontier;
mod isoflop;
mod loss_curves;
mod prediction;
mod residuals;
mod style;

use serde_json::{Map, Value};

use crate::view::View;

/// A chart of the page.
pub(crate) struct Chart {
    /// Its name in the page.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// What it shows and how to read it.
    pub(crate) caption: &'static str,
    /// Height in CSS pixels.
    pub(crate) height: u32,
    /// The figure, or why there is none.
    pub(crate) figure: fn(&View) -> Result<Value, String>,
}

/// Every chart, in the order of the page.
pub(crate) const CHARTS: &[&Chart] = &[
    &loss_curves::CHART,
    &isoflop::CHART,
    &frontier::PARAMS,
    &frontier::TOKENS,
    &residuals::CHART,
    &prediction::CHART,
    &context::CHART,
    &allocation::CHART,
    &cost::CHART,
];

/// The figures that can be drawn, by chart.
pub(crate) fn figures(view: &View) -> Value {
    let drawn = CHARTS.iter().filter_map(|chart| {
        let figure = (chart.figure)(view).ok()?;
        Some((chart.id.to_owned(), figure))
    });
    Value::Object(drawn.collect::<Map<String, Value>>())
}
