use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::{Computed, STEP, ended};
use crate::generator::Generator;
use crate::interpreter::{FUEL, Program, Value, WORDS};
use crate::problem::Question;
use crate::verdict::Verdict;

/// What parts the words of a program, and ends a step of one.
const SPACE: &str = " ";
/// Examples that a program is written for.
const EXAMPLES: usize = 3;
/// Items of values that are shown at most.
const ITEMS: usize = 16;

/// Programs over texts and lists, to be run or to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Programs {
    /// What is asked for.
    pub ask: Ask,
    /// Whether what is run is written after each word.
    pub scratchpad: bool,
}

/// What is asked of a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// What it makes of a value.
    #[default]
    Run,
    /// A program that does what examples show; each that does is right.
    Write,
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            ask: Ask::Run,
            scratchpad: true,
        }
    }
}

impl Programs {
    pub(super) const ABOUT: &str = "programs over texts and lists: what one makes of a value, word by word, or one that does \
        what examples show, run by an interpreter that reaches nothing and always ends";
}

impl Generator for Programs {
    fn dial(&self) -> &'static str {
        "words of the program"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        1..=6
    }

    fn instructions(&self) -> String {
        let rules = "A program is words, done one after the other; `2(...)` does the words in it twice. reverse: the last \
            item first. sort: the smallest first. unique: without items that were there before. rotate: the first item \
            last. tail: without the first. chop: without the last. double: twice in a row. mirror: the reverse appended. \
            alternate: every other item, from the first on. next: the next letter (a after z), or one more. running: sums \
            of the items up to each (a is 0 and z is 25, modulo 26). ";
        let asked = match (self.ask, self.scratchpad) {
            (Ask::Write, _) => {
                "Write a program that makes the value after `>` of the one before it in every example,"
            }
            (Ask::Run, true) => "Write the value after each word that is done, with `;` between them,",
            (Ask::Run, false) => "Write what the program makes of the value,",
        };
        format!("{rules}{asked} and end the line.")
    }

    fn step(&self) -> Option<&'static str> {
        match self.ask {
            Ask::Run => self.scratchpad.then_some(STEP),
            Ask::Write => Some(SPACE),
        }
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        loop {
            let text = program(level as usize, stream);
            let Ok(program) = Program::read(&text) else {
                continue;
            };
            let is_text = stream.below(2) == 0;
            match self.ask {
                Ask::Run => {
                    let value = drawn(is_text, stream);
                    if let Some(question) = self.run(&text, &program, value) {
                        return Arc::new(question);
                    }
                }
                Ask::Write => {
                    let values: Vec<Value> = (0..EXAMPLES).map(|_| drawn(is_text, stream)).collect();
                    let example = |value: Value| Some((value.clone(), made(&program, value, |_| {})?));
                    if let Some(examples) = values.into_iter().map(example).collect() {
                        return Arc::new(Examples { examples, text });
                    }
                }
            }
        }
    }
}

impl Programs {
    /// The question what a program makes of a value, unless that is too long.
    fn run(&self, text: &str, program: &Program, value: Value) -> Option<Computed> {
        let prompt = format!("{text} {value}:");
        let mut steps = Vec::new();
        let answer = made(program, value, |value| steps.push(value.to_string()))?.to_string();
        // The last step is the answer.
        steps.pop();
        Some(Computed {
            identity: prompt.clone(),
            prompt,
            steps: self.scratchpad.then(|| ended(steps)),
            answer,
            compare: |given, right| match Value::read(given) {
                None => Verdict::unparsable("the answer is no text and no list"),
                given => Verdict::of(given == Value::read(right)),
            },
            plain: |given, _| Value::read(given).map(|value| value.to_string()),
        })
    }
}

/// A program of so many words, some of which may be repeated.
fn program(words: usize, stream: &mut Stream) -> String {
    let mut parts: Vec<String> = (0..words)
        .map(|_| WORDS[stream.below(WORDS.len())].0.to_owned())
        .collect();
    if words > 1 && stream.below(2) == 0 {
        let begin = stream.below(words);
        let end = (begin + stream.below(2)).min(words - 1);
        parts[begin].insert_str(0, &format!("{}(", 2 + stream.below(2)));
        parts[end].push(')');
    }
    parts.join(SPACE)
}

/// A value of few items.
fn drawn(is_text: bool, stream: &mut Stream) -> Value {
    let bound = if is_text { 26 } else { 10 };
    let items = (0..3 + stream.below(4)).map(|_| stream.below(bound) as i64);
    Value {
        is_text,
        items: items.collect(),
    }
}

/// What a program makes of a value, unless that or a value between is too long or there is nothing left.
fn made(program: &Program, value: Value, mut seen: impl FnMut(&Value)) -> Option<Value> {
    let mut longest = 0;
    let made = program.run(value, FUEL, |value| {
        longest = longest.max(value.items.len());
        seen(value);
    })?;
    (longest <= ITEMS && !made.items.is_empty()).then_some(made)
}

/// Values, and what a program makes of each.
#[derive(Debug)]
struct Examples {
    examples: Vec<(Value, Value)>,
    /// One that does.
    text: String,
}

impl Question for Examples {
    fn prompt(&self) -> String {
        let examples: Vec<String> = self
            .examples
            .iter()
            .map(|(value, made)| format!("{value}>{made}"))
            .collect();
        format!("{}:", examples.join(SPACE))
    }

    fn worked(&self) -> Option<String> {
        Some(self.text.clone())
    }

    fn check(&self, answer: &str) -> Verdict {
        match Program::read(answer) {
            Err(reason) => Verdict::unparsable(reason),
            Ok(program) => {
                let does = |(value, made): &(Value, Value)| {
                    program.run(value.clone(), FUEL, |_| {}).as_ref() == Some(made)
                };
                Verdict::of(self.examples.iter().all(does))
            }
        }
    }
}
