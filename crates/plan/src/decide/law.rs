use std::collections::BTreeMap;
use std::sync::Arc;

use triaxis_laws::Widening;
use triaxis_laws::form::MOST_PARAMETERS;
use triaxis_laws::forms;
use triaxis_laws::saved::{Form, NoiseKind, SavedLaw};

use triaxis_units::{Flops, Params, Tokens};

use crate::evidence::{LossUnit, Measured, Span};
use crate::published::Published;
use crate::{PlanError, allocate};

/// A law of the loss with the draws of its constants, as choices are judged by it.
#[derive(Clone)]
pub struct Law {
    /// Its name.
    pub name: String,
    /// Where its constants come from.
    pub source: String,
    /// How much it counts beside the others.
    pub weight: f64,
    /// The unit of its loss.
    pub unit: LossUnit,
    /// The runs it was fitted to.
    pub measured: Measured,
    /// Standard deviation of the logarithm of a run's loss around it, where the runs tell.
    pub noise: Option<f64>,
    /// Degrees of freedom by which that noise is known; as well as any where nothing is said.
    pub freedom: Option<usize>,
    /// How much farther off than its draws say it may be.
    pub widening: Widening,
    /// Bytes of text for each token of the text that its loss is of, where it is known: it brings a goal in bits per
    /// byte to nats per token, and back.
    pub bytes_per_token: Option<f64>,
    /// Whether the parameters that it counts are those without embeddings.
    pub is_without_embeddings: bool,
    /// Draws of its constants that were left out, as they cannot be planned with.
    pub left_out: usize,
    form: Arc<Form>,
    inputs: Vec<Input>,
    /// The fitted constants, then a draw an entry; at least the first.
    constants: Vec<Vec<f64>>,
}

/// What a law reads of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    Params,
    Tokens,
    UniqueTokens,
    Flops,
}

/// A run as a law sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Parameters.
    pub params: f64,
    /// Tokens of the laws' own text that what was seen is worth, were each seen once.
    pub effective: f64,
    /// Tokens of the laws' own text that what was seen is worth, repeats counted in full.
    pub seen: f64,
    /// Tokens of the laws' own text that the unique ones are worth.
    pub unique: f64,
}

impl Run {
    /// A run so large that a law shows its floor.
    pub(super) const ENDLESS: Self = Self {
        params: 1e40,
        effective: 1e40,
        seen: 1e40,
        unique: 1e40,
    };
}

impl Law {
    /// A law of a fitted form.
    ///
    /// # Errors
    /// When it reads what no choice of size and text says, or does not read both, or its constants are not of its form.
    pub fn new(
        (name, source): (String, String),
        form: Form,
        constants: Vec<Vec<f64>>,
        unit: LossUnit,
        measured: Measured,
    ) -> Result<Self, PlanError> {
        let inputs = form.get().inputs().iter().map(|column| match column.name.as_ref() {
            "params" => Ok(Input::Params),
            "tokens" => Ok(Input::Tokens),
            "unique_tokens" => Ok(Input::UniqueTokens),
            "flops" => Ok(Input::Flops),
            other => Err(PlanError(format!(
                "the law `{name}` reads `{other}`, which a plan does not know of a run: fit a law of params and tokens, \
                 as chinchilla, coupled or data-constrained"
            ))),
        });
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let reads = |input| inputs.contains(&input);
        if !(reads(Input::Params) && reads(Input::Tokens)) {
            return Err(PlanError(format!(
                "the law `{name}` is of `{}`, which does not tell parameters from tokens: a plan chooses both; fit a law \
                 of params and tokens, as chinchilla or coupled",
                form.get().name()
            )));
        }
        let wanted = form.get().parameters().len();
        let whole = |one: &Vec<f64>| one.len() == wanted && one.iter().all(|constant| constant.is_finite());
        if constants.is_empty() || wanted > MOST_PARAMETERS || !constants.iter().all(whole) {
            return Err(PlanError(format!(
                "the constants of the law `{name}` are not {wanted} finite numbers a draw, as its form `{}` has: fit it \
                 again",
                form.get().name()
            )));
        }
        Ok(Self {
            name,
            source,
            weight: 1.0,
            unit,
            measured,
            noise: None,
            freedom: None,
            widening: Widening::NONE,
            bytes_per_token: None,
            is_without_embeddings: false,
            left_out: 0,
            form: Arc::new(form),
            inputs,
            constants,
        })
    }

    /// A published law, with the constants as they are printed and what its draws say beside them.
    ///
    /// # Errors
    /// Never for those of the catalogue, which a test holds.
    pub fn published(law: &Published) -> Result<Self, PlanError> {
        let of = |law: &forms::Chinchilla| vec![law.E, law.A, law.B, law.alpha, law.beta];
        let constants = std::iter::once(of(&law.law)).chain(law.draws().iter().map(of));
        Self::new(
            (law.name.to_owned(), law.source.to_owned()),
            Form::Registered(&forms::ChinchillaForm),
            constants.collect(),
            LossUnit::NatsPerToken,
            law.measured,
        )
    }

    /// A law that was saved, a law a form: each counts by the weight that the fit gave it.
    ///
    /// # Errors
    /// When a number cannot be used, a form is not of size and tokens, or the loss has no unit.
    pub fn saved(name: &str, saved: &SavedLaw) -> Result<Vec<Self>, PlanError> {
        let unit = match saved.unit.as_deref() {
            Some("nats/token") => LossUnit::NatsPerToken,
            Some("bits/byte") => LossUnit::BitsPerByte,
            _ => {
                return Err(PlanError(format!(
                    "the law `{name}` does not say whether its loss is in nats a token or bits a byte: fit it with \
                     `--unit loss=nats/token` or `--unit loss=bits/byte`"
                )));
            }
        };
        let forms = saved
            .forms()
            .map_err(|error| PlanError(format!("the law `{name}` cannot be used: {error}")))?;
        let members = saved.members.iter().zip(forms).map(|(member, form)| {
            let best = member
                .parameters
                .iter()
                .map(|parameter| parameter.estimate.value)
                .collect();
            let constants = std::iter::once(best)
                .chain(member.draws.iter().cloned())
                .collect();
            let name = match saved.members.len() {
                1 => name.to_owned(),
                _ => format!("{name}, {}", member.form),
            };
            let measured = measured(&name, &member.spans, member.rows)?;
            let source = format!("fitted to {} ({})", saved.fitted_to, member.form);
            let mut law = Self::new((name, source), form, constants, unit, measured)?;
            law.weight = member.weight;
            law.noise = member
                .noise
                .filter(|noise| noise.kind == NoiseKind::Relative)
                .map(|noise| noise.value);
            law.freedom = Some(member.freedom);
            law.widening = member.widening(saved.level);
            Ok(law)
        });
        members.collect()
    }

    /// A law of the coupled form, which holds those of Chinchilla and of Kaplan. Draws that cannot be planned with are
    /// left out.
    ///
    /// # Errors
    /// When the law itself cannot be planned with: more of size or text must never hurt by it.
    pub fn coupled(
        (name, source): (String, String),
        law: &forms::Coupled,
        draws: &[forms::Coupled],
        unit: LossUnit,
        measured: Measured,
    ) -> Result<Self, PlanError> {
        if let Some(reason) = allocate::unusable(law) {
            return Err(PlanError::unusable(&name, &reason));
        }
        let of = |law: &forms::Coupled| vec![law.E, law.A, law.B, law.alpha, law.beta, law.gamma];
        let usable = draws.iter().filter(|draw| allocate::unusable(draw).is_none());
        let constants: Vec<_> = std::iter::once(law).chain(usable).map(of).collect();
        let left_out = draws.len() + 1 - constants.len();
        let form = Form::Registered(&forms::CoupledForm);
        let made = Self::new((name, source), form, constants, unit, measured)?;
        Ok(Self { left_out, ..made })
    }

    /// Nats per token for one bit per byte of its text, where that is known.
    pub(super) fn nats_per_bit(&self) -> Option<f64> {
        let bytes = self.bytes_per_token?;
        (bytes > 0.0 && bytes.is_finite()).then_some(bytes * std::f64::consts::LN_2)
    }

    /// How many draws of its constants there are; none where only the constants are known.
    pub fn draws(&self) -> usize {
        self.constants.len() - 1
    }

    /// The loss of a run by the fitted constants (`None`) or by a draw, which begins anew after the last.
    pub fn loss(&self, draw: Option<usize>, run: Run) -> f64 {
        let mut inputs = [0.0; 4];
        for (input, kind) in inputs.iter_mut().zip(&self.inputs) {
            *input = match kind {
                Input::Params => run.params.ln(),
                // A law of unique tokens knows itself what repeats are worth.
                Input::Tokens if self.knows_repeats() => run.seen.ln(),
                Input::Tokens => run.effective.ln(),
                Input::UniqueTokens => run.unique.ln(),
                Input::Flops => (6.0 * run.params * run.effective).ln(),
            };
        }
        let mut gradient = [0.0; MOST_PARAMETERS];
        let mut value = |constants: &[f64]| {
            let inputs = &inputs[..self.inputs.len()];
            self.form.get().value(constants, inputs, &mut gradient)
        };
        let best = &self.constants[0];
        match draw.filter(|_| self.draws() > 0) {
            None => value(best),
            Some(draw) => {
                let drawn = value(&self.constants[1 + draw % self.draws()]);
                match self.widening.is_none() {
                    true => drawn,
                    false => self.widening.of(value(best), drawn),
                }
            }
        }
    }

    fn knows_repeats(&self) -> bool {
        self.inputs.contains(&Input::UniqueTokens)
    }
}

/// The runs of a saved law by the spans of its inputs.
fn measured(name: &str, spans: &BTreeMap<String, (f64, f64)>, runs: usize) -> Result<Measured, PlanError> {
    let span = |input: &str| {
        let lacks = || {
            PlanError(format!(
                "the law `{name}` does not say which {input} its runs had: fit and save it again"
            ))
        };
        spans.get(input).copied().ok_or_else(lacks)
    };
    let (params, tokens) = (span("params")?, span("tokens")?);
    let flops = span("compute").unwrap_or((6.0 * params.0 * tokens.0, 6.0 * params.1 * tokens.1));
    let count = |value: f64| value.round().clamp(0.0, 9e15) as u64;
    Ok(Measured {
        runs,
        flops: Span {
            smallest: Flops(flops.0),
            largest: Flops(flops.1),
        },
        params: Span {
            smallest: Params(count(params.0)),
            largest: Params(count(params.1)),
        },
        tokens: Span {
            smallest: Tokens(count(tokens.0)),
            largest: Tokens(count(tokens.1)),
        },
    })
}

impl std::fmt::Debug for Law {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Law")
            .field("name", &self.name)
            .field("form", &self.form.get().name())
            .field("draws", &self.draws())
            .finish_non_exhaustive()
    }
}
