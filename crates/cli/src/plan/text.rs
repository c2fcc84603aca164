//! A decision as a terminal shows it.

use std::fmt::{self, Write};

use triaxis_plan::decide::{Alternative, Decision, GainOf, NextToken, Risk, Running};
use triaxis_units::{Dollars, Estimate, Seconds, Tokens};

use crate::output::prose;
use crate::table::Table;

/// A decision for people.
pub struct Text<'a>(pub &'a Decision);

/// What a decision comes to, without what would change it and without what it stands on.
pub struct Brief<'a>(pub &'a Decision);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        recommendation(&mut text, self.0)?;
        alternatives(&mut text, self.0)?;
        cautions(&mut text, self.0)?;
        formatter.write_str(text.trim_end())
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decision = self.0;
        let mut text = String::new();
        recommendation(&mut text, decision)?;
        alternatives(&mut text, decision)?;
        changes(&mut text, decision)?;
        axes(&mut text, decision)?;
        wall(&mut text, decision)?;
        trials(&mut text, decision)?;
        risks(&mut text, decision)?;
        cautions(&mut text, decision)?;
        writeln!(text, "{}", prose("laws: ", &laws(decision)))?;
        formatter.write_str(text.trim_end())
    }
}

/// In place of a loss that nothing vouches for.
const TOO_FAR: &str = "too far to tell";

fn dollars(dollars: f64) -> String {
    Dollars(dollars).to_string()
}

fn money(estimate: &Estimate) -> String {
    with(estimate, dollars)
}

fn loss(value: f64) -> String {
    format!("{value:.3}")
}

fn time(days: f64) -> String {
    Seconds(days * 86_400.0).to_string()
}

fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

fn count(tokens: f64) -> String {
    Tokens(tokens.max(0.0).round() as u64).to_string()
}

fn with(estimate: &Estimate, print: fn(f64) -> String) -> String {
    let value = print(estimate.value);
    let ends = estimate
        .interval
        .map(|interval| [interval.low, interval.high].map(print));
    match ends {
        // An interval that is narrower than what is printed is none.
        Some([low, high]) if low != high => format!("{value} ({low} to {high})"),
        _ => value,
    }
}

fn recommendation(text: &mut String, decision: &Decision) -> fmt::Result {
    let first = &decision.choices[0];
    if !decision.title.is_empty() {
        writeln!(text, "{}\n", decision.title)?;
    }
    let what = format!("Wanted: {}.", decision.aim.words());
    writeln!(text, "{}", prose("", &what))?;
    let said = match &decision.instead {
        None => format!("Recommended: {}.", described(first)),
        Some(instead) => format!(
            "No recommendation. {instead} As arithmetic and not as a forecast it would be: {}.",
            described(first)
        ),
    };
    writeln!(text, "{}", prose("", &said))?;
    writeln!(text, "{}", prose("", &outcome(decision, first)))?;
    writeln!(
        text,
        "{}\n",
        prose(
            "",
            &format!(
                "Of the dollars, {} on average: {}.",
                dollars(first.bill.total()),
                split(first)
            )
        )
    )?;
    if let (Some(running), None) = (&decision.running, &decision.instead) {
        writeln!(text, "{}\n", prose("", &operated(running)))?;
    }
    Ok(())
}

/// What the run is like for those who watch it.
fn operated(running: &Running) -> String {
    let mut said = format!(
        "Of its devices one fails every {}, and a checkpoint, of {}, is best written every {}.",
        running.failure_every, running.checkpoint, running.checkpoint_every
    );
    if let Some(watt_hours) = running.watt_hours {
        said += &format!(" Training draws {} at the meter.", energy(watt_hours));
    }
    said
}

fn energy(watt_hours: f64) -> String {
    let (unit, size) = match watt_hours {
        1e9.. => ("GWh", 1e9),
        1e6.. => ("MWh", 1e6),
        1e3.. => ("kWh", 1e3),
        _ => ("Wh", 1.0),
    };
    format!("{:.3} {unit}", watt_hours / size)
}

fn described(choice: &Alternative) -> String {
    let text: Vec<String> = choice
        .text
        .iter()
        .map(|(name, unique, seen)| {
            let passes = if seen / unique > 1.005 {
                format!(" in {:.2} passes", seen / unique)
            } else {
                String::new()
            };
            format!("{} of {name}{passes}", count(*unique))
        })
        .collect();
    format!(
        "{}, trained on {} tokens: {}",
        choice.name,
        with(&choice.tokens, count),
        text.join(", ")
    )
}

fn outcome(decision: &Decision, choice: &Alternative) -> String {
    let loss = match choice.is_too_far() {
        true => TOO_FAR.to_owned(),
        false => format!("{} {}", with(&choice.loss, loss), decision.unit),
    };
    let met = match choice.chance_of_meeting {
        all if all >= 0.995 => String::new(),
        some => format!("Where it succeeds, {} of the draws: ", percent(some)),
    };
    let mut said = format!(
        "{met}Loss {loss}; {} in all, {} before serving",
        money(&choice.dollars),
        money(&choice.before_serving)
    );
    if let Some(right) = &choice.right {
        said += &format!(
            "; {} of queries answered right, worth {}",
            with(right, percent),
            money(&choice.value)
        );
    }
    if let Some(days) = &choice.days {
        said += &format!(
            "; {} of training on {} {}",
            with(days, time),
            choice.devices,
            decision.training_hardware
        );
    }
    said + &format!(
        ". {} intervals; best of {} choices in {} of {} draws, and what it loses where another is better is {} on average.",
        percent(decision.level),
        decision.compared,
        percent(choice.chance_of_best),
        decision.draws,
        regret(decision, choice)
    )
}

fn regret(decision: &Decision, choice: &Alternative) -> String {
    match decision.aim.in_dollars() {
        true => dollars(choice.regret),
        false => format!("{:.4} ({})", choice.regret, dollars(choice.regret_dollars)),
    }
}

fn split(choice: &Alternative) -> String {
    let total = choice.bill.total();
    let parts = choice.bill.parts();
    let parts = parts.iter().filter(|(_, part)| *part > 0.0005 * total);
    let parts: Vec<String> = parts
        .map(|(name, part)| format!("{name} {} ({})", dollars(*part), percent(part / total)))
        .collect();
    parts.join(", ")
}

fn alternatives(text: &mut String, decision: &Decision) -> fmt::Result {
    let mut table = Table::new([
        "choice",
        "tokens",
        "loss",
        "dollars",
        "regret",
        "best in",
        "does it in",
        "main risk",
    ]);
    for choice in &decision.choices {
        table.row([
            choice.name.clone(),
            count(choice.tokens.value),
            match choice.is_too_far() {
                true => TOO_FAR.to_owned(),
                false => with(&choice.loss, loss),
            },
            money(&choice.dollars),
            regret(decision, choice),
            percent(choice.chance_of_best),
            percent(choice.chance_of_meeting),
            choice
                .risks
                .first()
                .map_or_else(|| "-".to_owned(), |risk| short(&risk.what)),
        ]);
    }
    writeln!(text, "{table}")?;
    let shown: f64 = decision.choices.iter().map(|choice| choice.chance_of_best).sum();
    let others = decision.compared - decision.choices.len();
    if others > 0 && shown < decision.met - 0.01 {
        let said = format!(
            "In a further {} of the draws one of the {others} other choices that were compared is best.",
            percent(decision.met - shown)
        );
        writeln!(text, "{}\n", prose("", &said))?;
    }
    Ok(())
}

/// The part of a risk before its first explanation.
fn short(risk: &str) -> String {
    let end = risk.find([':', ';', '(']).unwrap_or(risk.len());
    risk[..end].trim().to_owned()
}

fn changes(text: &mut String, decision: &Decision) -> fmt::Result {
    if decision.break_evens.is_empty() {
        return writeln!(
            text,
            "What would change it: nothing alone, within a thousand times either way.\n"
        );
    }
    let mut table = Table::new(["what would change it", "now", "changes at", "chance", "to"]);
    for one in &decision.break_evens {
        table.row([
            one.what.clone(),
            number(one.now),
            number(one.at),
            percent(one.chance),
            one.becomes.clone(),
        ]);
    }
    writeln!(text, "{table}")
}

/// A number of any kind: three digits, large ones with a letter.
fn number(number: f64) -> String {
    match number.abs() {
        1e4.. => count(number),
        1.0.. => format!("{}", (number * 100.0).round() / 100.0),
        _ => format!("{number:.3}"),
    }
}

fn axes(text: &mut String, decision: &Decision) -> fmt::Result {
    let mut table = Table::new([
        "what the next dollar buys",
        "now",
        "next $1,000",
        "doubling costs",
        "is worth",
        "gains",
        "the one after",
    ]);
    for axis in &decision.axes {
        let sign = match axis.gain_is {
            _ if axis.next_dollar * 1e3 < 1e-9 => "nothing".to_owned(),
            GainOf::Loss => format!("{:.2e} loss", axis.next_dollar * 1e3),
            GainOf::Right => format!("{:.2e} right", axis.next_dollar * 1e3),
        };
        table.row([
            axis.name.clone(),
            if axis.unit == "dollars" {
                dollars(axis.now)
            } else {
                format!("{} {}", count(axis.now), axis.unit)
            },
            if axis.is_free { "free".to_owned() } else { sign },
            dollars(axis.doubling_costs),
            axis.doubling_is_worth.map_or_else(|| "-".to_owned(), dollars),
            format!("{:.4}", axis.doubling.max(0.0)),
            axis.fades_to.map_or_else(|| "-".to_owned(), percent),
        ]);
    }
    writeln!(text, "{table}")
}

fn wall(text: &mut String, decision: &Decision) -> fmt::Result {
    let wall = &decision.wall;
    let mut table = Table::new([
        "the data wall",
        "at hand",
        "taken",
        "passes",
        "one more is worth",
        "next 1B saves",
    ]);
    for tier in &wall.tiers {
        table.row([
            tier.name.clone(),
            if tier.is_endless {
                "without end".to_owned()
            } else {
                with(&tier.unique, count)
            },
            count(tier.taken),
            format!("{:.2}", tier.epochs),
            with(&tier.next_epoch, percent),
            format!("{:.2e}", tier.next_billion),
        ]);
    }
    let mut novel = String::new();
    for tier in &wall.tiers {
        if let Some(next) = &tier.novelty {
            novel += &prose("", &newness(&tier.name, next));
            novel.push('\n');
        }
    }
    let year = |year: f64| format!("{year:.0}");
    let field = format!(
        "Of everybody's text, {} tokens with what repeating gains (Villalobos et al. 2024), this takes {:.2}%; the largest \
         trainings grow {:.1} times a year and take all of it in {} by that trend.",
        with(&wall.stock, count),
        100.0 * wall.share,
        wall.growth,
        with(&wall.year, year)
    );
    writeln!(text, "{table}{novel}{}\n", prose("", &field))
}

/// How new the next token of a text is, by its own curve.
fn newness(name: &str, next: &NextToken) -> String {
    format!(
        "The next token of `{name}` ends a run of {} that the text at hand does not have with a chance of {} (Good and \
         Turing, by {} tokens of it that were counted); different runs grow with the power {} of the text (Heaps).",
        next.order,
        with(&next.chance, percent),
        count(next.counted),
        with(&next.heaps, |power| format!("{power:.2}"))
    )
}

fn trials(text: &mut String, decision: &Decision) -> fmt::Result {
    if decision.trials.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["the next experiment", "costs", "saves", "flips", "worth it"]);
    for trial in &decision.trials {
        table.row([
            trial.name.clone(),
            dollars(trial.cost),
            format!(
                "{} ± {}",
                dollars(trial.value.max(0.0)),
                dollars(2.0 * trial.error)
            ),
            percent(trial.flips),
            if trial.is_worth_it { "yes" } else { "no" }.to_owned(),
        ]);
    }
    writeln!(text, "{table}")?;
    match decision.on_trials() {
        Some(verdict) => writeln!(text, "{verdict}\n"),
        None => Ok(()),
    }
}

/// All risks of the first choice, and the gravest of each other one, with what is done about it.
fn risks(text: &mut String, decision: &Decision) -> fmt::Result {
    let (first, others) = (&decision.choices[0], &decision.choices[1..]);
    let all = first.risks.iter().map(|risk| (first, risk));
    let main = others.iter().filter_map(|one| Some((one, one.risks.first()?)));
    let mut told: Vec<(&Risk, Vec<&str>)> = Vec::new();
    for (choice, risk) in all.chain(main) {
        match told.iter_mut().find(|(known, _)| *known == risk) {
            Some((_, of)) => of.push(&choice.name),
            None => told.push((risk, vec![&choice.name])),
        }
    }
    for (risk, of) in &told {
        let said = format!(
            "{}. Mitigation: {}. (Of {}.)",
            risk.what,
            risk.mitigation,
            of.join("; ")
        );
        writeln!(text, "{}", prose("risk: ", &said))?;
    }
    Ok(())
}

fn cautions(text: &mut String, decision: &Decision) -> fmt::Result {
    for caution in &decision.cautions {
        writeln!(text, "{}", prose("! ", caution))?;
    }
    Ok(())
}

fn laws(decision: &Decision) -> String {
    let laws = decision.laws.iter().filter(|law| law.weight > 0.0).map(|law| {
        format!(
            "{} ({} of the draws; {}; {} draws of its constants)",
            law.name,
            percent(law.weight),
            law.source,
            law.draws
        )
    });
    laws.collect::<Vec<_>>().join("; ")
}
