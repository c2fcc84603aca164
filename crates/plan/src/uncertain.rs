//! Quantities that are not known exactly, and how they are drawn.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use triaxis_laws::numeric::{Stream, normal_quantile};
use triaxis_units::{Bytes, Dollars, Estimate, Flops, Interval, Params, Requests, Seconds, Tokens};

use crate::PlanError;

/// The share of its draws that lies between `low` and `high`.
pub const LEVEL: f64 = 0.9;

/// A quantity that is not known exactly: its median and the 90% interval around it.
///
/// Positive quantities are lognormal, shares logit-normal, each side of the median with its own
/// width, so that all three numbers are quantiles of what is drawn: 5%, 50% and 95%. A spec gives a
/// plain quantity, which is certain, or a table; an interval of another `level` is widened or narrowed
/// to 90%, and without `value` the median is the middle of the interval on the distribution's scale.
///
/// ```
/// use triaxis_plan::Uncertain;
/// use triaxis_units::Dollars;
/// #[derive(serde::Deserialize)]
/// struct Spec { rent: Uncertain<Dollars>, power: Uncertain<Dollars> }
/// let spec: Spec = toml::from_str(r#"
///     rent = { value = "$2.50", low = "$2", high = "$4" }
///     power = "$0.08"
/// "#)?;
/// assert_eq!(spec.rent.to_string(), "$2.5 [$2, $4]");
/// assert_eq!(spec.rent.quantile(0.95), Dollars(4.0));
/// assert_eq!(spec.rent.draw(1, "rent", 7), spec.rent.draw(1, "rent", 7));
/// assert!(spec.power.is_certain());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uncertain<T = f64> {
    value: T,
    low: T,
    high: T,
}

/// What can be uncertain: a quantity above zero, or a share of one.
pub trait Quantity:
    Copy + PartialEq + PartialOrd + fmt::Debug + fmt::Display + Serialize + DeserializeOwned
{
    /// The scale on which it is drawn.
    const SCALE: Scale;

    /// It as a double.
    fn number(self) -> f64;

    /// The quantity nearest to a double.
    fn nearest(number: f64) -> Self;
}

/// The scale on which a quantity is drawn from a normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Logarithms: lognormal, above zero.
    Log,
    /// Log odds: logit-normal, between 0 and 1.
    Logit,
}

impl Scale {
    /// The distribution's name.
    pub fn distribution(self) -> &'static str {
        match self {
            Self::Log => "lognormal",
            Self::Logit => "logit-normal",
        }
    }

    fn holds(self, number: f64) -> bool {
        match self {
            Self::Log => number > 0.0 && number.is_finite(),
            Self::Logit => number > 0.0 && number < 1.0,
        }
    }

    fn onto(self, number: f64) -> f64 {
        match self {
            Self::Log => number.ln(),
            Self::Logit => (number / (1.0 - number)).ln(),
        }
    }

    fn back(self, at: f64) -> f64 {
        match self {
            Self::Log => at.exp(),
            Self::Logit => 1.0 / (1.0 + (-at).exp()),
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Self::Log => "above 0",
            Self::Logit => "above 0 and below 1",
        }
    }
}

impl<T: Quantity> Uncertain<T> {
    /// A quantity that is known exactly; it may be zero.
    pub fn certain(value: T) -> Self {
        Self {
            value,
            low: value,
            high: value,
        }
    }

    /// A median and the ends of its 90% interval.
    ///
    /// # Errors
    /// When they are not in order, or the interval reaches what the quantity cannot be.
    pub fn new(value: T, low: T, high: T) -> Result<Self, PlanError> {
        let in_order = low <= value && value <= high;
        if !in_order {
            return Err(PlanError(format!(
                "the interval from {low} to {high} does not hold its value {value}: low must not be above the value, \
                 nor high below it"
            )));
        }
        let ends = [low, high];
        match ends.into_iter().find(|end| !T::SCALE.holds(end.number())) {
            Some(end) if low != high => Err(PlanError(format!(
                "the interval from {low} to {high} ends at {end}: what is {} must be {}; give a small amount in place \
                 of none",
                T::SCALE.distribution(),
                T::SCALE.rule()
            ))),
            Some(end) if !end.number().is_finite() => {
                Err(PlanError(format!("the value {end} must be finite")))
            }
            _ => Ok(Self { value, low, high }),
        }
    }

    /// The quantity that lies between `low` and `high` with the chance `level`, the median in the middle of
    /// the scale on which it is drawn unless given.
    ///
    /// # Errors
    /// When the numbers are not in order, or `level` is not between 0 and 1.
    pub fn within(value: Option<T>, low: T, high: T, level: f64) -> Result<Self, PlanError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(PlanError::not_a_share("level", level, "below 1, as in 0.95"));
        }
        let (scale, middle) = (T::SCALE, |low: T, high: T| {
            T::nearest(T::SCALE.back(0.5 * (T::SCALE.onto(low.number()) + T::SCALE.onto(high.number()))))
        });
        let stated = Self::new(
            value.unwrap_or_else(|| if low == high { low } else { middle(low, high) }),
            low,
            high,
        )?;
        if stated.is_certain() || level == LEVEL {
            return Ok(stated);
        }
        let narrower = normal_quantile(0.5 * (1.0 + LEVEL)) / normal_quantile(0.5 * (1.0 + level));
        let centre = scale.onto(stated.value.number());
        let end = |end: T| T::nearest(scale.back(centre + (scale.onto(end.number()) - centre) * narrower));
        Self::new(stated.value, end(low), end(high))
    }

    /// The median.
    pub fn value(&self) -> T {
        self.value
    }

    /// The lower end of the 90% interval.
    pub fn low(&self) -> T {
        self.low
    }

    /// The upper end of the 90% interval.
    pub fn high(&self) -> T {
        self.high
    }

    /// Whether nothing is uncertain about it.
    pub fn is_certain(&self) -> bool {
        self.low == self.high
    }

    /// The name of the distribution that it is drawn from.
    pub fn distribution(&self) -> &'static str {
        if self.is_certain() {
            "certain"
        } else {
            T::SCALE.distribution()
        }
    }

    /// The interval as results are told.
    pub fn interval(&self) -> Interval {
        Interval {
            low: self.low.number(),
            high: self.high.number(),
            level: LEVEL,
        }
    }

    /// It as results are told; without an interval where nothing is uncertain.
    pub fn estimate(&self) -> Estimate {
        Estimate {
            value: self.value.number(),
            interval: (!self.is_certain()).then(|| self.interval()),
        }
    }

    /// The value below which it lies with this chance.
    pub fn quantile(&self, chance: f64) -> T {
        self.deviate(normal_quantile(chance))
    }

    /// The draw of this number: equal for equal seed, name and number, whatever else is drawn.
    pub fn draw(&self, seed: u64, name: &str, number: u64) -> T {
        self.deviate(Stream::new(seed, name, number).normal())
    }

    /// The value that lies `deviations` of the normal distribution from the median.
    fn deviate(&self, deviations: f64) -> T {
        if self.is_certain() {
            return self.value;
        }
        let centre = T::SCALE.onto(self.value.number());
        let end = if deviations < 0.0 { self.low } else { self.high };
        let width = (T::SCALE.onto(end.number()) - centre).abs() / normal_quantile(0.5 * (1.0 + LEVEL));
        T::nearest(T::SCALE.back(centre + width * deviations))
    }
}

impl<T: Quantity> From<T> for Uncertain<T> {
    fn from(value: T) -> Self {
        Self::certain(value)
    }
}

impl<T: Quantity> fmt::Display for Uncertain<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, low, high } = self;
        match self.is_certain() {
            true => write!(formatter, "{value}"),
            false => write!(formatter, "{value} [{low}, {high}]"),
        }
    }
}

macro_rules! amounts {
    ($($amount:ident),+) => {$(
        impl Quantity for $amount {
            const SCALE: Scale = Scale::Log;

            fn number(self) -> f64 {
                self.0
            }

            fn nearest(number: f64) -> Self {
                Self(number)
            }
        }
    )+};
}

macro_rules! counts {
    ($($count:ident),+) => {$(
        impl Quantity for $count {
            const SCALE: Scale = Scale::Log;

            fn number(self) -> f64 {
                self.as_f64()
            }

            fn nearest(number: f64) -> Self {
                // Saturates at the largest count.
                Self(number.round() as u64)
            }
        }
    )+};
}

amounts!(Dollars, Flops, Seconds);
counts!(Bytes, Params, Requests, Tokens);

impl Quantity for f64 {
    const SCALE: Scale = Scale::Log;

    fn number(self) -> f64 {
        self
    }

    fn nearest(number: f64) -> Self {
        number
    }
}

/// A share of one: `0.45`, or `"45%"` in a spec.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
#[serde(transparent)]
pub struct Share(pub f64);

impl Share {
    fn checked(share: f64, text: impl fmt::Display) -> Result<Self, String> {
        match (0.0..=1.0).contains(&share) {
            true => Ok(Self(share)),
            false => Err(format!(
                "`{text}` is not a share: it must be from 0 to 1, as in 0.45 or \"45%\""
            )),
        }
    }
}

impl Quantity for Share {
    const SCALE: Scale = Scale::Logit;

    fn number(self) -> f64 {
        self.0
    }

    fn nearest(number: f64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded to a tenth of a percent, without a trailing zero.
        write!(formatter, "{}%", (self.0 * 1000.0).round() / 10.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Share;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a share from 0 to 1, as in 0.45 or \"45%\"")
            }

            fn visit_f64<E: Error>(self, share: f64) -> Result<Share, E> {
                Share::checked(share, share).map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, share: i64) -> Result<Share, E> {
                self.visit_f64(share as f64)
            }

            fn visit_u64<E: Error>(self, share: u64) -> Result<Share, E> {
                self.visit_f64(share as f64)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Share, E> {
                let trimmed = text.trim();
                let (number, unit) = trimmed
                    .strip_suffix('%')
                    .map_or((trimmed, 1.0), |number| (number.trim(), 100.0));
                let share = number.parse::<f64>().map_or(f64::NAN, |number| number / unit);
                Share::checked(share, text).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// What a table of a spec may say of an uncertain quantity.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Quantity")]
struct Table<T> {
    value: Option<T>,
    low: Option<T>,
    high: Option<T>,
    level: Option<f64>,
}

/// The quantity that a table's entries describe.
///
/// # Errors
/// When an end of the interval is missing, or the numbers break a rule.
pub(crate) fn of_parts<T: Quantity>(
    value: Option<T>,
    low: Option<T>,
    high: Option<T>,
    level: Option<f64>,
) -> Result<Uncertain<T>, PlanError> {
    match (value, low, high) {
        (_, Some(low), Some(high)) => Uncertain::within(value, low, high, level.unwrap_or(LEVEL)),
        (Some(value), None, None) => Uncertain::new(value, value, value),
        (None, None, None) => Err(PlanError(
            "the table is without `value`: give it, or the interval `low` to `high`".to_owned(),
        )),
        _ => Err(PlanError(
            "an end of the interval is missing: give both `low` and `high`, or neither".to_owned(),
        )),
    }
}

impl<'de, T: Quantity> Deserialize<'de> for Uncertain<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Quantity> Visitor<'de> for Either<T> {
            type Value = Uncertain<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a quantity, or a table of `value`, `low` and `high`")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                plain(number)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                plain(number)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                plain(number)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                plain(text)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                of_parts(table.value, table.low, table.high, table.level).map_err(A::Error::custom)
            }
        }
        fn plain<'de, T: Quantity, E: Error>(
            written: impl IntoDeserializer<'de, E>,
        ) -> Result<Uncertain<T>, E> {
            let value = T::deserialize(written.into_deserializer())?;
            Uncertain::new(value, value, value).map_err(E::custom)
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: Quantity> Serialize for Uncertain<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_certain() {
            return self.value.serialize(serializer);
        }
        let mut table = serializer.serialize_map(Some(3))?;
        for (key, value) in [("value", self.value), ("low", self.low), ("high", self.high)] {
            table.serialize_entry(key, &value)?;
        }
        table.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use triaxis_laws::numeric::{quantile_sorted, sorted};

    #[test]
    fn an_interval_holds_nine_tenths_of_the_draws_and_the_value_parts_them() {
        let rent = Uncertain::new(Dollars(2.5), Dollars(2.0), Dollars(5.0)).unwrap();
        let draws = sorted((0..20_000).map(|draw| rent.draw(3, "rent", draw).0));
        for (chance, expected) in [(0.05, 2.0), (0.5, 2.5), (0.95, 5.0)] {
            let drawn = quantile_sorted(&draws, chance);
            assert!((drawn / expected - 1.0).abs() < 0.02, "{chance}: {drawn}");
            assert!((rent.quantile(chance).0 - expected).abs() < 1e-12, "{chance}");
        }
        let mfu = Uncertain::new(Share(0.4), Share(0.3), Share(0.9)).unwrap();
        assert!((0..2000).all(|draw| (0.0..1.0).contains(&mfu.draw(3, "mfu", draw).0)));
        assert_eq!(mfu.to_string(), "40% [30%, 90%]");
    }

    #[test]
    fn an_interval_of_another_level_is_brought_to_nine_tenths() {
        // Epoch AI's pages of the indexed web: lognormal, 95% from 75e9 to 1e12.
        let pages = Uncertain::within(None, 75e9, 1e12, 0.95).unwrap();
        assert!((pages.value() - (75e9_f64 * 1e12).sqrt()).abs() < 1.0);
        assert!((pages.quantile(0.025) / 75e9 - 1.0).abs() < 1e-9);
        assert!((pages.quantile(0.975) / 1e12 - 1.0).abs() < 1e-9);
    }
}
