//! What answers are held to.

use std::path::{Path, PathBuf};

use clap::Args;
use triaxis_infer::{Answer, Constraint, Ended, Grammar};
use triaxis_tokens::Tokenizer;

use super::LONGEST;
use crate::input;

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
    /// Whether answers are held to anything.
    pub fn is_asked(&self) -> bool {
        self.regex.is_some() || self.json_schema.is_some() || self.grammar.is_some()
    }

    /// The grammar, if answers are held to one.
    pub fn grammar(&self, tokenizer: &Tokenizer) -> anyhow::Result<Option<Grammar>> {
        let grammar = match (&self.regex, &self.json_schema, &self.grammar) {
            (Some(pattern), _, _) => Grammar::regex(pattern, tokenizer)?,
            (_, Some(schema), _) => Grammar::json_schema(&schema_text(schema)?, tokenizer)?,
            (_, _, Some(path)) => Grammar::lark(&input::text(path, LONGEST)?, tokenizer)?,
            (None, None, None) => return Ok(None),
        };
        Ok(Some(grammar))
    }

    /// Says which answers are not whole, and why.
    pub fn say_unfinished(&self, answers: &[Answer]) {
        for (index, answer) in answers.iter().enumerate().filter(|_| self.is_asked()) {
            let reason = match answer.ended {
                Ended::End => continue,
                Ended::Most => "`--most` ended it; give more",
                Ended::Context => "the model's context ended it; give a shorter prompt",
                Ended::Stopped => "a stop string ended it; leave `--stop` out",
                Ended::Fault => "its constraint broke off; ask for less",
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
        false => input::text(Path::new(given), LONGEST),
    }
}

/// The constraints of so many answers; none where they are held to nothing.
pub fn answers(grammar: Option<&Grammar>, count: usize) -> Vec<Box<dyn Constraint>> {
    grammar
        .iter()
        .flat_map(|grammar| (0..count).map(|_| grammar.answer()))
        .collect()
}
