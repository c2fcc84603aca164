use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Asked, Checker, Judge, Refusal};
use crate::sandbox::{Ending, Limits, Sandbox};
use crate::verdict::Verdict;

/// Answers that a program of the user's judges, in a sandbox.
///
/// It reads one JSON object with `id`, `prompt`, `answers`, `metadata` and the `answer` to judge, and ends with 0 where
/// that is right and with 1 where it is wrong; by anything else it has crashed. Since Python ends with 1 where nothing
/// catches an exception, a script is to catch its own and end with another number.
///
/// It has no network, no variables of the environment but `PATH`, and limited time and memory. It reads and writes the
/// files that the user does, so that a program that runs answers as code is to keep them from these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What it may take.
    #[serde(default)]
    pub limits: Limits,
    /// Runs it as it is where the system offers no sandbox: without any limit but that of time.
    #[serde(default)]
    pub unsafe_commands: bool,
}

impl Command {
    pub(super) const ABOUT: &str = "a program of the user's reads problem and answer as JSON and ends with 0 where it is \
        right, 1 where it is wrong; in a sandbox without network, with limits";
}

impl Checker for Command {
    fn prepare(&self, _: &Asked) -> Result<Arc<dyn Judge>, Refusal> {
        if self.command.first().is_none_or(String::is_empty) {
            return Err(Refusal::new(
                "checker",
                "`command` is empty: give a program and its arguments, such as [\"python3\", \"check.py\"]",
            ));
        }
        self.limits
            .validate()
            .map_err(|message| Refusal::new("checker", message))?;
        let sandbox = Sandbox::found();
        if sandbox == Sandbox::None && !self.unsafe_commands {
            return Err(Refusal::new(
                "checker",
                "a command runs in a sandbox only, and this system offers none: neither `bwrap` nor `unshare`, with \
                 `prlimit`, could make one; install bubblewrap, or allow `unsafe_commands`",
            ));
        }
        Ok(Arc::new(Run {
            settings: self.clone(),
            sandbox,
        }))
    }

    fn needs_answers(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Run {
    settings: Command,
    sandbox: Sandbox,
}

impl Judge for Run {
    fn check(&self, asked: &Asked, answer: &str) -> Verdict {
        let Asked {
            id,
            prompt,
            answers,
            metadata,
        } = asked;
        let input = json!({
            "id": id, "prompt": prompt, "answers": answers, "metadata": metadata, "answer": answer,
        });
        let Command { command, limits, .. } = &self.settings;
        match self.sandbox.run(command, limits, input.to_string()) {
            Ok(Ending::Code(0)) => Verdict::Right,
            Ok(Ending::Code(1)) => Verdict::Wrong,
            Ok(ending) => Verdict::Failed(format!("`{}` {ending}", command[0])),
            Err(error) => Verdict::Failed(format!("`{}` could not be run: {error}", command[0])),
        }
    }
}
