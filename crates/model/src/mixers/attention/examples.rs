//! Settings that between them reach every branch.

use super::{Attention, Bias};
use crate::rope_scaling::RopeScaling;

/// For a stream of width 8, the plainest last.
pub(super) fn all() -> Vec<Attention> {
    let grouped = Attention {
        heads: Some(4),
        key_value_heads: Some(2),
        head_dim: Some(2),
        ..Attention::default()
    };
    let wide = Attention {
        head_dim: Some(4),
        rope_theta: 100.0,
        ..Attention::default()
    };
    let qwen = Attention {
        head_dim: Some(4),
        rotary_fraction: Some(0.5),
        bias: Bias::QueryKeyValue,
        qk_norm: true,
        output_gate: true,
        ..Attention::default()
    };
    let straight = Attention {
        heads: Some(1),
        head_dim: Some(5),
        rotary_fraction: Some(0.0),
        bias: Bias::All,
        ..Attention::default()
    };
    let within = |window| Attention {
        window: Some(window),
        ..grouped.clone()
    };
    let capped = Attention {
        soft_cap: Some(0.8),
        qk_norm: true,
        ..within(16)
    };
    let scaled = |scaling| Attention {
        rope_scaling: Some(scaling),
        ..wide.clone()
    };
    let mut all = vec![straight, qwen, within(1), within(3), within(16), capped];
    all.extend(RopeScaling::examples().into_iter().map(scaled));
    all.extend([grouped, wide]);
    all
}
