//! Programs of others, run without network and within limits by what the system offers.

use std::fmt;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Seconds};

/// Bytes of what a program says of its errors that are told.
const TOLD: usize = 300;
/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(2);
/// The largest limit of a time.
const LONGEST: Seconds = Seconds(86_400.0);
/// What the shell that runs a program ends with where the program ended with 0, and with 1, so that an end of the sandbox
/// itself, which ends with 1 where it fails, is told from one of the program.
const ENDED: [i32; 2] = [110, 111];
/// Runs its arguments and ends so.
const SCRIPT: &str = "\"$@\"; s=$?; case $s in 0|1) exit $((110+s));; 110|111) exit 112;; *) exit $s;; esac";

/// What a program may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Time from its beginning to its end.
    pub wall: Seconds,
    /// Time of a processor, for each of its processes; parts of a second count whole.
    pub processor: Seconds,
    /// Memory, for each of its processes.
    pub memory: Bytes,
    /// The largest file that it may write. What it prints is not kept.
    pub output: Bytes,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Seconds(10.0),
            processor: Seconds(5.0),
            memory: Bytes(1 << 30),
            output: Bytes(1 << 20),
        }
    }
}

impl Limits {
    /// Refuses limits that no program can have.
    pub(crate) fn validate(&self) -> Result<(), String> {
        for (name, time) in [("wall", self.wall), ("processor", self.processor)] {
            if !(time > Seconds(0.0) && time <= LONGEST) {
                return Err(format!(
                    "`{name} = {time}`: a limit is above zero and at most {LONGEST}; choose such a time, or leave it out"
                ));
            }
        }
        if self.memory == Bytes(0) {
            return Err(
                "`memory = 0`: no program runs without memory; choose a limit, or leave it out".to_owned(),
            );
        }
        Ok(())
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with that number.
    Code(i32),
    /// In another way, with what it said of it.
    Crash(String),
    /// Not within its time.
    Late,
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "ended with {code}"),
            Self::Crash(said) => write!(formatter, "{said}"),
            Self::Late => write!(formatter, "did not end within its time"),
        }
    }
}

/// What keeps a program in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// Namespaces by bubblewrap.
    Bubblewrap,
    /// Namespaces by util-linux.
    Unshare,
    /// Nothing.
    None,
}

impl Sandbox {
    /// The best sandbox that the system offers, tried once by a program that does nothing.
    pub fn found() -> Self {
        static FOUND: OnceLock<Sandbox> = OnceLock::new();
        let works = |sandbox: &Self| {
            let nothing = ["true".to_owned()];
            matches!(
                sandbox.run(&nothing, &Limits::default(), String::new()),
                Ok(Ending::Code(0))
            )
        };
        let tried = || [Self::Bubblewrap, Self::Unshare].into_iter().find(works);
        *FOUND.get_or_init(|| tried().unwrap_or(Self::None))
    }

    /// Runs a program that reads the input.
    ///
    /// # Errors
    /// Where it cannot be begun.
    pub fn run(self, command: &[String], limits: &Limits, input: String) -> io::Result<Ending> {
        let mut child = self
            .command(command, limits)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let said = said(&mut child);
        if let Some(mut pipe) = child.stdin.take() {
            // A program need not read what it is told.
            thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
        }
        let Some(status) = wait(&mut child, Duration::from_secs_f64(limits.wall.0))? else {
            return Ok(Ending::Late);
        };
        let code = match (self, status.code()) {
            (Self::None, code) => code,
            (_, Some(code)) if ENDED.contains(&code) => Some(code - ENDED[0]),
            (_, Some(1)) => {
                let said = heard(said);
                return Ok(Ending::Crash(format!("could not be begun in its sandbox{said}")));
            }
            (_, code) => code,
        };
        Ok(match code {
            Some(code @ (0 | 1)) => Ending::Code(code),
            code => Ending::Crash(crash(code, said)),
        })
    }

    fn command(self, command: &[String], limits: &Limits) -> Command {
        let mut inside = match self {
            Self::Bubblewrap => {
                let mut inside = Command::new("bwrap");
                inside.args(["--dev-bind", "/", "/", "--unshare-all", "--die-with-parent", "--"]);
                inside
            }
            Self::Unshare => {
                let mut inside = Command::new("unshare");
                inside.args(["--map-root-user", "--net", "--ipc", "--pid", "--kill-child", "--"]);
                inside
            }
            Self::None => {
                let mut inside = Command::new(&command[0]);
                inside.args(&command[1..]);
                return inside;
            }
        };
        let seconds = limits.processor.0.ceil();
        inside.arg("prlimit").args([
            format!("--cpu={seconds}"),
            format!("--as={}", limits.memory.0),
            format!("--fsize={}", limits.output.0),
            "--core=0".to_owned(),
        ]);
        inside.args(["--", "sh", "-c", SCRIPT, "sh"]).args(command);
        inside
    }
}

/// The end of a process, which is killed where its time is over.
fn wait(child: &mut Child, time: Duration) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() >= time {
            // Who has just ended cannot be killed.
            drop(child.kill());
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

/// What a process says of its errors, as soon as it ends; the rest of a long text is read and dropped.
fn said(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(mut pipe) = child.stderr.take() {
        thread::spawn(move || {
            let mut first = Vec::new();
            let read = pipe.by_ref().take(TOLD as u64).read_to_end(&mut first);
            let rest = io::copy(&mut pipe, &mut io::sink());
            if read.is_ok() && rest.is_ok() {
                // Nobody may want to know.
                drop(sender.send(String::from_utf8_lossy(&first).trim().to_owned()));
            }
        });
    }
    receiver
}

/// What a process that has ended said of its errors, to be put behind what is told of it.
fn heard(said: Receiver<String>) -> String {
    // Whoever it began may hold the pipe open for longer than it lived.
    let said = said.recv_timeout(Duration::from_millis(200)).unwrap_or_default();
    if said.is_empty() {
        said
    } else {
        format!(": {said}")
    }
}

/// What is told of a crash.
fn crash(code: Option<i32>, said: Receiver<String>) -> String {
    let said = heard(said);
    match code {
        // As shells tell the number of a signal.
        Some(code @ 129..) => format!("was killed by signal {}{said}", code - 128),
        Some(code) => format!("ended with {code}, neither 0 for right nor 1 for wrong{said}"),
        None => format!("was killed{said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(sandbox: Sandbox, script: &str, seconds: f64) -> Ending {
        let command = ["sh", "-c", script].map(str::to_owned);
        let limits = Limits {
            wall: Seconds(seconds),
            ..Limits::default()
        };
        sandbox.run(&command, &limits, "input".to_owned()).unwrap()
    }

    /// Whatever this system offers, and nothing, so that both are tried everywhere but where there is no shell.
    #[test]
    fn ends_are_told_with_a_sandbox_and_without() {
        for sandbox in [Sandbox::None, Sandbox::found()] {
            assert_eq!(run(sandbox, "exit 0", 60.0), Ending::Code(0));
            assert_eq!(run(sandbox, "exit 1", 60.0), Ending::Code(1));
            assert_eq!(run(sandbox, "test $(cat) = input", 60.0), Ending::Code(0));
            assert_eq!(run(sandbox, "sleep 60", 0.1), Ending::Late);
            let told = run(sandbox, "echo why >&2; exit 2", 60.0).to_string();
            assert_eq!(told, "ended with 2, neither 0 for right nor 1 for wrong: why");
            for script in ["exit 110", "exit 111", "kill -9 $$"] {
                assert!(matches!(run(sandbox, script, 60.0), Ending::Crash(_)), "{script}");
            }
        }
    }

    #[test]
    fn what_a_program_began_dies_with_its_sandbox() {
        let sandbox = Sandbox::found();
        if sandbox == Sandbox::None {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("late");
        let script = format!("(sleep 0.5; echo > '{}') & sleep 60", file.display());
        assert_eq!(run(sandbox, &script, 0.3), Ending::Late);
        thread::sleep(Duration::from_millis(800));
        assert!(!file.exists());
        let script = format!("(sleep 0.5; echo > '{}') & exit 0", file.display());
        assert_eq!(run(sandbox, &script, 60.0), Ending::Code(0));
        thread::sleep(Duration::from_millis(800));
        assert!(!file.exists());
    }
}
