//! `triaxis fit --list`: what each form is and needs.

use std::fmt;

use triaxis_laws::approach::Frontier;
use triaxis_laws::form::{Column, Definition, LawForm};
use triaxis_runs::{COVERAGE, Chosen, definitions, option_of};

use crate::Format;
use crate::output;

/// What coverage may come from instead.
const COUNTS: &str = "counts, a row a problem: its samples and those correct; --column correct=COLUMN";

struct List<'a>(Vec<&'a Definition>);

/// Prints all forms, or the one named.
pub fn print(name: Option<&str>, format: Format) -> anyhow::Result<()> {
    let chosen = Chosen::of(name, None)?;
    let definitions = match chosen.definition() {
        Some(definition) => vec![definition],
        None => definitions().collect(),
    };
    output::print(format, &List(definitions.clone()), &definitions)
}

impl fmt::Display for List<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, definition) in self.0.iter().enumerate() {
            if index > 0 {
                write!(formatter, "\n\n")?;
            }
            writeln!(formatter, "{}", definition.name)?;
            writeln!(formatter, "    {}", definition.equation)?;
            writeln!(formatter, "    {}", definition.source)?;
            for column in definition.inputs.iter() {
                writeln!(formatter, "    needs    {}", column_line(column))?;
            }
            if definition.response.name == COVERAGE {
                writeln!(formatter, "    or       {COUNTS}")?;
            }
            match Frontier::named(&definition.name) {
                None => writeln!(formatter, "    predicts {}", column_line(&definition.response))?,
                Some(frontier) => {
                    for law in frontier.laws() {
                        let Column {
                            name, meaning, unit, ..
                        } = law.response();
                        writeln!(formatter, "    gives    {name:<15} {meaning} [{unit}], of flops")?;
                    }
                }
            }
            for (index, parameter) in definition.parameters.iter().enumerate() {
                let unit = bracketed(parameter.unit);
                let name = &parameter.name;
                let end = if index + 1 < definition.parameters.len() {
                    "\n"
                } else {
                    ""
                };
                write!(formatter, "    {name:<8} {}{unit}{end}", parameter.meaning)?;
            }
        }
        Ok(())
    }
}

fn column_line(column: &Column) -> String {
    format!(
        "{:<15} {}{}; {}",
        column.name,
        column.meaning,
        bracketed(column.unit),
        option_of(&column.name)
    )
}

/// A unit behind what it is of; nothing for a plain number.
fn bracketed(unit: &str) -> String {
    match unit {
        "1" => String::new(),
        unit => format!(" [{unit}]"),
    }
}
