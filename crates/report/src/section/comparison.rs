use maud::{Markup, html};
use triaxis_laws::Estimate as OfLaw;
use triaxis_laws::worth::{Call, Comparison, Compounded, Repeated, Worth};

use super::component::{caveats, chart, estimate, heads, number, refusal, table};
use crate::text;
use crate::view::{ArmText, Finding, View};

/// What the arms are worth, and repeated text; nothing for a study of one that repeats nothing.
pub(super) fn body(view: &View) -> Markup {
    html! {
        @match &view.comparison {
            None => {}
            Some(Finding::Refused(reason)) => { p { (refusal(reason)) } }
            Some(Finding::Found(comparison)) => { (found(view, comparison)) }
        }
        @for also in &view.also { (beside(view, also)) }
        (compounds(&view.compounds))
        (texts(&view.arm_texts))
        (repeated(&view.repeated))
    }
}

/// A comparison beside the main one, with a baseline of its own.
fn beside(view: &View, also: &Finding<Comparison>) -> Markup {
    match also {
        Finding::Refused(reason) => html! { p { (refusal(reason)) } },
        Finding::Found(comparison) => html! {
            h3 { "Against " (view.named(&comparison.baseline)) }
            p.hint { "Losses are at " (text::scientific(comparison.end.flops)) " FLOPs. Brackets are "
                (text::percent(comparison.level)) " intervals." }
            (table("What arms are worth against another baseline",
                heads(&["Arm", "#Compute|×", "#Loss difference|bits per byte", "Verdict"]),
                html! { @for worth in &comparison.arms { tr {
                    th scope="row" { (view.named(&worth.arm)) }
                    (number(multiplier(&worth.compute_multiplier, comparison.level)))
                    (number(estimates(&worth.at_end.difference, comparison.level, text::signed)))
                    td { (verdict(worth)) }
                } } }))
            (one_law(comparison))
        },
    }
}

/// Whether what arms take alone multiplies where it is taken together.
fn compounds(all: &[Compounded]) -> Markup {
    html! {
        @if !all.is_empty() {
            h3 { "Taken together" }
            p.hint { "Multipliers of compute at equal loss. What the parts are worth together, if neither hinders nor helps the "
                "other, is the product; what the whole is worth over it is told by the pairs of their runs." }
            (table("What choices are worth together",
                heads(&["Whole", "Parts", "#Whole|×", "#Parts|×", "#Product|×", "#Whole over product", "Verdict"]),
                html! { @for of in all { tr {
                    th scope="row" { (of.whole) }
                    td { (of.parts.join(", ")) }
                    @match &of.found {
                        Finding::Found(found) => {
                            (number(multiplier(&found.whole, found.level)))
                            (number(html! { @for part in &found.parts { div { (multiplier(part, found.level)) } } }))
                            (number(multiplier(&found.product, found.level)))
                            (number(multiplier(&found.over_product, found.level)))
                            td { (found.verdict()) (chance(found.chance)) }
                        }
                        Finding::Refused(reason) => { td colspan="5" { (refusal(reason)) } }
                    }
                } } }))
        }
    }
}

/// The text that each arm trains on, and how often.
fn texts(arms: &[ArmText]) -> Markup {
    html! {
        @if !arms.is_empty() {
            h3 { "The text of the arms" }
            (table("Text of the arms",
                heads(&["Arm", "Step", "#Documents|read", "#kept", "#edited", "#Text|read", "#kept", "#Unique tokens", "#Epochs|most"]),
                html! { @for arm in arms {
                    tr {
                        th scope="row" { (arm.arm) }
                        td { "to train on" }
                        td {} td {} td {} td {}
                        (number(text::bytes(arm.bytes)))
                        (number(arm.unique.to_string()))
                        (number(text::number(arm.epochs)))
                    }
                    @for step in &arm.steps { tr {
                        td {}
                        td { (step.step) }
                        (number(text::whole(step.read)))
                        (number(text::whole(step.kept)))
                        (number(text::whole(step.edited)))
                        (number(text::bytes(step.read_bytes)))
                        (number(text::bytes(step.kept_bytes)))
                        td {} td {}
                    } }
                } }))
        }
    }
}

fn found(view: &View, comparison: &Comparison) -> Markup {
    let end = &comparison.end;
    let refused: Vec<String> = comparison.refused.iter().map(ToString::to_string).collect();
    let warnings: Vec<String> = comparison.warnings.iter().map(ToString::to_string).collect();
    html! {
        p { "Against " b { (view.named(&comparison.baseline)) } ", in bits per byte of text that no arm trains on. A multiplier is how "
            "many times the baseline's compute, or its tokens, the same loss takes: above 1 the arm is better. Losses are "
            "at the ladder's end, " (text::scientific(end.flops)) " FLOPs. Brackets are "
            (text::percent(comparison.level)) " intervals." }
        (caveats(&refused))
        (chart(view, "worth"))
        (table("What the arms are worth",
            heads(&["Arm", "#Runs", "#Data|×", "#Loss difference|bits per byte", "#Paired|bits per byte", "#Order holds to|FLOPs"]),
            html! { @for worth in &comparison.arms { (row(&view.named(&worth.arm), worth, comparison.level)) } }))
        @for worth in &comparison.arms { @if let Err(why) = &worth.paired {
            p.hint { b { (worth.arm) } " has no pairs with the baseline: " (why) "." }
        } }
        (one_law(comparison))
        (caveats(&warnings))
    }
}

/// What repeats are worth, of arms that repeat.
fn repeated(arms: &[Repeated]) -> Markup {
    html! {
        @if !arms.is_empty() {
            h3 { "Repeated text" }
            p.hint { "By the data-constrained law (Muennighoff et al. 2023) of the arm and of fresh text beside it: what all its "
                "epochs are worth in tokens of fresh text, over the unique ones, and how many repeats it takes until a further "
                "one is worth 1/e of new text." }
            (table("What repeated text is worth",
                heads(&["Arm", "Beside", "#Unique tokens", "#Epochs|most", "#Worth|× unique tokens", "#Of a token|on average", "#Repeats to 1/e"]),
                html! { @for arm in arms { tr {
                    th scope="row" { (arm.arm) }
                    td { (arm.beside.as_deref().unwrap_or(text::NOTHING)) }
                    @match &arm.found {
                        Finding::Found(law) => {
                            (number(text::count(law.most.unique)))
                            (number(text::number(law.most.epochs)))
                            (number(estimates(&law.most.data_multiplier, arm.level, text::number)))
                            (number(estimates(&law.most.of_a_token, arm.level, text::number)))
                            (number(estimates(&law.limit, arm.level, text::number)))
                        }
                        Finding::Refused(reason) => { td colspan="5" { (refusal(reason)) } }
                    }
                } } }))
        }
    }
}

fn row(arm: &str, worth: &Worth, level: f64) -> Markup {
    let data = worth.data_multiplier.as_ref();
    let holds_to = worth.order.as_ref().and_then(|order| order.holds_to);
    html! {
        tr {
            th scope="row" { (arm) }
            (number(worth.runs))
            (number(data.map_or_else(nothing, |of| multiplier(of, level))))
            (number(estimates(&worth.at_end.difference, level, text::signed)))
            (number(match &worth.paired {
                Ok(paired) => estimates(&paired.difference, level, text::signed),
                Err(_) => nothing(),
            }))
            (number(holds_to.map_or_else(nothing, |flops| html! { (text::scientific(flops)) })))
        }
    }
}

/// What a law estimates, told at a level.
fn estimates(of: &OfLaw, level: f64, print: fn(f64) -> String) -> Markup {
    estimate(&of.told(level), print)
}

/// A multiplier, or the side on which it is known where it lies beyond all that was measured.
pub(super) fn multiplier(of: &OfLaw, level: f64) -> Markup {
    match of.bound(text::number) {
        Some(bound) => html! { (bound) },
        None => estimates(of, level, text::number),
    }
}

pub(super) fn probability(of: Option<f64>) -> Markup {
    of.map_or_else(nothing, |of| html! { (text::percent(of)) })
}

/// What is seen of an arm, or what would have been.
pub(super) fn verdict(worth: &Worth) -> Markup {
    let verdict = worth.verdict(|seen| format!("× {}", text::number(seen)));
    match worth.call {
        Call::Better => html! { span.good { "✓ " (verdict) } },
        Call::Worse => html! { span.bad { "✗ " (verdict) } },
        Call::NoDifferenceSeen | Call::CannotTell => html! { (verdict) },
    }
}

fn one_law(comparison: &Comparison) -> Markup {
    let seeds = comparison.noise.seeds.map(|of| text::percent(of.noise));
    html! {
        p.hint {
            (comparison.runs) " runs in one law, " (comparison.equation) ". "
            @if comparison.arms.iter().all(|worth| worth.one_law.is_some_and(|test| test.holds)) {
                "One factor an arm does for all their runs. "
            }
            @for worth in &comparison.arms {
                @if let Some(test) = worth.one_law.filter(|test| !test.holds) {
                    "One law does not do for " (worth.arm) " and " (comparison.baseline) (chance(test.chance))
                    ": what is said of it is of its pairs at the ladder's end. "
                }
            }
            @if let Some(noise) = seeds { "Seeds differ by " (noise) " of the loss. " }
            @if let Some(reach) = &comparison.reach {
                "The compute asked for is " (text::factor(reach.factor)) " the largest fitted."
                @if let Some(why) = comparison.too_far() { " Nothing is said of it: " (why) "." }
            }
        }
    }
}

fn chance(chance: f64) -> Markup {
    html! { " (chance " (text::percent(chance)) ")" }
}

fn nothing() -> Markup {
    html! { (text::NOTHING) }
}
