//! What lies beside a model's weights: its tokenizer and its chat template, in files.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use triaxis_host::files;
use triaxis_infer::text::{self, CHAT_TEMPLATE, TOKENIZER, TOKENIZER_CONFIG};
use triaxis_model::{Published, PublishedTokenizer};
use triaxis_tokens::Tokenizer;

use crate::failure::Usage;
use crate::kept;

/// The files that there may be.
const NAMES: [&str; 3] = [TOKENIZER, TOKENIZER_CONFIG, CHAT_TEMPLATE];

/// Files by their names, with what is in them.
#[derive(Default)]
pub(super) struct Beside(Vec<(&'static str, Vec<u8>)>);

impl Beside {
    /// What is published with a model.
    pub(super) fn of(published: &Published) -> anyhow::Result<Self> {
        match published.tokenizer()? {
            None => Ok(Self::default()),
            Some(PublishedTokenizer::File(path)) => Self::at(&path),
            Some(PublishedTokenizer::Fields(_)) => {
                let tokenizer = text::tokenizer(published)?;
                let template = text::chat_template(published, &tokenizer)?;
                Self::tokenizer(&tokenizer, template)
            }
        }
    }

    /// What lies beside a file that a study kept.
    pub(super) fn kept(file: &Path) -> anyhow::Result<Self> {
        kept::tokenizer(file).map_or_else(|| Ok(Self::default()), |path| Self::at(&path))
    }

    /// A tokenizer, and a chat template.
    pub(super) fn tokenizer(tokenizer: &Tokenizer, template: Option<String>) -> anyhow::Result<Self> {
        let files = [
            (TOKENIZER, tokenizer.json()?.to_vec()),
            (TOKENIZER_CONFIG, tokenizer.config()?),
        ];
        let template = template.map(|template| (CHAT_TEMPLATE, template.into_bytes()));
        Ok(Self(files.into_iter().chain(template).collect()))
    }

    /// The files beside a tokenizer.json, as they are.
    fn at(tokenizer: &Path) -> anyhow::Result<Self> {
        let mut found = Vec::new();
        for name in NAMES {
            let path = tokenizer.with_file_name(name);
            match fs::read(&path) {
                Ok(content) => found.push((name, content)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
            }
        }
        Ok(Self(found))
    }

    /// The names of the files.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// The rule that no other model's files lie where these will.
    pub(super) fn check(&self, weights: &Path) -> Result<(), Usage> {
        let own = |name: &str| self.0.iter().find(|(own, _)| *own == name);
        let is_other = |name: &&str| {
            let there = fs::read(weights.with_file_name(name));
            there.is_ok_and(|there| own(name).is_none_or(|(_, content)| *content != there))
        };
        match NAMES.into_iter().find(is_other) {
            Some(name) => Err(Usage(format!(
                "{} is of another model: name a file in another folder, so that each has its own tokenizer",
                weights.with_file_name(name).display()
            ))),
            None => Ok(()),
        }
    }

    /// Writes them beside the weights.
    pub(super) fn write(&self, weights: &Path) -> anyhow::Result<()> {
        for (name, content) in &self.0 {
            let path = weights.with_file_name(name);
            files::replace(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}
