//! The published numbers of Hoffmann et al. 2022, Besiroglu et al. 2024 and Sardana et al. 2023.

#![allow(clippy::unwrap_used)]

use triaxis_laws::forms::{Allocation, Coupled};
use triaxis_plan::allocate::{Expense, least_expense};
use triaxis_plan::published;

/// The Chinchilla-optimal run of `params` parameters, the least lifetime operations for its loss with
/// `served` tokens, and the share of operations saved.
fn against_optimal(law: &Coupled, params: f64, served: f64) -> (Allocation, Allocation, f64) {
    // Where alpha A / N^alpha = beta B / D^beta.
    let tokens = (law.beta * law.B / (law.alpha * law.A) * params.powf(law.alpha)).powf(law.beta.recip());
    let optimal = Allocation { params, tokens };
    let expense = Expense::flops(served);
    let chosen = least_expense(law, law.loss(params, tokens), expense).unwrap();
    (optimal, chosen, expense.of(optimal) - expense.of(chosen))
}

fn close(value: f64, published: f64, half_a_digit: f64) {
    assert!(
        (value - published).abs() <= half_a_digit,
        "{value} should print as {published}"
    );
}

#[test]
fn thirteen_billion_quality_for_two_trillion_tokens() {
    let law = &Coupled::from(published::find("sardana-2023").unwrap().law);
    let (optimal, chosen, saved) = against_optimal(law, 13e9, 2e12);
    close(chosen.params / 1e9, 6.97, 0.005);
    close(saved / 1e22, 1.69, 0.005);
    close(100.0 * saved / Expense::flops(2e12).of(optimal), 17.4, 0.05);
}

#[test]
fn seven_billion_quality_for_a_hundred_billion_tokens() {
    let law = &Coupled::from(published::find("sardana-2023").unwrap().law);
    let (optimal, chosen, _) = against_optimal(law, 7e9, 1e11);
    close(chosen.params / 1e9, 6.00, 0.005);
    close(chosen.tokens / optimal.tokens, 1.18, 0.005);
}

#[test]
fn thirty_billion_quality_for_ten_trillion_tokens() {
    // Section 2 of the paper: 28% fewer operations from a 13.6B model on 2.84 times the data.
    let law = &Coupled::from(published::find("sardana-2023").unwrap().law);
    let (optimal, chosen, saved) = against_optimal(law, 30e9, 1e13);
    close(chosen.params / 1e9, 13.6, 0.05);
    close(chosen.tokens / optimal.tokens, 2.84, 0.006);
    close(100.0 * saved / Expense::flops(1e13).of(optimal), 28.0, 0.5);
}

#[test]
fn rounding_the_exponents_changes_the_answer() {
    let law = &Coupled::from(published::find("hoffmann-2022").unwrap().law);
    let (optimal, _, saved) = against_optimal(law, 13e9, 2e12);
    close(100.0 * saved / Expense::flops(2e12).of(optimal), 10.1, 0.05);
}

#[test]
fn tokens_per_parameter_at_the_gopher_budget() {
    let ratio = |name| {
        let best = published::find(name).unwrap().law.optimum(5.76e23, 6.0).unwrap();
        best.tokens / best.params
    };
    close(ratio("hoffmann-2022"), 92.6, 0.05);
    close(ratio("besiroglu-2024"), 18.4, 0.05);
}
