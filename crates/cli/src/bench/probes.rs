//! `triaxis bench probes`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use triaxis_host::machine;
use triaxis_probes::{Level, Probe, Task};
use triaxis_records::{LevelScore, ProbeScores};
use triaxis_report::view::{ProbeResults, ProbeView};
use triaxis_study::{
    ProbeInputs, ProbeRecord, ProbeTraining, StudySpec, Trained, measure_probe, probe_facts,
};

use super::families;
use super::size::{Size, setting};
use crate::failure::Usage;
use crate::instructions::Choice;
use crate::table::Table;
use crate::{Format, MOST_THREADS, output};

/// Arguments of `bench probes`.
#[derive(Args)]
pub struct Probes {
    /// Families: transformer, hybrid, a mixer that `model list` tells, or an architecture whose pattern `--set` says;
    /// with `--spec`, its arms [default: transformer mamba2 gated-deltanet hybrid, or all arms]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    arch: Vec<String>,
    /// What is asked of them [default: what the `[probes]` of `--spec` say, or all: associative-recall,
    /// selective-copying, induction, needle, few-shot-functions, linear-regression, parity, s3-words, s5-words]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    probes: Vec<String>,
    /// A study's spec, whose arms take the place of the families, and whose `[probes]` say what is asked and how it is
    /// trained
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Widths of models, of two layers with a channel or four without unless `--set` says otherwise
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',', default_values_t = [64],
          value_parser = clap::value_parser!(u32).range(1..=1 << 16))]
    widths: Vec<u32>,
    /// Another value for a key of every model: layers=4, pattern=aad, tied=false, ...
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, Value)>,
    /// Tokens in the vocabulary of every probe [default: each probe's own]
    #[arg(long, value_name = "N")]
    vocabulary: Option<u32>,
    /// What is trained on: tokens of a sequence, and answers that are scored in it [default: each probe's own]
    #[arg(long, value_name = "LENGTH:ANSWERS", num_args = 1.., value_delimiter = ',')]
    train: Vec<Level>,
    /// What is tested, in the same way
    #[arg(long, value_name = "LENGTH:ANSWERS", num_args = 1.., value_delimiter = ',')]
    test: Vec<Level>,
    /// Trainings of each model, which differ by their seed [default: 3]
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// Steps of a training [default: 1600]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Sequences of a step [default: 64]
    #[arg(long, value_name = "N")]
    sequences: Option<u32>,
    /// Learning rates, of which each model has the one by which it answers best at what is trained on [default: 1e-4 4.6e-4 2.2e-3 1e-2]
    #[arg(long, value_name = "RATE", num_args = 1.., value_delimiter = ',')]
    rates: Vec<f64>,
    /// Trainings side by side, each on one thread [default: as many as cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    #[command(flatten)]
    instructions: Choice,
    /// Folder of the library that keeps the records; what is there is not trained again
    #[arg(long, value_name = "DIR", default_value = "runs/library")]
    library: PathBuf,
    /// Also write a page with the picture of who can what at which size
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Measures each model on each probe, keeps the records and prints what was found.
pub fn run(arguments: &Probes) -> anyhow::Result<()> {
    arguments.instructions.apply()?;
    let asked = arguments.asked()?;
    let spec = arguments.spec.as_deref();
    let outputs: Vec<_> = arguments.report.iter().map(PathBuf::as_path).collect();
    output::are_free(&outputs, &Vec::from_iter(spec))?;
    let library = super::library(&arguments.library)?;
    let threads = arguments.threads.map_or_else(machine::cores, usize::from);
    let mut records: Vec<ProbeRecord> = Vec::new();
    for (name, inputs) in &asked {
        let (probe, width) = (inputs.task.probe.name(), inputs.model.stack().width);
        let record = match library.record_if_whole::<ProbeRecord>(&inputs.id())? {
            Some(found) => found,
            None => {
                let heard = &mut |trained: &Trained| {
                    eprintln!("{name} of width {width} on {probe}: {}", told(trained))
                };
                let record = measure_probe(name, inputs, threads, heard)?;
                library.write_record(&record)?;
                record
            }
        };
        records.push(record.named(name));
    }
    if let Some(path) = &arguments.report {
        triaxis_report::write_probe_page(&view(&records), path)?;
    }
    output::print(arguments.format, &Measured(&records), &records)
}

/// A training that has ended, in words.
fn told(trained: &Trained) -> String {
    let Trained { rate, seed, .. } = trained;
    match (&trained.accuracies, trained.mean()) {
        (Err(reason), _) => reason.clone(),
        (_, mean) => format!(
            "seed {seed} at the rate {rate}, {:.3} right",
            mean.unwrap_or(f64::NAN)
        ),
    }
}

impl Probes {
    /// Every model with every probe, each of which fits it.
    fn asked(&self) -> anyhow::Result<Vec<(String, ProbeInputs)>> {
        let spec = match &self.spec {
            Some(path) => StudySpec::read(path, &[])?.0.probes,
            None => None,
        };
        let (tasks, training) = spec.map_or_else(
            || (Vec::new(), ProbeTraining::default()),
            |probes| (probes.tasks, probes.training),
        );
        let training = ProbeTraining {
            steps: self.steps.unwrap_or(training.steps),
            sequences: self
                .sequences
                .map_or(training.sequences, |sequences| sequences as usize),
            rates: if self.rates.is_empty() {
                training.rates
            } else {
                self.rates.clone()
            },
            seeds: self.seeds.unwrap_or(training.seeds),
            along: training.along,
        };
        let mut asked = Vec::new();
        for task in self.tasks(tasks)? {
            for &width in &self.widths {
                let own = [
                    ("width", width as usize),
                    ("vocabulary", task.vocabulary),
                    ("context", task.longest()),
                ];
                let own = own.map(|(key, value)| (key.to_owned(), Value::from(value)));
                let settings: Vec<_> = own.into_iter().chain(self.settings.iter().cloned()).collect();
                let models = families::models(&self.arch, self.spec.as_deref(), Size::Quickstart, &settings)?;
                for (name, model) in models {
                    let inputs = ProbeInputs::new(model, task.clone(), training.clone());
                    let inputs = inputs.map_err(|error| Usage(format!("`{name}`: {error}")))?;
                    asked.push((name, inputs));
                }
            }
        }
        Ok(asked)
    }

    /// What is asked, with what the arguments say of vocabulary and levels.
    fn tasks(&self, of_spec: Vec<Task>) -> Result<Vec<Task>, Usage> {
        let mut tasks = match (&self.probes[..], &of_spec[..]) {
            ([], []) => Probe::ALL.iter().copied().map(Task::usual).collect(),
            ([], _) => of_spec,
            (names, _) => {
                let named = |name: &String| Probe::named(name).map_err(|error| Usage(error.to_string()));
                let of = |probe: Probe| {
                    let own: Vec<Task> = of_spec
                        .iter()
                        .filter(|task| task.probe == probe)
                        .cloned()
                        .collect();
                    if own.is_empty() {
                        vec![Task::usual(probe)]
                    } else {
                        own
                    }
                };
                let probes = names.iter().map(named).collect::<Result<Vec<_>, _>>()?;
                probes.into_iter().flat_map(of).collect::<Vec<_>>()
            }
        };
        for task in &mut tasks {
            if let Some(vocabulary) = self.vocabulary {
                task.vocabulary = vocabulary as usize;
            }
            for (given, levels) in [(&self.train, &mut task.train), (&self.test, &mut task.test)] {
                if !given.is_empty() {
                    levels.clone_from(given);
                }
            }
            task.validate().map_err(|error| Usage(error.to_string()))?;
        }
        Ok(tasks)
    }
}

fn view(records: &[ProbeRecord]) -> ProbeView {
    let first = records.first().map(|record| &record.circumstances);
    ProbeView {
        machine: first.map_or_else(String::new, |first| {
            format!("{}, {}", first.machine, first.instructions)
        }),
        generated: machine::utc(machine::now()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        results: results(records),
    }
}

/// What records of probes say, as a page shows it.
pub fn results(records: &[ProbeRecord]) -> ProbeResults {
    let probes: BTreeSet<Probe> = records.iter().map(|record| record.inputs.task.probe).collect();
    ProbeResults {
        probes: probes.into_iter().map(probe_facts).collect(),
        scores: records.iter().map(|record| record.scores.clone()).collect(),
    }
}

/// What was measured, a table for each task.
struct Measured<'a>(&'a [ProbeRecord]);

impl fmt::Display for Measured<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for records in self.0.chunk_by(|one, other| one.inputs.task == other.inputs.task) {
            let Some(ProbeRecord { inputs, .. }) = records.first() else {
                continue;
            };
            let trained: Vec<String> = inputs.task.train.iter().map(Level::to_string).collect();
            write!(
                formatter,
                "{}, {} tokens, trained on {}\n\n{}",
                inputs.task.probe.name(),
                inputs.task.vocabulary,
                trained.join(", "),
                table(records)
            )?;
            for score in probe_facts(inputs.task.probe).published {
                writeln!(
                    formatter,
                    "published: {} scores {:.3} on {} ({})",
                    score.model, score.accuracy, score.level, score.source
                )?;
            }
            for record in records {
                let scores = &record.scores;
                for said in scores.diverged.iter().chain(&scores.told_rate()) {
                    writeln!(formatter, "{}: {said}", scores.name)?;
                }
            }
            writeln!(formatter)?;
        }
        let first = self.0.first();
        let seeds = first.map_or(0, |record| record.inputs.training.seeds);
        write!(
            formatter,
            "shares of right answers at LENGTH:ANSWERS, means of {seeds} trainings with their 95% intervals over seeds"
        )
    }
}

/// A line for each model, and for what they are held against.
fn table(records: &[ProbeRecord]) -> Table {
    let levels = records.first().map_or(&[][..], |record| &record.scores.levels);
    let heading = ["model", "width", "parameters", "remembered", "rate"];
    let heading = heading.iter().map(|name| (*name).to_owned());
    let tested = levels
        .iter()
        .map(|level| Level::new(level.length, level.answers).to_string());
    let mut table = Table::new(heading.chain(tested));
    for ProbeRecord { scores, .. } in records {
        let ProbeScores {
            name,
            width,
            parameters,
            remembered,
            rate,
            levels,
            ..
        } = scores;
        let diverged = scores.told_diverged();
        let own = [
            name.clone(),
            width.to_string(),
            parameters.to_string(),
            remembered.to_string(),
            rate.to_string(),
        ];
        table.row(
            own.into_iter()
                .chain(levels.iter().map(|level| accuracy(level, diverged.as_deref()))),
        );
    }
    let mut beside = |name: &str, of: &dyn Fn(&LevelScore) -> Option<f64>| {
        let shares: Option<Vec<f64>> = levels.iter().map(of).collect();
        if let Some(shares) = shares.filter(|shares| !shares.is_empty()) {
            let own = [name, "-", "-", "-", "-"].map(str::to_owned);
            table.row(
                own.into_iter()
                    .chain(shares.iter().map(|share| format!("{share:.3}"))),
            );
        }
    };
    beside("guessing", &|level| Some(level.chance));
    let reference = levels.first().and_then(|level| level.reference.as_ref());
    if let Some(reference) = reference {
        beside(&reference.name, &|level| Some(level.reference.as_ref()?.accuracy));
    }
    beside("at best", &|level| level.perfect);
    table
}

/// An accuracy with its interval, and how many trainings diverged.
fn accuracy(level: &LevelScore, diverged: Option<&str>) -> String {
    let found = level.accuracy.as_ref().map(|estimate| match &estimate.interval {
        None => format!("{:.3}", estimate.value),
        Some(range) => format!("{:.3} ({:.3}-{:.3})", estimate.value, range.low, range.high),
    });
    match (found, diverged) {
        (Some(found), Some(diverged)) => format!("{found}, {diverged}"),
        (found, diverged) => found
            .or(diverged.map(str::to_owned))
            .unwrap_or_else(|| "-".to_owned()),
    }
}
