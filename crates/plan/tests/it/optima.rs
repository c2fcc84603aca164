//! Every optimum against a plain search, and the properties that an allocation must have.

use proptest::prelude::*;
use triaxis_laws::forms::{Allocation, Chinchilla, Coupled};
use triaxis_plan::allocate::{Expense, compute_optimal_by, least_expense};

prop_compose! {
    fn law()(
        floor in 0.0..3.0f64,
        log_a in 0.0..8.0f64,
        log_b in 0.0..10.0f64,
        alpha in 0.1..1.6f64,
        beta in 0.1..1.6f64,
        gamma in prop_oneof![Just(1.0), 0.2..1.5f64],
    ) -> Coupled {
        Coupled { E: floor, A: log_a.exp(), B: log_b.exp(), alpha, beta, gamma }
    }
}

/// Ten to a power, so that cases cover all magnitudes alike.
fn magnitude(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low..high).prop_map(|exponent| 10f64.powf(exponent))
}

/// Any demand, nothing among them.
fn demand() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), magnitude(3.0, 16.0)]
}

fn reducible(law: &Coupled, place: Allocation) -> f64 {
    law.loss(place.params, place.tokens) - law.E
}

/// The least value of `function` around `best`, from factors of `best` near and far.
fn least_around(best: f64, function: impl Fn(f64) -> f64) -> f64 {
    (-600..=600)
        .map(|step| function(best * (f64::from(step) * 0.01).exp()))
        .filter(|value| value.is_finite())
        .fold(f64::INFINITY, f64::min)
}

fn near(left: f64, right: f64, tolerance: f64) -> bool {
    (left - right).abs() <= tolerance * left.abs().max(right.abs())
}

proptest! {
    #[test]
    fn the_closed_form_is_the_numeric_minimum(law in law(), flops in magnitude(12.0, 27.0)) {
        let best = law.optimum(flops, 6.0).unwrap();
        let ends = (best.params * 1e-3, best.params * 1e3);
        let numeric = compute_optimal_by(&law, flops, |params| 6.0 * params, ends).unwrap();
        let (closed, searched) = (law.loss(best.params, best.tokens), law.loss(numeric.params, numeric.tokens));
        prop_assert!(near(closed, searched, 1e-13), "{closed} {searched}");
        prop_assert!(near(best.params, numeric.params, 1e-5), "{best:?} {numeric:?}");
    }

    #[test]
    fn least_expense_keeps_the_loss_and_nothing_near_is_cheaper(
        law in law(), served in demand(), drop in magnitude(-2.0, 0.5),
    ) {
        let loss = law.E + drop;
        let expense = Expense::flops(served);
        let best = least_expense(&law, loss, expense).unwrap();
        prop_assert!(near(reducible(&law, best), loss - law.E, 1e-9));
        let around = least_around(best.params, |params| {
            law.inner()
                .tokens_for(law.inner_at(loss), params)
                .map_or(f64::INFINITY, |tokens| expense.of(Allocation { params, tokens }))
        });
        prop_assert!(expense.of(best) <= around * (1.0 + 1e-9), "{} {around}", expense.of(best));
    }

    #[test]
    fn no_demand_is_the_compute_optimum(
        law in law(), drop in magnitude(-2.0, 0.5),
    ) {
        let free = Expense::flops(0.0);
        let loss = law.E + drop;
        let (_, plain) = law.inner().least_flops(law.inner_at(loss), 6.0).unwrap();
        let by_loss = least_expense(&law, loss, free).unwrap();
        prop_assert!(near(by_loss.params, plain.params, 1e-9) && near(by_loss.tokens, plain.tokens, 1e-9));
    }

    #[test]
    fn more_demand_never_gives_a_larger_model(
        law in law(), served in demand(), more in magnitude(0.0, 6.0), drop in 0.01..2.0f64,
    ) {
        let loss = law.E + drop;
        let less = least_expense(&law, loss, Expense::flops(served)).unwrap();
        let greater = least_expense(&law, loss, Expense::flops(served * more)).unwrap();
        prop_assert!(greater.params <= less.params && greater.tokens >= less.tokens);
    }

    #[test]
    fn the_unit_of_the_expense_does_not_matter(
        law in law(), served in demand(), scale in magnitude(-20.0, 20.0), drop in 0.01..2.0f64,
    ) {
        let flops = Expense::flops(served);
        let other = Expense { training: flops.training * scale, serving: flops.serving * scale };
        let (left, right) =
            (least_expense(&law, law.E + drop, flops).unwrap(), least_expense(&law, law.E + drop, other).unwrap());
        prop_assert!(near(left.params, right.params, 1e-9) && near(left.tokens, right.tokens, 1e-9));
    }

    #[test]
    fn the_unit_of_the_loss_does_not_matter(
        law in law(), served in demand(), scale in magnitude(-2.0, 2.0), drop in 0.01..2.0f64,
    ) {
        let inside = scale.powf(law.gamma.recip());
        let other = Coupled { E: law.E * scale, A: law.A * inside, B: law.B * inside, ..law };
        let expense = Expense::flops(served);
        let left = least_expense(&law, law.E + drop, expense).unwrap();
        let right = least_expense(&other, (law.E + drop) * scale, expense).unwrap();
        prop_assert!(near(left.params, right.params, 1e-6) && near(left.tokens, right.tokens, 1e-6));
    }
}

#[test]
fn a_loss_at_the_floor_has_no_allocation() {
    let law = Coupled::from(Chinchilla::REFIT);
    for loss in [law.E, law.E - 0.1, f64::NAN, f64::INFINITY] {
        assert_eq!(least_expense(&law, loss, Expense::flops(0.0)), None, "{loss}");
    }
}

#[test]
fn a_costlier_token_is_searched_and_ends_are_refused() {
    // Attention over a context of 4,096 at width N^(1/3) and depth N^(1/3) / 8, next to `6 N`.
    let cost = |params: f64| 6.0 * params + 12.0 * 4096.0 * params.powf(2.0 / 3.0) / 8.0;
    let law = Coupled::from(Chinchilla::REFIT);
    let best = compute_optimal_by(&law, 1e18, cost, (1e5, 1e12)).unwrap();
    // At the optimum the terms' slopes stand in the ratio of the cost's elasticity in N, which is below
    // that of `6 N`, 1.
    let step: f64 = 1e-4;
    let elasticity = (cost(best.params * step.exp()) / cost(best.params * (-step).exp())).ln() / (2.0 * step);
    let of_params = law.alpha * law.A * best.params.powf(-law.alpha);
    let of_tokens = law.beta * law.B * best.tokens.powf(-law.beta);
    assert!(
        elasticity < 0.9 && near(of_params / of_tokens, elasticity, 1e-5),
        "{best:?} {elasticity}"
    );

    let refused = |ends| compute_optimal_by(&law, 1e18, cost, ends).unwrap_err();
    for ends in [(1e5, 1e6), (1e10, 1e12), (0.0, 1e9), (1e9, 1e5), (f64::NAN, 1e9)] {
        let said = refused(ends).to_string();
        assert!(said.starts_with("no optimum between "), "{ends:?}: {said}");
    }
    let free = compute_optimal_by(&law, 1e18, |_| 0.0, (1e5, 1e12)).unwrap_err();
    assert!(free.to_string().contains("above 0"), "{free}");
}
