//! The slice kernels against plain loops in double precision, on every instruction set of the processor,
//! over the sizes where tiles and vectors end.

#[path = "../reference/mod.rs"]
mod reference;

/// Asserts a relative error of at most a tolerance, [`TOLERANCE`] unless it is given.
macro_rules! assert_close {
    ($actual:expr, $expected:expr) => {
        assert_close!($actual, $expected, 0.0)
    };
    ($actual:expr, $expected:expr, $terms:expr) => {
        assert_close!($actual, $expected, $terms, $crate::TOLERANCE)
    };
    ($actual:expr, $expected:expr, $terms:expr, $tolerance:expr) => {
        let error = $crate::reference::relative_error(&$actual, &$expected, $terms);
        assert!(
            error <= $tolerance,
            "{}: relative error {error:e}",
            stringify!($actual)
        );
    };
}

mod attention;
mod experts;
mod gated_delta;
mod gated_linear;
mod generalised_delta;
mod layers;
mod losses;
mod lstm;
mod mamba;
mod mamba2;
mod min_rnn;
mod muon;
mod not_finite;
mod products;
mod recurrent;
mod rg_lru;
mod rows;
mod rwkv7;

use proptest::prelude::*;
use reference::unset;
use triaxis_kernels::{Instructions, Precision};

const TOLERANCE: f64 = 1e-5;

/// Of what is rounded to bf16 on the way.
const ROUNDED_TOLERANCE: f64 = 2e-2;

/// What results of a precision may be off by on the instruction sets in use.
fn tolerance(precision: Precision) -> f64 {
    if precision == Precision::BFloat16 && reference::rounds() {
        ROUNDED_TOLERANCE
    } else {
        TOLERANCE
    }
}

/// Sizes around those of vectors, tiles and blocks.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1), Just(15), Just(16), Just(17), Just(257), 1usize..70]
}

/// Runs a check on every instruction set of the processor, or on the one that the environment names.
fn on_every_level(check: impl Fn()) {
    // The choice is the whole process's: tests that change it take turns.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let named = Instructions::of_environment().expect("a name of what the processor has");
    for instructions in named.map_or_else(Instructions::available, |named| vec![named]) {
        instructions.make_default().expect("what the processor has");
        check();
    }
}

#[test]
fn products_are_made_by_what_was_chosen() {
    on_every_level(|| {
        let chosen = Instructions::current();
        let single = chosen.min(Instructions::Avx512);
        assert_eq!(Precision::Float32.unit(), single.name());
        assert_eq!(Precision::BFloat16.unit(), chosen.name());
        assert_eq!(reference::rounds(), chosen > Instructions::Avx512);
    });
}

#[test]
fn comparisons_see_what_is_not_finite() {
    let infinite = f32::INFINITY;
    let error = |actual: f32, expected: f32| {
        std::panic::catch_unwind(|| reference::relative_error(&[actual, 1.0], &[expected.into(), 1.5], 0.0))
    };
    for same in [f32::NAN, infinite, -infinite] {
        assert_eq!(error(same, same).expect("no difference"), 0.5 / 1.5);
        for other in [1.0, infinite, f32::NAN] {
            let differ = same != other && !(same.is_nan() && other.is_nan());
            assert_eq!(error(same, other).is_err(), differ, "{same} {other}");
            assert_eq!(error(other, same).is_err(), differ, "{other} {same}");
        }
    }
}
