//! What a page must hold, whatever the study did.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use triaxis_laws::worth::{Arm, Options, Repeated, Run, compare};
use triaxis_plan::decide::Decision;
use triaxis_report::view::{ArmLoss, ExpertsView, Finding, Status, View};
use triaxis_report::{ReportError, page, readme_svg, write_json, write_page, write_readme_svg};

#[path = "../examples/fixture/mod.rs"]
mod fixture;

const SECTIONS: [&str; 8] = [
    "summary",
    "plan",
    "held-out",
    "isoflops",
    "approaches",
    "trials",
    "corpus",
    "provenance",
];
const CHARTS: [&str; 11] = [
    "loss-curves",
    "isoflop",
    "optimal-params",
    "optimal-tokens",
    "residuals",
    "prediction-context",
    "decision-frontier",
    "decision-regret",
    "decision-tornado",
    "decision-acceptability",
    "decision-information",
];
const HOSTILE: &str =
    "</script></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!-- \u{2028}";

/// The page without the vendored plotly.js.
fn own(view: &View) -> String {
    let html = page(view).unwrap();
    let plotly = include_str!("../assets/plotly-basic.min.js");
    assert!(html.contains(plotly), "the page must carry plotly.js");
    html.replace(plotly, "")
}

/// The text between two marks, marks included.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("no `{start}`"));
    let length = text[from..]
        .find(end)
        .unwrap_or_else(|| panic!("no `{end}` after `{start}`"));
    &text[from..from + length + end.len()]
}

fn section<'a>(html: &'a str, id: &str) -> &'a str {
    between(html, &format!("<section id=\"{id}\""), "</section>")
}

/// One element a line, for a snapshot that can be read and reviewed.
fn lines(html: &str) -> String {
    html.replace("><", ">\n<")
}

fn json(html: &str, id: &str) -> serde_json::Value {
    let start = format!("<script type=\"application/json\" id=\"{id}\">");
    let element = between(html, &start, "</script>");
    serde_json::from_str(&element[start.len()..element.len() - "</script>".len()]).unwrap()
}

/// The value with numbers of six digits, which do not depend on the machine's mathematical library.
fn rounded(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Number(number) => format!("{:.5e}", number.as_f64().unwrap()).into(),
        Value::Array(values) => values.iter().map(rounded).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, inner)| (key.clone(), rounded(inner)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn every_section_is_there_whatever_the_study_did() {
    for view in [fixture::view(), fixture::failed(), fixture::empty()] {
        let html = own(&view);
        for id in SECTIONS {
            let text = section(&html, id);
            assert!(
                text.len() > text.find("</h2>").unwrap() + 40,
                "section {id} is empty"
            );
            assert!(
                html.contains(&format!("<a href=\"#{id}\">")),
                "no entry for {id} in the contents"
            );
        }
        let of_experts = [
            !view.experts.trials.is_empty(),
            !view.experts.emergence.is_empty(),
        ];
        let asked = of_experts.map(usize::from).iter().sum::<usize>()
            + usize::from(view.losses.is_some())
            + usize::from(!view.probes.is_empty());
        assert_eq!(html.matches("<section ").count(), SECTIONS.len() + asked);
        assert!(
            !html.contains("NaN") && !html.contains(">inf<"),
            "a number that is none"
        );
    }
}

fn of_plan(view: &View) -> &Decision {
    view.plan.as_ref().unwrap().found().unwrap()
}

/// The fixture as a study of arms: one better than the baseline, one alike.
fn compared() -> View {
    let arm = |name: &str, factor: f64, phase: f64| Arm {
        name: name.to_owned(),
        runs: [1e6, 2e6, 4e6]
            .into_iter()
            .enumerate()
            .flat_map(|(size, params)| {
                [1e15, 3e15, 9e15].map(|budget: f64| {
                    let tokens = budget / (6.0 * params);
                    let luck = 1.0 + 1e-3 * f64::sin((7 * size) as f64 + phase * budget.ln());
                    let reducible = 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37);
                    Run {
                        size: size.to_string(),
                        budget,
                        seed: 0,
                        params,
                        tokens,
                        flops: budget,
                        loss: (1.8 + factor * reducible) * luck,
                    }
                })
            })
            .collect(),
    };
    let arms = [
        arm("plain", 1.0, 1.0),
        arm("better", 0.8, 2.0),
        arm("<alike>", 1.0, 3.0),
    ];
    let compared = compare(&arms, "plain", &Options::default()).unwrap();
    let mut view = fixture::view();
    view.comparison = Some(Finding::Found(compared));
    for trial in &mut view.trials {
        trial.arm = Some("plain".to_owned());
    }
    view
}

#[test]
fn the_decision_comes_first_and_what_each_arm_is_worth_after_it() {
    let view = compared();
    let html = own(&view);
    let (summary, of_arms) = (section(&html, "summary"), section(&html, "arms"));
    assert!(html.find("<section ").unwrap() == html.find(summary).unwrap());
    assert!(html.find(summary).unwrap() < html.find(of_arms).unwrap());
    assert!(html.find(of_arms).unwrap() < html.find(section(&html, "plan")).unwrap());
    // The decision, then its doubts.
    let doubts = summary.find(&view.notices[0]).unwrap();
    assert!(summary.find("✓ better").unwrap() < doubts);
    assert!(summary.find("✓ inside the 90% interval").unwrap() < doubts);
    assert!(summary[doubts..].contains(&of_plan(&view).cautions[0]));
    assert!(summary.contains("no difference seen; one of × 1."), "{summary}");
    assert!(summary.contains("&lt;alike&gt;") && !html.contains("<alike>"));
    assert!(
        json(&html, "figures")["worth"]["data"][0]["x"][0]
            .as_f64()
            .unwrap()
            > 1.5
    );
    assert!(section(&html, "trials").contains(">Arm<"));

    let of_one = own(&fixture::view());
    let summary = section(&of_one, "summary");
    assert!(of_one.find("<section ").unwrap() == of_one.find(summary).unwrap());
    let decision = summary.find("What to train").unwrap();
    assert!(decision < summary.find("predicted → measured").unwrap());
    assert!(decision < summary.find("class=\"caveat\"").unwrap());
    assert!(!of_one.contains("<section id=\"arms\""));
}

#[test]
fn a_comparison_that_is_refused_hides_no_repeats() {
    let mut view = compared();
    view.repeated = vec![Repeated {
        arm: "again".to_owned(),
        beside: Some("fresh".to_owned()),
        level: 0.9,
        found: Finding::Refused("one epoch repeats nothing".to_owned()),
    }];
    let table = |view: &View| {
        let html = own(view);
        between(
            section(&html, "arms"),
            "aria-label=\"What repeated text is worth\"",
            "</table>",
        )
        .to_owned()
    };
    let beside = table(&view);
    assert!(
        beside.contains("again") && beside.contains("one epoch repeats nothing"),
        "{beside}"
    );
    view.comparison = Some(Finding::Refused("too few runs".to_owned()));
    assert_eq!(table(&view), beside);
    assert!(section(&own(&view), "arms").contains("too few runs"));
    assert!(section(&own(&view), "summary").contains("too few runs"));
    view.comparison = None;
    assert_eq!(table(&view), beside);
}

#[test]
fn losses_are_told_by_text_and_against_the_baseline() {
    let mut view = fixture::view();
    let losses = view.losses.as_mut().unwrap();
    losses.arms.push("other".to_owned());
    losses.texts[0].arms.push(ArmLoss::of(&[1.25, 1.27], Some(1.32)));
    losses.texts[1].arms.push(None);
    let html = own(&view);
    let rows = section(&html, "texts");
    assert!(
        rows.contains("1.3200 ± 0.0141") && rows.contains("−0.0600"),
        "{rows}"
    );
    assert!(
        rows.contains("1.1200</span>") && rows.contains(">–</td>"),
        "{rows}"
    );
}

#[test]
fn probes_are_a_picture_and_a_table_beside_guessing_and_what_others_report() {
    let view = fixture::view();
    let html = own(&view);
    let text = section(&html, "probes");
    // A cell for each of two models at each of two levels, and for each of two depths in another vocabulary; the one
    // without an accuracy says so.
    assert_eq!(text.matches("<rect ").count(), 8);
    assert!(
        text.contains("linear-regression 48:1, 32 tokens")
            && text.contains("linear-regression 48:1, 64 tokens")
    );
    assert!(text.contains("&lt;transformer&gt; 64, 120K") && text.contains("&lt;transformer&gt; 64, 240K"));
    assert!(text.contains(">60%<") && text.contains(">50%<"));
    assert!(text.contains("1 of 3 diverged") && text.contains("<td>48:14</td>"));
    assert!(text.contains("the best rate, 0.001, is the lowest that was tried: try lower ones"));
    assert_eq!(text.matches("fill-opacity=\"0.782\"").count(), 2, "{text}");
    assert!(text.contains(">70%<") && text.contains("[65%, 75%]"), "{text}");
    assert!(text.contains("&lt;transformer&gt; 64") && text.contains(">–<"));
    assert!(
        text.contains("ridge regression: 75%")
            && text.contains("longer, or with more answers, than trained on")
    );
    assert!(text.contains("Published: Invented scores 50% on a level (nowhere)."));
    assert!(text.contains("the training of seed 1 diverged"));
    assert!(!own(&fixture::empty()).contains("id=\"probes\""));
}

#[test]
fn experts_are_a_picture_by_source_beside_permuted_labels_and_tables() {
    let html = own(&fixture::view());
    let experts = section(&html, "experts");
    // Two layers of four experts, for two sources, of the largest trial alone.
    assert_eq!(experts.matches("<rect").count(), 2 * 4 * 2);
    assert!(experts.contains("e2e2e2e2e2e2e2e2") && experts.contains("layer 1"));
    assert!(
        experts.contains("Experts specialise: an expert tells")
            && experts.contains("where 24 units have each other")
    );
    assert!(experts.contains("cannot tell whether experts specialise by position"));
    // Loss by its own choices, at random, and permuted.
    assert!(experts.contains("3.1") && experts.contains("3.4") && experts.contains("how fine 4 experts"));
    let emergence = section(&html, "emergence");
    assert!(emergence.contains("equal active parameters") && emergence.contains("0 of 3"));
    let mut none = fixture::view();
    none.experts = ExpertsView::default();
    let html = own(&none);
    assert!(!html.contains("id=\"experts\"") && !html.contains("id=\"emergence\""));
}

#[test]
fn nothing_is_fetched() {
    let html = own(&fixture::view());
    assert!(html.contains("Content-Security-Policy\" content=\"default-src 'none';"));
    for fetch in [
        "src=",
        "<link",
        "@import",
        "url(",
        "fetch(",
        "XMLHttpRequest",
        "import(",
        "srcset",
        "<iframe",
    ] {
        assert!(!html.contains(fetch), "`{fetch}` in the page");
    }
    let outside: Vec<&str> = html
        .match_indices("://")
        .map(|(at, _)| &html[at.saturating_sub(15)..at])
        .collect();
    assert!(
        !outside.is_empty() && outside.iter().all(|before| before.ends_with("<a href=\"https")),
        "{outside:?}"
    );
    assert!(
        html.contains("showSendToCloud: false, plotlyServerURL: \"\""),
        "plotly.js must not offer an upload"
    );
}

#[test]
fn every_trial_is_in_the_table_and_every_reason_in_the_list() {
    for view in [fixture::view(), fixture::failed()] {
        let html = own(&view);
        let trials = section(&html, "trials");
        for trial in &view.trials {
            assert_eq!(
                trials.matches(&format!("data-trial=\"{}\"", trial.id)).count(),
                1,
                "{}",
                trial.id
            );
        }
        let reasons = between(trials, "<ul class=\"reasons\">", "</ul>");
        let unfinished = view.trials.iter().filter(|trial| trial.status != Status::Done);
        assert_eq!(reasons.matches("<li>").count(), unfinished.clone().count());
        for trial in unfinished {
            assert!(reasons.contains(&trial.id) && reasons.contains(trial.status.reason().unwrap()));
        }
    }
}

#[test]
fn a_refusal_stands_where_the_number_would() {
    let html = own(&fixture::failed());
    assert_eq!(
        section(&html, "isoflops")
            .matches("three trials of this budget are needed")
            .count(),
        3
    );
    assert_eq!(
        section(&html, "approaches")
            .matches("refused: no IsoFLOP minimum")
            .count(),
        12
    );
    assert_eq!(
        section(&html, "plan")
            .matches("refused: the study has no law of its own")
            .count(),
        1
    );
    assert!(section(&html, "held-out").contains("refused: no law could be fitted"));
    assert!(section(&html, "held-out").contains("refused: the run was not started"));
    assert_eq!(json(&html, "figures"), serde_json::json!({}), "nothing to draw");
    assert_eq!(html.matches("data-chart=").count(), 0);
}

/// What a trace shows along an axis, the ends of its bars among it.
fn reached(trace: &serde_json::Value, axis: &str) -> Vec<f64> {
    let numbers = |values: &serde_json::Value| -> Vec<Option<f64>> {
        let values = values.as_array().into_iter().flatten();
        values.map(serde_json::Value::as_f64).collect()
    };
    let bars = &trace[format!("error_{axis}")];
    let values = numbers(&trace[axis]);
    let ends = [(1.0, "array"), (-1.0, "arrayminus")]
        .into_iter()
        .flat_map(|(sign, side)| {
            let lengths = numbers(&bars[side]);
            let both: Vec<_> = values.iter().copied().zip(lengths).collect();
            both.into_iter()
                .map(move |(value, length)| Some(value? + sign * length?))
        });
    values.iter().copied().chain(ends).flatten().collect()
}

#[test]
fn every_chart_has_a_figure_a_caption_and_named_axes() {
    let html = own(&fixture::view());
    let figures = json(&html, "figures");
    assert_eq!(html.matches("<figcaption>").count(), CHARTS.len());
    for id in CHARTS {
        assert!(html.contains(&format!("data-chart=\"{id}\"")), "no box for {id}");
        let figure = &figures[id];
        assert!(
            figure["data"].as_array().is_some_and(|traces| !traces.is_empty()),
            "no data in {id}"
        );
        for (name, of) in [("xaxis", "x"), ("yaxis", "y")] {
            let axis = &figure["layout"][name];
            let named = axis["title"]["text"]
                .as_str()
                .is_some_and(|title| !title.is_empty());
            assert!(
                named || axis["type"] == "category",
                "an axis of {id} has no title"
            );
            if axis["type"] == "log" {
                let traces = figure["data"].as_array().unwrap().iter();
                let shown: Vec<f64> = traces.flat_map(|trace| reached(trace, of)).collect();
                let (low, high) = shown.iter().fold((f64::MAX, 0.0), |(low, high), value| {
                    (f64::min(low, *value), f64::max(high, *value))
                });
                let ticks = axis["tickvals"].as_array().unwrap().iter();
                let inside = ticks.filter(|tick| (low..=high).contains(&tick.as_f64().unwrap()));
                assert!(
                    inside.count() >= 3,
                    "fewer than three ticks from {low} to {high} in {id}"
                );
            }
        }
    }
}

#[test]
fn figures_name_only_colours_that_the_style_defines() {
    let html = own(&fixture::view());
    let style = between(&html, "<style>", "</style>");
    let figures = json(&html, "figures").to_string();
    let names: Vec<&str> = figures
        .split("var(")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap())
        .collect();
    assert!(names.len() > 20);
    for name in names {
        assert!(
            style.contains(&format!("{name}: light-dark(")),
            "{name} is not defined"
        );
    }
}

#[test]
fn hostile_text_stays_text() {
    let mut view = fixture::view();
    poison(&mut view);
    let (plain, hostile) = (own(&fixture::view()), own(&view));
    for tag in [
        "<script", "</script", "</style", "<img", "<!--", "<section", "<tr",
    ] {
        assert_eq!(
            plain.matches(tag).count(),
            hostile.matches(tag).count(),
            "`{tag}` got into the page"
        );
    }
    assert!(hostile.contains("&lt;/script&gt;"));
    assert_eq!(json(&hostile, "view")["spec"], HOSTILE);
    let figures = json(&hostile, "figures");
    let names = figures["decision-acceptability"]["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trace| &trace["name"]);
    for name in names {
        assert!(
            !name.as_str().unwrap().contains('<'),
            "plotly.js would read markup in {name}"
        );
    }
    let svg = readme_svg(&view);
    assert!(svg.contains("&lt;/script&gt;") && !svg.contains("<script"));
}

fn poison(view: &mut View) {
    let text = || HOSTILE.to_owned();
    view.title = text();
    view.generated = text();
    view.machine = text();
    view.spec = text();
    view.program.code_hash = text();
    view.notices = vec![text()];
    for trial in &mut view.trials {
        trial.architecture = text();
    }
    view.probes.scores[0].name = text();
    view.probes.scores[1].diverged = vec![text()];
    view.trials[0].status = Status::Failed(text());
    view.isoflops[0].minimum = Finding::Refused(text());
    for approach in &mut view.approaches {
        approach.name = text();
        approach.warnings = vec![text()];
        approach.params_exponent = Finding::Refused(text());
    }
    view.held_out[0].law = text();
    view.held_out[0].measured = Finding::Refused(text());
    let mut plan = of_plan(view).clone();
    plan.cautions = vec![text()];
    plan.laws[0].name = text();
    for choice in &mut plan.choices {
        choice.name = text();
        choice.text[0].0 = text();
    }
    view.plan = Some(Finding::Found(plan));
    let corpus = view.corpus.as_mut().unwrap();
    corpus.sources[0].name = text();
    corpus.licences[0].licence = text();
    corpus.skipped[0].reason = text();
}

#[test]
fn numbers_that_are_none_become_a_dash() {
    let mut view = fixture::view();
    let none = f64::NAN;
    view.trials[0].loss = Some(triaxis_units::Nats(none));
    view.trials[0].tokens_per_second = Some(f64::INFINITY);
    view.isoflops[1].points[0].loss = triaxis_units::Nats(none);
    view.held_out[0].relative_error = Some(none);
    let html = own(&view);
    let row = between(
        &html,
        &format!("<tr data-trial=\"{}\"", view.trials[0].id),
        "</tr>",
    );
    assert_eq!(row.matches("data-sort=\"\">–</td>").count(), 2);
    assert!(!html.contains("NaN") && !html.contains(">inf<"));
    assert!(!readme_svg(&view).contains("NaN"));
}

#[test]
fn the_view_survives_json() {
    for view in [fixture::view(), fixture::failed(), fixture::empty()] {
        let text = serde_json::to_string(&view).unwrap();
        assert_eq!(serde_json::from_str::<View>(&text).unwrap(), view);
    }
}

#[test]
fn files_are_replaced_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    fs::write(&path, "earlier").unwrap();
    let view = fixture::view();
    write_page(&view, &path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), page(&view).unwrap());
    write_json(&view, &folder.path().join("report.json")).unwrap();
    write_readme_svg(&view, &folder.path().join("report.svg")).unwrap();
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        3,
        "a temporary file is left"
    );

    let missing = folder.path().join("nowhere/report.html");
    let error = write_page(&view, &missing).unwrap_err();
    assert!(matches!(&error, ReportError::Write { path, .. } if *path == missing));
    assert!(error.to_string().contains("its folder must exist"), "{error}");
    // A folder in the way: the rename fails, and leaves nothing behind.
    let occupied = folder.path().join("occupied");
    fs::create_dir(&occupied).unwrap();
    assert!(matches!(
        write_page(&view, &occupied),
        Err(ReportError::Write { .. })
    ));
    assert!(matches!(
        write_page(&view, std::path::Path::new("/")),
        Err(ReportError::NotAFile(_))
    ));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn fragments_are_as_reviewed() {
    let html = own(&fixture::view());
    for id in ["summary", "corpus", "isoflops", "held-out", "texts"] {
        insta::assert_snapshot!(format!("section-{id}"), lines(section(&html, id)));
    }
    let trials = section(&html, "trials");
    insta::assert_snapshot!(
        "trials-head",
        lines(between(trials, "<table class=\"sortable\">", "</thead>"))
    );
    insta::assert_snapshot!(
        "trials-failed-row",
        lines(between(trials, "<tr data-trial=\"6a99b4ac\"", "</tr>"))
    );
    insta::assert_json_snapshot!("figure-isoflop", rounded(&json(&html, "figures")["isoflop"]));
    insta::assert_snapshot!(
        "failed-approaches",
        lines(section(&own(&fixture::failed()), "approaches"))
    );
}

#[test]
fn picture_is_as_reviewed() {
    for (name, view) in [
        ("view", fixture::view()),
        ("failed", fixture::failed()),
        ("empty", fixture::empty()),
    ] {
        let svg = readme_svg(&view);
        let style = between(&svg, "<style>", "</style>");
        assert!(style.contains("prefers-color-scheme: dark"));
        insta::assert_snapshot!(format!("picture-{name}"), lines(&svg.replace(style, "")));
    }
}
