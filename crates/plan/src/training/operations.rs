use triaxis_units::{Flops, Tokens};

/// A decoder as Megatron counts it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dense {
    /// Layers.
    pub layers: f64,
    /// Width of the residual stream; the feed-forward is four times as wide.
    pub hidden: f64,
    /// Tokens of a sequence.
    pub sequence: f64,
    /// Words of the vocabulary.
    pub vocabulary: f64,
}

impl Dense {
    /// Operations of training on so many sequences, nothing computed twice:
    /// `72 B L s h^2 (1 + s / 6h + V / 12hL)` (Korthikanti et al. 2022, arXiv 2205.05198, appendix A).
    ///
    /// ```
    /// use triaxis_plan::training::{Dense, mfu};
    /// let model = Dense { layers: 128.0, hidden: 25600.0, sequence: 2048.0, vocabulary: 51200.0 };
    /// let used = mfu(model.operations(512.0), 71.49, 512.0, 312e12);
    /// assert_eq!(format!("{:.2}%", 100.0 * used), "56.27%");
    /// ```
    pub fn operations(&self, sequences: f64) -> Flops {
        let Self {
            layers,
            hidden,
            sequence,
            vocabulary,
        } = self;
        let products = 72.0 * sequences * layers * sequence * hidden * hidden;
        Flops(products * (1.0 + sequence / (6.0 * hidden) + vocabulary / (12.0 * hidden * layers)))
    }
}

/// Operations of training by those of a token's forward pass, which an architecture counts exactly:
/// the backward pass is twice as many.
pub fn of_forward(forward: Flops, tokens: Tokens) -> Flops {
    forward * (3.0 * tokens.as_f64())
}

/// Share of the peak of so many devices that operations in so many seconds are.
pub fn mfu(operations: Flops, seconds: f64, devices: f64, peak: f64) -> f64 {
    operations.0 / (seconds * devices * peak)
}
