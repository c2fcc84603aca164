//! The order in which jobs are run.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::job::Work;

/// Jobs that wait for a process: of those whose needs are met the longest first, which keeps the cores evenly busy to
/// the end (Graham 1969).
pub(super) struct Queue<'a> {
    jobs: &'a [&'a dyn Work],
    state: Mutex<State>,
    /// Something ended, so that more may begin.
    changed: Condvar,
}

struct State {
    /// Indices of those that have not begun, the longest first.
    waiting: Vec<usize>,
    /// Indices of those that have ended.
    ended: BTreeSet<usize>,
    running: usize,
    stopped: bool,
}

/// A job that runs until this is dropped.
pub(super) struct Taken<'q> {
    pub(super) index: usize,
    queue: &'q Queue<'q>,
}

impl<'a> Queue<'a> {
    pub(super) fn of(jobs: &'a [&'a dyn Work]) -> Self {
        let flops: Vec<f64> = jobs.iter().map(|job| job.bill().flops.0).collect();
        let mut waiting: Vec<usize> = (0..jobs.len()).collect();
        waiting.sort_by(|&a, &b| flops[b].total_cmp(&flops[a]));
        let state = State {
            waiting,
            ended: BTreeSet::new(),
            running: 0,
            stopped: false,
        };
        Self {
            jobs,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// How many can run at a time: those that need no other.
    pub(super) fn width(&self) -> usize {
        let none = BTreeSet::new();
        let free = (0..self.jobs.len()).filter(|&index| self.is_ready(index, &none));
        free.count().max(1)
    }

    /// The next job, as soon as one can begin; none when all have begun, or the queue was stopped.
    pub(super) fn next(&'a self) -> Option<Taken<'a>> {
        let mut state = self.state();
        loop {
            if state.stopped || state.waiting.is_empty() {
                return None;
            }
            let mut waiting = state.waiting.iter();
            let ready = waiting.position(|&index| self.is_ready(index, &state.ended));
            // What needs itself through others begins like the rest: nobody else would meet its needs.
            if let Some(place) = ready.or((state.running == 0).then_some(0)) {
                let index = state.waiting.remove(place);
                state.running += 1;
                return Some(Taken { index, queue: self });
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands out nothing more.
    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    fn is_ready(&self, index: usize, ended: &BTreeSet<usize>) -> bool {
        let needs = self.jobs[index].needs();
        let mut others = self.jobs.iter().enumerate();
        !others.any(|(other, job)| needs.contains(&job.id()) && !ended.contains(&other))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.ended.insert(self.index);
        state.running -= 1;
        state.stopped |= std::thread::panicking();
        drop(state);
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StudyError;
    use crate::job::Bill;
    use crate::library::Library;
    use crate::worker::Message;
    use triaxis_units::Flops;

    struct Job(&'static str, Vec<&'static str>, f64);

    impl Work for Job {
        fn id(&self) -> &str {
            self.0
        }

        fn needs(&self) -> Vec<&str> {
            self.1.clone()
        }

        fn bill(&self) -> Bill {
            Bill {
                flops: Flops(self.2),
                ..Bill::default()
            }
        }

        fn is_done(&self, _: &Library) -> Result<bool, StudyError> {
            Ok(false)
        }

        fn run(&self, _: &Library, _: usize, _: &mut dyn FnMut(&Message)) -> Result<(), StudyError> {
            Ok(())
        }
    }

    fn jobs() -> [Job; 4] {
        [
            Job("evaluate", vec!["train", "elsewhere"], 9.0),
            Job("train", vec![], 1.0),
            Job("other", vec![], 2.0),
            Job("late", vec!["evaluate"], 3.0),
        ]
    }

    #[test]
    fn the_longest_of_those_whose_needs_are_met_is_next() {
        let jobs = jobs();
        let jobs = jobs.each_ref().map(|job| job as &dyn Work);
        let queue = Queue::of(&jobs);
        assert_eq!(queue.width(), 2);
        let names = std::iter::from_fn(|| queue.next().map(|taken| jobs[taken.index].id()));
        assert_eq!(names.collect::<Vec<_>>(), ["other", "train", "evaluate", "late"]);
    }

    #[test]
    fn who_finds_nothing_ready_waits_for_it_and_nobody_waits_for_a_queue_that_stopped() {
        let jobs = jobs();
        let jobs = jobs.each_ref().map(|job| job as &dyn Work);
        for stop in [false, true] {
            let queue = Queue::of(&jobs);
            let (other, train) = (queue.next().unwrap(), queue.next().unwrap());
            std::thread::scope(|scope| {
                let next = scope.spawn(|| queue.next().map(|taken| jobs[taken.index].id()));
                if stop {
                    queue.stop();
                }
                drop(train);
                assert_eq!(next.join().unwrap().is_none(), stop);
            });
            drop(other);
        }
    }

    #[test]
    fn jobs_that_need_each_other_do_not_hang() {
        let jobs = [Job("one", vec!["two"], 1.0), Job("two", vec!["one"], 2.0)];
        let jobs = jobs.each_ref().map(|job| job as &dyn Work);
        let queue = Queue::of(&jobs);
        let mut many = 0;
        while queue.next().is_some() {
            many += 1;
        }
        assert_eq!(many, 2);
    }
}
