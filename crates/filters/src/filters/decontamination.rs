use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use triaxis_words::{Document, Simplified, Simplify, Splitter, Words, hash};

use super::{Facts, Judge, Settings};
use crate::refused::Refused;
use crate::room::Room;
use crate::verdict::Check;

const FILTER: &str = "decontamination";
/// Odd, without pattern: what the hash of a run is multiplied with for each word.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Documents that share no run of words with texts that a model will be examined on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decontamination {
    /// The texts that must not be learnt: questions with their answers.
    pub texts: Vec<String>,
    /// Words of a run. A text of fewer is not looked for.
    #[serde(default = "size")]
    pub size: usize,
    /// What does not count between a run and its copy.
    #[serde(default)]
    pub simplify: Simplify,
}

fn size() -> usize {
    12
}

impl Decontamination {
    pub(crate) const ABOUT: &str = "documents that share a run of words with a text of an examination, as datatrove \
                                    finds them: words of simplified text, 12 in a run (8 to 13 elsewhere: Brown et al. \
                                    2020, arXiv 2005.14165, appendix C)";

    /// Calls `take` with the hash of every run of a text.
    fn runs(&self, text: &str, room: &mut (Simplified, Words, Vec<u64>), mut take: impl FnMut(u64)) {
        let (simplified, words, hashes) = room;
        let text = self.simplify.apply(text, simplified);
        let document = words.split(Splitter::English, text);
        hashes.clear();
        hashes.extend(document.words().map(|word| hash(word.as_bytes())));
        // A run's hash is a polynomial of its words', so that the next run's takes one step.
        let first = (0..self.size).fold(1u64, |power, _| power.wrapping_mul(BASE));
        let mut run = 0u64;
        for (place, word) in hashes.iter().enumerate() {
            run = run.wrapping_mul(BASE).wrapping_add(*word);
            if place >= self.size {
                run = run.wrapping_sub(hashes[place - self.size].wrapping_mul(first));
            }
            if place + 1 >= self.size {
                take(run);
            }
        }
    }
}

impl Settings for Decontamination {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        if self.size == 0 {
            return Err(Refused::new(
                format!("{FILTER}.size"),
                0,
                "a run has words; 8 to 13 are usual",
            ));
        }
        let mut room = Default::default();
        let mut known = HashSet::new();
        for text in &self.texts {
            self.runs(text, &mut room, |run| {
                known.insert(run);
            });
        }
        if known.is_empty() {
            return Err(Refused::new(
                format!("{FILTER}.texts"),
                format!("{} texts", self.texts.len()),
                format!(
                    "none has {} words, so that nothing would be found; give longer texts or lower `size`",
                    self.size
                ),
            ));
        }
        Ok(Box::new(Prepared {
            settings: Self {
                texts: Vec::new(),
                ..self.clone()
            },
            known,
        }))
    }
}

struct Prepared {
    settings: Decontamination,
    known: HashSet<u64>,
}

impl Judge for Prepared {
    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let mut count = 0;
        self.settings.runs(document.text(), &mut room.simple, |run| {
            count += usize::from(self.known.contains(&run));
        });
        room.checks.push(Check::at_most("shared_runs", count as f64, 0.0));
        false
    }
}
