use maud::{Markup, html};

use super::component::{nothing, refusal};
use super::decision;
use crate::view::{Finding, View};

pub(super) fn body(view: &View) -> Markup {
    match (&view.plan, &view.comparison) {
        (Some(Finding::Found(decided)), _) => decision::within(decided),
        (Some(Finding::Refused(reason)), _) => html! { p { (refusal(reason)) } },
        // What is asked is which arm is better.
        (None, Some(_)) => Markup::default(),
        (None, None) => nothing("There is no plan: the spec asks no question of it."),
    }
}
