//! Names that people write: registries of what there is, and the known name nearest to one that is not known.

mod registry;

pub use registry::Entry;

/// Likeness from which on a name is suggested, by Jaro and Winkler's measure: 1 is the same name.
const LIKE: f64 = 0.75;

/// A name as it is compared: letters and digits only, in lower case.
pub fn key(name: &str) -> String {
    name.chars()
        .filter(|sign| sign.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The known name most like `asked`, if any is like it at all: one of less than half its letters is not.
///
/// ```
/// use triaxis_names::nearest;
/// assert_eq!(nearest("uniq tokens", ["tokens", "unique_tokens"]), Some("unique_tokens"));
/// assert_eq!(nearest("elephant", ["context", "batch"]), None);
/// ```
pub fn nearest<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let asked = key(asked);
    let likeness = known.into_iter().filter_map(|name| {
        let key = key(name);
        let is_long = 2 * key.chars().count() >= asked.chars().count();
        is_long.then(|| (strsim::jaro_winkler(&asked, &key), name))
    });
    likeness
        .filter(|(likeness, _)| *likeness > LIKE)
        .max_by(|first, second| first.0.total_cmp(&second.0))
        .map(|(_, name)| name)
}

/// ``; did you mean `...`?`` for the nearest known name, or nothing when none is near: the end of a message.
pub fn suggestion<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(asked, known).map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_finds_what_they_meant() {
        for (asked, meant) in [
            ("contxt", "context"),
            ("chinchila", "chinchilla"),
            ("Val-Loss", "val_loss"),
            ("los", "loss"),
            ("h100", "H100 SXM"),
        ] {
            let known = ["batch", "context", "chinchilla", "val_loss", "loss", "H100 SXM"];
            assert_eq!(nearest(asked, known), Some(meant), "{asked}");
        }
        assert_eq!(suggestion("contxt", ["context"]), "; did you mean `context`?");
        assert_eq!(suggestion("contxt", []), "");
        assert_eq!(nearest("zebra", ["context", "batch"]), None);
        assert_eq!(nearest("nope", ["N", "D", "loss"]), None);
    }
}
