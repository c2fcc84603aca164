//! `model`, with the real program.

use std::process::{Command, Output};

use crate::support::json;

fn model(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_triaxis"))
        .arg("model")
        .args(arguments)
        .output()
        .unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = model(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

const SMALL: [&str; 9] = [
    "count",
    "--set",
    "width=64",
    "--set",
    "layers=4",
    "--set",
    "vocabulary=512",
    "--set",
    "context=1024",
];

fn count(arguments: &[&str]) -> serde_json::Value {
    json(&model(&[&SMALL, arguments, &["--format", "json"]].concat()))
}

#[test]
fn everything_is_listed_and_described_with_its_papers() {
    let all = json(&model(&["list", "--format", "json"]));
    let listed = String::from_utf8(model(&["list"]).stdout).unwrap();
    for known in all.as_array().unwrap() {
        let name = known["name"].as_str().unwrap();
        assert!(listed.contains(name), "{listed}");
        let described = String::from_utf8(model(&["describe", name]).stdout).unwrap();
        // The loss of next tokens is older than its papers.
        assert!(name == "next-token" || described.contains("arXiv"), "{described}");
    }
    let error = refusal(&["describe", "mamba22"]);
    assert!(error.contains("did you mean `mamba2`?"), "{error}");
}

#[test]
fn a_count_is_the_sum_of_its_table_and_states_do_not_grow() {
    for (pattern, grows) in [("a", true), ("m", false), ("d", false), ("ddda", true)] {
        let set = format!("pattern={pattern}");
        let of = |length: &str| count(&["--set", &set, "--length", length]);
        let (short, long) = (of("128"), of("1024"));
        let size = |weight: &serde_json::Value| -> u64 {
            let shape = weight["shape"].as_array().unwrap();
            shape.iter().map(|side| side.as_u64().unwrap()).product()
        };
        let weights = short["weights"].as_array().unwrap();
        let total: u64 = weights.iter().map(size).sum();
        assert_eq!(short["parameters"]["total"], total, "{pattern}");
        assert_eq!(short["parameters"], long["parameters"]);
        assert_eq!(short["remembered"] != long["remembered"], grows, "{pattern}");
        let text = String::from_utf8(model(&[&SMALL[..], &["--set", &set]].concat()).stdout).unwrap();
        assert!(
            text.contains("remembered of a sequence") && text.contains("blocks.3."),
            "{text}"
        );
    }
}

#[test]
fn a_mixture_counts_what_a_token_passes_beside_all() {
    let set = r#"blocks={"a":{"mixer":{"kind":"attention"},"channel":{"kind":"experts","inner":64}}}"#;
    let arguments = ["--set", "pattern=a", "--set", set];
    let counted = count(&arguments);
    let of = |key: &str| counted["parameters"][key].as_u64().unwrap();
    // Six of eight experts of three matrices, in four layers.
    assert_eq!(of("total") - of("active"), 4 * 6 * 3 * 64 * 64);
    let text = String::from_utf8(model(&[&SMALL[..], &arguments].concat()).stdout).unwrap();
    assert!(text.contains("of a token, by its experts"), "{text}");
}

#[test]
fn what_is_no_model_is_refused_with_its_remedy() {
    for (arguments, said) in [
        (&["--set", "pattern=mxa"][..], "`x` stands for no block"),
        (&["--set", "pattern=a", "--length", "2000"], "context of 1024"),
        (&["--set", "pattern=a", "--set", "hight=3"], "hight"),
        (
            &[
                "--set",
                "pattern=m",
                "--set",
                r#"blocks={"m":{"mixer":{"kind":"mamba2","chunk":0}}}"#,
            ],
            "`chunk = 0`",
        ),
        (
            &[
                "--set",
                "pattern=m",
                "--set",
                r#"blocks={"m":{"mixer":{"kind":"mamba2","head_dim":7}}}"#,
            ],
            "must divide the inner width",
        ),
        (
            &[
                "--set",
                "pattern=x",
                "--set",
                r#"blocks={"x":{"mixer":{"kind":"mamba3"}}}"#,
            ],
            "mamba2",
        ),
    ] {
        let error = refusal(&[&SMALL[..], arguments].concat());
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

/// A tiny model as it is published.
fn published(name: &str) -> String {
    let goldens = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/tests/golden/layouts");
    format!("{goldens}/{name}")
}

#[test]
fn a_published_model_comes_back_from_a_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (from, file, to) = (published("llama"), path("llama.safetensors"), path("again"));
    let described = json(&model(&["describe", &from, "--format", "json"]));
    assert_eq!(described["layout"], "llama");
    let imported = json(&model(&["import", &from, "--out", &file, "--format", "json"]));
    assert_eq!(imported["parameters"], described["parameters"]["total"]);
    let kept = json(&model(&["describe", &file, "--format", "json"]));
    assert_eq!(kept["model"], described["model"]);
    assert_eq!(kept["layout"], serde_json::Value::Null);
    let output = model(&["export", &file, "--layout", "llama", "--out", &to]);
    assert!(output.status.success(), "{output:?}");
    let again = json(&model(&["describe", &to, "--format", "json"]));
    assert_eq!(again, described);
    let text = String::from_utf8(model(&["describe", &to]).stdout).unwrap();
    assert!(text.contains("llama") && text.contains("blocks.1.down"), "{text}");

    // Never over what is read, nor into a layout that cannot say it.
    let before = std::fs::read(&file).unwrap();
    let error = refusal(&["export", &file, "--layout", "mamba2", "--out", &path("other")]);
    assert!(
        error.contains("layout `mamba2`: a block of `attention` and `swiglu`"),
        "{error}"
    );
    let error = refusal(&["export", &file, "--layout", "lama", "--out", &path("other")]);
    assert!(error.contains("did you mean `llama`?"), "{error}");
    let error = refusal(&["import", &to, "--out", &format!("{to}/model.safetensors")]);
    assert!(error.contains("over the input"), "{error}");
    std::fs::rename(&file, path("again/model.safetensors")).unwrap();
    let error = refusal(&[
        "export",
        &path("again/model.safetensors"),
        "--layout",
        "llama",
        "--out",
        &to,
    ]);
    assert!(error.contains("over the input"), "{error}");
    assert_eq!(std::fs::read(path("again/model.safetensors")).unwrap(), before);
    assert!(!folder.path().join("other").exists());
    let error = refusal(&["describe", &path("nowhere")]);
    assert!(error.contains("and no path"), "{error}");
    let error = refusal(&["import", &path("nowhere"), "--out", &file]);
    assert!(error.contains("correct the path"), "{error}");
}
