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
        // The same again, and never over the tokenizer of another.
        done(&["model", "import", &files.path(from), "--out", &out]);
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
