//! Rules on the settings.

use super::Attention;
use crate::error::{ModelError, positive, rule, within};
use crate::ops::AttentionHeads;
use crate::rope_scaling;

impl Attention {
    /// Every rule, in a stream of that width.
    pub(super) fn check(&self, width: usize) -> Result<(), ModelError> {
        let AttentionHeads {
            query,
            key_value,
            dimension,
        } = self.heads(width);
        within("heads", query, 1, 1 << 12)?;
        within("key_value_heads", key_value, 1, query)?;
        within("head_dim", dimension, 1, 1 << 12)?;
        rule(
            query.is_multiple_of(key_value),
            "key_value_heads",
            key_value,
            format!("must divide `heads = {query}`"),
            "choose a divisor, or leave it out for one a query head",
        )?;
        rule(
            self.heads.is_some() || query * dimension == width,
            "width",
            width,
            format!("must be a multiple of `head_dim = {dimension}` where no `heads` are given"),
            "choose one, or set `heads`",
        )?;
        rule(
            self.head_dim.is_some() || query * dimension == width,
            "width",
            width,
            format!("must be a multiple of `heads = {query}` where no `head_dim` is given"),
            "choose one, or set `head_dim`",
        )?;
        self.check_limits()?;
        self.check_rotary(dimension)
    }

    /// Rules on what bounds the scores.
    fn check_limits(&self) -> Result<(), ModelError> {
        if let Some(window) = self.window {
            rule(
                window > 0,
                "window",
                window,
                "must hold at least the position that sees by it",
                "choose at least 1, or leave it out to see all positions before",
            )?;
        }
        rule(
            self.window.is_none() || !self.bidirectional,
            "bidirectional",
            self.bidirectional,
            "sees all positions, and `window` those before one's own alone",
            "leave one of them out",
        )?;
        positive(
            "soft_cap",
            self.soft_cap,
            "leave it out for scores without bounds",
        )
    }

    /// Rules on what turns.
    fn check_rotary(&self, dimension: usize) -> Result<(), ModelError> {
        let fraction = self.rotary_fraction.unwrap_or(1.0);
        rule(
            (0.0..=1.0).contains(&fraction),
            "rotary_fraction",
            fraction,
            "must be from 0, where nothing turns, to 1",
            "leave it out to turn whole heads",
        )?;
        let turning = self.turning(dimension);
        match self.rotary_fraction {
            None => rule(
                turning.is_multiple_of(2),
                "head_dim",
                dimension,
                "must be even, for rotary positions turn pairs",
                "choose a `width` that is an even multiple of `heads`, or set an even `head_dim`",
            ),
            Some(fraction) => rule(
                turning.is_multiple_of(2),
                "rotary_fraction",
                fraction,
                format!("must turn an even number of the {dimension} coordinates of a head, not {turning}"),
                "choose a fraction that makes it even",
            ),
        }?;
        rope_scaling::check(self.rope_theta, self.rope_scaling, turning)
    }
}
