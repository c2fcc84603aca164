//! Which columns of a file are read, and what their numbers must be.

use triaxis_laws::form::{Column, Definition, Residual, Scale};
use triaxis_laws::forms::registry;
use triaxis_tables::{Rule, Wanted};

use crate::columns::Columns;
use crate::form::Chosen;
use crate::sweep::TUNED;
use crate::{Misuse, counts};

/// Columns that are read where the file has them, since they tell how large a run was.
pub const SIZES: [&str; 4] = ["flops", "params", "tokens", "steps"];

/// The response that is fitted, and the columns to be read for the law that was chosen.
pub fn wanted(
    chosen: &Chosen,
    columns: &Columns,
    residual: Option<Residual>,
) -> Result<(String, Vec<Wanted>), Misuse> {
    let (response, mut wanted) = match chosen.definition() {
        Some(definition) => of_one(chosen, definition, columns, residual)?,
        None => of_all(columns)?,
    };
    if columns.count_for(&response) {
        return Ok((response, counts::wanted(columns)));
    }
    // The losses of a sweep tell which of its settings are best.
    let losses = TUNED.contains(&response.as_str()).then_some("loss");
    if losses.is_some() {
        columns.unambiguous("loss")?;
    }
    for name in SIZES.into_iter().chain(losses) {
        if let Some(source) = columns.sources.get(name)
            && !wanted.iter().any(|wanted| wanted.name == name)
        {
            wanted.push(Wanted {
                name: name.into(),
                source: source.clone(),
                rule: Rule::Positive,
            });
        }
    }
    Ok((response, wanted))
}

/// The columns of a user's form.
pub fn own(chosen: &Chosen) -> Vec<String> {
    let columns = chosen.columns().into_iter();
    columns.map(|column| column.name.to_string()).collect()
}

/// The response that is fitted, and the columns of one law.
fn of_one(
    chosen: &Chosen,
    definition: &Definition,
    columns: &Columns,
    residual: Option<Residual>,
) -> Result<(String, Vec<Wanted>), Misuse> {
    let is_own = matches!(chosen, Chosen::Own(_));
    let response = match chosen {
        Chosen::Frontier(_) => "loss",
        _ => definition.response.name.as_ref(),
    };
    if columns.count_for(response) {
        return Ok((response.to_owned(), Vec::new()));
    }
    let rule = |column: &Column| match residual.unwrap_or(definition.residual) {
        _ if column.name != response => rule(column),
        Residual::Log => Rule::Positive,
        Residual::Linear if is_own => Rule::Finite,
        Residual::Linear => rule(column),
    };
    let wanted = chosen.columns().into_iter().map(|column| {
        Ok(Wanted {
            name: column.name.to_string(),
            source: columns.needed(&definition.name, column)?.clone(),
            rule: rule(column),
        })
    });
    Ok((response.to_owned(), wanted.collect::<Result<_, Misuse>>()?))
}

/// Every input of every form that has all its columns, and the response that is compared.
fn of_all(columns: &Columns) -> Result<(String, Vec<Wanted>), Misuse> {
    if let Some(input) = columns.first_ambiguous() {
        columns.unambiguous(input)?;
    }
    // Most forms predict a loss; another response is taken only where there is none.
    let suited: Vec<_> = registry()
        .iter()
        .filter(|form| columns.suit(form.definition()))
        .collect();
    let response = suited
        .iter()
        .map(|form| form.response())
        .find(|response| response.name == "loss");
    let Some(response) = response.or(suited.first().map(|form| form.response())) else {
        return Err(Misuse::NothingSuits {
            recognised: columns.recognised(),
            missing: columns.missing(),
            near: columns.near(),
            available: columns.available(),
        });
    };
    if columns.count_for(&response.name) {
        return Ok((response.name.to_string(), Vec::new()));
    }
    let mut wanted: Vec<Wanted> = Vec::new();
    for form in suited.iter().filter(|form| form.response().name == response.name) {
        for column in form.inputs().iter().chain([response]) {
            let known = wanted.iter_mut().find(|wanted| wanted.name == column.name);
            match known {
                Some(known) if rule(column) == Rule::Positive => known.rule = Rule::Positive,
                Some(_) => {}
                None => wanted.push(Wanted {
                    name: column.name.to_string(),
                    source: columns.needed(form.name(), column)?.clone(),
                    rule: rule(column),
                }),
            }
        }
    }
    Ok((response.name.to_string(), wanted))
}

fn rule(column: &Column) -> Rule {
    match column.scale {
        Scale::Log => Rule::Positive,
        Scale::Linear => Rule::Finite,
    }
}
