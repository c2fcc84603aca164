//! `triaxis bench test-time`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use triaxis_host::machine;
use triaxis_infer::PrefixCache;
use triaxis_names::Entry;
use triaxis_search::estimators::Verdict;
use triaxis_search::strategies::Majority;
use triaxis_search::{
    Checked, Driver, EngineSampler, Evaluated, Evaluation, Frame, Log, Sampling, SearchError, StrategySpec,
    Tally, Task,
};
use triaxis_tasks::{Options, Problem, Problems, Purpose, Task as Asked};
use triaxis_units::{Bytes, Finding, Seconds};

use super::percent;
use crate::engine::{Opening, fits};
use crate::failure::Usage;
use crate::table::Table;
use crate::{Format, output};

/// The most samples of a problem.
const MOST_SAMPLES: u64 = 4096;
/// What shared beginnings may take where the system does not tell what is available.
const USUAL: Bytes = Bytes(1 << 28);
/// Lines of a file that are told as left out, each by itself.
const TOLD: usize = 3;

/// Arguments of `bench test-time`.
#[derive(Args)]
#[command(after_help = named())]
pub struct TestTime {
    #[command(flatten)]
    opening: Opening,
    /// What is asked: tasks by name, and files of problems, a line of JSON each, with `prompt`, `answer` and a `checker`
    #[arg(long, value_name = "NAME|FILE.jsonl", required = true, num_args = 1..)]
    tasks: Vec<String>,
    /// Strategies, by name or with settings, as `best-of-n:samples=8,by=self-certainty`; each is compared with the first
    /// [default: greedy, sample, and majority and best-of-n of all samples]
    #[arg(long, value_name = "SPEC", num_args = 1..)]
    strategies: Vec<String>,
    /// Problems of each task or file
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    problems: u32,
    /// How hard the problems are [default: a task's easiest; of a file all lines]
    #[arg(long, value_name = "L")]
    level: Option<u32>,
    /// Independent samples of each problem, to tell what fewer of them give: pass@k and majority@k at powers of two
    #[arg(long, value_name = "1..N", default_value = "1..16")]
    samples: Samples,
    /// The numbers of samples that are told, in place of powers of two
    #[arg(long, value_name = "K", num_args = 1.., value_delimiter = ',')]
    k: Vec<u64>,
    /// What problems and draws depend on
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// What scores are divided by
    #[arg(long, value_name = "T", default_value_t = 0.8, allow_negative_numbers = true)]
    temperature: f64,
    /// The most tokens of an answer
    #[arg(long, value_name = "N", default_value_t = 256)]
    most: u64,
    /// The most tokens that are sampled for a problem, so that strategies are compared at equal ones
    #[arg(long, value_name = "N")]
    budget: Option<u64>,
    /// Answers that go on side by side
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    places: u16,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How many samples are drawn and which numbers of them are told, as it is written: `1..N`, or `N`.
#[derive(Debug, Clone)]
struct Samples(RangeInclusive<u64>);

impl FromStr for Samples {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (least, most) = text.split_once("..").unwrap_or(("1", text));
        let read = |number: &str| number.trim().parse::<u64>().ok();
        match (read(least), read(most.trim_start_matches('='))) {
            (Some(least), Some(most)) if 1 <= least && least <= most && most <= MOST_SAMPLES => {
                Ok(Self(least..=most))
            }
            _ => Err(format!(
                "must be a number of samples, or two as in 1..64, from 1 to {MOST_SAMPLES} and the smaller one first"
            )),
        }
    }
}

impl Samples {
    /// The powers of two among them, and the ends.
    fn powers(&self) -> Vec<u64> {
        let (least, most) = (*self.0.start(), *self.0.end());
        let powers = (0..u64::BITS).map(|power| 1 << power);
        let mut powers: Vec<u64> = powers.filter(|power| self.0.contains(power)).collect();
        powers.extend([least, most]);
        powers.sort_unstable();
        powers.dedup();
        powers
    }
}

/// What can be named, told at the end of the help.
fn named() -> String {
    let list = |entries: &[Entry]| {
        entries.iter().fold(String::new(), |mut list, entry| {
            let _ = write!(list, "\n  {:<20}  {}", entry.name, entry.about);
            list
        })
    };
    format!(
        "Tasks:{}\n\nStrategies:{}",
        list(Asked::REGISTRY),
        list(StrategySpec::REGISTRY)
    )
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Measured {
    model: String,
    tasks: Vec<String>,
    level: Option<u32>,
    seed: u64,
    temperature: f64,
    most: u64,
    samples: u64,
    /// Lines of files that hold no problem, and why.
    left_out: Vec<String>,
    #[serde(flatten)]
    evaluation: Evaluation,
}

fn usage(error: SearchError) -> anyhow::Error {
    Usage(error.to_string()).into()
}

fn refused(error: impl fmt::Display) -> Usage {
    Usage(error.to_string())
}

/// Measures what strategies make of the problems.
pub fn run(arguments: &TestTime) -> anyhow::Result<()> {
    let samples = *arguments.samples.0.end();
    let counts = arguments.counts()?;
    let strategies = arguments.strategies().map_err(usage)?;
    let frame = Frame {
        seed: arguments.seed,
        sampling: Sampling {
            temperature: arguments.temperature,
            ..Sampling::default()
        },
        answer: arguments.most,
        budget: arguments.budget,
        ..Frame::default()
    };
    frame.check().map_err(usage)?;
    let mut left_out = Vec::new();
    let checked = Checked::new(arguments.asked(&mut left_out)?).map_err(usage)?;
    let tokenizer = arguments.opening.tokenizer()?;
    let mut engine = arguments.opening.open()?;
    fits(&tokenizer, &engine)?;
    let pool = StrategySpec::Majority(Majority { samples });
    let unlimited = Frame {
        budget: None,
        ..frame.clone()
    };
    let tasks = |strategy: &StrategySpec, frame: &Frame| {
        let task = |(problem, frame)| Task {
            problem,
            strategy: strategy.clone(),
            frame: Arc::new(frame),
        };
        Vec::from_iter(checked.problems(frame).map(task))
    };
    let mut all: Vec<Task> = strategies
        .iter()
        .flat_map(|strategy| tasks(strategy, &frame))
        .collect();
    all.extend(tasks(&pool, &unlimited));
    let available = machine::available_memory().map_or(USUAL, |all| Bytes(all.0 / 4));
    let mut prefixes = PrefixCache::new(&engine, available);
    let ran = Driver {
        sampler: &mut EngineSampler::new(&mut engine, &mut prefixes, &tokenizer),
        verifier: &mut checked.clone(),
        reader: &checked,
        log: &mut Log::in_memory(),
        salt: "",
        places: arguments.places.into(),
    }
    .run(&all)
    .map_err(usage)?;
    let problems = all.len() / (strategies.len() + 1);
    let (searched, pool) = ran.outcomes.split_at(strategies.len() * problems);
    let names = strategies.iter().map(ToString::to_string);
    let searched: Vec<_> = names.zip(searched.chunks_exact(problems)).collect();
    if let Some(fault) = nothing_sampled(pool) {
        return Err(Usage(format!("the model answered nothing: {fault}")).into());
    }
    let evaluation = Evaluation::of(&checked, &searched, pool, &counts, arguments.seed).map_err(usage)?;
    let measured = Measured {
        model: arguments.opening.model.display().to_string(),
        tasks: arguments.tasks.clone(),
        level: arguments.level,
        seed: arguments.seed,
        temperature: arguments.temperature,
        most: arguments.most,
        samples,
        left_out,
        evaluation,
    };
    output::print(arguments.format, &measured, &measured)
}

/// Why no problem has any sample, where that is so: a run that measured nothing.
fn nothing_sampled(pool: &[triaxis_search::Outcome]) -> Option<&str> {
    let is_silent = pool.iter().all(|outcome| outcome.candidates.is_empty());
    let fault = || pool.iter().flat_map(|outcome| &outcome.faults).next();
    is_silent.then(|| fault().map_or("no text came", String::as_str))
}

impl TestTime {
    /// The numbers of samples that are told.
    fn counts(&self) -> Result<Vec<u64>, Usage> {
        let most = *self.samples.0.end();
        if let Some(count) = self.k.iter().find(|count| !(1..=most).contains(*count)) {
            return Err(Usage(format!(
                "`--k {count}`: must be from 1 to {most}, the samples that are drawn; ask for fewer, or draw more by \
                 `--samples 1..{}`",
                (*count).max(1)
            )));
        }
        match self.k.is_empty() {
            true => Ok(self.samples.powers()),
            false => Ok(self.k.clone()),
        }
    }

    /// The strategies that are compared.
    fn strategies(&self) -> Result<Vec<StrategySpec>, SearchError> {
        let samples = self.samples.0.end();
        let usual = || {
            let all = ["majority", "best-of-n"].map(|name| format!("{name}:samples={samples}"));
            Vec::from_iter(["greedy", "sample"].map(str::to_owned).into_iter().chain(all))
        };
        let named = match self.strategies.is_empty() {
            true => usual(),
            false => self.strategies.clone(),
        };
        named.iter().map(|name| StrategySpec::read(name)).collect()
    }

    /// The problems of all tasks and files; lines of files that hold none are added to those that are left out.
    fn asked(&self, left_out: &mut Vec<String>) -> anyhow::Result<Vec<Problem>> {
        let mut all = Vec::new();
        for name in &self.tasks {
            let is_file = name.ends_with(".jsonl") || Path::new(name).is_file();
            let problems = match is_file {
                true => self.of_file(name, left_out),
                false => self.of_task(name),
            };
            all.extend(problems?);
        }
        Ok(all)
    }

    fn of_task(&self, name: &str) -> Result<Vec<Problem>, Usage> {
        let task = Asked::named(name).map_err(refused)?;
        let level = self.level.unwrap_or(*task.levels().start());
        let problems = task.distinct(level, self.seed, Purpose::Test, self.problems as usize);
        let problems = problems.map_err(refused)?;
        if problems.len() < self.problems as usize {
            eprintln!(
                "level {level} of the task `{name}` has {} different problems for tests, not {}: all are asked",
                problems.len(),
                self.problems
            );
        }
        Ok(problems)
    }

    fn of_file(&self, name: &str, left_out: &mut Vec<String>) -> Result<Vec<Problem>, Usage> {
        let (mut problems, mut wrong) = (Vec::new(), Vec::new());
        for read in Problems::open(Path::new(name), Options::default()).map_err(refused)? {
            match read {
                Ok(problem) if self.level.is_some() && problem.level != self.level => {}
                // Names are told apart from those of other files.
                Ok(mut problem) => {
                    problem.id = format!("{name}:{}", problem.id);
                    problems.push(problem);
                }
                Err(error) => wrong.push(format!("{name}: {error}")),
            }
            if problems.len() == self.problems as usize {
                break;
            }
        }
        if problems.is_empty() {
            let why = wrong.first().cloned().unwrap_or_else(|| match self.level {
                Some(level) => {
                    format!("no line has `level` {level}; leave `--level` out, or choose one that lines have")
                }
                None => "it is empty; give a line of JSON for each problem".to_owned(),
            });
            return Err(Usage(format!("`{name}` has no problem with a checker: {why}")));
        }
        for line in wrong.iter().take(TOLD) {
            eprintln!("left out: {line}");
        }
        if wrong.len() > TOLD {
            eprintln!("left out: {} more lines of {name}", wrong.len() - TOLD);
        }
        left_out.extend(wrong);
        Ok(problems)
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self
            .level
            .map_or_else(String::new, |level| format!(" of level {level}"));
        writeln!(
            formatter,
            "{}: {} problems of {}{level}, temperature {}, seed {}\n",
            self.model,
            self.evaluation.problems,
            self.tasks.join(", "),
            self.temperature,
            self.seed
        )?;
        write!(formatter, "{}", table(&self.evaluation.strategies))?;
        self.say_against_first(formatter)?;
        self.say_faults(formatter)?;
        let Tally {
            right,
            wrong,
            unparsable,
            failed,
        } = self.evaluation.samples;
        writeln!(
            formatter,
            "\n{} samples of each problem: {right} right, {wrong} wrong, {unparsable} unparsable, {failed} failed",
            self.samples
        )?;
        let mut table = Table::new(["k", "pass@k", "majority@k"]);
        for repeated in &self.evaluation.repeated {
            table.row([
                repeated.samples.to_string(),
                percent(repeated.pass),
                percent(repeated.majority),
            ]);
        }
        writeln!(formatter, "{table}")?;
        match &self.evaluation.law {
            Finding::Found(law) => write!(
                formatter,
                "law of coverage, fitted to {} samples ({}): {} at {}, where {:.1}% were measured",
                law.fitted,
                law.form,
                percent(law.predicted),
                law.samples,
                100.0 * law.measured
            ),
            Finding::Refused(why) => write!(formatter, "no law of coverage: {why}"),
        }
    }
}

/// A row for each strategy.
fn table(strategies: &[Evaluated]) -> Table {
    let mut table = Table::new([
        "strategy",
        "accuracy",
        "right",
        "wrong",
        "unparsable",
        "failed",
        "tokens/problem",
        "sampled",
        "prompt",
        "verifier",
        "seconds",
    ]);
    for strategy in strategies {
        let spent = &strategy.spent;
        let Seconds(seconds) = spent.seconds;
        let Seconds(verifying) = spent.verifier_seconds;
        table.row([
            strategy.strategy.clone(),
            percent(strategy.accuracy),
            strategy.answers.right.to_string(),
            strategy.answers.wrong.to_string(),
            strategy.answers.unparsable.to_string(),
            strategy.answers.failed.to_string(),
            format!("{:.1}", strategy.tokens_per_problem),
            spent.sampled.to_string(),
            spent.read.to_string(),
            spent.verified.to_string(),
            format!("{:.2}", seconds + verifying),
        ]);
    }
    table
}

impl Measured {
    fn say_against_first(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strategies = &self.evaluation.strategies;
        let first = strategies.first().map_or("", |first| &first.strategy);
        for strategy in strategies {
            let name = &strategy.strategy;
            match &strategy.against_first {
                None => {}
                Some(Finding::Found(comparison)) => {
                    let verdict = match comparison.verdict {
                        Verdict::Better => "better",
                        Verdict::Worse => "worse",
                        Verdict::Undecided => "undecided",
                    };
                    let difference = percent(comparison.difference);
                    writeln!(formatter, "{name} less {first}: {difference}, {verdict}")?;
                }
                Some(Finding::Refused(why)) => writeln!(formatter, "{name} less {first}: {why}")?,
            }
        }
        Ok(())
    }

    /// Each fault of a strategy once, with how often it came.
    fn say_faults(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for strategy in &self.evaluation.strategies {
            let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
            for fault in strategy.outcomes.iter().flat_map(|outcome| &outcome.faults) {
                *faults.entry(fault).or_default() += 1;
            }
            for (fault, count) in faults {
                writeln!(formatter, "{}, {count} times: {fault}", strategy.strategy)?;
            }
        }
        Ok(())
    }
}
