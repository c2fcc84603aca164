//! The sections of a decision's page.

use maud::{Markup, html};
use triaxis_plan::decide::{Alternative, Decision, GainOf};
use triaxis_units::{Dollars, Seconds};

use super::Section;
use super::component::{caveats, chart_of, estimate, folded, heads, nothing, number, table};
use crate::chart::DECISION_CHARTS;
use crate::text;
use crate::view::Estimate;

/// Every section of a decision, in the order of the page.
pub(crate) const SECTIONS: &[Section<Decision>] = &[
    Section::new("summary", "Answer", summary),
    Section::new("choices", "Choices", choices),
    Section::new("changes", "What would change it", changes),
    Section::new("frontier", "Cost against quality", |decision| {
        chart_of(DECISION_CHARTS, decision, "decision-frontier")
    }),
    Section::new("dollar", "What the next dollar buys", dollar),
    Section::new("experiment", "The next experiment", experiment),
    Section::new("wall", "The data wall", wall),
    Section::new("risks", "Risks", risks),
    Section::new("laws", "Laws", laws).folded(),
    Section::new("data", "Data", data).folded(),
];

/// A decision as a part of a study's page, whose own doubts are told with the others at its top.
pub(super) fn within(decision: &Decision) -> Markup {
    let parts = || {
        SECTIONS
            .iter()
            .filter(|section| !["summary", "data"].contains(&section.id))
    };
    html! {
        p { strong { "Wanted. " } (decision.aim.words()) "." }
        (answer(decision))
        @for part in parts() {
            @match part.id {
                "choices" => (choices(decision)),
                _ => (folded(part.title, (part.body)(decision))),
            }
        }
    }
}

fn money(dollars: f64) -> String {
    text::dollars(Dollars(dollars))
}

fn summary(decision: &Decision) -> Markup {
    html! { (answer(decision)) (caveats(&decision.cautions)) }
}

/// What to do, what that costs, and how sure it is.
fn answer(decision: &Decision) -> Markup {
    let first = &decision.choices[0];
    let title = if decision.is_recommended {
        "Recommended"
    } else {
        "No recommendation"
    };
    html! {
        @if let Some(instead) = &decision.instead {
            (caveats(&[format!(
                "Nothing is recommended. {instead} What the laws say follows, as arithmetic and not as a forecast."
            )]))
        }
        div.tiles {
            div.tile {
                h3 { (title) }
                p.headline { (first.name) }
                div.lines {
                    (line("tokens", estimate(&first.tokens, text::count)))
                    @for (name, unique, seen) in &first.text {
                        (line(name, html! { (text::count(*unique)) @if *seen > 1.005 * unique { " × " (text::number(seen / unique)) } }))
                    }
                    @if let Some(days) = &first.days {
                        (line("training", estimate(days, |days| Seconds(days * 86_400.0).to_string())))
                        (line("on", html! { (first.devices) " × " (decision.training_hardware) }))
                    }
                    @if let Some(running) = &decision.running {
                        (line("checkpoint every", html! { (running.checkpoint_every) }))
                    }
                }
            }
            div.tile {
                h3 { "Loss" }
                @if first.is_too_far() {
                    p.headline { "–" }
                    p.sub { "too far to tell" }
                } @else {
                    p.headline { (text::loss(first.loss.value)) }
                    p.sub { (decision.unit) (interval(&first.loss, text::loss)) }
                }
                @if let Some(right) = &first.right {
                    div.lines {
                        (line("answered right", estimate(right, text::percent)))
                        (line("worth", estimate(&first.value, money)))
                    }
                }
            }
            div.tile {
                h3 { "Dollars in all" }
                p.headline { (money(first.dollars.value)) }
                p.sub { (text::percent(decision.level)) " interval" (interval(&first.dollars, money)) }
                div.lines { (split(first)) }
            }
            div.tile {
                h3 { "How sure that is" }
                p.headline { (text::percent(first.chance_of_best)) }
                p.sub { "of " (decision.draws) " draws have no better of " (text::plural(decision.compared, "choice")) }
                div.lines {
                    (line("expected regret", html! { (regret(decision, first)) }))
                    (line("does what is asked in", html! { (text::percent(first.chance_of_meeting)) }))
                    (line("reach", html! { (first.reach.verdict.as_str()) }))
                }
            }
        }
    }
}

fn line(key: &str, value: Markup) -> Markup {
    html! { div.line { span.key { (key) } span { (value) } } }
}

/// An interval that has a width, after what it is of.
fn interval(estimate: &Estimate, print: fn(f64) -> String) -> Markup {
    html! {
        @if let Some(range) = estimate.interval.filter(|range| range.low < range.high) {
            " · " (print(range.low)) " to " (print(range.high))
        }
    }
}

/// The parts of the mean bill that are more than a rounding.
fn split(choice: &Alternative) -> Markup {
    let total = choice.bill.total();
    html! {
        @for (name, part) in choice.bill.parts() {
            @if part > 0.0005 * total {
                (line(name, html! { (money(part)) " " span.key { (text::percent(part / total)) } }))
            }
        }
    }
}

fn regret(decision: &Decision, choice: &Alternative) -> String {
    match decision.aim.in_dollars() {
        true => money(choice.regret),
        false => format!("{} ({})", text::loss(choice.regret), money(choice.regret_dollars)),
    }
}

fn choices(decision: &Decision) -> Markup {
    html! {
        (table(
            "Choices",
            heads(&["##", "Choice", "#Tokens", "#Loss", "#Dollars", "#Before serving", "#Regret", "#Best in", "Reach"]),
            html! {
                @for (index, choice) in decision.choices.iter().enumerate() {
                    @let is_recommended = index == 0 && decision.is_recommended;
                    tr.recommended[is_recommended] {
                        td.number { (index + 1) }
                        th scope="row" { (choice.name) @if is_recommended { span.badge { "recommended" } } }
                        (number(estimate(&choice.tokens, text::count)))
                        @if choice.is_too_far() { (number("too far to tell")) }
                        @else { (number(estimate(&choice.loss, text::loss))) }
                        (number(estimate(&choice.dollars, money)))
                        (number(estimate(&choice.before_serving, money)))
                        (number(regret(decision, choice)))
                        (number(text::percent(choice.chance_of_best)))
                        td { (choice.reach.verdict.as_str()) }
                    }
                }
            },
        ))
        div.columns {
            (chart_of(DECISION_CHARTS, decision, "decision-regret"))
            (chart_of(DECISION_CHARTS, decision, "decision-acceptability"))
        }
    }
}

fn changes(decision: &Decision) -> Markup {
    html! {
        @if decision.break_evens.is_empty() {
            (nothing("No quantity alone changes the choice, however far it moves."))
        } @else {
            (table(
                "What would change the choice",
                heads(&["What", "#Now", "#Changes at", "#Chance", "To"]),
                html! {
                    @for one in &decision.break_evens {
                        tr {
                            th scope="row" { (one.what) }
                            (number(text::measured(one.now)))
                            (number(text::measured(one.at)))
                            (number(text::percent(one.chance)))
                            td.prose { (one.becomes) }
                        }
                    }
                },
            ))
        }
        (chart_of(DECISION_CHARTS, decision, "decision-tornado"))
    }
}

fn dollar(decision: &Decision) -> Markup {
    let gain = |gain: f64, gain_is: GainOf| match gain_is {
        GainOf::Loss => format!("{} loss", text::number(gain)),
        GainOf::Right => format!("{} right", text::percent(gain)),
    };
    html! {
        (table(
            "What the next dollar buys",
            heads(&["Axis", "#Now", "#Next $1,000", "#Doubling gains", "#Doubling costs", "#Is worth", "#The one after", "Its cost"]),
            html! {
                @for axis in &decision.axes {
                    tr {
                        th scope="row" { (axis.name) }
                        @if axis.unit == "dollars" { (number(money(axis.now))) }
                        @else { (number(html! { (text::count(axis.now)) small.interval { (axis.unit) } })) }
                        @if axis.is_free { (number("free")) } @else { (number(gain(1e3 * axis.next_dollar, axis.gain_is))) }
                        (number(gain(axis.doubling, axis.gain_is)))
                        (number(money(axis.doubling_costs)))
                        (number(axis.doubling_is_worth.map_or("–".to_owned(), money)))
                        (number(axis.fades_to.map_or("–".to_owned(), text::percent)))
                        td.prose { (axis.cost) }
                    }
                }
            },
        ))
        p.hint {
            "At the medians of everything. A loss that falls counts as a gain; what more text “is worth” is the training compute \
             that would gain as much, what more samples are the right answers that they gain; “the one after” is what the \
             second doubling gains as a part of the first."
        }
    }
}

fn experiment(decision: &Decision) -> Markup {
    html! {
        @if decision.trials.is_empty() {
            (nothing("No experiment could be made before."))
        } @else {
            @if let Some(verdict) = decision.on_trials() { p { strong { (verdict) } } }
            (table(
                "Experiments",
                heads(&["##", "Experiment", "#Costs", "#Saves", "#Flips the choice", "Worth it"]),
                html! {
                    @for (index, trial) in decision.trials.iter().enumerate() {
                        tr {
                            td.number { (index + 1) }
                            th scope="row" { (trial.name) }
                            (number(money(trial.cost)))
                            (number(html! { (money(trial.value.max(0.0))) span.interval { "± " (money(2.0 * trial.error)) } }))
                            (number(text::percent(trial.flips)))
                            td { @if trial.is_worth_it { span.good { "✓ yes" } } @else { "no" } }
                        }
                    }
                },
            ))
            (chart_of(DECISION_CHARTS, decision, "decision-information"))
        }
    }
}

fn risks(decision: &Decision) -> Markup {
    html! {
        @if decision.choices.iter().all(|choice| choice.risks.is_empty()) {
            (nothing("No risk of a known kind."))
        } @else {
            (table(
                "Risks of the choices",
                heads(&["##", "Choice", "What could go wrong", "What is done about it"]),
                html! {
                    @for (index, choice) in decision.choices.iter().enumerate() {
                        @for (place, risk) in choice.risks.iter().enumerate() {
                            tr {
                                @if place == 0 {
                                    td.number rowspan=(choice.risks.len()) { (index + 1) }
                                    th scope="row" rowspan=(choice.risks.len()) { (choice.name) }
                                }
                                td.prose { (risk.what) }
                                td.prose { (risk.mitigation) }
                            }
                        }
                    }
                },
            ))
        }
    }
}

fn laws(decision: &Decision) -> Markup {
    html! {
        (table(
            "Laws",
            heads(&["Law", "#Judges", "#Draws of its constants", "Source"]),
            html! {
                @for law in &decision.laws {
                    tr {
                        th scope="row" { (law.name) }
                        (number(text::percent(law.weight)))
                        (number(law.draws))
                        td.prose { (law.source) }
                    }
                }
            },
        ))
    }
}

/// What is left of the text at hand, and of everybody's.
fn wall(decision: &Decision) -> Markup {
    let wall = &decision.wall;
    html! {
        (table(
            "Text at hand",
            heads(&["Text", "#At hand", "#Taken", "#Passes", "#One more is worth", "#Loss saved by the next 1B", "Source"]),
            html! {
                @for tier in &wall.tiers {
                    tr {
                        td { (tier.name) }
                        (number(html! {
                            @if tier.is_endless { "without end" } @else { (estimate(&tier.unique, text::count)) }
                        }))
                        (number(text::count(tier.taken)))
                        (number(format!("{:.2}", tier.epochs)))
                        (number(estimate(&tier.next_epoch, text::percent)))
                        (number(format!("{:.1e}", tier.next_billion)))
                        td.prose { @if tier.source.is_empty() { "–" } @else { (tier.source) } }
                    }
                }
            },
        ))
        @for tier in &wall.tiers {
            @if let Some(next) = &tier.novelty {
                p.hint {
                    "The next token of “" (tier.name) "” ends a run of " (next.order) " that the text at hand does not have with a
                    chance of " (estimate(&next.chance, text::percent)) " (Good and Turing, by " (text::count(next.counted))
                    " tokens of it that were counted); different runs grow with the power "
                    (estimate(&next.heaps, |power| text::fixed(power, 2))) " of the text (Heaps)."
                }
            }
        }
        p.hint {
            "Of everybody’s text, " (estimate(&wall.stock, text::count)) " tokens with what repeating gains (Villalobos et \
             al. 2024), this takes " (format!("{:.2}%", 100.0 * wall.share)) ". The largest trainings grow "
            (format!("{:.1}", wall.growth)) " times a year, and take all of it in "
            (estimate(&wall.year, |year| format!("{year:.0}"))) " by that trend."
        }
    }
}

fn data(_: &Decision) -> Markup {
    html! {
        p { button type="button" data-download="view" { "Download the data of this page (JSON)" } }
        p.hint { "Charts: plotly.js, MIT licence." }
    }
}
