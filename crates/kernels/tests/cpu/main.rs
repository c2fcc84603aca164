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
mod layers;
mod losses;
mod not_finite;
mod products;
mod rows;

use proptest::prelude::*;
use triaxis_kernels::Precision;
use triaxis_kernels::cpu::bf16::Unit;
use triaxis_kernels::simd::Level;

const TOLERANCE: f64 = 1e-5;

/// Of what is rounded to bf16 on the way.
const ROUNDED_TOLERANCE: f64 = 2e-2;

/// An output that no kernel may read.
fn unset(count: usize) -> Vec<f32> {
    vec![f32::NAN; count]
}

/// Sizes around those of vectors, tiles and blocks.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1), Just(15), Just(16), Just(17), Just(257), 1usize..70]
}

/// Runs a check on every instruction set, and on every unit that multiplies in bf16. Tests run side by side, so
/// another may change the level or the unit in the middle of a check: all of them must pass all checks, so no failure
/// is hidden and none is made up.
fn on_every_level(check: impl Fn()) {
    // The level is the whole process's: tests that change it take turns.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let units = Unit::available();
    for unit in units.iter().skip(1) {
        unit.make_default();
        assert_eq!(Precision::BFloat16.unit(), unit.name());
        check();
    }
    if let Some(fastest) = units.first() {
        fastest.make_default();
    }
    // The widest comes last, and stays.
    for level in Level::available().into_iter().rev() {
        level.make_default();
        assert_eq!(Precision::Float32.unit(), level.name());
        check();
    }
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
