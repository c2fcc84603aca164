use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// What a problem is drawn for: problems of one purpose are never drawn for another, whatever the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To be trained on.
    Training,
    /// To choose settings by, such as a strategy for a difficulty.
    Choice,
    /// To be measured on.
    Test,
}

impl Purpose {
    /// Its name in streams and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Choice => "choice",
            Self::Test => "test",
        }
    }
}

/// What is asked, and what answers it: the part of a [`Problem`] that its task makes.
pub trait Question: fmt::Debug + Send + Sync {
    /// What a model reads.
    fn prompt(&self) -> String;

    /// One right answer, with its steps where the task has them and without the mark that ends it; none where a problem
    /// was given none.
    fn worked(&self) -> Option<String>;

    /// What two problems have in common that are one for the split of purposes, such as sums in either order.
    fn identity(&self) -> String {
        self.prompt()
    }

    /// What an answer is, without the mark that ends it. Takes time linear in its length, or nearly so.
    fn check(&self, answer: &str) -> Verdict;

    /// An answer as all who mean it write it; see [`Problem::canonical`].
    fn canonical(&self, answer: &str) -> Option<String> {
        let answer = answer.trim();
        (!answer.is_empty()).then(|| answer.to_owned())
    }

    /// How right the steps of an answer are that is not ended; see [`Problem::partial`].
    fn partial(&self, _prefix: &str) -> Option<f64> {
        None
    }
}

/// What parts answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// What ends a step, where a task has steps.
    pub step: Option<&'static str>,
    /// What ends an answer: what comes after it is not looked at. Where there is none, all is the answer.
    pub stop: Option<&'static str>,
}

/// A problem in words with a worked answer and a checker.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What tells it from others of its task or file.
    pub id: String,
    /// How hard it is, where that is known.
    pub level: Option<u32>,
    /// What a model reads.
    pub prompt: String,
    /// One right answer, with its steps and the mark that ends it.
    pub answer: Option<String>,
    /// What ends a step and an answer.
    pub marks: Marks,
    question: Arc<dyn Question>,
}

impl Problem {
    /// A problem that asks that question.
    pub fn new(id: String, level: Option<u32>, marks: Marks, question: Arc<dyn Question>) -> Self {
        let ended = |answer: String| answer + marks.stop.unwrap_or_default();
        Self {
            id,
            level,
            prompt: question.prompt(),
            answer: question.worked().map(ended),
            marks,
            question,
        }
    }

    /// What an answer is: its text after the prompt, up to the stop mark, or all of it where that is missing.
    pub fn check(&self, answer: &str) -> Verdict {
        self.question.check(self.cut(answer).0)
    }

    /// An answer without its steps as all who mean it write it, so that equal answers are one vote: `07` and `7` are, where
    /// numbers are asked for. `None` where it says nothing. Whether it is right is not asked.
    ///
    /// ```
    /// use triaxis_tasks::{Purpose, Task};
    /// let problem = Task::named("arithmetic")?.problem(2, 1, Purpose::Test, 0)?;
    /// assert_eq!(problem.canonical(" 07"), problem.canonical("7"));
    /// assert_eq!(problem.canonical(" "), None);
    /// # Ok::<(), triaxis_tasks::TaskError>(())
    /// ```
    pub fn canonical(&self, answer: &str) -> Option<String> {
        self.question.canonical(self.cut(answer).0)
    }

    /// How right an answer is that may not be ended: 1 where its whole steps are right and a right answer can follow,
    /// 0 where one of them is wrong or none can follow. What stands after the last step mark is not looked at. Of an
    /// ended answer, whether it is right. `None` where the task cannot tell.
    pub fn partial(&self, prefix: &str) -> Option<f64> {
        match self.cut(prefix) {
            (prefix, false) => self.question.partial(prefix),
            (answer, true) => {
                let is_right = || f64::from(self.question.check(answer).is_right());
                self.question.partial("").map(|_| is_right())
            }
        }
    }

    /// The prompt and its worked answer as text to train on.
    pub fn document(&self) -> Option<String> {
        Some(format!("{}{}", self.prompt, self.answer.as_deref()?))
    }

    /// What two problems that ask the same have in common.
    pub(crate) fn identity(&self) -> String {
        self.question.identity()
    }

    /// What stands before the stop mark, and whether there is one.
    fn cut<'t>(&self, text: &'t str) -> (&'t str, bool) {
        let cut = self.marks.stop.and_then(|stop| text.split_once(stop));
        cut.map_or((text, false), |(before, _)| (before, true))
    }
}
