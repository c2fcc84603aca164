//! How far a curation is, on stderr: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use triaxis_units::Seconds;

const TEMPLATE: &str = "{prefix:>9} [{bar:30}] {percent:>3}%  {wide_msg}";

/// Least time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows the passes of a curation.
pub struct Progress {
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    started: Instant,
    printed: Instant,
    total: u64,
    done: u64,
    pass: String,
}

impl Progress {
    /// A bar when stderr is a terminal, else plain lines.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(TEMPLATE);
            let style = style.expect("the template is a constant, and tested");
            let bar = ProgressBar::new(1000).with_style(style.progress_chars("=> "));
            bar.with_prefix("curating")
        });
        let now = Instant::now();
        let state = State {
            started: now,
            printed: now,
            total: 0,
            done: 0,
            pass: String::new(),
        };
        Self {
            bar,
            state: Mutex::new(state),
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl triaxis_curation::Progress for Progress {
    fn begin(&self, pass: usize, passes: usize, total: u64) {
        let mut state = self.state();
        (state.started, state.total, state.done) = (Instant::now(), total, 0);
        state.pass = format!("pass {pass} of {passes}");
        if let Some(bar) = &self.bar {
            bar.set_position(0);
            bar.set_message(state.pass.clone());
        }
    }

    fn advance(&self, bytes: u64) {
        let mut state = self.state();
        state.done += bytes;
        let fraction = match state.total {
            0 => 1.0,
            total => (state.done as f64 / total as f64).min(1.0),
        };
        if fraction == 0.0 {
            return;
        }
        let left = Seconds(state.started.elapsed().as_secs_f64() * (1.0 - fraction) / fraction);
        let message = format!("{}, {left} left", state.pass);
        if let Some(bar) = &self.bar {
            bar.set_position((fraction * 1000.0) as u64);
            bar.set_message(message);
        } else if state.printed.elapsed() >= LINE_EVERY {
            state.printed = Instant::now();
            eprintln!("{:>9}: {:3.0}%  {message}", "curating", fraction * 100.0);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_template_is_one() {
        assert!(super::ProgressStyle::with_template(super::TEMPLATE).is_ok());
    }
}
