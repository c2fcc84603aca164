//! Whether steps that are taken together are worth what each is worth alone, multiplied.
//!
//! What the parts would be worth together is an arm as well: its reducible loss is that of the baseline times what each
//! part's is of it, run by run, since multipliers of compute multiply where these do. The whole is then held against it by
//! their pairs, so that the luck that runs of one seed share in all arms says nothing here either. The floor that losses are
//! reducible to is known within an interval; what the product would be at its ends widens what is said of it.

use serde::{Deserialize, Serialize};

use super::{Arm, Call, Options, Run, Worth, compare};
use crate::error::{FitError, Refusal};
use crate::fit::{Estimate, Interval, LEAST_REPLICATES};
use crate::numeric::{normal_cdf, normal_quantile};
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
            Call::CannotTell => "cannot tell: too few pairs for their noise, or no law by another floor",
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
    let floor = alone.shared.get("E").copied();
    let beside =
        |floor: f64, options: &Options| beside_product(&own, (baseline, whole), parts, floor, options);
    let (mut of_product, mut whole_over) = beside(floor.map_or(0.0, |floor| floor.value), &options)?;
    let few = Options {
        replicates: LEAST_REPLICATES,
        ..options.clone()
    };
    // A floor at which there is no law says nothing of the product.
    let ends = ends(floor, &own);
    let elsewhere = ends.iter().filter_map(|floor| beside(*floor, &few).ok());
    let elsewhere: Vec<(Worth, Worth)> = elsewhere.collect();
    widen(
        &mut of_product,
        elsewhere.iter().map(|(product, _)| product),
        &options,
    );
    widen(&mut whole_over, elsewhere.iter().map(|(_, over)| over), &options);
    if elsewhere.is_empty() && !ends.is_empty() {
        whole_over.call = Call::CannotTell;
    }
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

/// The least chance that is told apart from none.
const LEAST_CHANCE: f64 = 1e-300;

/// How near to the least loss a floor may be.
const NEAR: f64 = 0.98;

/// The ends of a floor's interval, as far as all runs are above them.
fn ends(floor: Option<Estimate>, arms: &[Arm]) -> Vec<f64> {
    let runs = arms.iter().flat_map(|arm| &arm.runs);
    let least = runs.map(|run| run.loss).fold(f64::INFINITY, f64::min);
    let of = |floor: Estimate| Some((floor.interval?, floor.value.max(NEAR * least)));
    let ends = floor.and_then(of);
    ends.map_or_else(Vec::new, |(ends, most)| {
        vec![ends.low.max(0.0), ends.high.min(most)]
    })
}

/// What the product of `parts` is worth against the baseline, and the whole against that product, by a floor.
fn beside_product(
    arms: &[Arm],
    (baseline, whole): (&str, &str),
    parts: &[&str],
    floor: f64,
    options: &Options,
) -> Result<(Worth, Worth), FitError> {
    let product = product(arms, baseline, parts, floor);
    let against = |base: &str, arm: &str| -> Result<Worth, FitError> {
        let both: Vec<Arm> = arms
            .iter()
            .chain([&product])
            .filter(|of| of.name == base || of.name == arm)
            .cloned()
            .collect();
        let compared = compare(&both, base, options)?;
        let found = compared.arms.into_iter().next();
        Ok(found.ok_or_else(|| Refusal::NoRuns { arm: arm.to_owned() })?)
    };
    Ok((against(baseline, &product.name)?, against(&product.name, whole)?))
}

/// Widens a multiplier by what it would be elsewhere: both ends, in logarithms, by as much as it moves at most, beside what
/// they are away already. A call that this leaves no room for, or whose interval holds 1, is none.
fn widen<'a>(worth: &mut Worth, elsewhere: impl Iterator<Item = &'a Worth>, options: &Options) {
    let own = &mut worth.compute_multiplier;
    let moved = elsewhere.map(|of| (of.compute_multiplier.value / own.value).ln().abs());
    let moved = moved.filter(|moved| moved.is_finite()).fold(0.0, f64::max);
    let Some(ends) = &mut own.interval else { return };
    let [below, above] = [own.value / ends.low, ends.high / own.value].map(f64::ln);
    let [wider_below, wider_above] = [below, above].map(|away| away.hypot(moved));
    *ends = Interval {
        low: own.value * (-wider_below).exp(),
        high: own.value * wider_above.exp(),
    };
    let holds_one = (ends.low..=ends.high).contains(&1.0);
    let (away, wider) = if own.value > 1.0 {
        (below, wider_below)
    } else {
        (above, wider_above)
    };
    if wider > 0.0 {
        // A chance that rounds to nothing is far, but so many deviations.
        let deviations = -normal_quantile(0.5 * worth.chance.max(LEAST_CHANCE)) * away / wider;
        worth.chance = 2.0 * normal_cdf(-deviations);
    }
    let is_call = matches!(worth.call, Call::Better | Call::Worse);
    if is_call && (holds_one || worth.chance > 1.0 - options.level_of_calls(1)) {
        worth.call = Call::NoDifferenceSeen;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An arm whose reducible loss is `factor` times the plain one's, each run with luck of its own.
    fn arm(name: &str, factor: f64) -> Arm {
        let sizes = [1e6_f64, 2e6, 4e6].into_iter().enumerate();
        let run = |(at, params): (usize, f64), budget: f64| {
            let tokens = budget / (6.0 * params);
            let luck = 1.0 + 2e-3 * f64::sin((7 * at) as f64 + budget.ln() * 10.0 * factor);
            let loss = 1.8 + factor * (480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37));
            Run {
                size: format!("s{at}"),
                budget,
                seed: 0,
                params,
                tokens,
                flops: budget,
                loss: loss * luck,
            }
        };
        let runs = sizes.flat_map(|size| [1e15, 3e15, 9e15].map(|budget| run(size, budget)));
        Arm {
            name: name.to_owned(),
            runs: runs.collect(),
        }
    }

    #[test]
    fn what_a_multiplier_would_be_by_another_floor_widens_it() {
        let arms = [arm("plain", 1.0), arm("better", 0.9)];
        let options = Options {
            replicates: 50,
            ..Options::default()
        };
        let worth = compare(&arms, "plain", &options).unwrap().arms.remove(0);
        assert_eq!(worth.call, Call::Better);
        let elsewhere = |times: f64| {
            let mut moved = worth.clone();
            moved.compute_multiplier.value *= times;
            moved
        };
        let widened = |times: f64| {
            let mut widened = worth.clone();
            widen(&mut widened, [elsewhere(1.0), elsewhere(times)].iter(), &options);
            widened
        };
        let own = widened(1.0);
        let before = worth.compute_multiplier.interval.unwrap();
        let after = own.compute_multiplier.interval.unwrap();
        assert!(
            (after.low / before.low - 1.0).abs() < 1e-12 && (after.high / before.high - 1.0).abs() < 1e-12
        );
        let value = worth.compute_multiplier.value;
        let far = widened(1.3);
        let wide = far.compute_multiplier.interval.unwrap();
        let expected = (before.high / value).ln().hypot(1.3_f64.ln());
        assert!(((wide.high / value).ln() - expected).abs() < 1e-12);
        assert!(far.chance > worth.chance);
        // One that may be anything is called nothing, however sure it seemed.
        assert_eq!(widened(100.0).call, Call::NoDifferenceSeen);
        for chance in [0.0, 1e-17, 1e-200] {
            let mut sure = Worth {
                chance,
                ..worth.clone()
            };
            widen(&mut sure, [elsewhere(100.0)].iter(), &options);
            let ends = sure.compute_multiplier.interval.unwrap();
            assert!(ends.low < 1.0 && ends.high > 1.0);
            assert_eq!(sure.call, Call::NoDifferenceSeen);
            assert!(sure.chance > chance, "{} of {chance}", sure.chance);
            let mut still = Worth {
                chance,
                ..worth.clone()
            };
            widen(&mut still, [elsewhere(1.0)].iter(), &options);
            assert_eq!(still.call, Call::Better);
        }
    }

    #[test]
    fn the_ends_of_a_floor_leave_every_run_something() {
        let arms = [arm("plain", 1.0)];
        let least = arms[0]
            .runs
            .iter()
            .map(|run| run.loss)
            .fold(f64::INFINITY, f64::min);
        let floor = |low, high| Estimate {
            interval: Some(Interval { low, high }),
            ..Estimate::point(1.8)
        };
        assert_eq!(ends(Some(floor(1.7, 1.9)), &arms), [1.7, 1.9]);
        assert_eq!(ends(Some(floor(-1.0, 9.0)), &arms), [0.0, NEAR * least]);
        assert_eq!(ends(Some(Estimate::point(1.8)), &arms), Vec::<f64>::new());
        assert_eq!(ends(None, &arms), Vec::<f64>::new());
    }
}
