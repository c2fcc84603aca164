use maud::{Markup, html};

use super::component::{estimate, facts, heads, nothing, number, refusal, table};
use crate::text;
use crate::view::{Corpus, Finding, Novelty, View};

pub(super) fn body(view: &View) -> Markup {
    let Some(corpus) = &view.corpus else {
        return nothing("The corpus has not been built.");
    };
    html! {
        (facts(&[
            ("Documents", html! { (text::whole(corpus.documents)) }),
            ("Text", html! { (text::bytes(corpus.bytes)) }),
            ("Unique tokens", html! { (corpus.unique_tokens) }),
            ("To train on", html! { (corpus.train_tokens) " tokens" }),
            ("To validate on", html! { (corpus.validation_tokens) " tokens" }),
            ("Duplicates removed", html! {
                (text::whole(corpus.duplicate_documents)) " (" (text::bytes(corpus.duplicate_bytes)) ")" }),
            ("Vocabulary", html! { (text::whole(corpus.tokenizer.vocabulary)) }),
            ("Bytes per token", html! { (text::number(corpus.tokenizer.bytes_per_token)) }),
            ("Tokenizer", html! { code { (corpus.tokenizer.hash) } }),
        ]))
        @if corpus.tokenizer.lost.0 > 0 {
            p { "The tokenizer loses " (text::bytes(corpus.tokenizer.lost)) " of the validation text: bits per byte on
                this page are of what comes back from its tokens." }
        }
        @if let Some(novelty) = &corpus.novelty { (novel(novelty)) }
        (sources(corpus))
        div.columns { (licences(corpus)) (skipped(corpus)) }
    }
}

/// How new the next token is.
fn novel(novelty: &Finding<Novelty>) -> Markup {
    html! {
        @match novelty {
            Finding::Refused(why) => p { "How new the next token is: " (refusal(why)) },
            Finding::Found(found) => p {
                "The next token ends a run of " (found.order) " that the text does not have with a chance of "
                (estimate(&found.next, text::percent)) " (Good and Turing). Different runs grow with the power "
                (estimate(&found.heaps, |power| text::fixed(power, 2))) " of the text (Heaps): of twice as much of it the next would be new with
                a chance of " (estimate(&found.doubled, text::percent)) "."
            },
        }
    }
}

fn sources(corpus: &Corpus) -> Markup {
    html! {
        h3 { "By source" }
        (table(
            "Corpus by source",
            heads(&["Source", "Kind", "#Weight", "#Documents", "#Text", "#Tokens", "#Duplicates removed"]),
            html! {
                @for source in &corpus.sources {
                    tr {
                        th scope="row" { (source.name) }
                        td { code { (source.kind) } }
                        (number(text::percent(source.weight)))
                        (number(text::whole(source.documents)))
                        (number(text::bytes(source.bytes)))
                        (number(source.tokens.to_string()))
                        (number(text::whole(source.duplicates)))
                    }
                }
            },
        ))
    }
}

fn licences(corpus: &Corpus) -> Markup {
    html! {
        div {
            h3 { "By licence" }
            (table("Corpus by licence", heads(&["Licence", "#Documents", "#Text"]), html! {
                @for licence in &corpus.licences {
                    tr {
                        th scope="row" { (licence.licence) }
                        (number(text::whole(licence.documents)))
                        (number(text::bytes(licence.bytes)))
                    }
                }
            }))
        }
    }
}

fn skipped(corpus: &Corpus) -> Markup {
    html! {
        div {
            h3 { "Left out" }
            @if corpus.skipped.is_empty() {
                (nothing("Nothing that was found has been left out."))
            } @else {
                (table("Documents left out", heads(&["Source", "Reason", "#Documents", "#Text"]), html! {
                    @for skipped in &corpus.skipped {
                        tr {
                            th scope="row" { (skipped.source) }
                            td.prose { (skipped.reason) }
                            (number(text::whole(skipped.documents)))
                            (number(text::bytes(skipped.bytes)))
                        }
                    }
                }))
            }
        }
    }
}
