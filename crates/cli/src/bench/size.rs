//! The models that speed is compared on.

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use triaxis_model::ArchitectureSpec;

/// A model and a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Size {
    /// Width 48, 2 layers of 3 heads, vocabulary 512, 3 sequences of 128: the middle of the quickstart
    Quickstart,
    /// Width 128, 4 layers of 4 heads, vocabulary 4,096, 8 sequences of 256
    #[default]
    #[value(name = "S")]
    S,
    /// Width 384, 6 layers of 6 heads, vocabulary 8,192, 8 sequences of 256
    #[value(name = "M")]
    M,
}

impl Size {
    /// Sequences a step.
    pub fn batch(self) -> usize {
        match self {
            Self::Quickstart => 3,
            Self::S | Self::M => 8,
        }
    }

    /// Blocks of its decoder.
    pub fn layers(self) -> usize {
        match self {
            Self::Quickstart => 2,
            Self::S => 4,
            Self::M => 6,
        }
    }

    /// The keys of a study's `[model]` with its vocabulary and context.
    fn model(self) -> Value {
        let layers = self.layers();
        match self {
            Self::Quickstart => {
                json!({"width": 48, "layers": layers, "heads": 3, "vocabulary": 512, "context": 128})
            }
            // The head is its own, as in the models that others are timed with.
            Self::S => {
                json!({"width": 128, "layers": layers, "heads": 4, "vocabulary": 4096, "context": 256, "tied": false})
            }
            Self::M => {
                json!({"width": 384, "layers": layers, "heads": 6, "vocabulary": 8192, "context": 256, "tied": false})
            }
        }
    }

    /// The architecture `name` of this size, with `settings` laid over it.
    ///
    /// # Errors
    /// When the result is not an architecture, or not one that can be built.
    pub fn architecture(
        self,
        name: &str,
        settings: &[(String, Value)],
    ) -> Result<ArchitectureSpec, serde_json::Error> {
        let Value::Object(model) = self.model() else {
            unreachable!("sizes are objects");
        };
        let named = ("architecture".to_owned(), Value::from(name));
        // Stacks have heads in their blocks, if at all.
        let has_heads = name == "decoder";
        let all: Map<_, _> = model
            .into_iter()
            .filter(|(key, _)| has_heads || key != "heads")
            .chain(settings.iter().cloned())
            .chain([named])
            .collect();
        serde_json::from_value(Value::Object(all))
    }
}

/// Reads `KEY=VALUE`; a value that is no JSON is a text.
///
/// # Errors
/// Without a `=`, and for the key that has an argument of its own; the message says what to write.
pub fn setting(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` has no `=`: write KEY=VALUE, such as width=96"))?;
    if key == "architecture" {
        return Err("a model's `architecture` is chosen by `--arch`".to_owned());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((key.to_owned(), value))
}
