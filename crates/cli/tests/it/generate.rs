//! Commands that read to models, with the real program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use triaxis_model::Stack;
use triaxis_tokens::{Tokenizer, WordCounts};
use triaxis_train::ValidationText;
use triaxis_units::Bytes;

use crate::support::{json, save_model, words};

const TEXT: &str =
    "the cat sat on the mat and the dog sat on the log; the cat and the dog are not on the mat.\n";

/// A small model with its tokenizer, as a study leaves them.
pub(crate) struct Kept {
    folder: TempDir,
    pub(crate) model: PathBuf,
    pub(crate) tokenizer: PathBuf,
}

impl Kept {
    /// A file of this text beside the model.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

pub(crate) fn kept(pattern: &str) -> Kept {
    kept_of(&format!(
        r#"{{"pattern": "{pattern}", "vocabulary": 280, "width": 64, "layers": 2, "context": 96}}"#
    ))
}

/// A stack of chance weights, and a tokenizer of 280 tokens.
pub(crate) fn kept_of(stack: &str) -> Kept {
    let folder = TempDir::new().unwrap();
    let counts = WordCounts::default();
    counts.add([TEXT.repeat(20).as_str()].into_iter()).unwrap();
    let learnt = Tokenizer::train(counts, 280).unwrap();
    let tokenizer = folder.path().join("learnt.json");
    std::fs::write(&tokenizer, learnt.json().unwrap()).unwrap();
    let stack: Stack = serde_json::from_str(stack).unwrap();
    let model = folder.path().join("model.safetensors");
    save_model(&model, stack, 15);
    Kept {
        folder,
        model,
        tokenizer,
    }
}

pub(crate) fn triaxis(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_triaxis"))
        .args(arguments)
        .output()
        .unwrap()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn answers(model: &Path, arguments: &[&str]) -> Value {
    let all = [
        &[
            "generate",
            text(model),
            "the cat",
            "--format",
            "json",
            "--most",
            "24",
        ],
        arguments,
    ]
    .concat();
    json(&triaxis(&all))
}

/// The same model as a GGUF file with its tokenizer.
pub(crate) fn quantised(kept: &Kept, format: &str) -> PathBuf {
    let out = kept.folder.path().join(format!("{format}.gguf"));
    let output = triaxis(&[
        "model",
        "quantise",
        text(&kept.model),
        "--to",
        format,
        "--tokenizer",
        text(&kept.tokenizer),
        "--out",
        text(&out),
    ]);
    assert!(output.status.success(), "{}", words(&output.stderr));
    out
}

#[test]
fn a_model_answers_the_same_in_whatever_file_it_is() {
    let kept = kept("a");
    let with = [
        "--tokenizer",
        text(&kept.tokenizer),
        "--temperature",
        "0",
        "--activations",
        "single",
    ];
    let own = answers(&kept.model, &with);
    assert_eq!(own[0]["finish"], "length");
    let gguf = answers(
        &quantised(&kept, "F32"),
        &["--temperature", "0", "--activations", "single"],
    );
    assert_eq!(gguf, own);
    let folder = kept.folder.path().join("published");
    let exported = triaxis(&[
        "model",
        "export",
        text(&kept.model),
        "--layout",
        "llama",
        "--tokenizer",
        text(&kept.tokenizer),
        "--out",
        text(&folder),
    ]);
    assert!(exported.status.success(), "{}", words(&exported.stderr));
    assert_eq!(
        answers(&folder, &["--temperature", "0", "--activations", "single"]),
        own
    );
}

#[test]
fn answers_depend_on_the_seed_and_their_number_alone() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let three = answers(&model, &["--samples", "3", "--seed", "5", "--threads", "2"]);
    let again = answers(&model, &["--samples", "3", "--seed", "5", "--threads", "1"]);
    assert_eq!(three, again);
    let one = answers(&model, &["--seed", "5"]);
    assert_eq!(one[0], three[0]);
    assert_ne!(three[0]["text"], three[1]["text"]);
    assert_ne!(answers(&model, &["--seed", "6"])[0], one[0]);
    // As text, one answer is what it is.
    let plain = triaxis(&["generate", text(&model), "the cat", "--most", "24", "--seed", "5"]);
    let printed = String::from_utf8(plain.stdout).unwrap();
    assert_eq!(
        printed.trim_end_matches('\n'),
        one[0]["text"].as_str().unwrap().trim_end_matches('\n')
    );
}

#[test]
fn a_stop_string_ends_an_answer_before_it_and_drafts_change_nothing() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let greedy = ["--temperature", "0"];
    let whole = answers(&model, &greedy);
    let own = whole[0]["text"].as_str().unwrap();
    // Two characters of the text: mostly they are not one token's. What is no character cannot be given as one.
    let letters: Vec<char> = own.chars().collect();
    let pair = letters
        .windows(2)
        .find(|pair| pair.iter().all(char::is_ascii_graphic));
    let stop = String::from_iter(pair.unwrap());
    let stopped = answers(&model, &[&greedy[..], &["--stop", &stop]].concat());
    let expected = own.split(&stop).next().unwrap();
    assert_eq!(
        (&stopped[0]["text"], &stopped[0]["finish"]),
        (&Value::from(expected), &Value::from("stop"))
    );
    let path = text(&model).to_owned();
    for draft in ["look-up", &path] {
        let drafted = answers(&model, &[&greedy[..], &["--draft", draft]].concat());
        assert_eq!(drafted[0]["text"], own);
    }
}

#[test]
fn log_probabilities_are_told() {
    let kept = kept("a");
    let told = answers(&quantised(&kept, "Q8_0"), &["--log-probabilities", "3"]);
    let tokens = told[0]["log_probabilities"].as_array().unwrap();
    assert_eq!(tokens.len(), told[0]["tokens"].as_u64().unwrap() as usize);
    for token in tokens {
        assert!(token["log_probability"].as_f64().unwrap() < 0.0);
        assert_eq!(token["likeliest"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn a_text_has_the_loss_that_the_model_has_in_training() {
    let kept = kept("a");
    let path = kept.folder.path().join("text.txt");
    std::fs::write(&path, TEXT.repeat(9)).unwrap();
    let arguments = [
        "--tokenizer",
        text(&kept.tokenizer),
        "--text",
        text(&path),
        "--format",
        "json",
    ];
    let found = json(&triaxis(
        &[&["evaluate", text(&kept.model)], &arguments[..]].concat(),
    ));
    let tokenizer = Tokenizer::published(&kept.tokenizer).unwrap();
    let mut tokens = tokenizer.encode(&TEXT.repeat(9)).unwrap();
    tokens.push(tokenizer.end_of_text());
    let validation = ValidationText::new("text", tokens, Bytes(TEXT.len() as u64 * 9));
    let mut expected = None;
    triaxis_train::evaluate_model(&kept.model, 96, &[&validation], &mut |_, evaluation| {
        expected = Some(*evaluation);
    })
    .unwrap();
    let (expected, found) = (expected.unwrap(), &found["losses"][0]);
    let close = |found: &Value, expected: f64| (found.as_f64().unwrap() - expected).abs() < 1e-5;
    assert!(
        close(&found["nats_per_token"], expected.nats.0),
        "{found} {expected:?}"
    );
    assert!(
        close(&found["bits_per_byte"], expected.bits_per_byte.0),
        "{found} {expected:?}"
    );
}

#[test]
fn speeds_are_measured_and_kept() {
    let kept = kept("a");
    let model = quantised(&kept, "Q4_1");
    let library = kept.folder.path().join("library");
    let measured = json(&triaxis(&[
        "bench",
        "decode",
        text(&model),
        "--batch",
        "1,3",
        "--context",
        "0,40",
        "--prompt",
        "30",
        "--seconds",
        "0.01s",
        "--library",
        text(&library),
        "--format",
        "json",
    ]));
    let decoding = &measured["decoding"];
    assert_eq!(decoding["steps"].as_array().unwrap().len(), 4);
    for step in decoding["steps"].as_array().unwrap() {
        assert!(step["tokens_per_second"].as_f64().unwrap() > 0.0 && step["share"].as_f64().unwrap() > 0.0);
    }
    assert!(decoding["prompts"][0]["tokens_per_second"].as_f64().unwrap() > 0.0);
    let listed = triaxis(&["study", "library", "list", text(&library)]);
    assert!(
        words(&listed.stdout).contains(measured["id"].as_str().unwrap()),
        "{}",
        words(&listed.stderr)
    );
}

/// What comes back where a text is on standard input.
fn fed(arguments: &[&str], text: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_triaxis"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who refuses the arguments may be gone before.
    let _ = child.stdin.take().unwrap().write_all(text);
    child.wait_with_output().unwrap()
}

#[test]
fn prompts_of_a_file_are_answered_in_order_as_each_alone() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let prompts = [
        "the cat",
        "the cat and the dog sat on the mat and the dog",
        "\"log\"",
        "the cat and the dog sat on",
    ];
    let file = kept.folder.path().join("prompts.jsonl");
    let lines = format!(
        "\u{feff}{}\n\n{}\n{}\n{}\n",
        serde_json::json!(prompts[0]),
        serde_json::json!({ "prompt": prompts[1] }),
        serde_json::json!(prompts[2]),
        serde_json::json!({ "prompt": prompts[3] }),
    );
    std::fs::write(&file, &lines).unwrap();
    let all = [
        "generate",
        text(&model),
        "--most",
        "20",
        "--samples",
        "2",
        "--format",
        "json",
    ];
    fn with<'t>(all: &[&'t str], more: &[&'t str]) -> Vec<&'t str> {
        [all, more].concat()
    }
    let alone: Vec<Value> = prompts
        .iter()
        .enumerate()
        .map(|(index, prompt)| {
            let seed = (5 + index).to_string();
            json(&triaxis(&with(&all, &[prompt, "--seed", &seed])))
        })
        .collect();
    let answered = |output: Output| -> Vec<Value> {
        assert!(output.status.success(), "{}", words(&output.stderr));
        let lines = String::from_utf8(output.stdout).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    // All at once, and one after the other.
    let path = text(&model).to_owned();
    for memory in ["1GiB", "1"] {
        let found = answered(triaxis(&with(
            &all,
            &["--prompts", text(&file), "--seed", "5", "--memory", memory],
        )));
        assert_eq!(found.len(), 4);
        for ((found, prompt), alone) in found.iter().zip(prompts).zip(&alone) {
            assert_eq!(
                (&found["prompt"], &found["answers"]),
                (&Value::from(prompt), alone)
            );
        }
    }
    let greedy = ["--temperature", "0", "--prompts", "-"];
    let plain = answered(fed(&with(&all, &greedy), lines.as_bytes()));
    let drafted = answered(fed(
        &with(&all, &[&greedy[..], &["--draft", &path]].concat()),
        lines.as_bytes(),
    ));
    for (plain, drafted) in plain.iter().zip(&drafted) {
        assert_eq!(plain["answers"][0]["text"], drafted["answers"][0]["text"]);
    }
}

#[test]
fn prompts_that_cannot_be_answered_are_named_by_their_lines() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let long = serde_json::json!(TEXT.repeat(20)).to_string();
    for (lines, said) in [
        ("", "has no prompts"),
        ("\"a\"\nnone\n", "line 2: it is no JSON"),
        ("\"a\"\n\n[1]\n", "line 3: it is neither a text nor an object"),
        ("{\"Prompt\": \"a\"}", "line 1: it has no `prompt`"),
        ("{\"prompt\": 3}", "line 1: its `prompt` is no text"),
        (
            "{\"prompt\": \"a\", \"promt\": \"b\"}",
            "line 1: `promt` beside its `prompt` is not known",
        ),
        ("\"a\"\n\"\"", "line 2: a prompt of 0 tokens"),
        (&long, "line 1: a prompt of"),
    ] {
        let output = fed(&["generate", text(&model), "--prompts", "-"], lines.as_bytes());
        let stderr = words(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{lines}: {stderr}");
        assert!(
            stderr.contains(said) && output.stdout.is_empty(),
            "{lines}: {stderr}"
        );
    }
}

#[test]
fn a_text_on_standard_input_is_that_of_a_file_whatever_it_is_in() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let path = kept.folder.path().join("text.txt");
    std::fs::write(&path, TEXT).unwrap();
    let model = text(&model);
    let evaluate = |file| ["evaluate", model, "--format", "json", "--text", file];
    let expected = json(&triaxis(&evaluate(text(&path))));
    let marked = format!("\u{feff}{TEXT}");
    let utf_16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [TEXT.as_bytes(), marked.as_bytes(), &utf_16] {
        let mut found = json(&fed(&evaluate("-"), bytes));
        found["losses"][0]["text"] = expected["losses"][0]["text"].clone();
        assert_eq!(found, expected);
        let generate = |prompt| ["generate", model, prompt, "--most", "9", "--format", "json"];
        assert_eq!(json(&fed(&generate("-"), bytes)), json(&triaxis(&generate(TEXT))));
    }
    let twice = [&evaluate("-")[..], &["--text", "-"]].concat();
    assert!(words(&fed(&twice, b"a").stderr).contains("read once"));
}

#[test]
fn threads_are_no_more_than_cores_and_it_is_said() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let cores = std::thread::available_parallelism().unwrap().get();
    if cores >= 1024 {
        return;
    }
    let asked = ["generate", text(&model), "the cat", "--most", "9", "--threads"];
    let most = triaxis(&[&asked[..], &["1024"]].concat());
    let said = words(&most.stderr);
    assert!(
        said.contains(&format!("on {cores} threads, not on 1024")),
        "{said}"
    );
    let one = triaxis(&[&asked[..], &["1"]].concat());
    assert_eq!((most.stdout, words(&one.stderr)), (one.stdout, String::new()));
}

#[test]
fn a_model_of_other_tokens_does_not_draft() {
    let (kept, other) = (kept("a"), self::kept("a"));
    let model = quantised(&kept, "Q8_0");
    // As many tokens, of other bytes.
    let counts = WordCounts::default();
    counts
        .add(
            [
                "zebras doze in zones of azure haze while lazy wizards gaze at frozen bronze "
                    .repeat(20)
                    .as_str(),
            ]
            .into_iter(),
        )
        .unwrap();
    let learnt = Tokenizer::train(counts, 280).unwrap();
    assert_eq!(learnt.vocabulary(), 280);
    std::fs::write(&other.tokenizer, learnt.json().unwrap()).unwrap();
    let drafting = quantised(&other, "Q8_0");
    let output = triaxis(&["generate", text(&model), "the cat", "--draft", text(&drafting)]);
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("of the draft model is") && said.contains("same tokenizer"),
        "{said}"
    );
    // A file without a tokenizer is taken at its word, and that is said.
    let arguments = [
        "generate",
        text(&model),
        "the cat",
        "--temperature",
        "0",
        "--draft",
        text(&kept.model),
    ];
    let output = triaxis(&arguments);
    assert!(output.status.success() && words(&output.stderr).contains("no tokenizer is published"));
}

#[test]
fn what_cannot_be_read_to_is_refused() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    let refused = |arguments: &[&str], said: &str| {
        let output = triaxis(arguments);
        let stderr = words(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    };
    let model = text(&model);
    refused(&["generate", text(&kept.model), "a"], "--tokenizer");
    refused(&["generate", model, "a", "--chat"], "no chat template");
    refused(&["generate", model, "a", "--temperature", "-1"], "temperature");
    refused(&["generate", model, "a", "--top-p", "0"], "top_p = 0");
    refused(&["generate", model, "a", "--stop", ""], "empty");
    refused(&["generate", model, ""], "prompt");
    refused(&["generate", model, &"the cat ".repeat(200)], "context of 96");
    refused(&["generate", "nothing.gguf", "a"], "nothing.gguf");
    let prompts = kept.file("prompts.jsonl", "\"a\"\n");
    let prompts = ["generate", model, "--prompts", text(&prompts), "--memory", "0"];
    refused(&prompts, "`--memory 0`");
    let gone = triaxis(&[
        "generate",
        "nothing.safetensors",
        "a",
        "--tokenizer",
        text(&kept.tokenizer),
    ]);
    let gone = words(&gone.stderr);
    assert!(
        gone.contains("nothing.safetensors") && !gone.contains("checkpoint"),
        "{gone}"
    );
    refused(&["generate", model, "a", "--most", "-1"], "--most");
    refused(
        &["generate", model, "a", "--log-probabilities", "2"],
        "--format json",
    );
    refused(&["generate", model, "a", "--tokenizer", model], "tokenizer.json");
    let empty = kept.folder.path().join("empty.txt");
    std::fs::write(&empty, "").unwrap();
    refused(&["evaluate", model, "--text", text(&empty)], "empty");
    let latin = kept.folder.path().join("latin.txt");
    std::fs::write(&latin, b"caf\xe9 au lait").unwrap();
    refused(&["evaluate", model, "--text", text(&latin)], "UTF-8");
    refused(&["evaluate", model, "--text", "nothing.txt"], "nothing.txt");
    refused(
        &[
            "evaluate",
            model,
            "--text",
            text(&kept.tokenizer),
            "--window",
            "97",
        ],
        "1 to 96",
    );
    refused(&["bench", "decode", model, "--context", "96"], "from 0 to 95");
}

/// What cannot be printed is no fault of what was asked.
#[cfg(target_os = "linux")]
#[test]
fn a_full_place_to_print_to_is_a_failure_and_no_misuse() {
    let kept = kept("a");
    let model = quantised(&kept, "Q8_0");
    for arguments in [&["generate", text(&model), "the cat"][..], &["model", "list"]] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_triaxis"))
            .args(arguments)
            .stdout(full)
            .output()
            .unwrap();
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot print to standard output"), "{said}");
    }
}
