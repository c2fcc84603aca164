//! Rotary positions in keys, and in the tensor that says what frequencies are divided by.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use serde_json::{Map, Value as Json, json};
use triaxis_containers::gguf::Value;

use super::fields::Said;
use crate::error::{ModelError, rule};
use crate::rope_scaling::RopeScaling;

/// The tensor that says what the frequency of each pair is divided by, as Llama 3.1 has it.
pub(in crate::gguf) const DIVISORS: &str = "rope_freqs.weight";

/// The base of the angles where a file says none.
const BASE: f64 = 10_000.0;

const FACTOR: &str = "rope.scaling.factor";
const ORIGINAL: &str = "rope.scaling.original_context_length";
const KIND: &str = "rope.scaling.type";

/// How far a divisor may be from what a scaling has: files have them in single precision.
const TOLERANCE: f64 = 1e-5;

/// The fields of a config in Llama's words, of heads of so many coordinates.
pub(super) fn read(said: &Said, head: u64) -> Result<Map<String, Json>, ModelError> {
    let base = said.number("rope.freq_base")?.unwrap_or(BASE);
    let scaling = match &said.divisors {
        Some(divisors) => divided(said, divisors, base, head)?,
        None => scaling(said)?,
    };
    let mut config = Map::from_iter([("rope_theta".to_owned(), json!(base))]);
    config.extend(scaling.map(|scaling| ("rope_scaling".to_owned(), scaling)));
    Ok(config)
}

/// The scaling that keys say, if they say one.
fn scaling(said: &Said) -> Result<Option<Json>, ModelError> {
    let old = said.number("rope.scale_linear")?;
    // A factor of 0 is none at all.
    let factor = said.number(FACTOR)?.or(old).filter(|factor| *factor != 0.0);
    let original = said.size(ORIGINAL)?;
    let kind = said.text(KIND)?.unwrap_or("linear");
    let more = [
        "yarn_beta_fast",
        "yarn_beta_slow",
        "yarn_attn_factor",
        "attn_factor",
        "yarn_ext_factor",
    ]
    .map(|key| said.number(&format!("rope.scaling.{key}")));
    let [fast, slow, attention, times, extrapolation] = more;
    let (times, extrapolation) = (times?.unwrap_or(1.0), extrapolation?.unwrap_or(1.0));
    rule(
        extrapolation == 1.0 || kind != "yarn",
        "rope.scaling.yarn_ext_factor",
        extrapolation,
        "must be 1, the only one that is built",
        "take a model that has it",
    )?;
    let factor = factor.unwrap_or(1.0);
    let default = 0.1 * factor.ln() + 1.0;
    let attention = attention?.or((times != 1.0).then_some(times * default));
    match kind {
        "none" => Ok(None),
        "linear" => Ok((factor != 1.0).then(|| json!({ "rope_type": "linear", "factor": factor }))),
        "yarn" => Ok(Some(json!({
            "rope_type": "yarn",
            "factor": factor,
            "original_max_position_embeddings": original,
            "beta_fast": fast?,
            "beta_slow": slow?,
            "attention_factor": attention,
        }))),
        kind => rule(
            false,
            "rope.scaling.type",
            format!("{kind:?}"),
            "must be none, linear or yarn",
            "take a model that has one of them",
        )
        .map(|()| None),
    }
}

/// The scaling of Llama 3.1 that has these divisors: files do not say its settings, of which all that are published have
/// the same two factors, so that the original context follows from any divisor between the least and the largest.
fn divided(said: &Said, divisors: &[f32], base: f64, head: u64) -> Result<Option<Json>, ModelError> {
    let original = said.size(ORIGINAL)?;
    let kind = said.text(KIND)?.unwrap_or("none");
    let factor = said.number(FACTOR)?.unwrap_or(0.0);
    rule(
        kind == "none" || factor == 0.0,
        "rope.scaling.type",
        format!("{kind:?}"),
        format!("must be none beside a tensor `{DIVISORS}`"),
        "take a model that has one of both",
    )?;
    let turning = usize::try_from(head).unwrap_or(0);
    let is_right = |divisor: &f32| divisor.is_finite() && *divisor >= 1.0;
    rule(
        divisors.len() == turning / 2 && divisors.iter().all(is_right),
        DIVISORS,
        format!("{} numbers", divisors.len()),
        format!(
            "must be {} numbers from 1 on, one a pair of a head's coordinates",
            turning / 2
        ),
        "take a whole file",
    )?;
    let most = divisors.iter().fold(1.0f32, |most, &divisor| most.max(divisor));
    if most == 1.0 {
        return Ok(None);
    }
    let factor = Value::F32(most).number().unwrap_or(1.0);
    let mut contexts = original.map_or_else(|| contexts(divisors, base, factor), |original| vec![original]);
    contexts.retain(|&context| {
        let scaling = llama3(factor, context);
        let expected = scaling.divisors(turning, base).into_iter();
        let mut pairs = expected.zip(divisors);
        pairs.all(|(expected, &found)| (expected / f64::from(found) - 1.0).abs() < TOLERANCE)
    });
    match contexts.first() {
        Some(original) => Ok(Some(json!({
            "rope_type": "llama3",
            "factor": factor,
            "original_max_position_embeddings": original,
        }))),
        None => Err(ModelError(format!(
            "`{DIVISORS}` has divisors up to {most} that are not those of Llama 3.1's scaling at any original context; \
             take a model that has them"
        ))),
    }
}

/// Llama 3.1's scaling with the two factors that all published models have.
fn llama3(factor: f64, original_context: u64) -> RopeScaling {
    RopeScaling::Llama3 {
        factor,
        original_context: usize::try_from(original_context).unwrap_or(0),
        low_frequency_factor: 1.0,
        high_frequency_factor: 4.0,
    }
}

/// The original contexts that divisors may mean, the likeliest first: powers of two, then what each says by itself.
fn contexts(divisors: &[f32], base: f64, factor: f64) -> Vec<u64> {
    let between = divisors.iter().map(|&divisor| f64::from(divisor)).enumerate();
    let between = between.filter(|(_, divisor)| *divisor > 1.0 && *divisor < factor);
    let own = between.map(|(pair, divisor)| {
        let fast = (1.0 / divisor - 1.0 / factor) / (1.0 - 1.0 / factor);
        let frequency = base.powf(-(pair as f64) / divisors.len() as f64);
        ((3.0 * fast + 1.0) * TAU / frequency).round() as u64
    });
    (0..=24).map(|power| 1 << power).rev().chain(own).collect()
}

/// The keys that say a base and a scaling, but for what [`DIVISORS`] says.
pub(super) fn keys(base: f64, scaling: Option<RopeScaling>) -> BTreeMap<String, Value> {
    let number = |value: f64| Value::F32(value as f32);
    let mut keys = BTreeMap::from([("rope.freq_base".to_owned(), number(base))]);
    let mut add = |key: &str, value| drop(keys.insert(key.to_owned(), value));
    match scaling {
        Some(RopeScaling::Linear { factor }) => {
            add(KIND, Value::Text("linear".to_owned()));
            add(FACTOR, number(factor));
        }
        Some(RopeScaling::Yarn {
            factor,
            original_context,
            beta_fast,
            beta_slow,
            attention_factor,
        }) => {
            add(KIND, Value::Text("yarn".to_owned()));
            add(FACTOR, number(factor));
            add(ORIGINAL, super::transformer::whole(original_context));
            add("rope.scaling.yarn_beta_fast", number(beta_fast));
            add("rope.scaling.yarn_beta_slow", number(beta_slow));
            if let Some(factor) = attention_factor {
                add("rope.scaling.yarn_attn_factor", number(factor));
            }
        }
        Some(RopeScaling::Llama3 { original_context, .. }) => {
            add(ORIGINAL, super::transformer::whole(original_context));
        }
        // Those that GGUF has no words for are found when the keys are read again.
        Some(RopeScaling::Ntk { .. } | RopeScaling::Dynamic { .. }) | None => {}
    }
    keys
}
