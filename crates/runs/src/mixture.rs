//! A law of mixtures from a table of runs that differ in their shares of domains, and the best mixture.

use std::path::{Path, PathBuf};

use serde::Serialize;
use triaxis_laws::mixture::{
    MixtureFit, MixtureForm, MixtureOptions, Mixtures, Optimum, Regressor, fit_mixture,
};
use triaxis_names::suggestion;
use triaxis_tables::{Condition, Query, Rule, Source, TableError, TableFile, Wanted};
use triaxis_units::{Estimate, Interval};

use crate::error::Misuse;
use crate::names::matched;

/// What is asked of a table of mixtures.
#[derive(Debug, Clone)]
pub struct MixtureRequest {
    /// Columns of the shares; one that ends in `*` stands for all that begin so.
    pub domains: Vec<String>,
    /// Column of the loss; the one with a usual name unless said.
    pub loss: Option<String>,
    /// The form; the one that predicts rows left out best unless said.
    pub form: Option<String>,
    /// The largest share of a domain, as `web=0.4`; its largest in a run unless said.
    pub caps: Vec<String>,
    /// Which rows are read.
    pub filter: Option<Condition>,
    /// How it is fitted.
    pub options: MixtureOptions,
}

/// A domain in the best mixture.
#[derive(Debug, Clone, Serialize)]
pub struct Domain {
    /// Its column.
    pub name: String,
    /// Its largest share in a run.
    pub largest: f64,
    /// Its cap.
    pub cap: f64,
    /// Its share in the best mixture, with where it lies by the bootstrap's samples.
    pub best: Estimate,
    /// Whether that is beyond every run.
    pub is_beyond: bool,
}

/// A form with its error on rows that it was not fitted to.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// Its name.
    pub form: String,
    /// Root mean square error of rows left out, a fifth at a time; `None` where a fit without them is refused.
    pub error: Option<f64>,
}

/// The law of mixtures and what it makes of them.
#[derive(Debug, Clone, Serialize)]
pub struct MixtureOutcome {
    /// The file.
    pub file: PathBuf,
    /// Runs fitted.
    pub rows: usize,
    /// Every form, the best first.
    pub forms: Vec<Checked>,
    /// The law.
    pub fit: MixtureFit,
    /// Domains in the order of their columns.
    pub domains: Vec<Domain>,
    /// The law's loss at the best mixture.
    pub loss: Estimate,
    /// How much too low that is on average, as the law is lowest where its errors made it so.
    pub optimism: Option<f64>,
    /// The lowest loss of a run.
    pub lowest: f64,
    /// The law's loss at that run's mixture.
    pub lowest_by_law: f64,
}

impl MixtureOutcome {
    /// Fits the table and finds the best mixture.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a column, has no mixtures in it, or refuses a law.
    pub fn of(file: &Path, request: &MixtureRequest) -> anyhow::Result<Self> {
        let table = TableFile::open(file)?;
        let columns = table.columns()?.to_vec();
        let names = domains(&request.domains, &columns)?;
        let loss = request
            .loss
            .clone()
            .unwrap_or_else(|| usual_loss(&columns, &names));
        known(&loss, &columns, "--loss")?;
        let wanted = |name: &String, rule| Wanted {
            name: name.clone(),
            source: Source::Column(name.clone()),
            rule,
        };
        let shares = names.iter().map(|name| wanted(name, Rule::NotNegative));
        let read = table.read(&Query {
            columns: shares.chain([wanted(&loss, Rule::Finite)]).collect(),
            filter: request.filter.clone(),
            ..Query::default()
        })?;
        let column = |name: &str| -> anyhow::Result<&[f64]> {
            match read.column(name) {
                Some(values) => Ok(values.map_err(|cell| TableError::from(cell.clone()))?),
                None => Ok(&[]),
            }
        };
        let shares = names
            .iter()
            .map(|name| column(name))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let losses = column(&loss)?;
        let rows: Vec<Vec<f64>> = (0..read.rows())
            .map(|row| shares.iter().map(|share| share[row]).collect())
            .collect();
        // A row that is no mixture is told by its place in the file.
        for (row, mixture) in rows.iter().enumerate() {
            let sum: f64 = mixture.iter().sum();
            if (sum - 1.0).abs() > 0.02 {
                return Err(Misuse::NoMixture {
                    place: read.place(row),
                    sum,
                }
                .into());
            }
        }
        let runs = Mixtures::new(&rows, losses)?;
        let forms = checked(request.form.as_deref(), &runs)?;
        let form = MixtureForm::ALL
            .into_iter()
            .find(|form| form.name() == forms[0].form)
            .expect("the checked forms are of the registry");
        let fit = fit_mixture(form, &runs, &request.options)?;
        let caps = caps(&request.caps, &names, &fit.largest)?;
        let optimum = fit.optimum(&caps)?;
        let (at, lowest) = losses
            .iter()
            .copied()
            .enumerate()
            .min_by(|one, other| one.1.total_cmp(&other.1))
            .expect("fewer rows than parameters are refused");
        Ok(Self {
            file: file.to_owned(),
            rows: read.rows(),
            domains: told(&names, &caps, &fit, &optimum),
            lowest_by_law: fit.predict(&rows[at])?.value,
            lowest,
            loss: estimate(&optimum, fit.level),
            optimism: optimum.optimism,
            forms,
            fit,
        })
    }
}

fn estimate(optimum: &Optimum, level: f64) -> Estimate {
    Estimate {
        value: optimum.loss.value,
        interval: optimum.loss.interval.map(|interval| Interval {
            low: interval.low,
            high: interval.high,
            level,
        }),
    }
}

fn told(names: &[String], caps: &[f64], fit: &MixtureFit, optimum: &Optimum) -> Vec<Domain> {
    let domain = |(at, name): (usize, &String)| Domain {
        name: name.clone(),
        largest: fit.largest[at],
        cap: caps[at],
        best: Estimate {
            value: optimum.shares[at],
            interval: optimum.spread.as_ref().map(|spread| Interval {
                low: spread[at].low,
                high: spread[at].high,
                level: fit.level,
            }),
        },
        is_beyond: optimum.beyond.contains(&at),
    };
    names.iter().enumerate().map(domain).collect()
}

/// The forms that are asked for, by their error on rows left out.
fn checked(form: Option<&str>, runs: &Mixtures) -> anyhow::Result<Vec<Checked>> {
    let names = || MixtureForm::ALL.map(MixtureForm::name).into_iter();
    if let Some(form) = form.filter(|form| !names().any(|name| name == *form)) {
        return Err(Misuse::MixtureForm {
            given: form.to_owned(),
            known: names().collect::<Vec<_>>().join(", "),
            hint: suggestion(form, names()),
        }
        .into());
    }
    let asked = MixtureForm::ALL
        .into_iter()
        .filter(|known| form.is_none_or(|form| form == known.name()));
    let mut forms: Vec<Checked> = asked
        .map(|form| Checked {
            form: form.name().to_owned(),
            error: Regressor::Form(form)
                .checked(runs)
                .ok()
                .and_then(|checked| checked.error),
        })
        .collect();
    let error = |checked: &Checked| checked.error.unwrap_or(f64::INFINITY);
    forms.sort_by(|one, other| error(one).total_cmp(&error(other)));
    Ok(forms)
}

/// The column with a usual name of a loss that is nearest to it; `loss` where none has one.
fn usual_loss(columns: &[String], shares: &[String]) -> String {
    let others = columns.iter().filter(|column| !shares.contains(column));
    let named = others.filter_map(|column| Some((matched(column, "loss")?.away, column)));
    let nearest = named.min_by_key(|(away, _)| *away);
    nearest.map_or_else(|| "loss".to_owned(), |(_, column)| column.clone())
}

/// The columns that hold shares.
fn domains(given: &[String], columns: &[String]) -> Result<Vec<String>, Misuse> {
    let mut names: Vec<String> = Vec::new();
    for given in given {
        let found: Vec<&String> = match given.strip_suffix('*') {
            Some(prefix) => columns
                .iter()
                .filter(|column| column.starts_with(prefix))
                .collect(),
            None => {
                known(given, columns, "--mixture")?;
                vec![given]
            }
        };
        if found.is_empty() {
            return Err(Misuse::NoColumn {
                option: "--mixture".to_owned(),
                given: given.clone(),
                known: columns.join(", "),
                hint: String::new(),
            });
        }
        for column in found {
            if !names.contains(column) {
                names.push(column.clone());
            }
        }
    }
    Ok(names)
}

fn known(name: &str, columns: &[String], option: &str) -> Result<(), Misuse> {
    match columns.iter().any(|column| column == name) {
        true => Ok(()),
        false => Err(Misuse::NoColumn {
            option: option.to_owned(),
            given: name.to_owned(),
            known: columns.join(", "),
            hint: suggestion(name, columns.iter().map(String::as_str)),
        }),
    }
}

/// The largest share of each domain: beyond that of every run nothing vouches for the law.
fn caps(given: &[String], names: &[String], largest: &[f64]) -> Result<Vec<f64>, Misuse> {
    let mut caps = largest.to_vec();
    for given in given {
        let wrong = || Misuse::Cap {
            given: given.clone(),
            known: names.join(", "),
        };
        let (name, share) = given.rsplit_once('=').ok_or_else(wrong)?;
        let at = names
            .iter()
            .position(|known| known == name.trim())
            .ok_or_else(wrong)?;
        let share = share.trim();
        let value = match share.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
            None => share.parse::<f64>(),
        };
        caps[at] = value
            .ok()
            .filter(|share| (0.0..=1.0).contains(share))
            .ok_or_else(wrong)?;
    }
    let sum: f64 = caps.iter().sum();
    match sum >= 1.0 - 1e-9 {
        true => Ok(caps),
        false => Err(Misuse::Caps { sum }),
    }
}
