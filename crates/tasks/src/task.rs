use std::collections::HashSet;
use std::ops::RangeInclusive;

use serde_json::json;
use triaxis_names::suggestion;
use triaxis_random::{Stream, key};

use crate::error::TaskError;
use crate::problem::{Marks, Problem, Purpose};
use crate::tasks::Task;

/// What ends every answer.
pub const STOP: &str = "\n";
/// Draws after which it is given up to find a problem of a purpose.
const DRAWS: usize = 4096;
/// Problems in a row that are there already after which no more are looked for.
const IN_VAIN: usize = 1000;
/// Of so many problems one is of the test, one of the choice, and the others of the training.
const PARTS: u64 = 8;

/// The only purpose that a problem of that identity is drawn for.
fn purpose(task: &str, identity: &str) -> Purpose {
    match key(0, &format!("task {task} {identity}"), 0) % PARTS {
        0 => Purpose::Test,
        1 => Purpose::Choice,
        _ => Purpose::Training,
    }
}

impl Task {
    /// The task of that name with its usual settings.
    ///
    /// # Errors
    /// When there is none; the message says which there are.
    pub fn named(name: &str) -> Result<Self, TaskError> {
        let known = || Self::REGISTRY.iter().map(|entry| entry.name);
        if !known().any(|other| other == name) {
            let all = Vec::from_iter(known()).join(", ");
            let suggestion = suggestion(name, known());
            return Err(TaskError::new(format!(
                "`{name}` is no task: choose from {all}{suggestion}"
            )));
        }
        serde_json::from_value(json!({ "task": name })).map_err(TaskError::new)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.kind()
    }

    /// What it is, in a line.
    pub fn about(&self) -> &'static str {
        let line = Self::REGISTRY.iter().find(|entry| entry.name == self.kind());
        line.map_or("", |entry| entry.about)
    }

    /// What a level counts, such as digits.
    pub fn dial(&self) -> &'static str {
        self.generator().dial()
    }

    /// The levels that there are, easy ones first.
    pub fn levels(&self) -> RangeInclusive<u32> {
        self.generator().levels()
    }

    /// What is asked and how it is answered, in words, for models that were not trained on the task: it goes before a
    /// prompt.
    pub fn instructions(&self) -> String {
        self.generator().instructions()
    }

    /// What ends a step and an answer.
    pub fn marks(&self) -> Marks {
        Marks {
            step: self.generator().step(),
            stop: Some(STOP),
        }
    }

    /// Checks its settings.
    ///
    /// # Errors
    /// For the first that no task can have.
    pub fn validate(&self) -> Result<(), TaskError> {
        self.generator().validate()
    }

    /// The problem of that index.
    ///
    /// Whatever the seeds, no problem of one purpose is one of another: a hash of what is asked says which purpose it
    /// is for, and draws go on until one is for this.
    ///
    /// # Errors
    /// Where there is no such level, or settings are refused.
    pub fn problem(&self, level: u32, seed: u64, purpose: Purpose, index: u64) -> Result<Problem, TaskError> {
        self.validate()?;
        let (name, generator, levels) = (self.name(), self.generator(), self.levels());
        if !levels.contains(&level) {
            return Err(TaskError::new(format!(
                "level {level} of the task `{name}`: a level counts {}, from {} to {}; choose one of these",
                self.dial(),
                levels.start(),
                levels.end()
            )));
        }
        let mut stream = Stream::new(seed, &format!("task {name} {} {level}", purpose.name()), index);
        let mut draws = (0..DRAWS).map(|_| generator.draw(level, &mut stream));
        let found = draws.find(|question| self::purpose(name, &question.identity()) == purpose);
        let question = found.ok_or_else(|| {
            TaskError::new(format!(
                "level {level} of the task `{name}`: none of {DRAWS} draws is a problem of the {}; choose a higher level",
                purpose.name()
            ))
        })?;
        let id = format!("{name}:{level}:{seed}:{}:{index}", purpose.name());
        Ok(Problem::new(id, Some(level), self.marks(), question))
    }

    /// Problems by index, no two of which ask the same: fewer than are asked for where there are no more, as in small
    /// spaces, so that none is measured on twice.
    ///
    /// # Errors
    /// As of [`problem`](Self::problem).
    pub fn distinct(
        &self,
        level: u32,
        seed: u64,
        purpose: Purpose,
        count: usize,
    ) -> Result<Vec<Problem>, TaskError> {
        let (mut problems, mut seen) = (Vec::new(), HashSet::new());
        let (mut index, mut in_vain) = (0, 0);
        while problems.len() < count && in_vain < IN_VAIN {
            let problem = self.problem(level, seed, purpose, index)?;
            index += 1;
            if seen.insert(problem.identity()) {
                problems.push(problem);
                in_vain = 0;
            } else {
                in_vain += 1;
            }
        }
        Ok(problems)
    }

    /// Documents to train on, without end: prompts with their worked answers, the levels in turn. None is a problem of
    /// the test or of the choice.
    ///
    /// # Errors
    /// Where a level cannot be drawn, or none is given.
    pub fn documents(&self, levels: &[u32], seed: u64) -> Result<Documents, TaskError> {
        if levels.is_empty() {
            return Err(TaskError::new(format!(
                "documents of the task `{}` were asked of no level: give at least one",
                self.name()
            )));
        }
        for &level in levels {
            self.problem(level, seed, Purpose::Training, 0)?;
        }
        Ok(Documents {
            task: self.clone(),
            levels: levels.into(),
            seed,
            next: 0,
        })
    }
}

/// Documents of a task; see [`Task::documents`].
#[derive(Debug, Clone)]
pub struct Documents {
    task: Task,
    levels: Vec<u32>,
    seed: u64,
    next: u64,
}

impl Documents {
    /// The document of that place, which is the same whatever was asked before.
    pub fn at(&self, place: u64) -> Option<String> {
        let count = self.levels.len() as u64;
        let level = self.levels[(place % count) as usize];
        let problem = self
            .task
            .problem(level, self.seed, Purpose::Training, place / count);
        problem.ok()?.document()
    }
}

impl Iterator for Documents {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let document = self.at(self.next)?;
        self.next = self.next.checked_add(1)?;
        Some(document)
    }
}
