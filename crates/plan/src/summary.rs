use std::fmt::Display;

use crate::choice::{Choice, Savings};
use crate::interval::{Estimate, Interval};
use crate::planner::Plan;

/// The plan by its first law, a sentence a choice.
pub(crate) fn summary(plan: &Plan) -> Vec<String> {
    let Some(law) = plan.laws.first() else {
        return Vec::new();
    };
    plan.choices_of(&law.name)
        .map(|choice| sentence(plan, choice))
        .collect()
}

fn sentence(plan: &Plan, choice: &Choice) -> String {
    let label = choice.label.strip_prefix("the ").unwrap_or(&choice.label);
    let mut text = format!(
        "By {}, the {label}: {} parameters{}, {} tokens{}, loss {:.3} {}{}; training {} operations, {}, {} on {} {}",
        choice.law,
        choice.params.value,
        interval(plan, choice.params.map(|params| params.to_string())),
        choice.tokens.value,
        interval(plan, choice.tokens.map(|tokens| tokens.to_string())),
        choice.loss.value,
        choice.unit,
        interval(plan, choice.loss.map(|loss| format!("{loss:.3}"))),
        choice.training_flops.value,
        choice.training_dollars.value,
        choice.training_time,
        choice.training_devices,
        plan.economics.training.hardware.name,
    );
    if plan.economics.serves() {
        text += &format!(
            "; serving {}; {} over its life",
            choice.serving_dollars.value, choice.total_dollars.value
        );
    }
    if let Some(savings) = choice.savings {
        text += &against(savings);
    }
    if let Some(Interval { high, .. }) = choice.regret {
        text += &format!(
            "; were the upper draws the truth, another split of this training would be {high:.3} lower"
        );
    }
    text + "."
}

/// ` (90% interval 1B to 2B)`, or nothing without an interval or when its ends print alike.
fn interval(plan: &Plan, estimate: Estimate<impl Display + PartialEq>) -> String {
    estimate
        .interval
        .filter(|interval| interval.low != interval.high)
        .map_or_else(String::new, |interval| {
            format!(
                " ({:.0}% interval {} to {})",
                plan.level * 100.0,
                interval.low,
                interval.high
            )
        })
}

fn against(savings: Savings) -> String {
    let share = |share: f64, what: &str| match share * 100.0 {
        percent if percent.abs() < 0.05 => format!("the same lifetime {what}"),
        percent if percent < 0.0 => format!("{:.1}% more lifetime {what}", -percent),
        percent => format!("{percent:.1}% less lifetime {what}"),
    };
    let loss = match savings.loss.value {
        loss if loss.abs() < 5e-4 => "the same loss".to_owned(),
        loss if loss < 0.0 => format!("{:.3} more loss", -loss),
        loss => format!("{loss:.3} less loss"),
    };
    format!(
        "; against \"{}\" {}, {}, {loss}",
        savings.against.label(),
        share(savings.dollars.value, "dollars"),
        share(savings.flops.value, "operations")
    )
}
