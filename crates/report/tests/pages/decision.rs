//! What the page of a decision must hold, whatever was asked.

use std::sync::LazyLock;

use serde_json::Value;
use triaxis_plan::decide::{Decision, Law, decide};
use triaxis_plan::{Question, published};
use triaxis_report::decision_page;

use crate::{HOSTILE, holds, json, without_plotly};

const QUESTION: &str = r#"
title = "What to train"
aim = "lowest-loss"
budget = "$2M"
draws = 80
[[text]]
name = "curated"
unique = "300B"
[[text]]
name = "web"
unique = { value = "2T", low = "1T", high = "3T" }
worth = { value = 0.7, low = 0.4, high = 0.95 }
[[strategies]]
name = "curated again and again"
tiers = ["curated"]
[[strategies]]
name = "all text"
"#;

/// A decision of real numbers; it is worked out once.
static DECISION: LazyLock<Decision> = LazyLock::new(|| {
    let question: Question = toml::from_str(QUESTION).unwrap();
    let law = Law::published(published::find("besiroglu-2024").unwrap()).unwrap();
    decide(&question, &[law]).unwrap()
});

/// The page without the vendored plotly.js.
fn own(decision: &Decision) -> String {
    without_plotly(&decision_page(decision).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

#[test]
fn every_section_and_chart_is_there() {
    let html = own(&DECISION);
    holds(
        &html,
        &[
            "summary",
            "choices",
            "changes",
            "frontier",
            "dollar",
            "experiment",
            "risks",
            "laws",
        ],
        &[
            "decision-frontier",
            "decision-regret",
            "decision-tornado",
            "decision-acceptability",
            "decision-information",
        ],
    );
    assert_eq!(
        html.matches("<span class=\"badge\">recommended</span>").count(),
        1
    );
    for choice in &DECISION.choices {
        assert!(html.contains(&choice.name), "{}", choice.name);
        assert!(
            choice
                .risks
                .iter()
                .all(|risk| html.contains("What is done about it") && !risk.mitigation.is_empty())
        );
    }
    assert_eq!(json(&html, "view"), serde_json::to_value(&*DECISION).unwrap());
}

#[test]
fn the_figures_hold_what_was_decided() {
    let figures = json(&own(&DECISION), "figures");
    let choices = &DECISION.choices;
    let regrets: Vec<f64> = choices.iter().map(|choice| choice.regret_dollars).collect();
    assert_eq!(numbers(&figures["decision-regret"]["data"][0]["x"]), regrets);
    let curves = DECISION.acceptability.as_ref().unwrap();
    assert_eq!(curves.shares.len(), choices.len());
    for (place, shares) in curves.shares.iter().enumerate() {
        let trace = &figures["decision-acceptability"]["data"][place];
        assert_eq!(
            (&numbers(&trace["y"]), &numbers(&trace["x"])),
            (shares, &curves.worths)
        );
    }
    // The band, the line and each choice.
    let frontier = figures["decision-frontier"]["data"].as_array().unwrap();
    assert_eq!(frontier.len(), 2 + choices.len());
    assert_eq!(numbers(&frontier[2]["y"]), [choices[0].loss.value]);
    let tornado = &figures["decision-tornado"]["data"];
    let bars = |end: usize| numbers(&tornado[end]["x"]);
    let widths: Vec<f64> = bars(0)
        .iter()
        .zip(bars(1))
        .map(|(low, high)| (high - low).abs())
        .collect();
    assert!(widths.is_sorted_by(|one, other| one >= other), "{widths:?}");
    let widest = DECISION
        .swings
        .iter()
        .map(|swing| (swing.loss[1] - swing.loss[0]).abs())
        .fold(0.0, f64::max);
    assert!((widths[0] - widest).abs() < 1e-12);
    let costs: Vec<f64> = DECISION.trials.iter().map(|trial| trial.cost).collect();
    assert_eq!(numbers(&figures["decision-information"]["data"][1]["x"]), costs);
}

#[test]
fn names_beside_bars_leave_a_phone_its_chart() {
    let figures = json(&own(&DECISION), "figures");
    for name in figures["decision-tornado"]["data"][0]["y"].as_array().unwrap() {
        let name = name.as_str().unwrap().replace("&amp;", "&");
        let lines = name.split("<br>");
        assert!(
            lines
                .clone()
                .all(|line| line.chars().count() <= 20 || !line.contains(' ')),
            "{name}"
        );
    }
}

#[test]
fn what_lies_too_far_has_no_badge() {
    let html = own(&Decision {
        is_recommended: false,
        instead: Some("Run first a larger ladder.".to_owned()),
        ..DECISION.clone()
    });
    assert!(!html.contains("class=\"badge\"") && !html.contains("<tr class=\"recommended\""));
    assert!(
        html.contains("Nothing is recommended. Run first a larger ladder.")
            && html.contains("<h3>No recommendation</h3>")
    );
}

#[test]
fn nothing_to_show_is_said_in_its_place() {
    let mut decision = Decision {
        break_evens: Vec::new(),
        swings: Vec::new(),
        trials: Vec::new(),
        frontier: Vec::new(),
        acceptability: None,
        ..DECISION.clone()
    };
    decision.choices.truncate(1);
    decision.choices[0].risks.clear();
    let html = own(&decision);
    assert_eq!(json(&html, "figures"), serde_json::json!({}));
    for said in [
        "No quantity alone changes the choice",
        "Nothing that is uncertain moves the first choice.",
        "No experiment could be made before.",
        "There is no curve of cost against loss.",
        "There is no second choice",
        "quality has no price here",
        "No risk of a known kind.",
    ] {
        assert!(html.contains(said), "{said}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut decision = DECISION.clone();
    decision.title = HOSTILE.into();
    for choice in &mut decision.choices {
        choice.name = HOSTILE.into();
        choice.text[0].0 = HOSTILE.into();
    }
    decision
        .swings
        .iter_mut()
        .for_each(|swing| swing.what = HOSTILE.into());
    decision
        .trials
        .iter_mut()
        .for_each(|trial| trial.name = HOSTILE.into());
    decision
        .break_evens
        .iter_mut()
        .for_each(|one| one.becomes = HOSTILE.into());
    let html = own(&decision);
    assert!(!html.contains("<img src=x"), "a name became an element");
    assert!(
        !json(&html, "figures").to_string().contains("<img"),
        "plotly would read a name as an element"
    );
}
