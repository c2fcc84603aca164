use serde_json::{Map, Value, json};

use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::{ChannelSpec, Gelu};
use crate::ends::Ends;
use crate::error::{ModelError, rule};
use crate::mixers::{Attention, Bias, MixerSpec};
use crate::norm::NormKind;
use crate::stack::Stack;

/// GPT-2's layout.
#[derive(Debug)]
pub struct Gpt2;

impl Gpt2 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "GPT-2 (Radford et al. 2019), the blocks of Vaswani et al. 2017 (arXiv 1706.03762) \
        with their normalisation before each half: LayerNorm, biases, GELU, learned positions. Its linear layers are \
        published with their inputs first, as they are kept here.";
}

/// The forms of GELU by their names: whether they are approximate.
const FORMS: [(&str, bool); 3] = [("gelu_new", true), ("gelu_pytorch_tanh", true), ("gelu", false)];

fn parts(block: &Block) -> Result<(&Attention, &Gelu), ModelError> {
    match (&block.mixer, &block.channel) {
        (MixerSpec::Attention(attention), Some(ChannelSpec::Gelu(channel))) => Ok((attention, channel)),
        _ => Err(transformer::unlike(block, "`attention` and `gelu`")),
    }
}

impl Family for Gpt2 {
    fn model_types(&self) -> &'static [&'static str] {
        &["gpt2"]
    }

    fn class(&self) -> &'static str {
        "GPT2LMHeadModel"
    }

    fn names(&self) -> Names {
        Names {
            prefix: "transformer.",
            embedding: "transformer.wte.weight",
            norm: "transformer.ln_f.weight",
            head: "lm_head.weight",
            computed: &[".attn.bias", ".attn.masked_bias"],
        }
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("scale_attn_weights", true)?;
        config.only("scale_attn_by_inverse_layer_idx", false)?;
        config.only("add_cross_attention", false)?;
        let (width, heads) = (config.size("n_embd")?, config.size("n_head")?);
        rule(
            heads > 0 && width.is_multiple_of(heads),
            "n_head",
            heads,
            format!("must divide `n_embd = {width}`"),
            "correct the field",
        )?;
        let asked = config.text("activation_function")?.unwrap_or("gelu_new");
        let form = FORMS.iter().find(|(name, _)| *name == asked);
        let known = FORMS.map(|(name, _)| name).join(", ");
        rule(
            form.is_some(),
            "activation_function",
            asked,
            format!("must be one of {known}"),
            "take a model that has one of them",
        )?;
        let positions = config.size("n_positions")?;
        let mixer = MixerSpec::Attention(Attention {
            heads: Some(heads),
            key_value_heads: Some(heads),
            head_dim: Some(width / heads),
            rotary_fraction: Some(0.0),
            bias: Bias::All,
            ..Attention::default()
        });
        let channel = Some(ChannelSpec::Gelu(Gelu {
            inner: Some(config.size_if("n_inner")?.unwrap_or(width.saturating_mul(4))),
            bias: true,
            approximate: form.is_some_and(|(_, approximate)| *approximate),
        }));
        Ok(Stack {
            vocabulary: config.size("vocab_size")?,
            width,
            layers: config.size("n_layer")?,
            context: positions,
            pattern: "a".to_owned(),
            blocks: [('a', Block { mixer, channel })].into(),
            tied: config.flag("tie_word_embeddings", true)?,
            norm: NormKind::Layer,
            norm_epsilon: config.number("layer_norm_epsilon")?.unwrap_or(1e-5),
            learned_positions: Some(positions),
            ends: Ends::default(),
        })
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (attention, channel) = parts(transformer::only_block(stack)?)?;
        let form = FORMS
            .iter()
            .find(|(_, approximate)| *approximate == channel.approximate);
        Ok(transformer::fields(json!({
            "vocab_size": stack.vocabulary,
            "n_embd": stack.width,
            "n_layer": stack.layers,
            "n_head": attention.heads(stack.width).query,
            "n_inner": channel.inner(stack.width),
            "n_positions": stack.context,
            "activation_function": form.map(|(name, _)| name),
            "layer_norm_epsilon": stack.norm_epsilon,
            "tie_word_embeddings": stack.tied,
        })))
    }

    fn around(&self, stack: &Stack) -> Vec<Tensor> {
        vec![
            Tensor::same(
                "transformer.wpe.weight",
                "positions",
                &[stack.context, stack.width],
            ),
            Tensor::same("transformer.ln_f.bias", "norm_bias", &[stack.width]),
        ]
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let inner = parts(block)?.1.inner(width);
        let same = |published: &str, name: &str, shape: &[usize]| {
            let published = format!("transformer.h.{layer}.{published}");
            Tensor::same(published, format!("blocks.{layer}.{name}"), shape)
        };
        Ok(vec![
            same("ln_1.weight", "attention_norm", &[width]),
            same("ln_1.bias", "attention_norm_bias", &[width]),
            same("attn.c_attn.weight", "query_key_value", &[width, 3 * width]),
            same("attn.c_attn.bias", "query_key_value_bias", &[3 * width]),
            same("attn.c_proj.weight", "attention_output", &[width, width]),
            same("attn.c_proj.bias", "attention_output_bias", &[width]),
            same("ln_2.weight", "feed_forward_norm", &[width]),
            same("ln_2.bias", "feed_forward_norm_bias", &[width]),
            same("mlp.c_fc.weight", "up", &[width, inner]),
            same("mlp.c_fc.bias", "up_bias", &[inner]),
            same("mlp.c_proj.weight", "down", &[inner, width]),
            same("mlp.c_proj.bias", "down_bias", &[width]),
        ])
    }
}
