//! Answers to the prompts of a file, in JSON lines.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use triaxis_host::machine;
use triaxis_infer::text::Written;
use triaxis_infer::{Batch, Draft, Engine, Grammar, InferError, PrefixCache, Request};
use triaxis_tokens::Tokenizer;
use triaxis_units::Bytes;

use super::{Arguments, LONGEST, Printed, held};
use crate::engine::{Opened, fits};
use crate::failure::Usage;
use crate::progress::Advance;
use crate::{input, output};

/// Answers that go on at once, if there is room for them: more make none of them faster.
const AT_ONCE: usize = 64;

/// What sequences and shared beginnings may take where the system does not tell what there is.
const USUAL: Bytes = Bytes(1 << 30);

/// A prompt of the file.
struct Prompt {
    line: usize,
    text: String,
    request: Request,
}

/// A prompt and its answers, as they are printed.
#[derive(Serialize)]
struct Line {
    prompt: String,
    answers: Vec<Printed>,
}

/// Answers the prompts of a file, and prints them in its order, each as soon as those before it are answered.
pub fn run(arguments: &Arguments, path: &Path) -> anyhow::Result<()> {
    if arguments.memory == Some(Bytes(0)) {
        return Err(
            Usage("`--memory 0` has room for no sequence: give more, or leave it out".to_owned()).into(),
        );
    }
    let tokenizer = arguments.opening.tokenizer()?;
    let grammar = arguments.held.grammar(&tokenizer)?;
    let mut prompts = Vec::new();
    let lines = read(path)?;
    let template = arguments.template(&tokenizer)?;
    for (line, text) in lines {
        // Draws of one prompt are not those of another.
        let seed = arguments.seed.wrapping_add(prompts.len() as u64);
        let tokens = arguments.tokens(&tokenizer, template.as_ref(), &text)?;
        let request = Request {
            seed,
            ..arguments.request(tokens, &tokenizer)
        };
        prompts.push(Prompt { line, text, request });
    }
    let opened = arguments.opening.opened()?;
    if matches!(opened, Opened::Fills(_)) {
        let said = "`--prompts` are answered token by token, and this model fills all gaps together: give it one prompt at a time, \
                    or give a model that was trained with `objective = \"next-token\"`";
        return Err(Usage(said.to_owned()).into());
    }
    arguments.gaps.check_none(matches!(opened, Opened::Middles(_)))?;
    let mut engine = opened.engine()?;
    fits(&tokenizer, &engine)?;
    check(path, &engine, &prompts)?;
    let available = machine::available_memory().map_or(USUAL, |all| Bytes(all.0 / 2));
    let memory = arguments.memory.unwrap_or(available);
    let sampling = prompts.first().map(|prompt| prompt.request.sampling.clone());
    let lines: Vec<usize> = prompts.iter().map(|prompt| prompt.line).collect();
    let faults = arguments.drafting(&tokenizer, sampling.unwrap_or_default(), |draft| {
        let sides = (draft, grammar.as_ref());
        answer(arguments, &tokenizer, &mut engine, sides, prompts, memory)
    })?;
    match faults.first() {
        None => Ok(()),
        Some((prompt, fault)) => Err(Usage(format!(
            "{} line {}: {fault}; {} of {} answers ended so",
            input::name(path),
            lines[*prompt],
            faults.len(),
            lines.len() * usize::from(arguments.samples)
        ))
        .into()),
    }
}

/// The prompts of a file with the numbers of their lines: each a text, or an object that has one under `prompt`.
fn read(path: &Path) -> anyhow::Result<Vec<(usize, String)>> {
    let text = input::text(path, LONGEST)?;
    let name = input::name(path);
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let prompts = lines.map(|(index, line)| {
        let refused = |said: &str| {
            let line = index + 1;
            Usage(format!(
                "{name} line {line}: {said}; write a prompt a line, as \"text\" or {{\"prompt\": \"text\"}}"
            ))
        };
        match serde_json::from_str(line) {
            Ok(Value::String(prompt)) => Ok((index + 1, prompt)),
            Ok(Value::Object(mut object)) => match (object.remove("prompt"), object.keys().next()) {
                (Some(Value::String(prompt)), None) => Ok((index + 1, prompt)),
                (Some(Value::String(_)), Some(other)) => {
                    Err(refused(&format!("`{other}` beside its `prompt` is not known")))
                }
                (Some(_), _) => Err(refused("its `prompt` is no text")),
                (None, _) => Err(refused("it has no `prompt`")),
            },
            Ok(_) => Err(refused("it is neither a text nor an object")),
            Err(error) => Err(refused(&format!("it is no JSON ({error})"))),
        }
    });
    let prompts = prompts.collect::<Result<Vec<_>, _>>()?;
    match prompts.is_empty() {
        true => Err(Usage(format!("{name} has no prompts: write one a line")).into()),
        false => Ok(prompts),
    }
}

/// The rule that every prompt can be read, so that none is found out after hours.
fn check(path: &Path, engine: &Engine, prompts: &[Prompt]) -> anyhow::Result<()> {
    let context = engine.stack().context;
    for Prompt { line, request, .. } in prompts {
        let length = request.prompt.len();
        if length == 0 || length > context {
            let name = input::name(path);
            return Err(Usage(format!(
                "{name} line {line}: a prompt of {length} tokens: it must have from 1 to {context}, as many as the model's \
                 context; write another, or leave the line out"
            ))
            .into());
        }
    }
    Ok(())
}

/// Answers prompts side by side, as many as there is room for: half of it for sequences, half for beginnings that they share.
/// Tells which prompts' answers a fault of their constraint ended, by their places, and which.
fn answer(
    arguments: &Arguments,
    tokenizer: &Tokenizer,
    engine: &mut Engine,
    (draft, grammar): (Option<&mut dyn Draft>, Option<&Grammar>),
    prompts: Vec<Prompt>,
    memory: Bytes,
) -> anyhow::Result<Vec<(usize, InferError)>> {
    let room = Bytes(memory.0 / 2);
    let mut prefixes = PrefixCache::new(engine, room);
    let draft = draft.map(|draft| draft as &mut dyn Draft);
    let mut batch = Batch::new(engine, Some(&mut prefixes), draft);
    let (samples, count) = (usize::from(arguments.samples), prompts.len());
    let written = (0..count * samples).map(|_| Written::new(tokenizer, &arguments.stop));
    let mut written = written.collect::<Result<Vec<_>, InferError>>()?;
    let mut lines = Lines::new(&prompts, samples);
    let requests = prompts.into_iter().map(|prompt| prompt.request);
    let (mut waiting, mut over) = (requests.peekable(), 0);
    let (mut advance, mut faults) = (Advance::new("answering"), Vec::new());
    loop {
        while let Some(request) = waiting.next_if(|request| {
            let fits = batch.bytes().0.saturating_add(batch.bytes_of(request).0) <= room.0;
            !batch.goes_on() || fits && batch.going() < AT_ONCE
        }) {
            batch.begin(request, held::answers(grammar, samples))?;
        }
        if !batch.goes_on() {
            return Ok(faults);
        }
        for (number, answer) in batch.step(&mut |number, token| written[number].push(token.token).1)? {
            written[number].finish();
            lines.add(number, arguments.printed(&answer, &written[number], tokenizer));
            faults.extend(answer.fault.map(|fault| (number / samples, fault)));
            over += 1;
        }
        while let Some(line) = lines.ready() {
            let line = serde_json::to_string(&line)?;
            advance.aside(|| output::to_stdout(|out| writeln!(out, "{line}")))?;
        }
        let said = format!("{} of {count} prompts, ", lines.printed);
        advance.show(over as f64 / written.len() as f64, &said);
    }
}

/// Answers as they come, and lines of them in the order of the prompts.
struct Lines {
    texts: Vec<String>,
    answers: Vec<Vec<Option<Printed>>>,
    printed: usize,
}

impl Lines {
    fn new(prompts: &[Prompt], samples: usize) -> Self {
        let none = || (0..samples).map(|_| None).collect();
        Self {
            texts: prompts.iter().map(|prompt| prompt.text.clone()).collect(),
            answers: prompts.iter().map(|_| none()).collect(),
            printed: 0,
        }
    }

    fn add(&mut self, number: usize, answer: Printed) {
        let samples = self.answers[0].len();
        self.answers[number / samples][number % samples] = Some(answer);
    }

    /// The next line, if all of its answers are there.
    fn ready(&mut self) -> Option<Line> {
        let answers = self.answers.get_mut(self.printed)?;
        if !answers.iter().all(Option::is_some) {
            return None;
        }
        let line = Line {
            prompt: std::mem::take(&mut self.texts[self.printed]),
            answers: answers.iter_mut().filter_map(Option::take).collect(),
        };
        self.printed += 1;
        Some(line)
    }
}
