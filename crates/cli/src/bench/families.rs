//! Models of one size in every family.

use std::path::Path;

use serde_json::Value;
use triaxis_model::{ArchitectureSpec, Block, MixerSpec, Preset};
use triaxis_names::suggestion;
use triaxis_study::StudySpec;

use super::size::Size;
use crate::failure::Usage;

/// Names of families whose pattern is more than the letter of a mixer, or that are better known by another name than
/// their mixer's.
const NAMED: [(&str, &str); 2] = [
    ("transformer", "a"),
    // Three blocks of four as Qwen3-Next has them (arXiv 2412.06464, hybrids).
    ("hybrid", "ddda"),
];

/// A model and its name.
pub type Named = (String, ArchitectureSpec);

/// The families that are measured where none is named.
const USUAL: [&str; 4] = ["transformer", "mamba2", "gated-deltanet", "hybrid"];

/// The families, architectures or, with a spec, arms of those names, in a size with `settings` laid over it; usual
/// families or all arms where no name is given.
///
/// # Errors
/// When a name is not known, or what comes of it is no model.
pub fn models(
    names: &[String],
    spec: Option<&Path>,
    size: Size,
    settings: &[(String, Value)],
) -> anyhow::Result<Vec<Named>> {
    let built = |name: &str, kind: &str, own: Vec<(String, Value)>| {
        let all: Vec<_> = own.into_iter().chain(settings.iter().cloned()).collect();
        let model = size.architecture(kind, &deepened(size, all));
        let model = model.and_then(|model| {
            let valid = model.validate();
            valid.map(|()| model).map_err(serde::de::Error::custom)
        });
        let model = model.map_err(|error| Usage(format!("`{name}`, with what `--set` says: {error}")));
        model.map(|model| (name.to_owned(), model))
    };
    let Some(path) = spec else {
        let of = |name: &String| match pattern(name) {
            // What others publish by the name of a mixer is more than that mixer.
            _ if is_preset(name) => built(name, "stack", vec![("preset".to_owned(), name.as_str().into())]),
            Some(letters) => {
                let keys = [("pattern".to_owned(), letters.into())];
                built(name, "stack", keys.into())
            }
            None if ArchitectureSpec::REGISTRY.iter().any(|entry| entry.name == name) => {
                built(name, name, Vec::new())
            }
            None => Err(unknown(name, &known())),
        };
        let usual = USUAL.map(str::to_owned);
        let names = if names.is_empty() { &usual[..] } else { names };
        return Ok(names.iter().map(of).collect::<Result<_, _>>()?);
    };
    let (spec, _) = StudySpec::read(path, &[])?;
    let arms = spec.arms().map_err(|error| Usage(error.to_string()))?;
    let all: Vec<String> = arms.iter().map(|arm| arm.name.clone()).collect();
    if let Some(name) = names.iter().find(|name| !all.contains(name)) {
        return Err(unknown(name, &all).into());
    }
    let asked = arms
        .iter()
        .filter(|arm| names.is_empty() || names.contains(&arm.name));
    let of = |arm: &triaxis_study::Arm| {
        let Ok(Value::Object(mut keys)) = serde_json::to_value(&arm.spec.model) else {
            unreachable!("a table of a spec is an object");
        };
        let kind = keys.remove("architecture");
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or("decoder");
        built(&arm.name, kind, keys.into_iter().collect())
    };
    Ok(asked.map(of).collect::<Result<_, _>>()?)
}

fn is_preset(name: &str) -> bool {
    Preset::REGISTRY.iter().any(|entry| entry.name == name)
}

/// What `--arch` takes.
pub fn known() -> Vec<String> {
    let named = NAMED.iter().map(|(name, _)| *name);
    let mixers = MixerSpec::REGISTRY.iter().map(|entry| entry.name);
    let mixers = mixers.filter(|name| !is_preset(name));
    let presets = Preset::REGISTRY.iter().map(|entry| entry.name);
    let architectures = ArchitectureSpec::REGISTRY.iter().map(|entry| entry.name);
    named
        .chain(mixers)
        .chain(presets)
        .chain(architectures)
        .map(str::to_owned)
        .collect()
}

fn unknown(name: &str, known: &[String]) -> Usage {
    Usage(format!(
        "`{name}` is none of {}{}",
        known.join(", "),
        suggestion(name, known.iter().map(String::as_str))
    ))
}

/// The pattern of a family: that of its name, or the letter of the mixer that it is named after.
fn pattern(name: &str) -> Option<String> {
    let named = NAMED.iter().find(|(family, _)| *family == name);
    let of_mixer = || {
        let mut standard = Block::standard();
        let found = standard.find(|(_, block)| block.mixer.kind() == name);
        found.map(|(letter, _)| letter.to_string())
    };
    named.map(|(_, pattern)| (*pattern).to_owned()).or_else(of_mixer)
}

/// As many layers as the pattern is long at least, and twice the size's where blocks have no channel, so that all
/// families have about as many parameters: two such blocks are one of the others'.
fn deepened(size: Size, mut settings: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let last = |key: &str| {
        let mut given = settings.iter().rev();
        given.find(|(name, _)| name == key).map(|(_, value)| value)
    };
    let letters = last("pattern").and_then(Value::as_str).unwrap_or_default();
    let bare = |letter| {
        let mut standard = Block::standard();
        standard.any(|(known, block)| known == letter && block.channel.is_none())
    };
    if last("layers").is_none() && !letters.is_empty() {
        let factor = if letters.chars().all(bare) { 2 } else { 1 };
        let layers = (factor * size.layers()).max(letters.chars().count());
        settings.push(("layers".to_owned(), layers.into()));
    }
    settings
}
