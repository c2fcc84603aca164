//! What the page of a fit must hold, whatever the data allowed.

use triaxis_report::fit_page;
use triaxis_report::view::{
    CurvePoint, Estimate, Finding, FitCheck, FitCompared, FitCurve, FitParameter, FitPoint, FitPrediction,
    FitView, Interval, IsoFlop, IsoFlopMinimum, IsoFlopPoint,
};
use triaxis_units::{Flops, Nats, Params};

use crate::{HOSTILE, holds, json, without_plotly};

fn estimate(value: f64) -> Estimate {
    let interval = Interval {
        low: 0.9 * value,
        high: 1.1 * value,
        level: 0.9,
    };
    Estimate {
        value,
        interval: Some(interval),
    }
}

fn view() -> FitView {
    let point = |row: usize| FitPoint {
        place: format!("line {row}"),
        inputs: "params 1M · tokens 1B".into(),
        at: 1e9 * row as f64,
        size: 1e15 * row as f64,
        observed: 3.0 / row as f64,
        predicted: 3.1 / row as f64,
        curve: row % 2,
        held_out: (row > 8).then_some(3.2 / row as f64),
    };
    let curve = |held: &str| FitCurve {
        held: held.into(),
        points: (1..5)
            .map(|step| (f64::from(step) * 1e9, estimate(3.0)))
            .collect(),
    };
    FitView {
        isoflops: Vec::new(),
        flattening: None,
        title: "runs.csv".into(),
        version: "0.1.0".into(),
        form: "chinchilla".into(),
        equation: "loss = E + A / params^alpha".into(),
        law: "loss = 1.8 + 480 / params^0.35".into(),
        source: "Hoffmann et al. 2022".into(),
        facts: vec![("Data".into(), "10 rows".into())],
        warnings: vec!["few rows".into()],
        refusals: Vec::new(),
        trust: Some("chinchilla: its error is the lowest".into()),
        compared: vec![FitCompared {
            form: "chinchilla".into(),
            parameters: 5,
            held_out_error: Some(0.0061),
            share: Some(0.75),
            baseline: None,
            r_squared: Some(0.99),
            unidentified: vec!["E".into()],
            refused: None,
        }],
        left_out: "approach1: it gives the best size".into(),
        parameters: vec![
            FitParameter {
                name: "E".into(),
                meaning: "irreducible loss".into(),
                estimate: estimate(1.8),
                identified: false,
                open: "below".into(),
                methods: vec![("profile".into(), 1.0, 2.0)],
            },
            FitParameter {
                name: "alpha".into(),
                meaning: "exponent".into(),
                estimate: estimate(0.35),
                identified: true,
                open: String::new(),
                methods: Vec::new(),
            },
        ],
        predictions: vec![FitPrediction {
            inputs: "params 70B, tokens 1.4T".into(),
            at: 1.4e12,
            estimate: estimate(1.95),
            reach: "beyond what was fitted: compute 21.8 times above".into(),
        }],
        along: "tokens".into(),
        response: "loss".into(),
        size: "params × tokens".into(),
        points: (1..11).map(point).collect(),
        curves: vec![curve("params 1M"), curve("params 2M")],
        check: Some(FitCheck {
            words: "2 largest runs, 0.61% off".into(),
            error: 0.0061,
            baseline: 0.2,
        }),
    }
}

/// The page without the vendored plotly.js.
fn own(view: &FitView) -> String {
    without_plotly(&fit_page(view).unwrap())
}

#[test]
fn every_section_and_chart_is_there() {
    let html = own(&view());
    holds(
        &html,
        &[
            "summary",
            "curve",
            "parameters",
            "predictions",
            "residuals",
            "held-out",
            "forms",
            "provenance",
        ],
        &["fit-curve", "fit-residuals", "fit-check"],
    );
    // The shares of a prediction stand beside the errors that they come from.
    assert!(html.contains(">Share</th>") && html.contains(">75%</td>"));
    for text in [
        "0.61%",
        "1 of 2",
        "not identified",
        "few rows",
        "params 70B, tokens 1.4T",
        "compute 21.8 times above",
        "1.8 + 480",
        "Not compared: approach1",
    ] {
        assert!(
            html.contains(text) || html.to_lowercase().contains(text),
            "{text}"
        );
    }
    assert_eq!(json(&html, "view"), serde_json::to_value(view()).unwrap());
}

#[test]
fn the_figures_hold_what_was_given() {
    let figures = json(&own(&view()), "figures");
    let residuals = &figures["fit-residuals"]["data"][0];
    assert_eq!(residuals["x"].as_array().unwrap().len(), 10);
    assert!((residuals["y"][0].as_f64().unwrap() - 100.0 * (3.0 / 3.1 - 1.0)).abs() < 1e-12);
    let held_out = &figures["fit-check"]["data"][2];
    assert_eq!(held_out["name"], "held out");
    assert_eq!(held_out["x"].as_array().unwrap().len(), 2);
    // Two lines, each with its band and its runs, and the predictions.
    assert_eq!(figures["fit-curve"]["data"].as_array().unwrap().len(), 7);
}

#[test]
fn sizes_over_decades_get_logarithmic_axes_and_are_written_as_counts() {
    let figures = json(&own(&view()), "figures");
    assert_eq!(figures["fit-curve"]["layout"]["yaxis"]["type"], "linear");
    let mut wide = view();
    for (row, point) in wide.points.iter_mut().enumerate() {
        point.observed = 1e8 * 10.0_f64.powi(row as i32 / 3);
        point.predicted = point.observed;
    }
    wide.predictions[0].estimate = estimate(3.2e12);
    let html = own(&wide);
    let figures = json(&html, "figures");
    for axis in [
        &figures["fit-curve"]["layout"]["yaxis"],
        &figures["fit-check"]["layout"]["xaxis"],
    ] {
        assert_eq!(axis["type"], "log");
    }
    assert!(html.contains("3.2T"), "a size is written as a count");
}

#[test]
fn nothing_to_show_is_said_in_its_place() {
    let html = own(&FitView {
        points: Vec::new(),
        curves: Vec::new(),
        predictions: Vec::new(),
        compared: Vec::new(),
        check: None,
        refusals: vec!["the design cannot separate params and tokens".into()],
        ..view()
    });
    assert_eq!(json(&html, "figures"), serde_json::json!({}));
    for text in [
        "No runs to show.",
        "No run was asked for",
        "No run could be held out",
        "refused: the design",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut view = view();
    view.title = HOSTILE.into();
    view.points[0].place = HOSTILE.into();
    view.curves[0].held = HOSTILE.into();
    view.parameters[0].name = HOSTILE.into();
    let html = own(&view);
    assert!(!html.contains("<img src=x"), "a name became an element");
    let figures = json(&html, "figures").to_string();
    assert!(
        !figures.contains("<img"),
        "plotly would read a name as an element"
    );
}

#[test]
fn budgets_have_their_curves_and_the_curve_its_verdict() {
    let one = |value| Estimate {
        value,
        interval: None,
    };
    let isoflop = IsoFlop {
        budget: Flops(1e18),
        points: vec![IsoFlopPoint {
            trial: HOSTILE.into(),
            params: Params(1_000_000),
            loss: Nats(3.0),
        }],
        curve: vec![CurvePoint {
            params: 1e6,
            loss: 3.0,
        }],
        minimum: Finding::Found(IsoFlopMinimum {
            params: one(1e6),
            tokens: one(1e9),
            loss: one(3.0),
        }),
    };
    let html = own(&FitView {
        isoflops: vec![isoflop],
        flattening: Some("a floor: the loss flattens towards 1.7".into()),
        ..view()
    });
    assert!(html.contains("data-chart=\"fit-isoflop\"") && html.contains("flattens towards 1.7"));
    assert!(!own(&view()).contains("data-chart=\"fit-isoflop\""));
}
