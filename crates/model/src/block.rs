//! A block: a mixer and, mostly, a channel.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::channels::ChannelSpec;
use crate::error::{ModelError, rule};
use crate::mixer::{Mixer, Place};
use crate::mixers::MixerSpec;
use crate::norm::NormKind;
use crate::weights::WeightSpec;

/// What a letter of a pattern stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// What mixes positions.
    pub mixer: MixerSpec,
    /// What mixes the values of a position, if anything does besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelSpec>,
}

impl Block {
    /// The usual block of every mixer, as it is without settings, by its letter.
    pub fn standard() -> impl Iterator<Item = (char, Self)> {
        MixerSpec::REGISTRY.iter().map(|entry| {
            let named = serde_json::json!({ "kind": entry.name });
            let spec: MixerSpec =
                serde_json::from_value(named).expect("every setting of a mixer has a default");
            let (letter, channel) = (spec.mixer().letter(), spec.mixer().channel());
            (letter, Self { mixer: spec, channel })
        })
    }

    pub(crate) fn mixer(&self) -> &dyn Mixer {
        self.mixer.mixer()
    }

    pub(crate) fn channel(&self) -> Option<&dyn Channel> {
        self.channel.as_ref().map(ChannelSpec::channel)
    }

    pub(crate) fn validate(&self, width: usize, norm: NormKind) -> Result<(), ModelError> {
        let kind = self.mixer.kind();
        rule(
            self.mixer().norms().contains(&norm),
            "norm",
            norm.name(),
            format!("is not what `{kind}` can stand after, which normalises by `rms` in its own operation"),
            "leave `norm` out, or choose another mixer",
        )?;
        self.mixer().validate(width)?;
        self.channel().map_or(Ok(()), |channel| channel.validate(width))
    }

    /// How many of its parts write to the residual stream.
    pub(crate) fn writes(&self) -> usize {
        1 + usize::from(self.channel.is_some())
    }

    pub(crate) fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let channel = self.channel().map(|channel| channel.weights(place));
        let mixer = self.mixer().weights(place);
        mixer.into_iter().chain(channel.into_iter().flatten()).collect()
    }
}
