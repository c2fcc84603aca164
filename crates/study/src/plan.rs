//! A study's plan: its question answered by the law of the study's own runs, and by published ones beside it.

use std::collections::BTreeMap;

use triaxis_host::machine;
use triaxis_laws::Estimate;
use triaxis_laws::approach::JointFit;
use triaxis_laws::numeric::normal_quantile;
use triaxis_laws::worth::Comparison;
use triaxis_plan::decide::{self, Decision, Law, LawSource, Sizes, Tier, decide};
use triaxis_plan::{Date, LossUnit, Measured, PlanError, Question, Uncertain, published};
use triaxis_units::{Finding, Flops, Params, Tokens};

use crate::ladder::Ladder;
use crate::prediction::JointLaws;
use crate::spec::{ParameterConvention, StudySpec};

/// Checks everything of a study's question that can be checked without its law, so that a study with a bad one is
/// refused before it trains.
///
/// # Errors
/// The first that breaks a rule, with its remedy.
pub(crate) fn check(question: &Question) -> Result<(), String> {
    let today = Date::at(machine::now());
    question
        .validate()
        .and_then(|()| question.check_days(today))
        .map_err(|error| error.to_string())?;
    for source in &question.laws {
        match &source.published {
            Some(name) => published::find(name)
                .map(drop)
                .map_err(|error| error.to_string())?,
            None => {
                return Err(
                    "a study plans by its own law, and by laws that are `published`; ask `triaxis plan` by fits and by \
                     other studies"
                        .to_owned(),
                );
            }
        }
    }
    let names_a_folder = |tier: &&Tier| {
        let folders = [&tier.study, &tier.mixture, &tier.corpus];
        folders.iter().any(|folder| folder.is_some()) || tier.arm.is_some()
    };
    match question.tiers.iter().find(names_a_folder) {
        None => Ok(()),
        Some(tier) => Err(format!(
            "a study plans by its own law, and with texts whose `worth` and `most_share` are said; the text `{}` has `study`, \
             `arm`, `mixture` or `corpus`: ask `triaxis plan` by these",
            tier.name
        )),
    }
}

/// The laws of an arm's own runs as a plan takes them: every form that was fitted, counting by how well it predicts the
/// runs of the largest budget from the others; and why forms do not judge that cannot be planned with.
pub(crate) fn own_laws(spec: &StudySpec, ladder: &Ladder, joint: &JointLaws) -> (Vec<Law>, Vec<String>) {
    let whole = |value: f64| value.round() as u64;
    let runs = ladder.runs.iter().map(|run| {
        let (params, tokens) = (Params(whole(run.params)), Tokens(whole(run.tokens)));
        (params, tokens, Flops(run.flops))
    });
    let Some(measured) = Measured::of(runs) else {
        let none = "the study has no runs of its ladder yet: run it first";
        return (Vec::new(), vec![none.to_owned()]);
    };
    let (mut laws, mut refused) = (Vec::new(), Vec::new());
    for (share, fit) in joint.shared() {
        match own_law(spec, ladder, fit, measured) {
            Ok(mut law) => {
                law.weight = share;
                laws.push(law);
            }
            Err(error) => refused.push(error.to_string()),
        }
    }
    if laws.is_empty() && refused.is_empty() {
        refused.push(joint.refusal());
    }
    (laws, refused)
}

fn own_law(spec: &StudySpec, ladder: &Ladder, fit: &JointFit, measured: Measured) -> Result<Law, PlanError> {
    let draws: Vec<_> = fit.replicates().collect();
    let named = (
        format!("this study, {}", fit.fit.form),
        "fitted to the study's own runs".to_owned(),
    );
    let mut law = Law::coupled(named, &fit.law, &draws, LossUnit::NatsPerToken, measured)?;
    let per_token = |bits: f64| 1.0 / (bits * std::f64::consts::LN_2);
    law.bytes_per_token = ladder.bits_per_byte.map(per_token);
    law.noise = fit.fit.noise.filter(|noise| *noise > 0.0);
    law.freedom = Some(fit.fit.freedom);
    law.widening = fit.fit.widening();
    law.is_without_embeddings = spec.laws.parameters == ParameterConvention::NonEmbedding;
    Ok(law)
}

/// The answer to an arm's question. A law that cannot be planned with takes no other along: it is said first among
/// what there is to doubt.
pub(crate) fn answer(question: &Question, (own, refused): (Vec<Law>, Vec<String>)) -> Finding<Decision> {
    let whose = if own.is_empty() {
        "The study's own law"
    } else {
        "A law of the study"
    };
    let mut left_out: Vec<String> = refused
        .iter()
        .map(|reason| format!("{whose} does not judge: {reason}."))
        .collect();
    let asked = Question {
        params: sizes(question.params, own.first()),
        ..question.clone()
    };
    let mut laws = own;
    for source in &question.laws {
        match named(source) {
            Ok(law) => laws.push(law),
            Err(reason) => left_out.push(format!("{reason}.")),
        }
    }
    if laws.is_empty() {
        return Finding::Refused(left_out.join(" "));
    }
    Finding::of(decide(&asked, &laws).map(|mut decision| {
        decision.cautions.splice(0..0, left_out);
        decision
    }))
}

/// The question of a study's `baseline` with the study's arms as choices, and what is to be said of them.
///
/// The baseline's law judges all: ladders of a few runs tell no law of each arm, but what a unit of an arm's compute is
/// worth in the baseline's. Arms that the question names have of it what it does not say.
pub(crate) fn of_arms(
    question: &Question,
    baseline: &str,
    comparison: Option<&Finding<Comparison>>,
    ladders: &BTreeMap<&str, Ladder>,
) -> (Question, Vec<String>) {
    let (measured, mut said) = measured(baseline, comparison, ladders);
    let usual = decide::Arm::as_measured();
    let mut asked = question.clone();
    if asked.arms == [usual.clone()] {
        asked.arms = measured;
        return (asked, said);
    }
    said.clear();
    for arm in &mut asked.arms {
        let Some(known) = measured.iter().find(|known| known.name == arm.name) else {
            continue;
        };
        if arm.worth == usual.worth {
            arm.worth = known.worth;
        }
        if arm.training_operations == usual.training_operations {
            arm.training_operations = known.training_operations;
        }
    }
    (asked, said)
}

/// The arms as the runs have them, the baseline first, and which are left out.
fn measured(
    baseline: &str,
    comparison: Option<&Finding<Comparison>>,
    ladders: &BTreeMap<&str, Ladder>,
) -> (Vec<decide::Arm>, Vec<String>) {
    let usual = decide::Arm::as_measured();
    let arm = |name: &str, worth| decide::Arm {
        worth,
        training_operations: ladders
            .get(name)
            .and_then(Ladder::operations)
            .unwrap_or(usual.training_operations),
        ..usual.clone()
    };
    // The planner's laws spend 6 operations for a parameter and token; the baseline's spends what its runs did, and is
    // no better a model for it.
    let spent = ladders.get(baseline).and_then(Ladder::operations);
    let unit = spent.map_or(1.0, |spent| usual.training_operations / spent);
    let own = arm(baseline, Uncertain::certain(unit));
    let comparison = match comparison {
        None => return (vec![own], Vec::new()),
        Some(Finding::Refused(reason)) => {
            let alone = format!("The plan is of `{baseline}` alone, as the arms are not compared: {reason}.");
            return (vec![own], vec![alone]);
        }
        Some(Finding::Found(comparison)) => comparison,
    };
    let named = |name: &str, arm: decide::Arm| decide::Arm {
        name: name.to_owned(),
        ..arm
    };
    let mut arms = vec![named(baseline, own)];
    let mut said = Vec::new();
    for worth in &comparison.arms {
        match uncertain(&worth.compute_multiplier, unit, comparison.level) {
            Some(multiplier) => arms.push(named(&worth.arm, arm(&worth.arm, multiplier))),
            None => said.push(format!(
                "`{}` is not among the plan's choices: the runs bound what its compute is worth on one side at most.",
                worth.arm
            )),
        }
    }
    let refused = comparison.refused.iter();
    said.extend(refused.map(|reason| format!("An arm is not among the plan's choices: {reason}.")));
    let is_asked = |name: &&str| *name == baseline || comparison.arms.iter().any(|worth| worth.arm == **name);
    let beside: Vec<&str> = ladders.keys().copied().filter(|name| !is_asked(name)).collect();
    if comparison.refused.is_empty() && !beside.is_empty() {
        said.push(format!(
            "`{}` are not among the plan's choices: `[compare]` holds them against `{baseline}` nowhere.",
            beside.join("`, `")
        ));
    }
    if arms.len() > 1 {
        said.push(format!(
            "What an arm's compute is worth is measured at {} operations and taken to stay; what it remembers while it \
             serves is taken to be a transformer's.",
            Flops(comparison.end.flops)
        ));
    }
    (arms, said)
}

/// A multiplier, in that unit, with the ends of its 90% interval, where it has both.
pub(crate) fn uncertain(multiplier: &Estimate, unit: f64, level: f64) -> Option<Uncertain<f64>> {
    let interval = multiplier.interval?;
    let wider = normal_quantile(0.95) / normal_quantile(0.5 + level / 2.0);
    let end = |end: f64| multiplier.value * (end / multiplier.value).powf(wider);
    let (low, high) = (end(interval.low), end(interval.high));
    let is_open = multiplier.open_below || multiplier.open_above;
    let is_bounded = multiplier.identified && !is_open && low > 0.0 && high.is_finite();
    Uncertain::new(unit * multiplier.value, unit * low, unit * high)
        .ok()
        .filter(|_| is_bounded)
}

fn named(source: &LawSource) -> Result<Law, PlanError> {
    let mut law = Law::published(published::find(source.published.as_deref().unwrap_or_default())?)?;
    law.weight = source.weight;
    if let Some(name) = &source.name {
        law.name.clone_from(name);
    }
    Ok(law)
}

/// The sizes to choose from; those that the study trained are among them unless the spec says others.
fn sizes(asked: Sizes, own: Option<&Law>) -> Sizes {
    let trained = own.map_or(asked.smallest, |law| law.measured.params.smallest);
    match asked == Sizes::ANY {
        true => Sizes {
            smallest: asked.smallest.min(trained).max(Params(1)),
            ..asked
        },
        false => asked,
    }
}

#[cfg(test)]
mod tests {
    use triaxis_laws::worth;

    use super::*;

    /// Two arms, of which one needs half of the compute and 1.5 times the operations a token.
    fn ladder(name: &str, worth: f64, operations: f64) -> (worth::Arm, Ladder) {
        let mut runs = Vec::new();
        for (size, params) in [1e5, 2e5, 4e5].into_iter().enumerate() {
            for budget in [1e12, 2e12, 4e12] {
                let tokens = budget / (operations * params);
                let row = (size * 5 + budget.log2() as usize) as f64 * 0.37;
                let seen = worth * budget / (6.0 * params);
                let loss = 1.5 + 40.0 / params.powf(0.35) + 90.0 / seen.powf(0.37);
                runs.push((size, budget, params, tokens, loss * (1.0 + 0.001 * row.sin())));
            }
        }
        let compared = |&(size, budget, params, tokens, loss): &(usize, f64, f64, f64, f64)| worth::Run {
            size: size.to_string(),
            budget,
            seed: 1,
            params,
            tokens,
            flops: budget,
            loss,
        };
        let fitted =
            |&(_, budget, params, tokens, loss): &(usize, f64, f64, f64, f64)| triaxis_laws::approach::Run {
                params,
                tokens,
                flops: budget,
                loss,
                budget: Some(budget),
            };
        let ladder = Ladder {
            trials: Vec::new(),
            runs: runs.iter().map(fitted).collect(),
            bits_per_byte: None,
            sweep: None,
        };
        let arm = worth::Arm {
            name: name.to_owned(),
            runs: runs.iter().map(compared).collect(),
        };
        (arm, ladder)
    }

    #[test]
    fn arms_are_choices_by_what_their_compute_is_worth() {
        let (plain, of_plain) = ladder("plain", 1.0, 6.0);
        let (better, of_better) = ladder("better", 2.0, 9.0);
        let options = worth::Options {
            replicates: 100,
            ..worth::Options::default()
        };
        let found = worth::compare(&[plain, better], "plain", &options).unwrap();
        let multiplier = found.arms[0].compute_multiplier;
        let found = Finding::Found(found);
        let ladders: BTreeMap<&str, Ladder> = [("plain", of_plain), ("better", of_better)].into();
        let question: Question = toml::from_str("aim = \"lowest-loss\"\nbudget = \"$10\"").unwrap();
        let (asked, said) = of_arms(&question, "plain", Some(&found), &ladders);
        let [plain, better] = &asked.arms[..] else {
            panic!("{:?}", asked.arms);
        };
        assert_eq!((plain.name.as_str(), better.name.as_str()), ("plain", "better"));
        assert!((plain.training_operations - 6.0).abs() < 1e-9);
        assert!((better.training_operations - 9.0).abs() < 1e-9);
        assert!((plain.worth.value() - 1.0).abs() < 1e-9);
        assert!((better.worth.value() / multiplier.value - 1.0).abs() < 1e-9);
        assert!(better.worth.low() < better.worth.high());
        assert!(said.iter().any(|said| said.contains("taken to stay")), "{said:?}");
        // What the question says stands, and what it leaves open is measured.
        let own = "aim = \"lowest-loss\"\nbudget = \"$10\"\n[[arms]]\nname = \"better\"\ntraining_operations = 7\n\
                   [[arms]]\nname = \"other\"\nworth = 3";
        let (asked, _) = of_arms(&toml::from_str(own).unwrap(), "plain", Some(&found), &ladders);
        assert!((asked.arms[0].worth.value() / multiplier.value - 1.0).abs() < 1e-9);
        assert_eq!(asked.arms[0].training_operations, 7.0);
        assert_eq!(asked.arms[1].worth.value(), 3.0);
        // A study of one arm spends what its runs did.
        let (asked, said) = of_arms(&question, "better", None, &ladders);
        assert!((asked.arms[0].training_operations - 9.0).abs() < 1e-9);
        // Which makes its model no better: a compute of 9 N D is worth 6 N D of the planner's.
        assert!((asked.arms[0].worth.value() - 6.0 / 9.0).abs() < 1e-9);
        assert_eq!((asked.arms.len(), said.len()), (1, 0));
        // Arms that are not compared leave the baseline alone.
        let refused = Finding::Refused("too few runs".to_owned());
        let (asked, said) = of_arms(&question, "plain", Some(&refused), &ladders);
        assert_eq!(asked.arms.len(), 1);
        assert!(
            said[0].contains("`plain` alone") && said[0].contains("too few runs"),
            "{said:?}"
        );
    }
}
