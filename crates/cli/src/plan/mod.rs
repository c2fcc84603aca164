//! `triaxis plan`: from laws, text, prices and demand to one recommendation, in seconds and with nothing trained.

mod laws;
mod text;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use triaxis_plan::Question;
use triaxis_plan::decide::{Aim, decide};

use crate::Format;
use crate::failure::Usage;
use crate::output;
use text::Text;

/// The aims, a line each.
fn aims() -> String {
    let lines = Aim::REGISTRY
        .iter()
        .map(|aim| format!("  {:<21} {}", aim.name, aim.about));
    format!("Aims:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// Arguments of `plan`.
#[derive(Args)]
#[command(after_help = aims())]
pub struct Arguments {
    /// TOML file with the question: laws, text at hand, budget or goal, demand, prices and aim
    file: PathBuf,
    /// Change one setting, as in `budget="$2M"` or `demand.months=12`; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Answers the question of the file.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let question = read(&arguments.file, &arguments.set)?;
    question.validate()?;
    let folder = arguments.file.parent().unwrap_or(Path::new(""));
    let laws = laws::of(&question, folder)?;
    let decision = decide(&question, &laws)?;
    output::print(arguments.format, &Text(&decision), &decision)
}

/// The question of a file with the settings that are given beside it.
fn read(file: &Path, settings: &[String]) -> anyhow::Result<Question> {
    let text = std::fs::read_to_string(file).with_context(|| {
        format!(
            "cannot read `{}`; name a TOML file as in examples/exercise-70b.toml",
            file.display()
        )
    })?;
    let mut table: toml::Table =
        toml::from_str(&text).map_err(|error| Usage(format!("`{}` is not TOML: {error}", file.display())))?;
    for setting in settings {
        triaxis_study::setting::lay(setting, &mut table).map_err(|error| Usage(error.to_string()))?;
    }
    // Read again as text where nothing was changed, so that an error shows its line.
    let question = if settings.is_empty() {
        toml::from_str(&text)
    } else {
        table.try_into()
    };
    question.map_err(|error| {
        Usage(format!(
            "`{}` asks nothing that can be planned: {error}",
            file.display()
        ))
        .into()
    })
}
