//! Which choice is the best by what quality is worth: the curve by which people decide who do not know that number
//! (Fenwick, Claxton and Sculpher 2001).

use serde::{Deserialize, Serialize};

use super::aim::Aim;
use super::compare::Compared;
use super::outcome::Outcome;

/// The share of the draws in which each shown choice is best, as the worth of quality varies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acceptability {
    /// What the worth is of.
    pub worth_is: WorthOf,
    /// The worth at which the question itself stands.
    pub now: f64,
    /// Worths, rising.
    pub worths: Vec<f64>,
    /// For each shown choice, in their order, its share at each worth.
    pub shares: Vec<Vec<f64>>,
}

/// What a worth is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorthOf {
    /// Dollars for a loss that is lower by one.
    Loss,
    /// Times the value of a right answer that the question gives.
    Answers,
}

impl WorthOf {
    /// What an outcome is worth in dollars, all that it costs taken off.
    fn net(self, outcome: &Outcome, worth: f64) -> f64 {
        let quality = match self {
            Self::Loss => -outcome.loss,
            Self::Answers => outcome.value,
        };
        worth * quality - outcome.bill.total()
    }
}

/// Steps of the worth to either side, over a decade each.
const STEPS: i32 = 12;

/// The curves of `shown` choices around `per_loss`, the dollars by which a loss is lowered by one at the margin; none
/// where no dollars lower it.
pub(crate) fn curves(compared: &Compared<'_>, shown: &[usize], per_loss: f64) -> Option<Acceptability> {
    let (worth_is, now) = match compared.reckoner.question.aim {
        Aim::MostValue => (WorthOf::Answers, 1.0),
        Aim::LowestLoss | Aim::LowestCost | Aim::LowestLifetimeCost => (WorthOf::Loss, per_loss),
    };
    if !(now > 0.0 && now.is_finite()) {
        return None;
    }
    let worths: Vec<f64> = (-STEPS..=STEPS)
        .map(|step| now * 10f64.powf(f64::from(step) / f64::from(STEPS)))
        .collect();
    let outcomes: Vec<&[Outcome]> = shown
        .iter()
        .map(|choice| compared.outcomes[*choice].as_slice())
        .collect();
    let at: Vec<Vec<f64>> = worths
        .iter()
        .map(|worth| shares(worth_is, &outcomes, *worth))
        .collect();
    let shares = (0..shown.len())
        .map(|choice| at.iter().map(|shares| shares[choice]).collect())
        .collect();
    Some(Acceptability {
        worth_is,
        now,
        worths,
        shares,
    })
}

/// The share of the draws in which each choice is best at one worth, of those in which any does what is asked.
fn shares(worth_is: WorthOf, outcomes: &[&[Outcome]], worth: f64) -> Vec<f64> {
    let mut won = vec![0usize; outcomes.len()];
    let draws = outcomes.first().map_or(0, |first| first.len());
    for draw in 0..draws {
        let met = (0..outcomes.len()).filter(|choice| outcomes[*choice][draw].is_met);
        let best = met.map(|choice| (worth_is.net(&outcomes[choice][draw], worth), choice));
        // Of equals the first, which is the recommended before the others.
        let best = best.reduce(|best, next| if next.0 > best.0 { next } else { best });
        if let Some((_, choice)) = best {
            won[choice] += 1;
        }
    }
    let decided = won.iter().sum::<usize>().max(1);
    won.into_iter().map(|won| won as f64 / decided as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::outcome::Bill;

    fn outcome(loss: f64, serving: f64, is_met: bool) -> Outcome {
        let bill = Bill {
            serving,
            ..Bill::default()
        };
        Outcome {
            tokens: 1.0,
            flops: 1.0,
            loss,
            right: 0.0,
            value: 0.0,
            bill,
            is_reached: true,
            is_met,
        }
    }

    #[test]
    fn a_choice_wins_where_its_quality_is_worth_its_cost() {
        // The second costs 10 dollars more and has .5, 1 and 2 less loss: it wins above 20, 10 and 5 dollars a unit.
        let cheap: Vec<Outcome> = (0..4).map(|draw| outcome(3.0, 0.0, draw < 3)).collect();
        let good = [2.5, 2.0, 1.0, 1.0].map(|loss| outcome(loss, 10.0, true));
        let good = [
            good[0],
            good[1],
            good[2],
            Outcome {
                is_met: false,
                ..good[3]
            },
        ];
        for (worth, wins) in [(4.0, 0.0), (7.0, 1.0), (12.0, 2.0), (25.0, 3.0)] {
            let shares = shares(WorthOf::Loss, &[&cheap, &good], worth);
            // In the last draw neither does what is asked, which says nothing of them.
            assert_eq!(shares, [(3.0 - wins) / 3.0, wins / 3.0], "{worth}");
        }
        assert_eq!(shares(WorthOf::Loss, &[&cheap[3..], &good[3..]], 1.0), [0.0, 0.0]);
    }
}
