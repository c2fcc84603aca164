//! Models that fill gaps, on the command line.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::generate::{Kept, kept, kept_of, text, triaxis};
use crate::support::{Bench, SPEC, json, words};

const TEXT: &str = "the old road leads over the hill and down to the river where the mill stood. ";

/// A model that fills gaps.
fn diffusion() -> Kept {
    kept_of(
        r#"{"preset": "diffusion-transformer", "vocabulary": 281, "width": 32, "layers": 2, "context": 48}"#,
    )
}

fn generate(model: &Kept, more: &[&str]) -> Output {
    let all = [
        "generate",
        text(&model.model),
        "--tokenizer",
        text(&model.tokenizer),
    ];
    triaxis(&[&all[..], more].concat())
}

fn answers(model: &Kept, more: &[&str]) -> Vec<Value> {
    let output = generate(model, &[more, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", words(&output.stderr));
    json(&output).as_array().unwrap().clone()
}

fn refused(model: &Kept, more: &[&str]) -> String {
    let output = generate(model, more);
    assert_eq!(output.status.code(), Some(2), "{more:?}");
    words(&output.stderr)
}

#[test]
fn gaps_are_filled_within_what_is_asked() {
    let model = diffusion();
    let asked = [
        "the old <mask:3> leads <mask>to the river",
        "--infill",
        "--samples",
        "3",
    ];
    for order in [&[][..], &["--remask"], &["--block", "2", "--steps", "3"]] {
        let found = answers(&model, &[&asked[..], order].concat());
        assert_eq!(found.len(), 3);
        for answer in &found {
            let (text, spans) = (
                answer["text"].as_str().unwrap(),
                answer["spans"].as_array().unwrap(),
            );
            let spans: Vec<&str> = spans.iter().map(|span| span.as_str().unwrap()).collect();
            assert_eq!(spans.len(), 2);
            assert!(
                text.starts_with("the old ") && text.ends_with("to the river"),
                "{text}"
            );
            assert!(text.contains(" leads "), "{text}");
            assert_eq!(
                (answer["tokens"].as_u64(), answer["finish"].as_str()),
                (Some(4), Some("filled"))
            );
            assert!(answer["passes"].as_u64().unwrap() <= 4);
        }
        assert_eq!(answers(&model, &[&asked[..], order].concat()), found);
    }
    let letters = answers(
        &model,
        &["<mask:5> and <mask:4>", "--infill", "--allow", "abcde "],
    );
    for span in letters[0]["spans"].as_array().unwrap() {
        let span = span.as_str().unwrap();
        assert!(
            !span.is_empty() && span.chars().all(|sign| "abcde ".contains(sign)),
            "{span}"
        );
    }
    let between = answers(&model, &["the old road", "--suffix", " the mill", "--most", "5"]);
    assert_eq!(
        (between[0]["tokens"].as_u64(), between[0]["finish"].as_str()),
        (Some(5), Some("length"))
    );
    let edited = answers(&model, &["the old road leads over the hill", "--edit", "0.3"]);
    let changed = edited[0]["spans"].as_array().unwrap().len();
    assert!((1..10).contains(&changed), "{edited:?}");
    let long = answers(&model, &["the old road", "--most", "500"]);
    assert!(
        matches!(long[0]["finish"].as_str(), Some("context" | "end")),
        "{long:?}"
    );
    // As text, on its own.
    let printed = generate(&model, &["the <mask> road", "--infill"]);
    let printed = words(&printed.stdout);
    assert!(
        printed.starts_with("the ") && printed.ends_with(" road"),
        "{printed}"
    );
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let model = diffusion();
    let cases: [(&[&str], &str); 12] = [
        (&["no gap", "--infill"], "write `<mask>`"),
        (&["a <mask:0>", "--infill"], "write `<mask>` or `<mask:N>`"),
        (&["a <mask:60>", "--infill"], "48 at most, the model's context"),
        (
            &["a <mask>", "--infill", "--allow", "\u{2603}"],
            "allow more of them",
        ),
        (&["a", "--edit", "1.5"], "at most 1"),
        (&["a", "--draft", "look-up"], "token by token"),
        (&["a", "--regex", "b+"], "objective = \"next-token\""),
        (&["a", "--steps", "0"], "raise them"),
        (&["a", "--block", "0"], "`--block 0`"),
        (&["a", "--allow", ""], "`--allow \"\"` has no character"),
        (&["a <mask>", "--infill", "--most", "3"], "--most"),
        (&["a", "--edit", "0.5", "--most", "3"], "--most"),
    ];
    for (asked, remedy) in cases {
        let said = refused(&model, asked);
        assert!(said.contains(remedy), "{asked:?}: {said}");
    }
    let far = TEXT.repeat(10);
    assert!(refused(&model, &["a", "--suffix", &far]).contains("leave room for an answer"));
    // The loss of next tokens is another model's.
    let file = model.file("text.txt", TEXT);
    let [path, tokenizer] = [&model.model, &model.tokenizer].map(|path| text(path));
    let output = triaxis(&["evaluate", path, "--tokenizer", tokenizer, "--text", text(&file)]);
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("tells no next token") && said.contains("next-token"),
        "{said}"
    );
    let causal = kept("a");
    for asked in [
        &["--infill"][..],
        &["--suffix", "x"],
        &["--edit", "0.1"],
        &["--remask"],
        &["--steps", "3"],
    ] {
        let said = refused(&causal, &[&["a <mask>"][..], asked].concat());
        assert!(said.contains("tells what comes next"), "{said}");
    }
}

#[test]
fn who_fills_the_same_gaps_how_well_is_measured_and_kept() {
    let (model, causal) = (diffusion(), kept("a"));
    let (file, library) = (causal.file("text.txt", &TEXT.repeat(30)), causal.file("none", ""));
    let library = library.with_file_name("library");
    let [first, second] = [&model, &causal].map(|kept| text(&kept.model));
    let (file, tokenizer, library) = (text(&file), text(&causal.tokenizer), text(&library));
    let all = [
        "bench",
        "infill",
        first,
        second,
        "--text",
        file,
        "--tokenizer",
        tokenizer,
    ];
    let more = [
        "--spans",
        "6",
        "--length",
        "4",
        "--context",
        "32",
        "--library",
        library,
    ];
    let record = json(&triaxis(&[&all[..], &more, &["--format", "json"]].concat()));
    let scores = record["infilling"]["scores"].as_array().unwrap();
    let methods: Vec<&str> = scores.iter().map(|one| one["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["diffusion", "prefix only"]);
    assert!(scores[0]["above_first"].is_null() && !scores[1]["above_first"].is_null());
    for score in scores.iter().map(|one| &one["score"]["similarity"]) {
        let value = score["value"].as_f64().unwrap();
        let interval = &score["interval"];
        assert!(interval["low"].as_f64().unwrap() <= value && value <= interval["high"].as_f64().unwrap());
    }
    let id = record["id"].as_str().unwrap();
    assert!(
        Path::new(library)
            .join("records")
            .join(format!("{id}.json"))
            .is_file()
    );
    let shown = triaxis(&[&all[..], &more].concat());
    let shown = words(&shown.stdout);
    assert!(
        shown.contains("fills by") && shown.contains("6 gaps of 4 tokens within 32"),
        "{shown}"
    );
    let refused = triaxis(&[&all[..], &more, &["--length", "30"]].concat());
    assert_eq!(refused.status.code(), Some(2));
}

/// A study of a model that fills gaps, in one process from spec to page.
#[test]
fn a_bound_is_said_to_be_one_wherever_it_is_shown() {
    let spec = SPEC
        .replace("\"decoder\"", "\"stack\"\npreset = \"diffusion-transformer\"")
        .replace("batch = 256", "batch = 256\nobjective = \"masked-diffusion\"");
    let without_heads: Vec<&str> = spec.lines().filter(|line| !line.starts_with("heads")).collect();
    let bench = Bench::new(&without_heads.join("\n"));
    let run = bench.run(&["study", "run", "spec.toml", "--out", "out"]);
    let said = words(&run.stderr);
    assert!(matches!(run.status.code(), Some(0 | 1)), "{said}");
    assert!(said.contains("at most "), "{said}");
    assert!(
        words(&run.stdout).contains("bounds from above"),
        "{}",
        words(&run.stdout)
    );
    let page = std::fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("bounds from above") && page.contains("≤ "));
    let status = bench.run(&["study", "status", "out", "--format", "json"]);
    for trial in json(&status)["trials"].as_array().unwrap() {
        assert_eq!(trial["is_bound"], true, "{trial}");
        assert!(
            trial["sources"]
                .as_array()
                .unwrap()
                .iter()
                .all(|source| source["bound"].is_object())
        );
    }
}
