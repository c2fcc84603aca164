//! Uncertain quantities, days and prices as specs write them.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use triaxis_plan::{Date, Price, Share, Uncertain};
use triaxis_units::{Dollars, Tokens};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rent: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Uncertain<Tokens>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<Uncertain<Share>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    growth: Option<Uncertain>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dollars: Option<Uncertain<Dollars>>,
}

#[test]
fn what_a_spec_says_is_read_and_printed_back() {
    let text = r#"
        tokens = { value = "1.4T", low = "1T", high = "3T" }
        share = "45%"
        growth = { low = 1.2, high = 2.7, level = 0.8 }
        dollars = 0
        rent = { value = "$2.95", low = "$1.99", high = "$5", date = 2026-05-01, source = "37 providers" }
    "#;
    let spec: Spec = toml::from_str(text).unwrap();
    assert_eq!(spec.tokens.unwrap().value(), Tokens(1_400_000_000_000));
    assert_eq!(spec.tokens.unwrap().distribution(), "lognormal");
    assert_eq!(spec.share.unwrap(), Uncertain::certain(Share(0.45)));
    assert!((spec.growth.unwrap().value() - 1.8).abs() < 1e-12);
    assert!(spec.growth.unwrap().low() < 1.2 && spec.growth.unwrap().high() > 2.7);
    assert_eq!(spec.dollars.unwrap().draw(1, "nothing", 2), Dollars(0.0));
    assert_eq!(
        spec.rent.as_ref().unwrap().date,
        "2026-05-01".parse::<Date>().unwrap()
    );
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), spec);
    assert_eq!(
        toml::from_str::<Spec>(&toml::to_string(&spec).unwrap()).unwrap(),
        spec
    );
}

#[test]
fn what_breaks_a_rule_is_refused_with_the_remedy() {
    for (text, said) in [
        ("rent = \"$2.5\"", "the price $2.5 is without its day"),
        ("rent = 2.5", "the price $2.5 is without its day"),
        ("rent = { value = \"$2.5\" }", "date = \"2026-05-01\""),
        (
            "rent = { value = \"€2.5\", date = \"2026-05-01\" }",
            "in US dollars: convert it",
        ),
        (
            "rent = { value = \"2.5 EUR\", date = \"2026-05-01\" }",
            "in US dollars: convert it",
        ),
        (
            "rent = { value = \"$2.5\", date = \"2026-02-30\" }",
            "written as in 2026-05-01",
        ),
        (
            "rent = { value = \"$2.5\", date = \"May 2026\" }",
            "written as in 2026-05-01",
        ),
        (
            "rent = { value = \"$2.5\", day = \"2026-05-01\" }",
            "unknown field `day`",
        ),
        ("dollars = \"£5M\"", "in US dollars: convert it"),
        ("dollars = \"GBP 5M\"", "in US dollars: convert it"),
        (
            "dollars = { value = 3, low = 4, high = 5 }",
            "does not hold its value $3",
        ),
        ("dollars = { value = 3, low = 0, high = 5 }", "must be above 0"),
        ("dollars = { value = 3, low = 2 }", "give both `low` and `high`"),
        ("dollars = { }", "without `value`"),
        ("growth = nan", "does not hold its value NaN"),
        ("growth = inf", "must be finite"),
        ("growth = { low = 1, high = 2, level = 90 }", "level is 90"),
        ("share = 45", "`45` is not a share"),
        ("share = \"a lot\"", "`a lot` is not a share"),
        (
            "share = { value = 0.5, low = 0.1, high = 1.0 }",
            "above 0 and below 1",
        ),
        ("tokens = \"many\"", "`many` is not a number of tokens"),
    ] {
        let error = toml::from_str::<Spec>(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn draws_lie_on_the_side_of_their_quantile(
        value in 1e-6f64..1e12, below in 1.0f64..50.0, above in 1.0f64..50.0, chance in 0.001f64..0.999,
    ) {
        let quantity = Uncertain::new(value, value / below, value * above).unwrap();
        let at = quantity.quantile(chance);
        prop_assert!(at > 0.0 && at.is_finite());
        prop_assert!((chance > 0.05) == (at > quantity.low()) || (at / quantity.low() - 1.0).abs() < 1e-9);
        prop_assert!((chance > 0.95) == (at > quantity.high()) || (at / quantity.high() - 1.0).abs() < 1e-9);
        let json = serde_json::to_string(&quantity).unwrap();
        prop_assert_eq!(serde_json::from_str::<Uncertain>(&json).unwrap(), quantity);
    }

    #[test]
    fn no_text_makes_a_day_panic(text in "\\PC{0,12}|[0-9]{1,5}-[0-9]{1,3}-[0-9]{1,3}") {
        if let Ok(day) = text.parse::<Date>() {
            prop_assert_eq!(day.to_string().parse::<Date>().unwrap(), day);
        }
    }
}
