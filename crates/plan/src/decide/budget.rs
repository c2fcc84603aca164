use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use triaxis_units::{Dollars, Flops, Seconds};

/// What may be spent on the run, in exactly one currency: `"$2M"`, or a table of `dollars`, `flops` or `time`.
///
/// Dollars pay for training with its failures and other runs, for text and for the ladder. Operations, and time on the
/// devices of `training`, are those of the run alone: what they cost, with failures and other runs, is the budget, and
/// text is paid from it, too.
///
/// ```
/// use triaxis_plan::decide::Budget;
/// use triaxis_units::{Dollars, Seconds};
/// #[derive(serde::Deserialize)]
/// struct Spec { budget: Budget }
/// let of = |text: &str| toml::from_str::<Spec>(text).map(|spec| spec.budget);
/// assert_eq!(of("budget = \"$2M\"")?, Budget::Dollars(Dollars(2e6)));
/// assert_eq!(of("budget = { time = \"7d\" }")?, Budget::Time(Seconds(7.0 * 86_400.0)));
/// assert!(of("budget = \"7d\"").unwrap_err().message().contains("write `{ time = \"7d\" }`"));
/// assert!(of("budget = { time = \"7d\", dollars = 5 }").is_err());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Money.
    Dollars(Dollars),
    /// Training operations.
    Flops(Flops),
    /// Time on as many devices as `training.devices` says; on one unless said.
    Time(Seconds),
}

impl Budget {
    /// It as a number, in its own unit.
    pub(crate) fn number(self) -> f64 {
        match self {
            Self::Dollars(dollars) => dollars.0,
            Self::Flops(flops) => flops.0,
            Self::Time(time) => time.0,
        }
    }

    /// What it is called among the quantities of a question.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dollars(_) => "budget",
            Self::Flops(_) => "budget, in operations",
            Self::Time(_) => "budget, in seconds",
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dollars(dollars) => write!(formatter, "{dollars}"),
            Self::Flops(flops) => write!(formatter, "{flops} operations"),
            Self::Time(time) => write!(formatter, "{time}"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    dollars: Option<Dollars>,
    flops: Option<Flops>,
    time: Option<Seconds>,
}

impl<'de> Deserialize<'de> for Budget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Budget;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("dollars, as in \"$2M\", or a table of `dollars`, `flops` or `time`")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Budget, E> {
                Dollars::deserialize(number.into_deserializer()).map(Budget::Dollars)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Budget, E> {
                self.visit_f64(number as f64)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Budget, E> {
                self.visit_f64(number as f64)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Budget, E> {
                let dollars = Dollars::deserialize(text.into_deserializer());
                if dollars.is_err() && text.parse::<Seconds>().is_ok() {
                    return Err(E::custom(format!(
                        "`{text}` is a time, and a budget is of dollars unless its table says otherwise: write \
                         `{{ time = \"{text}\" }}`"
                    )));
                }
                dollars.map(Budget::Dollars)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Budget, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                let given = [
                    table.dollars.map(Budget::Dollars),
                    table.flops.map(Budget::Flops),
                    table.time.map(Budget::Time),
                ];
                let mut given = given.into_iter().flatten();
                match (given.next(), given.next()) {
                    (Some(budget), None) => Ok(budget),
                    _ => Err(A::Error::custom(
                        "a budget must have exactly one of `dollars`, `flops` and `time`",
                    )),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}
