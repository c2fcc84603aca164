use std::fmt;

/// Letters of the alphabet that texts are of.
const LETTERS: i64 = 26;
/// Numbers beyond this are held at it.
const LARGEST: i64 = 1_000_000_000;

/// What programs work on: a text of small letters or a list of whole numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub is_text: bool,
    /// Numbers, or letters from 0 on.
    pub items: Vec<i64>,
}

impl Value {
    /// The item that a number is: a letter after `z` is `a` again.
    pub fn item(&self, number: i64) -> i64 {
        if self.is_text {
            number.rem_euclid(LETTERS)
        } else {
            number.clamp(-LARGEST, LARGEST)
        }
    }

    /// The value that all of a text is: `'abc'`, with quotes or without, or `[1,2]`, with commas or spaces.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(inner) = text.strip_prefix('[') {
            let is_between = |sign: char| sign == ',' || sign.is_whitespace();
            let numbers = inner.strip_suffix(']')?.split(is_between);
            let numbers = numbers
                .filter(|number| !number.is_empty())
                .map(|number| number.parse().ok());
            return Some(Self {
                is_text: false,
                items: numbers.collect::<Option<_>>()?,
            });
        }
        let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
        let bare = quoted('\'')
            .or_else(|| quoted('"'))
            .or(Some(text).filter(|text| !text.is_empty()))?;
        let letters = bare
            .bytes()
            .map(|sign| sign.is_ascii_lowercase().then(|| i64::from(sign - b'a')));
        Some(Self {
            is_text: true,
            items: letters.collect::<Option<_>>()?,
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_text {
            let letter = |item: &i64| char::from(b'a' + item.rem_euclid(LETTERS) as u8);
            let letters: String = self.items.iter().map(letter).collect();
            return write!(formatter, "'{letters}'");
        }
        let numbers: Vec<String> = self.items.iter().map(ToString::to_string).collect();
        write!(formatter, "[{}]", numbers.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        for text in ["'abz'", "''", "[1,-2,3]", "[]"] {
            assert_eq!(Value::read(text).unwrap().to_string(), text);
        }
        assert_eq!(Value::read(" abz"), Value::read("\"abz\""));
        assert_eq!(Value::read("[1 2, 3]"), Value::read("[1,2,3]"));
        for text in ["", "Ab", "[1", "[a]", "'a", "a'b", "[1.5]", "1"] {
            assert_eq!(Value::read(text), None, "{text}");
        }
    }
}
