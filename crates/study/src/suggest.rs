//! "Did you mean": the nearest known name to one that is not known.

use triaxis_names::nearest;

/// Reads the unknown and the known names out of serde's message (``unknown field `a`, expected one
/// of `b`, `c` ``), the only place where it tells them.
pub(crate) fn from_unknown_field(message: &str) -> Option<String> {
    let message = message
        .strip_prefix("unknown field ")
        .or_else(|| message.strip_prefix("unknown variant "))?;
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    let names: Vec<&str> = names.collect();
    // A name that is also read with `_` is suggested as it is written.
    let twin = |name: &str| name.contains('_') && names.contains(&name.replace('_', "-").as_str());
    let written = names.iter().copied().filter(|name| !twin(name));
    nearest(unknown, written).map(|known| format!("did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_suggested() {
        let message = "unknown field `contxt`, expected one of `context`, `batch`, `decay`";
        assert_eq!(
            from_unknown_field(message).as_deref(),
            Some("did you mean `context`?")
        );
    }

    #[test]
    fn of_two_spellings_the_written_one_is_suggested() {
        let message = "unknown variant `linear`, expected one of `wsd-linear`, `wsd_linear`, `cosine`";
        assert_eq!(
            from_unknown_field(message).as_deref(),
            Some("did you mean `wsd-linear`?")
        );
    }

    #[test]
    fn nothing_is_suggested_for_something_else() {
        let message = "unknown field `elephant`, expected one of `context`, `batch`";
        assert_eq!(from_unknown_field(message), None);
        assert_eq!(from_unknown_field("expected a table"), None);
    }
}
