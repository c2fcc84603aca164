//! Models of text, made.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::TempDir;
use triaxis_host::files;
use triaxis_units::Bytes;

use crate::arpa::{LONGEST, Sections, is_word};
use crate::estimate::gram::{END, FIRST_WORD, UNKNOWN};
use crate::estimate::{Estimator, estimator};
use crate::unit::{Prepared, Room};
use crate::vocabulary::Vocabulary;
use crate::{Estimate, NgramsError, Stage, Units};

/// The least memory that n-grams are sorted with.
const LEAST: Bytes = Bytes(1 << 20);

/// How a model is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Words of the longest n-grams, from 2 to 6.
    pub order: usize,
    /// What a word is.
    pub units: Units,
    /// The tokenizer whose tokens the words are, if they are that.
    pub tokenizer: Option<PathBuf>,
    /// N-grams of each length that stand in the text no more often than this are left out: of single words none may be,
    /// of longer ones no fewer than of shorter ones; the last is that of all longer ones.
    pub prune: Vec<u64>,
    /// What is held while n-grams are sorted; it changes nothing of the model.
    pub memory: Bytes,
}

impl Settings {
    fn check(&self) -> Result<(), NgramsError> {
        if !(2..=LONGEST).contains(&self.order) {
            let rule = format!("the longest n-grams have from 2 to {LONGEST} words; 5 are usual");
            return Err(NgramsError::setting("order", self.order, rule));
        }
        let prune = || {
            self.prune
                .iter()
                .map(u64::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        if self.prune.first().is_some_and(|first| *first > 0) {
            let rule =
                "single words stay, so that the first number is 0; give longer n-grams theirs after it";
            return Err(NgramsError::setting("prune", prune(), rule));
        }
        if !self.prune.is_sorted() || self.prune.len() > self.order {
            let rule = format!(
                "each number is no smaller than the one before it, and there are {} at most",
                self.order
            );
            return Err(NgramsError::setting("prune", prune(), rule));
        }
        if self.memory < LEAST {
            let rule = format!("n-grams are sorted with at least {LEAST}; give that much");
            return Err(NgramsError::setting("memory", self.memory, rule));
        }
        Ok(())
    }
}

/// A model that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Of each length, single words first.
    pub estimates: Vec<Estimate>,
    /// Lines that were read.
    pub sentences: u64,
    /// Words in them.
    pub words: u64,
    /// Those that no file can hold, or that mean something else in one: they are not known.
    pub unknown: u64,
}

/// Reads text and makes a model of it: the same from the same text in the same order, whatever the batches, memory and
/// threads.
///
/// ```
/// use triaxis_ngrams::{Model, Settings, Trainer, Units};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("model.arpa");
/// let settings = Settings {
///     order: 2,
///     units: Units::default(),
///     tokenizer: None,
///     prune: vec![],
///     memory: triaxis_units::Bytes(1 << 20),
/// };
/// let mut trainer = Trainer::new(settings, &path)?;
/// trainer.add(&["a rose is a rose\nis a rose"])?;
/// trainer.finish(&mut |_, _, _| ())?;
/// let model = Model::open(&path)?;
/// let score = |line: &str| model.sentence(line.split(' ')).log10;
/// assert!(score("is a rose") > score("rose a is"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer {
    settings: Settings,
    units: Prepared,
    out: PathBuf,
    vocabulary: Vocabulary,
    estimator: Box<dyn Estimator>,
    folder: TempDir,
    trained: Trained,
    sentence: Vec<u32>,
}

/// Lines of a document as words, their letters in one place.
#[derive(Default)]
struct Split {
    letters: String,
    /// Where each word ends.
    ends: Vec<usize>,
    /// How many words there are to the end of each line.
    lines: Vec<usize>,
}

impl Trainer {
    /// Begins a model that will be at `out`, beside which n-grams are sorted that are too many for memory.
    ///
    /// # Errors
    /// When a setting is out of its range, there is no such tokenizer, or nothing can be written there.
    pub fn new(settings: Settings, out: &Path) -> Result<Self, NgramsError> {
        settings.check()?;
        files::can_replace(out).map_err(NgramsError::io("write", out))?;
        let parent = out.parent().filter(|folder| !folder.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let folder = TempDir::with_prefix_in(files::TEMPORARY, parent)
            .map_err(NgramsError::io("make a folder in", parent))?;
        let memory = usize::try_from(settings.memory.0).unwrap_or(usize::MAX);
        let estimator = estimator(settings.order, &settings.prune, folder.path(), memory);
        let estimator =
            estimator.ok_or_else(|| NgramsError::setting("order", settings.order, "no such order"))?;
        Ok(Self {
            units: settings.units.prepare(settings.tokenizer.as_deref())?,
            settings,
            out: out.to_owned(),
            vocabulary: Vocabulary::default(),
            estimator,
            folder,
            trained: Trained {
                estimates: Vec::new(),
                sentences: 0,
                words: 0,
                unknown: 0,
            },
            sentence: Vec::new(),
        })
    }

    /// Reads documents, each line a sentence, on all threads of the pool.
    ///
    /// # Errors
    /// When a tokenizer cannot encode one, or the disk takes no more.
    pub fn add<T: AsRef<str> + Sync>(&mut self, documents: &[T]) -> Result<(), NgramsError> {
        let units = &self.units;
        let split: Vec<Split> = documents
            .par_iter()
            .map_init(Room::default, |room, text| Split::new(text.as_ref(), units, room))
            .collect::<Result<_, _>>()?;
        split.iter().try_for_each(|document| self.count(document))
    }

    fn count(&mut self, document: &Split) -> Result<(), NgramsError> {
        let (mut word, mut start) = (0, 0);
        for end_of_line in &document.lines {
            self.sentence.clear();
            for end in &document.ends[word..*end_of_line] {
                let number = match &document.letters[start..*end] {
                    word if is_word(word) => FIRST_WORD + self.vocabulary.number(word)?,
                    _ => UNKNOWN,
                };
                self.trained.unknown += u64::from(number == UNKNOWN);
                self.sentence.push(number);
                start = *end;
            }
            word = *end_of_line;
            self.trained.words += self.sentence.len() as u64;
            self.trained.sentences += 1;
            self.sentence.push(END);
            self.estimator.add(&self.sentence)?;
        }
        Ok(())
    }

    /// Estimates the model and writes it, compressed where the file's name ends in `.gz`. `told` is called with how many
    /// records of a stage are done, of how many at most.
    ///
    /// # Errors
    /// When there was no word, or the disk takes no more.
    pub fn finish(self, told: &mut dyn FnMut(Stage, u64, u64)) -> Result<Trained, NgramsError> {
        let mut trained = self.trained;
        if trained.words == trained.unknown {
            return Err(NgramsError::input(
                "the text has no words: give sources with some, or another splitter",
            ));
        }
        let mut sections = Sections::new(&self.vocabulary, self.settings.order, self.folder.path())?;
        trained.estimates = self.estimator.estimate(&mut sections, told)?;
        sections.finish(&self.out, &self.settings.units.comment()?)?;
        Ok(trained)
    }
}

impl Split {
    fn new(text: &str, units: &Prepared, room: &mut Room) -> Result<Self, NgramsError> {
        let mut split = Self::default();
        for line in text.lines() {
            units.split(line, room, |words| {
                for word in words {
                    split.letters.push_str(word);
                    split.ends.push(split.letters.len());
                }
            })?;
            split.lines.push(split.ends.len());
        }
        Ok(split)
    }
}
