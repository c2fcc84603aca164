use serde::{Deserialize, Serialize};
use triaxis_units::Params;

use crate::PlanError;

/// What a served model is made of, as far as its cost hangs on it: its parameters, and either its
/// layers and heads or the values that its cache keeps for a token.
///
/// ```
/// let shape: triaxis_plan::serving::ModelShape = toml::from_str(r#"
///     params = "8.03B"
///     layers = 32
///     hidden = 4096
///     query_heads = 32
///     kv_heads = 8
/// "#)?;
/// assert_eq!(shape.cache_values() * 2.0, 131_072.0);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelShape {
    /// All parameters: what memory holds.
    pub params: Params,
    /// Parameters that a token is multiplied with; all, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Params>,
    /// Experts of a layer, of which a token visits some; then `active` must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experts: Option<Experts>,
    /// Layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<u64>,
    /// Width of the residual stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<u64>,
    /// Heads of queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_heads: Option<u64>,
    /// Heads of keys and values; as many as of queries, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kv_heads: Option<u64>,
    /// Width of a head; `hidden / query_heads`, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_dimension: Option<u64>,
    /// Width of what a layer keeps of a token in place of keys and values (latent attention).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<u64>,
    /// Values that all layers together keep of a token, where the layers are not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_values: Option<u64>,
    /// Values of the query heads of all layers together, where the heads are not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_values: Option<u64>,
}

/// Experts of a layer and how many of them a token visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experts {
    /// All of a layer.
    pub count: u64,
    /// Those that a token visits.
    pub chosen: u64,
}

impl Experts {
    /// The share of a layer's experts that so many tokens visit, each its own at random:
    /// `1 - (1 - k/E)^tokens`.
    ///
    /// ```
    /// let mixtral = triaxis_plan::serving::Experts { count: 8, chosen: 2 };
    /// assert_eq!(format!("{:.1}", 100.0 * mixtral.touched(8.0)), "90.0");
    /// ```
    pub fn touched(self, tokens: f64) -> f64 {
        let missed = 1.0 - self.share();
        // The limit of many tokens, also where every expert is chosen.
        if missed > 0.0 {
            1.0 - missed.powf(tokens)
        } else {
            1.0
        }
    }

    fn share(self) -> f64 {
        self.chosen as f64 / self.count as f64
    }
}

impl ModelShape {
    /// A dense model of which the parameters and the values in its cache are known.
    pub fn of(params: Params, cache_values: u64) -> Self {
        Self {
            params,
            cache_values: Some(cache_values),
            ..Self::default()
        }
    }

    /// Checks what is given against each other.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self) -> Result<(), PlanError> {
        let counts = [
            ("params", Some(self.params.0)),
            ("active", self.active.map(|active| active.0)),
            ("layers", self.layers),
            ("hidden", self.hidden),
            ("query_heads", self.query_heads),
            ("kv_heads", self.kv_heads),
            ("head_dimension", self.head_dimension),
            ("latent", self.latent),
        ];
        for (field, count) in counts {
            if count == Some(0) {
                return Err(PlanError::not_positive(
                    &format!("model.{field}"),
                    0.0,
                    "leave it out if unknown",
                ));
            }
        }
        let refuse = |text: String| Err(PlanError(text));
        if let Some(active) = self.active.filter(|active| *active > self.params) {
            return refuse(format!(
                "model.active is {active} of {} parameters: a token cannot be multiplied with more than there are",
                self.params
            ));
        }
        match (self.experts, self.active) {
            (Some(experts), _) if experts.chosen == 0 || experts.chosen > experts.count => refuse(format!(
                "model.experts has {} chosen of {}: a token visits at least one and at most all",
                experts.chosen, experts.count
            )),
            (Some(experts), None) if experts.chosen < experts.count => refuse(
                "model.experts is without model.active: give the parameters that a token is multiplied with".to_owned(),
            ),
            _ if self.cache_values.is_none() && (self.layers.is_none() || self.row_values().is_none()) => refuse(
                "the model's cache is unknown: give `layers` with `query_heads` and `hidden` (and `kv_heads`, \
                 `head_dimension` or `latent` where they differ), or `cache_values`, the values kept for a token"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }

    /// Values that the cache keeps of a token, all layers together; none where nothing says so.
    pub fn cache_values(&self) -> f64 {
        match (self.cache_values, self.layers, self.row_values()) {
            (Some(values), _, _) => values as f64,
            (None, Some(layers), Some(row)) => layers as f64 * row,
            _ => 0.0,
        }
    }

    /// Values that a layer keeps of a token.
    fn row_values(&self) -> Option<f64> {
        let heads = self.kv_heads.or(self.query_heads);
        match self.latent {
            Some(latent) => Some(latent as f64),
            None => Some(2.0 * heads? as f64 * self.head()?),
        }
    }

    fn head(&self) -> Option<f64> {
        let shared = || Some(self.hidden? as f64 / self.query_heads? as f64);
        self.head_dimension.map(|width| width as f64).or_else(shared)
    }

    /// Parameters that a token is multiplied with.
    pub fn active(&self) -> f64 {
        self.active.unwrap_or(self.params).as_f64()
    }

    /// Parameters that a step of so many tokens reads: what all share, and the experts that any visits.
    pub fn read(&self, tokens: f64) -> f64 {
        let all = self.params.as_f64();
        match self.experts.filter(|experts| experts.chosen < experts.count) {
            None => all,
            Some(experts) => {
                // From params = shared + experts and active = shared + experts k/E.
                let in_experts = (all - self.active()) / (1.0 - experts.share());
                all - in_experts * (1.0 - experts.touched(tokens))
            }
        }
    }

    /// Operations of attention for a token that sees `context` tokens: scores and mixture, two a
    /// value of every query head; none where the heads are unknown.
    pub fn attention_operations(&self, context: f64) -> f64 {
        if let Some(values) = self.query_values {
            return 4.0 * values as f64 * context;
        }
        // Heads read the latent itself where there is one.
        let width = self.latent.map(|latent| latent as f64).or_else(|| self.head());
        let known = (self.layers, self.query_heads, width);
        let (Some(layers), Some(heads), Some(width)) = known else {
            return 0.0;
        };
        4.0 * layers as f64 * heads as f64 * width * context
    }
}
