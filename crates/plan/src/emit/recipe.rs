use std::fmt::Write;

use serde::{Deserialize, Serialize};
use triaxis_units::{Dollars, Params, Tokens};

use super::{Layout, Open, Shape};
use crate::decide::{Alternative, Decision, Refusal};
use crate::{Catalogue, PlanError, Question};

/// A run in the words that every trainer has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// What was decided, a fact a line.
    pub decided: Vec<String>,
    /// What is not as decided.
    pub cautions: Vec<String>,
    /// The model.
    pub shape: Shape,
    /// Where it trains.
    pub layout: Layout,
    /// The device's name.
    pub device: String,
    /// Tokens of a sequence.
    pub context: u64,
    /// Sequences of a step; a multiple of the layout's replicas.
    pub sequences: u64,
    /// Steps.
    pub steps: u64,
    /// Steps between checkpoints.
    pub checkpoint_interval: u64,
    /// Steps over which the learning rate rises.
    pub warm_up: u64,
    /// The largest learning rate.
    pub learning_rate: f64,
    /// The learning rate at the end.
    pub last_learning_rate: f64,
    /// Each text, as a name that a path may have, with its share of the tokens.
    pub text: Vec<(String, f64)>,
    /// What the run begins with.
    pub seed: u64,
}

/// Learning rate and batch in tokens, `1.79 N^-.713 D^.307` and `.58 D^.571`: Step Law (Li et al. 2025, equation 1).
const STEP_LAW: [f64; 5] = [1.79, -0.713, 0.307, 0.58, 0.571];
/// The learning rate at which the runs behind Step Law end (Li et al. 2025, section 4).
const LAST_LEARNING_RATE: f64 = 1e-5;
/// Steps of warm-up: those of the runs behind Step Law, or a fiftieth of a shorter run.
const WARM_UP: u64 = 2_000;

impl Recipe {
    /// The recommended run of a decision.
    ///
    /// # Errors
    /// Where nothing is recommended, or the run is none that a dense transformer can be.
    pub fn of(
        question: &Question,
        decision: &Decision,
        open: Open,
        shards_weights: bool,
    ) -> Result<Self, Refusal> {
        let chosen = recommended(decision)?;
        let open = checked(open)?;
        let arm = &question.arms[question.arm(Some(&chosen.arm))?];
        if arm.active.0 < 1.0 {
            return Err(PlanError(format!(
                "the recommended arm `{}` uses {} of its parameters a token: how many experts of what size the plan does \
                 not say; write its configuration by hand, or plan without it",
                arm.name, arm.active
            ))
            .into());
        }
        let catalogue = Catalogue::built_in()?.with(question.hardware.iter().cloned())?;
        let device = catalogue.find(&question.training.hardware)?;
        let shape = Shape::of(chosen.params, open.vocabulary)?;
        let tokens = chosen.tokens.value;
        let [rate, by_params, by_tokens, batch, batch_by_tokens] = STEP_LAW;
        let wanted = batch * tokens.powf(batch_by_tokens) / open.context as f64;
        let wanted = (wanted.round() as u64).max(1);
        let layout = Layout::of(
            &shape,
            question.training.devices,
            device.memory.as_f64(),
            wanted,
            shards_weights,
        );
        let replicas = layout.replicas();
        let sequences = replicas * ((wanted as f64 / replicas as f64).round() as u64).max(1);
        let steps = ((tokens / (sequences * open.context) as f64).round() as u64).max(1);
        let learning_rate = rate * (shape.params_of_layers() as f64).powf(by_params) * tokens.powf(by_tokens);
        let mut cautions = cautions(&layout, &device.name, wanted, sequences);
        if question.arms.len() > 1 {
            cautions.push(format!(
                "a dense transformer: what makes it the arm `{}` is yours to put in",
                one_line(&arm.name)
            ));
        }
        Ok(Self {
            decided: decided(decision, chosen),
            cautions,
            shape,
            layout,
            device: device.name.clone(),
            context: open.context,
            sequences,
            steps,
            checkpoint_interval: checkpoint_interval(decision, chosen, steps),
            warm_up: (steps / 50).clamp(1, WARM_UP),
            learning_rate,
            last_learning_rate: LAST_LEARNING_RATE.min(learning_rate),
            text: text(chosen),
            seed: question.seed,
        })
    }

    /// Tokens of a step.
    pub fn batch(&self) -> u64 {
        self.sequences * self.context
    }

    /// Sequences that a replica sees in a step, one after the other.
    pub fn turns(&self) -> u64 {
        self.sequences / self.layout.replicas()
    }

    /// The last learning rate as a part of the largest.
    pub fn last_part(&self) -> f64 {
        self.last_learning_rate / self.learning_rate
    }

    /// What stands above a configuration, a comment a line, with how the run is started.
    pub(super) fn header(&self, keys_of: &str, start: &str) -> String {
        let (shape, layout) = (&self.shape, &self.layout);
        let mut lines = vec![
            "Written by `triaxis plan --emit`.".to_owned(),
            String::new(),
            "Decided by the plan:".to_owned(),
        ];
        lines.extend(self.decided.iter().map(|line| format!("  {line}")));
        lines.push("Follows from it by published rules, and is marked so below:".to_owned());
        lines.push(format!(
            "  shape: {} parameters, {} of them in layers; width near 128 times the depth, as of GPT-3 and Llama 3",
            Params(shape.params()),
            Params(shape.params_of_layers())
        ));
        lines.push(format!(
            "  batch of {} tokens and learning rate {:.3e}: Step Law (Li et al. 2025, equation 1); {} steps",
            Tokens(self.batch()),
            self.learning_rate,
            self.steps
        ));
        lines.push(format!(
            "  layout on {} {}: the least sharing whose weights leave two fifths of the memory to activations",
            layout.devices, self.device
        ));
        lines.push(
            "All else is a default, and yours to change: vocabulary, context, optimiser, paths.".to_owned(),
        );
        lines.extend(self.cautions.iter().map(|line| format!("Caution: {line}.")));
        lines.push(format!("Keys as of {keys_of}."));
        lines.push(String::new());
        lines.push(format!("Start: {start}"));
        lines.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{}", format!("# {line}").trim_end());
            text
        })
    }
}

fn recommended(decision: &Decision) -> Result<&Alternative, Refusal> {
    let first = &decision.choices[0];
    match decision.is_recommended {
        true => Ok(first),
        false => Err(Refusal::Unmet(format!(
            "nothing is recommended, so that there is no run to write a configuration of: {} First run what the plan \
             says under \"the next experiment\"",
            first.reach.sentence
        ))),
    }
}

/// Steps between checkpoints: as often as the failures of the devices make it best, or a hundred of a run where the plan
/// does not say.
fn checkpoint_interval(decision: &Decision, chosen: &Alternative, steps: u64) -> u64 {
    let best = decision.running.zip(chosen.days).map(|(running, days)| {
        let step = days.value * 86_400.0 / steps as f64;
        (running.checkpoint_every.0 / step).round() as u64
    });
    best.unwrap_or(steps / 100).clamp(1, steps)
}

fn checked(open: Open) -> Result<Open, PlanError> {
    let rules = [
        ("vocabulary", open.vocabulary, 256..=4_000_000),
        ("context-length", open.context, 16..=16_777_216),
    ];
    for (name, value, range) in rules {
        if !range.contains(&value) {
            return Err(PlanError(format!(
                "--{name} is {value}: it must be from {} to {}; leave it out for the default",
                range.start(),
                range.end()
            )));
        }
    }
    Ok(open)
}

fn decided(decision: &Decision, chosen: &Alternative) -> Vec<String> {
    let tokens = |tokens: f64| Tokens(tokens.max(0.0).round() as u64);
    let interval = chosen.loss.interval.map_or(String::new(), |range| {
        format!(" ({:.3} to {:.3})", range.low, range.high)
    });
    let mut lines = vec![
        format!("{}: {}", decision.aim.name(), one_line(&chosen.name)),
        format!(
            "{} parameters on {} tokens",
            Params(chosen.params as u64),
            tokens(chosen.tokens.value)
        ),
        format!(
            "predicted loss {:.3}{interval} {}",
            chosen.loss.value, decision.unit
        ),
        format!("{} before serving", Dollars(chosen.before_serving.value)),
    ];
    lines.extend(chosen.text.iter().map(|(name, unique, seen)| {
        format!(
            "text `{}`: {} tokens, {} of them unique",
            one_line(name),
            tokens(*seen),
            tokens(*unique)
        )
    }));
    lines
}

fn cautions(layout: &Layout, device: &str, wanted: u64, sequences: u64) -> Vec<String> {
    let mut cautions = Vec::new();
    if !layout.fits {
        cautions.push(format!(
            "weights and optimiser take more than three fifths of the memory of {} {}: recompute activations, or give more \
             devices",
            layout.devices,
            one_line(device)
        ));
    }
    let off = sequences as f64 / wanted as f64 - 1.0;
    if off.abs() > 0.25 {
        cautions.push(format!(
            "the batch is {:+.0}% off Step Law's, for {} replicas to have a sequence each",
            100.0 * off,
            layout.replicas()
        ));
    }
    cautions
}

/// Texts by names that paths and keys may have, each its own.
fn text(chosen: &Alternative) -> Vec<(String, f64)> {
    let all: f64 = chosen.text.iter().map(|(.., seen)| seen).sum();
    let mut names: Vec<(String, f64)> = Vec::new();
    for (name, _, seen) in &chosen.text {
        let plain: String = name
            .chars()
            .map(|sign| {
                if sign.is_ascii_alphanumeric() {
                    sign.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        let plain = plain
            .split('-')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-");
        let plain = if plain.is_empty() {
            "text".to_owned()
        } else {
            plain
        };
        let is_taken = |name: &str| names.iter().any(|(taken, _)| taken == name);
        let free = (2..).map(|number| format!("{plain}-{number}"));
        let name = std::iter::once(plain.clone())
            .chain(free)
            .find(|name| !is_taken(name));
        names.push((name.unwrap_or(plain), seen / all));
    }
    names
}

/// A name that cannot end a comment.
fn one_line(name: &str) -> String {
    name.split(|sign: char| sign.is_control() || sign == '\u{2028}' || sign == '\u{2029}')
        .collect::<Vec<_>>()
        .join(" ")
}
