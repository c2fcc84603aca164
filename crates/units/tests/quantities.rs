//! What reads, what prints, what is refused, and that the three agree.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use triaxis_units::{
    BitsPerByte, Bytes, Dollars, Flops, Nats, Params, QuantityError, Requests, Seconds, Tokens,
};

const LARGEST: u64 = 1 << 53;

/// Reads back what it prints and prints it the same again; the same as a number in JSON.
fn round_trips<T>(value: T)
where
    T: Copy + Debug + Display + PartialEq + FromStr<Err = QuantityError> + Serialize + DeserializeOwned,
{
    let printed = value.to_string();
    let read: T = printed
        .parse()
        .unwrap_or_else(|error| panic!("{value:?} prints as {printed}: {error}"));
    assert_eq!(read.to_string(), printed, "{value:?}");
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
    assert_eq!(
        serde_json::from_str::<T>(&format!("\"{printed}\"")).unwrap(),
        read
    );
}

/// Counts of every magnitude.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..2000u64,
        (0.0..53.0f64).prop_map(|log| log.exp2() as u64),
        LARGEST - 2000..=LARGEST
    ]
}

/// Amounts of every magnitude.
fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        0.0..2000.0,
        (-30.0..60.0f64).prop_map(|log| 10f64.powf(log))
    ]
}

proptest! {
    #[test]
    fn counts_round_trip(count in count()) {
        round_trips(Params(count));
        round_trips(Tokens(count));
        round_trips(Requests(count));
        round_trips(Bytes(count));
    }

    #[test]
    fn amounts_round_trip(amount in amount()) {
        round_trips(Flops(amount));
        round_trips(Dollars(amount));
        round_trips(Seconds(amount));
        round_trips(Nats(amount));
        round_trips(BitsPerByte(amount));
    }

    #[test]
    fn print_keeps_three_digits(count in 1..LARGEST, amount in 1e-20..1e20f64) {
        let near = |read: f64, was: f64| (read / was - 1.0).abs() < 5.1e-3;
        prop_assert!(near(Params(count).to_string().parse::<Params>().unwrap().as_f64(), count as f64));
        prop_assert!(near(Bytes(count).to_string().parse::<Bytes>().unwrap().as_f64(), count as f64));
        prop_assert!(near(Flops(amount).to_string().parse::<Flops>().unwrap().0, amount));
        prop_assert!(near(Dollars(amount).to_string().parse::<Dollars>().unwrap().0, amount));
    }

    #[test]
    fn plain_digits_are_read_exactly_or_refused(count in any::<u64>()) {
        let read = count.to_string().parse::<Tokens>();
        prop_assert_eq!(read.ok(), (count <= LARGEST).then_some(Tokens(count)));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,24}") {
        refuses_or_reads(&text);
    }

    #[test]
    fn any_numeric_text_is_read_or_refused(text in "[-+$0-9.eE_ kKmMgGtTbBihsnd]{0,16}") {
        refuses_or_reads(&text);
    }

    #[test]
    fn counts_never_wrap(left in any::<u64>(), right in any::<u64>()) {
        prop_assert!(Tokens(left) + Tokens(right) >= Tokens(left.max(right)));
        prop_assert!(Tokens(left) - Tokens(right) <= Tokens(left));
        prop_assert!(right == 0 || Tokens(left) * right >= Tokens(left));
        let mut sum = Bytes(left);
        sum += Bytes(right);
        prop_assert_eq!(sum, [Bytes(left), Bytes(right)].into_iter().sum());
    }
}

fn refuses_or_reads(text: &str) {
    if let Ok(value) = text.parse::<Params>() {
        assert!(value.0 <= LARGEST, "{text}");
    }
    if let Ok(value) = text.parse::<Bytes>() {
        assert!(value.0 <= LARGEST, "{text}");
    }
    let amounts = [
        text.parse::<Flops>().map(|value| value.0),
        text.parse::<Seconds>().map(|value| value.0),
        text.parse::<Dollars>().map(|value| value.0),
        text.parse::<Nats>().map(|value| value.0),
    ];
    for value in amounts.into_iter().flatten() {
        assert!(
            value >= 0.0 && value.is_finite() && value.is_sign_positive(),
            "{text}"
        );
    }
}

#[test]
fn people_write_it_like_this() {
    for (text, count) in [
        ("7B", 7_000_000_000),
        ("1.4T", 1_400_000_000_000),
        ("0.1B", 100_000_000),
        ("1_000", 1000),
        (" 12 k ", 12_000),
        ("3e9", 3_000_000_000),
        ("2.5e3K", 2_500_000),
        ("+5", 5),
        ("5.", 5),
        (".5K", 500),
        ("-0", 0),
        ("9007199254740992", LARGEST),
    ] {
        assert_eq!(text.parse(), Ok(Params(count)), "{text}");
    }
    for (text, count) in [
        ("24GiB", 24 << 30),
        ("24GB", 24_000_000_000),
        ("80gb", 80_000_000_000),
        ("512 B", 512),
        ("0.1GiB", 107_374_182),
        ("1mib", 1 << 20),
    ] {
        assert_eq!(text.parse(), Ok(Bytes(count)), "{text}");
    }
    for (text, flops) in [
        ("3e21", 3e21),
        ("3E21", 3e21),
        ("5P", 5e15),
        ("3E", 3e18),
        ("1.2Z", 1.2e21),
        ("2m", 2e6),
    ] {
        assert_eq!(text.parse(), Ok(Flops(flops)), "{text}");
    }
    for (text, seconds) in [
        ("90", 90.0),
        ("90 s", 90.0),
        ("40ms", 0.04),
        ("5min", 300.0),
        ("1h 30min", 5400.0),
        ("1h30min", 5400.0),
        ("2d 3h 4min 5s", 183_845.0),
        ("1.5e1 min", 900.0),
    ] {
        assert_eq!(text.parse(), Ok(Seconds(seconds)), "{text}");
    }
    for (text, dollars) in [("$1.5M", 1.5e6), ("1.5m", 1.5e6), (" $ 20K", 2e4), ("0.25", 0.25)] {
        assert_eq!(text.parse(), Ok(Dollars(dollars)), "{text}");
    }
}

#[test]
fn everything_else_is_refused_with_value_rule_and_remedy() {
    let message = |error: QuantityError| error.to_string();
    for text in [
        "", " ", "B", "-", ".", "nan", "NaN", "inf", "-inf", "infinity", "1e999", "ten", "$", "٣",
    ] {
        let error = message(text.parse::<Params>().unwrap_err());
        assert!(error.contains(text) && error.contains("7B"), "{error}");
        assert!(
            text.parse::<Seconds>().is_err() && text.parse::<Dollars>().is_err(),
            "{text}"
        );
    }
    for text in [
        "-1",
        "-7B",
        "1.5",
        "0.0001K",
        "9007199254740993",
        "9008T",
        "1e30",
        "1e300T",
    ] {
        let error = message(text.parse::<Tokens>().unwrap_err());
        assert!(error.contains(text) && error.contains("2^53"), "{error}");
    }
    for (text, suffix) in [
        ("7Q", "Q"),
        ("7BB", "BB"),
        ("7 billion", "billion"),
        ("1 000", "000"),
        ("0x10", "x10"),
    ] {
        let error = message(text.parse::<Params>().unwrap_err());
        assert!(
            error.contains(&format!("`{suffix}`")) && error.contains("`T`"),
            "{error}"
        );
    }
    for text in ["3e", "3e+", "1e300Z", "-1", "1K"] {
        assert!(text.parse::<Flops>().is_err(), "{text}");
    }
    for text in ["1h 30", "30 1h", "1 h min", "-5s", "1h -5min", "5m", "1e308d"] {
        assert!(text.parse::<Seconds>().is_err(), "{text}");
    }
    for text in ["0.5", "0.5B", "1.5B"] {
        assert!(text.parse::<Bytes>().is_err(), "{text}");
    }
    for (text, dollars) in [
        ("USD 1M", 1e6),
        ("1.5M USD", 1.5e6),
        ("$1,750,000", 1.75e6),
        ("1,750.25", 1750.25),
    ] {
        assert_eq!(text.parse::<Dollars>().unwrap(), Dollars(dollars), "{text}");
    }
    for text in [
        "-$5",
        "$-5",
        "$$5",
        "5$",
        "1,75",
        "1,,000",
        ",100",
        "1000,000",
        "USD",
        "USD USD 5",
    ] {
        assert!(text.parse::<Dollars>().is_err(), "{text}");
    }
    for text in ["€2.5", "2.5 EUR", "GBP 5M", "2.5M£", "CHF2.5", "2.5eur"] {
        let error = message(text.parse::<Dollars>().unwrap_err());
        assert!(error.contains("in US dollars: convert it"), "{error}");
    }
    for text in ["-0.1", "2.1 nats", "nan"] {
        assert!(
            text.parse::<Nats>().is_err() && text.parse::<BitsPerByte>().is_err(),
            "{text}"
        );
    }
    assert!(message("2.1 nats".parse::<Nats>().unwrap_err()).contains("none at all"));
}

#[test]
fn numbers_are_held_to_the_same_rules() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.5, 9.1e15] {
        assert!(Params::try_from(value).is_err(), "{value}");
    }
    assert_eq!(Params::from_f64_rounded(2.6), Ok(Params(3)));
    assert!(Params::from_f64_rounded(-2.6).is_err() && Params::from_f64_rounded(f64::NAN).is_err());
    for value in [f64::NAN, f64::INFINITY, -1.0] {
        assert!(
            Dollars::try_from(value).is_err() && Nats::try_from(value).is_err(),
            "{value}"
        );
    }
    for json in [
        "-1",
        "1.5",
        "9007199254740993",
        "18446744073709551615",
        "null",
        "true",
        "[]",
        "\"7Q\"",
        "1e300",
    ] {
        assert!(serde_json::from_str::<Tokens>(json).is_err(), "{json}");
    }
    for json in ["-1", "-0.5", "null", "\"$-1\"", "\"nan\""] {
        assert!(serde_json::from_str::<Dollars>(json).is_err(), "{json}");
        assert!(serde_json::from_str::<Nats>(json).is_err(), "{json}");
    }
    assert_eq!(
        serde_json::from_str::<Tokens>("9007199254740992").unwrap(),
        Tokens(LARGEST)
    );
    assert_eq!(serde_json::from_str::<Tokens>("1e3").unwrap(), Tokens(1000));
    assert_eq!(serde_json::from_str::<Nats>("3").unwrap(), Nats(3.0));
    assert_eq!(serde_json::from_str::<Nats>("\"3.25\"").unwrap(), Nats(3.25));
    let error = serde_json::from_str::<Tokens>("true").unwrap_err().to_string();
    assert!(
        error.contains("number of tokens, as a number or a text"),
        "{error}"
    );
}

#[test]
fn it_prints_like_this() {
    let printed: Vec<String> = vec![
        Params(0).to_string(),
        Params(999).to_string(),
        Params(1000).to_string(),
        Params(6_972_345_678).to_string(),
        Params(999_999).to_string(),
        format!("{:.6}", Params(6_972_345_678)),
        Bytes(0).to_string(),
        Bytes(1000).to_string(),
        Bytes(1024).to_string(),
        Bytes(1500).to_string(),
        Bytes(24 << 30).to_string(),
        Bytes(1 << 53).to_string(),
        Flops(3e21).to_string(),
        Flops(0.0).to_string(),
        Dollars(1.5e6).to_string(),
        Dollars(0.17).to_string(),
        (Dollars(1.0) - Dollars(3.5)).to_string(),
        Seconds(0.0).to_string(),
        Seconds(0.0401).to_string(),
        Seconds(0.9996).to_string(),
        Seconds(12.4).to_string(),
        Seconds(59.7).to_string(),
        Seconds(185.0).to_string(),
        Seconds(4800.0).to_string(),
        Seconds(90_000.0).to_string(),
        (Seconds(1.0) - Seconds(6.0)).to_string(),
        Nats(2.34567).to_string(),
        format!("{:.2}", BitsPerByte(1.056)),
        format!("[{:6}|{:7}]", Params(7), Nats(2.0)),
        format!(
            "[{:>6}|{:<6}|{:^6}|{:*>6}]",
            Params(7),
            Tokens(7),
            Bytes(7),
            Dollars(7.0)
        ),
    ];
    let expected = [
        "0",
        "999",
        "1K",
        "6.97B",
        "1M",
        "6.97235B",
        "0B",
        "1000B",
        "1KiB",
        "1.46KiB",
        "24GiB",
        "8192TiB",
        "3.00e21",
        "0",
        "$1.5M",
        "$0.17",
        "-$2.5",
        "0s",
        "40.1ms",
        "1s",
        "12s",
        "1min 0s",
        "3min 5s",
        "1h 20min",
        "1d 1h",
        "-5s",
        "2.3457",
        "1.06",
        "[7     | 2.0000]",
        "[     7|7     |  7B  |****$7]",
    ];
    assert_eq!(printed, expected);
}

#[test]
fn operations_follow_their_formulas() {
    assert_eq!(Flops::six_nd(Params(2), Tokens(3)), Flops(36.0));
    assert_eq!(Flops::two_nd(Params(2), Tokens(3)), Flops(12.0));
    assert_eq!(Tokens(3) / Tokens(2), 1.5);
    assert_eq!(Dollars(3.0) * 2.0 + Dollars(1.0), Dollars(7.0));
    let (tokens, bytes) = (Tokens(1000), Bytes(3500));
    let loss = Nats(2.4);
    let back = loss.to_bits_per_byte(tokens, bytes).to_nats(tokens, bytes);
    assert!((back.0 - loss.0).abs() < 1e-12);
}
