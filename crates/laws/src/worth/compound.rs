//! Whether steps that are taken together are worth what each is worth alone, multiplied.
//!
//! What the parts would be worth together is an arm as well: its reducible loss is that of the baseline times what each
//! part's is of it, run by run, since multipliers of compute multiply where these do. The whole is then held against it by
//! their pairs, so that the luck that runs of one seed share in all arms says nothing here either.

use serde::{Deserialize, Serialize};

use super::{Arm, Call, Options, Run, compare};
use crate::error::{FitError, Refusal};
use crate::fit::Estimate;
use triaxis_units::Finding;

/// What a whole is worth beside its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compound {
    /// Level of all intervals.
    pub level: f64,
    /// What the whole is worth: how many times its compute the baseline takes to the same loss.
    pub whole: Estimate,
    /// What each part is worth, in the order given.
    pub parts: Vec<Estimate>,
    /// The product of what the parts are worth.
    pub product: Estimate,
    /// What the whole is worth over that product: 1 where its parts do not hinder or help each other.
    pub over_product: Estimate,
    /// Two-sided chance that parts that do not would have differed by so much (Student's t).
    pub chance: f64,
    /// Whether the whole is called better or worse than the product.
    pub call: Call,
}

impl Compound {
    /// What is seen of it, in words.
    pub fn verdict(&self) -> &'static str {
        match self.call {
            Call::Better => "worth more than the product of its parts",
            Call::Worse => "worth less than the product of its parts",
            Call::NoDifferenceSeen => "no difference to the product of its parts seen",
            Call::CannotTell => "cannot tell: too few pairs for their noise",
        }
    }
}

/// What a whole is worth beside its parts, by name, or why nobody can say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compounded {
    /// The arm that all are held against.
    pub baseline: String,
    /// The arm that has all.
    pub whole: String,
    /// Those that have a part each.
    pub parts: Vec<String>,
    /// What it is worth beside them.
    pub found: Finding<Compound>,
}

/// What `whole` is worth beside the arms `parts` of `arms`, all against `baseline`.
///
/// # Errors
/// As [`compare`], and [`FitError::Refused`] where an arm has no run of a size, budget and seed that all have.
pub fn compound(
    arms: &[Arm],
    baseline: &str,
    whole: &str,
    parts: &[&str],
    options: &Options,
) -> Result<Compound, FitError> {
    let options = Options {
        own_laws: false,
        asked: None,
        ..options.clone()
    };
    let is_of_it =
        |arm: &&Arm| arm.name == baseline || arm.name == whole || parts.contains(&arm.name.as_str());
    let own: Vec<Arm> = arms.iter().filter(is_of_it).cloned().collect();
    let is_there = |name: &&&str| own.iter().any(|arm| arm.name == **name);
    if let Some(name) = [whole].iter().chain(parts).find(|name| !is_there(name)) {
        let arm = (*name).to_owned();
        return Err(Refusal::NoRuns { arm }.into());
    }
    let alone = compare(&own, baseline, &options)?;
    let worth = |name: &str| {
        let found = alone.arms.iter().find(|worth| worth.arm == name);
        let missing = || Refusal::NoRuns { arm: name.to_owned() };
        found.map(|worth| worth.compute_multiplier).ok_or_else(missing)
    };
    let floor = alone.shared.get("E").map_or(0.0, |floor| floor.value);
    let product = product(&own, baseline, parts, floor);
    let against = |base: &str, arm: &str| -> Result<super::Worth, FitError> {
        let both: Vec<Arm> = own
            .iter()
            .chain([&product])
            .filter(|of| of.name == base || of.name == arm)
            .cloned()
            .collect();
        let compared = compare(&both, base, &options)?;
        let found = compared.arms.into_iter().next();
        Ok(found.ok_or_else(|| Refusal::NoRuns { arm: arm.to_owned() })?)
    };
    let of_product = against(baseline, &product.name)?;
    let whole_over = against(&product.name, whole)?;
    Ok(Compound {
        level: options.level,
        whole: worth(whole)?,
        parts: parts.iter().map(|part| worth(part)).collect::<Result<_, _>>()?,
        product: of_product.compute_multiplier,
        over_product: whole_over.compute_multiplier,
        chance: whole_over.chance,
        call: whole_over.call,
    })
}

/// The arm of all parts together, had each the effect on the reducible loss that it has alone.
fn product(arms: &[Arm], baseline: &str, parts: &[&str], floor: f64) -> Arm {
    let named = |name: &str| {
        arms.iter()
            .find(|arm| arm.name == name)
            .map_or(&[][..], |arm| &arm.runs)
    };
    let like = |runs: &[Run], run: &Run| {
        let mut alike = runs
            .iter()
            .filter(|of| of.size == run.size && of.budget == run.budget && of.seed == run.seed);
        alike.next().map(|of| of.loss - floor)
    };
    let together = |run: &Run| {
        let base = run.loss - floor;
        let factor = parts
            .iter()
            .map(|part| Some(like(named(part), run)? / base))
            .product::<Option<f64>>()?;
        let loss = floor + base * factor;
        (loss.is_finite() && loss > floor).then(|| Run { loss, ..run.clone() })
    };
    Arm {
        name: format!("{} together", parts.join(" and ")),
        runs: named(baseline).iter().filter_map(together).collect(),
    }
}
