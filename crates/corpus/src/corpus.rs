use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use triaxis_units::Bytes;

use crate::classes::TokenClasses;
use crate::manifest::{MANIFEST, Manifest, Shard, SplitFacts, TOKENIZER};
use crate::{CorpusError, Encoded, Index, Text, Tokenizer, TokenizerSpec, shards};

/// A prepared corpus: two streams of tokens on the disk, mapped into memory, and their manifest.
#[derive(Debug, Clone)]
pub struct Corpus {
    folder: PathBuf,
    manifest: Arc<Manifest>,
    train: TokenView,
    validation: TokenView,
    indices: [Index; 2],
}

impl Corpus {
    /// Opens a prepared folder. The shards' sizes are checked, their content only by
    /// [`verify`](Self::verify).
    ///
    /// # Errors
    /// When the folder holds no corpus, one of another version, or a shard of the wrong size.
    pub fn open(folder: &Path) -> Result<Self, CorpusError> {
        let manifest = Manifest::read(folder)?;
        let train = TokenView::open(folder, &manifest, &manifest.train)?;
        let validation = TokenView::open(folder, &manifest, &manifest.validation)?;
        let indices = [
            Index::open(folder, &manifest.train)?,
            Index::open(folder, &manifest.validation)?,
        ];
        Ok(Self {
            folder: folder.to_owned(),
            manifest: Arc::new(manifest),
            train,
            validation,
            indices,
        })
    }

    /// The training stream: documents of all sources in one shuffled order, each followed by the
    /// end-of-text token, so that every long stretch of it follows the mixture.
    pub fn train(&self) -> TokenView {
        self.train.clone()
    }

    /// The validation stream, made the same way of other documents.
    pub fn validation(&self) -> TokenView {
        self.validation.clone()
    }

    /// The documents of the training stream.
    pub fn train_index(&self) -> Index {
        self.indices[0].clone()
    }

    /// The documents of the validation stream.
    pub fn validation_index(&self) -> Index {
        self.indices[1].clone()
    }

    /// The text of the validation split that its tokens hold, by which a loss in nats per token becomes bits
    /// per byte: all of it, unless the tokenizer loses some.
    pub fn validation_bytes(&self) -> Bytes {
        let lost = self.manifest.tokenizer.lost.as_ref();
        self.manifest.validation.total.bytes - lost.map_or(Bytes(0), |lost| lost.bytes)
    }

    /// One more than the largest token.
    pub fn vocabulary(&self) -> usize {
        self.manifest.tokenizer.vocabulary
    }

    /// The token after each document.
    pub fn end_of_text(&self) -> u32 {
        self.manifest.tokenizer.end_of_text
    }

    /// What is known of the corpus.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Hash of the tokens and their tokenizer: equal exactly when a model sees the same.
    pub fn identity(&self) -> &str {
        &self.manifest.identity
    }

    /// Hash of the validation texts that it was kept apart from, if any; see [`HeldOut::identity_of`](crate::HeldOut).
    pub fn held_out(&self) -> Option<&str> {
        let held_out = self.manifest.held_out.as_ref();
        held_out.map(|facts| facts.identity.as_str())
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The tokenizer's file of the corpus in a folder.
    pub fn tokenizer_file(folder: &Path) -> PathBuf {
        folder.join(TOKENIZER)
    }

    /// Loads the tokenizer it was made with.
    ///
    /// # Errors
    /// When its file is not the one the manifest lists.
    pub fn tokenizer(&self) -> Result<Tokenizer, CorpusError> {
        let path = Self::tokenizer_file(&self.folder);
        let end_of_text = match &self.manifest.tokenizer_spec {
            TokenizerSpec::Train { .. } => triaxis_tokens::END_OF_TEXT,
            TokenizerSpec::File { end_of_text, .. } => end_of_text,
        };
        let damaged = |detail: String| CorpusError::damaged(&path, detail);
        let json = std::fs::read(&path).map_err(CorpusError::io_of_part("read", &path))?;
        let tokenizer =
            Tokenizer::from_json(json, end_of_text).map_err(|error| damaged(error.to_string()))?;
        if tokenizer.hash() != self.manifest.tokenizer.hash {
            return Err(damaged(format!("its hash is not the one in {MANIFEST}")));
        }
        Ok(tokenizer)
    }

    /// What kind of text each of its tokens is.
    ///
    /// # Errors
    /// As [`Corpus::tokenizer`].
    pub fn token_classes(&self) -> Result<TokenClasses, CorpusError> {
        Ok(TokenClasses::of(&self.tokenizer()?))
    }

    /// The tokens of some texts, by its own tokenizer.
    ///
    /// # Errors
    /// When the tokenizer loses text and may not, or its file is not the one the manifest lists.
    pub fn encode(&self, texts: &[Text]) -> Result<Vec<Encoded>, CorpusError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let tokenizer = self.tokenizer()?;
        let lossy = matches!(
            self.manifest.tokenizer_spec,
            TokenizerSpec::File { lossy: true, .. }
        );
        texts.iter().map(|text| text.encode(&tokenizer, lossy)).collect()
    }

    /// Reads everything once and compares it with the hashes of the manifest.
    ///
    /// # Errors
    /// Names the first file that differs.
    pub fn verify(&self) -> Result<(), CorpusError> {
        let Manifest {
            train, validation, ..
        } = self.manifest();
        for (map, shard) in [
            (&self.train.map, &train.shard),
            (&self.validation.map, &validation.shard),
            (&self.indices[0].map, &train.index),
            (&self.indices[1].map, &validation.index),
        ] {
            let hash = blake3::Hasher::new().update_rayon(map).finalize();
            if hash.to_hex().as_str() != shard.hash {
                let detail = format!("its hash is not the one in {MANIFEST}");
                return Err(CorpusError::damaged(&self.folder.join(&shard.file), detail));
            }
        }
        self.tokenizer().map(drop)
    }
}

/// A stream of tokens. Cloning shares it; any number of threads may read it at once.
#[derive(Debug, Clone)]
pub struct TokenView {
    map: Arc<Mmap>,
    token_bytes: u8,
}

impl TokenView {
    fn open(folder: &Path, manifest: &Manifest, split: &SplitFacts) -> Result<Self, CorpusError> {
        let Shard { file, size, .. } = &split.shard;
        let path = folder.join(file);
        let damaged = |detail: String| CorpusError::damaged(&path, detail);
        let found = std::fs::metadata(&path)
            .map_err(CorpusError::io_of_part("read", &path))?
            .len();
        if found != size.0 {
            return Err(damaged(format!(
                "it has {found} bytes and {MANIFEST} says {}",
                size.0
            )));
        }
        if split.total.tokens.0.checked_mul(u64::from(manifest.token_bytes)) != Some(found) {
            return Err(damaged(format!(
                "{found} bytes are not {} tokens",
                split.total.tokens.0
            )));
        }
        Ok(Self {
            map: Arc::new(shards::map(&path)?),
            token_bytes: manifest.token_bytes,
        })
    }

    /// Tokens in the stream.
    pub fn len(&self) -> usize {
        self.map.len() / usize::from(self.token_bytes)
    }

    /// Whether it has none, which a prepared corpus never has.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Copies the tokens from `start` on into `out`, all of it.
    ///
    /// # Errors
    /// When the stream ends before `start + out.len()`.
    pub fn read(&self, start: usize, out: &mut [u32]) -> Result<(), CorpusError> {
        let end = start.saturating_add(out.len());
        if end > self.len() {
            let length = self.len();
            return Err(CorpusError::input(format!(
                "tokens {start}..{end} asked of a split of {length}: stay below its length"
            )));
        }
        let width = usize::from(self.token_bytes);
        shards::from_bytes(&self.map[start * width..end * width], self.token_bytes, out);
        Ok(())
    }
}
