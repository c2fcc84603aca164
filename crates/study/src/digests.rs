//! Digests of short trainings by unit, and what they say of the records of other machines.
//!
//! The table `tests/numerics.toml` holds what small trainings of every example came to on every unit that a machine at
//! hand had, and the versions of the parts that computed it. `tests/it/numerics.rs` keeps it true.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_train::{Dtype, TrainConfig};

use crate::library::Library;
use crate::record::{Outcome, RunRecord};
use crate::trial::{Group, Inputs};

/// What stands in the place of a digest that no machine has computed since a version was raised.
pub const UNVERIFIED: &str = "unverified";

/// The table of digests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Digests {
    /// The version of each part that the digests were made with.
    pub versions: BTreeMap<String, u32>,
    /// Short trainings by name.
    pub trainings: BTreeMap<String, Training>,
    /// Small corpora: digest by what it is of. They hang on no unit.
    pub corpus: BTreeMap<String, String>,
}

/// A short training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Identity of its configuration.
    pub config: String,
    /// Digest of its losses and weights by unit, or [`UNVERIFIED`].
    #[serde(flatten)]
    pub units: BTreeMap<String, String>,
}

impl Digests {
    /// The table that this program was built with.
    pub fn built_in() -> Self {
        toml::from_str(include_str!("../tests/numerics.toml"))
            .expect("the table is a file of this crate, and tested")
    }

    /// Whether all that was trained on both units came to the same bits.
    pub fn are_equal(&self, one: &str, other: &str) -> bool {
        let pairs = self.trainings.values();
        let mut pairs = pairs
            .filter_map(|of| Some((of.units.get(one)?, of.units.get(other)?)))
            .peekable();
        pairs.peek().is_some() && pairs.all(|(one, other)| one == other && one != UNVERIFIED)
    }

    /// The units whose records may stand for those of `own`, the best first: those of equal bits, and then, if `mixed`,
    /// all others.
    pub(crate) fn stand_ins(&self, dtype: Dtype, own: &str, mixed: bool) -> Vec<&'static str> {
        let others = dtype.units().filter(|unit| *unit != own);
        let (equal, unequal): (Vec<_>, Vec<_>) = others.partition(|unit| self.are_equal(unit, own));
        let unequal = unequal.into_iter().rev().filter(|_| mixed);
        equal.into_iter().chain(unequal).collect()
    }

    /// The identity of a training of `config` on another unit, if one has a record that may stand for it.
    pub(crate) fn stand_in(
        &self,
        inputs: &Inputs,
        config: &TrainConfig,
        library: &Library,
        mixed: bool,
    ) -> Option<String> {
        let units = self.stand_ins(config.dtype, &inputs.unit, mixed);
        let ids = units
            .into_iter()
            .map(|unit| inputs.on(unit.to_owned(), config).identity(config));
        let mut ids = ids.filter(|id| library.record(id).exists());
        ids.find(|id| {
            // One that cannot be read is named when it is asked for by its own identity.
            let record: Option<RunRecord> = library.read_record(id).ok().flatten();
            record.is_some_and(|record| !matches!(record.outcome, Outcome::Failed { .. }))
        })
    }
}

/// Gives each trial that has no record of its own the identity of one of another unit, where that may stand for it.
pub(crate) fn adopt(groups: &mut [Group], library: &Library, mixed: bool) {
    let table = Digests::built_in();
    for group in groups {
        let missing = group.trials.iter_mut();
        for trial in missing.filter(|trial| !library.record(&trial.id).exists()) {
            if let Some(id) = table.stand_in(&group.inputs, &trial.config, library, mixed) {
                trial.id = id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[(&str, &str)]]) -> Digests {
        let training = |row: &&[(&str, &str)]| Training {
            config: String::new(),
            units: row
                .iter()
                .map(|(unit, digest)| ((*unit).to_owned(), (*digest).to_owned()))
                .collect(),
        };
        Digests {
            trainings: (0..)
                .map(|place: usize| place.to_string())
                .zip(rows.iter().map(training))
                .collect(),
            ..Digests::default()
        }
    }

    #[test]
    fn records_of_another_unit_stand_in_where_all_digests_are_known_and_equal_or_when_mixed() {
        let equal = table(&[
            &[("avx2", "a"), ("avx512", "a")],
            &[("avx2", "b"), ("avx512", "b"), ("amx", "c")],
        ]);
        assert_eq!(equal.stand_ins(Dtype::F32, "avx2", false), ["avx512"]);
        assert_eq!(equal.stand_ins(Dtype::F32, "avx2", true), ["avx512", "portable"]);
        assert_eq!(equal.stand_ins(Dtype::Bf16, "amx", false), [""; 0]);
        assert_eq!(
            equal.stand_ins(Dtype::Bf16, "amx", true),
            ["avx512-bf16", "avx512", "avx2", "portable"]
        );
        for (one, other) in [("a", "b"), (UNVERIFIED, UNVERIFIED), ("a", UNVERIFIED)] {
            let table = table(&[
                &[("avx2", "a"), ("avx512", "a")],
                &[("avx2", one), ("avx512", other)],
            ]);
            assert!(table.stand_ins(Dtype::F32, "avx2", false).is_empty());
        }
        assert!(Digests::default().stand_ins(Dtype::F32, "avx2", false).is_empty());
    }
}
