//! The best size and length of each family of choices, and the choices that are held against each other.

use rayon::prelude::*;
use triaxis_laws::numeric::golden_section;

use super::aim::Length;
use super::question::Strategy;
use super::reckon::{Choice, Reckoner};
use super::world::World;

/// Sizes tried on the whole range, and lengths on a millionfold one, before the best is closed in upon.
const SIZES: usize = 41;
const LENGTHS: usize = 25;
/// Tokens of the shortest run that is tried where as long as pays is asked.
const SHORTEST: f64 = 1e6;
/// Steps of golden-section search: the bracket shrinks by 10^12.
const STEPS: usize = 60;

/// Every family (all axes but size and length) with its best choice in `world`, the best first; a family that does not
/// do what is asked in that world stands at the end, at the size that comes closest to it.
pub(crate) fn best_of_families(reckoner: &Reckoner<'_>, world: &World<'_>) -> Vec<Choice> {
    let mut best: Vec<(bool, f64, Choice)> = families(reckoner)
        .into_par_iter()
        .map(|family| best_of(reckoner, world, family))
        .collect();
    best.sort_by(|one, other| other.0.cmp(&one.0).then(other.1.total_cmp(&one.1)));
    best.into_iter().map(|(_, _, choice)| choice).collect()
}

/// Every combination of arm, strategy, samples and context.
fn families(reckoner: &Reckoner<'_>) -> Vec<Choice> {
    let question = reckoner.question;
    // How queries are answered makes no difference where none are.
    let of_queries = |many: usize| if reckoner.classes().is_empty() { 1 } else { many };
    let mut families = Vec::new();
    for arm in 0..question.arms.len() {
        for (strategy, spec) in reckoner.strategies.iter().enumerate() {
            for synthetic in shares(reckoner, spec) {
                for samples in 0..of_queries(question.samples.len()) {
                    for context in 0..of_queries(question.contexts.len()) {
                        families.push(Choice {
                            arm,
                            strategy,
                            synthetic,
                            params: spec.params.map_or(f64::NAN, |params| params.as_f64()),
                            samples,
                            context,
                            tokens: spec.tokens.map(|tokens| tokens.as_f64()),
                        });
                    }
                }
            }
        }
    }
    families
}

/// Shares of text that models wrote which a strategy may have.
fn shares(reckoner: &Reckoner<'_>, strategy: &Strategy) -> Vec<Option<f64>> {
    let question = reckoner.question;
    match strategy.synthetic_share {
        Some(share) => vec![Some(share.0)],
        None if question.synthetic_shares.is_empty() => vec![None],
        None if !strategy.mixes(&question.tiers) => vec![None],
        None => question
            .synthetic_shares
            .iter()
            .map(|share| Some(share.0))
            .collect(),
    }
}

/// A choice with the size that is best where training is as long as `length` says.
pub(crate) fn best_size_for(
    reckoner: &Reckoner<'_>,
    world: &World<'_>,
    choice: Choice,
    length: Length,
) -> Choice {
    if reckoner.strategies[choice.strategy].params.is_some() {
        return choice;
    }
    let (_, params) = maximum(sizes(reckoner), SIZES, |log_params| {
        let params = log_params.exp();
        let outcome = reckoner
            .prepare_in(world, Choice { params, ..choice })
            .outcome(world, length);
        ((outcome.is_met, -outcome.loss), params)
    });
    Choice { params, ..choice }
}

/// The best choice of a family, whether it does what is asked, and its score.
fn best_of(reckoner: &Reckoner<'_>, world: &World<'_>, family: Choice) -> (bool, f64, Choice) {
    if family.params.is_finite() {
        let (choice, met, score) = judged(reckoner, world, family);
        return (met, score, choice);
    }
    let ((met, score), choice) = maximum(sizes(reckoner), SIZES, |log_params| {
        let params = log_params.exp();
        let (choice, met, score) = judged(reckoner, world, Choice { params, ..family });
        ((met, score), choice)
    });
    (met, score, choice)
}

/// The ends of the sizes to choose from, as logarithms.
fn sizes(reckoner: &Reckoner<'_>) -> [f64; 2] {
    let sizes = reckoner.question.params;
    [sizes.smallest, sizes.largest].map(|params| params.as_f64().ln())
}

/// A choice with its tokens where they are chosen, whether it does what is asked, and how good it is.
fn judged(reckoner: &Reckoner<'_>, world: &World<'_>, choice: Choice) -> (Choice, bool, f64) {
    let rule = reckoner.question.aim.rule();
    let prepared = reckoner.prepare_in(world, choice);
    if choice.tokens.is_some() || rule.length() != Length::Pay {
        let outcome = prepared.outcome(world, rule.length());
        // Of those that miss a goal the one that comes closest is the better one; any that reaches it is better still.
        let score = match outcome.is_met || outcome.is_reached {
            true => rule.score(&outcome),
            false => -FARTHER * (1.0 + outcome.loss),
        };
        return (choice, outcome.is_met, score);
    }
    let most = prepared.to_spend(world);
    // Without a budget text may be without end: what pays may be as short as a run can be.
    let ends = [(most * 1e-6).min(SHORTEST).min(most).ln(), most.ln()];
    let lengths = ((ends[1] - ends[0]) * LENGTHS as f64 / 1e6f64.ln()).ceil() as usize;
    let (score, tokens) = maximum(ends, lengths.max(2), |log_tokens| {
        let outcome = prepared.at(world, log_tokens.exp());
        ((outcome.is_met, rule.score(&outcome)), log_tokens.exp())
    });
    let choice = Choice {
        tokens: Some(tokens),
        ..choice
    };
    (choice, score.0, score.1)
}

/// The largest value of a function of one basin or several, as far as a grid of `points` can tell them apart.
fn maximum<T: Copy>(
    [low, high]: [f64; 2],
    points: usize,
    function: impl Fn(f64) -> ((bool, f64), T),
) -> ((bool, f64), T) {
    let better =
        |one: &(bool, f64), other: &(bool, f64)| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)).is_gt();
    let at = |point: usize| low + (high - low) * point as f64 / (points - 1) as f64;
    let mut best = (0, function(at(0)));
    for point in 1..points {
        let value = function(at(point));
        if better(&value.0, &best.1.0) {
            best = (point, value);
        }
    }
    let ends = [at(best.0.saturating_sub(1)), at((best.0 + 1).min(points - 1))];
    let found = golden_section(ends, STEPS, &function, |one, other| better(&one.0, &other.0));
    let golden = found
        .places
        .into_iter()
        .fold((at(best.0), best.1), |best, place| {
            if better(&place.1.0, &best.1.0) {
                place
            } else {
                best
            }
        });
    polished(golden, function)
}

/// Steps beside a maximum through which a parabola is laid: the function's own rounding no longer matters there, nor
/// yet its third derivative.
const BESIDE: f64 = 3e-4;

/// The top of the parabola beside a maximum, which is flat to the last digits itself.
fn polished<T: Copy>(
    (place, best): (f64, ((bool, f64), T)),
    function: impl Fn(f64) -> ((bool, f64), T),
) -> ((bool, f64), T) {
    let (below, above) = (function(place - BESIDE), function(place + BESIDE));
    let bend = 2.0 * best.0.1 - below.0.1 - above.0.1;
    let shift = 0.5 * BESIDE * (above.0.1 - below.0.1) / bend;
    if !(best.0.0 && below.0.0 && above.0.0 && bend > 0.0 && shift.abs() < BESIDE) {
        return best;
    }
    let top = function(place + shift);
    let is_as_good = top.0.0 && top.0.1 >= best.0.1 - 1e-12 * best.0.1.abs();
    if is_as_good { top } else { best }
}

/// What a unit of loss short of the goal counts: more than any dollars.
const FARTHER: f64 = 1e30;

/// Factors of size that are held against the best of a family.
const NEAR: [f64; 6] = [0.25, 0.5, 0.75, 1.35, 2.0, 4.0];
/// Families of which more than the best size is held.
const LEADING: usize = 6;
/// Choices held at most: what is asked of every one in every world stays within seconds.
const MOST_CHOICES: usize = 72;

/// The choices that are held against each other in every world: the best of each family and other sizes of the leading.
pub(crate) fn candidates(reckoner: &Reckoner<'_>, world: &World<'_>) -> Vec<Choice> {
    let best = best_of_families(reckoner, world);
    let is_free = |choice: &Choice| reckoner.strategies[choice.strategy].params.is_none();
    let sizes = reckoner.question.params;
    let leading = best.iter().filter(|choice| is_free(choice)).take(LEADING);
    let near: Vec<Choice> = leading
        .flat_map(|choice| {
            NEAR.iter().map(|factor| Choice {
                params: choice.params * factor,
                tokens: reckoner.strategies[choice.strategy]
                    .tokens
                    .map(|tokens| tokens.as_f64()),
                ..*choice
            })
        })
        .filter(|choice| (sizes.smallest.as_f64()..=sizes.largest.as_f64()).contains(&choice.params))
        .collect();
    let near: Vec<Choice> = near
        .into_par_iter()
        .map(|choice| judged(reckoner, world, choice).0)
        .collect();
    let room = MOST_CHOICES.saturating_sub(near.len()).max(LEADING);
    best.into_iter().take(room).chain(near).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocate::{self, Expense};
    use crate::decide::Law;
    use crate::decide::question::Question;
    use crate::published;
    use triaxis_laws::forms::Coupled;

    const PLAIN: &str = include_str!("../../tests/it/plain.toml");

    #[test]
    fn the_lowest_lifetime_cost_is_sardanas() {
        let law = published::find("sardana-2023").unwrap();
        let surface = Coupled::from(law.law);
        for (params, tokens, served) in [(13e9, 6.3e11, 2e12), (7e9, 1.4e11, 1e11), (1e9, 2e10, 5e13)] {
            let goal = surface.loss(params, tokens);
            let text = format!(
                "aim = \"lowest-lifetime-cost\"\ngoal = {{ nats_per_token = {goal} }}\n{PLAIN}\n[[text]]\nname = \"text\"\n\
                 unique = \"1000T\"\n[demand]\nmonths = 1\nqueries_per_month = 1000000\n[[demand.classes]]\n\
                 name = \"reading\"\ntokens_in = {}\ntokens_out = 1e-9\n\
                 [[arms]]\nname = \"without attention\"\ncache = 1e-12\n",
                served / 1e6
            );
            let question: Question = toml::from_str(&text).unwrap();
            let laws = [Law::published(law).unwrap()];
            let reckoner = Reckoner::of(&question, &laws).unwrap();
            let centre = reckoner.worlds.centre();
            let choice = best_of_families(&reckoner, centre)[0];
            // Reading runs at half the peak (Sardana et al. 2023, section 3).
            let expense = Expense {
                training: 6.0 / 1e18,
                serving: 2.0 * served / 0.5 / 1e18,
            };
            let best = allocate::least_expense(&surface, goal, expense).unwrap();
            let outcome = reckoner.prepare(choice).outcome(centre, Length::Reach);
            assert!(
                (choice.params / best.params - 1.0).abs() < 1e-6,
                "{} {}",
                choice.params,
                best.params
            );
            assert!((outcome.bill.total() / expense.of(best) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn no_point_of_a_grid_on_six_axes_is_better() {
        let text = format!(
            "aim = \"most-value\"\nbudget = 300000\nsamples = [1, 4, 16]\nsynthetic_shares = [0, 0.2]\n{PLAIN}
[[text]]
name = \"books\"
unique = \"20B\"
[[text]]
name = \"web\"
unique = \"400B\"
worth = 0.6
price_per_million = 0.0003
[[text]]
name = \"written\"
unique = \"400B\"
worth = 0.9
price_per_million = 0.002
synthetic = true
[[arms]]
name = \"attention\"
[[arms]]
name = \"linear\"
worth = 1.1
cache = 0.1
[[strategies]]
name = \"books\"
tiers = [\"books\"]
[[strategies]]
name = \"all\"
[[contexts]]
name = \"whole\"
[[contexts]]
name = \"part\"
read = 0.3
easier_by = -0.4
[task]
loss = 2.3
right = 0.2
slope = 5
alike = 1
[demand]
months = 12
queries_per_month = 4000000
[[demand.classes]]
name = \"checked\"
tokens_in = 3000
tokens_out = 500
value = 0.01
chosen = {{ by = \"verifier\" }}
"
        );
        let question: Question = toml::from_str(&text).unwrap();
        let laws = [Law::published(published::find("besiroglu-2024").unwrap()).unwrap()];
        let reckoner = Reckoner::of(&question, &laws).unwrap();
        let centre = reckoner.worlds.centre();
        let found = best_of_families(&reckoner, centre);
        let score = |choice: Choice| {
            let outcome = reckoner.prepare(choice).outcome(centre, Length::Pay);
            if outcome.is_met {
                question.aim.rule().score(&outcome)
            } else {
                f64::NEG_INFINITY
            }
        };
        let best = score(found[0]);
        assert!(best > 0.0);
        let mut tried = 0;
        for family in families(&reckoner) {
            for size in 0..28 {
                let params = 3e7 * 10f64.powf(f64::from(size) / 7.0);
                for length in 0..24 {
                    let tokens = Some(1e9 * 10f64.powf(f64::from(length) / 7.0));
                    let other = score(Choice {
                        params,
                        tokens,
                        ..family
                    });
                    assert!(other <= best * (1.0 + 1e-9), "{other} is above {best}");
                    tried += 1;
                }
            }
        }
        assert_eq!(tried, 2 * 3 * 3 * 2 * 28 * 24);
    }
}
