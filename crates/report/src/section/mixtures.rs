use maud::{Markup, html};
use triaxis_laws::mixture::{BestMixture, Sweep};

use super::component::{estimate, heads, number, refusal, table};
use crate::text;
use crate::view::{Estimate, Finding, View};

/// What sweeps over the shares of sources say; nothing without one.
pub(super) fn body(view: &View) -> Markup {
    html! { @for sweep in &view.mixtures { (of(sweep)) } }
}

fn of(sweep: &Sweep) -> Markup {
    html! {
        @if let Some(arm) = &sweep.arm { h3 { (arm) } }
        p { (sweep.runs.len()) " of " (sweep.asked) " mixtures of " (sweep.sources.len()) " sources were trained, "
            (text::count(sweep.params)) " parameters on " (text::count(sweep.tokens)) " tokens each. A source is seen at most "
            (text::number(sweep.max_epochs)) " times in " (text::count(sweep.of_tokens)) " tokens. The best mixture is the mean "
            "of those of least predicted loss among many that were drawn as the trained ones were; brackets hold where laws of "
            "runs drawn again have it: mixtures between are as good as can be told." }
        @for best in &sweep.best {
            h4 { "By the loss on " (best.text) }
            @match &best.found {
                Finding::Refused(reason) => { p { (refusal(reason)) } }
                Finding::Found(found) => { (shares(sweep, found)) (told(found)) }
            }
        }
    }
}

fn shares(sweep: &Sweep, found: &BestMixture) -> Markup {
    let largest = |source: usize| {
        sweep
            .runs
            .iter()
            .map(|run| run.shares[source])
            .fold(0.0, f64::max)
    };
    table(
        "The best mixture",
        heads(&[
            "Source",
            "#Share of the text",
            "#Largest in a run",
            "#At most",
            "#Best share",
        ]),
        html! { @for (at, source) in sweep.sources.iter().enumerate() { tr {
            th scope="row" { (source) }
            (number(text::percent(sweep.natural[at])))
            (number(text::percent(largest(at))))
            (number(text::percent(sweep.caps[at])))
            (number(html! { (percents(&found.shares[at]))
                @if found.beyond.contains(&at) { span.hint { "beyond every run" } } }))
        } } },
    )
}

fn told(found: &BestMixture) -> Markup {
    let loss = |of: &Estimate| estimate(of, text::loss);
    html! {
        p { "Predicted loss " (loss(&found.loss)) " bits per byte, of the text as it is " (loss(&found.natural))
            ": a gain of " (estimate(&found.gain, text::signed)) ". It is some " (text::loss(found.optimism))
            " too low, as a law is lowest where its errors made it so; brackets of it and of the gain are without that." }
        (table("How well laws predict mixtures that they were not fitted to",
            heads(&["Law", "#Error|bits per byte", "#Rank correlation"]),
            html! { @for checked in &found.checked { tr {
                th scope="row" { (checked.regressor.name()) }
                (number(checked.error.map_or_else(|| text::NOTHING.to_owned(), text::loss)))
                (number(checked.rank.map_or_else(|| text::NOTHING.to_owned(), text::signed)))
            } } }))
    }
}

fn percents(of: &Estimate) -> Markup {
    estimate(of, text::percent)
}
