//! How what runs shows itself: a bar on a terminal, plain lines elsewhere, always on stderr.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use triaxis_corpus::{Count, Manifest, Stage};
use triaxis_study::job::Work;
use triaxis_study::{Event, Listener, Message};
use triaxis_units::Seconds;

const TEMPLATE: &str = "{prefix:>9} [{bar:30}] {percent:>3}%  {wide_msg}";

/// Least time between two plain lines of progress.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows what a study does on stderr.
pub struct Progress {
    quiet: bool,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
    /// Whether a trial has come to an end.
    has_trained: AtomicBool,
}

struct State {
    started: Instant,
    printed: Instant,
    /// Of each job under way: total steps, steps done, operations a step.
    jobs: Vec<(u64, u64, f64)>,
    /// Of the corpus stage under way: its size and how far it is.
    stage: (u64, u64),
    /// Trials done, and all of them.
    trials: (usize, usize),
    /// The same of evaluations.
    evaluations: (usize, usize),
    phase: &'static str,
}

impl State {
    fn begin(phase: &'static str, jobs: &[&dyn Work]) -> Self {
        let now = Instant::now();
        let bills: Vec<_> = jobs.iter().map(|job| job.bill()).collect();
        let each = bills.iter().map(|bill| {
            let steps = bill.steps;
            (steps, 0, bill.flops.0 / steps.max(1) as f64)
        });
        Self {
            started: now,
            printed: now,
            jobs: each.collect(),
            stage: (0, 0),
            trials: (0, bills.iter().map(|bill| bill.trials).sum()),
            evaluations: (0, bills.iter().map(|bill| bill.evaluations).sum()),
            phase,
        }
    }

    /// How many of what are done.
    fn counted(&self) -> String {
        let counts = [(self.trials, "trials"), (self.evaluations, "evaluations")];
        let counts = counts.iter().filter(|((_, all), _)| *all > 0);
        let counts = counts.map(|((done, all), what)| format!("{done} of {all} {what} done, "));
        counts.collect()
    }
}

impl Progress {
    /// A bar when stderr is a terminal, else plain lines; neither when `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self {
            quiet,
            bar: (!quiet).then(bar).flatten(),
            state: Mutex::new(State::begin("", &[])),
            has_trained: AtomicBool::new(false),
        }
    }

    /// Whether a trial has come to an end, and not all were there already.
    pub fn has_trained(&self) -> bool {
        self.has_trained.load(Ordering::Relaxed)
    }

    /// Prints a line above the bar.
    fn say(&self, line: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Says what the corpus holds and what it does not; even when quiet, if that is much.
    fn corpus(&self, manifest: &Manifest) {
        let (train, validation) = (&manifest.train.total, &manifest.validation.total);
        self.say(&format!(
            "{:>9}: {} of text, {} tokens to train on, {} to validate on",
            "corpus",
            train.bytes + validation.bytes,
            train.tokens,
            validation.tokens,
        ));
        for source in &manifest.sources {
            let Count { documents, bytes } = source.duplicates;
            if documents > 0 {
                let name = &source.name;
                self.say(&format!(
                    "{:>9}: source `{name}`: {documents} documents ({bytes}) repeat earlier ones and are taken once",
                    "corpus"
                ));
            }
        }
        let left_out = manifest.left_out_told();
        for (grave, said) in left_out.chain(manifest.loss_told().map(|said| (true, said))) {
            match grave {
                true => self.warn(&said),
                false => self.say(&format!("{:>9}: {said}", "corpus")),
            }
        }
    }

    /// Prints a warning above the bar, even when quiet.
    fn warn(&self, said: &str) {
        let line = format!("{:>9}: {said}", "warning");
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    fn begin_jobs(&self, phase: &'static str, jobs: &[&dyn Work]) {
        *self.state() = State::begin(phase, jobs);
    }

    fn show(&self, fraction: f64, message: &str) {
        let mut state = self.state();
        if let Some(bar) = &self.bar {
            bar.set_prefix(state.phase);
            bar.set_position((fraction * 1000.0) as u64);
            bar.set_message(message.to_owned());
        } else if !self.quiet && state.printed.elapsed() >= LINE_EVERY {
            state.printed = Instant::now();
            eprintln!("{:>9}: {:3.0}%  {message}", state.phase, fraction * 100.0);
        }
    }

    fn show_jobs(&self) {
        let (fraction, message) = {
            let state = self.state();
            if state.jobs.is_empty() {
                return;
            }
            let jobs = state.jobs.iter();
            let total: f64 = jobs.clone().map(|(total, _, flops)| *total as f64 * flops).sum();
            let done: f64 = jobs.map(|(_, done, flops)| *done as f64 * flops).sum();
            let fraction = if total > 0.0 { done / total } else { 1.0 };
            (fraction, state.counted() + &left(state.started, fraction))
        };
        self.show(fraction, &message);
    }

    fn job(&self, index: usize, message: &Message) {
        if matches!(message, Message::Recorded { .. } | Message::Failed { .. }) {
            self.has_trained.store(true, Ordering::Relaxed);
        }
        match message {
            Message::Progress { steps } => {
                if let Some(job) = self.state().jobs.get_mut(index) {
                    job.1 = *steps;
                }
            }
            Message::Evaluated {
                trial,
                text,
                bits_per_byte,
                is_bound,
            } => {
                self.state().evaluations.0 += 1;
                self.say(&format!(
                    "{:>9}: {trial}  {}{bits_per_byte:.4} bits per byte of `{text}`",
                    "evaluated",
                    at_most(*is_bound)
                ));
            }
            Message::Recorded {
                trial,
                bits_per_byte,
                is_bound,
            } => {
                self.state().trials.0 += 1;
                match bits_per_byte {
                    Some(loss) => {
                        let bound = at_most(*is_bound);
                        self.say(&format!("{:>9}: {trial}  {bound}{loss:.4} bits per byte", "done"));
                    }
                    None => self.say(&format!("{:>9}: {trial}", "diverged")),
                }
            }
            Message::Failed { trial, reason } => self.say(&format!("{:>9}: {trial}  {reason}", "failed")),
            Message::Refused { reason, .. } => self.say(&format!("{:>9}: {reason}", "refused")),
            Message::Waits { id } => self.say(&format!(
                "{:>9}: {id} is being made for another study, and will be used",
                "waiting"
            )),
            Message::Warning { said } => self.warn(said),
            Message::Differs { trial } => self.warn(&format!(
                "{trial} was computed elsewhere meanwhile with another result, which stands: the two machines do not \
                 compute the same"
            )),
            Message::Said { line } => self.say(&format!("{:>9}: {line}", "worker")),
        }
        self.show_jobs();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A bar where stderr is a terminal.
fn bar() -> Option<ProgressBar> {
    std::io::stderr().is_terminal().then(|| {
        let style = ProgressStyle::with_template(TEMPLATE);
        ProgressBar::new(1000).with_style(
            style
                .expect("the template is a constant, and tested")
                .progress_chars("=> "),
        )
    })
}

/// The time left of what began at `started`, of which a share is done.
fn left(started: Instant, fraction: f64) -> String {
    match fraction {
        0.0 => "measuring the time left".to_owned(),
        _ => {
            let elapsed = started.elapsed().as_secs_f64();
            format!("{} left", Seconds(elapsed * (1.0 - fraction) / fraction))
        }
    }
}

/// How far a command is that is no study.
pub struct Advance {
    bar: Option<ProgressBar>,
    phase: &'static str,
    started: Instant,
    printed: Instant,
}

impl Advance {
    /// Nothing is done yet of what `phase` names.
    pub fn new(phase: &'static str) -> Self {
        let now = Instant::now();
        Self {
            bar: bar().inspect(|bar| bar.set_prefix(phase)),
            phase,
            started: now,
            printed: now,
        }
    }

    /// Shows what share is done, what is said of it, and the time left.
    pub fn show(&mut self, fraction: f64, said: &str) {
        let message = format!("{said}{}", left(self.started, fraction));
        if let Some(bar) = &self.bar {
            bar.set_position((fraction * 1000.0) as u64);
            bar.set_message(message);
        } else if self.printed.elapsed() >= LINE_EVERY {
            self.printed = Instant::now();
            eprintln!("{:>9}: {:3.0}%  {message}", self.phase, fraction * 100.0);
        }
    }

    /// Does what prints elsewhere, out of the way of the bar.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Advance {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl triaxis_corpus::Progress for Progress {
    fn begin(&self, stage: Stage, total: u64) {
        let mut state = self.state();
        state.stage = (total, 0);
        state.phase = match stage {
            Stage::Scan => "reading",
            Stage::CountWords => "counting",
            Stage::TrainTokenizer => "tokenizer",
            Stage::Tokenize => "tokenizing",
            Stage::Write => "writing",
        };
    }

    fn advance(&self, amount: u64) {
        let (total, done) = {
            let mut state = self.state();
            state.stage.1 += amount;
            state.stage
        };
        self.show(
            if total == 0 {
                0.0
            } else {
                (done as f64 / total as f64).min(1.0)
            },
            "",
        );
    }
}

/// What is said before a loss that is a bound from above.
fn at_most(is_bound: bool) -> &'static str {
    if is_bound { "at most " } else { "" }
}

impl Listener for Progress {
    fn event(&self, event: &Event<'_>) {
        match event {
            // As a warning: what takes hours again is no surprise, even when quiet.
            Event::Again(reasons) => reasons.iter().for_each(|reason| self.warn(reason)),
            Event::CorpusStarts => self.begin_jobs("corpus", &[]),
            Event::CorpusReady(corpus) => self.corpus(corpus.manifest()),
            Event::JobsStart { role, jobs } => {
                self.begin_jobs(role.name(), jobs);
                self.show_jobs();
            }
            Event::Job(index, message) => self.job(*index, message),
            Event::JobsEnd => {
                if let Some(bar) = &self.bar {
                    bar.finish_and_clear();
                    bar.reset();
                }
            }
            Event::Predicted(prediction) => self.say(&format!("{:>9}: {prediction}", "predicted")),
            // Said even when quiet: something the user has was not what it should be.
            Event::Warning(error) => self.warn(&error.to_string()),
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
