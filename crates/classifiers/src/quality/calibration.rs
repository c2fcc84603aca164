//! Platt's line: the logit of a probability, of what a classifier says.

use super::{logistic, loss};

/// Steps of Newton's method at most; it takes under ten.
const STEPS: usize = 100;

/// `slope` × mean + `height` is a logit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) height: f64,
    /// Nats an example on those that it was fitted to.
    pub(super) loss: f64,
}

impl Default for Line {
    fn default() -> Self {
        let loss = std::f64::consts::LN_2;
        Self {
            slope: 1.0,
            height: 0.0,
            loss,
        }
    }
}

impl Line {
    /// The likeliest line, with Platt's targets, which are short of 0 and 1 so that it is finite (Platt 1999, section
    /// 2.2), by Newton's method with halved steps (Lin et al. 2007).
    pub(super) fn fit(examples: &[(f64, bool)]) -> Self {
        let good = examples.iter().filter(|(_, is_good)| *is_good).count() as f64;
        let bad = examples.len() as f64 - good;
        let targets = [1.0 / (bad + 2.0), (good + 1.0) / (good + 2.0)];
        let cost = |slope: f64, height: f64| {
            let losses = examples
                .iter()
                .map(|(at, is_good)| loss(slope * at + height, targets[usize::from(*is_good)]));
            losses.sum::<f64>() / examples.len().max(1) as f64
        };
        let (mut slope, mut height) = (0.0, ((good + 1.0) / (bad + 1.0)).ln());
        let mut least = cost(slope, height);
        for _ in 0..STEPS {
            let (mut first, mut second) = ([0.0; 2], [1e-12, 0.0, 1e-12]);
            for (at, is_good) in examples {
                let probability = logistic(slope * at + height);
                let wrong = probability - targets[usize::from(*is_good)];
                let weight = probability * (1.0 - probability);
                first = [first[0] + wrong * at, first[1] + wrong];
                second = [
                    second[0] + weight * at * at,
                    second[1] + weight * at,
                    second[2] + weight,
                ];
            }
            let determinant = second[0] * second[2] - second[1] * second[1];
            let step = [
                (second[2] * first[0] - second[1] * first[1]) / determinant,
                (second[0] * first[1] - second[1] * first[0]) / determinant,
            ];
            let halved = (0..30).map(|halvings| 0.5f64.powi(halvings));
            let better = halved
                .map(|share| (slope - share * step[0], height - share * step[1]))
                .map(|(slope, height)| (slope, height, cost(slope, height)))
                .find(|(_, _, cost)| *cost < least);
            let Some((next_slope, next_height, next)) = better else {
                break;
            };
            let gained = least - next;
            (slope, height, least) = (next_slope, next_height, next);
            if gained < 1e-12 {
                break;
            }
        }
        Self {
            slope,
            height,
            loss: least,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_made_examples_is_found() {
        let mut examples = Vec::new();
        for place in 0..4000 {
            let at = f64::from(place % 80) / 10.0 - 4.0;
            // Every 50th quantile of the share that is good at this place.
            let is_good = logistic(1.5 * at - 0.7) > (f64::from(place / 80) + 0.5) / 50.0;
            examples.push((at, is_good));
        }
        let line = Line::fit(&examples);
        assert!(
            (line.slope - 1.5).abs() < 0.02 && (line.height + 0.7).abs() < 0.02,
            "{line:?}"
        );
    }

    #[test]
    fn what_is_told_apart_wholly_has_a_finite_line() {
        let examples: Vec<(f64, bool)> = (0..100).map(|place| (f64::from(place), place >= 50)).collect();
        let line = Line::fit(&examples);
        assert!(
            line.slope.is_finite() && line.height.is_finite() && line.loss < 0.2,
            "{line:?}"
        );
        assert!(Line::fit(&[]).loss.is_finite());
    }
}
