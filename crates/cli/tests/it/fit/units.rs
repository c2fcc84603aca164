//! Units: of columns, cells and names, and numbers that no run has.

use super::*;

const FORM: [&str; 4] = ["--form", "chinchilla", "--replicates", "0"];

/// The runs with size, length and loss as `cell` writes them.
fn written(heading: &str, cell: impl Fn(&Run) -> String) -> String {
    runs()
        .iter()
        .fold(format!("{heading}\n"), |text, run| text + &cell(run) + "\n")
}

#[test]
fn units_of_options_names_and_cells_give_the_same_law() {
    let folder = Folder::with("runs.csv", &csv());
    let law = |file: &str, arguments: &[&str]| {
        let found = folder.json(&[&[file][..], &FORM, arguments].concat());
        assert!(!found["warnings"].to_string().contains("compute_apart"), "{file}");
        ["E", "alpha", "beta"].map(|name| number(&found["parameters"][name]["value"]))
    };
    let expected = law("runs.csv", &[]);
    for (heading, cell, arguments) in [
        (
            "params,tokens,loss",
            (|(n, d, l): &Run| format!("{n},{},{l}", d / 1e9)) as fn(&Run) -> String,
            &["--unit", "tokens=B"][..],
        ),
        (
            "N,D,loss",
            |(n, d, l)| format!("{},{},{l}", n / 1e6, d / 1e9),
            &["--unit", "D=B", "--unit", "N=1e6"],
        ),
        (
            "params (M),tokens_b,val_loss",
            |(n, d, l)| format!("{},{},{l}", n / 1e6, d / 1e9),
            &[],
        ),
        (
            "config.n_params,throughput/total_tokens,eval/loss",
            |(n, d, l)| format!("{n},{d},{l}"),
            &[],
        ),
        (
            "parameter_count,tokens,bpb",
            |(n, d, l)| format!("{}M,{}B,{l}", n / 1e6, d / 1e9),
            &[],
        ),
        (
            "params,compute [EFLOP],loss",
            |(n, d, l)| format!("{n},{},{l}", 6.0 * n * d / 1e18),
            &[],
        ),
        (
            "params,compute,loss",
            |(n, d, l)| format!("{n},{},{l}", 6.0 * n * d / 8.64e19),
            &["--unit", "compute=PF-days"],
        ),
        (
            "params,tokens,compute,loss",
            |(n, d, l)| format!("{n},{d},{},{l}", 6.0 * n * d / 1e21),
            &["--unit", "C=ZFLOP"],
        ),
    ] {
        folder.write("other.csv", &written(heading, cell));
        let found = law("other.csv", arguments);
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found / expected - 1.0).abs() < 1e-4,
                "{heading}: {found} for {expected}"
            );
        }
    }
    folder.write(
        "other.csv",
        &written("params (M),tokens,loss", |(n, d, l)| {
            format!("{},{d},{l}", n / 1e6)
        }),
    );
    let found = folder.json(&[&["other.csv"][..], &FORM].concat());
    assert_eq!(found["columns"]["params"], "1e6 `params (M)`");
    let chosen = folder.json(&[&["other.csv"][..], &FORM, &["--where", "N >= 150M"]].concat());
    assert_eq!(chosen["rows"], 30);
}

#[test]
fn impossible_numbers_are_refused_with_the_likely_unit() {
    let of = |heading: &str, cell: fn(&Run) -> String, parts: &[&str]| {
        let folder = Folder::with("runs.csv", &written(heading, cell));
        folder.refused(&[&["runs.csv"][..], &FORM].concat(), parts);
        folder
    };
    let tokens = |(n, d, l): &Run| format!("{n},{},{l}", d / 1e10);
    let folder = of(
        "N,tokens,loss",
        tokens,
        &[
            "tokens is 0.1000 to 30.00, less than one (line 2)",
            "--unit tokens=B",
            "--unit tokens=1",
        ],
    );
    // What is said to be right is believed.
    let right = folder.fit(&[
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "0",
        "--unit",
        "tokens=1",
    ]);
    assert!(!String::from_utf8_lossy(&right.stderr).contains("likely unit"));
    of(
        "N,D,loss",
        |(n, d, l)| format!("{},{d},{l}", n / 1e6),
        &["params, `N`, is", "--unit params=M"],
    );
    of(
        "N,D,loss",
        |(n, d, l)| format!("{},{},{l}", n / 1e6, d / 1e9),
        &["--unit params=M --unit tokens=B"],
    );
    of(
        "params,compute,loss",
        |(n, d, l)| format!("{n},{},{l}", 6.0 * n * d / 8.64e19),
        &["tokens, `compute` / (6 `params`), is", "--unit flops=PF-days"],
    );
    of(
        "N,D,C,loss",
        |(n, d, l)| format!("{n},{d},{},{l}", 6.0 * n * d / 1e18),
        &["--unit flops=EFLOP"],
    );
    of(
        "N,D,C,loss",
        |(n, d, l)| format!("{n},{d},{},{l}", 6e-3 * n * d),
        &["times 6ND", "--unit flops=1"],
    );
    of(
        "N,D,C,loss",
        |(n, d, l)| format!("{n},{},{},{l}", d * 1e-6, 6.0 * n * d),
        &["tokens a parameter", "--unit tokens=M"],
    );
    let percent = Folder::with(
        "runs.csv",
        "loss,error\n3.5,62\n3.2,58\n3.0,54\n2.8,50\n2.6,46\n2.4,41\n",
    );
    percent.refused(
        &["runs.csv", "--form", "error-from-loss"],
        &["error is 41", "--unit error=%"],
    );
}

#[test]
fn a_compute_beside_size_and_length_that_is_another_is_said() {
    let folder = Folder::with(
        "runs.csv",
        &written("N,D,C,loss", |(n, d, l)| format!("{n},{d},{},{l}", 18.0 * n * d)),
    );
    let found = folder.json(&[&["runs.csv"][..], &FORM].concat());
    let said = &found["warnings"][0];
    assert_eq!(said["kind"], "compute_apart");
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .contains("3.000 to 3.000 times 6ND"),
        "{said}"
    );
}

#[test]
fn a_compute_that_is_off_in_every_row_has_a_remedy_that_leaves_rows() {
    let off = |factor: f64| {
        written("N,D,C,loss", |(n, d, l)| {
            format!("{n},{d},{},{l}", factor * 6.0 * n * d)
        })
    };
    let folder = Folder::with("runs.csv", &off(1e-3));
    folder.refused(
        &["runs.csv"],
        &["0.001000 times 6ND", "the likely unit is --unit flops=1e3"],
    );
    for unit in ["flops=1e3", "flops=1"] {
        let found = folder.json(&[&["runs.csv", "--unit", unit][..], &FORM].concat());
        assert_eq!(found["rows"], 36);
    }
    // No unit helps where rows contradict each other; a condition does while it leaves some.
    let one = |text: String| {
        let mut lines: Vec<&str> = text.lines().collect();
        let (n, d, rest) = ("50000000", "1000000000", "1e9,3.5");
        let line = format!("{n},{d},{rest}");
        lines[1] = &line;
        lines.join("\n")
    };
    folder.write("one.csv", &one(off(1.0)));
    folder.refused(&["one.csv"], &["line 2", "leave it out with --where"]);
    assert_eq!(
        folder.json(&[&["one.csv", "--where", "C > 1e12"][..], &FORM].concat())["rows"],
        35
    );
}

#[test]
fn units_and_predictions_that_mean_nothing_are_refused() {
    let folder = Folder::with("runs.csv", &csv());
    let refused = |arguments: &[&str], parts: &[&str]| {
        folder.refused(&[&["runs.csv"][..], &FORM, arguments].concat(), parts)
    };
    refused(&["--unit", "tokens"], &["it is not INPUT=UNIT"]);
    refused(&["--unit", "tokens=furlongs"], &["`furlongs` is no unit"]);
    refused(&["--unit", "tokens=PF-days"], &["tokens is not measured in it"]);
    refused(&["--unit", "loss=B"], &["loss is not measured in it"]);
    refused(&["--unit", "flops=ZFLOP"], &["flops follows from other columns"]);
    refused(&["--unit", "unique_tokens=B"], &["no column is unique_tokens"]);
    refused(&["--predict", "N=7B,D=0.4"], &["tokens is 0.4000, less than one"]);
    refused(
        &["--predict", "N=7B,D=4000"],
        &["fewer than a ten-thousandth", "write their unit"],
    );
    refused(&["--predict", "N=7B,D=4T,C=1e22"], &["times 6ND"]);
    let found = folder.json(&[&["runs.csv"][..], &FORM, &["--predict", "N=7B,C=50 PF-days"]].concat());
    let tokens = number(&found["predictions"][0]["tokens"]);
    assert!(
        (tokens / (50.0 * 8.64e19 / 6.0 / 7e9) - 1.0).abs() < 1e-12,
        "{tokens}"
    );
}

#[test]
fn what_a_prediction_leaves_out_follows_as_in_the_file() {
    let folder = Folder::with(
        "runs.csv",
        &written("N,D,C,loss", |(n, d, l)| format!("{n},{d},{},{l}", 18.0 * n * d)),
    );
    let ask = [&["runs.csv"][..], &FORM].concat();
    let found = folder.json(
        &[
            &ask[..],
            &["--predict", "N=7B,C=1.8e23", "--predict", "N=7B,D=1T,C=1.26e23"],
        ]
        .concat(),
    );
    let tokens = number(&found["predictions"][0]["tokens"]);
    assert!((tokens / (1.8e23 / 18.0 / 7e9) - 1.0).abs() < 1e-9, "{tokens}");
    folder.refused(
        &[&ask[..], &["--predict", "N=7B,D=1T,C=4.2e22"]].concat(),
        &[
            "3.3e-1 times 18.00 N D, the mean of these runs",
            "leave one of N, D and C out",
        ],
    );
}

#[test]
fn a_column_of_budgets_is_the_compute() {
    let rows = runs();
    let folder = Folder::with("runs.json", &{
        let objects = rows.iter().map(|(n, d, l)| {
            format!(
                "{{\"parameters\": {n}, \"compute_budget\": {}, \"final_loss\": {l}}}",
                6.0 * n * d
            )
        });
        format!("[\n  {}\n]", objects.collect::<Vec<_>>().join(",\n  "))
    });
    let found = folder.json(&[&["runs.json"][..], &FORM].concat());
    assert_eq!(found["columns"]["tokens"], "`compute_budget` / (6 `parameters`)");
    assert!((number(&found["parameters"]["beta"]["value"]) - 0.37).abs() < 0.03);
}
