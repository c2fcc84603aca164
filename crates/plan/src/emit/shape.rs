use serde::{Deserialize, Serialize};

use crate::PlanError;

/// The shape of a dense transformer with grouped queries and a gated feed-forward layer, its output not tied to its
/// embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Layers.
    pub depth: u64,
    /// Channels between layers.
    pub width: u64,
    /// Channels inside a feed-forward layer.
    pub feed_forward: u64,
    /// Heads of queries.
    pub heads: u64,
    /// Heads of keys and values.
    pub groups: u64,
    /// Entries of the vocabulary.
    pub vocabulary: u64,
}

/// Width by depth of large models: 128 of GPT-3 175B, Llama 3 8B and 405B (Brown et al. 2020, Grattafiori et al. 2024).
const ASPECT: f64 = 128.0;
/// Heads of keys and values of large models (Llama 3, table 3).
const GROUPS: u64 = 8;
/// What a factor of e off the aspect counts beside one off the parameters.
const ASPECT_WEIGHS: f64 = 0.02;
/// The farthest that the aspect may be off, as a factor.
const FARTHEST: f64 = 8.0;
/// The farthest that the logarithm of the parameters may be off.
const TOLERANCE: f64 = 0.095;
/// The largest width that is tried.
const WIDEST: u64 = 65_536;
/// From this width on a head has 128 channels; 64 below.
const WIDE: u64 = 2_048;
/// From this width on the depth is a multiple of four, which stages of a pipeline share.
const DEEP: u64 = 4_096;

impl Shape {
    /// The shape of about so many parameters, embedding and output included.
    ///
    /// # Errors
    /// When none comes near: of the smallest models the vocabulary alone has more.
    pub fn of(params: f64, vocabulary: u64) -> Result<Self, PlanError> {
        let widths = std::iter::successors(Some(64), |width| Some(width + Self::width_step(*width)));
        let shapes = widths
            .take_while(|width| *width <= WIDEST)
            .map(|width| Self::of_width(width, params, vocabulary))
            .filter(|shape| shape.off_aspect() <= FARTHEST.ln());
        let off = |shape: &Self| (shape.params() as f64 / params).ln().abs();
        let worse = |shape: &Self| off(shape) + ASPECT_WEIGHS * shape.off_aspect();
        let best = shapes.min_by(|one, other| worse(one).total_cmp(&worse(other)));
        best.filter(|best| off(best) <= TOLERANCE).ok_or_else(|| {
            PlanError(format!(
                "no transformer of usual proportions with a vocabulary of {vocabulary} has about {} parameters: give a \
                 smaller `--vocabulary`, or write this run by hand",
                triaxis_units::Params(params as u64)
            ))
        })
    }

    /// How far its width by its depth is from the usual, as a logarithm.
    fn off_aspect(&self) -> f64 {
        (self.width as f64 / self.depth as f64 / ASPECT).ln().abs()
    }

    /// Widths are even in heads, and from [`WIDE`] on in groups of eight heads.
    fn width_step(width: u64) -> u64 {
        if width < WIDE { 64 } else { 128 * GROUPS }
    }

    fn of_width(width: u64, params: f64, vocabulary: u64) -> Self {
        let head = if width < WIDE { 64 } else { 128 };
        let heads = width / head;
        let mut shape = Self {
            depth: 1,
            width,
            // Two thirds of four widths, so that three matrices are as large as two usual ones (Shazeer 2020).
            feed_forward: (width * 8 / 3).div_ceil(256) * 256,
            heads,
            groups: if heads.is_multiple_of(GROUPS) {
                GROUPS
            } else {
                heads
            },
            vocabulary,
        };
        let step = if width < DEEP { 1 } else { 4 };
        let layers = (params - shape.outside() as f64) / shape.layer() as f64 / step as f64;
        shape.depth = step * (layers.round().max(1.0) as u64);
        shape
    }

    /// Channels of a head.
    pub fn head(&self) -> u64 {
        self.width / self.heads
    }

    /// Parameters of a layer: attention, feed-forward and two norms.
    fn layer(&self) -> u64 {
        let keys = self.groups * self.head();
        2 * self.width * self.width
            + 2 * self.width * keys
            + 3 * self.width * self.feed_forward
            + 2 * self.width
    }

    /// Parameters of the embedding, the last norm and the output.
    fn outside(&self) -> u64 {
        2 * self.vocabulary * self.width + self.width
    }

    /// All parameters.
    pub fn params(&self) -> u64 {
        self.outside() + self.depth * self.layer()
    }

    /// Parameters of the layers: what published rules of the learning rate count.
    pub fn params_of_layers(&self) -> u64 {
        self.depth * self.layer()
    }
}
