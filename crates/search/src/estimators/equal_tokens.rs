use crate::error::SearchError;
use crate::outcome::Outcome;

/// What a strategy of one setting did on each problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Its accuracy on each.
    pub right: Vec<f64>,
    /// The mean of the tokens that it took, whichever are counted.
    pub tokens: Vec<f64>,
}

impl Measured {
    /// What the outcomes of one setting are, by the tokens that were sampled.
    pub fn of(outcomes: &[Outcome], is_right: impl Fn(&Outcome) -> bool) -> Self {
        let right = |outcome: &Outcome| f64::from(u8::from(is_right(outcome)));
        Self {
            right: outcomes.iter().map(right).collect(),
            tokens: outcomes
                .iter()
                .map(|outcome| outcome.spent.sampled as f64)
                .collect(),
        }
    }

    /// Its mean tokens over all problems.
    pub fn mean_tokens(&self) -> f64 {
        self.tokens.iter().sum::<f64>() / self.tokens.len().max(1) as f64
    }
}

/// A strategy's accuracy on each problem at so many tokens in the mean, given what some of its settings did: that of the
/// two settings whose tokens enclose them, each used for as many problems, by chance, as makes the tokens so many.
///
/// # Errors
/// When settings are not of the same problems, or all take fewer tokens, or all more: nothing is said beyond them.
pub fn at_tokens(settings: &[Measured], tokens: f64) -> Result<Vec<f64>, SearchError> {
    let problems = settings.first().map_or(0, |setting| setting.right.len());
    let fits = |setting: &Measured| setting.right.len() == problems && setting.tokens.len() == problems;
    if problems == 0 || !settings.iter().all(fits) {
        return Err(SearchError::new(
            "settings of a strategy are compared on the same problems, of which there must be one or more: give each all",
        ));
    }
    let mut order: Vec<(f64, &Measured)> = settings
        .iter()
        .map(|setting| (setting.mean_tokens(), setting))
        .collect();
    order.sort_by(|one, other| one.0.total_cmp(&other.0));
    let above = order.iter().find(|(mean, _)| *mean >= tokens);
    let below = order.iter().rfind(|(mean, _)| *mean <= tokens);
    let (Some((below, less)), Some((above, more))) = (below, above) else {
        let least = order.first().map_or(0.0, |setting| setting.0);
        let most = order.last().map_or(0.0, |setting| setting.0);
        return Err(SearchError::new(format!(
            "{tokens} tokens a problem: the strategy was measured from {least:.1} to {most:.1}; choose tokens between, or measure it there"
        )));
    };
    let share = if above > below {
        (tokens - below) / (above - below)
    } else {
        0.0
    };
    let pairs = less.right.iter().zip(&more.right);
    Ok(pairs.map(|(less, more)| less + share * (more - less)).collect())
}
