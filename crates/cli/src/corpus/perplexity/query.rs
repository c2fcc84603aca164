//! `triaxis corpus perplexity query`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use triaxis_ngrams::{Room, Score};
use triaxis_units::Bytes;

use super::Asked;
use crate::table::Table;
use crate::{Format, input, output};

/// Text of a file that is read at most.
const MOST: Bytes = Bytes(1 << 30);

/// Characters of a line that are shown.
const SHOWN: usize = 50;

/// Arguments of `corpus perplexity query`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// Texts, each a document; `-` is standard input
    #[arg(required = true, value_name = "TEXT")]
    texts: Vec<PathBuf>,
    /// Tell of each line by itself
    #[arg(long)]
    lines: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the perplexities.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let judge = arguments.asked.open()?;
    let mut room = Room::default();
    let mut scores: Vec<(String, Score)> = Vec::new();
    for path in &arguments.texts {
        let text = input::text(path, MOST)?;
        if !arguments.lines {
            scores.push((input::name(path), judge.score(&text, &mut room)?));
            continue;
        }
        for line in text.lines() {
            scores.push((line.to_owned(), judge.line(line, &mut room)?));
        }
    }
    let mut table = Table::new(["perplexity", "log10", "tokens", "unknown", "text"]);
    for (text, score) in &scores {
        table.row([
            format!("{:.1}", score.perplexity()),
            format!("{:.4}", score.log10),
            score.tokens.to_string(),
            score.unknown.to_string(),
            shown(text),
        ]);
    }
    let json = scores.iter().map(|(text, score)| {
        json!({
            "text": text,
            "perplexity": score.perplexity(),
            "log10": score.log10,
            "tokens": score.tokens,
            "unknown": score.unknown,
        })
    });
    let json: Vec<_> = json.collect();
    output::print(arguments.format, &table.to_string().trim_end(), &json)
}

/// The beginning of a text, without what a terminal obeys.
fn shown(text: &str) -> String {
    let beginning = text.chars().take(SHOWN);
    let mut shown: String = beginning
        .map(|sign| if sign.is_control() { ' ' } else { sign })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
