//! `triaxis bench length`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use triaxis_host::machine;
use triaxis_records::{Lengths, StepCost, TrainingCost};
use triaxis_report::view::LengthView;
use triaxis_study::{LengthPlan, LengthRecord, measure_lengths};
use triaxis_units::Seconds;

use super::families;
use super::size::{Size, setting};
use crate::failure::Usage;
use crate::instructions::Choice;
use crate::table::Table;
use crate::{Format, MOST_THREADS, output};

/// Arguments of `bench length`.
#[derive(Args)]
pub struct Length {
    /// Families: transformer, hybrid, a mixer that `model list` tells, or an architecture whose pattern `--set` says;
    /// with `--spec`, its arms [default: transformer mamba2 gated-deltanet hybrid, or all arms]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    arch: Vec<String>,
    /// A study's spec, whose arms take the place of the families: their `model` is laid over the size
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// The model
    #[arg(long, value_enum, default_value_t)]
    size: Size,
    /// Another value for a key of every model: width=96, pattern=aad, tied=true, ...
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, Value)>,
    /// The shortest length; every other is twice the one before it
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = lengths())]
    shortest: u32,
    /// The longest
    #[arg(long, value_name = "N", default_value_t = 131_072, value_parser = lengths())]
    longest: u32,
    /// Tokens of a training step, in as many sequences as they fill
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = lengths())]
    batch: u32,
    /// Threads, one number after the other [default: 1 and all cores]
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',',
          value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Vec<u16>,
    #[command(flatten)]
    instructions: Choice,
    /// Time to measure each number; longer training steps are the last
    #[arg(long, value_name = "TIME", default_value = "2s")]
    seconds: Seconds,
    /// Time for reading on from one length to the next, where what is remembered does not grow
    #[arg(long, value_name = "TIME", default_value = "1min")]
    reading: Seconds,
    /// Tokens that are read at a time on the way; 1 steps over each
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = lengths())]
    piece: u32,
    /// Folder of the library that keeps the records
    #[arg(long, value_name = "DIR", default_value = "runs/library")]
    library: PathBuf,
    /// Also write a page with the curves
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A positive length, at most the longest context of a model.
fn lengths() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=1 << 23)
}

/// Measures each model, keeps its record and prints what was found.
pub fn run(arguments: &Length) -> anyhow::Result<()> {
    arguments.instructions.apply()?;
    let plan = arguments.plan()?;
    let spec = arguments.spec.as_deref();
    let models = families::models(&arguments.arch, spec, arguments.size, &arguments.settings)?;
    let outputs: Vec<_> = arguments.report.iter().map(PathBuf::as_path).collect();
    output::are_free(&outputs, &Vec::from_iter(spec))?;
    let library = super::library(&arguments.library)?;
    let mut records: Vec<LengthRecord> = Vec::new();
    for (name, model) in &models {
        let heard = &mut |what: &str| eprintln!("{name}: {what}");
        let record = measure_lengths(name, model, &plan, heard)?;
        library.write_record(&record)?;
        records.push(record);
    }
    if let Some(path) = &arguments.report {
        triaxis_report::write_length_page(&view(&records), path)?;
    }
    let measured = Measured {
        plan: &plan,
        records: &records,
    };
    output::print(arguments.format, &measured, &records)
}

impl Length {
    fn plan(&self) -> Result<LengthPlan, Usage> {
        let Self {
            shortest, longest, ..
        } = *self;
        if shortest > longest {
            return Err(Usage(format!(
                "`--shortest {shortest}` is above `--longest {longest}`: lower the one or raise the other"
            )));
        }
        let given: Vec<usize> = self.threads.iter().map(|&threads| threads.into()).collect();
        let mut threads = match given.is_empty() {
            true => vec![1, machine::cores()],
            false => given,
        };
        threads.sort_unstable();
        threads.dedup();
        let lengths = std::iter::successors(Some(shortest as usize), |length| Some(2 * length));
        Ok(LengthPlan {
            lengths: lengths.take_while(|&length| length <= longest as usize).collect(),
            threads,
            batch: self.batch as usize,
            seconds: self.seconds,
            reading: self.reading,
            piece: self.piece as usize,
        })
    }
}

fn view(records: &[LengthRecord]) -> LengthView {
    let first = records.first().map(|record| &record.circumstances);
    LengthView {
        machine: first.map_or_else(String::new, |first| {
            format!("{}, {}", first.machine, first.instructions)
        }),
        generated: machine::utc(machine::now()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        models: records.iter().map(|record| record.lengths.clone()).collect(),
    }
}

/// A token after so many others.
fn stepped(lengths: &Lengths, context: usize, threads: usize) -> Option<&StepCost> {
    let mut steps = lengths.steps.iter();
    steps.find(|cost| (cost.context, cost.threads) == (context, threads))
}

/// Training on sequences of a length.
fn trained(lengths: &Lengths, length: usize, threads: usize) -> Option<&TrainingCost> {
    let mut trainings = lengths.trainings.iter();
    trainings.find(|cost| (cost.length, cost.threads) == (length, threads))
}

/// What a token costs, in seconds.
type Cost = fn(&Lengths, usize, usize) -> Option<f64>;

const COSTS: [(&str, Cost); 2] = [
    ("trained", |lengths, length, threads| {
        trained(lengths, length, threads).map(|cost| 1.0 / cost.tokens_per_second())
    }),
    ("stepped", |lengths, length, threads| {
        stepped(lengths, length, threads).map(|cost| cost.time.0)
    }),
];

/// What was measured, as tables.
struct Measured<'a> {
    plan: &'a LengthPlan,
    records: &'a [LengthRecord],
}

impl fmt::Display for Measured<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for record in self.records {
            let Lengths {
                name,
                parameters,
                left_out,
                ..
            } = &record.lengths;
            writeln!(formatter, "{name}, {parameters} parameters, record {}", record.id)?;
            writeln!(formatter, "\n{}", self.table(&record.lengths))?;
            for left in left_out {
                let threads = left
                    .threads
                    .map_or_else(String::new, |threads| format!(" on {threads}"));
                writeln!(
                    formatter,
                    "not measured: {}{threads} from {} on: {}",
                    left.what, left.from, left.reason
                )?;
            }
            if !left_out.is_empty() {
                writeln!(formatter)?;
            }
        }
        if let Some(beside) = self.beside() {
            writeln!(formatter, "{beside}")?;
        }
        let circumstances = self.records.first().map(|record| &record.circumstances);
        let (machine, instructions) =
            circumstances.map_or(("", ""), |found| (&found.machine, &found.instructions));
        write!(
            formatter,
            "medians, in f32, on {machine}, {instructions}; what a cache remembers of the shortest length is repeated \
             for the longer ones"
        )
    }
}

impl Measured<'_> {
    /// A token of the other models beside one of the first, at the shortest and at the longest length that it was trained
    /// at; nothing where there is one model alone.
    fn beside(&self) -> Option<Table> {
        let (first, others) = self.records.split_first()?;
        let mut lengths = first.lengths.trainings.iter().map(|cost| cost.length);
        let shortest = lengths.next().filter(|_| !others.is_empty())?;
        let longest = lengths.max().filter(|&longest| longest > shortest);
        let mut columns = Vec::new();
        for length in [shortest].into_iter().chain(longest) {
            for (what, cost) in COSTS {
                for &threads in &self.plan.threads {
                    let ratio = move |of: &Lengths| {
                        Some(cost(of, length, threads)? / cost(&first.lengths, length, threads)?)
                    };
                    columns.push((format!("{what} at {length} on {threads}"), ratio));
                }
            }
        }
        let heading = [format!("a token beside {}'s", first.lengths.name)].into_iter();
        let mut table = Table::new(heading.chain(columns.iter().map(|(name, _)| name.clone())));
        for record in others {
            let cells = columns.iter().map(|(_, ratio)| {
                let ratio = ratio(&record.lengths);
                ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
            });
            table.row([record.lengths.name.clone()].into_iter().chain(cells));
        }
        Some(table)
    }

    /// A line for each length.
    fn table(&self, lengths: &Lengths) -> Table {
        let threads = &self.plan.threads;
        let on = |what: &str| {
            threads
                .iter()
                .map(move |threads| format!("{what} on {threads}"))
                .collect::<Vec<_>>()
        };
        let heading = [
            vec!["length".to_owned(), "remembered".to_owned()],
            on("µs a token"),
            on("trained tokens/s"),
        ];
        let mut table = Table::new(heading.concat());
        for &length in &self.plan.lengths {
            let step = |threads: usize| stepped(lengths, length, threads);
            let training = |threads: usize| trained(lengths, length, threads);
            let of_step = |cost: &StepCost| format!("{:.1}", 1e6 * cost.time.0);
            let of_training = |cost: &TrainingCost| format!("{:.0}", cost.tokens_per_second());
            let remembered = threads.iter().find_map(|&threads| step(threads));
            let cells = [
                vec![
                    Some(length.to_string()),
                    remembered.map(|cost| cost.remembered.to_string()),
                ],
                threads
                    .iter()
                    .map(|&threads| step(threads).map(of_step))
                    .collect(),
                threads
                    .iter()
                    .map(|&threads| training(threads).map(of_training))
                    .collect(),
            ];
            let cells = cells.concat();
            if cells[1..].iter().any(Option::is_some) {
                table.row(
                    cells
                        .into_iter()
                        .map(|cell| cell.unwrap_or_else(|| "-".to_owned())),
                );
            }
        }
        table
    }
}
