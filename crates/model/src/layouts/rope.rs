//! Rotary positions in the words of transformers 5, which keeps them together, and of those before it.

use serde_json::{Map, Value, json};

use super::config::Config;
use crate::error::{ModelError, rule};
use crate::rope_scaling::RopeScaling;

/// The base of the rotary angles, and how they are scaled.
pub(super) struct Rope {
    pub(super) theta: f64,
    pub(super) scaling: Option<RopeScaling>,
    /// The share of a head's coordinates that turn, where it is told.
    pub(super) fraction: Option<f64>,
    /// What DeepSeek multiplies YaRN's logarithm by, in the scale of scores.
    pub(super) mscale_all: Option<f64>,
}

impl Rope {
    /// That of a config of so many positions.
    pub(super) fn read(config: &Config, context: usize) -> Result<Self, ModelError> {
        let new = config.within("rope_parameters")?;
        let scaling = match new.is_empty() {
            true => config.within("rope_scaling")?,
            false => new.clone(),
        };
        let either = |field| {
            new.number(field)
                .transpose()
                .or_else(|| config.number(field).transpose())
                .transpose()
        };
        Ok(Self {
            theta: either("rope_theta")?.unwrap_or(10_000.0),
            fraction: either("partial_rotary_factor")?,
            mscale_all: scaling.number("mscale_all_dim")?.filter(|mscale| *mscale != 0.0),
            scaling: read_scaling(&scaling, context)?,
        })
    }

    /// The fields that it is read from.
    pub(super) fn write(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("rope_theta".to_owned(), json!(self.theta));
        if let Some(fraction) = self.fraction {
            fields.insert("partial_rotary_factor".to_owned(), json!(fraction));
        }
        if let Some(scaling) = self.scaling {
            let mut scaling = write_scaling(scaling);
            if let Some(mscale) = self.mscale_all {
                scaling["mscale_all_dim"] = json!(mscale);
            }
            fields.insert("rope_scaling".to_owned(), scaling);
        }
        fields
    }
}

fn read_scaling(config: &Config, context: usize) -> Result<Option<RopeScaling>, ModelError> {
    let kind = match config.text("rope_type")? {
        Some(kind) => kind,
        None => config.text("type")?.unwrap_or("default"),
    };
    if kind == "default" {
        return Ok(None);
    }
    let factor = config.number("factor")?.unwrap_or(1.0);
    let number = |field, default| config.number(field).map(|number| number.unwrap_or(default));
    let original_context = config
        .size_if("original_max_position_embeddings")?
        .unwrap_or(context);
    let scaling = match kind {
        "linear" => RopeScaling::Linear { factor },
        "yarn" => {
            config.only("truncate", true)?;
            RopeScaling::Yarn {
                factor,
                original_context,
                beta_fast: number("beta_fast", 32.0)?,
                beta_slow: number("beta_slow", 1.0)?,
                attention_factor: attention_factor(config, factor)?,
            }
        }
        "llama3" => RopeScaling::Llama3 {
            factor,
            original_context,
            low_frequency_factor: number("low_freq_factor", 1.0)?,
            high_frequency_factor: number("high_freq_factor", 4.0)?,
        },
        kind => {
            let known = "must be default, linear, yarn or llama3, those that are the same at every length";
            rule(
                false,
                "rope_type",
                format!("{kind:?}"),
                known,
                "take a model that has one of them",
            )?;
            return Ok(None);
        }
    };
    Ok(Some(scaling))
}

/// YaRN's factor, given or as the ratio of two of DeepSeek's.
fn attention_factor(config: &Config, factor: f64) -> Result<Option<f64>, ModelError> {
    let [given, own, all] =
        ["attention_factor", "mscale", "mscale_all_dim"].map(|field| config.number(field));
    let told = |mscale: Option<f64>| mscale.filter(|mscale| *mscale != 0.0);
    let ratio = match (told(own?), told(all?)) {
        (Some(own), Some(all)) => Some(mscale(factor, own) / mscale(factor, all)),
        _ => None,
    };
    Ok(given?.or(ratio))
}

/// What DeepSeek multiplies turned rows or scores by.
pub(super) fn mscale(factor: f64, mscale: f64) -> f64 {
    match factor > 1.0 {
        true => 0.1 * mscale * factor.ln() + 1.0,
        false => 1.0,
    }
}

fn write_scaling(scaling: RopeScaling) -> Value {
    match scaling {
        RopeScaling::Linear { factor } => json!({ "rope_type": "linear", "factor": factor }),
        RopeScaling::Ntk { .. } | RopeScaling::Dynamic { .. } => json!({ "rope_type": "dynamic" }),
        RopeScaling::Yarn {
            factor,
            original_context,
            beta_fast,
            beta_slow,
            attention_factor,
        } => json!({
            "rope_type": "yarn",
            "factor": factor,
            "original_max_position_embeddings": original_context,
            "beta_fast": beta_fast,
            "beta_slow": beta_slow,
            "attention_factor": attention_factor,
        }),
        RopeScaling::Llama3 {
            factor,
            original_context,
            low_frequency_factor,
            high_frequency_factor,
        } => json!({
            "rope_type": "llama3",
            "factor": factor,
            "original_max_position_embeddings": original_context,
            "low_freq_factor": low_frequency_factor,
            "high_freq_factor": high_frequency_factor,
        }),
    }
}
