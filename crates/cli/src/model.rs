//! `triaxis model`: what networks are made of, and what they count.

mod beside;
mod files;
mod gguf;

use std::fmt;
use std::path::Path;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value};
use triaxis_model::{ArchitectureSpec, ChannelSpec, FlopCount, Layout, MixerSpec, ParameterCount, Preset};
use triaxis_names::{Entry, suggestion};
use triaxis_train::{ObjectiveSpec, Optimizer};
use triaxis_units::{Bytes, Flops, Params};

use crate::bench::setting;
use crate::failure::Usage;
use crate::table::Table;
use crate::{Format, output};

/// What can be asked of models.
#[derive(Subcommand)]
pub enum Command {
    /// List architectures, mixers of positions, channels, presets, layouts that models are published in, and the objectives and
    /// optimizers that they are trained by
    List(List),
    /// Tell what one of them computes, and its papers; or what a model in a file or published folder is, GGUF files too
    Describe(Describe),
    /// Count parameters, operations and memory of a network, without building it
    Count(Count),
    /// Read a published model, a folder or a GGUF file, into a file as a study keeps them
    Import(files::Import),
    /// Publish the model in a file that a study kept, in a layout that other programs read
    Export(files::Export),
    /// Write a model into a GGUF file, in blocks of few bits
    Quantise(gguf::Quantise),
}

/// Arguments of `model list`.
#[derive(Args)]
pub struct List {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `model describe`.
#[derive(Args)]
pub struct Describe {
    /// Its name, as `model list` tells, or the path of a model
    name: String,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `model count`.
#[derive(Args)]
pub struct Count {
    /// The architecture
    #[arg(long, default_value = "stack")]
    arch: String,
    /// A key of the model: width=512, layers=8, vocabulary=32000, context=4096, pattern=ddda, ...
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting, required = true)]
    settings: Vec<(String, Value)>,
    /// Positions of a sequence [default: the context]
    #[arg(long, value_name = "N")]
    length: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(arguments) => list(arguments.format),
        Command::Describe(arguments) => describe(arguments),
        Command::Count(arguments) => count(arguments),
        Command::Import(arguments) => files::import(arguments),
        Command::Export(arguments) => files::export(arguments),
        Command::Quantise(arguments) => gguf::quantise(arguments),
    }
}

/// A line of a registry of the model room.
#[derive(Clone, Copy, Serialize)]
struct Known {
    kind: &'static str,
    name: &'static str,
    about: &'static str,
}

fn known() -> Vec<Known> {
    let of = |kind, entries: &'static [Entry]| {
        entries.iter().map(move |entry| Known {
            kind,
            name: entry.name,
            about: entry.about,
        })
    };
    of("architecture", ArchitectureSpec::REGISTRY)
        .chain(of("mixer", MixerSpec::REGISTRY))
        .chain(of("channel", ChannelSpec::REGISTRY))
        .chain(of("preset", Preset::REGISTRY))
        .chain(of("layout", Layout::REGISTRY))
        .chain(of("objective", ObjectiveSpec::REGISTRY))
        .chain(of("optimizer", Optimizer::REGISTRY))
        .collect()
}

fn list(format: Format) -> anyhow::Result<()> {
    let all = known();
    let mut table = Table::new(["kind", "name", "what it is"]);
    for known in &all {
        let words = known.about.split([':', '(']).next().unwrap_or(known.about);
        table.row([known.kind, known.name, words.trim()].map(String::from));
    }
    output::print(format, &table.to_string().trim_end(), &all)
}

fn describe(arguments: &Describe) -> anyhow::Result<()> {
    let all = known();
    let found: Vec<&Known> = all.iter().filter(|known| known.name == arguments.name).collect();
    if found.is_empty() && Path::new(&arguments.name).exists() {
        return files::describe(Path::new(&arguments.name), arguments.format);
    }
    if found.is_empty() {
        let names = || all.iter().map(|known| known.name);
        return Err(Usage(format!(
            "`{}` is no architecture, mixer, channel, preset or layout, and no path: they are {}{}",
            arguments.name,
            Vec::from_iter(names()).join(", "),
            suggestion(&arguments.name, names())
        ))
        .into());
    }
    let text = |known: &&Known| format!("{} ({})\n    {}", known.name, known.kind, known.about);
    let text = found.iter().map(text).collect::<Vec<_>>().join("\n\n");
    output::print(arguments.format, &text, &found)
}

/// What a network counts.
#[derive(Serialize)]
struct Counted {
    model: ArchitectureSpec,
    parameters: ParameterCount,
    length: usize,
    /// Of the forward pass over one sequence.
    operations: FlopCount,
    /// Of training a token of it.
    training_per_token: Flops,
    /// Numbers that one sequence keeps for the backward pass, about.
    activations: u64,
    /// What is remembered of one sequence; nothing where all of it is read anew at each pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    remembered: Option<Bytes>,
    weights: Vec<Weight>,
}

#[derive(Serialize)]
struct Weight {
    name: String,
    shape: Vec<usize>,
}

fn count(arguments: &Count) -> anyhow::Result<()> {
    let named = ("architecture".to_owned(), Value::from(arguments.arch.as_str()));
    let settings: Map<String, Value> = arguments.settings.iter().cloned().chain([named]).collect();
    let model: ArchitectureSpec = serde_json::from_value(Value::Object(settings))
        .map_err(|error| Usage(format!("`--arch` with `--set`: {error}")))?;
    let length = arguments.length.unwrap_or(model.context());
    let stack = model.stack();
    if !(1..=stack.context).contains(&length) {
        let context = stack.context;
        return Err(Usage(format!(
            "`--length {length}` must be from 1 to the model's context of {context}: shorten it, or set `context`"
        ))
        .into());
    }
    let counted = Counted::of(model, length);
    output::print(arguments.format, &counted, &counted)
}

impl Counted {
    fn of(model: ArchitectureSpec, length: usize) -> Self {
        let stack = model.stack();
        let operations = stack.forward_flops(length);
        let weights = stack.weights().into_iter().map(|weight| Weight {
            name: weight.name,
            shape: weight.shape,
        });
        Self {
            parameters: stack.parameters(),
            length,
            training_per_token: Flops(operations.training().0 / length as f64),
            operations,
            activations: stack.activations(length),
            remembered: (!stack.is_bidirectional()).then(|| Bytes(4 * stack.remembered(length))),
            weights: weights.collect(),
            model,
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ParameterCount {
            total,
            non_embedding,
            active,
            ..
        } = self.parameters;
        writeln!(formatter, "parameters                  {total}")?;
        writeln!(formatter, "without embedding and head  {non_embedding}")?;
        if active != total {
            writeln!(formatter, "of a token, by its experts  {active}")?;
        }
        writeln!(
            formatter,
            "training, a token           {}",
            self.training_per_token
        )?;
        if let Some(remembered) = self.remembered {
            writeln!(
                formatter,
                "remembered of a sequence    {remembered} of {} positions, in f32",
                self.length
            )?;
        }
        writeln!(formatter)?;
        let total = self.operations.total().0;
        let mut table = Table::new(["forward operations", "FLOPs", "share"]);
        for count in &self.operations.operations {
            let share = format!("{:.1}%", 100.0 * count.flops.0 / total);
            table.row([count.operation.clone(), count.flops.to_string(), share]);
        }
        writeln!(formatter, "{table}")?;
        let mut table = Table::new(["weight", "shape", "parameters"]);
        for weight in &self.weights {
            let shape: Vec<String> = weight.shape.iter().map(ToString::to_string).collect();
            let size = Params(weight.shape.iter().product::<usize>() as u64);
            table.row([weight.name.clone(), shape.join(" × "), size.to_string()]);
        }
        formatter.write_str(table.to_string().trim_end())
    }
}
