//! How the learning rate moves over a training.

use crate::schedules::{Constant, Cosine, Wsd, WsdLinear};

/// The steps of one training that a schedule distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Steps over which the rate rises.
    pub warmup: u64,
    /// Steps at the end over which it falls, for schedules that have such a phase.
    pub decay: u64,
    /// Steps in all.
    pub end: u64,
}

/// A shape of the learning rate after its warm-up.
///
/// To add one, write a file in `schedules/` with a type that implements this and says what it is `ABOUT`, name it in
/// `schedules/mod.rs` and in the registry below.
pub trait Shape {
    /// Version of its factors: raised when a step has another.
    fn numerics(&self) -> u32;

    /// The factor on the peak rate, above 0 and at most 1, at a step from `span.warmup` up to, but
    /// not including, `span.end`.
    fn factor(&self, step: u64, span: &Span) -> f64;

    /// The first step whose factor depends on `span.end`; trainings of different lengths share all
    /// steps before it.
    fn stable_until(&self, span: &Span) -> u64;
}

triaxis_names::registry! {
    /// A learning-rate schedule, by name; every one begins with a linear warm-up.
    pub enum Schedule as shape: Shape {
        Wsd = "wsd",
        WsdLinear = "wsd-linear" or "wsd_linear",
        Cosine = "cosine",
        Constant = "constant",
    }
}

impl Schedule {
    /// Version of its factors; see [`Shape::numerics`].
    pub fn numerics(self) -> u32 {
        self.shape().numerics()
    }

    /// The first step whose rate depends on `span.end`.
    pub fn stable_until(self, span: &Span) -> u64 {
        self.shape().stable_until(span)
    }

    /// The factor on the peak rate at `step`, counted from 0.
    pub fn factor(self, step: u64, span: &Span) -> f64 {
        if step < span.warmup {
            return (step + 1) as f64 / span.warmup as f64;
        }
        self.shape().factor(step, span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Span = Span {
        warmup: 10,
        decay: 20,
        end: 100,
    };

    #[test]
    fn every_schedule_round_trips() {
        for &schedule in Schedule::ALL {
            let text = serde_json::to_string(&schedule).unwrap();
            assert_eq!(text, format!("\"{}\"", schedule.name()));
            assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
        }
    }

    #[test]
    fn every_schedule_rises_to_one_never_rises_again_and_stays_above_zero() {
        for &schedule in Schedule::ALL {
            let factors: Vec<f64> = (0..SPAN.end).map(|step| schedule.factor(step, &SPAN)).collect();
            assert!(
                factors[..10].windows(2).all(|pair| pair[0] < pair[1]),
                "{schedule:?}"
            );
            assert_eq!(factors[9], 1.0);
            assert!(
                factors[10..].windows(2).all(|pair| pair[0] >= pair[1]),
                "{schedule:?}"
            );
            assert!(
                factors.iter().all(|&factor| factor > 0.0 && factor <= 1.0),
                "{schedule:?}"
            );
        }
    }

    #[test]
    fn trainings_of_different_lengths_agree_where_they_are_said_to_share_steps() {
        for &schedule in Schedule::ALL {
            let shared = schedule.stable_until(&SPAN);
            assert!((SPAN.warmup..=SPAN.end).contains(&shared));
            for end in [SPAN.end + 1, 2 * SPAN.end] {
                let longer = Span { end, ..SPAN };
                assert!(
                    (0..shared).all(|step| schedule.factor(step, &SPAN) == schedule.factor(step, &longer))
                );
            }
        }
    }

    #[test]
    fn the_decays_end_where_their_papers_say() {
        let last = |schedule: Schedule| schedule.factor(99, &SPAN);
        assert!((last(Schedule::Wsd) - (1.0 - (20f64 / 21.0).sqrt())).abs() < 1e-12);
        assert!((last(Schedule::WsdLinear) - 1.0 / 21.0).abs() < 1e-12);
        assert!((last(Schedule::Cosine) - 0.1).abs() < 1e-3);
        assert_eq!(last(Schedule::Constant), 1.0);
    }
}
