//! What a question takes from what lies beside it: requests that were seen, prices of hosts, corpora, studies.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use triaxis_corpus::Corpus;
use triaxis_plan::api::ApiPrices;
use triaxis_plan::decide::Tier;
use triaxis_plan::demand::Trace;
use triaxis_plan::{PlanError, Question, Share, Uncertain};
use triaxis_study::{Store, TokenWorth, best_share, novelty, token_worth};
use triaxis_units::Requests;

use crate::failure::Usage;

/// Seconds of a month.
const MONTH: f64 = 365.25 / 12.0 * DAY;
const DAY: f64 = 86_400.0;

/// Reads the tables and corpora that a question names, which are relative to its own folder, and fills in what it leaves to them.
pub fn fill(question: &mut Question, folder: &Path) -> anyhow::Result<()> {
    for tier in &mut question.tiers {
        measured(tier, folder)?;
        mixed(tier, folder)?;
        let Some(path) = &tier.corpus else { continue };
        let place = folder.join(path);
        if !place.is_dir() {
            return Err(Usage(format!(
                "`corpus` of the text `{}` is `{}`, and no folder is there: name that of a prepared corpus, as `triaxis study \
                 library list` tells them",
                tier.name,
                path.display()
            ))
            .into());
        }
        let corpus = Corpus::open(&place)?;
        let Some(novelty) = &corpus.manifest().novelty else {
            return Err(Usage(format!(
                "the corpus `{}` was prepared by a version that did not count how new its tokens are: prepare it again in another \
                 folder, or leave `corpus` of the text `{}` out",
                path.display(),
                tier.name
            ))
            .into());
        };
        tier.curve = Some(novelty::curve(novelty)?);
    }
    if let Some(life) = &mut question.demand {
        let alone = life.classes.len() == 1;
        for class in &mut life.classes {
            let Some(path) = &class.trace else { continue };
            let given = class.tokens_in != 0.0 || class.tokens_out != 0.0;
            if given {
                return Err(Usage(format!(
                    "the class `{}` has both `trace` and tokens of its own: leave one out",
                    class.name
                ))
                .into());
            }
            let trace = read(&folder.join(path), "trace", Trace::read)?;
            let traffic = trace.traffic();
            (class.tokens_in, class.tokens_out) = (traffic.prompt, traffic.output);
            if life.queries_per_month.value().0 == 0
                && let Some(rate) = trace.rate().filter(|_| alone)
            {
                life.queries_per_month = monthly(rate, trace.seconds().unwrap_or(0.0))?;
            }
        }
    }
    let Some(hosted) = &mut question.hosted else {
        return Ok(());
    };
    let Some(path) = &hosted.prices else { return Ok(()) };
    if hosted.input.is_some() || hosted.output.is_some() {
        return Err(
            Usage("hosted has both `prices` and a price of its own: leave one out".to_owned()).into(),
        );
    }
    let prices = read(&folder.join(path), "prices", ApiPrices::read)?;
    // Of prompts of any length; those of each class are looked up by its own.
    let price = prices.at(&hosted.model, hosted.date, 0.0)?;
    (hosted.input, hosted.cached_input, hosted.output) =
        (Some(price.input), price.cached_input, Some(price.output));
    hosted.table = Some(prices.of_model(&hosted.model));
    Ok(())
}

/// Takes what a token of a text is worth from the study that it names.
fn measured(tier: &mut Tier, folder: &Path) -> anyhow::Result<()> {
    let (path, arm) = match (&tier.study, &tier.arm) {
        (None, None) => return Ok(()),
        (Some(path), Some(arm)) => (path, arm),
        _ => {
            let name = &tier.name;
            let rule = format!("the text `{name}` has one of `study` and `arm`: give both, or `worth` alone");
            return Err(Usage(rule).into());
        }
    };
    if tier.worth != Uncertain::certain(1.0) {
        let name = &tier.name;
        return Err(Usage(format!(
            "the text `{name}` has `worth` and `study`: leave one out"
        ))
        .into());
    }
    let TokenWorth { worth, baseline } = token_worth(&Store::new(folder.join(path)), arm)?;
    tier.worth = worth;
    if tier.source.is_empty() {
        tier.source = format!("`{arm}` beside `{baseline}`, in the study {}", path.display());
    }
    Ok(())
}

/// Takes the largest share of a text from the sweep over mixtures that it names.
fn mixed(tier: &mut Tier, folder: &Path) -> anyhow::Result<()> {
    let Some(path) = &tier.mixture else { return Ok(()) };
    if tier.most_share < Share(1.0) {
        let name = &tier.name;
        return Err(Usage(format!(
            "the text `{name}` has `most_share` and `mixture`: leave one out"
        ))
        .into());
    }
    let share = best_share(&Store::new(folder.join(path)), &tier.name)?;
    tier.most_share = Share(
        share
            .interval
            .map_or(share.value, |ends| ends.high)
            .clamp(0.0, 1.0),
    );
    if tier.source.is_empty() {
        tier.source = format!(
            "at most its share of the best mixture, in the study {}",
            path.display()
        );
    }
    Ok(())
}

/// Requests of a month by the rate of a trace of so many seconds: days differ by a third or so, and within a day an hour
/// may have twice the mean's requests or half of them.
fn monthly(rate: f64, seconds: f64) -> Result<Uncertain<Requests>, PlanError> {
    let factor = match seconds {
        MONTH.. => 1.1,
        DAY.. => 1.3,
        _ => 2.0,
    };
    let [value, low, high] =
        [1.0, 1.0 / factor, factor].map(|factor| Requests((rate * MONTH * factor).round() as u64));
    Uncertain::new(value, low, high)
}

fn read<T>(path: &Path, what: &str, of: impl Fn(&str) -> Result<T, PlanError>) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        // It is whole, and no text.
        ErrorKind::InvalidData => {
            let path = path.display();
            Usage(format!(
                "the {what} `{path}` is not UTF-8: name a CSV file, saved as UTF-8 text"
            ))
            .into()
        }
        _ => anyhow::Error::new(error).context(format!(
            "cannot read the {what} `{}`; name a CSV file",
            path.display()
        )),
    })?;
    of(&text).with_context(|| format!("`{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_of_hours_leaves_a_month_open() {
        for (seconds, times) in [(3600.0, 2.0), (2.0 * DAY, 1.3), (2.0 * MONTH, 1.1)] {
            let month = monthly(1.0, seconds).unwrap();
            let of = |requests: Requests| requests.0 as f64 / MONTH;
            assert!((of(month.value()) - 1.0).abs() < 1e-6, "{month:?}");
            assert!((of(month.high()) / times - 1.0).abs() < 1e-6, "{month:?}");
            assert!((of(month.low()) * times - 1.0).abs() < 1e-6, "{month:?}");
        }
    }
}
