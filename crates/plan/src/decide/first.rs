//! What to do before anything else, where nothing is recommended.

use triaxis_units::{Dollars, Flops, Tokens};

use super::alternative::{Alternative, farthest};
use super::compare::Compared;
use super::reckon::whole;
use crate::reach::{FAR_COUNT, Verdict};

/// The chance of doing what is asked from which on a choice is recommended.
const LIKELY: f64 = 0.5;

/// Why the best choice is not recommended, and what to do first; `None` where it is recommended.
pub(super) fn instead(compared: &Compared<'_>, chosen: &Alternative) -> Option<String> {
    let (law, reach) = farthest(compared, compared.best)?;
    if reach.verdict < Verdict::Absurd {
        return (chosen.chance_of_meeting < LIKELY).then(|| {
            format!(
                "The best does what is asked in {:.0}% of the draws only; a larger budget, an easier goal or a longer \
                 latency would make it likelier.",
                100.0 * chosen.chance_of_meeting
            )
        });
    }
    let far_away = format!(
        "The best by these laws is farther from the runs of `{}` than any prediction was ever checked ({}).",
        law.name,
        reach.distance()
    );
    let (reckoner, measured) = (compared.reckoner, &law.measured);
    let arm = compared.choices[compared.best].choice.arm;
    if reach.compute.max(reach.params).max(reach.tokens) <= 1.0 {
        return Some(format!(
            "{far_away} Run first a ladder that begins nearer to {} parameters on {} tokens, and plan again.",
            whole(chosen.params),
            whole_tokens(chosen.tokens.value)
        ));
    }
    // From where it is no longer absurd: both counts within what was ever checked, and so is their product.
    let far = |planned: f64, largest: f64| (planned / FAR_COUNT).max(largest).ceil();
    let params = far(chosen.params, measured.params.largest.as_f64());
    let tokens = far(chosen.tokens.value, measured.tokens.largest.as_f64());
    let spec = &reckoner.question.arms[arm];
    let flops = Flops(spec.training_operations * spec.active.0 * params * tokens);
    let dollars = reckoner.dollars_per_token(reckoner.worlds.centre(), arm, params) * tokens;
    Some(format!(
        "{far_away} Run first a ladder that ends at {} parameters on {} tokens or more ({flops} operations, about {} of {}), \
         and plan again.",
        whole(params),
        whole_tokens(tokens),
        Dollars(dollars),
        reckoner.training.name
    ))
}

fn whole_tokens(tokens: f64) -> Tokens {
    Tokens(tokens.round().clamp(1.0, 9e15) as u64)
}
