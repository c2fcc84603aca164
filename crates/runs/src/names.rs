//! The names that people give to inputs: in headings of files, in conditions and predictions.

use triaxis_units::{Unit, UnitKind};

/// The names under which files usually have an input, as words; [`matched`] folds what people put around
/// them. Single letters are taken as they are.
pub const USUAL: &[(&str, &[&str])] = &[
    (
        "params",
        &["N", "params", "parameters", "model_size", "model_params"],
    ),
    (
        "tokens",
        &[
            "D",
            "tokens",
            "train_tokens",
            "training_tokens",
            "total_tokens",
            "tokens_seen",
        ],
    ),
    (
        "flops",
        &[
            "C",
            "flops",
            "compute",
            "train_flops",
            "training_flops",
            "train_compute",
            "training_compute",
            "total_flops",
            "total_compute",
        ],
    ),
    (
        "loss",
        &[
            "L",
            "loss",
            "val_loss",
            "valid_loss",
            "validation_loss",
            "eval_loss",
            "test_loss",
            "final_loss",
            "bpb",
            "val_bpb",
            "eval_bpb",
            "bits_per_byte",
        ],
    ),
    (
        "budget",
        &[
            "budget",
            "compute_budget",
            "flops_budget",
            "target_flops",
            "budget_flops",
        ],
    ),
    ("correct", &["correct", "samples_correct", "successes", "passed"]),
    (
        "problem",
        &[
            "problem",
            "problem_id",
            "problem_idx",
            "task_id",
            "question_id",
            "prompt_idx",
        ],
    ),
    ("steps", &["steps", "train_steps", "training_steps"]),
    ("unique_tokens", &["U", "unique_tokens"]),
    ("experts", &["experts"]),
    ("streams", &["P", "streams", "streams_p"]),
    ("samples", &["k", "samples"]),
    ("coverage", &["coverage", "pass_at_k", "pass@k"]),
    ("error", &["error", "err", "error_rate"]),
    ("score", &["score", "accuracy", "acc"]),
    ("learning_rate", &["learning_rate", "lr", "peak_lr"]),
    (
        "batch_tokens",
        &[
            "batch_tokens",
            "tokens_per_batch",
            "batch_size",
            "global_batch_size",
            "bs",
        ],
    ),
    ("granularity", &["G", "granularity"]),
];

/// Letters by which people call an input, for conditions and predictions.
pub const LETTERS: &[(&str, &str)] = &[
    ("N", "params"),
    ("D", "tokens"),
    ("C", "flops"),
    ("compute", "flops"),
    ("L", "loss"),
    ("U", "unique_tokens"),
    ("P", "streams"),
    ("k", "samples"),
];

/// The letters of papers on pass@k for samples and those of them that are correct. Each alone may be anything.
pub const OF_COUNTS: [(&str, &str); 2] = [("n", "samples"), ("c", "correct")];

/// What is left of a name when only its words count.
const COUNTING: [&str; 5] = ["n", "num", "number", "of", "count"];
/// How far a name is from the input's where one part of a path stands before it.
pub const PREFIXED: usize = 2;
/// Most words that a unit is written in: `pf_s_days`.
const UNIT_WORDS: usize = 3;

/// How a column's name is that of an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// How far it is from the input's own names: less fits better. Below [`PREFIXED`] it is one of them.
    pub away: usize,
    /// The unit behind the name, as in `params (M)`.
    pub unit: Option<Unit>,
}

/// The canonical name that `given` stands for; itself when it stands for no other.
pub fn canonical(given: &str) -> &str {
    let letter = LETTERS
        .iter()
        .find(|(letter, _)| *letter == given)
        .map(|(_, name)| *name);
    let usual = || {
        let whole = |(input, _): &&(&'static str, _)| {
            matched(given, input).is_some_and(|found| found.away < PREFIXED && found.unit.is_none())
        };
        USUAL.iter().find(whole).map(|(name, _)| *name)
    };
    letter.or_else(usual).unwrap_or(given)
}

/// How the name of a column is that of `input`, if it is: without the path before it (`eval/loss`,
/// `throughput/total_tokens`, `summary.val_loss`), and without the unit behind it where the input is
/// measured in such (`params (M)`, `tokens_B`, `compute [PF-days]`).
pub fn matched(column: &str, input: &str) -> Option<Match> {
    let own = [input];
    let names = USUAL
        .iter()
        .find(|(name, _)| *name == input)
        .map_or(&own[..], |(_, names)| names);
    let column = column.trim();
    // lm-eval writes `acc,none`.
    let column = column.strip_suffix(",none").unwrap_or(column);
    let (mut rest, mut away) = (column, 0);
    loop {
        if let Some(unit) = named(rest, input, names) {
            // A file may have `params` and `param_count`.
            let is_count = words(rest).iter().any(|word| word == "count");
            return Some(Match {
                away: away + usize::from(is_count),
                unit,
            });
        }
        let end = rest.find(['/', '.', ':'])?;
        // The loss on the training text is another number.
        if input == "loss" && rest[..end].to_lowercase().starts_with("train") {
            return None;
        }
        rest = &rest[end + 1..];
        away += PREFIXED;
    }
}

/// The unit behind a name of the input; `None` when it is no name of it.
fn named(text: &str, input: &str, names: &[&str]) -> Option<Option<Unit>> {
    let is = |text: &str| names.iter().any(|name| is_name(text, name));
    if is(text) {
        return Some(None);
    }
    let (name, unit) = unit_behind(text, input)?;
    is(name).then_some(Some(unit))
}

/// The unit behind a text, in brackets or as its last words, and what stands before it.
pub fn unit_behind<'t>(text: &'t str, input: &str) -> Option<(&'t str, Unit)> {
    let text = text.trim();
    let read = |unit: &str| Unit::read(unit).filter(|unit| is_measured(input, unit.kind));
    for (open, close) in [('(', ')'), ('[', ']')] {
        let bracketed = text.strip_suffix(close).and_then(|text| text.rsplit_once(open));
        if let Some((name, unit)) = bracketed {
            return Some((name.trim(), read(unit)?));
        }
    }
    if let Some(name) = text.strip_suffix('%') {
        return Some((name.trim(), read("%")?));
    }
    let breaks = text
        .char_indices()
        .rev()
        .filter(|(_, sign)| matches!(sign, ' ' | '_' | '-'));
    let mut found = None;
    for (at, _) in breaks.take(UNIT_WORDS) {
        if let Some(unit) = read(&text[at + 1..]) {
            found = Some((text[..at].trim(), unit));
        }
    }
    found
}

/// Whether numbers of an input come in units of a kind.
pub fn is_measured(input: &str, kind: UnitKind) -> bool {
    let counts = ["params", "tokens", "unique_tokens", "batch_tokens"];
    let operations = ["flops", "budget"];
    let shares = ["coverage", "error", "score"];
    match kind {
        UnitKind::Multiple => counts.contains(&input) || operations.contains(&input),
        UnitKind::Operations => operations.contains(&input),
        UnitKind::Share => shares.contains(&input),
    }
}

/// Whether a text is a name: word for word, without those that say that something is counted, in any
/// case and number. Single letters are as they stand.
pub(crate) fn is_name(text: &str, name: &str) -> bool {
    match name.chars().count() {
        1 => text.trim() == name,
        _ => folded(text) == folded(name),
    }
}

/// The words of a text without those that say that something is counted, if any is left.
fn folded(text: &str) -> Vec<String> {
    let words = words(text);
    let is_other = |word: &&String| !COUNTING.contains(&word.as_str());
    match words.iter().filter(is_other).cloned().collect::<Vec<_>>() {
        none if none.is_empty() => words,
        others => others,
    }
}

/// The words of a text, in lower case and in the singular.
fn words(text: &str) -> Vec<String> {
    let words = text
        .split([' ', '-', '.', '_', '/', ':'])
        .filter(|word| !word.is_empty());
    let singular = |word: &str| {
        let word = word.to_lowercase();
        word.strip_suffix('s').map(String::from).unwrap_or(word)
    };
    words.map(singular).collect()
}

/// The option that names an input.
pub fn option_of(input: &str) -> String {
    match input {
        "params" => "--n".into(),
        "tokens" => "--d".into(),
        "flops" => "--compute".into(),
        "loss" => "--loss".into(),
        other => format!("--column {other}=COLUMN"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_real_exports_are_recognised() {
        for (column, input, away, factor) in [
            ("parameter_count", "params", 1, 1.0),
            ("number_of_params", "params", 0, 1.0),
            ("param count", "params", 1, 1.0),
            ("num_params", "params", 0, 1.0),
            ("Model Size", "params", 0, 1.0),
            ("params (M)", "params", 0, 1e6),
            ("Parameters [B]", "params", 0, 1e9),
            ("n_params_m", "params", 0, 1e6),
            ("N (M)", "params", 0, 1e6),
            ("config.n_params", "params", 2, 1.0),
            ("throughput/total_tokens", "tokens", 2, 1.0),
            ("time/token", "tokens", 2, 1.0),
            ("tokens_B", "tokens", 0, 1e9),
            ("train tokens (1e9)", "tokens", 0, 1e9),
            ("compute [PF-days]", "flops", 0, 8.64e19),
            ("training_compute_pf_days", "flops", 0, 8.64e19),
            ("FLOPs (1e18)", "flops", 0, 1e18),
            ("flop", "flops", 0, 1.0),
            ("compute_budget", "budget", 0, 1.0),
            ("eval/loss", "loss", 0, 1.0),
            ("val.loss", "loss", 0, 1.0),
            ("bpb", "loss", 0, 1.0),
            ("eval/bpb", "loss", 0, 1.0),
            ("metrics/eval/loss", "loss", 2, 1.0),
            ("eval/c4/loss", "loss", 4, 1.0),
            ("results.hellaswag.acc,none", "score", 4, 1.0),
            ("accuracy (%)", "score", 0, 0.01),
            ("error_pct", "error", 0, 0.01),
            ("_step", "steps", 0, 1.0),
            ("bs", "batch_tokens", 0, 1.0),
            ("batch_size", "batch_tokens", 0, 1.0),
        ] {
            let found = matched(column, input).unwrap_or_else(|| panic!("{column} is no {input}"));
            let unit = found.unit.map_or(1.0, |unit| unit.factor);
            assert_eq!((found.away, unit), (away, factor), "{column}");
        }
        for (column, input) in [
            ("train/loss", "loss"),
            ("train_loss", "loss"),
            ("loss (M)", "loss"),
            ("params (nats)", "params"),
            ("tokens_pf_days", "tokens"),
            ("samples_k", "samples"),
            ("n", "params"),
            ("", "params"),
            ("lossless", "loss"),
        ] {
            assert_eq!(matched(column, input), None, "{column}");
        }
        assert_eq!(canonical("num_params"), "params");
        assert_eq!(canonical("params (M)"), "params (M)");
        assert_eq!(canonical("eval/x/loss"), "eval/x/loss");
    }
}
