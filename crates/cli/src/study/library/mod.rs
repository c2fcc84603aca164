//! `triaxis study library`: what studies share, whether it is whole, and what of it nobody needs.

mod contents;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use triaxis_study::{Frozen, FrozenSpec, Library, Store, Survey, sealed};

use crate::failure::Usage;
use crate::{Format, output};
use contents::{Contents, Depth, Needed};

/// What can be done with a library.
#[derive(Subcommand)]
pub enum Command {
    /// List the records, weights and corpora
    List(Look),
    /// Read everything to its end and name what is damaged
    Verify(Look),
    /// List what none of the given studies needs, and remove it with `--yes`
    Prune(Prune),
}

/// Arguments of `library list` and `library verify`.
#[derive(Args)]
pub struct Look {
    /// The library's folder
    #[arg(default_value = "runs/library")]
    library: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `library prune`.
#[derive(Args)]
pub struct Prune {
    #[command(flatten)]
    look: Look,
    /// Folder of a study that needs its records and its corpus; can be given several times
    #[arg(long = "study", value_name = "DIR", required = true)]
    studies: Vec<PathBuf>,
    /// Weights, too, of trials that a study needs: one that is to be evaluated on another text is then trained again
    #[arg(long)]
    models: bool,
    /// Remove it
    #[arg(long)]
    yes: bool,
}

/// Does what `command` says.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(look) => {
            let contents = Contents::beside(&Needed::default(), &library(&look.library)?, &Depth::Look)?;
            output::print(look.format, &contents, &contents)
        }
        Command::Verify(look) => verify(look),
        Command::Prune(prune) => self::prune(prune),
    }
}

fn verify(look: &Look) -> anyhow::Result<()> {
    let contents = Contents::beside(&Needed::default(), &library(&look.library)?, &Depth::Verify)?;
    output::print(look.format, &contents, &contents)?;
    match contents.damaged.len() {
        0 => Ok(()),
        damaged => anyhow::bail!(
            "{damaged} of the library's parts cannot be read: what a study needs of them is made again by `triaxis \
             study run`"
        ),
    }
}

fn prune(arguments: &Prune) -> anyhow::Result<()> {
    let library = library(&arguments.look.library)?;
    let mut needed = Needed::default();
    for folder in &arguments.studies {
        let store = Store::new(folder);
        let spec = FrozenSpec::read(&store)?;
        let frozen: Option<Frozen> = sealed::read(&store.trials())?;
        let frozen = frozen.ok_or_else(|| {
            Usage(format!(
                "{} has no list of its trials, so that nobody knows what it needs: run `triaxis study run` with its spec \
                 first, or leave it out and lose its records",
                folder.display()
            ))
        })?;
        let corpora = frozen.groups.iter().map(|group| group.corpus.clone());
        needed.corpora.extend(corpora);
        needed.curated.extend(frozen.curated.values().cloned());
        needed
            .texts
            .extend(frozen.texts.iter().map(|text| text.id.clone()));
        let trials = frozen.groups.iter().flat_map(|group| &group.trials);
        let trials: Vec<String> = trials.map(|trial| trial.id.clone()).collect();
        if spec.spec.keep_models && !arguments.models {
            needed.models.extend(trials.iter().cloned());
        }
        needed.records.extend(trials);
        let survey = Survey::take(&library, frozen, &mut |_| Ok(()))?;
        let evaluations = survey.evaluations.into_iter();
        needed.records.extend(evaluations.map(|record| record.id));
        needed
            .records
            .extend(survey.ngrams.into_iter().map(|record| record.id));
    }
    let mut contents = Contents::beside(&needed, &library, &Depth::Look)?;
    // No study asks for them, and they cannot be measured again as they were.
    contents.measurements.clear();
    if arguments.yes {
        if library.is_busy()? {
            let folder = library.folder().display();
            return Err(Usage(format!(
                "{folder} is being written to by a study: wait until it ends"
            ))
            .into());
        }
        let records = contents.records.iter().map(|record| &record.id);
        let losses = contents.evaluations.iter().map(|record| &record.id);
        let ngrams = contents.ngrams.iter().map(|record| &record.id);
        for id in records.chain(losses).chain(ngrams) {
            library.forget(id)?;
        }
        for model in &contents.models {
            library.remove_model(&model.trial)?;
        }
        for corpus in &contents.corpora {
            library.remove_corpus(&corpus.id)?;
        }
        for curated in &contents.curated {
            library.remove_curated(&curated.id)?;
        }
        for text in &contents.texts {
            library.remove_text(&text.id)?;
        }
        contents.removed = true;
    }
    output::print(arguments.look.format, &contents, &contents)
}

fn library(folder: &Path) -> Result<Library, Usage> {
    let library = Library::new(folder);
    match library.is_one() {
        true => Ok(library),
        false => Err(Usage(format!(
            "{} is no library: give the folder that `triaxis study run` keeps records in (it has a `library.json`)",
            folder.display()
        ))),
    }
}
