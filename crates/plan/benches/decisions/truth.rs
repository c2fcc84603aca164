//! Worlds whose truth is known: what a question leaves uncertain, drawn once and held.

use triaxis_laws::forms::Coupled;
use triaxis_laws::numeric::Stream;
use triaxis_plan::decide::{Alternative, Decision, Law, Outcome, decide, outcome_where};
use triaxis_plan::{LossUnit, Measured, Question};
use triaxis_units::{Flops, Params, Tokens};

/// A quantity of a question with the interval that it is drawn from: its key, value, low and high.
pub type Unknown = (&'static str, f64, f64, f64);

/// The question with every quantity as an interval, or, of a truth, as the number drawn.
pub fn question(template: &str, unknown: &[Unknown], truth: Option<&[f64]>) -> Question {
    let mut text = template.to_owned();
    for (at, (key, value, low, high)) in unknown.iter().enumerate() {
        let written = match truth {
            // Counts are whole.
            Some(truth) if truth[at] > 1e4 => format!("{}", truth[at].round()),
            Some(truth) => format!("{}", truth[at]),
            None => format!("{{ value = {value}, low = {low}, high = {high} }}"),
        };
        text = text.replace(&format!("${key}$"), &written);
    }
    toml::from_str(&text).unwrap()
}

/// What is true in a world: each quantity drawn from its lognormal interval.
pub fn drawn(unknown: &[Unknown], world: u64) -> Vec<f64> {
    let draw = |(key, value, low, high): &Unknown| {
        let deviations = Stream::new(world, key, 0).normal();
        let end = if deviations < 0.0 { low } else { high };
        value * (end / value).powf(deviations.abs() / 1.644_853_627)
    };
    unknown.iter().map(draw).collect()
}

/// A law with these draws.
pub fn law(best: Coupled, draws: Vec<Coupled>) -> Law {
    let measured = Measured::of([
        (Params(10_000_000), Tokens(200_000_000), Flops(1e16)),
        (Params(1_000_000_000), Tokens(20_000_000_000), Flops(1e20)),
    ]);
    let named = ("ladder".to_owned(), "simulated".to_owned());
    Law::coupled(named, &best, &draws, LossUnit::NatsPerToken, measured.unwrap()).unwrap()
}

/// The decision, or `None` where nothing does what is asked.
pub fn answer(question: &Question, law: &Law) -> Option<Decision> {
    decide(question, std::slice::from_ref(law)).ok()
}

/// What becomes of a choice, with its text as it was planned, in the true world.
pub fn real(
    (question, law): (&Question, &Law),
    chosen: &Alternative,
    (known, exact): (&Question, &Law),
) -> Outcome {
    let (law, exact) = (std::slice::from_ref(law), std::slice::from_ref(exact));
    outcome_where((question, law), chosen, (known, exact)).unwrap()
}

/// The share with its standard error.
pub fn share(held: usize, of: usize) -> String {
    let share = held as f64 / of as f64;
    format!("{share:.3} ± {:.3}", (share * (1.0 - share) / of as f64).sqrt())
}
