use serde::{Deserialize, Serialize};

use crate::choice::{Choice, ChoiceKind, LeftOut};
use crate::evidence::{ParameterCount, StudyLaw};
use crate::interval::draws_needed;
use crate::planner::{LawSummary, Plan};
use crate::reach::{Verdict, times};

/// Below this the largest run is smaller than any that a published law was fitted to (Hoffmann et
/// al. 2022 begin at about 1e18, Porian et al. 2024 at about 1e16), so nothing of theirs vouches
/// for the form of the law down here.
const TINY_FLOPS: f64 = 1e16;
/// A law of four to six constants needs about twice as many runs before residuals say anything.
const FEW_RUNS: usize = 11;
/// Muennighoff et al. 2023: up to four epochs are worth nearly as much as unique tokens.
const EPOCHS_FREE: f64 = 4.0;
/// Their fitted `R_D*`: after about 15 repetitions a further one is worth 1/e of new tokens.
const EPOCHS_SPENT: f64 = 16.0;
/// Tokens per parameter past which Sardana et al. 2023 found laws fitted at usual
/// ratios to overrate more tokens.
const LONG_TRAINING: f64 = 200.0;

/// Something a plan cannot know or takes for granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caveat {
    /// How loudly to say it.
    pub severity: Severity,
    /// What it is about.
    pub topic: Topic,
    /// The sentences.
    pub text: String,
}

/// How loudly to say a caveat; louder sorts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It can overturn the plan.
    Loud,
    /// It shifts numbers.
    Note,
}

/// What a caveat is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The study's runs are few, small or alike.
    Ladder,
    /// The choice lies far from the runs.
    Reach,
    /// The floor of the loss.
    IrreducibleLoss,
    /// Tokens repeated or lacking.
    Data,
    /// What does not fit in memory.
    Memory,
    /// Prices, speeds and the budget.
    Money,
    /// Draws missing or without a solution.
    Draws,
    /// The constants used.
    Constants,
}

/// Every caveat of a plan, the loudest first.
pub(crate) fn all(plan: &Plan, study: Option<&StudyLaw>, left_out: &[LeftOut]) -> Vec<Caveat> {
    let left_out = left_out.iter().map(|left_out| {
        let text = upper_first(&format!("{left_out}."));
        loud(Topic::Reach, text)
    });
    let mut caveats: Vec<Caveat> = left_out.collect();
    if let Some(study) = study {
        let own: Vec<&Choice> = plan.choices_of(&study.name).collect();
        caveats.extend(ladder(study, &own));
        caveats.extend(floor(plan, &own));
        caveats.extend(draws(plan, study, &own));
        if study.parameters == ParameterCount::WithoutEmbeddings {
            caveats.push(note(
                Topic::Constants,
                "The study's law counts parameters without embeddings: memory, serving cost and `6 N D` \
                 leave the embedding and the output head out, and are too low.",
            ));
        }
    }
    caveats.extend(reach(plan, study));
    caveats.extend(constants(plan));
    caveats.extend(data(plan));
    caveats.extend(memory(plan));
    caveats.extend(money(plan));
    caveats.sort_by_key(|caveat| caveat.severity);
    caveats
}

fn loud(topic: Topic, text: impl Into<String>) -> Caveat {
    Caveat {
        severity: Severity::Loud,
        topic,
        text: text.into(),
    }
}

fn note(topic: Topic, text: impl Into<String>) -> Caveat {
    Caveat {
        severity: Severity::Note,
        topic,
        text: text.into(),
    }
}

fn ladder(study: &StudyLaw, own: &[&Choice]) -> Option<Caveat> {
    let measured = &study.measured;
    let span = measured.flops.largest.0 / measured.flops.smallest.0;
    let mut faults = Vec::new();
    if measured.flops.largest.0 < TINY_FLOPS {
        faults.push(format!(
            "its largest run took {} operations, less than any run behind a published law",
            measured.flops.largest
        ));
    }
    if measured.runs < FEW_RUNS {
        faults.push(format!(
            "it has only {} runs for the constants of a law",
            measured.runs
        ));
    }
    if span < 10.0 {
        faults.push(format!("its runs span only {} in compute", times(span)));
    }
    let farthest = own.iter().map(|choice| choice.reach.verdict).max()?;
    if faults.is_empty() && farthest < Verdict::Far {
        return None;
    }
    let reason = if faults.is_empty() {
        format!("The plan lies far beyond its {} runs.", measured.runs)
    } else {
        format!("This is a tiny ladder: {}.", faults.join("; "))
    };
    Some(loud(
        Topic::Ladder,
        format!(
            "{reason} It cannot know: the irreducible loss, which runs this far above it barely touch; \
             whether the exponents hold at the planned size; abilities that appear only at scale, and \
             any task score; what another tokenizer, a longer context, a larger or cleaner corpus would \
             change; whether its rules for learning rate and batch size stay right. Use it to learn the \
             method and to compare choices at its own size; before spending the budget, run a ladder \
             that ends within × 100 of it."
        ),
    ))
}

fn floor(plan: &Plan, own: &[&Choice]) -> Option<Caveat> {
    let law = plan.laws.iter().find(|law| law.own)?;
    let choice = own.first()?;
    let interval = law.irreducible.interval?;
    let above = choice.loss.value - law.irreducible.value;
    let width = interval.high - interval.low;
    if width <= above {
        return None;
    }
    Some(loud(
        Topic::IrreducibleLoss,
        format!(
            "The irreducible loss is only known to lie between {:.3} and {:.3} {}: wider than the {above:.3} \
             that the plan hopes to stay above it. The planned loss is mostly a guess at that floor.",
            interval.low, interval.high, law.unit
        ),
    ))
}

fn draws(plan: &Plan, study: &StudyLaw, own: &[&Choice]) -> Vec<Caveat> {
    let needed = draws_needed(plan.level);
    let mut caveats = Vec::new();
    if study.draws.len() < needed {
        caveats.push(loud(
            Topic::Draws,
            format!(
                "The study's law brought {} draws; an interval at the level {} needs {needed}. Its numbers \
                 stand without intervals.",
                study.draws.len(),
                plan.level
            ),
        ));
    }
    for choice in own.iter().filter(|choice| choice.draws.unsolved > 0) {
        let text = format!(
            "{} of {} draws have no solution for \"{}\" (a floor above the goal, constants that cannot be \
             planned with, or an optimum beyond counting); its intervals are of the others only, and too \
             narrow.",
            choice.draws.unsolved, choice.draws.all, choice.label
        );
        let share = choice.draws.unsolved as f64 / choice.draws.all as f64;
        // More unsolved than the interval leaves out: its ends are made by the missing draws.
        let severity = if share > 1.0 - plan.level {
            Severity::Loud
        } else {
            Severity::Note
        };
        caveats.push(Caveat {
            severity,
            topic: Topic::Draws,
            text,
        });
    }
    caveats
}

fn reach(plan: &Plan, study: Option<&StudyLaw>) -> Vec<Caveat> {
    let own = |law: &LawSummary| study.is_some() && law.own;
    plan.laws
        .iter()
        .filter_map(|law| {
            let worst = plan
                .choices_of(&law.name)
                .max_by_key(|choice| choice.reach.verdict)?;
            let text = format!(
                "By {}, \"{}\" is {}",
                law.name,
                worst.label,
                lower_first(&worst.reach.sentence)
            );
            match worst.reach.verdict {
                Verdict::WithinRange => None,
                Verdict::Far | Verdict::Absurd if own(law) => Some(loud(Topic::Reach, text)),
                _ => Some(note(Topic::Reach, text)),
            }
        })
        .collect()
}

fn upper_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn constants(plan: &Plan) -> Option<Caveat> {
    let plain: Vec<&Choice> = plan
        .choices
        .iter()
        .filter(|choice| choice.kind == ChoiceKind::ComputeOptimal)
        .collect();
    let published = plan.laws.iter().any(|law| !law.own);
    if !published {
        return None;
    }
    let ratios = plain
        .iter()
        .map(|choice| format!("{:.1} by {}", choice.tokens_per_parameter.value, choice.law))
        .collect::<Vec<_>>()
        .join(", ");
    Some(note(
        Topic::Constants,
        format!(
            "Tokens for each parameter at the training budget: {ratios}. Published constants are of other \
             texts, tokenizers and architectures: their losses do not compare with yours, their sizes are a \
             second opinion."
        ),
    ))
}

fn data(plan: &Plan) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    let most = |choices: &mut dyn Iterator<Item = &Choice>| {
        choices
            .filter_map(|choice| {
                choice
                    .epochs
                    .map(|epochs| (epochs, choice.label.clone(), choice.law.clone()))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let first = plan.laws.first().map(|law| law.name.clone()).unwrap_or_default();
    if plan.choices_of(&first).next().is_none() {
        return caveats;
    }
    match most(&mut plan.choices_of(&first)) {
        None => caveats.push(note(
            Topic::Data,
            "How many unique tokens are at hand is not known (`unique_tokens`); the plan takes every \
             training token as new.",
        )),
        Some((epochs, label, law)) if epochs > 1.0 => {
            let size = format!(
                "By {law}, \"{label}\" trains on {} the unique tokens at hand.",
                times(epochs)
            );
            caveats.push(match epochs {
                epochs if epochs <= EPOCHS_FREE => note(
                    Topic::Data,
                    format!(
                        "{size} Up to about 4 epochs are worth nearly as much as unique tokens (Muennighoff et \
                         al. 2023); the law takes them as unique."
                    ),
                ),
                epochs if epochs <= EPOCHS_SPENT => loud(
                    Topic::Data,
                    format!(
                        "{size} Past about 4 epochs each further one is worth less (Muennighoff et al. 2023), \
                         which the law does not know: the loss will be higher than planned. Find more text."
                    ),
                ),
                _ => loud(
                    Topic::Data,
                    format!(
                        "{size} Past about 16 epochs a further one is worth a third of new text and falling fast \
                         (Muennighoff et al. 2023): this corpus cannot feed this budget. Find more text or plan for less."
                    ),
                ),
            });
        }
        Some(_) => {}
    }
    if let Some(choice) = plan
        .choices_of(&first)
        .find(|choice| choice.tokens_per_parameter.value > LONG_TRAINING)
    {
        caveats.push(note(
            Topic::Data,
            format!(
                "\"{}\" trains on {:.0} tokens for each parameter. Laws fitted at usual ratios overrate more \
                 tokens at such ratios (Sardana et al. 2023); measure a run at that ratio.",
                choice.label, choice.tokens_per_parameter.value
            ),
        ));
    }
    caveats
}

fn memory(plan: &Plan) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    for choice in &plan.choices {
        if choice.training_devices < choice.training_devices_at_least {
            caveats.push(loud(
                Topic::Memory,
                format!(
                    "By {}, \"{}\" does not fit: {} of training state need at least {} {}, and {} are given.",
                    choice.law,
                    choice.label,
                    choice.training_memory,
                    choice.training_devices_at_least,
                    plan.economics.training.hardware.name,
                    choice.training_devices
                ),
            ));
        }
    }
    caveats.push(note(
        Topic::Memory,
        "Device counts are the least that hold weights (and, in training, gradients and optimiser state); \
         activations, key-value caches and copies for speed need more.",
    ));
    caveats
}

fn money(plan: &Plan) -> Vec<Caveat> {
    let economics = &plan.economics;
    let priced = |devices: &crate::Devices| {
        let date = &devices.hardware.price_date;
        let of = if devices.price_per_hour != devices.hardware.price_per_hour || date.is_empty() {
            "as given".to_owned()
        } else {
            format!("on {date}")
        };
        format!(
            "{} at {} an hour ({of})",
            devices.hardware.name, devices.price_per_hour
        )
    };
    let mut text = format!(
        "Training: {}, {:.0}% of the peak, {:.0}% of the paid time.",
        priced(&economics.training),
        economics.training_mfu * 100.0,
        economics.training.utilisation * 100.0
    );
    if economics.serves() {
        text += &format!(
            " Serving: {}, {:.0}% of the peak reading and {:.1}% writing, {:.0}% of the paid time. Memory \
             bandwidth allows that writing speed from a batch of {:.0} sequences on.",
            priced(&economics.serving),
            economics.prefill_mfu * 100.0,
            economics.decode_mfu * 100.0,
            economics.serving.utilisation * 100.0,
            economics.decode_batch_at_least().ceil()
        );
    }
    text += " Staff, storage, network, failed runs and the search for hyperparameters are not in it.";
    let mut caveats = vec![note(Topic::Money, text)];
    for law in &plan.laws {
        let over: Vec<String> = plan
            .choices_of(&law.name)
            .filter_map(|choice| over_budget(economics, choice))
            .collect();
        if !over.is_empty() {
            let text = format!(
                "By {}, {}. Choices that count serving move money from serving to training.",
                law.name,
                over.join(", ")
            );
            // What the study itself is to train costs more than it may.
            caveats.push(if law.own {
                loud(Topic::Money, text)
            } else {
                note(Topic::Money, text)
            });
        }
    }
    caveats
}

/// How far the training of a choice passes the budget, or may pass it, if it does.
fn over_budget(economics: &crate::Economics, choice: &Choice) -> Option<String> {
    let budget = economics
        .training
        .price(economics.training_time(economics.budget));
    let training = &choice.training_dollars;
    let high = training.interval.map_or(training.value, |interval| interval.high);
    let within = high.0 <= budget.0 * (1.0 + 1e-6);
    match (choice.within_budget, within) {
        (true, true) => None,
        (true, false) => Some(format!(
            "\"{}\" may take {high} of training, and the budget is {budget}",
            choice.label
        )),
        (false, _) => {
            let factor = choice.training_flops.value.0 / economics.budget.0;
            let range = match high.0 > training.value.0 {
                true => format!(", up to {high}"),
                false => String::new(),
            };
            Some(format!(
                "\"{}\" trains for {} the budget ({}{range}, of {budget})",
                choice.label,
                times(factor),
                training.value
            ))
        }
    }
}
