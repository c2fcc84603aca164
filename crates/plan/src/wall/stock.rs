use serde::{Deserialize, Serialize};
use triaxis_laws::numeric::{quantile_sorted, sorted};

use crate::{PlanError, Uncertain};

/// The steps from pages to tokens that are worth training on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockSteps {
    /// The year that the steps are of.
    pub year: f64,
    /// Unique pages.
    pub pages: Uncertain,
    /// Bytes of text of a page.
    pub page_bytes: Uncertain,
    /// How much less than six bytes a token has.
    pub short_of_six_bytes: Uncertain,
    /// Factor a year on the size of a page.
    pub page_size_growth: Uncertain,
    /// Factor a year on the number of pages.
    pub page_count_growth: Uncertain,
    /// Share that is left after cleaning.
    pub usable: Uncertain,
    /// What repeating it gains, as a factor.
    pub repetition: Uncertain,
}

/// What the largest trainings take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The year of `largest`.
    pub year: f64,
    /// Tokens of the largest training of that year.
    pub largest: Uncertain,
    /// Orders of magnitude a year.
    pub slope: Uncertain,
}

/// A stock of text that is known by its own count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// What it is called.
    pub name: String,
    /// Its tokens.
    pub tokens: Uncertain,
    /// Where that was read.
    #[serde(default)]
    pub source: String,
}

/// Everything that the data wall is computed from; the published figures unless a spec says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WallSpec {
    /// From pages to tokens.
    pub stock: StockSteps,
    /// What trainings take.
    pub field: Field,
    /// Stocks by their own counts.
    #[serde(default)]
    pub tiers: Vec<Tier>,
}

impl WallSpec {
    /// The figures of Villalobos et al. 2024.
    ///
    /// # Errors
    /// Only if the file built into the program is damaged, which a test excludes.
    pub fn published() -> Result<Self, PlanError> {
        toml::from_str(include_str!("wall.toml")).map_err(|error| {
            PlanError(format!(
                "the built-in figures of the data wall are damaged: {error}; build the program again"
            ))
        })
    }
}

/// A quantity over all draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    draws: Vec<f64>,
}

impl Spread {
    fn of(draws: impl IntoIterator<Item = f64>) -> Self {
        Self { draws: sorted(draws) }
    }

    /// The value below which this share of the draws lies.
    pub fn quantile(&self, share: f64) -> f64 {
        quantile_sorted(&self.draws, share)
    }

    /// The median.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The ends of the central interval that holds this share of the draws.
    pub fn central(&self, level: f64) -> (f64, f64) {
        (self.quantile(0.5 - 0.5 * level), self.quantile(0.5 + 0.5 * level))
    }
}

/// When the largest training takes all that there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting {
    /// The year, over the draws in which it comes.
    pub year: Spread,
    /// Share of the draws in which the stock grows faster, so that it never comes.
    pub never: f64,
}

/// The stock and its end, over draws of every step.
#[derive(Debug, Clone, PartialEq)]
pub struct Wall {
    /// Tokens of the indexed web.
    pub indexed: Spread,
    /// Those left after cleaning.
    pub usable: Spread,
    /// Those with what repetition gains.
    pub effective: Spread,
    /// When trainings meet the effective stock, by the trend alone.
    pub meeting: Meeting,
    /// Draws that were left out, since a token had no bytes in them.
    pub left_out: usize,
    lines: Vec<Line>,
}

/// One draw: what there is, what is taken, and how both grow, all in log10.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    stock: f64,
    growth: f64,
    from: f64,
    taken: f64,
    slope: f64,
    since: f64,
}

impl Line {
    fn stock_in(&self, year: f64) -> f64 {
        self.stock + self.growth * (year - self.from)
    }

    /// The year in which what is taken, a factor of ten to the `above` more than the trend, is all there is.
    fn meets(&self, above: f64) -> Option<f64> {
        let taken = self.taken + above + self.slope * (self.from - self.since);
        let closing = self.slope - self.growth;
        (closing > 0.0).then(|| self.from + (self.stock - taken) / closing)
    }
}

impl Wall {
    /// Draws every step so many times and multiplies. Stock and demand are drawn apart: neither's quantiles are
    /// paired with the other's.
    ///
    /// # Errors
    /// When fewer than 100 draws are asked for, or a token has no bytes in most of them.
    pub fn simulate(spec: &WallSpec, seed: u64, draws: u64) -> Result<Self, PlanError> {
        if draws < 100 {
            return Err(PlanError(format!(
                "{draws} draws are too few for an interval: take 100 or more"
            )));
        }
        let (steps, field) = (&spec.stock, &spec.field);
        let of = |quantity: &Uncertain, name: &str, draw| quantity.draw(seed, name, draw);
        let (mut indexed, mut usable, mut lines, mut left_out) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for draw in 0..draws {
            let token_bytes = 6.0 - of(&steps.short_of_six_bytes, "wall.short_of_six_bytes", draw);
            if token_bytes <= 0.0 {
                left_out += 1;
                continue;
            }
            let text = of(&steps.pages, "wall.pages", draw) * of(&steps.page_bytes, "wall.page_bytes", draw);
            let tokens = text / token_bytes;
            let clean = tokens * of(&steps.usable, "wall.usable", draw);
            let effective = clean * of(&steps.repetition, "wall.repetition", draw);
            let growth = of(&steps.page_size_growth, "wall.page_size_growth", draw)
                * of(&steps.page_count_growth, "wall.page_count_growth", draw);
            indexed.push(tokens);
            usable.push(clean);
            lines.push(Line {
                stock: effective.log10(),
                growth: growth.log10(),
                from: steps.year,
                taken: of(&field.largest, "wall.largest", draw).log10(),
                slope: of(&field.slope, "wall.slope", draw),
                since: field.year,
            });
        }
        if lines.len() * 2 < draws as usize {
            return Err(PlanError(format!(
                "stock.short_of_six_bytes is {}: in {left_out} of {draws} draws a token has no bytes; it must lie well \
                 below 6",
                steps.short_of_six_bytes
            )));
        }
        Ok(Self {
            indexed: Spread::of(indexed),
            usable: Spread::of(usable),
            effective: Spread::of(lines.iter().map(|line| 10_f64.powf(line.stock))),
            meeting: meeting(&lines, 0.0),
            left_out,
            lines,
        })
    }

    /// The effective stock of a year.
    pub fn effective_in(&self, year: f64) -> Spread {
        Spread::of(self.lines.iter().map(|line| 10_f64.powf(line.stock_in(year))))
    }

    /// When trainings meet the stock that take so many times the tokens of the trend: 5 where models are trained five
    /// times longer than is best for training alone.
    pub fn meeting_at(&self, times: f64) -> Meeting {
        meeting(&self.lines, times.log10())
    }

    /// The chance that a year's effective stock holds so many tokens.
    pub fn holds(&self, tokens: f64, year: f64) -> f64 {
        let wanted = tokens.log10();
        let enough = self.lines.iter().filter(|line| line.stock_in(year) >= wanted);
        enough.count() as f64 / self.lines.len() as f64
    }
}

fn meeting(lines: &[Line], above: f64) -> Meeting {
    let years: Vec<f64> = lines.iter().filter_map(|line| line.meets(above)).collect();
    Meeting {
        never: 1.0 - years.len() as f64 / lines.len() as f64,
        year: Spread::of(years),
    }
}
