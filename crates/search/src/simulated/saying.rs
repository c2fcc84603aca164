use triaxis_units::Seconds;

use super::chances::Piece;
use crate::reply::{Ended, Sampled};
use crate::request::SampleRequest;

/// A text that is being said.
pub(super) struct Saying {
    text: String,
    pub words: u64,
    log_probability: f64,
    certainty: f64,
    pub ended: Option<Ended>,
}

impl Saying {
    pub fn after(prefix: &str) -> Self {
        let is_open = prefix.ends_with(|sign: char| !sign.is_whitespace());
        Self {
            text: String::from(if is_open { " " } else { "" }),
            words: 0,
            log_probability: 0.0,
            certainty: 0.0,
            ended: None,
        }
    }

    pub fn chosen(&mut self, probabilities: &[f64], way: usize) {
        self.log_probability += probabilities[way].ln();
        let possible = probabilities.iter().filter(|chance| **chance > 0.0);
        let count = probabilities.len() as f64;
        self.certainty -= possible.map(|chance| (count * chance).ln()).sum::<f64>() / count;
    }

    pub fn add(&mut self, word: &str, piece: &Piece, request: &SampleRequest) {
        self.text.push_str(word);
        self.words += 1;
        for _ in 1..piece.words {
            if self.words < request.most {
                self.text.push_str(". ");
                self.words += 1;
            } else {
                self.ended = Some(Ended::Most);
            }
        }
        if self.ended.is_some() {
            return;
        }
        if piece.word == "step" {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str("\n\n");
        }
        let stops = request
            .stop
            .as_deref()
            .is_some_and(|stop| self.text.ends_with(stop));
        self.ended = if piece.ends || stops {
            Some(Ended::End)
        } else if request
            .marks
            .iter()
            .any(|mark| self.text.ends_with(mark.as_str()))
        {
            Some(Ended::Mark)
        } else {
            (self.words >= request.most).then_some(Ended::Most)
        };
        if piece.word == "</think>" && self.ended.is_none() {
            self.text.push(' ');
        }
    }

    pub fn reply(self, before: u64) -> Sampled {
        Sampled {
            tokens: self.words,
            before,
            log_probability: self.log_probability,
            self_certainty: Some(self.certainty / self.words.max(1) as f64),
            ended: self.ended.unwrap_or(Ended::End),
            seconds: Seconds(self.words as f64 * 0.01),
            text: self.text,
        }
    }
}
