use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::{Computed, STEP, plain_word, words};
use crate::generator::Generator;
use crate::problem::Question;

/// Whether ones are odd in number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parity {
    /// Whether the parity after each bit is written.
    pub scratchpad: bool,
}

impl Default for Parity {
    fn default() -> Self {
        Self { scratchpad: true }
    }
}

impl Parity {
    pub(super) const ABOUT: &str = "parity: 1 where the ones of a row of bits are odd in number, else 0; with the parities \
        after each bit as steps one layer can do it (Kim and Suzuki 2024, arXiv 2410.08633)";
}

impl Generator for Parity {
    fn dial(&self) -> &'static str {
        "bits"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        8..=128
    }

    fn instructions(&self) -> String {
        let answer = "is the number of ones odd? Write 1 where it is, else 0, and end the line.";
        if self.scratchpad {
            format!(
                "After each bit in turn, with `;` between the answers, the last of which counts: {answer}"
            )
        } else {
            format!("Of all bits: {answer}")
        }
    }

    fn step(&self) -> Option<&'static str> {
        self.scratchpad.then_some(STEP)
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        let bits: Vec<bool> = (0..level).map(|_| stream.below(2) == 1).collect();
        let written = |bit: &bool| char::from(b'0' + u8::from(*bit));
        let (mut is_odd, mut parities) = (false, String::new());
        for (place, bit) in bits.iter().enumerate() {
            // What stands after the last bit is the answer.
            if place > 0 {
                parities.push(written(&is_odd));
                parities.push_str(STEP);
            }
            is_odd ^= bit;
        }
        let bits: String = bits.iter().map(written).collect();
        Arc::new(Computed {
            prompt: format!("parity {bits}:"),
            identity: bits,
            steps: self.scratchpad.then_some(parities),
            answer: written(&is_odd).into(),
            compare: |given, right| words(given, right, |sign| matches!(sign, '0' | '1')),
            plain: plain_word,
        })
    }
}
