//! Turns the lines of `architectures/mod.rs` into the types that stand for any architecture.

macro_rules! architectures {
    ($($name:ident = $word:literal: $config:ident => $module:ident,)+) => {
        use burn::module::Module;
        use burn::tensor::{Device, Int, Tensor};
        use serde::{Deserialize, Serialize};

        use crate::architecture::{Architecture, LanguageModel};
        use crate::count::{FlopCount, ParameterCount};
        use crate::error::ModelError;
        use crate::ops;

        /// The configuration of any registered architecture; in data, the key `architecture` says which.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "architecture")]
        pub enum ArchitectureSpec {
            $(#[doc = concat!("See [`", stringify!($config), "`].")] #[serde(rename = $word)] $name($config),)+
        }

        /// The network of any registered architecture.
        #[derive(Module, Debug)]
        // One model lives at a time: the difference in size costs nothing.
        #[allow(clippy::large_enum_variant)]
        pub enum Model {
            $(#[doc = concat!("See [`", stringify!($module), "`].")] $name($module),)+
        }

        impl ArchitectureSpec {
            /// Every line of the registry.
            pub const REGISTRY: &[triaxis_names::Entry] =
                &[$(triaxis_names::Entry { name: $word, about: <$config as Architecture>::ABOUT },)+];

            /// Tiny configurations of all of them, which reach every branch of their code.
            pub fn examples() -> Vec<Self> {
                let mut examples = Vec::new();
                $(examples.extend(<$config as Architecture>::examples().into_iter().map(Self::$name));)+
                examples
            }

            /// The value of the key `architecture`.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $word,)+ }
            }

            /// Version of its arithmetic; see [`Architecture::NUMERICS`].
            pub fn numerics(&self) -> u32 {
                match self { $(Self::$name(_) => <$config as Architecture>::NUMERICS,)+ }
            }

            /// Checks every field; see [`Architecture::validate`].
            ///
            /// # Errors
            /// For the first field that breaks a rule.
            pub fn validate(&self) -> Result<(), ModelError> {
                match self { $(Self::$name(config) => config.validate(),)+ }
            }

            /// Size of the vocabulary.
            pub fn vocabulary(&self) -> usize {
                match self { $(Self::$name(config) => config.vocabulary(),)+ }
            }

            /// The longest sequence, in tokens.
            pub fn context(&self) -> usize {
                match self { $(Self::$name(config) => config.context(),)+ }
            }

            /// Exact parameter counts.
            pub fn parameters(&self) -> ParameterCount {
                match self { $(Self::$name(config) => config.parameters(),)+ }
            }

            /// Exact forward operations for one sequence of `length` tokens.
            pub fn forward_flops(&self, length: usize) -> FlopCount {
                match self { $(Self::$name(config) => config.forward_flops(length),)+ }
            }

            /// About how many numbers one sequence of `length` tokens keeps for the backward pass.
            pub fn activations(&self, length: usize) -> u64 {
                match self { $(Self::$name(config) => config.activations(length),)+ }
            }

            /// The network with initial weights that depend only on the configuration and `seed`.
            ///
            /// # Errors
            /// When the configuration is not valid.
            pub fn build(&self, seed: u64, device: &Device) -> Result<Model, ModelError> {
                self.validate()?;
                Ok(match self { $(Self::$name(config) => Model::$name(config.build(seed, device)?),)+ })
            }
        }

        impl Model {
            /// The scores of every next token, `[batch × length, vocabulary]`, for
            /// `tokens [batch, length]`.
            ///
            /// # Errors
            /// When `length` is beyond the model's context.
            pub fn logits(&self, tokens: Tensor<2, Int>) -> Result<Tensor<2>, ModelError> {
                Ok(match self { $(Self::$name(model) => ops::logits(model.hidden(tokens)?, model.head()),)+ })
            }

            /// Mean cross-entropy in nats of `targets [batch × length]`, the tokens that follow each
            /// position of `tokens [batch, length]`.
            ///
            /// # Errors
            /// When `length` is beyond the model's context.
            pub fn loss(&self, tokens: Tensor<2, Int>, targets: Tensor<1, Int>) -> Result<Tensor<1>, ModelError> {
                Ok(match self {
                    $(Self::$name(model) => model.loss(tokens, targets)?,)+
                })
            }

            /// Cross-entropy in nats of each of `targets`, as [`loss`](Self::loss) takes them, `[batch × length]`:
            /// for evaluation, as it has no gradient.
            ///
            /// # Errors
            /// When `length` is beyond the model's context.
            pub fn losses(&self, tokens: Tensor<2, Int>, targets: Tensor<1, Int>) -> Result<Tensor<1>, ModelError> {
                Ok(match self {
                    $(Self::$name(model) => ops::head_losses(model.hidden(tokens)?, model.head(), targets),)+
                })
            }
        }
    };
}
pub(crate) use architectures;
