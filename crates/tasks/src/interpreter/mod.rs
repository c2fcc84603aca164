//! An interpreter of programs over texts and lists: words one after the other, and `3(...)` to repeat some. It reaches
//! nothing outside the value that it is given, and ends when its fuel is spent.

mod value;
mod words;

pub use value::Value;
pub use words::WORDS;

/// What a program may spend: a unit for each step and each item that a word sees.
pub const FUEL: usize = 10_000;
/// Words that a program has at most.
const LONGEST: usize = 1000;

/// One step of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instruction {
    /// The word of that place.
    Word(usize),
    /// What follows, up to the matching end, so many times.
    Repeat(u32),
    End,
}

/// A program that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program(Vec<Instruction>);

impl Program {
    /// The program that a text is.
    ///
    /// # Errors
    /// Where it is none, with what is wrong.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let mut instructions = Vec::new();
        let mut open = 0_usize;
        let mut rest = text.trim_start();
        while let Some(sign) = rest.chars().next() {
            if instructions.len() == LONGEST {
                return Err("the program is too long");
            }
            if sign == ')' {
                open = open
                    .checked_sub(1)
                    .ok_or("the program has a `)` without its beginning")?;
                instructions.push(Instruction::End);
                rest = rest[1..].trim_start();
                continue;
            }
            let end = rest
                .find(|sign: char| !sign.is_ascii_alphanumeric())
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if let Some(place) = WORDS.iter().position(|(name, _)| *name == word) {
                instructions.push(Instruction::Word(place));
                rest = after.trim_start();
            } else {
                let count = word
                    .parse()
                    .map_err(|_| "the program has a word that there is not")?;
                let after = after.strip_prefix('(').ok_or("a number is not followed by `(`")?;
                instructions.push(Instruction::Repeat(count));
                open += 1;
                rest = after.trim_start();
            }
        }
        match (open, instructions.is_empty()) {
            (0, false) => Ok(Self(instructions)),
            (0, true) => Err("the program has no word"),
            _ => Err("the program has a `(` without its end"),
        }
    }

    /// What the program makes of a value, unless that takes more than the fuel; after each word the value is seen.
    pub fn run(&self, mut value: Value, mut fuel: usize, mut seen: impl FnMut(&Value)) -> Option<Value> {
        // Where the loops began that are open, and how often they go on.
        let mut loops: Vec<(usize, u32)> = Vec::new();
        let mut at = 0;
        while let Some(instruction) = self.0.get(at) {
            fuel = fuel.checked_sub(1)?;
            match *instruction {
                Instruction::Word(place) => {
                    fuel = fuel.checked_sub(value.items.len())?;
                    WORDS[place].1(&mut value);
                    seen(&value);
                }
                Instruction::Repeat(0) => at = self.end(at),
                Instruction::Repeat(count) => loops.push((at, count - 1)),
                Instruction::End => match loops.last_mut() {
                    Some((begin, left)) if *left > 0 => {
                        *left -= 1;
                        at = *begin;
                    }
                    _ => drop(loops.pop()),
                },
            }
            at += 1;
        }
        Some(value)
    }

    /// The end that belongs to a repetition.
    fn end(&self, begin: usize) -> usize {
        let mut open = 0_usize;
        for (place, instruction) in self.0.iter().enumerate().skip(begin) {
            match instruction {
                Instruction::Repeat(_) => open += 1,
                Instruction::End if open == 1 => return place,
                Instruction::End => open -= 1,
                Instruction::Word(_) => {}
            }
        }
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(program: &str, value: &str) -> String {
        let value = Value::read(value).unwrap();
        let made = Program::read(program).unwrap().run(value, FUEL, |_| {});
        made.map_or("no fuel".to_owned(), |value| value.to_string())
    }

    #[test]
    fn words_do_what_they_say() {
        for (program, value, made) in [
            ("reverse", "'abc'", "'cba'"),
            ("sort", "[3,-1,2]", "[-1,2,3]"),
            ("unique", "'abcab'", "'abc'"),
            ("rotate", "[1,2,3]", "[2,3,1]"),
            ("tail", "'abc'", "'bc'"),
            ("chop", "'abc'", "'ab'"),
            ("double", "'ab'", "'abab'"),
            ("mirror", "'ab'", "'abba'"),
            ("alternate", "[1,2,3,4,5]", "[1,3,5]"),
            ("next", "'xyz'", "'yza'"),
            ("running", "[1,2,3]", "[1,3,6]"),
            ("running", "'bbz'", "'bcb'"),
            ("2(next 3(tail)) chop", "'abcdefgh'", "'i'"),
            ("0(next 3(tail)) chop", "'ab'", "'a'"),
            ("1() reverse", "'ab'", "'ba'"),
            ("tail rotate chop alternate mirror", "[]", "[]"),
        ] {
            assert_eq!(run(program, value), made, "{program}");
        }
    }

    #[test]
    fn what_is_no_program_is_told() {
        for (text, told) in [
            ("", "no word"),
            ("reverse)", "`)` without"),
            ("2(reverse", "`(` without"),
            ("upside", "a word that there is not"),
            ("2 reverse", "not followed by `(`"),
            ("99999999999(reverse)", "a word that there is not"),
            ("(reverse)", "a word that there is not"),
            ("reverse; sort", "a word that there is not"),
        ] {
            assert!(Program::read(text).unwrap_err().contains(told), "{text}");
        }
        assert!(
            Program::read(&"2(".repeat(1 << 19))
                .unwrap_err()
                .contains("too long")
        );
    }

    #[test]
    fn every_program_ends() {
        for program in [
            "99999(99999(99999()))",
            "4000000000(next)",
            "30(double)",
            "9999(rotate)",
        ] {
            assert_eq!(run(program, "[1,2]"), "no fuel", "{program}");
        }
        let deep = format!("{}next{}", "1(".repeat(300), ")".repeat(300));
        assert_eq!(run(&deep, "'a'"), "'b'");
    }

    /// A program written plainly: words without loops.
    fn unrolled(parts: &[(u32, Vec<usize>)], mut items: Vec<i64>) -> Vec<i64> {
        for (count, words) in parts {
            for word in (0..*count).flat_map(|_| words) {
                let before = items.clone();
                match WORDS[*word].0 {
                    "reverse" => items = before.iter().rev().copied().collect(),
                    "sort" => items.sort(),
                    "unique" => {
                        let is_first = |place: &usize| !before[..*place].contains(&before[*place]);
                        items = (0..before.len())
                            .filter(is_first)
                            .map(|place| before[place])
                            .collect();
                    }
                    "rotate" => {
                        items = before
                            .iter()
                            .skip(1)
                            .chain(before.iter().take(1))
                            .copied()
                            .collect()
                    }
                    "tail" => items = before.iter().skip(1).copied().collect(),
                    "chop" => items.truncate(before.len().saturating_sub(1)),
                    "double" => items = [before.clone(), before].concat(),
                    "mirror" => items.extend(before.iter().rev()),
                    "alternate" => items = before.iter().step_by(2).copied().collect(),
                    "next" => items = before.iter().map(|item| item + 1).collect(),
                    _ => {
                        items = (0..before.len())
                            .map(|place| before[..=place].iter().sum())
                            .collect()
                    }
                }
            }
        }
        items
    }

    proptest! {
        #[test]
        fn programs_do_what_plain_rust_does(
            parts in prop::collection::vec((0_u32..4, prop::collection::vec(0..WORDS.len(), 1..3)), 1..4),
            items in prop::collection::vec(-9_i64..10, 0..6),
        ) {
            let part = |(count, words): &(u32, Vec<usize>)| {
                let words: Vec<&str> = words.iter().map(|&word| WORDS[word].0).collect();
                format!("{count}({})", words.join(" "))
            };
            let text = Vec::from_iter(parts.iter().map(part)).join(" ");
            let value = Value { is_text: false, items: items.clone() };
            let made = Program::read(&text).unwrap().run(value, 1 << 24, |_| {}).unwrap();
            prop_assert_eq!(made.items, unrolled(&parts, items), "{}", text);
        }

        #[test]
        fn any_text_is_a_program_or_none(text in "[0-9()a-z ]{0,40}") {
            if let Ok(program) = Program::read(&text) {
                let value = Value { is_text: true, items: vec![0, 1, 2] };
                let made = program.run(value, FUEL, |_| {});
                prop_assert!(made.is_none_or(|value| value.items.len() <= FUEL));
            }
        }
    }
}
