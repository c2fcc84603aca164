//! The command line of triaxis: reads arguments, prints, and chooses the exit code.
#![allow(clippy::print_stderr, reason = "messages of the command line go to stderr")]

mod bench;
mod corpus;
mod engine;
mod evaluate;
mod failure;
mod fit;
mod generate;
mod input;
mod instructions;
mod kept;
mod model;
mod output;
mod plan;
mod progress;
mod shell;
mod study;
mod table;

use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use self::failure::Usage;

// Training allocates and frees large buffers at every step; the system's allocator returns them to
// the system each time (measured: 1.3 to 1.5 times slower).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a script can tell from the exit code; [`failure`] chooses it.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed: a study without a law, a damaged library, a fault of the \
    machine; 2 wrong usage or input: the message names the remedy; 3 refused: the data cannot tell, or \
    no choice of a plan does what is asked";

/// A scaling laboratory: measure training compute, data and test-time compute on your own corpus
/// with small runs, and plan from the measurements.
#[derive(Parser)]
#[command(name = "triaxis", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a ladder of small trainings, fit laws to it, and plan from them
    #[command(subcommand)]
    Study(study::Command),
    /// Fit scaling laws to runs made elsewhere: CSV, JSON or Parquet
    Fit(Box<fit::Arguments>),
    /// Answer what to train, on which text and how to serve it, from laws, prices and demand: in seconds
    Plan(plan::Arguments),
    /// Make better text of text: filters, copies removed, each verdict explained
    #[command(subcommand)]
    Corpus(corpus::Command),
    /// Let a model answer a prompt
    Generate(Box<generate::Arguments>),
    /// Measure how well a model predicts texts
    Evaluate(evaluate::Arguments),
    /// Measure how fast this machine computes
    #[command(subcommand)]
    Bench(bench::Command),
    /// Tell what networks are made of, and count them
    #[command(subcommand)]
    Model(model::Command),
    /// Print a shell's completions, to be put where it looks for them
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page, as for `man -l -`
    Man {
        /// The command it is of, as in `triaxis man study run`; without one, of the program
        command: Vec<String>,
    },
}

/// The most threads that can be asked for: more than this work can use.
const MOST_THREADS: i64 = 1024;

/// Lets the pool that all share have so many threads.
fn compute_on(threads: usize) -> Result<(), Usage> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().map_err(|error| {
        Usage(format!(
            "cannot start {threads} threads: {error}: ask for fewer with `--threads`"
        ))
    })
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// Tables for people
    #[default]
    Text,
    /// One JSON value
    Json,
}

/// Starts the threads that everything runs on: whoever met them first would panic where the system gives none.
fn start_threads() -> anyhow::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().build_global();
    pool.context("cannot start threads; raise the limit on processes (`ulimit -u`)")
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let result = match command {
        Command::Study(command) => start_threads().and_then(|()| study::run(command)),
        Command::Fit(arguments) => start_threads().and_then(|()| fit::run(&arguments)),
        Command::Plan(arguments) => start_threads().and_then(|()| plan::run(&arguments)),
        Command::Corpus(command) => corpus::run(&command),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Bench(command) => bench::run(&command),
        Command::Model(command) => model::run(&command),
        Command::Completions { shell } => shell::completions(Arguments::command(), shell),
        Command::Man { command } => shell::man(Arguments::command(), &command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
