//! How far a command on text is, on stderr.

use std::sync::{Mutex, PoisonError};

use crate::progress::Advance;

/// Shows the passes of what reads documents.
pub struct Progress(Mutex<State>);

struct State {
    phase: &'static str,
    shown: Advance,
    pass: String,
    total: u64,
    done: u64,
}

impl Progress {
    /// Nothing is done yet of what `phase` names.
    pub fn new(phase: &'static str) -> Self {
        Self(Mutex::new(State::begin(phase, String::new(), 0)))
    }
}

impl State {
    fn begin(phase: &'static str, pass: String, total: u64) -> Self {
        Self {
            phase,
            shown: Advance::new(phase),
            pass,
            total,
            done: 0,
        }
    }
}

impl triaxis_curation::Progress for Progress {
    fn resume(&self) {
        eprintln!("an earlier run of this did not end; going on where it was");
    }

    fn begin(&self, pass: usize, passes: usize, total: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State::begin(state.phase, format!("pass {pass} of {passes}, "), total);
    }

    fn advance(&self, bytes: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += bytes;
        let fraction = match state.total {
            0 => 1.0,
            total => (state.done as f64 / total as f64).min(1.0),
        };
        let State { shown, pass, .. } = &mut *state;
        if fraction > 0.0 {
            shown.show(fraction, pass);
        }
    }
}
