//! A saved law at work: its value at any run, by its best parameters and by every draw.

use super::check::Form;
use super::{SavedError, SavedLaw, SavedMember};
use crate::fit::Widening;
use crate::form::{MOST_PARAMETERS, Scale};
use crate::numeric::{GOLDEN_PART, turns};

/// As many inputs as are read without an allocation.
const FEW: usize = 8;

/// A saved law, checked and ready to be asked many times.
///
/// ```
/// # use triaxis_laws::{FitOptions, Observations, fit, forms};
/// use triaxis_laws::saved::{SavedLaw, SavedMember};
/// # let form = forms::find("power-law").unwrap();
/// # let flops: Vec<f64> = (0..9).map(|step| 1e18 * 4.0_f64.powi(step)).collect();
/// # let loss = flops.iter().map(|flops| 30.0 / flops.powf(0.05)).collect();
/// # let table = Observations::new().with("flops", flops).unwrap().with("loss", loss).unwrap();
/// # let fit = fit(form, &table, &FitOptions::point_only()).unwrap();
/// let saved = SavedLaw::new("runs.csv", "loss", None, 0.9, vec![SavedMember::new(form, &fit, 1.0)]);
/// let law = saved.evaluator().unwrap();
/// assert_eq!(law.inputs(), ["flops"]);
/// assert!((law.best(&[1e21]) / (30.0 / 1e21_f64.powf(0.05)) - 1.0).abs() < 1e-6);
/// ```
pub struct Evaluator<'a> {
    inputs: Vec<String>,
    members: Vec<Member<'a>>,
    /// Whose draw each is, and which of them.
    pub(super) order: Vec<(usize, usize)>,
}

struct Member<'a> {
    saved: &'a SavedMember,
    form: Form,
    best: Vec<f64>,
    widening: Widening,
    /// Where each input of the form stands among those of the law, and its coordinate.
    reads: Vec<(usize, Scale)>,
}

impl SavedLaw {
    /// The law as a function.
    ///
    /// # Errors
    /// As [`SavedLaw::validate`].
    pub fn evaluator(&self) -> Result<Evaluator<'_>, SavedError> {
        let forms = self.forms()?;
        let mut inputs: Vec<String> = Vec::new();
        let names = forms.iter().flat_map(|form| form.get().inputs());
        for column in names {
            if !inputs.iter().any(|known| *known == column.name) {
                inputs.push(column.name.to_string());
            }
        }
        let members = self.members.iter().zip(forms).map(|(saved, form)| {
            let place = |name: &str| inputs.iter().position(|input| input == name).unwrap_or_default();
            let columns = form.get().inputs().iter();
            Member {
                reads: columns
                    .map(|column| (place(&column.name), column.scale))
                    .collect(),
                best: saved.best(),
                widening: saved.widening(self.level),
                saved,
                form,
            }
        });
        Ok(Evaluator {
            members: members.collect(),
            order: order(&self.members),
            inputs,
        })
    }
}

/// Whose draw each draw of an average is: every member's as often as its weight says, in any first part of them
/// as in all.
fn order(members: &[SavedMember]) -> Vec<(usize, usize)> {
    let draws = members.iter().map(|member| member.draws.len()).max().unwrap_or(0);
    let weights: Vec<f64> = members.iter().map(|member| member.weight).collect();
    let mut order = turns(&weights, draws);
    let mut used = vec![0_usize; members.len()];
    order.iter().for_each(|(member, _)| used[*member] += 1);
    // Draws of a posterior come sorted: evenly spread ones are as fair a choice of them as of any others.
    for (member, nth) in &mut order {
        let (own, chosen) = (members[*member].draws.len(), used[*member]);
        let step = stride(chosen);
        *nth = (*nth * step % chosen) * own / chosen;
    }
    order
}

/// A step by which all of `count` places are reached, each far from the one before.
fn stride(count: usize) -> usize {
    let common = |mut one: usize, mut other: usize| {
        while other > 0 {
            (one, other) = (other, one % other);
        }
        one
    };
    let nearest = (count as f64 * GOLDEN_PART) as usize;
    (nearest..).find(|step| common(*step, count) == 1).unwrap_or(1)
}

impl Evaluator<'_> {
    /// The names of the inputs of all forms, in the order in which [`Evaluator::best`] and
    /// [`Evaluator::value`] take them.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// How many draws there are; none where no form has any, and the law then has no interval.
    pub fn draws(&self) -> usize {
        self.order.len()
    }

    /// The member that a draw is of.
    pub fn member(&self, draw: usize) -> usize {
        self.order[draw].0
    }

    /// The response at a run by the best parameters of every form, averaged; inputs are in natural units. It is
    /// not a number where a form has none.
    pub fn best(&self, inputs: &[f64]) -> f64 {
        let each = self.members.iter();
        each.map(|member| member.saved.weight * member.value(&member.best, inputs))
            .sum()
    }

    /// The response at a run by a draw, one of [`Evaluator::draws`]: of an average, that of one of its forms. It lies as
    /// far off as intervals of the fit do, see [`Widening`].
    pub fn value(&self, draw: usize, inputs: &[f64]) -> f64 {
        let (member, nth) = self.order[draw];
        let member = &self.members[member];
        // A form without draws is as sure of itself as nothing tells otherwise.
        let Some(parameters) = member.saved.draws.get(nth) else {
            return member.value(&member.best, inputs);
        };
        let drawn = member.value(parameters, inputs);
        match member.widening.is_none() {
            true => drawn,
            false => member.widening.of(member.value(&member.best, inputs), drawn),
        }
    }
}

impl Member<'_> {
    fn value(&self, parameters: &[f64], inputs: &[f64]) -> f64 {
        let mut gradient = [0.0; MOST_PARAMETERS];
        let mut value = |read: &[f64]| {
            let form = self.form.get();
            form.value(parameters, read, &mut gradient[..parameters.len()])
        };
        let read = self.reads.iter().map(|(at, scale)| scale.forward(inputs[*at]));
        let mut few = [0.0; FEW];
        match self.reads.len() {
            count @ ..=FEW => {
                few.iter_mut().zip(read).for_each(|(place, input)| *place = input);
                value(&few[..count])
            }
            _ => value(&read.collect::<Vec<f64>>()),
        }
    }
}
