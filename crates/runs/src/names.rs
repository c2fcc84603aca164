//! The names that people give to inputs: in headings of files, in conditions and predictions.

/// The names under which files usually have an input, in lower case with single underscores. Single
/// letters are taken as they are.
pub const USUAL: &[(&str, &[&str])] = &[
    (
        "params",
        &[
            "N",
            "params",
            "parameters",
            "n_params",
            "num_params",
            "n_parameters",
            "num_parameters",
            "model_size",
            "model_params",
        ],
    ),
    (
        "tokens",
        &[
            "D",
            "tokens",
            "n_tokens",
            "num_tokens",
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
            "flop",
            "compute",
            "train_flops",
            "training_flops",
            "training_flop",
            "training_compute",
            "total_flops",
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
            "val_bpb",
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
    (
        "correct",
        &[
            "correct",
            "n_correct",
            "num_correct",
            "num_samples_correct",
            "samples_correct",
            "successes",
            "passed",
        ],
    ),
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
    (
        "steps",
        &[
            "steps",
            "step",
            "n_steps",
            "num_steps",
            "train_steps",
            "training_steps",
        ],
    ),
    (
        "unique_tokens",
        &["U", "unique_tokens", "n_unique_tokens", "num_unique_tokens"],
    ),
    ("experts", &["experts", "n_experts", "num_experts"]),
    (
        "streams",
        &["P", "streams", "n_streams", "num_streams", "streams_p"],
    ),
    ("samples", &["k", "samples", "n_samples", "num_samples"]),
    ("coverage", &["coverage", "pass_at_k", "pass@k"]),
    ("error", &["error", "err", "error_rate"]),
    ("score", &["score", "accuracy", "acc"]),
    ("learning_rate", &["learning_rate", "lr", "peak_lr"]),
    ("batch_tokens", &["batch_tokens", "tokens_per_batch"]),
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

/// The canonical name that `given` stands for; itself when it stands for no other.
pub fn canonical(given: &str) -> &str {
    let letter = LETTERS
        .iter()
        .find(|(letter, _)| *letter == given)
        .map(|(_, name)| *name);
    let usual = || {
        USUAL
            .iter()
            .find(|(_, names)| is_usual(given, names))
            .map(|(name, _)| *name)
    };
    letter.or_else(usual).unwrap_or(given)
}

/// Whether a column has one of the usual `names`.
pub fn is_usual(column: &str, names: &[&str]) -> bool {
    let column = column.trim();
    let words = column.split([' ', '-', '.', '_']).filter(|word| !word.is_empty());
    let folded = words.collect::<Vec<_>>().join("_").to_lowercase();
    names.iter().any(|name| match name.len() {
        1 => *name == column,
        _ => *name == folded,
    })
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
