//! The example that explains every setting, and what is refused before anything is run.

use triaxis_study::StudySpec;

const SETTINGS: &str = include_str!("../../../../examples/settings.toml");

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
        "lossy",
        "encoding",
        "tokens",
        "unique_tokens",
        "decay_on",
        "shares",
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
fn every_schedule_is_shown_by_the_name_it_is_read_by() {
    for schedule in triaxis_train::Schedule::ALL {
        let name = serde_json::to_string(schedule).unwrap();
        assert!(SETTINGS.contains(&name), "{name} is not shown");
        let text = SETTINGS.replace("schedule = \"wsd\"", &format!("schedule = {name}"));
        assert_eq!(StudySpec::parse(&text).unwrap().training.schedule, *schedule);
    }
}

/// Words of the language that the program is written in, which mean nothing to who writes a spec.
const TYPES: [&str; 14] = [
    "struct",
    "enum",
    "u64",
    "u32",
    "usize",
    "i64",
    "f64",
    "boolean",
    "sequence",
    "map",
    "tuple",
    "invalid type",
    "variant",
    "Spec",
];

/// Puts each of `values` in the place of each value in `table`, and hears what is said of it.
fn replaced(whole: &toml::Table, path: &[&str], table: &toml::Table, said: &mut dyn FnMut(&str, String)) {
    let values = ["\"word\"", "-7", "0.5", "true", "[[]]", "{ }", "1979-05-27"];
    for (key, value) in table {
        for wrong in values {
            let mut spec = whole.clone();
            let mut at = &mut spec;
            for step in path {
                let next = at.get_mut(*step).unwrap();
                let next = if next.is_array() {
                    &mut next.as_array_mut().unwrap()[0]
                } else {
                    next
                };
                at = next.as_table_mut().unwrap();
            }
            let wrong: toml::Table = toml::from_str(&format!("v = {wrong}")).unwrap();
            at.insert(key.clone(), wrong["v"].clone());
            if let Err(error) = StudySpec::parse(&toml::to_string(&spec).unwrap()) {
                said(key, error.to_string());
            }
        }
        let inner = value.as_table().or_else(|| value.as_array()?.first()?.as_table());
        if let Some(inner) = inner {
            replaced(whole, &[path, &[key]].concat(), inner, said);
        }
    }
}

#[test]
fn no_value_of_a_wrong_kind_is_answered_in_types() {
    let whole: toml::Table = toml::from_str(SETTINGS).unwrap();
    let mut heard = 0;
    replaced(&whole, &[], &whole, &mut |key, said| {
        heard += 1;
        // In the words of probes these are no types.
        let said = said
            .replace("few-shot-functions", "")
            .replace("a sequence has", "");
        // As whole words: `sequences` is a setting.
        let is_said = |word: &&&str| {
            let mut places = said.match_indices(**word);
            places.any(|(at, _)| !said[at + word.len()..].starts_with(char::is_alphanumeric))
        };
        let types: Vec<_> = TYPES.iter().filter(is_said).collect();
        assert!(types.is_empty(), "{key}: {said}: {types:?}");
    });
    assert!(heard > 300, "{heard}");
}

#[test]
fn a_value_of_a_wrong_kind_is_told_with_its_key() {
    for (line, by, expected) in [
        (
            "context = 256",
            "context = \"long\"",
            "`context` is the text \"long\": it must be a whole number",
        ),
        (
            "decay = 0.2",
            "decay = [1]",
            "`decay` is a list: it must be a number",
        ),
        (
            "strict = false",
            "strict = 1",
            "`strict` is the number `1`: it must be true or false",
        ),
    ] {
        let message = refusal(line, by);
        assert!(message.contains(expected), "{by}: {message}");
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
