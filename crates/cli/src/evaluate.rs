//! `triaxis evaluate`.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use triaxis_host::text::{UTF_8, unicode};
use triaxis_infer::{Windows, evaluate};
use triaxis_units::{BitsPerByte, Bytes, Nats, Tokens};

use crate::engine::{Opening, fits};
use crate::failure::Usage;
use crate::table::Table;
use crate::{Format, output};

/// Arguments of `evaluate`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    opening: Opening,
    /// A text; can be given several times
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
    let texts = arguments.text.iter().map(|path| Ok((path, read(path)?)));
    let texts = texts.collect::<anyhow::Result<Vec<_>>>()?;
    let mut engine = arguments.opening.open()?;
    fits(&tokenizer, &engine)?;
    let window = arguments
        .window
        .unwrap_or_else(|| engine.stack().context.min(2048));
    let windows = Windows {
        length: window,
        stride: arguments.stride.unwrap_or(window),
    };
    let mut losses = Vec::new();
    for (path, text) in texts {
        // A text is one document, which is followed by what separates documents, as in training.
        let mut tokens = triaxis_infer::text::prompt(&tokenizer, &text)?;
        tokens.push(tokenizer.end_of_text());
        let loss = evaluate(&mut engine, &tokens, windows, &mut |_| {})?;
        let (bytes, tokens) = (Bytes(text.len() as u64), Tokens(tokens.len() as u64));
        losses.push(Loss {
            text: path.clone(),
            bytes,
            tokens,
            nats_per_token: loss.nats,
            bits_per_byte: loss.nats.to_bits_per_byte(tokens, bytes),
        });
    }
    let evaluated = Evaluated {
        window,
        stride: windows.stride,
        losses,
    };
    output::print(arguments.format, &evaluated, &evaluated)
}

/// A text in any encoding that its beginning tells.
fn read(path: &Path) -> anyhow::Result<String> {
    let unread = || format!("cannot read {}", path.display());
    let file = BufReader::new(File::open(path).with_context(unread)?);
    let mut text = String::new();
    let read = unicode(file, UTF_8).and_then(|mut unicode| unicode.input.read_to_string(&mut text));
    match read {
        Ok(_) if text.is_empty() => Err(Usage(format!("{} is empty: give a text", path.display())).into()),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            let said = format!(
                "{} is no UTF-8 text: unpack it, or convert it to UTF-8",
                path.display()
            );
            Err(Usage(said).into())
        }
        Err(error) => Err(error).with_context(unread),
    }
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
