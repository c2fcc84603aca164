//! What a study has recorded and makes again: which part of the program changed since, and how many trials it takes along.

use std::collections::BTreeMap;

use crate::digests::Digests;
use crate::frozen::Frozen;
use crate::library::Library;
use crate::sealed;
use crate::store::Store;
use crate::trial::{Group, Inputs, Trial};

impl Frozen {
    /// The groups of the last run in `store`; none where they cannot be read.
    pub fn earlier(store: &Store) -> Self {
        sealed::read(&store.trials()).ok().flatten().unwrap_or_default()
    }

    /// What of these the groups `now` make again though it is in the library, and why, a sentence a reason. Only what the
    /// program and the machine do is looked at; that another text gives other trials is no news.
    pub fn again(&self, now: &[Group], library: &Library, mixed: bool) -> Vec<String> {
        let table = Digests::built_in();
        let mut again: BTreeMap<String, usize> = BTreeMap::new();
        for (group, trial) in trials(now) {
            let Some((then, before)) = trials(&self.groups).find(|(_, before)| before.config == trial.config)
            else {
                continue;
            };
            // On the same corpus, as the program and the machine are now.
            let inputs = then.inputs.on(group.inputs.unit.clone(), &trial.config);
            let id = inputs.identity(&trial.config);
            let is_recorded = |id: &str| library.record(id).exists();
            let stands = || table.stand_in(&inputs, &trial.config, library, mixed).is_some();
            if before.id != id && is_recorded(&before.id) && !is_recorded(&id) && !stands() {
                *again.entry(recorded(then, before).changed(&inputs)).or_default() += 1;
            }
        }
        let numerics = triaxis_corpus::numerics();
        let corpus = changes(&self.corpus, &numerics);
        let corpus = corpus.filter(|_| !self.corpus.is_empty()).map(|change| {
            format!("the corpus is made again, and with it the trials whose tokens become others: {change}")
        });
        let trials = again.into_iter().map(|(why, trials)| match trials {
            1 => format!("1 trial runs again: {why}"),
            trials => format!("{trials} trials run again: {why}"),
        });
        corpus.chain(trials).collect()
    }
}

/// What a trial was run with: its group's inputs, unless its record is one of another unit.
fn recorded(group: &Group, trial: &Trial) -> Inputs {
    let config = &trial.config;
    let units = config.dtype.units();
    let mut all = units.map(|unit| group.inputs.on(unit.to_owned(), config));
    all.find(|inputs| inputs.identity(config) == trial.id)
        .unwrap_or_else(|| group.inputs.clone())
}

impl Inputs {
    /// What the program or the machine does otherwise in `now`.
    fn changed(&self, now: &Self) -> String {
        if self.numerics.is_empty() {
            return "the program that recorded it told no versions of its parts".to_owned();
        }
        let unit = (self.unit != now.unit).then(|| {
            format!(
                "{} multiplies here, which rounds otherwise than {}",
                now.unit, self.unit
            )
        });
        let parts = changes(&self.numerics, &now.numerics);
        let all: Vec<String> = unit.into_iter().chain(parts).collect();
        match all.is_empty() {
            true => {
                "an earlier version of the program trained anew for each set of validation texts".to_owned()
            }
            false => all.join("; "),
        }
    }
}

/// The parts that both have, in other versions.
fn changes(then: &BTreeMap<String, u32>, now: &BTreeMap<String, u32>) -> impl Iterator<Item = String> {
    let both = then
        .iter()
        .filter_map(|(part, then)| Some((part, then, now.get(part)?)));
    let changed = both.filter(|(_, then, now)| then != now);
    changed.map(|(part, then, now)| format!("`{part}` computes otherwise (version {now}, and it was {then})"))
}

fn trials(groups: &[Group]) -> impl Iterator<Item = (&Group, &Trial)> {
    groups
        .iter()
        .flat_map(|group| group.trials.iter().map(move |trial| (group, trial)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::StudySpec;
    use crate::trial::{Prepared, resolve};

    /// The groups of the quickstart, and what an earlier program would have made of them.
    fn groups(change: impl Fn(&mut Inputs)) -> (Vec<Group>, Frozen) {
        let spec = StudySpec::parse(include_str!("../../../examples/quickstart.toml")).unwrap();
        let prepared = Prepared {
            vocabulary: 512,
            ..Prepared::default()
        };
        let now = resolve(&spec.arms().unwrap()[0], &prepared).unwrap();
        let mut groups = now.clone();
        for group in &mut groups {
            change(&mut group.inputs);
            for trial in &mut group.trials {
                trial.id = group.inputs.identity(&trial.config);
            }
        }
        (
            now,
            Frozen {
                groups,
                ..Frozen::default()
            },
        )
    }

    #[test]
    fn what_runs_again_is_told_with_the_part_that_changed() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path());
        std::fs::create_dir(folder.path().join("records")).unwrap();
        let record = |trial: &Trial| std::fs::write(library.record(&trial.id), "").unwrap();
        let (now, mut earlier) = groups(|inputs| {
            inputs.numerics.insert("kernels".to_owned(), 0);
        });
        // What was never recorded does not run again.
        assert!(earlier.again(&now, &library, false).is_empty());
        for (_, trial) in trials(&earlier.groups).take(3) {
            record(trial);
        }
        assert_eq!(
            earlier.again(&now, &library, false),
            ["3 trials run again: `kernels` computes otherwise (version 1, and it was 0)"]
        );
        for (_, trial) in trials(&now).take(2) {
            record(trial);
        }
        let said = earlier.again(&now, &library, false);
        assert!(said[0].starts_with("1 trial runs again: "), "{said:?}");
        earlier.corpus = [("tokenizer".to_owned(), 0)].into();
        let said = earlier.again(&now, &library, false);
        assert!(
            said[0].contains("the corpus is made again") && said[0].contains("`tokenizer`"),
            "{said:?}"
        );
        let (now, same) = groups(|_| {});
        assert!(same.again(&now, &library, false).is_empty());
    }

    #[test]
    fn trials_that_were_named_by_their_validation_texts_too_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path());
        std::fs::create_dir(folder.path().join("records")).unwrap();
        let (now, mut earlier) = groups(|_| {});
        for trial in earlier.groups.iter_mut().flat_map(|group| &mut group.trials) {
            // A hash over more than is read today.
            trial.id = format!("texts-{}", trial.id);
            std::fs::write(library.record(&trial.id), "").unwrap();
        }
        let said = earlier.again(&now, &library, false);
        assert!(
            said.len() == 1 && said[0].contains("for each set of validation texts"),
            "{said:?}"
        );
    }

    #[test]
    fn another_unit_and_a_program_without_versions_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path());
        std::fs::create_dir(folder.path().join("records")).unwrap();
        for (change, expected) in [
            (
                (|inputs| inputs.unit = "abacus".to_owned()) as fn(&mut Inputs),
                "which rounds otherwise than abacus",
            ),
            (|inputs| inputs.numerics.clear(), "told no versions"),
        ] {
            let (now, earlier) = groups(change);
            for (_, trial) in trials(&earlier.groups) {
                std::fs::write(library.record(&trial.id), "").unwrap();
            }
            let said = earlier.again(&now, &library, false);
            assert!(said.len() == 1 && said[0].contains(expected), "{said:?}");
        }
    }
}
