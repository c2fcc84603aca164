use std::fmt;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use triaxis_units::Dollars;

use crate::uncertain::{Uncertain, of_parts};

/// A day, `2026-05-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The last year that is written in four digits.
const LAST_YEAR: u16 = 9999;

impl Date {
    /// The day at so many seconds since the beginning of 1970, as clocks count them.
    ///
    /// ```
    /// assert_eq!(triaxis_plan::Date::at(1_777_593_600).to_string(), "2026-05-01");
    /// ```
    pub fn at(seconds: u64) -> Self {
        let (mut date, mut left) = (
            Self {
                year: 1970,
                month: 1,
                day: 1,
            },
            seconds / 86_400,
        );
        while date.year < LAST_YEAR && left >= of_year(date.year) {
            left -= of_year(date.year);
            date.year += 1;
        }
        while date.month < 12 && left >= u64::from(days(date.year, date.month)) {
            left -= u64::from(days(date.year, date.month));
            date.month += 1;
        }
        let last = days(date.year, date.month);
        date.day += u8::try_from(left).map_or(last - 1, |left| left.min(last - 1));
        date
    }

    /// The day after.
    pub fn next(self) -> Self {
        let Self { year, month, day } = self;
        match (day < days(year, month), month < 12) {
            (true, _) => Self { day: day + 1, ..self },
            (false, true) => Self {
                month: month + 1,
                day: 1,
                ..self
            },
            (false, false) => Self {
                year: year + 1,
                month: 1,
                day: 1,
            },
        }
    }

    /// The day as a number of years: 2026.5 is the middle of 2026.
    ///
    /// ```
    /// let day: triaxis_plan::Date = "2024-07-02".parse()?;
    /// assert_eq!(day.years(), 2024.5);
    /// # Ok::<(), String>(())
    /// ```
    pub fn years(self) -> f64 {
        let before: u16 = (1..self.month)
            .map(|month| u16::from(days(self.year, month)))
            .sum();
        let all = of_year(self.year) as f64;
        f64::from(self.year) + f64::from(before + u16::from(self.day) - 1) / all
    }
}

fn of_year(year: u16) -> u64 {
    (1..=12).map(|month| u64::from(days(year, month))).sum()
}

fn days(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str, length: usize| {
            let digits = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        let parts: Vec<&str> = text.trim().split('-').collect();
        let read = |parts: &[&str]| -> Option<Date> {
            let [year, month, day] = parts else { return None };
            let (year, month, day) = (part(year, 4)?, part(month, 2)? as u8, part(day, 2)? as u8);
            let real = (1..=12).contains(&month) && day >= 1 && day <= days(year, month);
            real.then_some(Date { year, month, day })
        };
        read(&parts).ok_or_else(|| format!("`{text}` is not a day: it must be written as in 2026-05-01"))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Day;
        impl<'de> Visitor<'de> for Day {
            type Value = Date;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a day, as in 2026-05-01")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Date, E> {
                text.parse().map_err(E::custom)
            }

            // A day without quotes is a type of TOML's own.
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Date, A::Error> {
                let written = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
                written.to_string().parse().map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Day)
    }
}

/// What something costs, with the day that says so: prices of devices rose by 40% within five months.
///
/// ```
/// let price: triaxis_plan::Price =
///     toml::from_str("value = \"$2.35\"\nlow = \"$1.99\"\nhigh = \"$5\"\ndate = 2026-03-01")?;
/// assert_eq!(price.to_string(), "$2.35 [$1.99, $5] on 2026-03-01");
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// US dollars.
    pub dollars: Uncertain<Dollars>,
    /// The day of the price.
    pub date: Date,
    /// Where it was read, if said.
    pub source: String,
}

impl fmt::Display for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} on {}", self.dollars, self.date)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Dollars>,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<Dollars>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<Dollars>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
}

fn undated(price: impl fmt::Display) -> String {
    format!(
        "the price {price} is without its day: prices move, so write {{ value = \"{price}\", date = \"2026-05-01\" }} \
         with the day you read it"
    )
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Dated;
        impl<'de> Visitor<'de> for Dated {
            type Value = Price;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a table of `value`, `date` and, if known, `low`, `high` and `source`")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Price, E> {
                let dollars = Dollars::try_from(number).map_err(E::custom)?;
                Err(E::custom(undated(dollars)))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Price, E> {
                self.visit_f64(number as f64)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Price, E> {
                self.visit_f64(number as f64)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Price, E> {
                let dollars: Dollars = text.parse().map_err(E::custom)?;
                Err(E::custom(undated(dollars)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Price, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                let dollars = of_parts(table.value, table.low, table.high, table.level);
                let dollars = dollars.map_err(A::Error::custom)?;
                let date = table
                    .date
                    .ok_or_else(|| A::Error::custom(undated(dollars.value())))?;
                Ok(Price {
                    dollars,
                    date,
                    source: table.source,
                })
            }
        }
        deserializer.deserialize_any(Dated)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let interval = (!self.dollars.is_certain()).then(|| (self.dollars.low(), self.dollars.high()));
        let table = Table {
            value: Some(self.dollars.value()),
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
            level: None,
            date: Some(self.date),
            source: self.source.clone(),
        };
        table.serialize(serializer)
    }
}
