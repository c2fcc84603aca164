use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_random::Stream;

use crate::computed::whole_steps;
use crate::generator::Generator;
use crate::problem::Question;
use crate::verdict::Verdict;

/// What parts literals, and ends a step.
const SPACE: &str = " ";
/// Clauses for each variable: near 4.26, where random clauses of three are hardest (Mitchell, Selman and Levesque 1992).
const CLAUSES: usize = 4;

/// Satisfiability of clauses of three literals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Satisfiability {}

impl Satisfiability {
    pub(super) const ABOUT: &str = "values of variables that satisfy clauses of three literals, four clauses a variable, \
        made around a model that is hidden; every model is right. Each literal is a step";
}

impl Generator for Satisfiability {
    fn dial(&self) -> &'static str {
        "variables"
    }

    fn levels(&self) -> RangeInclusive<u32> {
        4..=14
    }

    fn instructions(&self) -> String {
        "Each word is a clause: it holds where a variable of a small letter in it is true, or one of a capital false. Write \
         each variable in turn, small where it is true and as a capital where it is false, with spaces between them, so \
         that all clauses hold, and end the line."
            .to_owned()
    }

    fn step(&self) -> Option<&'static str> {
        Some(SPACE)
    }

    fn draw(&self, level: u32, stream: &mut Stream) -> Arc<dyn Question> {
        let count = level as usize;
        let model = stream.bits() as u32 & ((1 << count) - 1);
        let mut clauses: Vec<Literals> = Vec::new();
        while clauses.len() < CLAUSES * count {
            let mut variables: Vec<usize> = (0..count).collect();
            stream.draw_first(&mut variables, 3);
            let mut clause = Literals::default();
            for &variable in &variables[..3] {
                clause.add(variable, stream.below(2) == 1);
            }
            // At four variables there are 28 clauses that the model satisfies, and 16 are taken.
            if clause.holds(model) && !clauses.contains(&clause) {
                clauses.push(clause);
            }
        }
        Arc::new(Clauses {
            count,
            model,
            clauses,
        })
    }
}

/// Variables that are said to be true, and to be false, a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Literals {
    is_true: u32,
    is_false: u32,
}

impl Literals {
    fn add(&mut self, variable: usize, is_true: bool) {
        let side = if is_true {
            &mut self.is_true
        } else {
            &mut self.is_false
        };
        *side |= 1 << variable;
    }

    /// Whether one of them holds where those variables are true.
    fn holds(self, model: u32) -> bool {
        self.is_true & model != 0 || self.is_false & !model != 0
    }

    /// The same, where only these literals are known.
    fn holds_by(self, known: Self) -> bool {
        self.is_true & known.is_true != 0 || self.is_false & known.is_false != 0
    }

    /// The letters of its literals.
    fn letters(self, count: usize) -> impl Iterator<Item = char> {
        (0..count).flat_map(move |variable| {
            let small = char::from(b'a' + variable as u8);
            let is_in = |side: u32| side >> variable & 1 == 1;
            let literals = [
                is_in(self.is_true).then_some(small),
                is_in(self.is_false).then_some(small.to_ascii_uppercase()),
            ];
            literals.into_iter().flatten()
        })
    }
}

#[derive(Debug)]
struct Clauses {
    count: usize,
    model: u32,
    clauses: Vec<Literals>,
}

impl Clauses {
    /// The literals of some letters; none where a letter is no variable.
    fn read(&self, signs: impl Iterator<Item = char>) -> Option<Literals> {
        let mut literals = Literals::default();
        for sign in signs {
            let letter = sign.to_ascii_lowercase();
            let variable = (0..self.count).find(|&variable| letter == char::from(b'a' + variable as u8))?;
            literals.add(variable, sign.is_ascii_lowercase());
        }
        Some(literals)
    }

    /// Whether some values of the variables that are not known satisfy every clause.
    fn can_hold(&self, known: Literals) -> bool {
        let fits = |model: &u32| model & known.is_false == 0 && !model & known.is_true == 0;
        let mut models = (0..1 << self.count).filter(fits);
        models.any(|model| self.clauses.iter().all(|clause| clause.holds(model)))
    }
}

impl Question for Clauses {
    fn prompt(&self) -> String {
        let clauses: Vec<String> = self
            .clauses
            .iter()
            .map(|clause| clause.letters(self.count).collect())
            .collect();
        format!("{}:", clauses.join(SPACE))
    }

    fn worked(&self) -> Option<String> {
        let model = Literals {
            is_true: self.model,
            is_false: !self.model,
        };
        let letters: Vec<String> = model.letters(self.count).map(String::from).collect();
        Some(letters.join(SPACE))
    }

    fn check(&self, answer: &str) -> Verdict {
        let mut signs = answer
            .chars()
            .filter(|sign| !sign.is_whitespace() && *sign != ',')
            .peekable();
        if signs.peek().is_none() {
            return Verdict::unparsable("the answer has no literal");
        }
        let Some(literals) = self.read(signs) else {
            return Verdict::unparsable("the answer has a sign that is no variable of the clauses");
        };
        let is_consistent = literals.is_true & literals.is_false == 0;
        Verdict::of(is_consistent && self.clauses.iter().all(|clause| clause.holds_by(literals)))
    }

    fn partial(&self, prefix: &str) -> Option<f64> {
        let signs = whole_steps(prefix, SPACE).flat_map(str::chars);
        let known = self
            .read(signs)
            .filter(|known| known.is_true & known.is_false == 0);
        Some(f64::from(known.is_some_and(|known| self.can_hold(known))))
    }
}
