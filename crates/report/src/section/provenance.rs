use maud::{Markup, html};

use super::component::facts;
use crate::view::View;

pub(super) fn body(view: &View) -> Markup {
    html! {
        (facts(&[
            ("Made", html! { (view.generated) }),
            ("triaxis", html! { (view.program.version) }),
            ("Code", html! { code { (view.program.code_hash) } }),
            ("Machine", html! { (view.machine) }),
            ("Time by the clock", html! { (view.clock) }),
            ("Time of all trials, side by side", html! { (view.seconds) }),
        ]))
        details.spec {
            summary { "The spec that made this study" }
            div.spec-box {
                button.copy type="button" data-copy="spec-text" { "Copy" }
                pre id="spec-text" tabindex="0" { code { (view.spec) } }
            }
        }
        p {
            button type="button" data-download="view" { "Download the data of this page (JSON)" }
        }
        p.hint {
            "Loss is in nats per token and in bits per byte of the validation text; only bits per byte compares "
            "across tokenizers. C is counted from the matrix products of the architecture, 6ND is the usual "
            "estimate beside it. D counts tokens seen, repeats included. Charts: plotly.js, MIT licence."
        }
    }
}
