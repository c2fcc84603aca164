//! Why no choice does what is asked: the limit that binds, and what would relax it.

use triaxis_units::{Dollars, Seconds, Tokens};

use super::aim::Length;
use super::compare::{Compared, mean};
use super::law::Run;
use super::outcome::Outcome;
use super::prepared::Prepared;
use super::question::{ENDLESS, Quality};
use super::reckon::whole;
use super::search::best_of_families;
use super::serve::{MOST_DEVICES, served};

/// Why nothing should be done, where that is a choice and the best one is expected to be worse.
pub(crate) fn in_vain(compared: &Compared<'_>) -> Option<String> {
    let nothing = compared.reckoner.question.aim.rule().nothing()?;
    let (best, outcomes) = (compared.best, &compared.outcomes[compared.best]);
    let expected = mean(&compared.scores[best]);
    if expected >= nothing {
        return None;
    }
    let of = |what: fn(&Outcome) -> f64| mean(&outcomes.iter().map(what).collect::<Vec<_>>());
    let (value, dollars) = (of(|outcome| outcome.value), of(|outcome| outcome.bill.total()));
    Some(format!(
        "nothing is worth doing: the best choice costs {} on average, and its right answers are worth {}; their `value` binds: \
         it would have to be {:.2} times as high, or more queries asked for as long",
        Dollars(dollars),
        Dollars(value),
        dollars / value
    ))
}

/// The error, told of the choice that comes closest at the medians.
pub(crate) fn why(compared: &Compared<'_>) -> String {
    let reckoner = compared.reckoner;
    let question = reckoner.question;
    let centre = reckoner.worlds.centre();
    let closest = reckoner.prepare(best_of_families(reckoner, centre)[0]);
    let length = question.aim.rule().length();
    let outcome = closest.outcome(centre, length);
    if length == Length::Reach {
        // In the unit of the goal, which need not be the laws'.
        let scale = reckoner.worlds.goal_scale;
        let loss = outcome.loss / scale;
        let (reached, wanted, unit) = match question.goal {
            Some(Quality::Right(share)) => (outcome.right, share.0, "of queries answered right"),
            Some(Quality::BitsPerByte(bits)) => (loss, bits.0, "bits a byte"),
            Some(Quality::NatsPerToken(nats)) => (loss, nats.0, "nats a token"),
            None => (loss, 0.0, ""),
        };
        let goal = match question.goal {
            Some(Quality::Right(share)) => share.to_string(),
            _ => wanted.to_string(),
        };
        let (_, reaches) = closest.to_reach(centre);
        let floor = centre.loss(closest.choice.arm, Run::ENDLESS) / scale;
        if !reaches && !matches!(question.goal, Some(Quality::Right(_))) && wanted <= floor {
            return format!(
                "no choice reaches the goal of {goal} {unit}: by the law no size and no text bring the loss to or below its \
                 floor of {floor:.4}; the goal binds: choose one above the floor"
            );
        }
        if !reaches && closest.most_tokens() >= ENDLESS.as_f64() {
            return format!(
                "no choice reaches the goal of {goal} {unit}: the best size of those allowed, {}, comes to {reached:.4} however \
                 long it is trained; the sizes bind: raise `params.largest`, or take a goal of {reached:.3}",
                whole(closest.choice.params)
            );
        }
        if !reaches {
            return format!(
                "no choice reaches the goal of {goal} {unit}: all {} tokens of the text, repeats among them, bring the best \
                 to {reached:.4}; the text binds: more of it, better text, or a goal of {reached:.3}",
                Tokens(closest.most_tokens().round() as u64)
            );
        }
        let limit = reckoner.worlds.budget(centre);
        if closest.fits() && outcome.bill.before_serving() > limit {
            return format!(
                "no choice reaches the goal of {goal} {unit} within the budget of {}: the cheapest costs {}; the budget binds: \
                 raise it, or take a goal that it reaches (`aim = \"lowest-loss\"` says which)",
                Dollars(limit),
                Dollars(outcome.bill.before_serving())
            );
        }
    }
    let limit = reckoner.worlds.budget(centre);
    if length != Length::Reach && outcome.bill.before_serving() > limit * (1.0 + 1e-6) {
        return format!(
            "no choice keeps within the budget of {}: {} are spent before anything is trained; the budget binds: raise it, or \
             leave `training.ladder` out",
            Dollars(limit),
            Dollars(outcome.bill.before_serving())
        );
    }
    if !closest.fits() {
        return unfit(compared, &closest);
    }
    let slowest = closest.longest_wait(centre);
    format!(
        "no choice answers within the latency that is asked: the closest takes {}; the latency binds: raise `latency`, name \
         faster devices, or allow smaller sizes (`params.smallest`)",
        Seconds(slowest)
    )
}

/// What the devices do not hold: the weights, or beside them what the longest query leaves in the cache.
fn unfit(compared: &Compared<'_>, closest: &Prepared<'_>) -> String {
    let reckoner = compared.reckoner;
    // On as many devices as the question gives, or at a host.
    if let Err(error) = served(reckoner, closest.choice) {
        return format!(
            "no choice can be served, as the memory binds: {error}, or allow smaller sizes (`params.smallest`)"
        );
    }
    let (devices, name) = (closest.devices(), &reckoner.question.serving.hardware);
    if devices > MOST_DEVICES as f64 {
        return format!(
            "no choice can be served: {devices} devices of {name} hold its weights, and more than {MOST_DEVICES} do not work as \
             one; name larger devices (`serving.hardware`), fewer bytes a weight, or a smaller `params.largest`"
        );
    }
    let classes = reckoner.classes().iter();
    let longest = classes.max_by(|one, other| one.tokens_in.total_cmp(&other.tokens_in));
    let (class, tokens) = longest.map_or(("", 0.0), |class| (class.name.as_str(), class.tokens_in));
    format!(
        "no choice can be served: beside its weights {devices} devices of {name} have no room for the cache of one query of \
         `{class}`, {tokens} tokens; the memory binds: shorten `tokens_in`, read a part of it (`[[contexts]]`), or name larger \
         devices (`serving.hardware`)"
    )
}
