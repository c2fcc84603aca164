//! Several arms under one law: a shared floor and shared exponents, and one factor an arm.

use std::borrow::Cow;

use super::ChinchillaForm;
use crate::error::InputError;
use crate::form::{BLOCK, Block, Column, Definition, Example, LawForm, MOST_PARAMETERS, Parameter};

/// The column that says which arm a row is of: 0 is the baseline.
pub(crate) const ARM: Column = Column::linear("arm", "1", "the arm a run is of, 0 for the baseline");

/// The coefficient and the exponent of Chinchilla's data term.
const DATA: [usize; 2] = [2, 4];

/// `L = E + k_arm (L_base - E)`, with `k = 1` of arm 0, over any form that is a floor `E` and something above it; or
/// with the factor of some arms on the data term of Chinchilla alone.
///
/// The factor of the reducible loss of Chinchilla is a multiplier of compute: `k = m^-g` with
/// `g = alpha beta / (alpha + beta)` is what `m` times the compute does along the compute-optimal path (Hoffmann et
/// al. 2022, equation 4), and the same law as `N` times `m^(g / alpha)` with `D` times `m^(g / beta)`. That of the data
/// term is a multiplier of data: `k = m^-beta`. Both are linear in each factor, so that few rows tell it even where
/// they leave floor and exponents open.
///
/// ```
/// use triaxis_laws::form::LawForm;
/// use triaxis_laws::forms::{ChinchillaForm, Grouped};
/// let form = Grouped::new(&ChinchillaForm, 3).unwrap();
/// assert_eq!(form.parameters().len(), 7);
/// assert_eq!(form.inputs().last().unwrap().name, "arm");
/// ```
pub struct Grouped {
    base: &'static dyn LawForm,
    /// Whether the factor of an arm after the baseline multiplies the data term alone, not all above the floor.
    is_of_data: Vec<bool>,
    /// The parameters of all that is above the floor.
    above: Vec<usize>,
    definition: Definition,
}

impl Grouped {
    /// `base` for so many arms.
    ///
    /// # Errors
    /// [`InputError::UnknownParameter`] for a form without a floor `E`, [`InputError::Option`] for fewer than two arms
    /// or more than a form can have parameters for.
    pub fn new(base: &'static dyn LawForm, arms: usize) -> Result<Self, InputError> {
        let shared = base.parameters();
        if shared[0].name != "E" || !base.definition().linear.contains(&0) {
            let names: Vec<&str> = shared.iter().map(|parameter| parameter.name.as_ref()).collect();
            return Err(InputError::UnknownParameter {
                name: "E".into(),
                form: base.name().into(),
                available: names.join(", "),
                hint: ", none of them a floor of the loss".into(),
            });
        }
        if !(2..=MOST_PARAMETERS + 1 - shared.len()).contains(&arms) {
            return Err(InputError::Option {
                option: "arms",
                value: arms as f64,
                rule: "at least 2, and at most 16 of a law of five parameters",
            });
        }
        let of = base.definition();
        let factor = |arm: usize| Parameter {
            name: Cow::Owned(format!("k_{arm}")),
            ..Parameter::positive(
                "k",
                "1",
                "what it multiplies over the baseline's",
                &[0.0],
                (1e-2, 1e2),
            )
        };
        let parameters = shared.iter().cloned().chain((1..arms).map(factor));
        let (left, right) = of.equation.split_once("E + ").unwrap_or(("", &of.equation));
        let listed = (1..arms).map(|arm| format!(", k_{arm} of arm {arm}"));
        let definition = Definition {
            name: Cow::Owned(format!("grouped-{}", of.name)),
            equation: Cow::Owned(format!(
                "{left}E + k ({right}), k = 1 of arm 0{}",
                listed.collect::<String>()
            )),
            source: Cow::Owned(format!(
                "{}; effective compute by arm: Ho et al. 2024, Algorithmic Progress in Language Models",
                of.source
            )),
            inputs: of.inputs.iter().cloned().chain([ARM]).collect(),
            parameters: parameters.collect(),
            ..of.clone()
        };
        Ok(Self {
            base,
            is_of_data: vec![false; arms - 1],
            above: (1..shared.len()).collect(),
            definition,
        })
    }

    /// Chinchilla with factors of the data term alone for some of the arms after the baseline.
    ///
    /// # Errors
    /// As [`Grouped::new`].
    pub fn of_parts(is_of_data: &[bool]) -> Result<Self, InputError> {
        let mut whole = Self::new(&ChinchillaForm, 1 + is_of_data.len())?;
        let of_data = is_of_data.iter().enumerate().filter(|(_, of)| **of);
        let listed: Vec<String> = of_data.map(|(at, _)| (at + 1).to_string()).collect();
        if !listed.is_empty() {
            let equation = whole.definition.equation.to_mut();
            equation.push_str(", which multiplies the data term alone of arm ");
            equation.push_str(&listed.join(", "));
        }
        whole.is_of_data = is_of_data.to_vec();
        Ok(whole)
    }

    /// Parameters that all arms share.
    fn shared(&self) -> usize {
        self.base.parameters().len()
    }

    /// Where the factor of an arm stands among the parameters; `None` of the baseline's, which is 1.
    fn factor(&self, arm: f64) -> Option<usize> {
        // The column holds small whole numbers; what does not is of the last arm.
        let arm = (arm as usize).min(self.definition.parameters.len() - self.shared());
        (arm > 0).then(|| self.shared() + arm - 1)
    }
}

impl LawForm for Grouped {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let (shared, width) = (self.shared(), self.base.inputs().len());
        gradient.fill(0.0);
        let (of_shared, of_inputs) = (&parameters[..shared], &inputs[..width]);
        let base = self.base.value(of_shared, of_inputs, &mut gradient[..shared]);
        let Some(at) = self.factor(inputs[width]) else {
            return base;
        };
        let (part, multiplied) = match self.is_of_data[at - shared] {
            true => (parameters[DATA[0]] * gradient[DATA[0]], &DATA[..]),
            false => (base - parameters[0], &self.above[..]),
        };
        for of in multiplied {
            gradient[*of] *= parameters[at];
        }
        gradient[at] = part;
        base + (parameters[at] - 1.0) * part
    }

    fn values(&self, parameters: &[f64], inputs: &[[f64; BLOCK]], blocks: &mut [Block]) {
        let (shared, width) = (self.shared(), self.base.inputs().len());
        for (columns, block) in inputs.chunks_exact(width + 1).zip(blocks) {
            let (of_base, arms) = columns.split_at(width);
            self.base
                .values(&parameters[..shared], of_base, std::slice::from_mut(block));
            block.slopes[shared..parameters.len()].fill([0.0; BLOCK]);
            for (row, arm) in arms[0].iter().enumerate() {
                let Some(at) = self.factor(*arm) else { continue };
                let (part, multiplied) = match self.is_of_data[at - shared] {
                    true => (parameters[DATA[0]] * block.slopes[DATA[0]][row], &DATA[..]),
                    false => (block.values[row] - parameters[0], &self.above[..]),
                };
                for of in multiplied {
                    block.slopes[*of][row] *= parameters[at];
                }
                block.slopes[at][row] = part;
                block.values[row] += (parameters[at] - 1.0) * part;
            }
        }
    }

    fn example(&self) -> Example {
        let base = self.base.example();
        let arms = 1 + self.definition.parameters.len() - self.shared();
        let factors = (1..arms).map(|arm| 1.0 - 0.03 * arm as f64);
        let row = |row: &Vec<f64>, arm: usize| row.iter().copied().chain([arm as f64]).collect();
        Example {
            rows: (0..arms)
                .flat_map(|arm| base.rows.iter().map(move |of| row(of, arm)))
                .collect(),
            parameters: base.parameters.into_iter().chain(factors).collect(),
        }
    }
}
