//! `triaxis fit --mixture`: a law of the shares of domains, and the best shares.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use triaxis_laws::mixture::MixtureOptions;
use triaxis_runs::{MixtureOutcome, MixtureRequest, number, percent};
use triaxis_units::Estimate;

use super::Arguments;
use crate::output::{self, prose};
use crate::table::Table;

/// Fits the mixtures of the file and prints what they say.
pub fn print(arguments: &Arguments, file: &Path) -> anyhow::Result<()> {
    let settings = arguments.options.settings(false, false)?;
    let request = MixtureRequest {
        domains: arguments.mixture.clone(),
        loss: arguments.columns.named().loss,
        form: arguments.form.clone(),
        caps: arguments.cap.clone(),
        filter: arguments.rows.selection().filter,
        options: MixtureOptions {
            replicates: settings.replicates,
            level: settings.level,
            seed: settings.seed,
        },
    };
    let outcome = MixtureOutcome::of(output::read_from(file), &request)?;
    output::print(arguments.format, &Text(&outcome), &outcome)
}

struct Text<'a>(&'a MixtureOutcome);

impl Display for Text<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self(outcome) = self;
        let fit = &outcome.fit;
        writeln!(
            formatter,
            "The {} law of {} runs of {} domains: {} of the variance, a run lies {} around it.\n",
            fit.form.name(),
            outcome.rows,
            outcome.domains.len(),
            percent(fit.r_squared, 1),
            number(fit.noise)
        )?;
        let mut table = Table::new(["domain", "best share", "largest in a run", "at most"]);
        for domain in &outcome.domains {
            let beyond = if domain.is_beyond {
                ", beyond every run"
            } else {
                ""
            };
            table.row([
                domain.name.clone(),
                format!("{}{beyond}", share(&domain.best)),
                percent(domain.largest, 1),
                percent(domain.cap, 1),
            ]);
        }
        writeln!(formatter, "{table}")?;
        writeln!(formatter, "{}", prose("", &gain(outcome)))?;
        if fit.left_out > 0 {
            let said = format!(
                "{} of {} bootstrap samples do not tell all domains apart and are left out: the intervals are of the others, and \
                 too narrow.",
                fit.left_out,
                fit.left_out + fit.draws.len()
            );
            writeln!(formatter, "{}", prose("", &said))?;
        }
        let errors: Vec<String> = outcome
            .forms
            .iter()
            .map(|form| {
                let error = form.error.map_or_else(|| "refused".to_owned(), number);
                format!("{} {error}", form.form)
            })
            .collect();
        write!(
            formatter,
            "{}",
            prose(
                "",
                &format!(
                    "Error on rows left out, a fifth at a time: {}.",
                    errors.join(", ")
                )
            )
        )
    }
}

/// What the best mixture gains over the best run, by the law, and what of that is luck.
fn gain(outcome: &MixtureOutcome) -> String {
    let ends = outcome.loss.interval.map_or_else(String::new, |interval| {
        format!(" ({} to {})", number(interval.low), number(interval.high))
    });
    let mut said = format!(
        "Its loss is {}{ends} by the law, which gives the mixture of the best run {} (measured {}).",
        number(outcome.loss.value),
        number(outcome.lowest_by_law),
        number(outcome.lowest)
    );
    if let Some(optimism) = outcome.optimism {
        said += &format!(
            " It is some {} too low, as a law is lowest where its errors made it so; mixtures within the intervals of the \
             shares are as good as these runs can tell.",
            number(optimism)
        );
    }
    said
}

fn share(share: &Estimate) -> String {
    let value = percent(share.value, 1);
    match share.interval {
        Some(interval) => format!(
            "{value} ({} to {})",
            percent(interval.low, 1),
            percent(interval.high, 1)
        ),
        None => value,
    }
}
