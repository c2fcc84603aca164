//! Tiny stacks that tests sweep over.

use std::collections::BTreeMap;

use crate::block::Block;
use crate::channels::{ChannelSpec, Experts, Gelu, Rwkv7Channel};
use crate::ends::Ends;
use crate::mixers::{Attention, MixerSpec, Rwkv7};
use crate::norm::NormKind;
use crate::ops::NORM_EPSILON;
use crate::stack::Stack;

fn of(pattern: String, blocks: BTreeMap<char, Block>) -> Stack {
    Stack {
        vocabulary: 11,
        width: 8,
        layers: pattern.len().max(2),
        context: 6,
        pattern,
        blocks,
        tied: false,
        norm: NormKind::Rms,
        norm_epsilon: NORM_EPSILON,
        learned_positions: None,
        ends: Ends::default(),
    }
}

impl Stack {
    /// Tiny ones: every example of every mixer and channel, all mixers in one, and each of a stack's own choices.
    pub fn examples() -> Vec<Self> {
        let mut examples = Vec::new();
        let mut all = BTreeMap::new();
        for (letter, standard) in Block::standard() {
            for mixer in standard.mixer().examples() {
                let block = Block {
                    mixer,
                    ..standard.clone()
                };
                all.insert(letter, block.clone());
                examples.push(of(letter.to_string(), [(letter, block)].into()));
            }
            let channels = standard.channel().map(|channel| channel.examples());
            for channel in channels.into_iter().flatten() {
                let mixer = all[&letter].mixer.clone();
                let channel = Some(channel);
                examples.push(of(
                    letter.to_string(),
                    [(letter, Block { mixer, channel })].into(),
                ));
            }
        }
        let mut hybrid = of(all.keys().collect(), all);
        (hybrid.tied, hybrid.layers) = (true, hybrid.layers + 1);
        examples.push(hybrid);
        examples.extend(of_other_norms());
        examples.extend(of_other_ends());
        examples.push(of_left_values());
        examples.extend(of_experts());
        let hybrid = of(
            "ad".to_owned(),
            Block::standard()
                .filter(|(letter, _)| "ad".contains(*letter))
                .collect(),
        );
        examples.push(Stack {
            norm: NormKind::ZeroCentred,
            ..hybrid
        });
        examples
    }

    /// Tiny ones whose positions see those after them, which take whole sequences alone.
    pub fn bidirectional_examples() -> Vec<Self> {
        let of = |qk_norm| {
            let mixer = MixerSpec::Attention(Attention {
                head_dim: Some(4),
                bidirectional: true,
                qk_norm,
                ..Attention::default()
            });
            let channel = Some(ChannelSpec::SwiGlu(Default::default()));
            of("a".to_owned(), [('a', Block { mixer, channel })].into())
        };
        let tied = |stack: Self| Self { tied: true, ..stack };
        vec![of(true), tied(of(false))]
    }
}

/// RWKV-7 as it is published: all layers but the first mix their values with those of the first.
fn of_left_values() -> Stack {
    let block = |mixes_values| Block {
        mixer: MixerSpec::Rwkv7(Rwkv7 {
            head_dim: Some(4),
            gate_rank: Some(4),
            mixes_values,
            ..Rwkv7::default()
        }),
        channel: Some(ChannelSpec::Rwkv7Channel(Rwkv7Channel::default())),
    };
    Stack {
        norm: NormKind::Layer,
        ends: Ends {
            embedding_norm: true,
            ..Ends::default()
        },
        ..of("wvv".to_owned(), [('w', block(false)), ('v', block(true))].into())
    }
}

/// With experts of every kind, behind different mixers.
fn of_experts() -> impl Iterator<Item = Stack> {
    let spec = ChannelSpec::Experts(Experts::default());
    let standard: BTreeMap<char, Block> = Block::standard().collect();
    spec.channel()
        .examples()
        .into_iter()
        .zip(['a', 'd', 's'])
        .map(move |(channel, letter)| {
            let block = Block {
                channel: Some(channel),
                ..standard[&letter].clone()
            };
            let blocks = [(letter, block), ('a', standard[&'a'].clone())];
            of(format!("{letter}a"), blocks.into_iter().rev().collect())
        })
}

/// With scaled or normalised rows of tokens, and bounded scores.
fn of_other_ends() -> impl Iterator<Item = Stack> {
    [false, true].into_iter().map(|embedding_norm| {
        let blocks = Block::standard().filter(|(letter, _)| *letter == 'r');
        Stack {
            tied: embedding_norm,
            norm: NormKind::ZeroCentred,
            ends: Ends {
                embedding_scale: Some(2.5),
                embedding_norm,
                score_cap: Some(1.5),
            },
            ..of("r".to_owned(), blocks.collect())
        }
    })
}

/// With LayerNorm, learned positions and every channel, as GPT-2 has them, and with another epsilon.
fn of_other_norms() -> impl Iterator<Item = Stack> {
    let channels = [
        ChannelSpec::Gelu(Gelu::default()),
        ChannelSpec::SwiGlu(Default::default()),
    ];
    let channels = channels.into_iter().flat_map(|spec| spec.channel().examples());
    channels.map(|channel| {
        let mixer = MixerSpec::Attention(Attention {
            head_dim: Some(4),
            rotary_fraction: Some(0.0),
            ..Attention::default()
        });
        let channel = Some(channel);
        let stack = of("a".to_owned(), [('a', Block { mixer, channel })].into());
        Stack {
            norm: NormKind::Layer,
            norm_epsilon: 0.1,
            learned_positions: Some(stack.context),
            ..stack
        }
    })
}
