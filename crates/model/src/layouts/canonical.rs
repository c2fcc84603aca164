//! One way to say each network, so that two can be told apart by what they compute.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::block::Block;
use crate::channels::ChannelSpec;
use crate::error::ModelError;
use crate::mixers::MixerSpec;
use crate::stack::Stack;

/// The same network with every size said, a letter a kind of block, and the shortest pattern.
pub(super) fn canonical(stack: &Stack) -> Stack {
    let (letters, blocks) = lettered(stack.layers().map(|block| said(block, stack.width)));
    let repeats = |period: &usize| {
        letters
            .iter()
            .zip(&letters[*period..])
            .all(|(first, later)| first == later)
    };
    let period = (1..letters.len()).find(repeats).unwrap_or(letters.len());
    Stack {
        pattern: letters[..period].iter().collect(),
        blocks,
        ..stack.clone()
    }
}

/// A letter for each kind of block, and those of the layers.
pub(super) fn lettered(layers: impl Iterator<Item = Block>) -> (Vec<char>, BTreeMap<char, Block>) {
    let mut blocks: BTreeMap<char, Block> = BTreeMap::new();
    let letters = layers.map(|block| {
        let known = blocks.iter().find(|(_, known)| **known == block);
        known.map(|(&letter, _)| letter).unwrap_or_else(|| {
            let letter = free(block.mixer().letter(), &blocks);
            blocks.insert(letter, block);
            letter
        })
    });
    (letters.collect(), blocks)
}

/// The letter, or the first of the alphabet's that stands for nothing yet.
fn free(letter: char, blocks: &BTreeMap<char, Block>) -> char {
    let mut letters = [letter].into_iter().chain('a'..);
    letters
        .find(|letter| !blocks.contains_key(letter))
        .expect("there are more letters than layers")
}

/// A block with every size that it leaves to a rule.
fn said(block: &Block, width: usize) -> Block {
    let mut block = block.clone();
    match &mut block.mixer {
        MixerSpec::Attention(attention) => {
            let heads = attention.heads(width);
            attention.heads = Some(heads.query);
            attention.key_value_heads = Some(heads.key_value);
            attention.head_dim = Some(heads.dimension);
            attention.rotary_fraction = attention.rotary_fraction.filter(|fraction| *fraction != 1.0);
        }
        MixerSpec::Mamba(mamba) => mamba.step_rank = Some(mamba.shape(width, 1, 1).rank),
        MixerSpec::Mamba2(mamba) => mamba.head_dim = Some(mamba.head(width)),
        MixerSpec::SharedAttention(attention) => {
            attention.heads = Some(attention.attention(width).query);
            attention.inner = Some(attention.inner(width));
            attention.mamba.head_dim = Some(attention.mamba.head(width));
        }
        MixerSpec::GatedDeltaNet(delta) => {
            let shape = delta.shape(width, 1, 1);
            (delta.heads, delta.head_dim) = (Some(shape.heads), Some(shape.key));
            delta.key_heads = Some(shape.key_heads);
        }
        MixerSpec::GatedLinearAttention(attention) => {
            attention.head_dim = Some(attention.shape(width, 1, 1).key);
        }
        MixerSpec::LatentAttention(attention) => {
            let sizes = attention.sizes(width);
            attention.heads = Some(sizes.heads);
            attention.nope_head_dim = Some(sizes.nope);
            attention.rope_head_dim = Some(sizes.rope);
            attention.value_head_dim = Some(sizes.value);
            attention.key_value_rank = Some(sizes.rank);
        }
        MixerSpec::Lstm(mixer) => mixer.inner = Some(mixer.inner.unwrap_or(width)),
        MixerSpec::MinGru(mixer) => mixer.inner = Some(mixer.inner.unwrap_or(width)),
        MixerSpec::MinLstm(mixer) => mixer.inner = Some(mixer.inner.unwrap_or(width)),
        MixerSpec::RgLru(mixer) => {
            let shape = mixer.shape(width, 1, 1);
            (mixer.inner, mixer.heads) = (Some(shape.inner), Some(shape.heads));
        }
        MixerSpec::Rwkv7(mixer) => {
            mixer.head_dim = Some(mixer.shape(width, 1, 1).size);
            let ranks = mixer.ranks(width).map(Some);
            [
                mixer.decay_rank,
                mixer.rate_rank,
                mixer.value_rank,
                mixer.gate_rank,
            ] = ranks;
        }
    }
    match &mut block.channel {
        Some(ChannelSpec::SwiGlu(layer)) => layer.inner = Some(layer.inner(width)),
        Some(ChannelSpec::Gelu(layer)) => layer.inner = Some(layer.inner(width)),
        Some(ChannelSpec::GeGlu(layer)) => layer.inner = Some(layer.inner(width)),
        Some(ChannelSpec::Rwkv7Channel(layer)) => layer.inner = Some(layer.inner(width)),
        Some(ChannelSpec::Experts(layer)) => *layer = layer.said(width),
        None => {}
    }
    block
}

/// Where the data of two networks differ first: the place, and both values.
fn difference(place: &str, first: &Value, second: &Value) -> Option<(String, Value, Value)> {
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => {
            let keys = first.keys().chain(second.keys());
            keys.into_iter().find_map(|key| {
                let at = |of: &serde_json::Map<String, Value>| of.get(key).cloned().unwrap_or(Value::Null);
                let place = if place.is_empty() {
                    key.clone()
                } else {
                    format!("{place}.{key}")
                };
                difference(&place, &at(first), &at(second))
            })
        }
        _ => (first != second).then(|| (place.to_owned(), first.clone(), second.clone())),
    }
}

/// The rule that a layout says all of a network: `said` is what its config was read as.
pub(crate) fn same(wanted: &Stack, said: &Stack) -> Result<(), ModelError> {
    let data = |stack| serde_json::to_value(canonical(stack)).expect("a stack is plain data");
    let Some((place, wanted, said)) = difference("", &data(wanted), &data(said)) else {
        return Ok(());
    };
    Err(ModelError(format!(
        "`{place} = {}`: it can only say {}; choose another layout, or train a model that this one can say",
        shown(&wanted),
        shown(&said)
    )))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "(left out)".to_owned(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(text: &str) -> Stack {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn one_network_is_said_in_one_way() {
        let long = r#"{"pattern": "xax", "vocabulary": 9, "width": 8, "layers": 4, "context": 3,
            "blocks": {"x": {"mixer": {"kind": "mamba2", "head_dim": 16}}}}"#;
        let short = r#"{"pattern": "mam", "vocabulary": 9, "width": 8, "layers": 4, "context": 3}"#;
        assert_eq!(canonical(&stack(long)), canonical(&stack(short)));
        assert_eq!(canonical(&stack(long)).pattern, "mam");
        let same = long.replace("xax", "xxxx");
        assert_eq!(canonical(&stack(&same)).pattern, "m");
        let two = long
            .replace("xax", "xm")
            .replace("\"head_dim\": 16", "\"head_dim\": 8");
        assert_eq!(canonical(&stack(&two)).pattern, "ma");
        assert_ne!(canonical(&stack(&two)), canonical(&stack(&same)));
    }

    #[test]
    fn what_a_layout_cannot_say_is_named() {
        let of = |theta: f64| {
            let text = r#"{"pattern": "a", "vocabulary": 9, "width": 8, "layers": 2, "context": 3, "blocks":
                {"a": {"mixer": {"kind": "attention", "rope_theta": THETA}}}}"#;
            stack(&text.replace("THETA", &theta.to_string()))
        };
        assert!(same(&of(5e4), &of(5e4)).is_ok());
        let error = same(&of(5e4), &of(1e4)).unwrap_err().to_string();
        assert!(error.contains("`blocks.a.mixer.rope_theta = 50000.0`"), "{error}");
        assert!(error.contains("it can only say 10000.0"), "{error}");
    }
}
