//! `triaxis bench train`.

use std::fmt;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;
use triaxis_host::machine;
use triaxis_train::speed::{self, Speed};
use triaxis_train::{Dtype, Implementation, Pass, TrainConfig, step_memory};
use triaxis_units::{Bytes, Flops, Nats, Params, Seconds, Tokens};

use super::size::{Size, setting};
use crate::failure::Usage;
use crate::instructions::Choice;
use crate::output;
use crate::table::Table;
use crate::{Format, MOST_THREADS};

/// Arguments of `bench train`.
#[derive(Args)]
pub struct Train {
    /// The architecture
    #[arg(long, default_value = "decoder")]
    arch: String,
    /// The model and the batch
    #[arg(long, value_enum, default_value_t)]
    size: Size,
    /// Another value for a key of the model: width=96, context=128, tied=true, ...
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, Value)>,
    /// Sequences a step [default: the size's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// What matrices are multiplied in
    #[arg(long, default_value = "f32", value_parser = dtype_parser())]
    dtype: Dtype,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    #[command(flatten)]
    instructions: Choice,
    /// Steps to time, after a few that warm up
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// What computes
    #[arg(long, value_enum, default_value_t)]
    implementation: Computing,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Computing {
    /// The kernels
    #[default]
    Fused,
    /// The tensor operations that the kernels are checked against, and that other devices run
    Composed,
}

fn dtype_parser() -> impl TypedValueParser<Value = Dtype> {
    PossibleValuesParser::new(Dtype::ALL.map(Dtype::name)).map(|name| {
        let named = Dtype::ALL.into_iter().find(|dtype| dtype.name() == name);
        named.expect("only the names of dtypes are possible")
    })
}

/// Steps that warm up: buffers are taken from the system, and weights packed.
const WARM_UP: u64 = 3;

/// Times the steps and prints what was found.
pub fn run(arguments: &Train) -> anyhow::Result<()> {
    let architecture = arguments.size.architecture(&arguments.arch, &arguments.settings);
    let architecture = architecture.map_err(|error| Usage(format!("`--arch` with `--set`: {error}")))?;
    let sequences = arguments
        .batch
        .map_or(arguments.size.batch(), |batch| batch as usize);
    let config = speed::config(architecture, sequences, arguments.dtype);
    config.validate().map_err(|error| Usage(error.to_string()))?;
    fits(&config)?;
    arguments.instructions.apply()?;
    let threads = arguments.threads.map_or_else(machine::cores, usize::from);
    crate::compute_on(threads)?;
    let implementation = match arguments.implementation {
        Computing::Fused => Implementation::Fused,
        Computing::Composed => Implementation::Composed,
    };
    let speed = implementation.run(|| speed::measure(&config, WARM_UP, u64::from(arguments.steps)))?;
    // Before the products below take memory of their own.
    let memory = machine::peak_memory();
    let report = Report::new(&config, arguments, threads, &speed, memory);
    output::print(arguments.format, &report, &report)
}

/// Refuses what would end the program for lack of memory, where the system tells how much there is.
fn fits(config: &TrainConfig) -> Result<(), Usage> {
    let needed = step_memory(config);
    match machine::available_memory() {
        Some(available) if needed > available => Err(Usage(format!(
            "a step of {} parameters on {} sequences of {} tokens takes about {needed} of memory, and this \
             machine has {available} available: make the model smaller with `--set`, or the batch with `--batch`",
            config.architecture.parameters().total,
            config.batch_sequences,
            config.context,
        ))),
        _ => Ok(()),
    }
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    machine: String,
    /// What multiplied matrices.
    unit: String,
    threads: usize,
    implementation: Computing,
    config: TrainConfig,
    parameters: Params,
    batch: Tokens,
    /// Operations of a step, matrix products exactly counted, of attention the masked half too.
    flops: Flops,
    /// Median time of a step.
    step: Seconds,
    fastest_step: Seconds,
    steps: usize,
    loss: Nats,
    tokens_per_second: f64,
    /// Those operations by the median step: the masked half of attention counts, though no kernel computes it.
    flops_per_second: f64,
    /// What the best of some large matrix products reached in the same process.
    peak_flops_per_second: f64,
    share_of_peak: f64,
    peak_memory: Option<Bytes>,
    operations: Vec<Operation>,
}

/// Where the time of a step went.
#[derive(Debug, Serialize)]
struct Operation {
    operation: &'static str,
    pass: &'static str,
    /// Calls a step.
    calls: f64,
    /// Mean time a step.
    time: Seconds,
    share: f64,
}

impl Report {
    fn new(
        config: &TrainConfig,
        arguments: &Train,
        threads: usize,
        speed: &Speed,
        peak_memory: Option<Bytes>,
    ) -> Self {
        let (batch, step) = (config.batch_tokens(), speed.step());
        let sequence = config.architecture.forward_flops(config.context).training();
        let flops = sequence * config.batch_sequences as f64;
        let peak = speed::product_peak(config.dtype);
        let fastest = speed
            .steps
            .iter()
            .map(|step| step.0)
            .fold(f64::INFINITY, f64::min);
        Self {
            machine: machine::processor(),
            unit: config.dtype.unit(),
            threads,
            implementation: arguments.implementation,
            config: config.clone(),
            parameters: config.architecture.parameters().total,
            batch,
            flops,
            step,
            fastest_step: Seconds(fastest),
            steps: speed.steps.len(),
            loss: speed.loss,
            tokens_per_second: batch.as_f64() / step.0,
            flops_per_second: flops.0 / step.0,
            peak_flops_per_second: peak,
            share_of_peak: flops.0 / step.0 / peak,
            peak_memory,
            operations: operations(speed),
        }
    }
}

/// The kernels, those that took longest first, and what is left.
fn operations(speed: &Speed) -> Vec<Operation> {
    let steps = speed.steps.len() as f64;
    let whole: f64 = speed.steps.iter().map(|step| step.0).sum();
    let row = |operation, pass, calls: u64, seconds: f64| Operation {
        operation,
        pass,
        calls: calls as f64 / steps,
        time: Seconds(seconds / steps),
        share: seconds / whole,
    };
    let kernels = speed.operations.iter().map(|kernel| {
        let pass = match kernel.pass {
            Pass::Forward => "forward",
            Pass::Backward => "backward",
            Pass::Update => "update",
        };
        row(kernel.operation, pass, kernel.calls, kernel.time.as_secs_f64())
    });
    let mut rows: Vec<Operation> = kernels.collect();
    rows.sort_by(|a, b| b.time.0.total_cmp(&a.time.0));
    let counted: f64 = rows.iter().map(|row| row.time.0).sum();
    rows.push(row("outside the kernels", "-", 0, whole - counted * steps));
    rows
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        writeln!(
            formatter,
            "{} of {} parameters, {} x {} tokens a step, {} on {}, {} {}, {}",
            config.architecture.kind(),
            self.parameters,
            config.batch_sequences,
            config.context,
            config.dtype,
            self.unit,
            self.threads,
            if self.threads == 1 { "thread" } else { "threads" },
            self.machine,
        )?;
        let mut facts = Table::new(["", "measured"]);
        let mut fact = |name: &str, value: String| facts.row([name.to_owned(), value]);
        fact("tokens/s", format!("{:.0}", self.tokens_per_second));
        fact(
            "step, median",
            format!("{:.2} ms of {}", self.step.0 * 1e3, self.steps),
        );
        fact("step, fastest", format!("{:.2} ms", self.fastest_step.0 * 1e3));
        fact("FLOPs a step, masked included", self.flops.to_string());
        fact("FLOP/s", format!("{:.2e}", self.flops_per_second));
        fact(
            "FLOP/s of the best product",
            format!("{:.2e}", self.peak_flops_per_second),
        );
        fact("share of that", format!("{:.1}%", self.share_of_peak * 100.0));
        let memory = self
            .peak_memory
            .map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        fact("peak memory", memory);
        fact("last loss", self.loss.to_string());
        writeln!(formatter, "\n{facts}")?;
        let mut operations = Table::new(["operation", "pass", "calls", "ms a step", "share"]);
        for row in &self.operations {
            operations.row([
                row.operation.to_owned(),
                row.pass.to_owned(),
                if row.calls > 0.0 {
                    format!("{:.0}", row.calls)
                } else {
                    "-".to_owned()
                },
                format!("{:.3}", row.time.0 * 1e3),
                format!("{:.1}%", row.share * 100.0),
            ]);
        }
        write!(formatter, "{operations}")
    }
}
