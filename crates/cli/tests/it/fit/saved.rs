//! `--save`: the law as a file that a plan reads.

use std::fs;

use serde_json::Value;
use triaxis_laws::saved::SavedLaw;
use triaxis_runs::read_law;

use super::*;

impl Folder {
    #[track_caller]
    fn saved(&self, name: &str) -> SavedLaw {
        read_law(&self.0.path().join(name)).unwrap()
    }
}

/// Few bootstraps, since what they are is tested elsewhere.
const FEW: [&str; 4] = ["--replicates", "40", "--save", "law.json"];

#[test]
fn a_law_is_saved_with_all_that_a_plan_needs() {
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,val_bpb", &runs()));
    let found = folder.json(&[&["runs.csv", "--form", "chinchilla"], &FEW[..]].concat());
    let law = folder.saved("law.json");
    assert_eq!(
        (law.response.as_str(), law.unit.as_deref()),
        ("loss", Some("bits/byte"))
    );
    assert_eq!(law.fitted_to, "runs.csv");
    let [member] = &law.members[..] else {
        panic!("{law:?}")
    };
    assert_eq!(member.equation, "loss = E + A / params^alpha + B / tokens^beta");
    assert_eq!(
        (member.form.as_str(), member.rows, member.draws.len()),
        ("chinchilla", 36, 40)
    );
    for parameter in &member.parameters {
        let said = &found["parameters"][&parameter.name];
        let interval = parameter.estimate.interval.unwrap();
        assert_eq!(number(&said["value"]), parameter.estimate.value);
        assert_eq!(
            (number(&said["low"]), number(&said["high"])),
            (interval.low, interval.high)
        );
    }
    let (low, high) = member.spans["tokens"];
    assert!((low / 1e9 - 1.0).abs() < 1e-9 && (high / 3e11 - 1.0).abs() < 1e-9);
    assert_eq!(member.noise.unwrap().value, number(&found["noise"]));
    assert_eq!(
        member.held_out_error.unwrap(),
        number(&found["holdout"]["mean_absolute"])
    );
    let evaluator = law.evaluator().unwrap();
    let predicted = folder.json(&[
        "runs.csv",
        "--form",
        "chinchilla",
        "--predict",
        "N=7B,D=4T",
        "--replicates",
        "0",
    ]);
    let said = number(&predicted["predictions"][0]["loss"]["value"]);
    assert_eq!(evaluator.best(&[7e9, 4e12]), said);
    // Only the law's own file is left beside the runs, and a second fit writes over it.
    folder.json(&[&["runs.csv", "--form", "kaplan"], &FEW[..]].concat());
    assert_eq!(folder.saved("law.json").members[0].form, "kaplan");
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 2);
}

#[test]
fn forms_that_predict_together_are_saved_together() {
    let folder = Folder::with("runs.csv", &csv());
    let ask = [
        "runs.csv",
        "--predict",
        "N=20B,D=600B",
        "--unit",
        "loss=nats/token",
    ];
    let found = folder.json(&[&ask[..], &FEW].concat());
    let predicted = &found["predictions"][0];
    let law = folder.saved("law.json");
    assert_eq!(law.unit.as_deref(), Some("nats/token"));
    let shares = predicted["shares"].as_object().unwrap();
    assert_eq!(shares.len(), law.members.len());
    for member in &law.members {
        assert!((number(&shares[&member.form]) - member.weight).abs() < 1e-12);
        let compared = found["comparison"]["forms"].as_array().unwrap();
        let own = compared
            .iter()
            .find(|one| one["form"] == member.form.as_str())
            .unwrap();
        assert_eq!(own["held_out_error"].as_f64(), member.held_out_error);
        assert_eq!(member.draws.len(), 40);
    }
    let best = law.evaluator().unwrap().best(&[2e10, 6e11]);
    assert!((best / number(&predicted["loss"]["value"]) - 1.0).abs() < 1e-12);
    // Without a run to predict, the forms are those of any size and length.
    folder.json(&[&["runs.csv"], &FEW[..]].concat());
    let evaluator_inputs = folder.saved("law.json").evaluator().unwrap().inputs().to_vec();
    assert_eq!(evaluator_inputs, ["params", "tokens"]);
}

#[test]
fn a_law_of_one_s_own_and_one_with_a_parameter_held_are_saved_whole() {
    let folder = Folder::with("runs.csv", &csv());
    folder.write(
        "form.toml",
        "name = \"mine\"\nresponse = \"loss\"\nequation = \"E + A / params^a\"\n\
         parameters = [{ name = \"E\", starts = [1.0], positive = true }, \
         { name = \"A\", starts = [10.0, 100.0], positive = true }, { name = \"a\", starts = [0.3], positive = true }]\n",
    );
    folder.json(&[&["runs.csv", "--user-form", "form.toml"], &FEW[..]].concat());
    fs::remove_file(folder.0.path().join("form.toml")).unwrap();
    let law = folder.saved("law.json");
    assert!(law.evaluator().unwrap().best(&[1e9]) > 1.8);
    folder.json(&[&["runs.csv", "--form", "chinchilla", "--fix", "E=1.8"], &FEW[..]].concat());
    let law = folder.saved("law.json");
    let held = &law.members[0].parameters[0];
    assert!(held.held && held.name == "E" && held.estimate.value == 1.8);
    assert!(
        law.members[0]
            .draws
            .iter()
            .all(|draw| draw.len() == 5 && draw[0] == 1.8)
    );
}

#[test]
fn coverage_is_saved_with_every_law_that_is_likely() {
    let mut text = "samples,correct\n".to_owned();
    for problem in 0..40_u32 {
        writeln!(text, "100,{}", (problem * problem) % 71).unwrap();
    }
    let folder = Folder::with("counts.csv", &text);
    let found = folder.json(&[&["counts.csv", "--predict", "k=1000"], &FEW[..]].concat());
    let law = folder.saved("law.json");
    assert_eq!(law.response, "coverage");
    let shares = &found["predictions"][0]["shares"];
    let first = &law.members[0];
    assert!((number(&shares[&first.form]) - first.weight).abs() < 0.05);
    let value = number(&found["predictions"][0]["coverage"]["value"]);
    assert!((law.evaluator().unwrap().best(&[1000.0]) - value).abs() < 0.02);
}

#[test]
fn what_cannot_be_saved_says_why() {
    let folder = Folder::with("runs.csv", &csv());
    folder.refused(
        &["runs.csv", "--form", "chinchilla", "--save", "./runs.csv"],
        &["would be written over the input `runs.csv`"],
    );
    folder.refused(
        &[
            "runs.csv",
            "--form",
            "chinchilla",
            "--save",
            "one",
            "--draws",
            "one",
        ],
        &["would be written over the other result"],
    );
    folder.refused(
        &["runs.csv", "--form", "chinchilla", "--save", "missing/law.json"],
        &["`missing/law.json` cannot be written"],
    );
    folder.refused(
        &["runs.csv", "--form", "approach1", "--save", "law.json"],
        &["`--save` is for forms"],
    );
    folder.refused(
        &[
            "runs.csv",
            "--form",
            "chinchilla",
            "--unit",
            "loss=bits",
            "--save",
            "law.json",
        ],
        &[
            "`--unit loss=bits`",
            "`bits` is no unit of a loss: write nats/token or bits/byte",
        ],
    );
    assert_eq!(
        fs::read_to_string(folder.0.path().join("runs.csv")).unwrap(),
        csv()
    );
    // A law that the data refuse is no law to plan with.
    let of_one_ratio: Vec<Run> = (0..12)
        .map(|step| {
            let params = 1e7 * 2.0_f64.powi(step);
            (
                params,
                20.0 * params,
                (1.8 + 480.0 * params.powf(-0.35)) * noise(step as usize),
            )
        })
        .collect();
    folder.write("line.csv", &csv_of("params,tokens,loss", &of_one_ratio));
    let output = folder.fit(&[
        "line.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "0",
        "--save",
        "law.json",
    ]);
    assert_eq!(output.status.code(), Some(3));
    assert!(!folder.0.path().join("law.json").exists());
}

#[test]
fn a_saved_law_that_was_damaged_is_refused_by_what_is_wrong() {
    let folder = Folder::with("runs.csv", &csv());
    folder.json(&[&["runs.csv", "--form", "chinchilla"], &FEW[..]].concat());
    let path = folder.0.path().join("law.json");
    let whole = fs::read_to_string(&path).unwrap();
    let said = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        let error = read_law(&path).unwrap_err().to_string();
        assert!(error.contains("law.json"), "{error}");
        error
    };
    assert!(said(&whole.as_bytes()[..whole.len() / 2]).contains("is no saved law: EOF while parsing"));
    assert!(said(b"").contains("is no saved law"));
    assert!(said(csv().as_bytes()).contains("`triaxis fit RUNS --save LAW.json` makes one"));
    assert!(said(&[0xff, 0xfe, 0x00]).contains("cannot be read"));
    let mut changed: Value = serde_json::from_str(&whole).unwrap();
    changed["members"][0]["draws"][2][1] = Value::Null;
    assert!(said(changed.to_string().as_bytes()).contains("is no saved law: invalid type: null"));
    let mut changed: Value = serde_json::from_str(&whole).unwrap();
    changed["members"][0]["form"] = "chinchila".into();
    assert!(said(changed.to_string().as_bytes()).contains("did you mean `chinchilla`"));
    let mut changed: Value = serde_json::from_str(&whole).unwrap();
    changed["schema"] = 7.into();
    assert!(said(changed.to_string().as_bytes()).contains("its schema is 7, and this program reads 1"));
    fs::remove_file(&path).unwrap();
    assert!(
        read_law(&path)
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}
