//! Where a thread's time goes, by operation.
//!
//! Off, it costs a look at a thread's flag for each operation.

use std::cell::{Cell, RefCell};
use std::time::Duration;

/// The part of a training step that an operation ran in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// From tokens to loss.
    Forward,
    /// From loss to gradients.
    Backward,
    /// From gradients to weights.
    Update,
}

/// What the calls of one operation in one pass took together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationTime {
    /// Name of the operation.
    pub operation: &'static str,
    /// Where it ran.
    pub pass: Pass,
    /// How often it ran.
    pub calls: u64,
    /// The time from each call to its return, threads it shared its work with included, kernels it called not.
    pub time: Duration,
}

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    /// The time of the kernels that the running kernel has called.
    static CALLED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static TIMES: RefCell<Vec<OperationTime>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` and returns its result with the time that its kernels took, each operation and pass once.
///
/// Kernels that `work` calls on this thread are counted; compositions of tensor operations are not.
pub fn profile<R>(work: impl FnOnce() -> R) -> (R, Vec<OperationTime>) {
    let (others, running) = (TIMES.take(), RUNNING.replace(true));
    let result = work();
    RUNNING.set(running);
    (result, TIMES.replace(others))
}

/// Runs `work` off the clock that this thread may have: a thread of the pool that waits for its own work takes
/// up that of others.
pub(crate) fn apart<R>(work: impl FnOnce() -> R) -> R {
    let running = RUNNING.replace(false);
    let (start, before) = (std::time::Instant::now(), CALLED.get());
    let result = work();
    CALLED.set(before + start.elapsed());
    RUNNING.set(running);
    result
}

/// Runs a kernel, on the clock if there is one.
#[cfg(feature = "tensors")]
pub(crate) fn time<R>(operation: &'static str, pass: Pass, work: impl FnOnce() -> R) -> R {
    let clock = RUNNING
        .get()
        .then(|| (std::time::Instant::now(), CALLED.replace(Duration::ZERO)));
    // Called in one place, or it would be compiled twice.
    let result = work();
    if let Some((start, before)) = clock {
        let whole = start.elapsed();
        let time = whole.saturating_sub(CALLED.replace(before + whole));
        count(operation, pass, time);
    }
    result
}

#[cfg(feature = "tensors")]
fn count(operation: &'static str, pass: Pass, time: Duration) {
    TIMES.with_borrow_mut(|times| {
        let known = times
            .iter_mut()
            .find(|known| known.operation == operation && known.pass == pass);
        match known {
            Some(known) => {
                known.calls += 1;
                known.time += time;
            }
            None => times.push(OperationTime {
                operation,
                pass,
                calls: 1,
                time,
            }),
        }
    });
}

#[cfg(all(test, feature = "tensors"))]
mod tests {
    use std::time::Duration;

    use burn::tensor::{Device, Distribution, Tensor};

    use super::{Pass, profile, time};
    use crate::Implementation;

    fn step() -> Tensor<2> {
        let device = Device::flex().autodiff();
        let random = |shape| Tensor::<2>::random(shape, Distribution::Default, &device).require_grad();
        let (x, weight) = (random([40, 16]), random([16, 16]));
        let hidden = crate::linear(crate::linear(x, weight.clone()), weight.clone());
        let gradients = crate::swiglu(hidden).sum().backward();
        weight.grad(&gradients).expect("a weight in use")
    }

    #[test]
    fn both_passes_of_every_kernel_are_counted_while_asked() {
        step();
        let (_, times) = profile(step);
        let counted = |operation, pass| {
            let found = times
                .iter()
                .find(|time| time.operation == operation && time.pass == pass);
            found.map_or(0, |time| time.calls)
        };
        for (operation, calls) in [("linear", 2), ("swiglu", 1)] {
            assert_eq!(counted(operation, Pass::Forward), calls);
            assert_eq!(counted(operation, Pass::Backward), calls);
        }
        assert_eq!(times.len(), 4);
        assert!(times.iter().all(|operation| operation.time > Duration::ZERO));
        assert_eq!(profile(|| ()).1, []);
        assert_eq!(Implementation::Composed.run(|| profile(step)).1, []);
    }

    #[test]
    fn the_work_of_others_is_not_counted() {
        let (inner, times) = rayon::scope(|_| {
            profile(|| {
                step();
                crate::parallel::inside(|| profile(step)).1
            })
        });
        assert_eq!((times.len(), inner.len()), (4, 4));
        let calls = |times: &[super::OperationTime]| times.iter().map(|time| time.calls).sum::<u64>();
        assert_eq!((calls(&times), calls(&inner)), (6, 6));
        let wait = || std::thread::sleep(Duration::from_millis(40));
        let waiting = || time("outer", Pass::Forward, || super::apart(wait));
        assert!(profile(waiting).1[0].time < Duration::from_millis(40));
    }

    #[test]
    fn no_time_is_counted_twice() {
        let wait = || std::thread::sleep(Duration::from_millis(20));
        let (whole, times) = profile(|| {
            let start = std::time::Instant::now();
            time("outer", Pass::Forward, || {
                time("inner", Pass::Forward, wait);
                time("inner", Pass::Forward, wait);
            });
            start.elapsed()
        });
        let of = |name| {
            times
                .iter()
                .find(|time| time.operation == name)
                .expect("both ran")
        };
        assert_eq!((of("inner").calls, of("outer").calls), (2, 1));
        assert!(of("inner").time >= Duration::from_millis(40));
        assert!(of("inner").time + of("outer").time <= whole);
    }
}
