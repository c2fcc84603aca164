//! How fast languages are told: `languages MODEL TEXTS.jsonl SECONDS`, a text a line as `{"text": ...}`. Prints MB/s of
//! the model and of trigrams, on one thread.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use triaxis_classifiers::fasttext::{Buffers, Model};
use triaxis_classifiers::language::Detector;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, texts, seconds] = arguments.as_slice() else {
        return Err("give MODEL TEXTS.jsonl SECONDS".into());
    };
    let (model, _) = Model::open(model.as_ref())?;
    let seconds: f64 = seconds.parse()?;
    let mut all = Vec::new();
    for line in fs::read_to_string(texts)?.lines() {
        let line: serde_json::Value = serde_json::from_str(line)?;
        all.push(line["text"].as_str().ok_or("a line has no `text`")?.to_owned());
    }
    let mut buffers = Buffers::default();
    for (name, detector) in [
        ("model", Detector::Model(&model)),
        ("trigrams", Detector::Trigrams),
    ] {
        let (start, mut bytes) = (Instant::now(), 0);
        while start.elapsed().as_secs_f64() < seconds {
            for text in &all {
                black_box(detector.score(text, &[], &mut buffers));
                bytes += text.len();
            }
        }
        println!("{name} {:.2}", bytes as f64 / 1e6 / start.elapsed().as_secs_f64());
    }
    Ok(())
}
