//! Which column of the file is which input: named by the user, known by a usual name, or derived.

use std::collections::BTreeMap;

use clap::Args;
use triaxis_laws::form::LawForm;
use triaxis_laws::forms::{FLOPS_PER_PARAM_TOKEN, registry};
use triaxis_names::suggestion;
use triaxis_tables::{Source, listed};

use super::Misuse;

/// How many names of columns a message lists.
const LISTED: usize = 40;

/// Columns named by the user.
#[derive(Args)]
#[command(next_help_heading = "Columns (found by their usual names when not given)")]
pub struct Arguments {
    /// Column of the parameters N
    #[arg(long, value_name = "COLUMN")]
    n: Option<String>,
    /// Column of the training tokens D
    #[arg(long, value_name = "COLUMN")]
    d: Option<String>,
    /// Column of the training compute C; stands in for N or D by C = 6ND
    #[arg(long, value_name = "COLUMN")]
    compute: Option<String>,
    /// Column of the loss
    #[arg(long, value_name = "COLUMN")]
    loss: Option<String>,
    /// Column of another input of a form, as in `unique_tokens=unique`; see --list
    #[arg(long = "column", value_name = "INPUT=COLUMN")]
    others: Vec<String>,
    /// Column of weights, zero or more: how much each run counts
    #[arg(long, value_name = "COLUMN")]
    pub weights: Option<String>,
}

/// The names under which files usually have an input, in lower case with underscores. Single capital
/// letters are taken as they are.
const USUAL: &[(&str, &[&str])] = &[
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
const LETTERS: &[(&str, &str)] = &[
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

fn is_usual(column: &str, names: &[&str]) -> bool {
    let folded: String = column
        .to_lowercase()
        .chars()
        .map(|sign| {
            if matches!(sign, ' ' | '-' | '.') {
                '_'
            } else {
                sign
            }
        })
        .collect();
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

/// Where the inputs come from.
pub struct Columns {
    /// By canonical name.
    pub sources: BTreeMap<String, Source>,
    /// What was derived, in words.
    pub notes: Vec<String>,
    ambiguous: BTreeMap<String, Vec<String>>,
    available: Vec<String>,
}

impl Columns {
    /// Assigns columns of the file; `own` are the columns of a user's form.
    pub fn assign(available: Vec<String>, arguments: &Arguments, own: &[String]) -> Result<Self, Misuse> {
        let explicit = explicit(arguments, own)?;
        let mut columns = Self {
            sources: BTreeMap::new(),
            notes: Vec::new(),
            ambiguous: BTreeMap::new(),
            available,
        };
        for (input, column) in &explicit {
            columns
                .sources
                .insert(input.clone(), Source::Column(column.clone()));
        }
        for input in known(own) {
            if !explicit.contains_key(&input) {
                columns.recognise(&input);
            }
        }
        columns.derive(&explicit);
        Ok(columns)
    }

    fn recognise(&mut self, input: &str) {
        let usual = USUAL.iter().find(|(name, _)| *name == input);
        let fits = |column: &&String| match usual {
            Some((_, names)) => is_usual(column, names),
            None => *column == input,
        };
        let mut candidates: Vec<String> = self.available.iter().filter(fits).cloned().collect();
        match candidates.len() {
            0 => {}
            1 => drop(
                self.sources
                    .insert(input.into(), Source::Column(candidates.remove(0))),
            ),
            _ => drop(self.ambiguous.insert(input.into(), candidates)),
        }
    }

    /// Fills in the one of N, D and C that is missing, by C = 6ND.
    fn derive(&mut self, explicit: &BTreeMap<String, String>) {
        const THREE: [(&str, &str); 3] = [
            ("params", "N = C / 6D"),
            ("tokens", "D = C / 6N"),
            ("flops", "C = 6ND"),
        ];
        // `--compute` beside one of `--n` and `--d` stands in for the other.
        let named = |input: &str| explicit.contains_key(input);
        if named("flops") && named("params") != named("tokens") {
            let other = if named("params") { "tokens" } else { "params" };
            self.sources.remove(other);
            self.ambiguous.remove(other);
        }
        let of = |input: &str| match self.sources.get(input) {
            Some(Source::Column(column)) => Some(column.clone()),
            _ => None,
        };
        let [params, tokens, flops] = THREE.map(|(input, _)| of(input));
        let product = |factor, over: &[&String], under: &[&String]| Source::Product {
            factor,
            over: over.iter().map(|name| (*name).clone()).collect(),
            under: under.iter().map(|name| (*name).clone()).collect(),
        };
        let (missing, source) = match (&params, &tokens, &flops) {
            (Some(params), Some(tokens), None) => (2, product(FLOPS_PER_PARAM_TOKEN, &[params, tokens], &[])),
            (Some(params), None, Some(flops)) => {
                (1, product(FLOPS_PER_PARAM_TOKEN.recip(), &[flops], &[params]))
            }
            (None, Some(tokens), Some(flops)) => {
                (0, product(FLOPS_PER_PARAM_TOKEN.recip(), &[flops], &[tokens]))
            }
            _ => return,
        };
        let (input, rule) = THREE[missing];
        if self.ambiguous.contains_key(input) {
            return;
        }
        self.sources.insert(input.into(), source);
        self.notes.push(format!("{input} by {rule}"));
    }

    /// The source of an input that `form` needs.
    pub fn needed(&self, form: &dyn LawForm, input: &str, meaning: &str) -> Result<&Source, Misuse> {
        self.unambiguous(input)?;
        self.sources.get(input).ok_or_else(|| Misuse::Unnamed {
            form: form.name().into(),
            meaning: format!("{input} ({meaning})"),
            option: option_of(input),
            available: self.available(),
        })
    }

    /// Whether the file has everything that `form` needs.
    pub fn suit(&self, form: &dyn LawForm) -> bool {
        let mut names = form
            .inputs()
            .iter()
            .chain([form.response()])
            .map(|column| column.name.as_ref());
        names.all(|name| self.sources.contains_key(name))
    }

    /// Whether one column only could be the input.
    pub fn unambiguous(&self, input: &str) -> Result<(), Misuse> {
        match self.ambiguous.get(input) {
            None => Ok(()),
            Some(candidates) => Err(Misuse::Ambiguous {
                candidates: listed(candidates, LISTED),
                meaning: input.into(),
                option: option_of(input),
            }),
        }
    }

    /// The first of the inputs that several columns could be.
    pub fn first_ambiguous(&self) -> Option<&str> {
        self.ambiguous.keys().next().map(String::as_str)
    }

    /// The file's columns, for messages.
    pub fn available(&self) -> String {
        listed(&self.available, LISTED)
    }

    /// The columns recognised, in words.
    pub fn recognised(&self) -> String {
        let inputs: Vec<String> = self.sources.keys().cloned().collect();
        let words = self
            .described(&inputs)
            .into_iter()
            .map(|(input, column)| format!("{input} = {column}"));
        let words: Vec<String> = words.collect();
        if words.is_empty() {
            "none".into()
        } else {
            words.join(", ")
        }
    }

    /// The inputs of most laws that are not there, with the options that name them.
    pub fn missing(&self) -> String {
        let inputs = [
            ("params", "the parameters"),
            ("tokens", "the tokens"),
            ("loss", "the loss"),
        ];
        let missing = inputs
            .into_iter()
            .filter(|(input, _)| !self.sources.contains_key(*input));
        let words: Vec<String> = missing
            .map(|(input, words)| format!("{words} with {}", option_of(input)))
            .collect();
        if words.is_empty() {
            "others with --column".into()
        } else {
            words.join(", ")
        }
    }

    /// Inputs and their columns, in words.
    pub fn described(&self, inputs: &[String]) -> Vec<(String, String)> {
        let words = |source: &Source| match source {
            Source::Column(column) => format!("`{column}`"),
            Source::Product { factor, over, under } if under.is_empty() => format!(
                "{factor} {}",
                over.iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
            Source::Product { over, under, .. } => {
                format!("{} / (6 {})", listed(over, LISTED), listed(under, LISTED))
            }
        };
        inputs
            .iter()
            .filter_map(|input| Some((input.clone(), words(self.sources.get(input)?))))
            .collect()
    }

    /// What names in conditions stand for, unless the file has a column of that name.
    pub fn names(&self) -> BTreeMap<String, Source> {
        let usual = LETTERS.iter().map(|(letter, input)| (*letter, *input));
        let own = self.sources.keys().map(|input| (input.as_str(), input.as_str()));
        usual
            .chain(own)
            .filter(|(name, _)| !self.available.iter().any(|column| column == name))
            .filter_map(|(name, input)| Some((name.to_owned(), self.sources.get(input)?.clone())))
            .collect()
    }
}

/// The columns that the user named, by canonical input.
fn explicit(arguments: &Arguments, own: &[String]) -> Result<BTreeMap<String, String>, Misuse> {
    let named = [
        ("params", &arguments.n),
        ("tokens", &arguments.d),
        ("flops", &arguments.compute),
        ("loss", &arguments.loss),
    ];
    let mut explicit: BTreeMap<String, String> = named
        .into_iter()
        .filter_map(|(input, column)| Some((input.to_owned(), column.clone()?)))
        .collect();
    for given in &arguments.others {
        let known = known(own);
        let parts = given
            .split_once('=')
            .map(|(input, column)| (canonical(input.trim()), column.trim()));
        match parts {
            Some((input, column)) if known.iter().any(|name| name == input) && !column.is_empty() => {
                explicit.insert(input.into(), column.into());
            }
            _ => {
                let asked = given.split('=').next().unwrap_or(given);
                return Err(Misuse::Input {
                    given: given.clone(),
                    inputs: known.join(", "),
                    hint: suggestion(asked, known.iter().map(String::as_str)),
                });
            }
        }
    }
    Ok(explicit)
}

/// Every input and response of every form, and those of a user's own.
fn known(own: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let registered = registry()
        .iter()
        .flat_map(|form| form.inputs().iter().chain([form.response()]));
    for name in registered
        .map(|column| column.name.to_string())
        .chain(own.iter().cloned())
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
