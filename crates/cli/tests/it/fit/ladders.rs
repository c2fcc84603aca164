//! Approaches 1 and 2 through the same door as the forms.

use super::*;

/// Exponents 0.5 and 0.5: `N* = (C / 6)^0.5 * G` with `G = (25 / 60)^(1 / 0.68)`.
fn law(params: f64, tokens: f64) -> f64 {
    0.9 + 25.0 * params.powf(-0.34) + 60.0 * tokens.powf(-0.34)
}

fn best(flops: f64) -> (f64, f64) {
    let balance = (25.0_f64 / 60.0).powf(1.0 / 0.68);
    let root = (flops / 6.0).sqrt();
    (balance * root, root / balance)
}

/// A ladder of `sizes` around the optimum of each budget, moved by `shift` factors of two: C, N, D, loss.
fn ladder(budgets: &[f64], sizes: i32, shift: f64) -> String {
    let mut text = "C,N,D,loss\n".to_owned();
    let mut row = 0;
    for flops in budgets {
        for step in 0..sizes {
            let params = best(*flops).0 * 2.0_f64.powf(f64::from(step) - 0.5 * f64::from(sizes - 1) + shift);
            let tokens = flops / (6.0 * params);
            let noise = 1.0 + 0.1 * (noise(row) - 1.0);
            writeln!(text, "{flops},{params},{tokens},{}", law(params, tokens) * noise).unwrap();
            row += 1;
        }
    }
    text
}

const BUDGETS: [f64; 5] = [1e18, 1.5e18, 2e18, 1e19, 1e20];

#[test]
fn approach_2_gives_the_shape_of_every_fit() {
    let folder = Folder::with("runs.csv", &ladder(&BUDGETS, 6, 0.0));
    for form in ["approach2", "approach2-akima"] {
        let found = folder.json(&[
            "runs.csv",
            "--form",
            form,
            "--predict",
            "C=1e22",
            "--replicates",
            "300",
        ]);
        assert_eq!((&found["form"], &found["rows"]), (&form.into(), &30.into()));
        // 1.5e18 stays apart from 2e18: a budget is the exact value of its column.
        assert_eq!(
            found["optima"].as_array().unwrap().len(),
            5,
            "{}",
            found["optima"]
        );
        for name in ["a", "b"] {
            let exponent = &found["parameters"][name];
            assert!(
                (number(&exponent["value"]) - 0.5).abs() < 0.06,
                "{form} {name}: {exponent}"
            );
            assert!(
                number(&exponent["low"]) < 0.5 && 0.5 < number(&exponent["high"]),
                "{exponent}"
            );
        }
        let predicted = &found["predictions"][0];
        let (params, tokens) = best(1e22);
        for (name, truth) in [("params_opt", params), ("tokens_opt", tokens)] {
            let of = &predicted[name];
            assert!(
                number(&of["low"]) < truth && truth < number(&of["high"]),
                "{form} {name} {truth}: {of}"
            );
            assert!(
                number(&of["low"]) <= number(&of["value"]) && number(&of["value"]) <= number(&of["high"])
            );
        }
        assert!(
            (number(&predicted["reach"]["flops"]["factor"]) - 100.0).abs() < 1e-6,
            "{predicted}"
        );
        // The optimum of the largest budget, from the smaller ones.
        assert_eq!(found["holdout"]["rows"].as_array().unwrap().len(), 6);
        assert_eq!(found["holdout"]["errors"].as_array().unwrap().len(), 2);
        assert!(
            number(&found["holdout"]["mean_absolute"]) < 0.3,
            "{}",
            found["holdout"]
        );
        assert!(number(&found["holdout"]["mean_absolute"]) < number(&found["holdout"]["baseline"]));
        assert_eq!(found["residuals"].as_array().unwrap().len(), 10);
    }
    let held = folder.json(&[
        "runs.csv",
        "--form",
        "approach2",
        "--holdout",
        "C >= 1e19",
        "--replicates",
        "0",
    ]);
    assert_eq!(held["holdout"]["errors"].as_array().unwrap().len(), 4);
    assert_eq!(held["holdout"]["largest"], false);
}

#[test]
fn approach_1_follows_the_envelope_of_loss_curves() {
    let mut text = "params,tokens,loss\n".to_owned();
    for size in 0..9 {
        let params = 1e7 * 2.0_f64.powi(size);
        for step in 0..24 {
            let tokens = 1e8 * 1.5_f64.powi(step);
            writeln!(text, "{params},{tokens},{}", law(params, tokens)).unwrap();
        }
    }
    let folder = Folder::with("runs.csv", &text);
    let found = folder.json(&[
        "runs.csv",
        "--form",
        "approach1",
        "--predict",
        "C=1e21",
        "--replicates",
        "100",
    ]);
    assert!(
        (number(&found["parameters"]["a"]["value"]) - 0.5).abs() < 0.05,
        "{}",
        found["parameters"]
    );
    assert!(number(&found["predictions"][0]["params_opt"]["value"]) > 0.0);
    assert_eq!(found["notes"], serde_json::json!(["flops by C = 6ND"]));
    assert!(
        number(&found["holdout"]["mean_absolute"]) < 0.5,
        "{}",
        found["holdout"]
    );
}

#[test]
fn budgets_without_an_optimum_are_left_out_or_refuse_the_law() {
    // One budget of five lies beside its optimum: it is left out and the others go on.
    let mut runs = ladder(&BUDGETS[..4], 6, 0.0);
    runs.push_str(ladder(&BUDGETS[4..], 6, 6.0).split_once('\n').unwrap().1);
    let folder = Folder::with("runs.csv", &runs);
    let found = folder.json(&["runs.csv", "--form", "approach2", "--replicates", "50"]);
    assert_eq!(found["optima"].as_array().unwrap().len(), 4);
    let warnings = found["warnings"].as_array().unwrap();
    let left_out = warnings
        .iter()
        .find(|warning| warning["kind"] == "left_out")
        .unwrap();
    assert!(
        left_out["message"].as_str().unwrap().contains("budget 1.0000e20"),
        "{left_out}"
    );
    // All of them: nothing to fit.
    folder.write("beside.csv", &ladder(&BUDGETS, 6, 6.0));
    folder.untold(
        &["beside.csv", "--form", "approach2"],
        &[
            "budget 1.0000e18",
            "add runs on that side",
            "0 budgets have an accepted optimum",
        ],
    );
    folder.untold(
        &["beside.csv", "--form", "approach2-akima"],
        &["no interior minimum", "smaller and larger models"],
    );
    folder.write("one.csv", &ladder(&BUDGETS[..1], 6, 0.0));
    folder.untold(
        &["one.csv", "--form", "approach2"],
        &["1 budget has an accepted optimum", "at least 2"],
    );
    folder.write("two.csv", &ladder(&BUDGETS, 2, 0.0));
    folder.untold(
        &["two.csv", "--form", "approach2"],
        &["2 distinct sizes", "at least 3"],
    );
    // A compute that is only derived is not a budget.
    folder.write("derived.csv", &csv());
    folder.refused(
        &["derived.csv", "--form", "approach2"],
        &["needs budget", "--column budget=COLUMN"],
    );
    folder.refused(
        &["runs.csv", "--form", "approach2", "--objective", "squares"],
        &["--objective", "leave it out"],
    );
    folder.refused(
        &["runs.csv", "--form", "approach2", "--predict", "N=7B"],
        &["needs flops"],
    );
    folder.refused(
        &["runs.csv", "--form", "aproach2"],
        &["did you mean `approach2`?"],
    );
}

#[test]
fn a_comparison_says_what_it_left_out() {
    let folder = Folder::with("runs.csv", &ladder(&BUDGETS, 6, 0.0));
    let found = folder.json(&["runs.csv", "--replicates", "0"]);
    let left_out = found["comparison"]["left_out"].as_array().unwrap();
    let reason = |form: &str| {
        let law = left_out.iter().find(|law| law["form"] == form).unwrap();
        law["reason"].as_str().unwrap().to_owned()
    };
    assert!(
        reason("approach2").contains("--form approach2 fits it"),
        "{}",
        reason("approach2")
    );
    assert!(reason("data-constrained").contains("no column known as unique_tokens"));
    assert!(!left_out.iter().any(|law| law["form"] == "chinchilla"));
}

#[test]
fn what_is_printed_of_a_ladder() {
    let folder = Folder::with("runs.csv", &ladder(&BUDGETS, 6, 0.0));
    let arguments = [
        "runs.csv",
        "--form",
        "approach2",
        "--replicates",
        "100",
        "--predict",
        "C=1e22",
    ];
    insta::assert_snapshot!("fit_approach2", output::said(&folder, &arguments));
    insta::assert_snapshot!(
        "fit_list_approach1",
        output::said(&folder, &["--list", "--form", "approach1"])
    );
    let page = folder.fit(&[&arguments[..], &["--report", "fit.html"]].concat());
    assert_eq!(page.status.code(), Some(0));
    let page = std::fs::read_to_string(folder.0.path().join("fit.html")).unwrap();
    for part in [
        "params_opt at flops",
        "parameters N* of least loss",
        "parameters, tokens",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn three_sizes_a_budget_give_no_interval_and_budgets_left_out_no_reach() {
    let folder = Folder::with("runs.csv", &ladder(&BUDGETS, 3, 0.0));
    let found = folder.json(&["runs.csv", "--form", "approach2", "--predict", "C=1e22"]);
    let exponent = &found["parameters"]["a"];
    assert!(
        exponent["low"].is_null() && exponent["identified"] == false,
        "{exponent}"
    );
    assert!(found["predictions"][0]["params_opt"]["low"].is_null(), "{found}");
    // The largest budget has no optimum within its sizes.
    let far: String = ladder(&[1e21], 6, 5.0)
        .lines()
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    folder.write("half.csv", &(ladder(&BUDGETS, 6, 0.0) + &far));
    let found = folder.json(&["half.csv", "--form", "approach2", "--predict", "C=1e22"]);
    let reach = &found["predictions"][0]["reach"]["flops"];
    assert!((number(&reach["largest"]) / 1e20 - 1.0).abs() < 1e-9, "{reach}");
}
