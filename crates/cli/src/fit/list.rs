//! `triaxis fit --list`: what each form is and needs.

use std::fmt;

use triaxis_laws::form::{Column, LawForm};
use triaxis_laws::forms::{find, registry};

use super::columns::option_of;
use crate::Format;
use crate::output;

struct List(Vec<&'static dyn LawForm>);

/// Prints all forms, or the one named.
pub fn print(name: Option<&str>, format: Format) -> anyhow::Result<()> {
    let forms = match name {
        Some(name) => vec![find(name)?],
        None => registry().to_vec(),
    };
    let definitions: Vec<_> = forms.iter().map(|form| form.definition()).collect();
    output::print(format, &List(forms), &definitions)
}

impl fmt::Display for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, form) in self.0.iter().enumerate() {
            let definition = form.definition();
            if index > 0 {
                write!(formatter, "\n\n")?;
            }
            writeln!(formatter, "{}", definition.name)?;
            writeln!(formatter, "    {}", definition.equation)?;
            writeln!(formatter, "    {}", definition.source)?;
            for column in definition.inputs.iter() {
                writeln!(formatter, "    needs    {}", column_line(column))?;
            }
            writeln!(formatter, "    predicts {}", column_line(&definition.response))?;
            for (index, parameter) in definition.parameters.iter().enumerate() {
                let unit = if parameter.unit == "1" {
                    String::new()
                } else {
                    format!(" [{}]", parameter.unit)
                };
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
    let unit = if column.unit == "1" {
        String::new()
    } else {
        format!(" [{}]", column.unit)
    };
    format!(
        "{:<15} {}{unit}; {}",
        column.name,
        column.meaning,
        option_of(&column.name)
    )
}
