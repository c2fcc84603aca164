//! What filters measure of documents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_filters::{Bound, Check};

use super::{Distribution, Summary};

/// What a filter measures, over all documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasuredValue {
    /// The filter.
    pub filter: String,
    /// What is measured.
    pub name: String,
    /// What it must be; the strictest, where that hangs on the document.
    pub bound: Bound,
    /// Documents that it is not of, whatever else they are dropped for.
    pub broken: u64,
    /// The values.
    pub values: Summary,
}

/// Values as they come, by filter and name.
#[derive(Default)]
pub(super) struct Values(BTreeMap<(usize, &'static str), Value>);

struct Value {
    /// Its least place among the filter's checks, by which values are told in their order.
    order: usize,
    bound: Bound,
    broken: u64,
    values: Distribution,
}

/// The one that fewer values keep.
fn stricter(one: Bound, other: Bound) -> Bound {
    match (one, other) {
        (Bound::AtLeast(one), Bound::AtLeast(other)) => Bound::AtLeast(one.max(other)),
        (Bound::AtMost(one), Bound::AtMost(other)) => Bound::AtMost(one.min(other)),
        (Bound::AtLeast(_), _) => one,
        (_, Bound::AtLeast(_)) => other,
    }
}

impl Values {
    /// Adds what the filter at a place measured of a document.
    pub(super) fn add(&mut self, filter: usize, checks: &[Check]) {
        for (order, check) in checks.iter().enumerate() {
            let value = self.0.entry((filter, check.name)).or_insert_with(|| Value {
                order,
                bound: check.bound,
                broken: 0,
                values: Distribution::default(),
            });
            value.order = value.order.min(order);
            value.bound = stricter(value.bound, check.bound);
            value.broken += u64::from(check.is_broken());
            value.values.add(check.value);
        }
    }

    /// Adds what was measured of other documents.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, more) in other.0 {
            match self.0.get_mut(&key) {
                None => drop(self.0.insert(key, more)),
                Some(value) => {
                    value.order = value.order.min(more.order);
                    value.bound = stricter(value.bound, more.bound);
                    value.broken += more.broken;
                    value.values.merge(&more.values);
                }
            }
        }
    }

    /// All values, filter by filter in the order of its bounds.
    pub(super) fn told(self, filters: &[&'static str]) -> Vec<MeasuredValue> {
        let mut values: Vec<_> = self.0.into_iter().collect();
        values.sort_by_key(|((filter, name), value)| (*filter, value.order, *name));
        let told = values.into_iter().filter_map(|((filter, name), value)| {
            Some(MeasuredValue {
                filter: filters.get(filter)?.to_string(),
                name: name.to_owned(),
                bound: value.bound,
                broken: value.broken,
                values: value.values.summary()?,
            })
        });
        told.collect()
    }
}
