use serde_json::{Value, json};

use super::{Chart, style};
use crate::text;
use crate::view::{Finding, FitView, IsoFlop, IsoFlopPoint};

pub(super) const CHART: Chart = Chart {
    id: "isoflop",
    title: "Loss at equal compute",
    caption: "Each marker is a finished trial; trials of one colour and marker spent the same compute. The \
              line is the parabola fitted in log N, the open star its minimum. Left of the minimum the \
              model is too small for its budget, right of it it saw too few tokens. A budget without a \
              star has no minimum that the data identifies; the table says why.",
    height: 460,
    figure: |view| {
        let hover = |point: &IsoFlopPoint| match view.trials.iter().find(|trial| trial.id == point.trial) {
            Some(trial) => style::trial_hover(trial),
            None => format!("<b>trial {}</b>", text::literal(&point.trial)),
        };
        figure(
            &view.isoflops,
            &hover,
            "Validation loss (nats per token)",
            "No budget has a finished trial yet.",
        )
    },
};

pub(super) const FIT: Chart<FitView> = Chart {
    id: "fit-isoflop",
    title: "Loss at equal compute",
    caption: "Each marker is a run; runs of one colour and marker have the same budget. The line is the curve fitted \
              in log N, the open star its minimum. A budget without a star has none that its runs identify; the \
              warnings say why.",
    height: 460,
    figure: |view| {
        let hover = |point: &IsoFlopPoint| {
            format!(
                "<b>{}</b><br>loss {}",
                text::literal(&point.trial),
                text::measured(point.loss.0)
            )
        };
        figure(&view.isoflops, &hover, "Loss", "Budgets are those of approach 2.")
    },
};

fn figure(
    isoflops: &[IsoFlop],
    hover: &dyn Fn(&IsoFlopPoint) -> String,
    loss: &str,
    nothing: &str,
) -> Result<Value, String> {
    if isoflops.iter().all(|isoflop| isoflop.points.is_empty()) {
        return Err(nothing.to_owned());
    }
    let count = isoflops.len();
    let data: Vec<Value> = isoflops
        .iter()
        .enumerate()
        .flat_map(|(index, isoflop)| traces(isoflop, hover, index, count))
        .collect();
    let params = isoflops.iter().flat_map(|i| {
        i.points
            .iter()
            .map(|p| p.params.as_f64())
            .chain(i.curve.iter().map(|p| p.params))
    });
    Ok(json!({
        "data": data,
        "layout": {
            "xaxis": style::logarithmic_axis("Parameters, N", params, text::count),
            "yaxis": style::linear_axis(loss),
            "legend": { "title": { "text": "Budget (FLOPs)" }, "groupclick": "togglegroup" },
        },
    }))
}

fn traces(
    isoflop: &IsoFlop,
    hover: &dyn Fn(&IsoFlopPoint) -> String,
    index: usize,
    count: usize,
) -> Vec<Value> {
    let color = style::ramp(index, count);
    let budget = text::scientific(isoflop.budget.0);
    let hovers: Vec<String> = isoflop.points.iter().map(hover).collect();
    let suffix = if isoflop.minimum.found().is_some() {
        ""
    } else {
        " · no minimum"
    };
    let mut traces = vec![
        json!({
            "type": "scatter", "mode": "markers", "legendgroup": budget, "name": format!("{budget}{suffix}"),
            "x": isoflop.points.iter().map(|p| p.params.as_f64()).collect::<Vec<_>>(),
            "y": isoflop.points.iter().map(|p| p.loss.0).collect::<Vec<_>>(),
            "customdata": hovers,
            "marker": { "color": color, "symbol": style::symbol(index), "size": 10,
                        "line": { "color": "var(--surface)", "width": 1 } },
            "hovertemplate": "%{customdata}<extra></extra>",
        }),
        json!({
            "type": "scatter", "mode": "lines", "legendgroup": budget, "name": budget, "showlegend": false,
            "x": isoflop.curve.iter().map(|p| p.params).collect::<Vec<_>>(),
            "y": isoflop.curve.iter().map(|p| p.loss).collect::<Vec<_>>(),
            "line": { "color": color, "width": 2, "shape": "spline" }, "hoverinfo": "skip",
        }),
    ];
    if let Finding::Found(minimum) = &isoflop.minimum {
        traces.push(json!({
            "type": "scatter", "mode": "markers", "legendgroup": budget, "name": budget, "showlegend": false,
            "x": [minimum.params.value], "y": [minimum.loss.value],
            "error_x": style::error_bars(&[minimum.params], &color),
            "marker": { "color": color, "symbol": "star-open", "size": 16, "line": { "width": 2 } },
            "hovertemplate": format!(
                "<b>minimum at {budget} FLOPs</b><br>N* {}<br>D* {}<br>loss {}{}<extra></extra>",
                text::estimate(&minimum.params, text::count),
                text::estimate(&minimum.tokens, text::count),
                text::estimate(&minimum.loss, text::loss),
                style::level([&minimum.params]),
            ),
        }));
    }
    traces
}
