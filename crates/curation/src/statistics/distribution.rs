//! How often values of each size were measured: quantiles in little memory, the same in whatever order values come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bits of a double that buckets do not tell apart: a number and its double have 128 buckets between them.
const WITHIN: u32 = 45;
/// Shares of documents whose quantiles are told.
const SHARES: [f64; 5] = [0.01, 0.1, 0.5, 0.9, 0.99];
/// Bars of a histogram of equal parts.
const BARS: usize = 20;
/// Values above this are told in powers of two.
const LARGE: f64 = 100.0;

/// Values in buckets that are at most 1/128 wide of what they hold, as HdrHistogram has them. A bucket is found from the
/// bits of a value alone, and counts add up in any order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Distribution {
    /// In the order of their values.
    buckets: BTreeMap<i64, Bucket>,
    count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    count: u64,
    least: f64,
    most: f64,
}

/// What is told of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there are.
    pub count: u64,
    /// The least.
    pub least: f64,
    /// Quantiles.
    pub quantiles: Vec<Quantile>,
    /// The greatest.
    pub most: f64,
    /// How many lie where, from the least on.
    pub histogram: Vec<Bar>,
}

/// A value that a share of all does not pass: one that was measured, at most 1/128 below that of its rank.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// The share.
    pub share: f64,
    /// The value.
    pub value: f64,
}

/// Values from one number to before another; in the last bar, to that one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The first number.
    pub from: f64,
    /// The number behind.
    pub to: f64,
    /// How many.
    pub count: u64,
}

/// Numbers that rise with the values, as those of the standard's total order do.
fn bucket(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    let turned = (bits >> 63).cast_unsigned() >> 1;
    (bits ^ turned.cast_signed()) >> WITHIN
}

impl Distribution {
    /// Adds a value. What is no finite number is no value.
    pub(crate) fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        // Of the two zeros there is one.
        let value = value + 0.0;
        let one = Bucket {
            count: 1,
            least: value,
            most: value,
        };
        self.put(bucket(value), one);
    }

    /// Adds all values of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (place, bucket) in &other.buckets {
            self.put(*place, *bucket);
        }
    }

    fn put(&mut self, place: i64, more: Bucket) {
        self.count += more.count;
        let held = self.buckets.entry(place).or_insert(Bucket { count: 0, ..more });
        held.count += more.count;
        held.least = held.least.min(more.least);
        held.most = held.most.max(more.most);
    }

    /// What is told of them, if there are any.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let least = self.buckets.first_key_value()?.1.least;
        let most = self.buckets.last_key_value()?.1.most;
        let quantiles = SHARES.map(|share| Quantile {
            share,
            value: self.quantile(share).unwrap_or(most),
        });
        Some(Summary {
            count: self.count,
            least,
            quantiles: quantiles.to_vec(),
            most,
            histogram: self.histogram(least, most),
        })
    }

    /// The least value of the bucket in which the value of this rank lies.
    fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (share * self.count as f64).ceil().max(1.0) as u64;
        let mut passed = 0;
        let mut buckets = self.buckets.values();
        let found = buckets.find(|bucket| {
            passed += bucket.count;
            passed >= rank
        });
        found.map(|bucket| bucket.least)
    }

    /// A bucket stands in the bar of its least value.
    fn histogram(&self, least: f64, most: f64) -> Vec<Bar> {
        let edges = edges(least, most);
        let mut bars: Vec<Bar> = edges
            .windows(2)
            .map(|pair| Bar {
                from: pair[0],
                to: pair[1],
                count: 0,
            })
            .collect();
        for bucket in self.buckets.values() {
            let place = bars.partition_point(|bar| bar.to <= bucket.least);
            let last = bars.len() - 1;
            bars[place.min(last)].count += bucket.count;
        }
        bars
    }
}

/// Where bars begin and end: shares in equal parts of 1, other small values in equal parts from 0, large ones in powers
/// of two.
fn edges(least: f64, most: f64) -> Vec<f64> {
    if least >= 0.0 && most > LARGE {
        let doubles = std::iter::successors(Some(1.0), |edge| Some(edge * 2.0));
        let above = doubles.clone().take_while(|edge| *edge <= most).count();
        return std::iter::once(0.0).chain(doubles.take(above + 1)).collect();
    }
    let low = least.min(0.0);
    let high = if (0.0..=1.0).contains(&most) {
        1.0
    } else {
        most.max(0.0)
    };
    let shares = (0..=BARS).map(|number| number as f64 / BARS as f64);
    shares.map(|share| low * (1.0 - share) + high * share).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Distribution {
        let mut distribution = Distribution::default();
        values.iter().for_each(|value| distribution.add(*value));
        distribution
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![
            0.0..=1.0,
            -50.0..5000.0,
            Just(0.0),
            Just(-0.0),
            1e-12..1e-9,
            1e9..1e15
        ];
        prop::collection::vec(value, 1..300)
    }

    proptest! {
        #[test]
        fn quantiles_are_measured_values_near_those_of_their_rank(values in values()) {
            let summary = of(&values).summary().unwrap();
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!((summary.least, summary.most), (sorted[0], sorted[sorted.len() - 1]));
            for Quantile { share, value } in summary.quantiles {
                let exact = sorted[((share * sorted.len() as f64).ceil() as usize).max(1) - 1];
                prop_assert!(value <= exact && exact - value <= exact.abs().max(value.abs()) / 128.0, "{} {}", value, exact);
                prop_assert!(values.contains(&value));
            }
        }

        #[test]
        fn whatever_is_added_first_the_same_is_told(values in values(), cut in 0_usize..300) {
            let (one, other) = values.split_at(cut.min(values.len()));
            let mut merged = of(other);
            merged.merge(&of(one));
            prop_assert_eq!(merged.summary(), of(&values).summary());
        }

        #[test]
        fn bars_hold_every_value_once_and_where_it_lies(values in values()) {
            let summary = of(&values).summary().unwrap();
            let bars = &summary.histogram;
            prop_assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), values.len() as u64);
            prop_assert!(bars.windows(2).all(|pair| pair[0].to == pair[1].from));
            prop_assert!(bars[0].from <= summary.least && summary.most <= bars[bars.len() - 1].to);
        }
    }

    #[test]
    fn whole_numbers_below_256_are_told_exactly() {
        let values: Vec<f64> = (0..256).map(f64::from).collect();
        let summary = of(&values).summary().unwrap();
        let told: Vec<f64> = summary.quantiles.iter().map(|quantile| quantile.value).collect();
        assert_eq!(told, [2.0, 25.0, 127.0, 230.0, 253.0]);
        let counts: Vec<u64> = summary.histogram.iter().map(|bar| bar.count).collect();
        assert_eq!(counts, [1, 1, 2, 4, 8, 16, 32, 64, 128]);
    }

    #[test]
    fn of_nothing_nothing_is_told() {
        assert_eq!(of(&[f64::NAN, f64::INFINITY]).summary(), None);
    }
}
