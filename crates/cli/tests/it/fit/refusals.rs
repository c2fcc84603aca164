//! What is refused, with its place and its remedy.

use super::*;

#[test]
fn bad_input_is_refused_with_its_place() {
    let line = |loss: &str| csv().replacen('\n', &format!("\n3e8,4e9,{loss}\n"), 1);
    let fit = |content: &str, arguments: &[&str], parts: &[&str]| {
        let folder = Folder::with("runs.csv", content);
        folder.refused(&[&["runs.csv"][..], arguments].concat(), parts);
    };
    let form = ["--form", "chinchilla"];
    fit(
        &csv(),
        &["--form", "chinchila"],
        &["chinchila", "did you mean `chinchilla`?"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--loss", "los"],
        &["no column `los`", "did you mean `loss`?"],
    );
    fit(
        &csv(),
        &["--form", "data-constrained"],
        &["unique_tokens", "--column"],
    );
    fit(
        &csv(),
        &["--column", "uniq_tokens=tokens"],
        &["did you mean `unique_tokens`?"],
    );
    fit(
        &csv().replace("loss", "train"),
        &[],
        &["no form has all its columns", "--loss", "`train`"],
    );
    fit(
        &csv().replace("tokens,loss", "loss,val_loss"),
        &[],
        &["`loss`, `val_loss`", "--loss"],
    );
    for (value, words) in [
        ("oom", "`oom` is a text"),
        ("0", "it is 0"),
        ("-3", "it is -3"),
        ("NaN", "it is NaN"),
        ("", "it is empty"),
    ] {
        fit(&line(value), &form, &["column `loss` line 2", words, "--where"]);
        fit(&line(value), &[], &["column `loss` line 2", words]);
    }
    fit(
        &csv().replacen("50000000,", "0,", 1),
        &form,
        &["column `params` line 2: it is 0", "above zero"],
    );
    fit(
        &csv().replacen(",1000000000,", ",-1,", 1),
        &form,
        &["column `tokens` line 2: it is -1"],
    );
    fit("params,tokens,loss\n", &form, &["no rows"]);
    fit("", &form, &["no rows"]);
    fit(
        "params,tokens,loss\n1,2\n",
        &form,
        &["line 2 has 2 cells and the heading has 3"],
    );
    fit("PAR1 and no more", &form, &["damaged or incomplete"]);
    fit(
        &csv(),
        &["--where", "loss > 99"],
        &["none of the 36 rows", "loss > 99"],
    );
    fit(
        &csv(),
        &["--where", "loss >"],
        &["is not a condition at character 7"],
    );
    fit(&csv(), &["--where", "corpus == 'c4'"], &["no column `corpus`"]);
    fit(
        &csv(),
        &["--where", "params > small"],
        &["no column `small`", "stands in quotes, \"small\""],
    );
    fit(
        &csv(),
        &["--where", "loss == 'a'"],
        &[
            "'loss == \"a\"'",
            "column `loss` is compared with a text",
            "without quotes, as in loss == ",
        ],
    );
    let named = csv().replace("params,", "name,params,").replace("\n", "\nrun,");
    let named = named.trim_end_matches("run,");
    fit(
        named,
        &["--where", "name > 3"],
        &[
            "'name > 3'",
            "column `name` is compared as numbers and has none (line 2: `run` is a text)",
            "name == \"...\"",
        ],
    );
    fit(
        &csv().replacen("\n50000000", "\n\"50000000", 1),
        &form,
        &[
            "line 2 begins a cell with a quote that nothing closes",
            "close the quote",
        ],
    );
    fit(&csv(), &["--holdout", "loss > 99"], &["held out"]);
    fit(
        &csv(),
        &["--form", "chinchilla", "--holdout", "loss > 0"],
        &["all 36 rows are held out"],
    );
    fit(
        &csv().replace("tokens,loss", "params,loss"),
        &[],
        &["2 columns are named `params`", "rename all but one"],
    );
    fit(
        &csv(),
        &["--drop-worst", "36"],
        &["--drop-worst 36", "drop fewer"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--predict", "N=7B"],
        &["needs tokens"],
    );
    fit(&csv(), &["--predict", "N=7Q,D=1"], &["`7Q` is not a number"]);
    fit(
        &csv(),
        &["--predict", "N=1e308,D=1"],
        &["`1e308` is beyond 1e100"],
    );
    fit(
        &csv().replacen("50000000,", "1e300,", 1),
        &form,
        &["column `params` line 2: it is 1e300", "between 1e-100 and 1e100"],
    );
    fit(
        &csv(),
        &["--predict", "foo=3,N=7B,D=4T"],
        &["`foo` is no input of any form"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--predict", "n=7B,D=4T"],
        &["`n` is no input of form `chinchilla`", "did you mean `N`?"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--predict", "N=7B,D=4T,C=1e9"],
        &["times 6ND", "leave one of N, D and C out"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--predict", "N=0,D=1"],
        &["params is 0", "above zero"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--level", "1.5"],
        &["level", "between 0 and 1"],
    );
    fit(&csv(), &["--form", "chinchilla", "--delta", "0"], &["delta"]);
    fit(&csv(), &["--residual", "log"], &["--residual", "--form"]);
    Folder::with("runs.csv", "").refused(&["absent.csv"], &["absent.csv", "cannot read"]);
}

#[test]
fn a_name_without_a_column_suggests_none_that_is_unlike_it() {
    let folder = Folder::with("runs.csv", &csv_of("N,D,loss", &runs()));
    let output = folder.fit(&["runs.csv", "--n", "nope"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("no column `nope`") && said.contains("it has `N`, `D`, `loss`"),
        "{said}"
    );
    assert!(!said.contains("did you mean"), "{said}");
}

#[test]
fn a_prediction_that_cannot_be_is_told_as_one_and_not_as_a_row() {
    let folder = Folder::with("runs.csv", &csv());
    for (form, code) in [(&["--form", "chinchilla"][..], 2), (&[], 3)] {
        let output = folder.fit(&[&["runs.csv", "--replicates", "0", "--predict", "C=1"], form].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(!said.contains("row 1"), "{said}");
    }
    folder.refused(
        &[
            "runs.csv",
            "--form",
            "chinchilla",
            "--replicates",
            "0",
            "--predict",
            "C=1",
        ],
        &["`--predict C=1`: flops is 1.000 and must be"],
    );
}

#[test]
fn a_loss_of_a_task_is_named_as_the_form_needs_it() {
    let folder = Folder::with(
        "runs.csv",
        "loss,accuracy\n3.2,0.2\n3.0,0.3\n2.8,0.4\n2.6,0.5\n2.4,0.62\n2.2,0.7\n2.0,0.8\n1.8,0.86\n",
    );
    let hint = ["--column", "task_loss=loss"];
    folder.refused(&["runs.csv"], &["or for task-sigmoid", &hint.join(" ")]);
    let found = folder.json(&[&["runs.csv", "--replicates", "20"][..], &hint].concat());
    assert_eq!(found["form"], "task-sigmoid");
}

/// What is printed to a full device is told, and so is a report on one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_named_with_its_remedy() {
    let folder = Folder::with("runs.csv", &csv());
    let fit = ["runs.csv", "--form", "power-law", "--replicates", "0"];
    for format in ["text", "json"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = folder.command(&[&fit[..], &["--format", format]].concat());
        let output = command.stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.starts_with("error: cannot print to standard output: No space left"),
            "{said}"
        );
        assert!(
            said.contains("free some space") && said.lines().count() == 1,
            "{said}"
        );
    }
    for (option, file) in [("--report", "/dev/full"), ("--draws", "/dev/full")] {
        folder.refused(
            &["runs.csv", option, file],
            &["`/dev/full` cannot be written: it is no regular file"],
        );
    }
}

#[test]
fn a_form_of_ones_own_is_refused_with_its_reason() {
    let refused = |name: &str, parameters: &str, parts: &[&str]| {
        let folder = Folder::with("runs.csv", &csv());
        let head = format!("name = \"{name}\"\nresponse = \"loss\"\nequation = \"A / params^b\"\n");
        folder.write("law.toml", &(head + parameters));
        folder.refused(&["runs.csv", "--user-form", "law.toml"], parts);
    };
    let parameter = |name: &str, starts: usize| {
        let starts: Vec<String> = (1..=starts).map(|start| format!("{start}.0")).collect();
        format!(
            "[[parameters]]\nname = \"{name}\"\nstarts = [{}]\n",
            starts.join(", ")
        )
    };
    let both = parameter("A", 2) + &parameter("b", 2);
    refused(
        "chinchilla",
        &both,
        &["`chinchilla` is the name of a form already"],
    );
    refused(
        "mine",
        &(both.clone() + &parameter("A", 1)),
        &["`A` is listed twice"],
    );
    let many = parameter("A", 1000) + &parameter("b", 101);
    refused("mine", &many, &["101000 combinations of starts", "give fewer"]);
}

#[test]
fn what_the_data_cannot_tell_is_refused() {
    let few = csv_of("params,tokens,loss", &runs()[..4]);
    Folder::with("runs.csv", &few).untold(
        &["runs.csv", "--form", "chinchilla"],
        &["4 rows cannot determine 5 parameters"],
    );
    // One reason for all forms stands there once.
    let equal: Vec<(f64, f64, f64)> = runs()[..12].iter().map(|run| (run.0, run.1, 3.0)).collect();
    let same = csv_of("params,tokens,loss", &equal);
    Folder::with("runs.csv", &same).untold(
        &["runs.csv"],
        &[
            "chinchilla, kaplan, coupled, ",
            "`loss` is the same in all 12 rows",
        ],
    );
    let one_size = csv_of("params,tokens,loss", &runs()[..6]);
    Folder::with("runs.csv", &one_size)
        .untold(&["runs.csv", "--form", "chinchilla"], &["cannot separate params"]);
    // One budget: tokens follow from parameters.
    let budget: Vec<_> = (0..12)
        .map(|step| {
            let params = 1e8 * 1.5_f64.powi(step);
            let tokens = 1e20 / (6.0 * params);
            (
                params,
                tokens,
                (1.8 + 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37)) * noise(step as usize),
            )
        })
        .collect();
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &budget));
    folder.untold(
        &["runs.csv", "--form", "chinchilla", "--replicates", "0"],
        &["cannot separate `params` and `tokens`"],
    );
    // Programs are told in the same place as always.
    let output = folder.fit(&[
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "0",
        "--format",
        "json",
    ]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        found["refusals"][0]["message"]
            .as_str()
            .unwrap()
            .contains("cannot separate")
    );
}

#[test]
fn options_that_break_their_rule_are_told_it() {
    let folder = Folder::with("runs.csv", &csv());
    let fit = |arguments: &[&str], parts: &[&str]| {
        folder.refused(
            &[&["runs.csv", "--form", "chinchilla"], arguments].concat(),
            parts,
        );
    };
    fit(&["--level", "-1"], &["level is -1", "between 0 and 1"]);
    fit(&["--level", "90%"], &["90%", "a number between 0 and 1, as 0.9"]);
    fit(&["--replicates", "1e9"], &["replicates is 1e9", "at most 100000"]);
    fit(
        &["--replicates", "999999999999"],
        &["replicates is 999999999999"
            .replace("999999999999", "9.99999999999e11")
            .as_str()],
    );
    fit(&["--replicates", "many"], &["many", "a whole number"]);
    fit(&["--replicates", "-1"], &["-1", "a whole number"]);
    for option in ["--seed", "--drop-worst"] {
        let output = folder.fit(&["runs.csv", option, "-1"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("-1") && !said.contains("-- -1"), "{said}");
    }
    fit(&["--predict", "C=1e400"], &["`1e400` is beyond 1e100"]);
}

#[test]
fn a_floor_is_held_below_every_loss() {
    let folder = Folder::with("runs.csv", &csv());
    for (form, held) in [
        ("chinchilla", "E=1e9"),
        ("chinchilla", "E=50"),
        ("saturating-power-law", "E=1e9"),
    ] {
        folder.refused(
            &["runs.csv", "--form", form, "--fix", held],
            &["`E` cannot be held at", "below the smallest of the losses"],
        );
    }
    let held = folder.json(&[
        "runs.csv",
        "--form",
        "chinchilla",
        "--fix",
        "E=1.8",
        "--replicates",
        "20",
    ]);
    assert!(held["equation"].as_str().unwrap().contains("1.8"));
}

#[test]
fn bars_part_cells_and_a_form_that_is_none_is_told_with_its_line() {
    let folder = Folder::with("runs.psv", &csv().replace(',', "|"));
    let found = folder.json(&["runs.psv", "--form", "chinchilla", "--replicates", "20"]);
    assert_eq!(found["rows"], 36);
    folder.write("law.toml", "name = \"a\"\nresponse = 3\n");
    folder.write("runs.csv", &csv());
    let output = folder.fit(&["runs.csv", "--user-form", "law.toml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is not a form: line 2: "), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
}
