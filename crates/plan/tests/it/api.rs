//! Prices of models behind an interface.

use proptest::prelude::*;
use triaxis_plan::api::{ApiPrice, ApiPrices};
use triaxis_plan::serving::Traffic;
use triaxis_units::Tokens;

use crate::{finder, near};

const HEAD: &str =
    "vendor,model,input_usd_per_mtok,cached_input_usd_per_mtok,output_usd_per_mtok,from_date,to_date\n";

fn prices() -> ApiPrices {
    let rows = "acme,small,1.0,0.1,6.0,,2026-07-30\nacme,small,0.2,0.02,1.2,2026-07-30,\n\
                acme,small-272k,2.0,0.2,9.0,,2026-07-30\nacme,small-272k,0.4,0.04,1.8,2026-07-30,\n\
                acme,large,5.0,,25.0,,\nother,vast-32k,3.0,,9.0,,\n";
    ApiPrices::read(&format!("{HEAD}{rows}")).unwrap()
}

#[test]
fn a_price_is_that_of_its_day_and_length() {
    let prices = prices();
    for (day, tokens, input) in [
        ("2026-07-29", 1e5, 1.0),
        ("2026-07-30", 1e5, 0.2),
        ("2026-07-29", 3e5, 2.0),
        ("2027-01-01", 3e5, 0.4),
        ("2027-01-01", 272_000.0, 0.2),
    ] {
        let price = prices.at("Small", day.parse().unwrap(), tokens).unwrap();
        assert_eq!(price.input.0, input, "{day} {tokens}");
    }
    // A length in a name of no other model is a part of the name.
    let own = prices
        .at("vast-32k", "2026-01-01".parse().unwrap(), 10.0)
        .unwrap();
    assert_eq!((own.above, own.input.0), (None, 3.0));
}

#[test]
fn requests_are_billed_with_their_cache_and_each_answer_with_its_prompt() {
    let prices = prices();
    let day = "2026-08-05".parse().unwrap();
    let traffic = Traffic {
        cached: 0.5,
        ..Traffic::of(10_000.0, 1_000.0)
    };
    let small = prices.at("small", day, 11_000.0).unwrap();
    near(
        small.dollars(&traffic),
        (5_000.0 * 0.2 + 5_000.0 * 0.02 + 1_000.0 * 1.2) / 1e6,
        1e-15,
    );
    let four = Traffic {
        samples: 4.0,
        ..traffic
    };
    near(small.dollars(&four) / small.dollars(&traffic), 4.0, 1e-12);
    // Without a price of its own, what is cached costs what is not.
    let large = prices.at("large", day, 11_000.0).unwrap();
    near(
        large.dollars(&traffic),
        large.dollars(&Traffic::of(10_000.0, 1_000.0)),
        1e-15,
    );
}

#[test]
fn what_is_no_price_is_refused_with_its_line() {
    for (text, said) in [
        (
            "vendor,model,input_eur_per_mtok\n".to_owned(),
            "without the column `input_usd_per_mtok`",
        ),
        (
            format!("{HEAD}a,b,1.0,,2.0,,\na,c,free,,2.0,,\n"),
            "line 3 of the prices: `free` is not an amount of dollars",
        ),
        (format!("{HEAD}a,b,1.0,,-2.0,,\n"), "line 2 of the prices"),
        (format!("{HEAD}a,b,1.0,,€2.0,,\n"), "in US dollars: convert it"),
        (format!("{HEAD}a,b,1.0,,2.0,July,\n"), "`July` is not a day"),
        (format!("{HEAD}a,,1.0,,2.0,,\n"), "the model is without a name"),
        (format!("{HEAD}a,b,1.0\n"), "the prices are no table"),
    ] {
        let error = ApiPrices::read(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
    let day = "2025-01-01".parse().unwrap();
    let error = prices().at("smal", day, 1.0).unwrap_err().to_string();
    assert!(error.contains("did you mean `small`?"), "{error}");
    let only =
        "[[rows]]\nmodel = \"m\"\ninput = \"$1\"\noutput = \"$2\"\nfrom = 2026-01-01\nabove = \"200K\"\n";
    #[derive(serde::Deserialize)]
    struct Spec {
        rows: Vec<ApiPrice>,
    }
    let rows = toml::from_str::<Spec>(only).unwrap().rows;
    assert_eq!(rows[0].above, Some(Tokens(200_000)));
    let error = ApiPrices::of(rows).at("m", day, 1e6).unwrap_err().to_string();
    assert!(
        error.contains("no price on 2025-01-01: its prices are of 2026-01-01 and later"),
        "{error}"
    );
}

#[test]
fn the_published_list() {
    let Some(path) = finder::published("api-prices/api_prices_2026-08-05.csv") else {
        return;
    };
    let prices = ApiPrices::read(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(prices.rows().len(), 148);
    let of = |model, day: &str, tokens| {
        let price = prices.at(model, day.parse().unwrap(), tokens).unwrap();
        (
            price.input.0,
            price.cached_input.map(|price| price.0),
            price.output.0,
        )
    };
    assert_eq!(of("gpt-5.6-luna", "2026-08-05", 1e4), (0.20, Some(0.02), 1.20));
    assert_eq!(of("gpt-5.6-luna", "2026-07-29", 1e4), (1.00, Some(0.10), 6.00));
    assert_eq!(of("gpt-5.6-sol", "2026-08-05", 1e4), (5.0, Some(0.5), 30.0));
    assert_eq!(of("claude-sonnet-5", "2026-08-05", 1e4), (2.0, None, 10.0));
    assert_eq!(of("claude-sonnet-5", "2026-09-01", 1e4), (3.0, None, 15.0));
    assert_eq!(
        of("deepseek-v4-flash", "2026-08-05", 1e4),
        (0.14, Some(0.028), 0.28)
    );
    // Above 200 to 272 thousand tokens input doubles and output is half as much again.
    let surcharges = prices.rows().iter().filter(|row| row.above.is_some());
    assert!(surcharges.count() >= 20);
    assert_eq!(of("gpt-5.6-sol", "2026-08-05", 3e5), (10.0, Some(1.0), 45.0));
}

proptest! {
    #[test]
    fn no_text_makes_the_prices_panic(text in "[a-z0-9,.\"\n€ -]{0,60}") {
        let _ = ApiPrices::read(&text);
        let _ = ApiPrices::read(&format!("{HEAD}{text}"));
    }
}
