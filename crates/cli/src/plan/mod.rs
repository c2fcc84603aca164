//! `triaxis plan`: from laws, text, prices and demand to one recommendation, in seconds and with nothing trained.

mod laws;
mod tables;
pub mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use triaxis_host::machine;
use triaxis_names::Entry;
use triaxis_plan::decide::{Aim, Law, decide};
use triaxis_plan::emit::{Open, Trainer};
use triaxis_plan::{Date, Question};
use triaxis_study::reading;

use crate::Format;
use crate::failure::Refused;
use crate::output;
use text::Text;

/// The aims and the trainers, a line each.
fn named() -> String {
    let lines = |registry: &[Entry]| -> String {
        registry
            .iter()
            .map(|entry| format!("\n  {:<21} {}", entry.name, entry.about))
            .collect()
    };
    format!(
        "Aims:{}\n\nTrainers:{}",
        lines(Aim::REGISTRY),
        lines(Trainer::REGISTRY)
    )
}

/// Arguments of `plan`.
#[derive(Args)]
#[command(after_help = named())]
pub struct Arguments {
    /// TOML file with the question: laws, text at hand, budget or goal, demand, prices and aim
    file: PathBuf,
    /// Change one setting, as in `budget="$2M"` or `demand.months=12`; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Also write a page with what people decide by: frontier, regret, tornado, acceptability, value of information
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
    /// Also write the recommended run as a configuration of a trainer, to the file of --emit-to
    #[arg(long, value_name = "TRAINER", requires = "emit_to", value_parser = Trainer::find, help_heading = "Configuration")]
    emit: Option<Trainer>,
    /// Where the configuration is written
    #[arg(long, value_name = "FILE", requires = "emit", help_heading = "Configuration")]
    emit_to: Option<PathBuf>,
    /// Entries of the vocabulary
    #[arg(long, value_name = "NUMBER", default_value_t = Open::default().vocabulary, help_heading = "Configuration")]
    vocabulary: u64,
    /// Tokens of a sequence
    #[arg(long, value_name = "TOKENS", default_value_t = Open::default().context, help_heading = "Configuration")]
    context_length: u64,
}

/// Answers the question of the file.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let outputs = [arguments.report.as_deref(), arguments.emit_to.as_deref()];
    let outputs: Vec<&Path> = outputs.into_iter().flatten().collect();
    output::are_free(&outputs, &[arguments.file.as_path()])?;
    let (question, laws) = read(&arguments.file, &arguments.set)?;
    let mut decision = decide(&question, &laws)?;
    decision.cautions.extend(question.announced(today()));
    if let Some(path) = &arguments.report {
        triaxis_report::write_decision_page(&decision, path)?;
    }
    output::print(arguments.format, &Text(&decision), &decision)?;
    // What cannot be written is told after the decision, which says why.
    if let (Some(trainer), Some(path)) = (arguments.emit, &arguments.emit_to) {
        let open = Open {
            vocabulary: arguments.vocabulary,
            context: arguments.context_length,
        };
        let configuration = trainer.configuration(&question, &decision, open)?;
        output::write(path, &configuration, "configuration")?;
    }
    match decision.is_recommended {
        true => Ok(()),
        false => Err(Refused(
            "nothing is recommended, for the reason that stands at its head; the numbers are what the laws say all the same"
                .to_owned(),
        )
        .into()),
    }
}

/// The question of a file with the settings that are given beside it, and the laws that it names.
pub fn read(file: &Path, settings: &[String]) -> anyhow::Result<(Question, Vec<Law>)> {
    let mut question: Question = reading::read(file, settings)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    tables::fill(&mut question, folder)?;
    question.validate()?;
    question.check_days(today())?;
    let laws = laws::of(&question, folder)?;
    Ok((question, laws))
}

/// The day by the machine's clock.
fn today() -> Date {
    Date::at(machine::now())
}
