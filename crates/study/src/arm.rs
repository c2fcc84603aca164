//! Arms: the choices that a study compares. Each is the base spec with tables laid over it.

use serde::{Deserialize, Serialize};
use toml::Table;
use triaxis_corpus::TokenizerSpec;
use triaxis_units::Flops;

use crate::spec::{SpecError, StudySpec, plain_name, rule};

/// A choice, as the spec says it: a name, and what it changes of the base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmSpec {
    /// What tables and pictures call it.
    pub name: String,
    /// Keys laid over `[corpus]`.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub corpus: Table,
    /// In place of `[tokenizer]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerSpec>,
    /// Keys laid over `[model]`.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub model: Table,
    /// Keys laid over `[training]`.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub training: Table,
    /// Keys laid over `[design]`.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub design: Table,
}

/// How arms are compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompareSpec {
    /// The arm that the others are held against; the first, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Training compute that the order of the arms is asked at, beside the ladder's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Flops>,
}

/// An arm as a study of its own: one corpus, one ladder.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name; the study's, where there are no arms.
    pub name: String,
    /// The base with the arm laid over it, and without arms.
    pub spec: StudySpec,
}

impl StudySpec {
    /// The arms, in the order given; a study without any is one arm.
    ///
    /// # Errors
    /// When a name is none or given twice, the baseline is no arm, what an arm makes of the base is no study, or two
    /// arms ask for the same.
    pub fn arms(&self) -> Result<Vec<Arm>, SpecError> {
        if self.arms.is_empty() {
            self.check_extra([self.name.as_str()])?;
            let only = Arm {
                name: self.name.clone(),
                spec: self.clone(),
            };
            return Ok(vec![only]);
        }
        let base = Self {
            arms: Vec::new(),
            compare: None,
            ..self.clone()
        };
        let base = Table::try_from(base).map_err(|error| SpecError::of("arms", &error.to_string()))?;
        let mut arms: Vec<Arm> = Vec::new();
        for (index, arm) in self.arms.iter().enumerate() {
            let key = format!("arms[{index}]");
            rule(
                plain_name(&arm.name),
                &format!("{key}.name"),
                format!("{:?}", arm.name),
                "letters, digits, `-`, `_` and `.`, not starting with `.`",
            )?;
            let mut spec = arm
                .over(&base)
                .map_err(|error| SpecError::of(&format!("{key} ({})", arm.name), &error.message))?;
            spec.extra.retain(|extra| extra.is_of(&arm.name));
            if let Some(twin) = arms.iter().find(|other| other.name == arm.name) {
                return Err(SpecError::of(
                    &key,
                    &format!(
                        "`{}` names an arm before it: each arm has a name of its own",
                        twin.name
                    ),
                ));
            }
            if let Some(twin) = arms.iter().find(|other| other.spec == spec) {
                return Err(SpecError::of(
                    &key,
                    &format!(
                        "`{}` asks for the same as `{}`: let it change something, or remove one of them",
                        arm.name, twin.name
                    ),
                ));
            }
            arms.push(Arm {
                name: arm.name.clone(),
                spec,
            });
        }
        let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        self.check_extra(names.iter().copied())?;
        if let Some(baseline) = self.named_baseline()
            && !names.contains(&baseline)
        {
            return Err(SpecError::of(
                "compare.baseline",
                &format!("`{baseline}` is no arm: one of {}", names.join(", ")),
            ));
        }
        if self.compare.is_some()
            && let [only] = arms.as_slice()
        {
            return Err(SpecError::of(
                "compare",
                &format!(
                    "`{}` is the only arm, and nothing is held against it: add an `[[arms]]`, or leave `[compare]` out",
                    only.name
                ),
            ));
        }
        Ok(arms)
    }

    /// Refuses a further run of an arm that is none.
    fn check_extra<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), SpecError> {
        let names: Vec<&str> = names.into_iter().collect();
        for (index, extra) in self.extra.iter().enumerate() {
            if let Some(arm) = extra.arm.as_deref().filter(|arm| !names.contains(arm)) {
                return Err(SpecError::of(
                    &format!("extra[{index}].arm"),
                    &format!("`{arm}` is no arm: one of {}", names.join(", ")),
                ));
            }
        }
        Ok(())
    }

    /// The name of the arm that others are held against.
    pub fn baseline<'a>(&'a self, arms: &'a [Arm]) -> Option<&'a str> {
        self.named_baseline()
            .or_else(|| arms.first().map(|arm| arm.name.as_str()))
    }

    fn named_baseline(&self) -> Option<&str> {
        self.compare.as_ref()?.baseline.as_deref()
    }
}

impl ArmSpec {
    /// The base with this arm laid over it, key by key.
    fn over(&self, base: &Table) -> Result<StudySpec, SpecError> {
        let mut spec = base.clone();
        for (section, own) in [
            ("corpus", &self.corpus),
            ("model", &self.model),
            ("training", &self.training),
            ("design", &self.design),
        ] {
            if own.is_empty() {
                continue;
            }
            let place = spec.entry(section).or_insert_with(|| Table::new().into());
            // A design of another kind has other keys.
            let keeps = |table: &Table| own.get("kind").is_none_or(|kind| table.get("kind") == Some(kind));
            match place {
                toml::Value::Table(table) if keeps(table) => table.extend(own.clone()),
                other => *other = own.clone().into(),
            }
        }
        if let Some(tokenizer) = &self.tokenizer {
            let tokenizer = toml::Value::try_from(tokenizer);
            let tokenizer = tokenizer.map_err(|error| SpecError::of("tokenizer", &error.to_string()))?;
            spec.insert("tokenizer".to_owned(), tokenizer);
        }
        StudySpec::of_table(&spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study(arms: &str) -> Result<StudySpec, SpecError> {
        StudySpec::parse(&format!(
            "{}\n{arms}",
            include_str!("../../../examples/quickstart.toml")
        ))
    }

    fn refusal(arms: &str) -> String {
        study(arms).unwrap_err().message
    }

    #[test]
    fn an_arm_is_the_base_with_its_tables_laid_over_it() {
        let spec = study(
            r#"
            [[arms]]
            name = "base"
            [[arms]]
            name = "long"
            training = { context = 64, weight_decay = 0.3 }
            model = { layers = 3 }
            corpus = { sample = "8MB" }
            tokenizer = { vocabulary = 300 }
            [[arms]]
            name = "grid"
            design = { kind = "grid", tokens = ["1M"], sizes = [{ width = 24, heads = 2 }] }
            [compare]
            at = "1e20"
            "#,
        )
        .unwrap();
        let arms = spec.arms().unwrap();
        let plain = StudySpec::parse(include_str!("../../../examples/quickstart.toml")).unwrap();
        assert_eq!(arms[0].spec, plain);
        assert_eq!(spec.baseline(&arms), Some("base"));
        let long = &arms[1].spec;
        assert_eq!((long.training.context, long.training.weight_decay), (64, 0.3));
        assert_eq!(long.training.learning_rate, plain.training.learning_rate);
        assert_eq!(long.model["layers"], toml::Value::Integer(3));
        assert_eq!(long.corpus.sample, Some(triaxis_units::Bytes(8_000_000)));
        assert_eq!(long.corpus.sources, plain.corpus.sources);
        assert_eq!(long.tokenizer, TokenizerSpec::Train { vocabulary: 300 });
        assert_eq!(arms[2].spec.design.sizes().len(), 1);
    }

    #[test]
    fn a_study_without_arms_is_one() {
        let spec = study("").unwrap();
        let arms = spec.arms().unwrap();
        assert_eq!((arms.len(), arms[0].name.as_str()), (1, "quickstart"));
        assert_eq!(arms[0].spec, spec);
    }

    #[test]
    fn arms_that_compare_nothing_are_refused() {
        for (arms, said) in [
            (
                "[[arms]]\nname = \"a\"\n[[arms]]\nname = \"b\"\ntraining = { decay = 0.2 }",
                "same as `a`",
            ),
            (
                "[[arms]]\nname = \"a\"\n[[arms]]\nname = \"a\"\ntraining = { decay = 0.3 }",
                "name of its own",
            ),
            ("[[arms]]\nname = \"a b\"", "letters, digits"),
            (
                "[[arms]]\nname = \"a\"\n[compare]\nbaseline = \"z\"",
                "`z` is no arm: one of a",
            ),
            (
                "[[arms]]\nname = \"a\"\ntraining = { decay = 7.0 }",
                "`arms[0] (a)`: `training.decay` is 7",
            ),
            ("[[arms]]\nname = \"a\"\ntraining = { dekay = 0.5 }", "dekay"),
            (
                "[[arms]]\nname = \"a\"\n[compare]\nbaseline = \"a\"",
                "`a` is the only arm",
            ),
            ("[compare]\nat = 1e20", "two or more `[[arms]]`"),
        ] {
            let refusal = refusal(arms);
            assert!(refusal.contains(said), "{arms}: {refusal}");
        }
    }
}
