//! Which laws judge an arm, and in which draws.

use triaxis_laws::numeric::turns;

use super::law::Law;
use super::question::Question;
use crate::PlanError;

/// Laws and draws of an arm: which law it is judged by in each world.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// Places of its laws among all.
    pub laws: Vec<usize>,
    /// For each draw the law and the draw of its constants.
    pub drawn: Vec<(usize, usize)>,
}

impl Judged {
    pub fn of(
        arm: &str,
        named: &[String],
        draws: usize,
        question: &Question,
        laws: &[Law],
    ) -> Result<Self, PlanError> {
        // Of several forms of one fit each is called by its name and its form's.
        let is_called = |law: &Law, name: &String| {
            let rest = law.name.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(", "))
        };
        let is_one_of = |law: &Law, names: &[String]| names.iter().any(|name| is_called(law, name));
        if let Some(name) = named
            .iter()
            .find(|name| !laws.iter().any(|law| is_called(law, name)))
        {
            let known = laws.iter().map(|law| law.name.as_str());
            return Err(PlanError::unknown("law", name, known));
        }
        let is_claimed = |law: &Law| question.arms.iter().any(|arm| is_one_of(law, &arm.laws));
        let own: Vec<usize> = (0..laws.len())
            .filter(|law| match named.is_empty() {
                true => !is_claimed(&laws[*law]),
                false => is_one_of(&laws[*law], named),
            })
            .collect();
        if own.is_empty() {
            return Err(PlanError(format!(
                "the arm `{arm}` has no law to be judged by: give `[[laws]]` that no other arm names, or name its own"
            )));
        }
        let weights: Vec<f64> = own.iter().map(|law| laws[*law].weight).collect();
        let drawn = turns(&weights, draws)
            .into_iter()
            .map(|(law, nth)| (own[law], nth));
        Ok(Self {
            drawn: drawn.collect(),
            laws: own,
        })
    }
}
