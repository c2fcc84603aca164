use serde_json::{Map, Value, json};

use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::{ChannelSpec, Rwkv7Channel};
use crate::ends::Ends;
use crate::error::{ModelError, within};
use crate::mixers::{self, MixerSpec};
use crate::norm::NormKind;
use crate::stack::Stack;

/// RWKV-7's own layout.
#[derive(Debug)]
pub struct Rwkv7;

/// Positions where a config does not tell how many: the state does not grow with them.
const CONTEXT: usize = 1 << 20;

impl Rwkv7 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "RWKV-7 (Peng et al. 2025, arXiv 2503.14456) with the names of its authors' \
        tensors (`emb.weight`, `blocks.0.att.x_r`, ..) in `model.safetensors`, and a `config.json` of model_type \
        `rwkv7` that tells its sizes as flash-linear-attention's does. A .pth file is a pickle, which is not read: \
        save its tensors as safetensors, each under its name. 2^20 positions are taken where \
        `max_position_embeddings` is not added.";
}

fn parts(block: &Block) -> Result<(&mixers::Rwkv7, &Rwkv7Channel), ModelError> {
    match (&block.mixer, &block.channel) {
        (MixerSpec::Rwkv7(mixer), Some(ChannelSpec::Rwkv7Channel(channel))) => Ok((mixer, channel)),
        _ => Err(transformer::unlike(block, "`rwkv7` and `rwkv7-channel`")),
    }
}

impl Family for Rwkv7 {
    fn model_types(&self) -> &'static [&'static str] {
        &["rwkv7"]
    }

    fn class(&self) -> &'static str {
        "RWKV7ForCausalLM"
    }

    fn names(&self) -> Names {
        Names {
            prefix: "",
            embedding: "emb.weight",
            norm: "ln_out.weight",
            head: "head.weight",
            computed: &[],
        }
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("hidden_act", "sqrelu")?;
        config.only("norm_bias", true)?;
        let (width, layers) = (config.size("hidden_size")?, config.size("num_hidden_layers")?);
        within("num_hidden_layers", layers, 1, 1 << 12)?;
        let mixer = |mixes_values| {
            Ok(mixers::Rwkv7 {
                head_dim: Some(config.size_if("head_dim")?.unwrap_or(64)),
                decay_rank: Some(config.size("decay_low_rank_dim")?),
                rate_rank: Some(config.size("a_low_rank_dim")?),
                value_rank: Some(config.size("v_low_rank_dim")?),
                gate_rank: Some(config.size("gate_low_rank_dim")?),
                mixes_values,
            })
        };
        let channel = Rwkv7Channel {
            inner: config.size_if("intermediate_size")?,
        };
        let of = |mixes_values| {
            Ok::<_, ModelError>(Block {
                mixer: MixerSpec::Rwkv7(mixer(mixes_values)?),
                channel: Some(ChannelSpec::Rwkv7Channel(channel.clone())),
            })
        };
        let mut blocks = vec![('w', of(false)?)];
        if layers > 1 {
            blocks.push(('v', of(true)?));
        }
        Ok(Stack {
            vocabulary: config.size("vocab_size")?,
            width,
            layers,
            context: config.size_if("max_position_embeddings")?.unwrap_or(CONTEXT),
            pattern: format!("w{}", "v".repeat(layers - 1)),
            blocks: blocks.into_iter().collect(),
            tied: config.flag("tie_word_embeddings", false)?,
            norm: NormKind::Layer,
            norm_epsilon: config.number("norm_eps")?.unwrap_or(1e-5),
            learned_positions: None,
            ends: Ends {
                embedding_norm: true,
                ..Ends::default()
            },
        })
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let mut last = None;
        for block in stack.layers() {
            last = Some(parts(block)?);
        }
        let (mixer, channel) = last.expect("a stack has a layer");
        let [decay, rate, value, gate] = mixer.ranks(stack.width);
        Ok(transformer::fields(json!({
            "vocab_size": stack.vocabulary,
            "hidden_size": stack.width,
            "num_hidden_layers": stack.layers,
            "max_position_embeddings": stack.context,
            "tie_word_embeddings": stack.tied,
            "hidden_act": "sqrelu",
            "norm_bias": true,
            "norm_eps": stack.norm_epsilon,
            "intermediate_size": channel.inner(stack.width),
            "head_dim": mixer.shape(stack.width, 1, 1).size,
            "decay_low_rank_dim": decay,
            "a_low_rank_dim": rate,
            "v_low_rank_dim": value,
            "gate_low_rank_dim": gate,
        })))
    }

    fn around(&self, stack: &Stack) -> Vec<Tensor> {
        let width = [stack.width];
        vec![
            Tensor::same("blocks.0.ln0.weight", "embedding_norm", &width),
            Tensor::same("blocks.0.ln0.bias", "embedding_norm_bias", &width),
            Tensor::same("ln_out.bias", "norm_bias", &width),
        ]
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let (mixer, channel) = parts(block)?;
        let [decay, rate, value, gate] = mixer.ranks(width);
        let shape = mixer.shape(width, 1, 1);
        let inner = channel.inner(width);
        let ours = |name: &str| format!("blocks.{layer}.{name}");
        let same = |published: &str, name: &str, shape: &[usize]| {
            Tensor::same(format!("blocks.{layer}.{published}"), ours(name), shape)
        };
        let turned = |published: &str, name: &str, shape: [usize; 2]| {
            Tensor::turned(format!("blocks.{layer}.{published}"), ours(name), &shape)
        };
        let of_channels = |published: &str, name: &str| same(published, name, &[1, 1, width]);
        let norm = |published: &str, name: &str| {
            [("weight", ""), ("bias", "_bias")]
                .map(|(end, more)| same(&format!("{published}.{end}"), &format!("{name}{more}"), &[width]))
        };
        let low = |letter: char, name: &str, rank: usize| {
            [
                same(&format!("att.{letter}1"), &format!("{name}_in"), &[width, rank]),
                same(&format!("att.{letter}2"), &format!("{name}_out"), &[rank, width]),
            ]
        };
        let mut tensors = Vec::from(norm("ln1", "time_norm"));
        tensors.extend(norm("ln2", "feed_forward_norm"));
        let shifts = ["reading", "decay", "key", "value", "rate", "gate"];
        for (letter, name) in ["r", "w", "k", "v", "a", "g"].into_iter().zip(shifts) {
            tensors.push(of_channels(&format!("att.x_{letter}"), &format!("{name}_shift")));
        }
        tensors.extend(low('w', "decay", decay));
        tensors.extend(low('a', "rate", rate));
        tensors.extend(low('g', "gate", gate));
        if mixer.mixes_values {
            tensors.extend(low('v', "mixing", value));
            tensors.push(of_channels("att.v0", "mixing_bias"));
        }
        tensors.extend([
            of_channels("att.w0", "decay_bias"),
            of_channels("att.a0", "rate_bias"),
            of_channels("att.k_k", "removal_scale"),
            of_channels("att.k_a", "key_scale"),
            same("att.r_k", "bonus", &[shape.heads, shape.size]),
            turned("att.receptance.weight", "reading", [width; 2]),
            turned("att.key.weight", "key", [width; 2]),
            turned("att.value.weight", "value", [width; 2]),
            turned("att.output.weight", "time_output", [width; 2]),
        ]);
        tensors.extend(norm("att.ln_x", "head_norm"));
        tensors.extend([
            of_channels("ffn.x_k", "channel_shift"),
            turned("ffn.key.weight", "up", [inner, width]),
            turned("ffn.value.weight", "down", [width, inner]),
        ]);
        Ok(tensors)
    }
}
