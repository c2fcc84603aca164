//! `triaxis bench decode`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use triaxis_records::Decoding;
use triaxis_study::{DecodePlan, DecodeRecord, measure_decoding};
use triaxis_units::Seconds;

use crate::engine::Opening;
use crate::table::Table;
use crate::{Format, output};

/// Arguments of `bench decode`.
#[derive(Args)]
pub struct Decode {
    #[command(flatten)]
    opening: Opening,
    /// Sequences that are decoded together, one number after the other
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',', default_values_t = [1, 8],
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    batch: Vec<u32>,
    /// Tokens before those that are decoded, one number after the other [default: 0 2048, or half of a shorter context]
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',')]
    context: Vec<u32>,
    /// Tokens of prompts, one number after the other [default: 512, or as many as a shorter context]
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..))]
    prompt: Vec<u32>,
    /// Time to measure each number
    #[arg(long, value_name = "TIME", default_value = "2s")]
    seconds: Seconds,
    /// Folder of the library that keeps the record
    #[arg(long, value_name = "DIR", default_value = "runs/library")]
    library: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Measures the model, keeps the record and prints what was found.
pub fn run(arguments: &Decode) -> anyhow::Result<()> {
    let mut engine = arguments.opening.open()?;
    let library = super::library(&arguments.library)?;
    let room = engine.stack().context;
    let numbers = |given: &[u32]| Vec::from_iter(given.iter().map(|&number| number as usize));
    let or = |given: &[u32], usual: &[usize]| match given {
        [] => usual.to_vec(),
        given => numbers(given),
    };
    let plan = DecodePlan {
        threads: arguments.opening.threads(),
        batches: numbers(&arguments.batch),
        contexts: or(&arguments.context, &[0, 2048.min(room / 2)]),
        prompts: or(&arguments.prompt, &[512.min(room)]),
        seconds: arguments.seconds,
    };
    let path = &arguments.opening.model;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let heard = &mut |what: &str| eprintln!("{what}");
    let record = measure_decoding(&name, &mut engine, &plan, heard)?;
    library.write_record(&record)?;
    output::print(arguments.format, &Measured(&record), &record)
}

/// What was measured, as tables.
struct Measured<'a>(&'a DecodeRecord);

impl fmt::Display for Measured<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decoding {
            name,
            parameters,
            activations,
            formats,
            threads,
            weights,
            bandwidth,
            steps,
            prompts,
        } = &self.0.decoding;
        writeln!(
            formatter,
            "{name}, {parameters} parameters, {weights} of weights a step, record {}\n",
            self.0.id
        )?;
        let mut table = Table::new([
            "sequences",
            "after",
            "tokens/s",
            "read a step",
            "of the bandwidth",
        ]);
        for step in steps {
            let least = if step.is_least { "≥ " } else { "" };
            table.row([
                step.batch.to_string(),
                step.context.to_string(),
                format!("{:.1}", step.tokens_per_second),
                format!("{least}{}", step.read),
                format!("{least}{:.0}%", 100.0 * step.share),
            ]);
        }
        writeln!(formatter, "{table}")?;
        let mut table = Table::new(["prompt", "tokens/s", "operations/s"]);
        for prompt in prompts {
            table.row([
                prompt.length.to_string(),
                format!("{:.0}", prompt.tokens_per_second),
                format!("{:.3e}", prompt.operations_per_second),
            ]);
        }
        writeln!(formatter, "{table}")?;
        let formats: Vec<String> = formats
            .iter()
            .map(|(name, bytes)| format!("{bytes} {name}"))
            .collect();
        writeln!(
            formatter,
            "weights: {}; activations: {activations}",
            formats.join(", ")
        )?;
        let circumstances = &self.0.circumstances;
        write!(
            formatter,
            "medians, {threads} threads on {}, {}, whose memory gives {bandwidth} a second",
            circumstances.machine, circumstances.instructions
        )
    }
}
