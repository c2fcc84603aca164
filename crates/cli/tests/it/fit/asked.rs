//! What is asked of a fit beyond its law: best splits, parameters held, outliers, whether the curve flattens,
//! budgets that are near, LaTeX and the samples themselves.

use super::*;

/// The words of a fit that must succeed.
#[track_caller]
fn words(folder: &Folder, arguments: &[&str]) -> String {
    let output = folder.fit(arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Compute and loss of one curve.
fn curve(points: i32, law: impl Fn(f64) -> f64) -> String {
    let mut text = "flops,loss\n".to_owned();
    for step in 0..points {
        let flops = 1e16 * 2.0_f64.powi(step);
        writeln!(text, "{flops},{}", law(flops) * noise(step as usize)).unwrap();
    }
    text
}

#[test]
fn a_curve_shows_a_floor_a_bend_neither_or_that_nobody_can_tell() {
    let shape = |content: &str| {
        let folder = Folder::with("curve.csv", content);
        let found = folder.json(&[
            "curve.csv",
            "--form",
            "power-law",
            "--flattening",
            "--replicates",
            "0",
        ]);
        found["flattening"].clone()
    };
    let floor = shape(&curve(24, |flops| 1.7 + 2000.0 * flops.powf(-0.18)));
    assert_eq!(floor["shape"], "floor", "{floor}");
    let loss = &floor["floor"]["loss"];
    assert!(
        number(&loss["low"]) < 1.7 && 1.7 < number(&loss["high"]),
        "{loss}"
    );
    let bend = shape(&curve(24, |flops| {
        30.0 * flops.powf(-0.07) * (flops / 1e19).max(1.0).powf(0.05)
    }));
    assert_eq!(bend["shape"], "bend", "{bend}");
    let at = &bend["bend"]["flops"];
    assert!(number(&at["low"]) < 1.2e19 && 8e18 < number(&at["high"]), "{at}");
    let straight = shape(&curve(24, |flops| 30.0 * flops.powf(-0.07)));
    assert_eq!(straight["shape"], "straight", "{straight}");
    assert!(number(&straight["floor"]["power"]["chance"]) > 0.8);
    let few = shape(&curve(6, |flops| 30.0 * flops.powf(-0.07)));
    assert_eq!(few["shape"], "cannot_tell", "{few}");
    assert!(
        few["message"].as_str().unwrap().contains("the runs cannot tell"),
        "{few}"
    );
    let short = shape(&curve(4, |flops| 30.0 * flops.powf(-0.07)));
    assert!(short["refused"].as_str().unwrap().contains("4 points"), "{short}");
    // Where forms are compared it is always said, of runs that differ in size, too.
    let folder = Folder::with("runs.csv", &csv());
    let said = words(&folder, &["runs.csv", "--replicates", "0"]);
    assert!(
        said.contains("the runs that no run of as little compute beats"),
        "{said}"
    );
    let said = words(
        &folder,
        &["runs.csv", "--form", "chinchilla", "--replicates", "0"],
    );
    assert!(!said.contains("of as little compute"), "{said}");
}

#[test]
fn a_law_of_both_splits_a_compute_the_best_way() {
    let folder = Folder::with("runs.csv", &csv());
    let ask = |more: &[&str]| {
        let rest = ["--predict", "C=1e23", "--replicates", "200"];
        folder.json(&[&["runs.csv"], more, &rest].concat())["predictions"][0].clone()
    };
    // Hoffmann et al. 2022, equation 4, of E 1.8, A 480, B 2100, alpha 0.35, beta 0.37.
    let balance = (0.35_f64 * 480.0 / (0.37 * 2100.0)).powf(1.0 / 0.72);
    let params = balance * (1e23_f64 / 6.0).powf(0.37 / 0.72);
    let tokens = 1e23 / (6.0 * params);
    let loss = 1.8 + 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37);
    for form in ["chinchilla", "coupled"] {
        let of = ask(&["--form", form]);
        for (name, truth) in [("params_opt", params), ("tokens_opt", tokens), ("loss", loss)] {
            let of = &of[name];
            assert!(
                number(&of["low"]) < truth && truth < number(&of["high"]),
                "{form} {name} {truth}: {of}"
            );
        }
        let product = number(&of["params_opt"]["value"]) * number(&of["tokens_opt"]["value"]);
        assert!((6.0 * product / 1e23 - 1.0).abs() < 1e-6, "{of}");
        assert!(number(&of["reach"]["compute"]["factor"]) > 1.0, "{of}");
    }
    let said = words(
        &folder,
        &[
            "runs.csv",
            "--form",
            "chinchilla",
            "--predict",
            "C=1e23",
            "--replicates",
            "50",
        ],
    );
    assert!(
        said.contains("params_opt") && said.contains("a compute is split by C = 6ND"),
        "{said}"
    );
    folder.refused(
        &["runs.csv", "--form", "params-power-law", "--predict", "C=1e23"],
        &["needs params"],
    );
}

#[test]
fn parameters_are_held_and_the_law_says_so() {
    let folder = Folder::with("runs.csv", &csv());
    let fit = |more: &[&str]| {
        folder.json(&[&["runs.csv", "--form", "chinchilla", "--replicates", "200"], more].concat())
    };
    let (free, held) = (
        fit(&[]),
        fit(&[
            "--fix",
            "E=1.8",
            "--predict",
            "N=70B,D=1.4T",
            "--predict",
            "C=1e23",
        ]),
    );
    assert!(
        held["parameters"].get("E").is_none()
            && held["equation"] == "loss = 1.8 + A / params^alpha + B / tokens^beta"
    );
    assert!(
        held["notes"].to_string().contains("E is held at 1.8"),
        "{}",
        held["notes"]
    );
    let width =
        |of: &Value| number(&of["parameters"]["alpha"]["high"]) - number(&of["parameters"]["alpha"]["low"]);
    assert!(width(&held) < width(&free));
    let truth = 1.8 + 480.0 * 7e10_f64.powf(-0.35) + 2100.0 * 1.4e12_f64.powf(-0.37);
    assert!((number(&held["predictions"][0]["loss"]["value"]) / truth - 1.0).abs() < 0.01);
    assert!(number(&held["predictions"][1]["params_opt"]["value"]) > 1e9);
    let both = fit(&["--fix", "E=1.8,alpha=0.35", "--fix", "beta=0.37"]);
    assert_eq!(both["parameters"].as_object().unwrap().len(), 2);
    let wrong =
        |arguments: &[&str], parts: &[&str]| folder.refused(&[&["runs.csv"], arguments].concat(), parts);
    let form = ["--form", "chinchilla", "--fix"];
    wrong(
        &[&form[..], &["alpah=1"]].concat(),
        &["no parameter `alpah`", "did you mean `alpha`?"],
    );
    wrong(&[&form[..], &["E"]].concat(), &["--fix E", "NAME=NUMBER"]);
    wrong(&[&form[..], &["E=two"]].concat(), &["not a number"]);
    wrong(
        &[&form[..], &["E=-1"]].concat(),
        &["`E` cannot be held at -1", "zero or more"],
    );
    wrong(&[&form[..], &["E=1,E=2"]].concat(), &["given twice"]);
    wrong(&["--fix", "E=1.8"], &["--fix", "name one with --form"]);
    wrong(
        &["--form", "approach1", "--fix", "a=0.5"],
        &["--fix", "approaches 1 and 2"],
    );
}

#[test]
fn a_law_of_one_of_both_is_a_form() {
    let of = |runs: &[Run], form: &str| {
        let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", runs));
        folder.json(&["runs.csv", "--form", form, "--replicates", "0"])["parameters"].clone()
    };
    let sizes: Vec<Run> = (0..14)
        .map(|step| 1e6 * 2.0_f64.powi(step))
        .map(|params| (params, 1e11, 1.9 + 300.0 * params.powf(-0.33)))
        .collect();
    let found = of(&sizes, "params-power-law");
    assert!(
        (number(&found["E"]["value"]) - 1.9).abs() < 1e-3
            && (number(&found["alpha"]["value"]) - 0.33).abs() < 1e-3,
        "{found}"
    );
    let lengths: Vec<Run> = sizes
        .iter()
        .map(|(params, _, loss)| (1e9, *params, *loss))
        .collect();
    let found = of(&lengths, "tokens-power-law");
    assert!(
        (number(&found["B"]["value"]) / 300.0 - 1.0).abs() < 0.02,
        "{found}"
    );
}

/// Runs whose budgets count attention, too: N* of a budget is 0.2 C^0.45, and 6ND of a run is 0.8 to 1.2 of it.
fn declared(spread: f64) -> String {
    let mut text = "params,tokens,budget,loss\n".to_owned();
    for step in 0..5 {
        let budget = 1e18 * 4.0_f64.powi(step);
        let best = 0.2 * budget.powf(0.45);
        for size in -3..=3 {
            let params = best * 2.0_f64.powi(size);
            let counted = 1.2 - 0.1 * (params / 1e7).ln();
            let tokens = budget / (6.0 * params) * counted;
            let written = budget * (1.0 + spread * f64::from(size));
            let loss = 3.0 - 0.1 * f64::from(step) + 0.05 * (params / best).ln().powi(2);
            writeln!(
                text,
                "{params},{tokens},{written},{}",
                loss * (1.0 + 0.01 * (noise(size as usize % 7) - 1.0))
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn a_budget_is_the_compute_of_its_optimum() {
    let folder = Folder::with("runs.csv", &declared(0.0));
    let found = folder.json(&["runs.csv", "--form", "approach2", "--replicates", "100"]);
    let (a, first) = (&found["parameters"]["a"]["value"], &found["optima"][0]["flops"]);
    assert!((number(a) - 0.45).abs() < 1e-3, "{a}");
    assert_eq!(number(first), 1e18);
    let notes = found["notes"].to_string();
    assert!(
        notes.contains("the compute of a budget is `budget`; 6ND of its runs is"),
        "{notes}"
    );
    // With a form of compute, too, the budget is what was spent.
    let found = folder.json(&["runs.csv", "--form", "power-law", "--replicates", "0"]);
    assert_eq!(found["columns"]["flops"], "`budget`");
    assert!(
        found["notes"].to_string().contains("a budget is the compute"),
        "{}",
        found["notes"]
    );
}

#[test]
fn near_budgets_are_one_where_it_is_said_and_then_named() {
    let folder = Folder::with("runs.csv", &declared(0.002));
    folder.untold(
        &["runs.csv", "--form", "approach2"],
        &["budgets have an accepted optimum"],
    );
    let ask = [
        "runs.csv",
        "--form",
        "approach2",
        "--budget-tolerance",
        "0.02",
        "--replicates",
        "100",
    ];
    let found = folder.json(&ask);
    assert_eq!(found["optima"].as_array().unwrap().len(), 5);
    assert!(
        (number(&found["parameters"]["a"]["value"]) - 0.45).abs() < 1e-2,
        "{}",
        found["parameters"]
    );
    let notes = found["notes"].to_string();
    assert!(
        notes.contains("taken as one budget each, by --budget-tolerance 0.02: 9.940e17 and"),
        "{notes}"
    );
    folder.refused(&["runs.csv", "--budget-tolerance", "1.5"], &["0 to below 1"]);
    // The curves of the budgets are on the page.
    let page = folder.0.path().join("page.html");
    folder.json(&[&ask[..], &["--report", "page.html"]].concat());
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.contains("data-chart=\"fit-isoflop\""));
}

#[test]
fn a_run_far_from_the_law_is_named_with_its_place() {
    // Ten times the loss in line 9: a point misplaced.
    let misplaced = csv()
        .lines()
        .enumerate()
        .fold(String::new(), |text, (row, line)| {
            let (head, loss) = line.rsplit_once(',').unwrap();
            match row {
                8 => text + &format!("{head},{}\n", 10.0 * loss.parse::<f64>().unwrap()),
                _ => text + line + "\n",
            }
        });
    let folder = Folder::with("runs.csv", &misplaced);
    let ask = [
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "50",
        "--predict",
        "N=70B,D=1.4T",
    ];
    let found = folder.json(&ask);
    let outliers = &found["outliers"];
    assert_eq!(outliers["runs"].as_array().unwrap().len(), 1, "{outliers}");
    assert_eq!(outliers["runs"][0]["place"], "line 9");
    assert!(
        (number(&outliers["parameters"]["E"]) - 1.8).abs() < 0.05,
        "{outliers}"
    );
    let truth = 1.8 + 480.0 * 7e10_f64.powf(-0.35) + 2100.0 * 1.4e12_f64.powf(-0.37);
    assert!(
        (number(&outliers["predictions"][0]["loss"]) / truth - 1.0).abs() < 0.01,
        "{outliers}"
    );
    let said = words(&folder, &ask);
    assert!(
        said.contains("OUTLIER an outlier: line 9 is") && said.contains("without it E"),
        "{said}"
    );
    folder.write("runs.csv", &csv());
    assert!(folder.json(&ask).get("outliers").is_none());
}

#[test]
fn the_law_is_written_in_latex_and_its_samples_to_a_file() {
    let folder = Folder::with("runs.csv", &csv());
    let ask = [
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "40",
        "--draws",
    ];
    let found = folder.json(&[&ask[..], &["draws.csv"]].concat());
    let latex = found["latex"].as_str().unwrap();
    assert!(
        latex.starts_with("L = ") && latex.contains("}{N^{0.3") && latex.contains("}{D^{0.3"),
        "{latex}"
    );
    let text = std::fs::read_to_string(folder.0.path().join("draws.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len()), ("E,A,B,alpha,beta", 41));
    let first: Vec<f64> = lines[1].split(',').map(|cell| cell.parse().unwrap()).collect();
    assert!((first[0] / 1.8 - 1.0).abs() < 0.2, "{first:?}");
    folder.json(&[&ask[..], &["draws.jsonl"]].concat());
    let text = std::fs::read_to_string(folder.0.path().join("draws.jsonl")).unwrap();
    let row: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(number(&row["E"]), first[0]);
    folder.refused(
        &[&ask[..], &["runs.csv"]].concat(),
        &["runs.csv", "would be written over the input"],
    );
    assert_eq!(
        std::fs::read_to_string(folder.0.path().join("runs.csv")).unwrap(),
        csv()
    );
    folder.refused(
        &[&ask[..], &["draws.txt"]].concat(),
        &["must end in .csv or .jsonl"],
    );
    folder.refused(
        &[
            "runs.csv",
            "--form",
            "chinchilla",
            "--replicates",
            "0",
            "--draws",
            "draws.csv",
        ],
        &["no bootstrap sample was drawn"],
    );
}
