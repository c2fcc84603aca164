//! Mixtures drawn around the shares that text is there in.

use serde::{Deserialize, Serialize};

use super::check_mixture;
use crate::error::InputError;
use crate::numeric::Stream;

/// Draws that are beyond the caps before a draw is given up.
const MOST_REFUSED: usize = 1000;

/// How mixtures are drawn: from Dirichlet's distribution around shares, as sparse as its strength is low, and within caps
/// (Liu et al. 2024, RegMix, section 3.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// The mean of the draws where no cap bounds them.
    pub shares: Vec<f64>,
    /// Ends of the strengths: each draw has one between them, evenly in its logarithm.
    pub strengths: [f64; 2],
    /// The largest share of each domain: what there is of it, and how often it may be repeated.
    pub caps: Vec<f64>,
}

impl Prior {
    /// Around shares flattened by a temperature: each to that power, 1 as they are and 0 all equal.
    ///
    /// # Errors
    /// [`InputError`] for what are no shares or caps, for caps that sum to less than 1, and strengths that are not above 0.
    pub fn new(
        shares: &[f64],
        temperature: f64,
        strengths: [f64; 2],
        caps: &[f64],
    ) -> Result<Self, InputError> {
        let shares = check_mixture(shares, 0)?;
        super::optimum::check_caps(caps, shares.len())?;
        let option = |option, value, rule| InputError::Option { option, value, rule };
        if !(0.0..=1.0).contains(&temperature) {
            return Err(option("temperature", temperature, "from 0 to 1"));
        }
        let [low, high] = strengths;
        if !(low > 0.0 && low <= high && high.is_finite()) {
            return Err(option(
                "strength",
                low,
                "above 0, and the first no larger than the second",
            ));
        }
        // A domain of which there is nothing stays so.
        let flat = |share: &f64| {
            if *share > 0.0 {
                share.powf(temperature)
            } else {
                0.0
            }
        };
        let sum: f64 = shares.iter().map(flat).sum();
        Ok(Self {
            shares: shares.iter().map(|share| flat(share) / sum).collect(),
            strengths,
            caps: caps.to_vec(),
        })
    }

    /// A mixture within the caps; `None` where a thousand draws in a row are not.
    pub fn draw(&self, stream: &mut Stream) -> Option<Vec<f64>> {
        let is_within = |shares: &Vec<f64>| shares.iter().zip(&self.caps).all(|(share, cap)| share <= cap);
        (0..MOST_REFUSED).map(|_| self.any(stream)).find(is_within)
    }

    /// A mixture, beyond the caps or not.
    fn any(&self, stream: &mut Stream) -> Vec<f64> {
        let [low, high] = self.strengths.map(f64::ln);
        let strength = (low + stream.uniform() * (high - low)).exp();
        // In logarithms, since parts of small shapes are smaller than any number.
        let parts: Vec<f64> = self
            .shares
            .iter()
            .map(|share| logarithm_of_gamma(share * strength, stream))
            .collect();
        let most = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let parts: Vec<f64> = parts.iter().map(|part| (part - most).exp()).collect();
        let sum: f64 = parts.iter().sum();
        parts.iter().map(|part| part / sum).collect()
    }
}

/// The logarithm of a draw from the gamma distribution of a shape (Marsaglia and Tsang 2000); that of 0 for shape 0.
fn logarithm_of_gamma(shape: f64, stream: &mut Stream) -> f64 {
    if shape <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if shape < 1.0 {
        let above = logarithm_of_gamma(shape + 1.0, stream);
        return above + stream.uniform().ln() / shape;
    }
    let d = shape - 1.0 / 3.0;
    let c = (9.0 * d).sqrt().recip();
    loop {
        let normal = stream.normal();
        let cubed = (1.0 + c * normal).powi(3);
        let accepted =
            cubed > 0.0 && stream.uniform().ln() < 0.5 * normal * normal + d * (1.0 - cubed + cubed.ln());
        if accepted {
            return d.ln() + cubed.ln();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(prior: &Prior, count: u64) -> Vec<Vec<f64>> {
        let draw = |at| prior.draw(&mut Stream::new(7, "mixtures", at)).unwrap();
        (0..count).map(draw).collect()
    }

    #[test]
    fn means_and_variances_are_those_of_the_distribution() {
        let shares = [0.6, 0.3, 0.1];
        for strength in [0.5, 8.0] {
            let prior = Prior::new(&shares, 1.0, [strength; 2], &[1.0; 3]).unwrap();
            let drawn = draws(&prior, 20_000);
            for (domain, share) in shares.iter().enumerate() {
                let of: Vec<f64> = drawn.iter().map(|mixture| mixture[domain]).collect();
                let mean = of.iter().sum::<f64>() / of.len() as f64;
                let variance = of.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / of.len() as f64;
                let expected = share * (1.0 - share) / (strength + 1.0);
                assert!((mean - share).abs() < 0.01, "{mean} of {share}");
                assert!(
                    (variance / expected - 1.0).abs() < 0.05,
                    "{variance} of {expected}"
                );
            }
        }
    }

    #[test]
    fn draws_sum_to_one_within_their_caps_and_leave_out_what_there_is_nothing_of() {
        let prior = Prior::new(&[0.7, 0.29, 0.01, 0.0], 0.5, [0.1, 5.0], &[0.5, 1.0, 0.04, 0.0]).unwrap();
        for mixture in draws(&prior, 500) {
            assert!((mixture.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(mixture.iter().zip(&prior.caps).all(|(share, cap)| share <= cap));
        }
        let even = Prior::new(&[0.7, 0.3], 0.0, [1.0; 2], &[1.0; 2]).unwrap();
        assert_eq!(even.shares, [0.5; 2]);
    }

    #[test]
    fn what_no_draw_can_be_within_is_told() {
        // Caps that only one mixture is within.
        let prior = Prior::new(&[0.5, 0.5], 1.0, [1.0; 2], &[0.5, 0.5]).unwrap();
        assert_eq!(prior.draw(&mut Stream::new(0, "mixtures", 0)), None);
        let said = |temperature, strengths, caps: &[f64]| {
            Prior::new(&[0.5, 0.5], temperature, strengths, caps)
                .unwrap_err()
                .to_string()
        };
        assert!(said(1.5, [1.0; 2], &[1.0; 2]).contains("from 0 to 1"));
        assert!(said(1.0, [2.0, 1.0], &[1.0; 2]).contains("no larger than the second"));
        assert!(said(1.0, [1.0; 2], &[0.4; 2]).contains("raise some"));
    }
}
