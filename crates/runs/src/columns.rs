//! Which column of the file is which input: named by the user, known by a usual name, or derived.

use std::collections::{BTreeMap, BTreeSet};

use triaxis_laws::approach::Frontier;
use triaxis_laws::form::{Column, Definition};
use triaxis_laws::forms::{FLOPS_PER_PARAM_TOKEN, registry};
use triaxis_names::suggestion;
use triaxis_tables::{Source, listed};
use triaxis_units::Unit;

use crate::Misuse;
use crate::names::{LETTERS, OF_COUNTS, PREFIXED, canonical, matched, option_of, unit_behind};

/// The response that counts become.
pub const COVERAGE: &str = "coverage";
/// What no form reads itself: counts, whose they are, and what tells how long a run was.
const OTHERS: [&str; 3] = ["correct", "problem", "steps"];
/// How many names of columns a message lists.
const LISTED: usize = 40;

/// Columns named by the user.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// That of the parameters N.
    pub params: Option<String>,
    /// That of the training tokens D.
    pub tokens: Option<String>,
    /// That of the training compute C; stands in for N or D by C = 6ND.
    pub flops: Option<String>,
    /// That of the loss.
    pub loss: Option<String>,
    /// Those of other inputs of a form, each as `INPUT=COLUMN`.
    pub others: Vec<String>,
    /// That of weights, zero or more: how much each run counts.
    pub weights: Option<String>,
    /// The units of inputs, each as `INPUT=UNIT`.
    pub units: Vec<String>,
}

/// Where the inputs come from.
#[derive(Debug, Clone)]
pub struct Columns {
    /// By canonical name.
    pub sources: BTreeMap<String, Source>,
    /// What was derived, in words.
    pub notes: Vec<String>,
    /// What a number in a column of the file stands for, where that is not one.
    pub units: BTreeMap<String, f64>,
    /// Inputs whose numbers are right as they are, as the user says: a unit of one.
    pub believed: BTreeSet<String>,
    /// The unit of the loss, where the user says it.
    pub(crate) loss_unit: Option<&'static str>,
    ambiguous: BTreeMap<String, Candidates>,
    available: Vec<String>,
}

/// Columns that could all be one input.
#[derive(Debug, Clone)]
struct Candidates {
    columns: Vec<String>,
    /// Whether their names are those of the input with nothing before them.
    plain: bool,
}

impl Columns {
    /// Assigns columns of the file; `own` are the columns of a user's form.
    pub fn assign(available: Vec<String>, named: &Named, own: &[String]) -> Result<Self, Misuse> {
        let explicit = explicit(named, own)?;
        let mut columns = Self {
            sources: BTreeMap::new(),
            notes: Vec::new(),
            units: BTreeMap::new(),
            believed: BTreeSet::new(),
            loss_unit: None,
            ambiguous: BTreeMap::new(),
            available,
        };
        for (input, column) in &explicit {
            let unit = matched(column, input).map_or_else(
                || unit_behind(column, input).map(|(_, unit)| unit),
                |found| found.unit,
            );
            columns.set(input, column.clone(), unit);
        }
        for input in known(own) {
            if !explicit.contains_key(&input) {
                columns.recognise(&input);
            }
        }
        columns.counts();
        columns.budgets();
        columns.derive(&explicit);
        columns.measure(&named.units)?;
        if !explicit.contains_key("batch_tokens") {
            columns.sequences();
        }
        Ok(columns)
    }

    fn set(&mut self, input: &str, column: String, unit: Option<Unit>) {
        if let Some(unit) = unit {
            self.units.insert(column.clone(), unit.factor);
        }
        self.sources.insert(input.into(), Source::Column(column));
    }

    /// Takes the column whose name is most like the input's, if there is one alone.
    fn recognise(&mut self, input: &str) {
        let fits = |column: &String| Some((matched(column, input)?, column.clone()));
        let mut found: Vec<_> = self.available.iter().filter_map(fits).collect();
        let Some(least) = found.iter().map(|(found, _)| found.away).min() else {
            return;
        };
        found.retain(|(found, _)| found.away == least);
        match found.len() {
            1 => {
                let (found, column) = found.remove(0);
                self.set(input, column, found.unit);
            }
            _ => {
                let candidates = Candidates {
                    columns: found.into_iter().map(|(_, column)| column).collect(),
                    plain: least < PREFIXED,
                };
                self.ambiguous.insert(input.into(), candidates);
            }
        }
    }

    /// Takes `n` and `c` beside a problem for its samples and those that are correct.
    fn counts(&mut self) {
        let is_free = |(letter, input): &(&str, &str)| {
            let count = self.available.iter().filter(|name| name == letter).count();
            count == 1 && !self.sources.contains_key(*input) && !self.ambiguous.contains_key(*input)
        };
        if self.sources.contains_key("problem") && OF_COUNTS.iter().all(is_free) {
            for (letter, input) in OF_COUNTS {
                self.set(input, letter.into(), None);
            }
        }
    }

    /// Says what a batch is counted in where its column does not.
    fn sequences(&mut self) {
        if let Some(Source::Column(column)) = self.sources.get("batch_tokens")
            && !column.to_lowercase().contains("token")
            && !self.units.contains_key(column)
        {
            self.notes.push(format!(
                "batch_tokens by `{column}`, taken as tokens: where it counts sequences, give their length, as in \
                 --unit batch_tokens=2048"
            ));
        }
    }

    /// Budgets are never guessed: they are a column, that of the compute if no other. Where no other column
    /// is the compute, budgets are.
    fn budgets(&mut self) {
        for (from, to) in [("flops", "budget"), ("budget", "flops")] {
            if let Some(Source::Column(column)) = self.sources.get(from).cloned()
                && !self.ambiguous.contains_key(to)
                && !self.sources.contains_key(to)
            {
                // What was declared is what was spent, whatever 6ND is: it may count attention, too.
                if to == "flops" {
                    self.notes.push(format!(
                        "flops by `{column}`: a budget is the compute, whatever 6ND is"
                    ));
                }
                self.sources.insert(to.into(), Source::Column(column));
            }
        }
    }

    /// The columns of the file that are no input, each name that is there once.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        let used: BTreeSet<&str> = self.sources.values().flat_map(Source::columns).collect();
        let is_once = |name: &&String| self.available.iter().filter(|other| other == name).count() == 1;
        let others = self.available.iter().filter(is_once).map(String::as_str);
        others.filter(move |name| !used.contains(name))
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

    /// Takes the compute, 6ND too, for the budget where there is no other: for budgets that need not be equal.
    pub fn spend(&mut self) {
        if let (Some(flops), false) = (self.sources.get("flops"), self.ambiguous.contains_key("budget")) {
            let flops = flops.clone();
            self.sources.entry("budget".into()).or_insert(flops);
        }
    }

    /// The source of an input that `form` needs.
    pub fn needed(&self, form: &str, column: &Column) -> Result<&Source, Misuse> {
        let input = column.name.as_ref();
        self.unambiguous(input)?;
        self.sources.get(input).ok_or_else(|| Misuse::Unnamed {
            form: form.into(),
            meaning: format!("{input} ({})", column.meaning),
            option: option_of(input),
            available: self.available(),
        })
    }

    /// Whether the file has everything that `form` needs.
    pub fn suit(&self, form: &Definition) -> bool {
        self.lacks(form).is_empty()
    }

    /// What `form` needs and the file does not have.
    pub fn lacks<'f>(&self, form: &'f Definition) -> Vec<&'f str> {
        self.lacking(form.inputs.iter().chain([&form.response]))
    }

    /// Which of these columns the file does not have.
    pub fn lacking<'f>(&self, columns: impl IntoIterator<Item = &'f Column>) -> Vec<&'f str> {
        let names = columns.into_iter().map(|column| column.name.as_ref());
        names
            .filter(|name| !self.sources.contains_key(*name) && !self.count_for(name))
            .collect()
    }

    /// Whether the response is coverage, and comes from counts of samples and correct ones, a problem a row.
    pub fn count_for(&self, response: &str) -> bool {
        let has = |input: &str| self.sources.contains_key(input);
        response == COVERAGE && !has(COVERAGE) && has("samples") && has("correct")
    }

    /// Whether one column only could be the input.
    pub fn unambiguous(&self, input: &str) -> Result<(), Misuse> {
        match self.ambiguous.get(input) {
            None => Ok(()),
            Some(Candidates { columns, .. }) if columns.iter().all(|name| *name == columns[0]) => {
                Err(Misuse::SameName {
                    count: columns.len(),
                    column: columns[0].clone(),
                })
            }
            Some(Candidates { columns, .. }) => Err(Misuse::Ambiguous {
                candidates: listed(columns, LISTED),
                meaning: input.into(),
                option: option_of(input),
            }),
        }
    }

    /// The first of the inputs that several columns could be, and that laws cannot do without: the scores
    /// of many tasks stand in the way of no law of the loss.
    pub fn first_ambiguous(&self) -> Option<&str> {
        const NEEDED: [&str; 4] = ["params", "tokens", "flops", "loss"];
        let in_the_way = |(input, candidates): &(&String, &Candidates)| {
            candidates.plain || NEEDED.contains(&input.as_str())
        };
        let first = self.ambiguous.iter().find(in_the_way)?;
        Some(first.0)
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

    /// The forms that lack one input alone which a column, recognised as another, may well be: a loss is of a task
    /// or of a text.
    pub fn near(&self) -> String {
        let one_away = registry().iter().filter_map(|form| {
            let [lacking] = self.lacks(form.definition())[..] else {
                return None;
            };
            let read = |input: &String| form.inputs().iter().any(|column| column.name == *input);
            let as_another = |(input, source): (&String, &Source)| match source {
                Source::Column(column) if lacking.ends_with(&format!("_{input}")) && !read(input) => {
                    Some(column.clone())
                }
                _ => None,
            };
            let column = self.sources.iter().find_map(as_another)?;
            Some(format!(", or for {} --column {lacking}={column}", form.name()))
        });
        one_away.collect()
    }

    /// Inputs and their columns, in words.
    pub fn described(&self, inputs: &[String]) -> Vec<(String, String)> {
        let one = |name: &String| match self.units.get(name) {
            Some(unit) if *unit != 1.0 => format!("{unit:e} `{name}`"),
            _ => format!("`{name}`"),
        };
        let all = |names: &[String], between: &str| names.iter().map(one).collect::<Vec<_>>().join(between);
        let words = |source: &Source| match source {
            Source::Column(column) => one(column),
            Source::Product { factor, over, under } if under.is_empty() => {
                format!("{factor} {}", all(over, " "))
            }
            Source::Product { over, under, .. } => format!("{} / (6 {})", all(over, ", "), all(under, ", ")),
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
fn explicit(named: &Named, own: &[String]) -> Result<BTreeMap<String, String>, Misuse> {
    let usual = [
        ("params", &named.params),
        ("tokens", &named.tokens),
        ("flops", &named.flops),
        ("loss", &named.loss),
    ];
    let mut explicit: BTreeMap<String, String> = usual
        .into_iter()
        .filter_map(|(input, column)| Some((input.to_owned(), column.clone()?)))
        .collect();
    for given in &named.others {
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

/// Every input and response of every form, those of a user's own, and the columns beside them.
fn known(own: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let registered = registry()
        .iter()
        .flat_map(|form| form.inputs().iter().chain([form.response()]));
    let of_frontiers = Frontier::ALL
        .into_iter()
        .flat_map(|frontier| frontier.definition().inputs.iter());
    let columns = registered
        .chain(of_frontiers)
        .map(|column| column.name.to_string());
    for name in columns.chain(OTHERS.map(String::from)).chain(own.iter().cloned()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
