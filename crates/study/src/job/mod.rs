//! Jobs: what a study has done by an executor. One file a kind.
//!
//! A job is done when the library holds what it makes; nobody remembers it otherwise. A text is read, a corpus is made
//! apart from the texts, a group of trials is trained on a corpus, and its models are evaluated on the texts.

mod corpus;
mod evaluate;
mod ngram;
mod probe;
mod text;
mod train;

pub use corpus::{Asked, MakeCorpus};
pub use evaluate::Evaluate;
pub use ngram::CountNGrams;
pub use probe::AskProbe;
pub use text::ReadText;
pub use train::Train;

use triaxis_host::Kind;
use triaxis_units::{Bytes, Flops};

use crate::error::StudyError;
use crate::frozen::Frozen;
use crate::library::Library;
use crate::sealed::Lock;
use crate::worker::Message;

/// A piece of work with an identity.
pub trait Work: Sync {
    /// Identity, by which it is needed and started.
    fn id(&self) -> &str;

    /// Identities of the jobs whose results it takes.
    fn needs(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What it takes, known before.
    fn bill(&self) -> Bill {
        Bill::default()
    }

    /// Whether the library holds all that it makes. It is a look, and changes nothing.
    ///
    /// # Errors
    /// When the file system refuses.
    fn is_done(&self, library: &Library) -> Result<bool, StudyError>;

    /// Makes what is missing, by so many threads, while no other process does; `say` hears how far it is.
    ///
    /// # Errors
    /// When it cannot be made; what is there by then stays.
    fn run(&self, library: &Library, threads: usize, say: &mut dyn FnMut(&Message))
    -> Result<(), StudyError>;

    /// Records that it cannot be run, and why, where that is a result.
    ///
    /// # Errors
    /// When it is none, so that the study ends, or the file system refuses.
    fn give_up(
        &self,
        _library: &Library,
        reason: &str,
        _threads: usize,
        _say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        Err(StudyError::Worker {
            reason: reason.to_owned(),
            kind: Kind::Machine,
        })
    }

    /// Removes what it leaves behind once it is done.
    ///
    /// # Errors
    /// When the file system refuses.
    fn clear(&self, library: &Library) -> Result<(), StudyError> {
        library.clear_job(self.id())
    }
}

/// Takes these identities once no other process makes them, and says for which it waits.
fn lock<'i>(
    library: &Library,
    ids: impl IntoIterator<Item = &'i str>,
    say: &mut dyn FnMut(&Message),
) -> Result<Vec<Lock>, StudyError> {
    library.lock(ids, &mut |id| say(&Message::Waits { id: id.to_owned() }))
}

/// What a job takes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bill {
    /// Operations.
    pub flops: Flops,
    /// Steps that it tells of.
    pub steps: u64,
    /// Peak memory of a process that does it, estimated.
    pub memory: Bytes,
    /// Trials that it trains.
    pub trials: usize,
    /// Losses that it measures.
    pub evaluations: usize,
}

/// That so many trials have a record and are trained again for their weights, in words.
pub fn weights_again(trials: usize) -> Option<String> {
    (trials > 0).then(|| {
        let trials = match trials {
            1 => "1 trial is".to_owned(),
            trials => format!("{trials} trials are"),
        };
        format!(
            "{trials} trained again: a validation text has no loss of theirs, and their weights are not there or damaged"
        )
    })
}

/// The jobs of all groups of a study; `keep` is whether weights stay in the library.
pub fn of(frozen: &Frozen, keep: bool) -> Vec<Box<dyn Work>> {
    let evaluator = frozen.evaluator();
    let groups = frozen.groups.iter();
    let jobs = groups.flat_map(|group| {
        let train: Box<dyn Work> = Box::new(Train::of(group, &evaluator, keep));
        let evaluate: Box<dyn Work> = Box::new(Evaluate::of(group, &evaluator, keep));
        [train, evaluate]
    });
    let counts = CountNGrams::of(&frozen.groups).into_iter();
    let probes = AskProbe::of(&frozen.probes).into_iter();
    jobs.chain(counts.map(|count| Box::new(count) as Box<dyn Work>))
        .chain(probes.map(|probe| Box::new(probe) as Box<dyn Work>))
        .collect()
}
