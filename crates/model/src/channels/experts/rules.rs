//! What settings of a mixture of experts must hold.

use super::Experts;
use crate::error::{ModelError, positive, rule, within};

/// Experts at most, divided or not.
const MOST: usize = 1 << 12;

/// Checks them in a network of that width.
pub(super) fn check(experts: &Experts, width: usize) -> Result<(), ModelError> {
    within("experts", experts.experts, 1, MOST)?;
    within("granularity", experts.granularity, 1, MOST)?;
    within("shared", experts.shared, 0, MOST)?;
    let (count, granularity) = (experts.count(), experts.granularity);
    rule(
        count <= MOST,
        "granularity",
        granularity,
        format!(
            "makes {count} of `experts = {}`, more than {MOST}",
            experts.experts
        ),
        "choose a lower one, or fewer experts",
    )?;
    rule(
        (1..=experts.experts).contains(&experts.chosen),
        "chosen",
        experts.chosen,
        format!("must be from 1 to `experts = {}`", experts.experts),
        "choose fewer of them, or give more experts",
    )?;
    check_widths(experts, width)?;
    check_groups(experts)?;
    check_balance(experts)
}

fn check_widths(experts: &Experts, width: usize) -> Result<(), ModelError> {
    let (inner, granularity) = (experts.inner(width), experts.granularity);
    within("inner", inner, 1, 1 << 20)?;
    rule(
        inner.is_multiple_of(granularity),
        "granularity",
        granularity,
        format!("must divide `inner = {inner}`, the inner width of an expert"),
        format!(
            "choose a divisor, or set `inner`, as to {}",
            inner.next_multiple_of(granularity)
        ),
    )?;
    let is_shared = experts.shared > 0;
    rule(
        is_shared || experts.shared_inner.is_none(),
        "shared_inner",
        experts.shared_inner.unwrap_or(0),
        "is that of shared experts, and there are none",
        "leave it out, or set `shared`",
    )?;
    rule(
        is_shared || !experts.shared_gate,
        "shared_gate",
        experts.shared_gate,
        "is that of shared experts, and there are none",
        "leave it out, or set `shared`",
    )?;
    within("shared_inner", experts.shared_inner.unwrap_or(1), 1, 1 << 20)?;
    within("shared", experts.all_shared_inner(width), 0, 1 << 24)
}

fn check_groups(experts: &Experts) -> Result<(), ModelError> {
    let (count, taken, groups) = (experts.count(), experts.taken(), experts.groups);
    rule(
        groups > 0 && count.is_multiple_of(groups),
        "groups",
        groups,
        format!("must divide the number of experts, {count}"),
        "choose a divisor, or leave it out for one group",
    )?;
    rule(
        (1..=groups).contains(&experts.chosen_groups),
        "chosen_groups",
        experts.chosen_groups,
        format!("must be from 1 to `groups = {groups}`"),
        "choose fewer of them, or leave both out",
    )?;
    let left = count / groups * experts.chosen_groups;
    rule(
        taken <= left,
        "chosen_groups",
        experts.chosen_groups,
        format!(
            "leaves {left} experts of {groups} groups, and a token chooses {taken}: no expert is left for the last"
        ),
        "raise it, lower `chosen`, or make fewer groups",
    )
}

fn check_balance(experts: &Experts) -> Result<(), ModelError> {
    for (field, value) in [("auxiliary", experts.auxiliary), ("z", experts.z)] {
        rule(
            value >= 0.0 && value.is_finite(),
            field,
            value,
            "must be a finite number from 0 on",
            "set it to 0 for none",
        )?;
    }
    positive("bias_rate", experts.bias_rate, "leave it out for no bias")?;
    positive("scale", experts.scale, "leave it out for weights as they are")
}
