//! The example that explains every setting, and what is refused before anything is run.

#![allow(clippy::unwrap_used)]

use triaxis_study::StudySpec;

const SETTINGS: &str = include_str!("../../../examples/settings.toml");

/// Paths of all keys, without the places in lists.
fn keys(value: &toml::Value, path: &str, found: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let path = format!("{path}{key}");
                found.push(path.clone());
                keys(value, &format!("{path}."), found);
            }
        }
        toml::Value::Array(values) => values.iter().for_each(|value| keys(value, path, found)),
        _ => {}
    }
}

#[test]
fn the_settings_example_has_every_setting() {
    let spec = StudySpec::parse(SETTINGS).unwrap();
    let written = toml::Value::try_from(&spec).unwrap();
    let (mut complete, mut shown) = (Vec::new(), Vec::new());
    keys(&written, "", &mut complete);
    keys(&toml::from_str(SETTINGS).unwrap(), "", &mut shown);
    let missing: Vec<&String> = complete.iter().filter(|key| !shown.contains(key)).collect();
    assert!(
        missing.is_empty(),
        "examples/settings.toml does not show {missing:?}"
    );
    // Those without a default that may be left out are not written unless they are given.
    for optional in [
        "batch",
        "learning_rate",
        "file",
        "end_of_text",
        "tokens",
        "key_value_heads",
        "head_dim",
        "feed_forward",
    ] {
        assert!(
            SETTINGS.contains(&format!("# {optional} = ")),
            "`{optional}` is not shown"
        );
    }
}

#[test]
fn defaults_are_those_that_the_settings_example_shows() {
    let shown = StudySpec::parse(SETTINGS).unwrap();
    let text = SETTINGS.split("[training]").next().unwrap().to_owned()
        + "[design]"
        + SETTINGS
            .split("\n[design]")
            .nth(1)
            .unwrap()
            .split("\n[laws]")
            .next()
            .unwrap();
    let left_out = StudySpec::parse(&text).unwrap();
    assert_eq!(left_out.training, shown.training);
    assert_eq!(left_out.laws, shown.laws);
}

/// The message for the example with a line replaced.
fn refusal(line: &str, by: &str) -> String {
    assert!(SETTINGS.contains(line), "{line}");
    StudySpec::parse(&SETTINGS.replacen(line, by, 1))
        .unwrap_err()
        .to_string()
}

#[test]
fn what_would_be_replaced_in_silence_is_refused() {
    for (line, by, expected) in [
        (
            "# batch = \"16K\"",
            "batch = 0",
            "a multiple of `training.context`",
        ),
        (
            "# batch = \"16K\"",
            "batch = 300",
            "a multiple of `training.context`",
        ),
        (
            "factors = [1.0]",
            "factors = [1.0, 1.0]",
            "different numbers above 0",
        ),
        (
            "width = 192\nlayers = 6\nheads = 6",
            "width = 128\nlayers = 4\nheads = 4",
            "different tables",
        ),
        ("vocabulary = 32768", "vocabulary = 10", "must be from 257"),
        ("name = \"settings\"", "name = \"\"", "`name` is \"\""),
    ] {
        let message = refusal(line, by);
        assert!(message.contains(expected), "{by}: {message}");
    }
}
