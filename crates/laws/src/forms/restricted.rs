//! A form with some parameters held at given values or tied to others.

use std::borrow::Cow;

use super::IRREDUCIBLE;
use crate::error::{InputError, written};
use crate::form::{BLOCK, Block, Definition, Example, LawForm, MOST_PARAMETERS, Scale, with_values};
use triaxis_names::suggestion;

/// Where a parameter of the full form comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Source {
    Free(usize),
    Fixed(f64),
}

/// A form with fewer free parameters than the one it wraps.
///
/// ```
/// use triaxis_laws::form::LawForm;
/// use triaxis_laws::forms::{Kaplan, Restricted};
/// let form = Restricted::new(&Kaplan).fix("alpha_N", 0.076).unwrap().fix("alpha_D", 0.095).unwrap();
/// assert_eq!(form.parameters().len(), 2);
/// ```
#[derive(Clone)]
pub struct Restricted<'a> {
    form: &'a dyn LawForm,
    sources: Vec<Source>,
    definition: Definition,
}

impl<'a> Restricted<'a> {
    /// The form as it is.
    pub fn new(form: &'a dyn LawForm) -> Self {
        let sources = (0..form.parameters().len()).map(Source::Free).collect();
        let mut restricted = Self {
            form,
            sources,
            definition: form.definition().clone(),
        };
        restricted.rebuild();
        restricted
    }

    /// Holds a parameter at a value, in natural units; the equation has the value in its place.
    ///
    /// # Errors
    /// [`InputError::UnknownParameter`] for a name that the form does not have, [`InputError::Held`] for a value
    /// that is not finite, below zero where it must not be, or when no other parameter is left to be fitted.
    pub fn fix(mut self, name: &str, value: f64) -> Result<Self, InputError> {
        let at = self.position(name)?;
        let wrong = |rule| InputError::Held {
            name: name.into(),
            value,
            rule,
        };
        if !value.is_finite() {
            return Err(wrong("it must be a finite number"));
        }
        if value < 0.0 && self.form.parameters()[at].scale == Scale::Log {
            return Err(wrong("it must be zero or more"));
        }
        let free = |source: &Source| matches!(source, Source::Free(_));
        if !(0..self.sources.len()).any(|other| other != at && free(&self.sources[other])) {
            return Err(wrong("nothing would be left to be fitted; hold fewer"));
        }
        self.sources[at] = Source::Fixed(value);
        self.rebuild();
        Ok(self)
    }

    /// That every loss lies above the floor that is held, if one is: with a floor at or above a loss, no law is
    /// left to be fitted.
    ///
    /// # Errors
    /// [`InputError::Held`] otherwise.
    pub fn check_floor(&self, losses: &[f64]) -> Result<(), InputError> {
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let held = self.form.parameters().iter().zip(&self.sources);
        for (parameter, source) in held {
            if let Source::Fixed(value) = source
                && parameter.meaning == IRREDUCIBLE
                && *value >= least
            {
                return Err(InputError::Held {
                    name: parameter.name.to_string(),
                    value: *value,
                    rule: "it is the loss that no run goes below, and must be below the smallest of the losses fitted",
                });
            }
        }
        Ok(())
    }

    /// Makes a parameter always equal to another one.
    ///
    /// # Errors
    /// [`InputError::UnknownParameter`] for a name that the form does not have.
    pub fn tie(mut self, name: &str, to: &str) -> Result<Self, InputError> {
        let (at, to) = (self.position(name)?, self.position(to)?);
        self.sources[at] = self.sources[to];
        self.rebuild();
        Ok(self)
    }

    fn position(&self, name: &str) -> Result<usize, InputError> {
        let names = || {
            self.form
                .parameters()
                .iter()
                .map(|parameter| parameter.name.as_ref())
        };
        names()
            .position(|other| other == name)
            .ok_or_else(|| InputError::UnknownParameter {
                name: name.into(),
                form: self.form.name().into(),
                available: names().collect::<Vec<_>>().join(", "),
                hint: suggestion(name, names()),
            })
    }

    /// Numbers the free parameters anew and lists them.
    fn rebuild(&mut self) {
        let mut kept: Vec<usize> = self
            .sources
            .iter()
            .filter_map(|source| match source {
                Source::Free(at) => Some(*at),
                Source::Fixed(_) => None,
            })
            .collect();
        kept.sort_unstable();
        kept.dedup();
        for source in &mut self.sources {
            if let Source::Free(at) = source {
                *at = kept.binary_search(at).unwrap_or_default();
            }
        }
        let linear = self.form.definition().linear.iter();
        let free = |at: &usize| match self.sources[*at] {
            Source::Free(free) => Some(free),
            Source::Fixed(_) => None,
        };
        // A linear parameter stays linear unless it is tied to one that is not, so ties leave the list.
        let alone = |free: &usize| {
            self.sources
                .iter()
                .filter(|source| **source == Source::Free(*free))
                .count()
                == 1
        };
        self.definition.linear = Cow::Owned(linear.filter_map(free).filter(alone).collect());
        let mut parameters = Vec::with_capacity(kept.len());
        for free in 0..kept.len() {
            let original = self
                .sources
                .iter()
                .position(|source| *source == Source::Free(free));
            parameters.extend(original.map(|at| self.form.parameters()[at].clone()));
        }
        self.definition.parameters = Cow::Owned(parameters);
        let held: Vec<(&str, f64)> = self.held().collect();
        let equation = with_values(&self.form.definition().equation, |name| {
            let held = held.iter().find(|(held, _)| *held == name);
            held.map(|(_, value)| (*value, written(*value)))
        });
        self.definition.equation = Cow::Owned(equation);
    }

    /// The parameters that are held, and their values.
    pub fn held(&self) -> impl Iterator<Item = (&str, f64)> {
        let named = self.form.parameters().iter().zip(&self.sources);
        named.filter_map(|(parameter, source)| match source {
            Source::Fixed(value) => Some((parameter.name.as_ref(), *value)),
            Source::Free(_) => None,
        })
    }

    /// The wrapped form.
    pub fn whole(&self) -> &'a dyn LawForm {
        self.form
    }

    /// The parameters of the wrapped form, out of the free ones.
    pub fn full(&self, free: &[f64]) -> Vec<f64> {
        self.sources
            .iter()
            .map(|source| match source {
                Source::Free(at) => free[*at],
                Source::Fixed(value) => *value,
            })
            .collect()
    }
}

impl LawForm for Restricted<'_> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let (mut full, mut slopes) = ([0.0; MOST_PARAMETERS], [0.0; MOST_PARAMETERS]);
        let count = self.sources.len();
        for (value, source) in full.iter_mut().zip(&self.sources) {
            *value = match source {
                Source::Free(at) => parameters[*at],
                Source::Fixed(fixed) => *fixed,
            };
        }
        let value = self.form.value(&full[..count], inputs, &mut slopes[..count]);
        gradient.fill(0.0);
        for (slope, source) in slopes.iter().zip(&self.sources) {
            if let Source::Free(at) = source {
                gradient[*at] += slope;
            }
        }
        value
    }

    fn values(&self, parameters: &[f64], inputs: &[[f64; BLOCK]], blocks: &mut [Block]) {
        self.form.values(&self.full(parameters), inputs, blocks);
        for block in blocks {
            let full = block.slopes;
            block.slopes.fill([0.0; BLOCK]);
            for (slopes, source) in full.iter().zip(&self.sources) {
                if let Source::Free(at) = source {
                    let sums = block.slopes[*at].iter_mut().zip(slopes);
                    sums.for_each(|(sum, slope)| *sum += slope);
                }
            }
        }
    }

    fn example(&self) -> Example {
        let whole = self.form.example();
        let free = 0..self.definition.parameters.len();
        let parameters = free
            .filter_map(|free| {
                self.sources
                    .iter()
                    .position(|source| *source == Source::Free(free))
            })
            .map(|at| whole.parameters[at])
            .collect();
        Example {
            parameters,
            rows: whole.rows,
        }
    }
}
