//! Prices of models behind an interface, in place of own hardware: given by the user or read from a
//! table, never fetched.

use serde::{Deserialize, Serialize};
use triaxis_names::key;
use triaxis_units::{Dollars, Tokens};

use crate::serving::Traffic;
use crate::{Date, PlanError};

/// The price of a model for a while: dollars for a million tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiPrice {
    /// Who sells it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// The model's name.
    pub model: String,
    /// A million tokens of prompts.
    pub input: Dollars,
    /// A million tokens of prompts that the vendor has in its cache; the price of others, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Dollars>,
    /// A million tokens written.
    pub output: Dollars,
    /// The first day of the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The first day on which it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// The price of requests with more tokens than this, where long ones cost more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Tokens>,
}

impl ApiPrice {
    /// What a request costs. Each of its answers bills the prompt again.
    pub fn dollars(&self, traffic: &Traffic) -> f64 {
        let cached = self.cached_input.unwrap_or(self.input).0;
        let prompt = traffic.prompt * (self.input.0 + traffic.cached * (cached - self.input.0));
        traffic.samples * (prompt + traffic.output * self.output.0) / 1e6
    }

    fn holds(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date < to)
    }
}

/// Prices of models, over time and by length.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiPrices {
    rows: Vec<ApiPrice>,
}

/// The columns of the table, as `simonw/llm-prices` has them.
const COLUMNS: [&str; 7] = [
    "vendor",
    "model",
    "input_usd_per_mtok",
    "cached_input_usd_per_mtok",
    "output_usd_per_mtok",
    "from_date",
    "to_date",
];

impl ApiPrices {
    /// Prices from a spec's own rows.
    pub fn of(rows: Vec<ApiPrice>) -> Self {
        Self { rows }
    }

    /// Prices from CSV with the columns `vendor, model, input_usd_per_mtok, cached_input_usd_per_mtok,
    /// output_usd_per_mtok, from_date, to_date`. A row named like another with `-200k` behind is that
    /// model's price above 200,000 tokens.
    ///
    /// # Errors
    /// A missing column, or the line of a cell that is no price or day.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let header = reader
            .headers()
            .map_err(|error| PlanError(format!("the prices are no table: {error}")))?;
        let places: Vec<usize> = COLUMNS
            .iter()
            .map(|column| {
                let place = header.iter().position(|name| name.trim() == *column);
                place.ok_or_else(|| {
                    PlanError(format!(
                        "the prices are without the column `{column}`: they need {}, all in US dollars for a million \
                         tokens",
                        COLUMNS.join(", ")
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| PlanError(format!("the prices are no table: {error}")))?;
            let line = record.position().map_or(0, csv::Position::line);
            let cells: Vec<&str> = places
                .iter()
                .map(|place| record.get(*place).unwrap_or("").trim())
                .collect();
            rows.push(row(&cells).map_err(|error| PlanError(format!("line {line} of the prices: {error}")))?);
        }
        let known: Vec<(String, String)> = rows
            .iter()
            .map(|row| (key(&row.vendor), row.model.clone()))
            .collect();
        for row in &mut rows {
            let base = surcharge(&row.model).filter(|(base, _)| {
                let vendor = key(&row.vendor);
                known.iter().any(|(of, model)| *of == vendor && model == base)
            });
            if let Some((base, above)) = base {
                row.model = base.to_owned();
                row.above = Some(above);
            }
        }
        Ok(Self { rows })
    }

    /// The rows of one model alone.
    pub fn of_model(&self, model: &str) -> Self {
        let rows = self.rows.iter().filter(|row| key(&row.model) == key(model));
        Self {
            rows: rows.cloned().collect(),
        }
    }

    /// All rows.
    pub fn rows(&self) -> &[ApiPrice] {
        &self.rows
    }

    /// The price of a model on a day, for requests with prompts of so many tokens.
    ///
    /// # Errors
    /// An unknown model, with the nearest known one, or a day without a price.
    pub fn at(&self, model: &str, date: Date, tokens: f64) -> Result<&ApiPrice, PlanError> {
        let of_model: Vec<&ApiPrice> = self
            .rows
            .iter()
            .filter(|row| key(&row.model) == key(model))
            .collect();
        if of_model.is_empty() {
            let mut known: Vec<&str> = self.rows.iter().map(|row| row.model.as_str()).collect();
            known.dedup();
            return Err(PlanError::unknown("priced model", model, known.into_iter()));
        }
        let applies = |row: &&ApiPrice| row.above.is_none_or(|above| tokens > above.as_f64());
        let valid = of_model
            .iter()
            .copied()
            .filter(|row| row.holds(date))
            .filter(applies);
        valid.max_by_key(|row| (row.above, row.from)).ok_or_else(|| {
            let spans: Vec<String> = of_model.iter().map(|row| span(row)).collect();
            PlanError(format!(
                "`{model}` has no price on {date}: its prices are of {}; give a row for that day",
                spans.join(", ")
            ))
        })
    }
}

fn span(row: &ApiPrice) -> String {
    match (row.from, row.to) {
        (None, None) => "any day".to_owned(),
        (Some(from), None) => format!("{from} and later"),
        (None, Some(to)) => format!("before {to}"),
        (Some(from), Some(to)) => format!("{from} until before {to}"),
    }
}

/// The name before `-200k` at a model's end, and the tokens that it says.
fn surcharge(model: &str) -> Option<(&str, Tokens)> {
    let (base, length) = model.rsplit_once('-')?;
    let thousands: u64 = length.strip_suffix('k')?.parse().ok()?;
    Some((base, Tokens(thousands.checked_mul(1000)?)))
}

fn row(cells: &[&str]) -> Result<ApiPrice, String> {
    let [vendor, model, input, cached, output, from, to] = cells else {
        return Err("it has too few cells".to_owned());
    };
    let price = |text: &str| text.parse::<Dollars>().map_err(|error| error.to_string());
    let optional = |text: &str| (!text.is_empty()).then(|| price(text)).transpose();
    let date = |text: &str| (!text.is_empty()).then(|| text.parse::<Date>()).transpose();
    if model.is_empty() {
        return Err("the model is without a name".to_owned());
    }
    Ok(ApiPrice {
        vendor: (*vendor).to_owned(),
        model: (*model).to_owned(),
        input: price(input)?,
        cached_input: optional(cached)?,
        output: price(output)?,
        from: date(from)?,
        to: date(to)?,
        above: None,
    })
}
