use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::architecture::Architecture;
use crate::block::Block;
use crate::channels::ChannelSpec;
use crate::count::{FlopCount, ParameterCount, product_flops};
use crate::ends::Ends;
use crate::error::{ModelError, rule, within};
use crate::is_default;
use crate::mixer::{Place, Span};
use crate::mixers::MixerSpec;
use crate::model::Model;
use crate::norm::{Norm, NormKind};
use crate::ops::NORM_EPSILON;
use crate::presets::Preset;
use crate::weights::{Group, Initial, WeightSpec, shared_prefix};

/// Rows of logits that exist at a time.
const HEAD_CHUNK: usize = 1024;
/// Copies of all scores that a cap keeps: of what is divided, its tanh, what that is multiplied by, and two of the loss.
const CAPPED: usize = 5;

/// A network: the embedding, blocks by a pattern, a last normalisation, and the head.
///
/// In data, `blocks` says what letters of the pattern stand for; those it leaves out stand for the usual block of the
/// mixer with that letter. Once read, it holds the letters of the pattern and no others. In the place of a pattern a
/// [`Preset`] may be named, whose choices stand where nothing else is said.
///
/// ```
/// use triaxis_model::Stack;
/// let stack: Stack = serde_json::from_str(
///     r#"{"pattern": "a", "vocabulary": 512, "width": 64, "layers": 2, "context": 128}"#,
/// )?;
/// assert_eq!(stack.parameters().embedding.0, 512 * 64);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Stack {
    /// Tokens in the vocabulary.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// The longest sequence.
    pub context: usize,
    /// A letter a block, from the first on again and again.
    pub pattern: String,
    /// What the letters stand for.
    pub blocks: BTreeMap<char, Block>,
    /// Whether the head shares the embedding's table.
    pub tied: bool,
    /// How rows are normalised.
    #[serde(skip_serializing_if = "is_default")]
    pub norm: NormKind,
    /// What every normalisation adds to the mean square before its root.
    #[serde(skip_serializing_if = "is_usual")]
    pub norm_epsilon: f64,
    /// Positions that have a learned row of their own, which is added to that of the token, if any have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned_positions: Option<usize>,
    /// What it does before its first block and behind its head.
    #[serde(skip_serializing_if = "is_default")]
    pub ends: Ends,
}

/// Whether it is the epsilon of a spec that says none.
fn is_usual(epsilon: &f64) -> bool {
    epsilon.to_bits() == NORM_EPSILON.to_bits()
}

/// What a spec may leave out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    vocabulary: usize,
    width: usize,
    layers: usize,
    context: usize,
    preset: Option<Preset>,
    pattern: Option<String>,
    #[serde(default)]
    blocks: BTreeMap<char, Block>,
    tied: Option<bool>,
    norm: Option<NormKind>,
    norm_epsilon: Option<f64>,
    learned_positions: Option<usize>,
    ends: Option<Ends>,
}

impl TryFrom<Fields> for Stack {
    type Error = ModelError;

    fn try_from(fields: Fields) -> Result<Self, ModelError> {
        let preset = fields.preset.map(Preset::chosen);
        let Some(pattern) = fields
            .pattern
            .or(preset.map(|preset| preset.pattern(fields.layers)))
        else {
            return Err(ModelError(format!(
                "`pattern` is missing: give a letter for each block that is repeated, as in \"ddda\", or `preset`, one of {}",
                Preset::ALL
                    .iter()
                    .map(|preset| preset.name())
                    .collect::<Vec<_>>()
                    .join(", ")
            )));
        };
        let own = preset.map(|preset| preset.blocks()).unwrap_or_default();
        let usual = Block::standard().chain(own);
        let mut blocks: BTreeMap<char, Block> = usual.chain(fields.blocks).collect();
        blocks.retain(|letter, _| pattern.contains(*letter));
        let stack = Self {
            vocabulary: fields.vocabulary,
            width: fields.width,
            layers: fields.layers,
            context: fields.context,
            pattern,
            blocks,
            tied: fields.tied.or(preset.map(|preset| preset.tied())).unwrap_or(true),
            norm: fields
                .norm
                .or(preset.map(|preset| preset.norm()))
                .unwrap_or_default(),
            norm_epsilon: fields.norm_epsilon.unwrap_or(NORM_EPSILON),
            learned_positions: fields.learned_positions,
            ends: fields
                .ends
                .or(preset.map(|preset| preset.ends()))
                .unwrap_or_default(),
        };
        stack.validate()?;
        Ok(stack)
    }
}

impl Stack {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Blocks by a pattern, a letter a block, repeated over the layers: each a mixer of \
        positions and mostly a channel, after RMSNorm (arXiv 1910.07467) and added to the residual stream; head tied \
        to the embedding or not. Initial weights are normal: every matrix with deviation 1/sqrt(inputs), those that \
        write to the residual stream divided by the root of how many do (GPT-2), tables of the vocabulary with \
        1/sqrt(width), so that scores start at the size of one; gains are one.";

    /// What its operations call the product that gives scores.
    pub const HEAD: &'static str = "head";

    /// Version of what it does around its blocks.
    pub const NUMERICS: u32 = 1;

    /// Checks every field.
    ///
    /// # Errors
    /// For the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ModelError> {
        within("vocabulary", self.vocabulary, 2, 1 << 24)?;
        within("width", self.width, 1, 1 << 16)?;
        within("layers", self.layers, 1, 1 << 12)?;
        within("context", self.context, 1, 1 << 24)?;
        rule(
            self.norm_epsilon > 0.0 && self.norm_epsilon < 1.0,
            "norm_epsilon",
            self.norm_epsilon,
            "must be above 0 and below 1",
            "leave it out for 1e-5",
        )?;
        self.ends.validate()?;
        if let Some(positions) = self.learned_positions {
            rule(
                (self.context..=1 << 24).contains(&positions),
                "learned_positions",
                positions,
                format!(
                    "must be at least `context = {}`, and no more than {}",
                    self.context,
                    1 << 24
                ),
                "choose as many, or leave it out where other parts tell positions apart",
            )?;
        }
        let known = self
            .blocks
            .keys()
            .copied()
            .chain(Block::standard().map(|(letter, _)| letter));
        let mut known: Vec<String> = known.map(|letter| format!("`{letter}`")).collect();
        known.sort();
        known.dedup();
        let known = known.join(", ");
        let letters = format!("choose from {known}, or say under `blocks` what it stands for");
        rule(
            !self.pattern.is_empty(),
            "pattern",
            "\"\"",
            "must have a letter for each block that is repeated",
            &letters,
        )?;
        for letter in self.pattern.chars() {
            let found = self.blocks.contains_key(&letter);
            let stands = format!("`{letter}` stands for no block");
            rule(found, "pattern", format!("{:?}", self.pattern), stands, &letters)?;
        }
        self.blocks.iter().try_for_each(|(letter, block)| {
            let named = |error: ModelError| match self.blocks.len() {
                1 => error,
                _ => ModelError(format!("block `{letter}`: {error}")),
            };
            block.validate(self.width, self.norm).map_err(named)
        })?;
        let mut sets: BTreeMap<usize, Vec<char>> = BTreeMap::new();
        for letter in self.sharing() {
            let set = self.blocks[&letter].mixer().set();
            sets.entry(set).or_default().push(letter);
        }
        for letters in sets.values() {
            rule(
                letters.len() <= 1,
                "pattern",
                format!("{:?}", self.pattern),
                format!("{letters:?} stand for blocks that share weights with all of their kind and set"),
                "use one of these letters in all their places, or give them sets of their own",
            )?;
        }
        self.check_left()
    }

    /// The letters whose blocks share weights.
    pub(crate) fn sharing(&self) -> impl Iterator<Item = char> {
        let used = |letter: &char| self.letters().any(|used| used == *letter);
        let blocks = self.blocks.iter().filter(move |(letter, _)| used(letter));
        blocks
            .filter(|(_, block)| !block.mixer().shared(self.place()).is_empty())
            .map(|(&letter, _)| letter)
    }

    /// Whether tokens choose experts in any of its layers.
    pub fn has_experts(&self) -> bool {
        self.layers()
            .any(|block| matches!(block.channel, Some(ChannelSpec::Experts(_))))
    }

    /// Whether a position sees any after it.
    pub fn is_bidirectional(&self) -> bool {
        self.layers().any(|block| block.mixer().is_bidirectional())
    }

    /// The same where positions see those after them by all of its attention that has no window.
    #[must_use]
    pub fn both_ways(&self) -> Self {
        let mut both = self.clone();
        for block in both.blocks.values_mut() {
            if let MixerSpec::Attention(attention) = &mut block.mixer {
                attention.bidirectional = attention.window.is_none();
            }
        }
        both
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            width: self.width,
            writes: self.layers().map(Block::writes).sum(),
            norm: self.norm,
        }
    }

    /// The rule that what a layer takes from an earlier one is left there.
    fn check_left(&self) -> Result<(), ModelError> {
        let mut left = BTreeSet::new();
        for (letter, block) in self.letters().zip(self.layers()) {
            left.extend(block.mixer().leaves());
            rule(
                block.mixer().takes().is_none_or(|name| left.contains(name)),
                "pattern",
                format!("{:?}", self.pattern),
                format!("`{letter}` goes on with what an earlier layer of its kind leaves, and none does"),
                "begin with a block that takes nothing from others",
            )?;
        }
        Ok(())
    }

    /// How rows are normalised.
    pub(crate) fn norm(&self) -> Norm {
        Norm {
            kind: self.norm,
            epsilon: self.norm_epsilon,
        }
    }

    /// The blocks, from the first layer to the last.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Block> {
        self.letters().filter_map(|letter| self.blocks.get(&letter))
    }

    /// The letters of the layers.
    pub(crate) fn letters(&self) -> impl Iterator<Item = char> {
        self.pattern.chars().cycle().take(self.layers)
    }

    /// Every weight, in a fixed order.
    pub fn weights(&self) -> Vec<WeightSpec> {
        let table = |name: &str, rows, group| WeightSpec {
            name: name.to_owned(),
            shape: vec![rows, self.width],
            initial: Initial::Normal((self.width as f64).sqrt().recip()),
            group,
            hidden: None,
        };
        let place = self.place();
        let shared = self.sharing().flat_map(|letter| {
            let mixer = self.blocks[&letter].mixer();
            let prefix = shared_prefix(mixer.set());
            mixer.shared(place).into_iter().map(move |weight| WeightSpec {
                name: format!("{prefix}.{}", weight.name),
                ..weight
            })
        });
        let blocks = self.layers().enumerate().flat_map(|(layer, block)| {
            let within_block = move |weight: WeightSpec| WeightSpec {
                name: format!("blocks.{layer}.{}", weight.name),
                ..weight
            };
            block.weights(place).into_iter().map(within_block)
        });
        let mut weights = vec![table("embedding", self.vocabulary, Group::Embedding)];
        weights.extend(
            self.learned_positions
                .map(|positions| table("positions", positions, Group::Positions)),
        );
        weights.extend(shared);
        let embedding_norm = self.ends.embedding_norm;
        weights.extend(
            embedding_norm
                .then(|| self.norm.weights("embedding_norm", self.width))
                .into_iter()
                .flatten(),
        );
        weights.extend(blocks);
        weights.extend(self.norm.weights("norm", self.width));
        weights.extend((!self.tied).then(|| table("head", self.vocabulary, Group::Head)));
        weights
    }

    /// Exact parameter counts.
    pub fn parameters(&self) -> ParameterCount {
        let mut counts = [0, 0];
        for weight in self.weights() {
            let is_table = matches!(weight.group, Group::Embedding | Group::Positions | Group::Head);
            counts[usize::from(!is_table)] += weight.size() as u64;
        }
        let channels = self.layers().filter_map(Block::channel);
        let idle = channels.map(|channel| channel.idle(self.width) as u64).sum();
        ParameterCount::new(counts[0], counts[1], idle)
    }

    /// Exact forward operations for one sequence of `length` tokens with a loss on every token.
    pub fn forward_flops(&self, length: usize) -> FlopCount {
        self.operations(Span::whole(length))
    }

    /// Exact forward operations over the positions of `span`, with scores after each.
    pub fn operations(&self, span: Span) -> FlopCount {
        let blocks = self.layers().flat_map(|block| {
            let channel = block
                .channel()
                .map(|channel| channel.operations(self.width, span.length));
            let mixer = block.mixer().operations(self.width, span);
            mixer.into_iter().chain(channel.into_iter().flatten())
        });
        let head = (
            Self::HEAD,
            product_flops(span.length, self.width, self.vocabulary),
        );
        FlopCount::of(blocks.chain([head]))
    }

    /// About how many numbers one sequence of `length` tokens keeps for the backward pass, to estimate memory by.
    pub fn activations(&self, length: usize) -> u64 {
        let sum = |of: &dyn Fn(&Block) -> usize| self.layers().map(of).sum::<usize>();
        let most = |of: &dyn Fn(&Block) -> usize| self.layers().map(of).max().unwrap_or(0);
        let width = self.width;
        let kept = sum(&|block| {
            block.mixer().kept(width) + block.channel().map_or(0, |channel| channel.kept(width))
        });
        // The backward pass of one part at a time, and what comes before and after the blocks.
        let passing = 8 * width
            + most(&|block| block.mixer().passing(width))
            + most(&|block| block.channel().map_or(0, |channel| channel.passing(width)));
        // Scores that are bounded are made at once, in several steps each of which is kept.
        let scores = match self.ends.score_cap {
            Some(_) => CAPPED * length,
            None => length.min(HEAD_CHUNK),
        };
        (length * (kept + passing) + scores * self.vocabulary) as u64
    }

    /// Exactly how many numbers are remembered of one sequence after so many positions.
    pub fn remembered(&self, positions: usize) -> u64 {
        let remembered = |block: &Block| {
            let channel = block
                .channel()
                .map_or(0, |channel| channel.remembered(self.width));
            (block.mixer().remembered(self.width, positions) + channel) as u64
        };
        self.layers().map(remembered).sum()
    }

    /// The network with initial weights that depend only on the description and `seed`.
    ///
    /// # Errors
    /// When the description is not valid.
    pub fn build(&self, seed: u64, device: &Device) -> Result<Model, ModelError> {
        self.validate()?;
        Ok(Model::new(self.clone(), seed, device))
    }
}

impl Architecture for Stack {
    fn numerics(&self) -> BTreeMap<&'static str, u32> {
        let blocks = self.blocks.values().flat_map(|block| {
            let channel = block
                .channel
                .as_ref()
                .map(|spec| (spec.kind(), spec.channel().numerics()));
            [(block.mixer.kind(), block.mixer().numerics())]
                .into_iter()
                .chain(channel)
        });
        blocks.chain([("stack", Self::NUMERICS)]).collect()
    }

    fn validate(&self) -> Result<(), ModelError> {
        Stack::validate(self)
    }

    fn stack(&self) -> Stack {
        self.clone()
    }
}
