//! Answers of models that fill gaps.

use std::io::Write as _;
use std::sync::Arc;

use clap::Args;
use triaxis_infer::filling::{
    Canvas, Denoise, Filled, Filler, Filling, Order, Piece, TokenSet, fill, pieces,
};
use triaxis_infer::text::{self, Written};
use triaxis_tokens::Tokenizer;

use super::{Answers, Arguments, Printed};
use crate::failure::Usage;
use crate::{Format, output};

/// What is asked of models that fill gaps, which are trained by masked diffusion.
#[derive(Args)]
pub struct Gaps {
    /// Fill the gaps of the prompt, which are written `<mask>` or, where N tokens are missing, `<mask:N>`
    #[arg(long, conflicts_with_all = ["suffix", "edit", "most"], help_heading = "Models that fill gaps")]
    infill: bool,
    /// Write what stands between the prompt and this text
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "edit",
        help_heading = "Models that fill gaps"
    )]
    suffix: Option<String>,
    /// Write this share of the prompt's tokens anew, above 0 to 1
    #[arg(
        long,
        value_name = "SHARE",
        conflicts_with = "most",
        help_heading = "Models that fill gaps"
    )]
    edit: Option<f64>,
    /// Fill gaps with these characters alone
    #[arg(long, value_name = "CHARACTERS", help_heading = "Models that fill gaps")]
    allow: Option<String>,
    /// Steps in which gaps are filled [default: as many as there are gaps]
    #[arg(long, value_name = "N", help_heading = "Models that fill gaps")]
    steps: Option<usize>,
    /// Fill in each step those of which the model is surest and mask the others again, in the place of chance
    #[arg(long, help_heading = "Models that fill gaps")]
    remask: bool,
    /// Gaps that are filled before those after them are begun [default: all together]
    #[arg(long, value_name = "N", help_heading = "Models that fill gaps")]
    block: Option<usize>,
}

/// What is written, and where in it the gaps were.
struct Task {
    canvas: Canvas,
    /// The places of each gap; of a prompt's answer there is one.
    spans: Vec<Vec<usize>>,
    /// Whether all of it is shown, or what was written alone.
    is_whole: bool,
    /// Whether the model's context leaves less than was asked for.
    is_short: bool,
}

impl Gaps {
    /// The rule that a model which tells next tokens is asked for no gaps, nor one that was trained on what is in the middle.
    pub fn check_none(&self, is_of_middles: bool) -> Result<(), Usage> {
        let asked = [
            ("--infill", self.infill),
            ("--suffix", self.suffix.is_some()),
            ("--edit", self.edit.is_some()),
            ("--allow", self.allow.is_some()),
            ("--steps", self.steps.is_some()),
            ("--remask", self.remask),
            ("--block", self.block.is_some()),
        ];
        match asked.iter().find(|(_, is_asked)| *is_asked) {
            None => Ok(()),
            Some((option @ ("--infill" | "--suffix"), _)) if is_of_middles => Err(Usage(format!(
                "`{option}` asks for gaps to be filled, and `generate` lets a model that was trained to fill in the middle tell what \
                 comes next: leave it out, measure by `triaxis bench infill` how well it fills gaps, or give a model that was \
                 trained with `objective = \"masked-diffusion\"`"
            ))),
            Some((option, _)) => Err(Usage(format!(
                "`{option}` asks for gaps to be filled, and this model tells what comes next: leave it out, or give a model \
                 that was trained with `objective = \"masked-diffusion\"`"
            ))),
        }
    }

    /// The rule that there is something to fill gaps with, in one step and one gap at a time at least.
    fn check(&self) -> Result<(), Usage> {
        let refused = |said: &str| Err(Usage(said.to_owned()));
        if self.allow.as_deref() == Some("") {
            return refused("`--allow \"\"` has no character to fill gaps with: give some, or leave it out");
        }
        if self.steps == Some(0) {
            return refused("`--steps 0`: gaps are filled in one step at least; raise them, or leave it out");
        }
        if self.block == Some(0) {
            return refused("`--block 0`: a block has one gap at least; raise it, or leave it out");
        }
        Ok(())
    }
}

/// Answers the prompt by a model that fills gaps.
pub fn run(
    arguments: &Arguments,
    tokenizer: &Tokenizer,
    prompt: &str,
    prefix: Vec<u32>,
    filler: &mut Filler,
) -> anyhow::Result<()> {
    check(arguments)?;
    let (tokens, rows) = (tokenizer.vocabulary(), filler.vocabulary());
    if tokens > rows {
        return Err(Usage(format!(
            "the tokenizer has {tokens} tokens, and the model fills gaps with {rows}: give the tokenizer that belongs to the \
             model"
        ))
        .into());
    }
    let gaps = &arguments.gaps;
    let task = match (gaps.infill, gaps.edit) {
        (true, _) => infilled(tokenizer, prompt, filler.context())?,
        (false, Some(share)) => edited(&prefix, share, arguments.seed)?,
        (false, None) => between(arguments, tokenizer, &prefix, filler.context())?,
    };
    let canvas = allowed(
        task.canvas.clone(),
        gaps,
        tokenizer,
        task.is_whole || gaps.suffix.is_some(),
    )?;
    let answer = |sample: u64| {
        let filling = Filling {
            steps: gaps.steps.unwrap_or(canvas.gaps().len().max(1)),
            order: if gaps.remask {
                Order::Surest
            } else {
                Order::Ancestral
            },
            block: gaps.block,
            sampling: arguments.sampling(),
            seed: arguments.seed.wrapping_add(sample),
        };
        let filled = fill(filler, &canvas, &filling)?;
        printed(&task, &filled, tokenizer)
    };
    let printed = (0..u64::from(arguments.samples)).map(answer);
    let printed = printed.collect::<anyhow::Result<Vec<_>>>()?;
    match (arguments.format, &printed[..]) {
        (Format::Json, _) => output::print(Format::Json, &"", &printed),
        (Format::Text, [only]) => output::to_stdout(|out| writeln!(out, "{}", output::written(&only.text))),
        (Format::Text, _) => output::to_stdout(|out| writeln!(out, "{}", Answers(&printed))),
    }
}

/// The rule that nothing is asked which needs a next token.
fn check(arguments: &Arguments) -> Result<(), Usage> {
    let asked = [
        ("--draft", arguments.draft.is_some()),
        ("--stop", !arguments.stop.is_empty()),
        ("--log-probabilities", arguments.log_probabilities.is_some()),
        ("--regex, --json-schema or --grammar", arguments.held.is_asked()),
    ];
    match asked.iter().find(|(_, is_asked)| *is_asked) {
        None => arguments.gaps.check(),
        Some((option, _)) => Err(Usage(format!(
            "`{option}` needs an answer that comes token by token, and this model fills all gaps together: leave it out, or \
             give a model that was trained with `objective = \"next-token\"`"
        ))),
    }
}

/// A prompt with its gaps.
fn infilled(tokenizer: &Tokenizer, prompt: &str, context: usize) -> anyhow::Result<Task> {
    let (mut tokens, mut spans) = (Vec::new(), Vec::new());
    for piece in pieces(prompt, context)? {
        match piece {
            Piece::Text(text) if tokens.is_empty() => {
                tokens.extend(text::prompt(tokenizer, text)?.into_iter().map(Some));
            }
            Piece::Text(text) => tokens.extend(tokenizer.encode(text)?.into_iter().map(Some)),
            Piece::Gap(count) => {
                spans.push((tokens.len()..tokens.len() + count).collect());
                tokens.extend(std::iter::repeat_n(None, count));
            }
        }
    }
    if spans.is_empty() {
        let said = "`--infill` fills the gaps of the prompt, and it has none: write `<mask>`, or `<mask:N>` for N tokens, \
                    where something is missing";
        return Err(Usage(said.to_owned()).into());
    }
    let mut canvas = Canvas::open(tokens.len());
    for (place, token) in tokens.into_iter().enumerate() {
        token.map_or(Ok(()), |token| canvas.fix(place, token))?;
    }
    Ok(Task {
        canvas,
        spans,
        is_whole: true,
        is_short: false,
    })
}

/// A text some of which is written anew.
fn edited(tokens: &[u32], share: f64, seed: u64) -> anyhow::Result<Task> {
    let canvas = Canvas::edited(tokens, share, seed)?;
    Ok(Task {
        spans: canvas.gaps().into_iter().map(|place| vec![place]).collect(),
        canvas,
        is_whole: true,
        is_short: false,
    })
}

/// What stands behind the prompt, and before a suffix if there is one.
fn between(
    arguments: &Arguments,
    tokenizer: &Tokenizer,
    prefix: &[u32],
    context: usize,
) -> anyhow::Result<Task> {
    let suffix = match &arguments.gaps.suffix {
        Some(text) => tokenizer.encode(text)?,
        None => Vec::new(),
    };
    let fixed = prefix.len() + suffix.len();
    let Some(left) = context.checked_sub(fixed).filter(|left| *left > 0) else {
        return Err(Usage(format!(
            "a prompt of {} tokens and a suffix of {}: they must leave room for an answer in the model's context of \
             {context}; shorten them",
            prefix.len(),
            suffix.len()
        ))
        .into());
    };
    let gaps = arguments.most.min(left);
    let mut canvas = Canvas::open(fixed + gaps);
    canvas.require_prefix(prefix)?;
    canvas.require_suffix(&suffix)?;
    Ok(Task {
        canvas,
        spans: vec![(prefix.len()..prefix.len() + gaps).collect()],
        is_whole: false,
        is_short: gaps < arguments.most,
    })
}

/// The canvas where only tokens of the tokenizer may come into gaps, no end of the text into its middle, and, if characters
/// are given, none with others.
fn allowed(
    mut canvas: Canvas,
    gaps: &Gaps,
    tokenizer: &Tokenizer,
    is_within: bool,
) -> anyhow::Result<Canvas> {
    let is_of = |token: u32| {
        gaps.allow.as_ref().is_none_or(|characters| {
            let written = std::str::from_utf8(tokenizer.bytes_of(token));
            let written = written.ok().filter(|written| !written.is_empty());
            written.is_some_and(|written| written.chars().all(|one| characters.contains(one)))
        })
    };
    let is_text = |token: u32| !tokenizer.is_special(token) && !tokenizer.ends().contains(&token);
    let needs_text = is_within || gaps.allow.is_some();
    let set = TokenSet::new(tokenizer.vocabulary(), |token| {
        (!needs_text || is_text(token)) && is_of(token)
    });
    let set = Arc::new(set);
    for place in canvas.gaps() {
        canvas.allow(place, &set)?;
    }
    Ok(canvas)
}

fn printed(task: &Task, filled: &Filled, tokenizer: &Tokenizer) -> anyhow::Result<Printed> {
    let written = |tokens: &[u32]| -> anyhow::Result<String> {
        let mut written = Written::new(tokenizer, &[])?;
        tokens.iter().for_each(|&token| drop(written.push(token)));
        written.finish();
        Ok(written.text().to_owned())
    };
    let of = |places: &Vec<usize>| -> Vec<u32> { places.iter().map(|&place| filled.tokens[place]).collect() };
    let gaps: usize = task.spans.iter().map(Vec::len).sum();
    let mut answer = Printed {
        text: String::new(),
        finish: "filled",
        fault: None,
        tokens: gaps,
        drafted: 0,
        log_probabilities: Vec::new(),
        spans: Vec::new(),
        passes: Some(filled.passes),
    };
    if task.is_whole {
        answer.text = written(&filled.tokens)?;
        let spans = task.spans.iter().map(|places| written(&of(places)));
        answer.spans = spans.collect::<anyhow::Result<_>>()?;
        return Ok(answer);
    }
    let tokens: Vec<u32> = task.spans.iter().flat_map(of).collect();
    let end = tokens.iter().position(|token| tokenizer.ends().contains(token));
    answer.finish = match (end, task.is_short) {
        (Some(_), _) => "end",
        (None, true) => "context",
        (None, false) => "length",
    };
    answer.tokens = end.unwrap_or(tokens.len());
    answer.text = written(&tokens[..answer.tokens])?;
    Ok(answer)
}
