//! `triaxis evaluate`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use triaxis_infer::{Windows, evaluate};
use triaxis_units::{BitsPerByte, Bytes, Nats, Tokens};

use crate::engine::{Opening, fits};
use crate::failure::Usage;
use crate::progress::Advance;
use crate::table::Table;
use crate::{Format, input, output};

/// Arguments of `evaluate`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    opening: Opening,
    /// A text, `-` being standard input; can be given several times
    #[arg(long, value_name = "FILE", required = true)]
    text: Vec<PathBuf>,
    /// Tokens of a window [default: the model's context, or 2,048 where that is longer]
    #[arg(long, value_name = "N")]
    window: Option<usize>,
    /// Tokens that are scored in each: fewer than it has let each see at least the others before it [default: all]
    #[arg(long, value_name = "N")]
    stride: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The loss of a text.
#[derive(Serialize)]
struct Loss {
    text: PathBuf,
    bytes: Bytes,
    tokens: Tokens,
    nats_per_token: Nats,
    bits_per_byte: BitsPerByte,
}

/// What was measured.
#[derive(Serialize)]
struct Evaluated {
    window: usize,
    stride: usize,
    losses: Vec<Loss>,
}

/// Evaluates a model on texts.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let tokenizer = arguments.opening.tokenizer()?;
    if arguments
        .text
        .iter()
        .filter(|path| path.to_str() == Some("-"))
        .count()
        > 1
    {
        return Err(Usage("standard input can be read once: give `--text -` once".to_owned()).into());
    }
    let mut texts = Vec::new();
    for path in &arguments.text {
        let text = input::text(path, Bytes(u64::MAX))?;
        if text.is_empty() {
            return Err(Usage(format!("{} is empty: give a text", input::name(path))).into());
        }
        // A text is one document, which is followed by what separates documents, as in training.
        let mut tokens = triaxis_infer::text::prompt(&tokenizer, &text)?;
        tokens.push(tokenizer.end_of_text());
        texts.push((path, Bytes(text.len() as u64), tokens));
    }
    let (mut engine, known) = arguments.opening.open_known()?;
    fits(&tokenizer, &engine)?;
    let window = arguments
        .window
        .unwrap_or_else(|| engine.stack().context.min(2048));
    let windows = Windows {
        length: window,
        stride: arguments.stride.unwrap_or(window),
    };
    let mut losses = Vec::new();
    let all: usize = texts.iter().map(|(_, _, tokens)| tokens.len()).sum();
    let (mut before, mut advance) = (0, Advance::new("evaluating"));
    let count = texts.len();
    for (index, (path, bytes, tokens)) in texts.into_iter().enumerate() {
        let loss = evaluate(&mut engine, &tokens, windows, known, &mut |scored| {
            let said = format!("text {} of {count}, ", index + 1);
            advance.show((before + scored) as f64 / all as f64, &said);
        })?;
        before += tokens.len();
        let tokens = Tokens(tokens.len() as u64);
        losses.push(Loss {
            text: path.clone(),
            bytes,
            tokens,
            nats_per_token: loss.nats,
            bits_per_byte: loss.nats.to_bits_per_byte(tokens, bytes),
        });
    }
    drop(advance);
    let evaluated = Evaluated {
        window,
        stride: windows.stride,
        losses,
    };
    output::print(arguments.format, &evaluated, &evaluated)
}

impl fmt::Display for Evaluated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["text", "bytes", "tokens", "nats a token", "bits a byte"]);
        for loss in &self.losses {
            table.row([
                loss.text.display().to_string(),
                loss.bytes.to_string(),
                loss.tokens.to_string(),
                format!("{:.5}", loss.nats_per_token.0),
                format!("{:.5}", loss.bits_per_byte.0),
            ]);
        }
        write!(
            formatter,
            "{table}in windows of {} tokens by {}; the first token, which nothing predicts, is taken to cost the mean",
            self.window, self.stride
        )
    }
}
