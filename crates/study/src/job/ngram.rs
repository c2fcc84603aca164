//! The job that counts the n-grams of what trials saw.

use std::time::Instant;

use triaxis_corpus::Corpus;
use triaxis_train::ngram::{self, NGram};
use triaxis_train::{TokenSource, ValidationText, tokens_read};
use triaxis_units::{Bytes, Seconds, Tokens};

use super::{Bill, Work};
use crate::error::StudyError;
use crate::identity;
use crate::library::{Library, Written};
use crate::ngram::{NGramInputs, NGramLoss, NGramRecord, ORDERS, asked};
use crate::record::Circumstances;
use crate::trial::Group;
use crate::worker::Message;

/// Memory of a token that is counted, while its n-grams are sorted.
const TOKEN_BYTES: u64 = 72;

/// Counts the n-grams of some tokens of one corpus, and measures their losses.
pub struct CountNGrams {
    id: String,
    corpus: String,
    asked: Vec<NGramInputs>,
}

impl CountNGrams {
    /// One for each corpus of the groups.
    pub fn of(groups: &[Group]) -> Vec<Self> {
        let mut jobs: Vec<Self> = Vec::new();
        for (group, inputs) in asked(groups) {
            match jobs.iter_mut().find(|job| job.corpus == group.corpus) {
                Some(job) => job.asked.push(inputs),
                None => jobs.push(Self {
                    id: String::new(),
                    corpus: group.corpus.clone(),
                    asked: vec![inputs],
                }),
            }
        }
        for job in &mut jobs {
            let ids: Vec<String> = job.asked.iter().map(NGramInputs::id).collect();
            job.id = identity::of(&("count", ids));
        }
        jobs
    }

    fn missing(&self, library: &Library) -> Result<Vec<&NGramInputs>, StudyError> {
        let mut missing = Vec::new();
        for inputs in &self.asked {
            let found = library.record_if_whole::<NGramRecord>(&inputs.id())?;
            missing.extend(found.is_none().then_some(inputs));
        }
        Ok(missing)
    }
}

/// The losses of n-grams of what was asked for.
fn measure(corpus: &Corpus, inputs: &NGramInputs, threads: usize) -> Result<NGramRecord, StudyError> {
    let started = Instant::now();
    let (train, validation) = (corpus.train(), ValidationText::of_corpus(corpus));
    let read = tokens_read(inputs.unique, TokenSource::len(&train))?;
    let (context, vocabulary) = (inputs.context, inputs.vocabulary);
    let starts = ngram::windows(inputs.seed, read, context, inputs.sequences)?;
    let mut losses = Vec::new();
    for order in ORDERS {
        let counted = NGram::count(&train, &starts, context, order, vocabulary)?;
        let loss = counted.evaluate(&validation, context)?;
        losses.push(NGramLoss { order, loss });
    }
    let counted = Tokens((starts.len() * context) as u64);
    let circumstances = Circumstances::of(threads, Seconds(started.elapsed().as_secs_f64()));
    Ok(NGramRecord::new(inputs, counted, losses, circumstances))
}

impl Work for CountNGrams {
    fn id(&self) -> &str {
        &self.id
    }

    fn needs(&self) -> Vec<&str> {
        vec![&self.corpus]
    }

    fn bill(&self) -> Bill {
        let tokens = |inputs: &NGramInputs| inputs.sequences.saturating_mul(inputs.context as u64);
        let most = self.asked.iter().map(tokens).max().unwrap_or(0);
        Bill {
            steps: self.asked.len() as u64,
            memory: Bytes(TOKEN_BYTES * most.min(ngram::MOST_TOKENS)),
            ..Bill::default()
        }
    }

    fn is_done(&self, library: &Library) -> Result<bool, StudyError> {
        Ok(self.missing(library)?.is_empty())
    }

    fn run(
        &self,
        library: &Library,
        threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        let ids: Vec<String> = self.asked.iter().map(NGramInputs::id).collect();
        let _locks = super::lock(library, ids.iter().map(String::as_str), say)?;
        let corpus = Corpus::open(&library.corpus(&self.corpus))?;
        for (done, inputs) in self.missing(library)?.into_iter().enumerate() {
            let record = measure(&corpus, inputs, threads)?;
            if library.write_record(&record)? == Written::Differs {
                say(&Message::Differs {
                    trial: format!("the n-grams {}", record.id),
                });
            }
            say(&Message::Progress {
                steps: done as u64 + 1,
            });
        }
        Ok(())
    }
}
