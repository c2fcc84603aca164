//! What a token is worth, given as it is or by losses at equal data.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use triaxis_laws::data_multiplier;

use crate::{PlanError, Uncertain};

/// A worth: a number, a table of `value`, `low` and `high`, or what losses on as many tokens say of it.
///
/// The last is a data multiplier (Kim et al. 2025): how many times the tokens the standard recipe, of the law
/// `floor + A / D^exponent`, would take to the `loss` that another text or recipe has where its own is `standard`.
///
/// ```
/// # #[derive(serde::Deserialize)]
/// # struct Spec { text: Vec<triaxis_plan::decide::Tier> }
/// let spec: Spec = toml::from_str(r#"
///     [[text]]
///     name = "regularised, in models without end"
///     unique = "200M"
///     worth = { standard = 3.74974, loss = 3.43, floor = 1.89, exponent = 0.23 }
/// "#)?;
/// assert_eq!(format!("{:.2}", spec.text[0].worth.value()), "2.27");
/// # Ok::<(), toml::de::Error>(())
/// ```
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uncertain<f64>, D::Error> {
    struct Either;
    impl<'de> Visitor<'de> for Either {
        type Value = Uncertain<f64>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str(
                "a number, a table of `value`, `low` and `high`, or one of `standard`, `loss`, `floor` and `exponent`",
            )
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Uncertain::deserialize(number.into_deserializer())
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            self.visit_f64(number as f64)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            self.visit_f64(number as f64)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let written = Written::deserialize(MapAccessDeserializer::new(map))?;
            written.worth().map_err(A::Error::custom)
        }
    }
    deserializer.deserialize_any(Either)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    level: Option<f64>,
    standard: Option<Uncertain<f64>>,
    loss: Option<Uncertain<f64>>,
    floor: Option<Uncertain<f64>>,
    exponent: Option<Uncertain<f64>>,
}

impl Written {
    fn worth(self) -> Result<Uncertain<f64>, PlanError> {
        let losses = [self.standard, self.loss, self.floor, self.exponent];
        if losses.iter().all(Option::is_none) {
            return crate::uncertain::of_parts(self.value, self.low, self.high, self.level);
        }
        let is_plain = [self.value, self.low, self.high, self.level]
            .iter()
            .all(Option::is_none);
        match losses {
            [Some(standard), Some(loss), Some(floor), Some(exponent)] if is_plain => {
                by_losses([standard, loss, floor, exponent])
            }
            _ => Err(PlanError(
                "a worth by losses has `standard`, `loss`, `floor` and `exponent`, all four and nothing else: give what is \
                 missing, or `value` with `low` and `high` alone"
                    .to_owned(),
            )),
        }
    }
}

/// The multiplier at the medians, each end as far off as the ends of all four take it, added as errors are.
fn by_losses(of: [Uncertain<f64>; 4]) -> Result<Uncertain<f64>, PlanError> {
    let at = |[standard, loss, floor, exponent]: [f64; 4]| data_multiplier(standard, loss, floor, exponent);
    let medians = of.map(|one| one.value());
    let impossible = || {
        let [standard, loss, floor, exponent] = of;
        PlanError(format!(
            "losses of {standard} and {loss} with a floor of {floor} and an exponent of {exponent} say nothing of a worth: both \
             losses must lie above the floor within their intervals, and the exponent above 0"
        ))
    };
    let value = at(medians).ok_or_else(impossible)?;
    let (mut down, mut up) = (0.0_f64, 0.0_f64);
    for (place, one) in of.iter().enumerate() {
        let moved = [one.low(), one.high()].map(|end| {
            let mut there = medians;
            there[place] = end;
            at(there).map(|worth| (worth / value).ln())
        });
        let [Some(first), Some(second)] = moved else {
            return Err(impossible());
        };
        down = down.hypot(first.min(second).min(0.0));
        up = up.hypot(first.max(second).max(0.0));
    }
    Uncertain::new(value, value * (-down).exp(), value * up.exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Tier;

    fn worth(written: &str) -> Result<Uncertain<f64>, String> {
        let text = format!("name = \"a\"\nunique = 5\nworth = {written}");
        let tier: Result<Tier, _> = toml::from_str(&text);
        tier.map(|tier| tier.worth)
            .map_err(|error| error.message().to_owned())
    }

    /// The published losses on 200M tokens, by both ends of the published range of the standard recipe's law.
    #[test]
    fn losses_say_what_a_token_is_worth() {
        for (loss, floor, exponent, multiplier) in [
            (3.43, 1.89, 0.23, 2.27),
            (3.43, 1.96, 0.24, 2.27),
            (3.17, 1.89, 0.23, 5.07),
            (3.17, 1.96, 0.24, 5.11),
        ] {
            let written =
                format!("{{ standard = 3.74974, loss = {loss}, floor = {floor}, exponent = {exponent} }}");
            let found = worth(&written).unwrap();
            assert!(
                found.is_certain() && (found.value() - multiplier).abs() < 0.01,
                "{found}"
            );
        }
        assert_eq!(worth("0.8"), Ok(Uncertain::certain(0.8)));
        assert_eq!(worth("2"), Ok(Uncertain::certain(2.0)));
        assert_eq!(
            worth("{ value = 0.8, low = 0.5, high = 1.3 }"),
            Ok(Uncertain::new(0.8, 0.5, 1.3).unwrap())
        );
    }

    #[test]
    fn what_is_not_known_of_the_law_is_not_known_of_the_worth() {
        let of = |exponent: &str, loss: &str| {
            let written = format!("{{ standard = 3.75, loss = {loss}, floor = 1.9, exponent = {exponent} }}");
            worth(&written).unwrap()
        };
        let plain = of("0.23", "3.43").value();
        let steep = of("{ value = 0.23, low = 0.2, high = 0.26 }", "3.43");
        let end = |exponent: f64| (1.85_f64 / 1.53).powf(exponent.recip());
        assert_eq!(steep.value(), plain);
        assert!((steep.low() - end(0.26)).abs() < 1e-9 && (steep.high() - end(0.2)).abs() < 1e-9);
        let both = of(
            "{ value = 0.23, low = 0.2, high = 0.26 }",
            "{ value = 3.43, low = 3.41, high = 3.45 }",
        );
        assert!(both.low() < steep.low() && both.high() > steep.high(), "{both}");
    }

    #[test]
    fn what_says_nothing_of_a_worth_is_refused() {
        for (written, says) in [
            ("{ standard = 3.75, loss = 3.43, floor = 1.89 }", "all four"),
            (
                "{ standard = 3.75, loss = 3.43, floor = 1.89, exponent = 0.2, low = 1 }",
                "nothing else",
            ),
            (
                "{ standard = 3.75, loss = 1.8, floor = 1.89, exponent = 0.2 }",
                "above the floor",
            ),
            (
                "{ standard = 3.75, loss = 3.43, floor = 1.89, exponent = 0 }",
                "the exponent above 0",
            ),
            (
                "{ standard = 3.75, loss = 3.43, floor = { value = 1.9, low = 1.5, high = 3.5 }, exponent = 0.2 }",
                "within their intervals",
            ),
            ("true", "one of `standard`"),
            ("{ low = 0.5 }", "an end of the interval is missing"),
        ] {
            let said = worth(written).unwrap_err();
            assert!(said.contains(says), "{says:?} is not in {said}");
        }
    }
}
