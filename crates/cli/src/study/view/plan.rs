//! The plan as the page shows it.

use triaxis_plan as plan;
use triaxis_records::{Allocation, Choice, Plan};
use triaxis_study::{Analysis, StudySpec};
use triaxis_units::{Finding, Reach, Seconds};

/// The plan, if the spec asks for one.
pub fn of(analysis: &Analysis, spec: &StudySpec) -> Option<Plan> {
    spec.plan.as_ref()?;
    Some(match analysis.plan.as_ref()? {
        Finding::Refused(reason) => Plan {
            question: String::new(),
            prices: String::new(),
            first: None,
            choices: Vec::new(),
            caveats: vec![reason.clone()],
            notes: Vec::new(),
        },
        Finding::Found(plan) => {
            let [caveats, notes] = caveats(plan);
            let choices = plan.choices.iter().map(|choice| choice_view(plan, choice));
            Plan {
                question: question(plan),
                prices: prices(plan),
                first: plan.first(),
                choices: choices.collect(),
                caveats,
                notes,
            }
        }
    })
}

/// What can overturn the plan, and what shifts its numbers.
fn caveats(plan: &plan::Plan) -> [Vec<String>; 2] {
    let of = |severity| {
        let caveats = plan.caveats.iter();
        let those = caveats.filter(move |caveat| caveat.severity == severity);
        those.map(|caveat| caveat.text.clone())
    };
    [
        of(plan::Severity::Loud).collect(),
        of(plan::Severity::Note)
            .chain(plan.omitted.iter().cloned())
            .collect(),
    ]
}

fn choice_view(plan: &plan::Plan, choice: &plan::Choice) -> Choice {
    Choice {
        label: choice.label.clone(),
        law: choice.law.clone(),
        recommended: plan.recommended() == Some(choice),
        reach: choice.reach.verdict.word().to_owned(),
        allocation: Finding::Found(Allocation {
            params: choice.params.map(|params| params.as_f64()),
            tokens: choice.tokens.map(|tokens| tokens.as_f64()),
            tokens_per_param: choice.tokens_per_parameter.value,
            flops: choice.training_flops.value,
            training: choice.training_dollars.value,
            inference: choice.serving_dollars.value,
            total: choice.total_dollars.value,
            devices: choice.training_devices,
            time: choice.training_time,
            loss: match choice.unit {
                _ if choice.reach.verdict == plan::Verdict::Absurd => {
                    Finding::Refused("too far to tell".to_owned())
                }
                plan::LossUnit::NatsPerToken => Finding::Found(choice.loss),
                other => Finding::Refused(format!("{:.3} {other}", choice.loss.value)),
            },
            reach: Reach {
                compute: choice.reach.compute,
                params: choice.reach.params,
                tokens: choice.reach.tokens,
            },
        }),
    }
}

fn question(plan: &plan::Plan) -> String {
    let economics = &plan.economics;
    let devices = economics.training_devices.unwrap_or(1);
    let time = economics.training_time(economics.budget);
    format!(
        "Training for {} operations ({} of {devices} {}), serving {} tokens in and {} out.",
        economics.budget,
        Seconds(time.0 / devices as f64),
        economics.training.hardware.name,
        economics.tokens_in,
        economics.tokens_out,
    )
}

fn prices(plan: &plan::Plan) -> String {
    let economics = &plan.economics;
    format!(
        "Training on {} at {} an hour and {:.0}% of peak; serving on {} at {} an hour, {:.0}% of peak reading and \
         {:.0}% writing.",
        economics.training.hardware.name,
        economics.training.price_per_hour,
        economics.training_mfu * 100.0,
        economics.serving.hardware.name,
        economics.serving.price_per_hour,
        economics.prefill_mfu * 100.0,
        economics.decode_mfu * 100.0,
    )
}
