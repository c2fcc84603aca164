//! Files of published weights that are damaged, or that are given to another command; and what lies beside weights.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use triaxis_model::Stack;
use triaxis_tokens::{Tokenizer, WordCounts};

use crate::generate::triaxis;
use crate::support::{json, save_model, words};

fn refusal(arguments: &[&str]) -> String {
    let output = triaxis(arguments);
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

fn done(arguments: &[&str]) {
    let output = triaxis(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        words(&output.stderr)
    );
}

/// A folder of one model in whatever it can be: `kept/model.safetensors` with its tokenizer and chat template beside it,
/// `model.gguf`, `published`.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(TempDir::new().unwrap());
        fs::create_dir(files.path("kept")).unwrap();
        let counts = WordCounts::default();
        counts
            .add(["the cat sat on the mat and the dog sat on the log"].into_iter())
            .unwrap();
        let tokenizer = Tokenizer::train(counts, 264).unwrap();
        fs::write(files.path("kept/tokenizer.json"), tokenizer.json().unwrap()).unwrap();
        fs::write(
            files.path("kept/tokenizer_config.json"),
            tokenizer.config().unwrap(),
        )
        .unwrap();
        let template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:";
        fs::write(files.path("kept/chat_template.jinja"), template).unwrap();
        let stack = json!({ "pattern": "a", "vocabulary": 264, "width": 32, "layers": 1, "context": 64 });
        let stack: Stack = serde_json::from_value(stack).unwrap();
        let kept = files.path("kept/model.safetensors");
        save_model(Path::new(&kept), stack, 7);
        done(&[
            "model",
            "export",
            &kept,
            "--layout",
            "gguf",
            "--out",
            &files.path("model.gguf"),
        ]);
        done(&[
            "model",
            "export",
            &kept,
            "--layout",
            "llama",
            "--out",
            &files.path("published"),
        ]);
        files
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

/// What a model answers to a message.
fn answer(model: &str) -> serde_json::Value {
    let greedy = [
        "--temperature",
        "0",
        "--activations",
        "single",
        "--most",
        "12",
        "--format",
        "json",
    ];
    let answers = json(&triaxis(
        &[&["generate", model, "the cat", "--chat"], &greedy[..]].concat(),
    ));
    answers[0]["text"].clone()
}

#[test]
fn what_lies_beside_a_model_goes_with_it() {
    let files = Files::new();
    let expected = answer(&files.path("kept/model.safetensors"));
    assert!(expected.as_str().unwrap().chars().count() > 3, "{expected}");
    assert_eq!(answer(&files.path("model.gguf")), expected);
    assert_eq!(answer(&files.path("published")), expected);
    for from in ["model.gguf", "published"] {
        let to = files.path(&format!("of-{from}"));
        fs::create_dir(&to).unwrap();
        let out = format!("{to}/model.safetensors");
        done(&["model", "import", &files.path(from), "--out", &out]);
        assert_eq!(answer(&out), expected, "{from}");
        // Never over a model, nor over the tokenizer of another.
        let error = refusal(&["model", "import", &files.path(from), "--out", &out]);
        assert!(
            error.contains("is there already") && error.contains("another name"),
            "{error}"
        );
        fs::remove_file(&out).unwrap();
        done(&["model", "import", &files.path(from), "--out", &out]);
        fs::remove_file(&out).unwrap();
        fs::write(format!("{to}/tokenizer.json"), "{}").unwrap();
        let error = refusal(&["model", "import", &files.path(from), "--out", &out]);
        assert!(
            error.contains("tokenizer.json is of another model") && error.contains("another folder"),
            "{error}"
        );
    }
}

#[test]
fn a_file_for_another_command_is_told_which() {
    let files = Files::new();
    let [kept, gguf, folder, out] =
        ["kept/model.safetensors", "model.gguf", "published", "out"].map(|name| files.path(name));
    for (model, what) in [(&gguf, "is a GGUF file"), (&folder, "is a folder")] {
        for layout in ["llama", "gguf"] {
            let error = refusal(&["model", "export", model, "--layout", layout, "--out", &out]);
            assert!(
                error.contains(what)
                    && error.contains("`model import` makes one of it")
                    && error.contains("`model quantise`"),
                "{error}"
            );
        }
    }
    let error = refusal(&["model", "export", &kept, "--layout", "lama", "--out", &out]);
    assert!(
        error.contains("did you mean `llama`?") && error.contains("`gguf` writes a GGUF file"),
        "{error}"
    );
    let error = refusal(&["model", "describe", &format!("{folder}/model.safetensors")]);
    assert!(
        error.contains("if it is of a published folder, name that"),
        "{error}"
    );
    let error = refusal(&["model", "import", &kept, "--out", &out]);
    assert!(
        error.contains("neither a folder with config.json nor a GGUF file"),
        "{error}"
    );
    assert!(!Path::new(&out).exists());
}

#[test]
fn damaged_files_are_named_with_the_rule_and_the_remedy() {
    let files = Files::new();
    let run = |model: &str, name: &str, change: &dyn Fn(&mut Vec<u8>), said: &[&str]| {
        let (model, path) = (files.path(model), files.path(name));
        let sound = fs::read(&path).unwrap();
        let mut content = sound.clone();
        change(&mut content);
        fs::write(&path, content).unwrap();
        for command in [
            &["model", "describe", &model][..],
            &["generate", &model, "the", "--most", "1"],
        ] {
            let error = refusal(command);
            let is_told = error.contains(&path) && said.iter().all(|said| error.contains(said));
            assert!(is_told, "{command:?}: {error}");
        }
        fs::write(&path, sound).unwrap();
    };
    let cut = |content: &mut Vec<u8>| content.truncate(content.len() - 1000);
    let short = |content: &mut Vec<u8>| content.truncate(30);
    run(
        "model.gguf",
        "model.gguf",
        &cut,
        &["are not all in the file", "fetch or convert it again"],
    );
    run(
        "model.gguf",
        "model.gguf",
        &short,
        &["is no GGUF file that is read here", "fetch or convert it again"],
    );
    run(
        "model.gguf",
        "model.gguf",
        &|content| content[8] = 255,
        &["is no GGUF file", "fetch or convert it again"],
    );
    run(
        "published",
        "published/model.safetensors",
        &cut,
        &["is no whole safetensors file", "fetch it again"],
    );
    run(
        "published",
        "published/model.safetensors",
        &short,
        &["is no whole safetensors file", "fetch it again"],
    );
    run("published", "published/config.json", &short, &["config.json"]);
    run(
        "kept/model.safetensors",
        "kept/model.safetensors",
        &cut,
        &["holds no model", "give a model file"],
    );
    // A model of no family that is known.
    let family = |content: &mut Vec<u8>| {
        *content = String::from_utf8_lossy(content)
            .replace("\"llama\"", "\"lama\"")
            .into_bytes();
    };
    run(
        "published",
        "published/config.json",
        &family,
        &["mistral, ", "did you mean `llama`?"],
    );
}

/// A model without a tokenizer is put beside no other's: it would be read with that.
#[test]
fn anothers_tokenizer_is_refused_beside_a_model_that_has_none() {
    let files = Files::new();
    fs::create_dir(files.path("bare")).unwrap();
    fs::copy(
        files.path("kept/model.safetensors"),
        files.path("bare/model.safetensors"),
    )
    .unwrap();
    let [bare, gguf] = ["bare/model.safetensors", "bare.gguf"].map(|name| files.path(name));
    done(&["model", "export", &bare, "--layout", "gguf", "--out", &gguf]);
    let out = files.path("published/other.safetensors");
    let error = refusal(&["model", "import", &gguf, "--out", &out]);
    assert!(
        error.contains("tokenizer.json is of another model") && !Path::new(&out).exists(),
        "{error}"
    );
    done(&[
        "model",
        "import",
        &gguf,
        "--out",
        &files.path("bare/other.safetensors"),
    ]);
}

/// What is published stays as it is, unless it is removed.
#[test]
fn nothing_published_is_written_over() {
    let files = Files::new();
    let [kept, gguf, folder] =
        ["kept/model.safetensors", "model.gguf", "published"].map(|name| files.path(name));
    let before = |path: &str| fs::read(files.path(path)).unwrap();
    let (of_file, of_folder) = (before("model.gguf"), before("published/config.json"));
    for command in [
        &["export", &kept, "--layout", "gguf", "--out", &gguf][..],
        &["export", &kept, "--layout", "mistral", "--out", &folder],
        &["quantise", &kept, "--to", "Q8_0", "--out", &gguf],
        &["quantise", &folder, "--to", "Q8_0", "--out", &gguf],
    ] {
        let error = refusal(&[&["model"], command].concat());
        assert!(
            error.contains("is there already: give the result another name, or remove it first"),
            "{error}"
        );
    }
    assert_eq!(before("model.gguf"), of_file);
    assert_eq!(before("published/config.json"), of_folder);
    for out in [gguf.clone(), format!("{gguf}/within")] {
        let error = refusal(&["model", "export", &kept, "--layout", "llama", "--out", &out]);
        assert!(error.contains("is a file, and a folder is written"), "{error}");
    }
}

/// A tokenizer that is given is read with what lies beside it.
#[test]
fn a_tokenizer_that_is_given_comes_with_its_chat_template() {
    let files = Files::new();
    fs::create_dir(files.path("bare")).unwrap();
    fs::copy(
        files.path("kept/model.safetensors"),
        files.path("bare/model.safetensors"),
    )
    .unwrap();
    let (bare, tokenizer) = (
        files.path("bare/model.safetensors"),
        files.path("kept/tokenizer.json"),
    );
    let said = |model: &str, given: &[&str]| {
        let answers = triaxis(
            &[
                &[
                    "generate",
                    model,
                    "the cat",
                    "--chat",
                    "--temperature",
                    "0",
                    "--most",
                    "8",
                ],
                given,
            ]
            .concat(),
        );
        assert!(answers.status.success(), "{}", words(&answers.stderr));
        words(&answers.stdout)
    };
    let expected = said(&files.path("kept/model.safetensors"), &[]);
    assert_eq!(said(&bare, &["--tokenizer", &tokenizer]), expected);
    let given = ["--tokenizer", &tokenizer];
    let [gguf, folder] = ["given.gguf", "given"].map(|name| files.path(name));
    done(
        &[
            &["model", "export", &bare, "--layout", "gguf", "--out", &gguf],
            &given[..],
        ]
        .concat(),
    );
    done(
        &[
            &["model", "export", &bare, "--layout", "llama", "--out", &folder],
            &given[..],
        ]
        .concat(),
    );
    for model in [&gguf, &folder] {
        assert_eq!(said(model, &["--activations", "single"]), expected);
    }
}

#[test]
fn a_config_whose_end_is_no_token_is_refused() {
    let files = Files::new();
    let path = files.path("published/config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for end in [json!(264), json!([0, 999]), json!(-1)] {
        config["eos_token_id"] = end;
        fs::write(&path, config.to_string()).unwrap();
        let error = refusal(&["generate", &files.path("published"), "the cat"]);
        assert!(
            error.contains("eos_token_id") && error.contains("below 264"),
            "{error}"
        );
    }
    config["eos_token_id"] = json!([0, 263]);
    fs::write(&path, config.to_string()).unwrap();
    done(&["model", "describe", &files.path("published")]);
}

/// Names in a stranger's file do not reach the terminal as they are.
#[test]
fn a_message_holds_no_control_characters_of_a_file() {
    let files = Files::new();
    let path = files.path("published/config.json");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, config.replace("\"llama\"", "\"\\u001b[2Jlama\"")).unwrap();
    let error = refusal(&["model", "describe", &files.path("published")]);
    assert!(
        !error.contains('\u{1b}') && error.contains("\\u{1b}[2Jlama"),
        "{error}"
    );
}
