//! `triaxis study`: run, look at, and report a study.

mod arm_columns;
mod comparison;
mod experts;
mod extend;
mod library;
mod mixtures;
mod new;
mod outline;
mod report;
pub mod status;
mod summary;
mod view;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use triaxis_host::machine;
use triaxis_laws::mixture::Sweep;
use triaxis_study::{ArmAnswer, FrozenSpec, Local, Store, Study, StudyError, StudySpec, worker};
use triaxis_units::Finding;

use crate::instructions::{Choice, check_environment};
use crate::output;
use crate::progress::Progress;
use crate::{Format, MOST_THREADS};

/// What can be done with a study.
#[derive(Subcommand)]
pub enum Command {
    /// Write a commented spec for a question, or list the questions
    New(new::New),
    /// Run what a spec asks for and is not there yet; continues after a crash
    Run(Run),
    /// Add the run that would say most to a study's spec, and run it
    Extend(extend::Extend),
    /// Show which trials are done
    Status(Look),
    /// Write the page of a study again
    Report(Report),
    /// Look at what studies share, check it, remove what none needs
    #[command(subcommand)]
    Library(library::Command),
    /// Run one job of a study (started by `run`)
    #[command(hide = true)]
    Worker(Worker),
}

/// Arguments of `study run`.
#[derive(Args)]
pub struct Run {
    /// The study's TOML file
    spec: PathBuf,
    /// Change a setting of the spec for this run, such as plan.budget=2000; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Folder for the results [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder of the records and corpora that studies share [default: `library` beside the results]
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,
    /// Print the trials with parameters, tokens, operations, time and memory, and run none
    #[arg(long)]
    dry_run: bool,
    /// Run trials again that failed
    #[arg(long)]
    retry_failed: bool,
    /// Cores to use [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    cores: Option<u16>,
    #[command(flatten)]
    instructions: Choice,
    /// How to print the summary
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Arguments of `study status`.
#[derive(Args)]
pub struct Look {
    /// The study's folder
    folder: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `study report`.
#[derive(Args)]
pub struct Report {
    #[command(flatten)]
    look: Look,
    /// Also draw the main plot as an SVG picture
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

/// Arguments of `study worker`.
#[derive(Args)]
pub struct Worker {
    folder: PathBuf,
    job: String,
}

/// Does what `command` says.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::New(arguments) => new::write(&arguments),
        Command::Run(arguments) => study(&arguments),
        Command::Extend(arguments) => extend::run(&arguments),
        Command::Status(arguments) => status::print(&Store::new(&arguments.folder), arguments.format),
        Command::Report(arguments) => report::print(
            &Store::new(&arguments.look.folder),
            arguments.picture.as_deref(),
            arguments.look.format,
        ),
        Command::Library(command) => library::run(&command),
        Command::Worker(arguments) => work(&arguments),
    }
}

impl Run {
    /// The spec with the folder of its results.
    fn read(&self) -> anyhow::Result<(FrozenSpec, Store)> {
        let (spec, text) = StudySpec::read(&self.spec, &self.set)?;
        let base = self
            .spec
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let base = base
            .canonicalize()
            .with_context(|| format!("cannot find the folder {}", base.display()))?;
        let folder = self
            .out
            .clone()
            .unwrap_or_else(|| Path::new("runs").join(&spec.name));
        let library = self.library.as_deref().map(std::path::absolute).transpose();
        let library = library.context("cannot find the folder of the library")?;
        Ok((FrozenSpec::new(spec, text, base, library), Store::new(folder)))
    }
}

fn study(arguments: &Run) -> anyhow::Result<()> {
    arguments.instructions.apply()?;
    let (spec, store) = arguments.read()?;
    let cores = arguments.cores.map_or_else(machine::cores, usize::from);
    let results = [store.study(), store.trials(), store.analysis(), store.page()];
    output::are_apart(&results.each_ref().map(PathBuf::as_path), &[&arguments.spec])?;
    let program =
        std::env::current_exe().context("cannot find this program's own file to start workers with")?;
    let progress = Progress::new(arguments.quiet);
    let study = Study {
        spec: &spec,
        store: &store,
        executor: &Local { program, cores },
        listener: &progress,
    };
    if arguments.dry_run {
        let outline = outline::Outline::of(&spec, &store, cores, &study.foresee()?)?;
        return outline.print(arguments.format);
    }
    let is_new = !store.trials().exists();
    let ready = study.prepare(arguments.retry_failed)?;
    // What is left of a study that was begun is told by its progress.
    if is_new && !arguments.quiet {
        eprintln!("{}", outline::Outline::of(&spec, &store, cores, &ready)?);
    }
    let (survey, answer) = study.run(ready)?;
    let view = view::of(study.spec, &store, &survey, Some(&answer))?;
    triaxis_report::write_page(&view, &store.page())?;
    // Who runs a finished study again knows its trials.
    let lists = progress.has_trained() && !arguments.quiet;
    summary::print(&view, &store.page(), arguments.format, lists)?;
    // Where mixtures are asked for, a best one is the answer, and not a law of the ladder beside them.
    let is_best = |sweep: &Sweep| {
        sweep
            .best
            .first()
            .is_some_and(|best| best.found.found().is_some())
    };
    let refused = |arm: &ArmAnswer| match &arm.analysis.law {
        Finding::Refused(reason) if !arm.mixtures.as_ref().is_some_and(is_best) => Some(reason.clone()),
        _ => None,
    };
    let compare = study.spec.spec.compare.as_ref();
    let is_asked = |arm: &&ArmAnswer| compare.is_none_or(|compare| compare.names(&arm.arm));
    match answer.arms.iter().filter(is_asked).find_map(refused) {
        None => Ok(()),
        Some(reason) => Err(StudyError::NoLaw { reason }.into()),
    }
}

/// Runs a job, telling of it on stdout, and ends with the process that started it.
fn work(arguments: &Worker) -> anyhow::Result<()> {
    check_environment()?;
    let watch = std::thread::Builder::new().spawn(|| {
        // Ends when the starting process closes the pipe or dies, however it dies.
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(1);
    });
    watch.context("cannot start a thread; raise the limit on processes (`ulimit -u`)")?;
    let threads = std::env::var("RAYON_NUM_THREADS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let mut send = |message: &worker::Message| {
        let line = serde_json::to_string(message).expect("messages have only string keys");
        // Nobody listening means that the process that started this one is gone.
        if writeln!(std::io::stdout(), "{line}").is_err() {
            std::process::exit(1);
        }
    };
    let result = worker::work(&Store::new(&arguments.folder), &arguments.job, threads, &mut send);
    if let Err(error) = &result {
        send(&worker::Message::refusal(error));
    }
    Ok(result?)
}
