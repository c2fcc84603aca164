use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::{Computed, STEP, ended, plain_word, words};
use crate::generator::Generator;
use crate::problem::Question;

/// Products of permutations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupWords {
    /// Whether the product after each permutation is written.
    pub scratchpad: bool,
    /// Of how many things.
    pub group: Group,
}

/// A symmetric group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// The 6 permutations of three things: solvable.
    #[default]
    S3,
    /// The 120 permutations of five: not solvable, so that no circuit of fixed depth is known for words (Barrington
    /// 1989).
    S5,
}

impl Group {
    fn things(self) -> usize {
        match self {
            Self::S3 => 3,
            Self::S5 => 5,
        }
    }
}

impl Default for GroupWords {
    fn default() -> Self {
        Self {
            scratchpad: true,
            group: Group::S3,
        }
    }
}

impl GroupWords {
    pub(super) const ABOUT: &str = "words of permutations of three or five things, to be multiplied: what depth cannot do \
        at once for five, steps can (Li et al. 2024, arXiv 2402.12875)";
}

impl Generator for GroupWords {
    fn dial(&self) -> &'static str {
        "permutations"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        3..=64
    }

    fn instructions(&self) -> String {
        let rule = "The first word is an order of things. Each word after it says from which places of the order before \
            it the next order is read. ";
        let answer = if self.scratchpad {
            "Write the order after each word in turn, with `;` between them, and end the line."
        } else {
            "Write the last order and end the line."
        };
        format!("{rule}{answer}")
    }

    fn step(&self) -> Option<&'static str> {
        self.scratchpad.then_some(STEP)
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        let things = self.group.things();
        let mut permutation = || {
            let mut order: Vec<usize> = (0..things).collect();
            stream.shuffle(&mut order);
            order
        };
        let permutations: Vec<Vec<usize>> = (0..level).map(|_| permutation()).collect();
        let (mut product, mut products): (Vec<usize>, Vec<String>) = ((0..things).collect(), Vec::new());
        for next in &permutations {
            product = next.iter().map(|&place| product[place]).collect();
            products.push(written(&product));
        }
        // The last one is the answer.
        let answer = products.pop().unwrap_or_default();
        let permutations: Vec<String> = permutations.iter().map(|order| written(order)).collect();
        let prompt = format!("{}:", permutations.join(" "));
        Arc::new(Computed {
            identity: prompt.clone(),
            prompt,
            steps: self.scratchpad.then(|| ended(products)),
            answer,
            compare: |given, right| words(given, right, |sign| matches!(sign, '1'..='5')),
            plain: plain_word,
        })
    }
}

fn written(order: &[usize]) -> String {
    order
        .iter()
        .map(|&thing| char::from(b'1' + thing as u8))
        .collect()
}
