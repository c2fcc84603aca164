//! What every probe owes.

use proptest::prelude::*;
use triaxis_probes::{Level, Probe, Purpose, Sample, Task};

/// A task that is as large as it must be, and by so much larger.
pub fn task(probe: Probe, answers: usize, longer: usize, more: usize) -> Task {
    let generator = probe.generator();
    let answers = answers.min(generator.most_answers());
    let level = Level::new(generator.least_length(answers) + longer, answers);
    let task = Task {
        probe,
        vocabulary: generator.least_vocabulary(level) + more,
        train: vec![level],
        test: vec![level],
    };
    task.validate().unwrap();
    task
}

/// The first training sequence of a task.
pub fn drawn(task: &Task, seed: u64) -> Sample {
    task.sample(task.train[0], seed, Purpose::Training, 0)
}

proptest! {
    #[test]
    fn every_sample_is_of_its_level_and_vocabulary(
        answers in 1usize..12, longer in 0usize..40, more in 0usize..40, seed: u64
    ) {
        for &probe in Probe::ALL {
            let task = task(probe, answers, longer, more);
            let (level, sample) = (task.train[0], drawn(&task, seed));
            prop_assert_eq!(sample.tokens.len(), level.length, "{:?}", probe);
            prop_assert_eq!(sample.targets.len(), level.length, "{:?}", probe);
            prop_assert_eq!(sample.answers().count(), level.answers, "{:?}", probe);
            let answers = sample.answers().map(|(_, answer)| answer);
            let mut tokens = sample.tokens.iter().copied().chain(answers);
            prop_assert!(tokens.all(|token| (token as usize) < task.vocabulary), "{:?}: {:?}", probe, sample);
            prop_assert!((0.0..1.0).contains(&task.chance(level)) || level.answers == 1, "{:?}", probe);
        }
    }
}

#[test]
fn samples_hang_on_task_purpose_and_index_and_tests_on_no_seed() {
    for &probe in Probe::ALL {
        let task = task(probe, 12, 60, 60);
        let level = task.train[0];
        let sample = |seed, purpose, index| task.sample(level, seed, purpose, index);
        let first = sample(1, Purpose::Training, 0);
        assert_eq!(first, sample(1, Purpose::Training, 0));
        for other in [
            sample(2, Purpose::Training, 0),
            sample(1, Purpose::Training, 1),
            sample(1, Purpose::Choice, 0),
            sample(1, Purpose::Test, 0),
        ] {
            assert_ne!(first, other, "{probe:?}");
        }
        assert_eq!(sample(1, Purpose::Test, 5), sample(2, Purpose::Test, 5));
    }
}

#[test]
fn every_usual_task_can_be_drawn_and_read_again() {
    for &probe in Probe::ALL {
        let task = Task::usual(probe);
        task.validate().unwrap();
        let text = serde_json::to_string(&task).unwrap();
        assert_eq!(serde_json::from_str::<Task>(&text).unwrap(), task);
        let named = format!(r#"{{"probe": "{}"}}"#, probe.name());
        assert_eq!(serde_json::from_str::<Task>(&named).unwrap(), task);
        for level in task.levels() {
            assert_eq!(level.to_string().parse::<Level>().unwrap(), level);
        }
        for published in probe.generator().published() {
            assert!((0.0..=1.0).contains(&published.accuracy) && !published.source.is_empty());
        }
    }
}

/// Samples are part of what a record says: another one is another version of [`triaxis_probes::NUMERICS`].
#[test]
fn samples_are_those_of_this_version() {
    assert_eq!(triaxis_probes::NUMERICS, 2);
    let sum = |probe: Probe| {
        let task = Task::usual(probe);
        let sample = drawn(&task, 7);
        let tokens = sample.tokens.iter().chain(sample.targets.iter().flatten());
        tokens.fold(0u64, |sum, &token| {
            sum.wrapping_mul(31).wrapping_add(u64::from(token))
        })
    };
    let sums: Vec<String> = Probe::ALL
        .iter()
        .map(|&probe| format!("{} {:016x}", probe.name(), sum(probe)))
        .collect();
    assert_eq!(
        sums,
        [
            "associative-recall d4c2e53b0bb39754",
            "selective-copying 1e7210bee8373f5e",
            "induction 1ef23e3eba8b671f",
            "needle 0cfaa8b1d88039a9",
            "few-shot-functions 16f63b7a10255cce",
            "linear-regression 0cf56923eef0ba6b",
            "parity 9b4dfc3829f84cff",
            "s3-words fce85b794eeeaa74",
            "s5-words b9b4fbdee87d2559",
        ]
    );
}
