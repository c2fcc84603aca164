//! What cannot be drawn is refused, with the rule and the remedy.

use triaxis_probes::{Level, Probe, Task};

fn refusal(json: &str) -> String {
    serde_json::from_str::<Task>(json).unwrap_err().to_string()
}

#[test]
fn a_level_or_vocabulary_that_is_too_small_is_refused_by_every_probe() {
    for &probe in Probe::ALL {
        let (name, generator) = (probe.name(), probe.generator());
        let level = Level::new(generator.least_length(1), 1);
        let vocabulary = generator.least_vocabulary(level);
        let task = |vocabulary, length| {
            let task = Task {
                probe,
                vocabulary,
                train: vec![Level::new(length, 1)],
                test: vec![level],
            };
            task.validate().map_err(|error| error.to_string())
        };
        assert_eq!(task(vocabulary, level.length), Ok(()));
        let error = task(vocabulary - 1, level.length).unwrap_err();
        assert!(
            error.contains(&format!("`{name}`: it takes a vocabulary of {vocabulary}")),
            "{error}"
        );
        let error = task(vocabulary, level.length - 1).unwrap_err();
        assert!(
            error.contains(&format!("level {}:1 of the probe `{name}`", level.length - 1)),
            "{error}"
        );
        assert!(error.contains("choose"), "{error}");
    }
}

#[test]
fn messages_name_the_value_the_rule_and_the_remedy() {
    for (json, told) in [
        (
            r#"{"probe": "asociative-recal"}"#,
            "did you mean `associative-recall`?",
        ),
        (
            r#"{"probe": "nothing-like-it"}"#,
            "choose from associative-recall, selective-copying",
        ),
        (
            r#"{"probe": "parity", "vocabulry": 4}"#,
            "unknown field `vocabulry`",
        ),
        (
            r#"{"probe": "parity", "test": []}"#,
            "`test` of the probe `parity` is empty",
        ),
        (
            r#"{"probe": "parity", "train": [[0, 0]]}"#,
            "level 0:0 of the probe `parity`: sequences have from 1 to",
        ),
        (
            r#"{"probe": "parity", "train": [[4, 5]]}"#,
            "those of this length from 1 to 4 answers",
        ),
        (
            r#"{"probe": "parity", "train": [[99999999, 1]]}"#,
            "sequences have from 1 to 1048576 tokens",
        ),
        (
            r#"{"probe": "induction", "train": [[64, 2]]}"#,
            "those of this length from 1 to 1 answers",
        ),
        (
            r#"{"probe": "parity", "vocabulary": 99999999}"#,
            "must be at most 1048576; lower it",
        ),
        (
            r#"{"probe": "associative-recall", "train": [[64, 17]]}"#,
            "so many answers take 68 tokens; choose a longer sequence, or fewer answers",
        ),
        (
            r#"{"probe": "associative-recall", "vocabulary": 64, "train": [[64, 4]], "test": [[64, 4]]}"#,
            "it takes a vocabulary of 65 tokens, and this one has 64; raise it",
        ),
    ] {
        let error = refusal(json);
        assert!(error.contains(told), "{json}: {error}");
    }
    for text in ["64", "64:", ":4", "a:4", "64:4:1", "-1:4"] {
        let error = text.parse::<Level>().unwrap_err().to_string();
        assert!(error.contains("write LENGTH:ANSWERS, such as 64:4"), "{error}");
    }
}
