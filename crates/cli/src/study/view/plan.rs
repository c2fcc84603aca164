//! The plan as the page shows it.

use triaxis_plan as plan;
use triaxis_records::{Allocation, Choice, Plan};
use triaxis_study::{Analysis, StudySpec};
use triaxis_units::{Finding, Reach, Seconds};

/// The plan, if the spec asks for one.
pub fn of(analysis: &Analysis, spec: &StudySpec) -> Option<Plan> {
    spec.plan.as_ref()?;
    let (choices, question, prices, [caveats, notes]) = match analysis.plan.as_ref()? {
        Finding::Refused(reason) => (
            Vec::new(),
            String::new(),
            String::new(),
            [vec![reason.clone()], Vec::new()],
        ),
        Finding::Found(plan) => (
            plan.choices
                .iter()
                .map(|choice| choice_view(plan, choice))
                .collect(),
            question(plan),
            prices(plan),
            caveats(plan),
        ),
    };
    Some(Plan {
        question,
        prices,
        choices,
        caveats,
        notes,
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
    let own = plan.laws.iter().any(|law| law.own && law.name == choice.law);
    // With serving to pay for, the cheapest way to the quality that the training budget buys.
    let best = if plan.economics.serves() {
        plan::ChoiceKind::LeastLifetimeDollars
    } else {
        plan::ChoiceKind::ComputeOptimal
    };
    Choice {
        label: choice.label.clone(),
        law: choice.law.clone(),
        recommended: own && choice.kind == best,
        reach: choice.reach.verdict.word().to_owned(),
        allocation: Finding::Found(Allocation {
            params: choice.params.map(|params| params.as_f64()),
            tokens: choice.tokens.map(|tokens| tokens.as_f64()),
            tokens_per_param: choice.tokens_per_parameter.value,
            flops: choice.training_flops.value,
            training: choice.training_dollars.value,
            inference: choice.serving_dollars.value,
            total: choice.total_dollars.value,
            loss: match choice.unit {
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
    let time = economics.training_time(economics.budget);
    format!(
        "Training for {} operations ({} of one {}), serving {} tokens in and {} out.",
        economics.budget,
        Seconds(time.0),
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
