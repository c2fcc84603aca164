//! What answers are held to.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use triaxis_infer::{Answer, Constraint, Ended, Grammar};
use triaxis_tokens::Tokenizer;
use triaxis_units::Bytes;

use super::LONGEST;
use crate::failure::Usage;

/// What every answer that ends by itself is, from its first byte to its last.
#[derive(Args)]
#[group(multiple = false)]
pub struct Held {
    /// Hold answers to a regular expression, from beginning to end
    #[arg(long, value_name = "PATTERN")]
    regex: Option<String>,
    /// Hold answers to a JSON schema, given as it is or as a file
    #[arg(long, value_name = "FILE|TEXT")]
    json_schema: Option<String>,
    /// Hold answers to the grammar in a file, in the dialect of Lark that llguidance reads
    #[arg(long, value_name = "FILE")]
    grammar: Option<PathBuf>,
}

impl Held {
    /// The constraints of so many answers; none where they are held to nothing.
    pub fn constraints(
        &self,
        tokenizer: &Tokenizer,
        answers: usize,
    ) -> anyhow::Result<Vec<Box<dyn Constraint>>> {
        let grammar = match (&self.regex, &self.json_schema, &self.grammar) {
            (Some(pattern), _, _) => Grammar::regex(pattern, tokenizer)?,
            (_, Some(schema), _) => Grammar::json_schema(&schema_text(schema)?, tokenizer)?,
            (_, _, Some(path)) => Grammar::lark(&content(path)?, tokenizer)?,
            (None, None, None) => return Ok(Vec::new()),
        };
        Ok((0..answers).map(|_| grammar.answer()).collect())
    }

    /// Says which answers are not whole, and why.
    pub fn say_unfinished(&self, answers: &[Answer]) {
        let is_held = self.regex.is_some() || self.json_schema.is_some() || self.grammar.is_some();
        for (index, answer) in answers.iter().enumerate().filter(|_| is_held) {
            let reason = match answer.ended {
                Ended::End => continue,
                Ended::Most => "`--most` ended it; give more",
                Ended::Context => "the model's context ended it; give a shorter prompt",
                Ended::Stopped => "a stop string ended it; leave `--stop` out",
                Ended::Nothing => {
                    "no token of the model's vocabulary continues it; ask for what the vocabulary can write"
                }
            };
            eprintln!("answer {} is not whole: {reason}", index + 1);
        }
    }
}

/// The text of a schema: what is given, where it begins as one, or else the file's.
fn schema_text(given: &str) -> anyhow::Result<String> {
    let text = given.trim();
    match text.starts_with('{') || matches!(text, "" | "true" | "false") {
        true => Ok(text.to_owned()),
        false => content(Path::new(given)),
    }
}

fn content(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let unread = |error: std::io::Error| {
        let remedy = triaxis_host::fault::remedy(&error);
        Usage(format!("cannot read {shown}: {error}: {remedy}"))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unread)?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > LONGEST {
        let most = Bytes(LONGEST);
        return Err(Usage(format!("{shown} is longer than {most}: give a shorter file")).into());
    }
    let text = String::from_utf8(bytes);
    Ok(text.map_err(|_| Usage(format!("{shown} is no UTF-8: give text in that encoding")))?)
}
