//! `triaxis generate`.

mod gaps;
mod held;
mod prompts;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use triaxis_infer::text::{self, Written};
use triaxis_infer::{Answer, Draft, Ended, Helpers, LookUp, Request, Sampling, SmallModel, Token, generate};
use triaxis_tokens::{ChatTemplate, Message, Tokenizer};
use triaxis_units::Bytes;

use self::gaps::Gaps;
use self::held::Held;
use crate::engine::{Opened, Opening, fits};
use crate::failure::Usage;
use crate::{Format, input, output};

/// The longest prompt, or file of prompts, that is read.
const LONGEST: Bytes = Bytes(1 << 26);

/// Arguments of `generate`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    opening: Opening,
    /// The prompt; `-` reads it from standard input
    #[arg(required_unless_present = "prompts")]
    prompt: Option<String>,
    /// Answer all prompts of a file, of which each line is one, as JSON: a text, or an object with a text under `prompt`. They
    /// share what is read of equal beginnings. Prints a line of JSON for each, in order; of the second prompt draws are those
    /// of the next `--seed`, and so on
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    prompts: Option<PathBuf>,
    /// What sequences and shared beginnings may take, with `--prompts` [default: half of what is available]
    #[arg(long, value_name = "SIZE", requires = "prompts")]
    memory: Option<Bytes>,
    /// Write the prompt as a message by the model's chat template, and let the assistant answer
    #[arg(long)]
    chat: bool,
    /// What the system says first, with `--chat`
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,
    /// The most tokens of an answer
    #[arg(long, value_name = "N", default_value_t = 128, allow_negative_numbers = true)]
    most: usize,
    /// Answers, which share the reading of the prompt
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    samples: u16,
    /// What draws depend on, with the number of the answer
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// What scores are divided by; 0 takes the likeliest token
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true)]
    temperature: f64,
    /// Keep so many of the likeliest tokens
    #[arg(long, value_name = "K")]
    top_k: Option<usize>,
    /// Keep the likeliest tokens that take this share together
    #[arg(long, value_name = "P", default_value_t = 1.0, allow_negative_numbers = true)]
    top_p: f64,
    /// Keep tokens of at least this share of the likeliest one's probability
    #[arg(long, value_name = "P", default_value_t = 0.0, allow_negative_numbers = true)]
    min_p: f64,
    /// Divide scores above 0 of tokens that came before, and multiply those below
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true)]
    repetition_penalty: f64,
    /// Take this from the score of every token of the answer
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    presence_penalty: f64,
    /// Take this from it for each time that it came
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    frequency_penalty: f64,
    /// End an answer before this text; can be given several times
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    #[command(flatten)]
    held: Held,
    #[command(flatten)]
    gaps: Gaps,
    /// Tell the logarithm of each token's probability, and so many of the likeliest, with `--format json`
    #[arg(long, value_name = "N")]
    log_probabilities: Option<u8>,
    /// Draft tokens: `look-up` takes what followed the last ones before, a model's path lets that model draft
    #[arg(long, value_name = "look-up|MODEL")]
    draft: Option<String>,
    /// The most tokens that are drafted at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    drafted: u8,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// An answer, as it is printed.
#[derive(Serialize)]
struct Printed {
    text: String,
    /// `end`, `stop`, `length`, `context`, `constraint`, or `fault` of a constraint.
    finish: &'static str,
    /// The fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    tokens: usize,
    #[serde(skip_serializing_if = "is_zero")]
    drafted: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log_probabilities: Vec<PrintedToken>,
    /// What came into each gap.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<String>,
    /// How often a model that fills gaps was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    passes: Option<usize>,
}

#[derive(Serialize)]
struct PrintedToken {
    token: u32,
    text: String,
    log_probability: Option<f64>,
    likeliest: Vec<(u32, f64)>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Answers a prompt.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(prompts) = &arguments.prompts {
        return prompts::run(arguments, prompts);
    }
    if arguments.log_probabilities.is_some() && matches!(arguments.format, Format::Text) {
        let said = "`--log-probabilities` are told as JSON: add `--format json`, or leave them out";
        return Err(Usage(said.to_owned()).into());
    }
    let tokenizer = arguments.opening.tokenizer()?;
    let grammar = arguments.held.grammar(&tokenizer)?;
    let prompt = match arguments.prompt.as_deref() {
        Some("-") => input::text(Path::new("-"), LONGEST)?,
        given => given.unwrap_or_default().to_owned(),
    };
    let template = arguments.template(&tokenizer)?;
    let tokens = arguments.tokens(&tokenizer, template.as_ref(), &prompt)?;
    let mut engine = match arguments.opening.opened()? {
        Opened::Fills(mut filler) => return gaps::run(arguments, &tokenizer, &prompt, tokens, &mut filler),
        other => {
            let is_of_middles = matches!(other, Opened::Middles(_));
            arguments.gaps.check_none(is_of_middles)?;
            other.engine()?
        }
    };
    fits(&tokenizer, &engine)?;
    let request = arguments.request(tokens, &tokenizer);
    let samples = request.samples;
    let written = (0..samples).map(|_| Written::new(&tokenizer, &arguments.stop));
    let mut written = written.collect::<Result<Vec<_>, _>>()?;
    // One answer is printed as it comes.
    let streams = samples == 1 && matches!(arguments.format, Format::Text);
    let mut failed = None;
    let mut hear = |sample: usize, token: &Token| {
        let (new, goes_on) = written[sample].push(token.token);
        if streams && !new.is_empty() && failed.is_none() {
            failed = output::to_stdout(|out| out.write_all(output::written(&new).as_bytes())).err();
        }
        goes_on && failed.is_none()
    };
    let answers = arguments.drafting(&tokenizer, request.sampling.clone(), |draft| {
        let helpers = Helpers {
            draft,
            constraints: held::answers(grammar.as_ref(), samples),
        };
        Ok(generate(&mut engine, &request, helpers, &mut hear)?)
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let rests: Vec<String> = written.iter_mut().map(Written::finish).collect();
    if streams {
        output::to_stdout(|out| writeln!(out, "{}", output::written(&rests.concat())))?;
        arguments.held.say_unfinished(&answers);
        return Ok(());
    }
    let printed: Vec<Printed> = answers
        .iter()
        .zip(&written)
        .map(|(answer, written)| arguments.printed(answer, written, &tokenizer))
        .collect();
    match arguments.format {
        Format::Text => output::to_stdout(|out| writeln!(out, "{}", Answers(&printed)))?,
        Format::Json => output::print(Format::Json, &"", &printed)?,
    }
    arguments.held.say_unfinished(&answers);
    Ok(())
}

/// Answers, one below the other.
struct Answers<'a>(&'a [Printed]);

impl fmt::Display for Answers<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, answer) in self.0.iter().enumerate() {
            let space = if index > 0 { "\n" } else { "" };
            writeln!(
                formatter,
                "{space}── {} ({}, {} tokens)",
                index + 1,
                answer.finish,
                answer.tokens
            )?;
            write!(formatter, "{}", output::written(&answer.text))?;
        }
        Ok(())
    }
}

impl Arguments {
    /// What messages are written by, if prompts are.
    fn template(&self, tokenizer: &Tokenizer) -> anyhow::Result<Option<ChatTemplate>> {
        if !self.chat {
            return Ok(None);
        }
        let template = self.opening.chat_template(tokenizer)?.ok_or_else(|| {
            Usage("the model has no chat template: leave `--chat` out, or give a model that was trained on conversations".to_owned())
        })?;
        Ok(Some(ChatTemplate::new(&template)?))
    }

    /// The tokens of a prompt, as the model is to read them: by the template, if there is one.
    fn tokens(
        &self,
        tokenizer: &Tokenizer,
        template: Option<&ChatTemplate>,
        asked: &str,
    ) -> anyhow::Result<Vec<u32>> {
        let Some(template) = template else {
            return Ok(text::prompt(tokenizer, asked)?);
        };
        let message = |role: &str, content: &str| Message {
            role: role.to_owned(),
            content: content.to_owned(),
        };
        let system = self.system.iter().map(|text| message("system", text));
        let messages: Vec<Message> = system.chain([message("user", asked)]).collect();
        Ok(text::conversation(tokenizer, template, &messages)?)
    }

    fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            repetition_penalty: self.repetition_penalty,
            presence_penalty: self.presence_penalty,
            frequency_penalty: self.frequency_penalty,
            ..Sampling::default()
        }
    }

    fn request(&self, prompt: Vec<u32>, tokenizer: &Tokenizer) -> Request {
        Request {
            prompt,
            samples: self.samples.into(),
            most: self.most,
            sampling: self.sampling(),
            seed: self.seed,
            ends: tokenizer.ends().clone(),
            likeliest: self.log_probabilities.map(usize::from),
            known: tokenizer.vocabulary(),
            drafted: self.drafted.into(),
            ..Request::default()
        }
    }

    /// Runs with what drafts, if anything does.
    fn drafting<T>(
        &self,
        tokenizer: &Tokenizer,
        sampling: Sampling,
        run: impl FnOnce(Option<&mut dyn Draft>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        match self.draft.as_deref() {
            None => run(None),
            Some("look-up") => run(Some(&mut LookUp::default())),
            Some(path) => {
                let mut small = self.opening.open_draft(path.as_ref(), tokenizer)?;
                run(Some(&mut SmallModel::new(
                    &mut small,
                    tokenizer.vocabulary(),
                    sampling,
                )?))
            }
        }
    }

    fn printed(&self, answer: &Answer, written: &Written<'_>, tokenizer: &Tokenizer) -> Printed {
        let token = |token: &Token| PrintedToken {
            token: token.token,
            text: String::from_utf8_lossy(tokenizer.bytes_of(token.token)).into_owned(),
            // JSON has no minus infinity.
            log_probability: token.log_probability.map(|log| log.max(-9999.0)),
            likeliest: token.likeliest.clone(),
        };
        let told = self.log_probabilities.is_some();
        Printed {
            text: written.text().to_owned(),
            finish: match answer.ended {
                Ended::End => "end",
                Ended::Stopped => "stop",
                Ended::Most => "length",
                Ended::Context => "context",
                Ended::Nothing => "constraint",
                Ended::Fault => "fault",
            },
            fault: answer.fault.as_ref().map(ToString::to_string),
            tokens: answer.tokens.len(),
            drafted: answer.drafted,
            log_probabilities: answer.tokens.iter().filter(|_| told).map(token).collect(),
            spans: Vec::new(),
            passes: None,
        }
    }
}
