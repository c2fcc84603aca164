//! Serde's words on a value of the wrong kind, said as a person would.

/// Kinds as serde names them when it tells what it met, before the value in backticks or quotes if it has one.
const MET: [(&str, &str); 8] = [
    ("string ", "the text "),
    ("integer ", "the number "),
    ("floating point ", "the number "),
    ("boolean ", "the word "),
    ("sequence", "a list"),
    ("map", "a table"),
    ("datetime", "a date"),
    ("unit value", "nothing"),
];

/// Kinds as serde names them when it tells what it expected, by how the name begins.
const EXPECTED: [(&str, &str); 11] = [
    ("struct ", "a table"),
    ("internally tagged enum ", "a table"),
    ("enum ", "a word or a table"),
    ("map", "a table"),
    ("a map", "a table"),
    ("a sequence", "a list"),
    ("a boolean", "true or false"),
    ("a string", "a text in quotes"),
    ("path string", "a path in quotes"),
    ("string or map", "a word in quotes or a table"),
    ("variant identifier", "a word in quotes"),
];

/// Numbers, as types.
const WHOLE: [&str; 10] = [
    "u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize",
];
const REAL: [&str; 2] = ["f32", "f64"];

/// How serde begins to tell of a list of another length.
const LENGTH: &str = "invalid length ";

/// The message about the value of `key`, if that is known.
pub(crate) fn plain(message: &str, key: Option<&str>) -> String {
    let wrong = ["invalid type: ", "invalid value: ", LENGTH];
    let said = wrong.iter().find_map(|start| message.strip_prefix(start));
    let Some((met, expected)) = said.and_then(|said| said.rsplit_once(", expected ")) else {
        let message = message
            .replace("unknown variant ", "unknown value ")
            .replace("wanted string or table", "it must be a word in quotes or a table");
        if let Some((_, found)) = message.split_once("wanted exactly 1 element, ") {
            let found = match found.strip_prefix("found ") {
                Some(found) => found.replace(" elements", " keys"),
                None => "more than one key".to_owned(),
            };
            let subject = key.map_or("a table".to_owned(), |key| format!("`{key}`"));
            return format!("{subject} has {found}: it must have exactly one");
        }
        let message = without_twins(&message);
        let names_its_own = ["unknown field ", "missing field ", "duplicate "];
        return match key {
            Some(key) if !names_its_own.iter().any(|start| message.starts_with(start)) => {
                format!("`{key}`: {message}")
            }
            _ => message,
        };
    };
    let subject = key.map_or_else(String::new, |key| format!("`{key}` is "));
    let met = match message.starts_with(LENGTH) {
        true => format!("of length {met}"),
        false => told(met),
    };
    let wanted = match (met.as_str(), expected, key) {
        ("a table", "a sequence", Some(key)) => format!("a list: write its entries below `[[{key}]]`"),
        _ => wanted(expected),
    };
    format!("{subject}{met}: it must be {wanted}")
}

/// A message that lists known names, without those that are another one spelt with `_`.
fn without_twins(message: &str) -> String {
    let Some((before, names)) = message.split_once("expected one of ") else {
        return message.to_owned();
    };
    let names: Vec<&str> = names.split(", ").collect();
    let is_twin = |name: &&str| name.contains('_') && names.contains(&name.replace('_', "-").as_str());
    let kept: Vec<&str> = names.iter().copied().filter(|name| !is_twin(name)).collect();
    format!("{before}expected one of {}", kept.join(", "))
}

fn told(met: &str) -> String {
    let known = MET
        .iter()
        .find_map(|(start, plain)| Some(format!("{plain}{}", met.strip_prefix(start)?)));
    known.unwrap_or_else(|| met.to_owned())
}

fn wanted(expected: &str) -> String {
    if WHOLE.contains(&expected) {
        let least = if expected.starts_with('u') {
            ", 0 or more"
        } else {
            ""
        };
        return format!("a whole number{least}");
    }
    if REAL.contains(&expected) {
        return "a number".to_owned();
    }
    let known = EXPECTED.iter().find(|(start, _)| expected.starts_with(start));
    known.map_or_else(|| expected.to_owned(), |(_, plain)| (*plain).to_owned())
}

/// The key whose value begins where `text` ends: the word before the last `=` of its last line.
pub(crate) fn key_before(text: &str) -> Option<&str> {
    let line = text.rsplit('\n').next()?;
    let (before, after) = line.rsplit_once('=')?;
    let key = before
        .rsplit([' ', ',', '{', '['])
        .find(|word| !word.is_empty())?;
    after
        .trim()
        .trim_start_matches('[')
        .trim()
        .is_empty()
        .then_some(key)
}

/// The table whose heading stands in the line at `place`.
pub(crate) fn table_at(text: &str, place: usize) -> Option<&str> {
    let start = text.get(..place)?.rfind('\n').map_or(0, |end| end + 1);
    let heading = text[start..].lines().next()?.trim().strip_prefix('[')?;
    let name = heading.trim_matches(['[', ']']);
    name.rsplit('.').next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_wrong_kind_is_told_without_types() {
        for (message, plainly) in [
            (
                "invalid type: string \"a\", expected u64",
                "`key` is the text \"a\": it must be a whole number, 0 or more",
            ),
            (
                "invalid type: boolean `true`, expected f64",
                "`key` is the word `true`: it must be a number",
            ),
            (
                "invalid type: integer `3`, expected struct StudySpec",
                "`key` is the number `3`: it must be a table",
            ),
            (
                "invalid type: map, expected a sequence",
                "`key` is a table: it must be a list: write its entries below `[[key]]`",
            ),
            (
                "invalid value: integer `-3`, expected usize",
                "`key` is the number `-3`: it must be a whole number, 0 or more",
            ),
            (
                "invalid length 1, expected an array of length 2",
                "`key` is of length 1: it must be an array of length 2",
            ),
            ("missing field `design`", "missing field `design`"),
            (
                "wanted exactly 1 element, found 0 elements",
                "`key` has 0 keys: it must have exactly one",
            ),
            (
                "wanted exactly 1 element, more than 1 element",
                "`key` has more than one key: it must have exactly one",
            ),
            (
                "`-5` is not dollars: it must be zero or more",
                "`key`: `-5` is not dollars: it must be zero or more",
            ),
            (
                "unknown variant `a`, expected one of `wsd-linear`, `wsd_linear`, `cosine`",
                "`key`: unknown value `a`, expected one of `wsd-linear`, `cosine`",
            ),
        ] {
            assert_eq!(plain(message, Some("key")), plainly);
        }
        assert_eq!(
            plain("invalid type: map, expected a string", None),
            "a table: it must be a text in quotes"
        );
    }

    #[test]
    fn the_key_is_the_word_before_the_value() {
        assert_eq!(key_before("[corpus]\nseed = "), Some("seed"));
        assert_eq!(key_before("budget = { dollars = "), Some("dollars"));
        assert_eq!(key_before("budgets = ["), Some("budgets"));
        assert_eq!(key_before("[cor"), None);
    }
}
