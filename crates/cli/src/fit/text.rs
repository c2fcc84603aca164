//! What a fit found, for people.

use std::fmt::{self, Write};

use triaxis_laws::{Estimate, Objective, Prediction, Reduction, Resampling, Robust};
use triaxis_runs::{Comparison, Outcome, Predicted, in_words, number, percent};
use triaxis_units::{Flops, Params, Tokens};

use super::sets;
use crate::table::Table;

/// Columns of a terminal.
const WIDTH: usize = 96;

/// An outcome as a terminal shows it.
pub struct Text<'a>(pub &'a Outcome);

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text)?;
        formatter.write_str(text.trim_end())
    }
}

impl Text<'_> {
    fn write(&self, formatter: &mut String) -> fmt::Result {
        let outcome = self.0;
        labelled(formatter, "data", &data(outcome))?;
        if let Some(comparison) = &outcome.comparison {
            writeln!(formatter, "\n{}", forms(comparison))?;
            labelled(formatter, "trust", &trust(comparison))?;
            labelled(formatter, "left out", &left_out(comparison))?;
            writeln!(formatter)?;
        }
        for note in &outcome.notes {
            labelled(formatter, "note", note)?;
        }
        labelled(formatter, "law", &outcome.law)?;
        labelled(
            formatter,
            "form",
            &format!("{}: {}", outcome.form, outcome.source),
        )?;
        labelled(formatter, "fit", &quality(outcome))?;
        write!(formatter, "\n{}", parameters(outcome))?;
        if !outcome.predictions.is_empty() {
            writeln!(formatter)?;
        }
        for predicted in &outcome.predictions {
            labelled(formatter, "predict", &prediction(predicted))?;
        }
        writeln!(formatter)?;
        if let Some(by) = &outcome.by {
            write!(formatter, "{}", sets::table(by, outcome))?;
            labelled(formatter, "by", &by.verdict)?;
            writeln!(formatter)?;
        }
        labelled(formatter, "check", &check(outcome))?;
        if let Some(flattening) = &outcome.flattening {
            labelled(formatter, "curve", flattening.words())?;
        }
        if let Some(outliers) = &outcome.outliers {
            labelled(formatter, "OUTLIER", &outliers.message)?;
        }
        for said in outcome.refusals.iter().map(|said| &said.message) {
            labelled(formatter, "REFUSED", said)?;
        }
        for (index, said) in outcome.warnings.iter().enumerate() {
            labelled(formatter, if index == 0 { "warning" } else { "" }, &said.message)?;
        }
        Ok(())
    }
}

/// A label and a text beside it, broken into lines.
fn labelled(formatter: &mut String, label: &str, text: &str) -> fmt::Result {
    const INDENT: usize = 9;
    let mut line = format!("{label:<INDENT$}");
    let mut length = INDENT;
    for word in text.split_whitespace() {
        let more = word.chars().count() + 1;
        if length + more > WIDTH && length > INDENT {
            writeln!(formatter, "{}", line.trim_end())?;
            line = " ".repeat(INDENT);
            length = INDENT;
        }
        line.push_str(word);
        line.push(' ');
        length += more;
    }
    writeln!(formatter, "{}", line.trim_end())
}

fn data(outcome: &Outcome) -> String {
    let rows = match outcome.rows_in_file {
        found if outcome.rows == found => format!("{found} rows"),
        found => format!("{} of {found} rows", outcome.rows),
    };
    let rows = match outcome.runs {
        Some(runs) => format!("{rows} of {runs} runs"),
        None => rows,
    };
    let dropped = match outcome.rows_dropped {
        0 => String::new(),
        dropped => format!(" ({dropped} of the highest loss dropped)"),
    };
    let columns: Vec<String> = outcome
        .columns
        .iter()
        .map(|(input, column)| format!("{input} = {column}"))
        .collect();
    format!(
        "{}, {rows}{dropped}: {}",
        outcome.file.display(),
        columns.join(", ")
    )
}

fn quality(outcome: &Outcome) -> String {
    if !outcome.optima.is_empty() {
        return format!(
            "least squares of logarithms through {} optima, from compute {} to {}; R2 {:.4}",
            outcome.optima.len(),
            Flops(outcome.optima[0].flops),
            Flops(outcome.optima[outcome.optima.len() - 1].flops),
            outcome.r_squared
        );
    }
    if outcome.resampling == Resampling::Posterior {
        return format!(
            "the likeliest parameters, minus the logarithm of their density {:.4}; R2 of the curve {:.4}",
            outcome.objective, outcome.r_squared
        );
    }
    let Objective {
        robust,
        reduction,
        residual,
        ..
    } = outcome.minimised;
    let residual = match residual {
        triaxis_laws::form::Residual::Log => "log residuals",
        triaxis_laws::form::Residual::Linear => "residuals",
    };
    let robust = match robust {
        Robust::Huber { delta } => format!("Huber, delta {delta}"),
        Robust::Absolute => "least absolute deviations".into(),
        Robust::Squares => "least squares".into(),
    };
    let reduction = match reduction {
        Reduction::Sum => "sum",
        Reduction::Mean => "mean",
    };
    let minima = match outcome.local_minima {
        1 => "all to one minimum".into(),
        more => format!("to {more} local minima, of which this is the best"),
    };
    format!(
        "{robust} of {residual}, {reduction} {:.6e}; R2 {:.4}; {} starts, {minima}",
        outcome.objective, outcome.r_squared, outcome.starts
    )
}

fn parameters(outcome: &Outcome) -> Table {
    let mut table = Table::new(["parameter", "value", "low", "high", "identified"]);
    for name in &outcome.order {
        let Some(parameter) = outcome.parameters.get(name) else {
            continue;
        };
        let estimate = parameter.estimate;
        table.row([
            name.clone(),
            number(estimate.value),
            end(estimate.open_below, "≤", estimate.interval.map(|of| of.low)),
            end(estimate.open_above, "≥", estimate.interval.map(|of| of.high)),
            match open_side(&estimate) {
                _ if estimate.identified => "yes".into(),
                "" => "NO".into(),
                side => format!("NO, {side}"),
            },
        ]);
    }
    table
}

/// An end of an interval, marked where it is open; a dash where there is none.
pub fn end(open: bool, mark: &str, at: Option<f64>) -> String {
    let mark = if open { mark } else { "" };
    at.map_or_else(|| "–".into(), |at| format!("{mark}{}", number(at)))
}

/// The side on which the data leave a parameter open; empty when it is neither or both.
pub fn open_side(estimate: &Estimate) -> &'static str {
    match (estimate.open_below, estimate.open_above) {
        (true, false) => "below",
        (false, true) => "above",
        _ => "",
    }
}

/// How many times, in three digits.
fn factor(times: f64) -> String {
    match times {
        times if times < 100.0 => format!("{times:.1}"),
        times if times < 1e6 => format!("{times:.0}"),
        times => format!("{times:.1e}"),
    }
}

/// An input as people write it.
pub fn quantity(input: &str, value: f64) -> String {
    let written = match input {
        "params" | "params_opt" => Params::from_f64_rounded(value)
            .ok()
            .map(|value| value.to_string()),
        "flops" => Some(Flops(value).to_string()),
        name if name.contains("tokens") => Tokens::from_f64_rounded(value)
            .ok()
            .map(|value| value.to_string()),
        _ => None,
    };
    written.filter(|_| value >= 1.0).unwrap_or_else(|| number(value))
}

/// The inputs of a prediction, in words.
pub fn inputs(predicted: &Predicted) -> String {
    let inputs = predicted.of.iter().take(1).flat_map(|(_, of)| &of.inputs);
    let words = inputs.map(|(name, value)| format!("{name} {}", quantity(name, *value)));
    words.collect::<Vec<_>>().join(", ")
}

/// How far a prediction lies beyond the runs fitted, in each input that does.
pub fn reach(of: &Prediction) -> String {
    let beyond = of.reach.iter().filter(|(_, reach)| !reach.is_within());
    let words: Vec<String> = beyond
        .map(|(name, reach)| match reach.factor {
            above if above.is_finite() && above > 1.0 => format!("{name} {} times above", factor(above)),
            below if below > 0.0 && below < 1.0 => format!("{name} {} times below", factor(below.recip())),
            _ => format!(
                "{name} outside {} to {}",
                number(reach.smallest),
                number(reach.largest)
            ),
        })
        .collect();
    match (words.is_empty(), of.extrapolation()) {
        (true, _) => "within what was fitted".into(),
        (false, None) => format!("beyond what was fitted: {}", words.join(", ")),
        (false, Some(reason)) => refused(&reason),
    }
}

fn refused(reason: &str) -> String {
    format!("NO PREDICTION but an extrapolation: {reason}")
}

fn prediction(predicted: &Predicted) -> String {
    if let Some(reason) = predicted.refused() {
        return format!("{}: {}{}", inputs(predicted), refused(&reason), basis(predicted));
    }
    let responses = predicted.of.iter().map(|(response, of)| {
        let written = |value: f64| match response.as_str() {
            "params_opt" | "tokens_opt" => quantity(response, value),
            _ => number(value),
        };
        let value = written(of.value);
        match of.interval.map(|of| [of.low, of.high].map(written)) {
            Some([low, high]) => {
                format!("{response} {value} ({low} to {high} at {:.0}%)", 100.0 * of.level)
            }
            None => format!("{response} {value} (– to –: no interval)"),
        }
    });
    let reach = predicted.of.first().map(|(_, of)| reach(of)).unwrap_or_default();
    let responses = responses.collect::<Vec<_>>().join(", ");
    format!("{}: {responses}, {reach}{}", inputs(predicted), basis(predicted))
}

/// Which forms a prediction is of, and what of the request they leave out; empty for one law that was asked for.
pub fn basis(predicted: &Predicted) -> String {
    let forms = match predicted.shares.is_empty() {
        true => String::new(),
        false => format!("; by {}", in_words(&predicted.shares)),
    };
    let unheeded = predicted.unheeded.join(" and ");
    match (predicted.unheeded.is_empty(), predicted.shares.is_empty()) {
        (true, _) => forms,
        (false, true) => format!("; the law DOES NOT READ {unheeded}: any other value has the same answer"),
        (false, false) => format!("{forms}, which DO NOT ALL READ {unheeded}"),
    }
}

/// What was not compared, and why.
pub fn left_out(comparison: &Comparison) -> String {
    let possible = comparison.left_out.iter().filter(|law| law.possible);
    let mut words: Vec<String> = possible
        .map(|law| format!("{}: {}", law.form, law.reason))
        .collect();
    let others = comparison.left_out.len() - words.len();
    if others > 0 {
        words.push(format!(
            "{others} that need columns the file does not have (--list tells which)"
        ));
    }
    words.join("; ")
}

/// The check on runs held out, in words.
pub fn check(outcome: &Outcome) -> String {
    let Some(checked) = &outcome.holdout else {
        return "no runs could be held out".into();
    };
    let (which, one) = match (outcome.is_counted, checked.largest) {
        (true, true) => ("largest numbers of samples", "largest number of samples"),
        (true, false) => ("numbers of samples held out", "number of samples held out"),
        (false, true) => ("largest runs", "largest run"),
        (false, false) => ("runs held out", "run held out"),
    };
    let what = if outcome.optima.is_empty() {
        "the"
    } else {
        "the optima of the"
    };
    let (which, them) = match checked.of.rows.len() {
        1 => (one.to_owned(), "it"),
        count => (format!("{count} {which}"), "them"),
    };
    format!(
        "{what} {which}, predicted from the other {}, which end {} times below {them}: {} off on average (predicting the mean: {})",
        checked.of.fitted,
        factor(checked.of.reach),
        percent(checked.of.mean_absolute, 2),
        percent(checked.of.baseline, 1),
    )
}

/// Which form to trust, and why.
pub fn trust(comparison: &Comparison) -> String {
    match &comparison.trusted {
        Some(form) => format!("{form}: {}", comparison.why),
        None => comparison.why.clone(),
    }
}

/// What was fitted and how, as terms and words.
pub fn facts(outcome: &Outcome) -> Vec<(String, String)> {
    let replicates = outcome.replicates;
    let drawn = |what: &str| format!("{replicates} bootstraps of {what}");
    let drawn = match outcome.resampling {
        Resampling::Posterior => format!("{replicates} draws of the posterior"),
        Resampling::Residual if !outcome.optima.is_empty() => drawn("losses around each curve"),
        Resampling::Case if outcome.runs.is_some() => drawn("whole runs"),
        Resampling::Residual if outcome.runs.is_some() => drawn("residuals of whole runs"),
        Resampling::Case => drawn("rows"),
        Resampling::Residual => drawn("residuals"),
    };
    let facts = [
        ("Data", data(outcome)),
        ("Objective", quality(outcome)),
        (
            "Intervals",
            match outcome.fit.freedom {
                0 => "none: nothing tells of the noise".into(),
                _ => format!("{:.0}%, {drawn}, seed {}", 100.0 * outcome.level, outcome.seed),
            },
        ),
        (
            "Noise of one run",
            outcome.noise.map_or_else(|| "–".into(), number),
        ),
        ("LaTeX", outcome.latex.clone()),
    ];
    let sweep = outcome.sweep.iter().map(|sweep| ("Sweep", sweep.note()));
    let by = outcome.by.iter().map(|by| ("Sets of runs", by.verdict.clone()));
    let facts = facts.into_iter().chain(sweep).chain(by);
    facts.map(|(term, words)| (term.to_owned(), words)).collect()
}

fn forms(comparison: &Comparison) -> String {
    let mut table = Table::new([
        "form",
        "held-out error",
        "share",
        "mean's error",
        "R2",
        "parameters",
        "not identified",
    ]);
    let percent = |share: Option<f64>| share.map_or_else(|| "-".into(), |share| percent(share, 2));
    let mut reasons = String::new();
    for form in &comparison.forms {
        if let Some(refused) = &form.refused {
            reasons.push_str(&format!("{} refused: {refused}\n", form.form));
        }
        table.row([
            form.form.clone(),
            percent(form.held_out_error),
            form.share
                .map_or_else(|| "-".into(), |share| format!("{:.0}%", 100.0 * share)),
            percent(form.baseline),
            form.r_squared
                .map_or_else(|| "-".into(), |share| format!("{share:.4}")),
            form.parameters.to_string(),
            form.unidentified.join(", "),
        ]);
    }
    format!("{table}{reasons}")
}
