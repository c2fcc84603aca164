use std::path::Path;

use rayon::prelude::*;
use serde_json::json;
use triaxis_tokens::WordCounts;

use crate::facts::{self, Written};
use crate::folder::{self, Unfinished};
use crate::losses::Losses;
use crate::manifest::{FORMAT, MANIFEST, Manifest, TOKENIZER};
use crate::read::{Chosen, read_chosen};
use crate::scan::{Scan, list, scan};
use crate::select::{Selection, select};
use crate::shards::{Spool, to_bytes, token_bytes, tokens, write, write_file};
use crate::{
    Corpus, CorpusError, CorpusSpec, Document, HeldOut, Novelty, Progress, Stage, Tokenizer, TokenizerSpec,
};

/// Version of which text becomes which tokens in which order: raised when readers, split, sample, mixture or shards give
/// others.
pub const NUMERICS: u32 = 1;

/// Text that a tokenizer is trained on at most, the first of the training stream. More hardly
/// changes a vocabulary, and the library counts pairs in 31 bits.
const TOKENIZER_TEXT: u64 = 64 << 20;

/// Makes the corpus of a spec in the folder `out`, or opens it where it is there already.
///
/// Relative paths in the specs start from `base`. The folder appears under its name only when all
/// of it is written; until then it is a hidden folder beside it. Runs in the current rayon pool, and
/// its result does not depend on the number of threads.
///
/// # Errors
/// See [`CorpusError`]. After an error `out` is as it was before.
pub fn prepare(
    spec: &CorpusSpec,
    tokenizer_spec: &TokenizerSpec,
    base: &Path,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Corpus, CorpusError> {
    prepare_apart(
        &HeldOut::default(),
        spec,
        tokenizer_spec,
        base,
        &[],
        out,
        progress,
    )
}

/// Makes the corpus of a spec apart from what is held out: no document of it, or near copy of one, is in either split.
/// What lies in a folder of `avoid` is no text.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_apart(
    held_out: &HeldOut,
    spec: &CorpusSpec,
    tokenizer_spec: &TokenizerSpec,
    base: &Path,
    avoid: &[&Path],
    out: &Path,
    progress: &dyn Progress,
) -> Result<Corpus, CorpusError> {
    spec.check()?;
    let wanted = Wanted::new(tokenizer_spec, base)?;
    let existing = folder::existing(out)?;
    let scan = scan(
        spec,
        list(spec, base, &[avoid, &[out]].concat())?,
        held_out,
        progress,
    )?;
    let selection = select(spec, &scan)?;
    let inputs = inputs(spec, held_out, &wanted, &selection);
    if let Some(corpus) = existing {
        return folder::same(corpus, &inputs);
    }
    let folder = Unfinished::create(out)?;
    let work = Work {
        spec,
        scan: &scan,
        selection: &selection,
        folder: folder.path(),
        progress,
    };
    let lossy = matches!(tokenizer_spec, TokenizerSpec::File { lossy: true, .. });
    let tokenizer = match wanted {
        Wanted::Train { vocabulary } => work.train_tokenizer(vocabulary)?,
        Wanted::Loaded(tokenizer) => *tokenizer,
    };
    let written = work.write(&tokenizer, lossy)?;
    let manifest = facts::manifest(
        spec,
        tokenizer_spec,
        &tokenizer,
        &scan,
        &selection,
        inputs,
        written,
    );
    work.finish(&tokenizer, &manifest)?;
    folder.rename(out, &manifest.inputs)
}

/// The tokenizer as far as it is known before any text is read.
enum Wanted {
    Train { vocabulary: usize },
    Loaded(Box<Tokenizer>),
}

impl Wanted {
    fn new(spec: &TokenizerSpec, base: &Path) -> Result<Self, CorpusError> {
        spec.check()?;
        Ok(match spec {
            TokenizerSpec::Train { vocabulary } => Self::Train {
                vocabulary: *vocabulary,
            },
            TokenizerSpec::File {
                file, end_of_text, ..
            } => Self::Loaded(Box::new(Tokenizer::from_file(&base.join(file), end_of_text)?)),
        })
    }
}

/// Hash of all that decides what a corpus becomes: the settings and the text, not where it lies.
fn inputs(spec: &CorpusSpec, held_out: &HeldOut, wanted: &Wanted, selection: &Selection) -> String {
    let tokenizer = match wanted {
        Wanted::Train { vocabulary } => json!({ "vocabulary": vocabulary, "text": TOKENIZER_TEXT }),
        Wanted::Loaded(tokenizer) => json!({ "hash": tokenizer.hash() }),
    };
    let sources: Vec<_> = spec
        .sources
        .iter()
        .zip(&selection.sources)
        .map(|(source, text)| json!({ "name": source.name(), "weight": source.weight(), "content": text.content }))
        .collect();
    let mut all = json!({
        "format": FORMAT,
        "seed": spec.seed,
        "sample": spec.sample,
        "validation": spec.validation,
        "sources": sources,
        "held_out": held_out.identity(),
        "tokenizer": tokenizer,
    });
    all.sort_all_objects();
    blake3::hash(all.to_string().as_bytes()).to_hex().to_string()
}

/// Everything that the writing of a corpus needs.
struct Work<'a> {
    spec: &'a CorpusSpec,
    scan: &'a Scan,
    selection: &'a Selection,
    folder: &'a Path,
    progress: &'a dyn Progress,
}

impl Work<'_> {
    fn train_tokenizer(&self, vocabulary: usize) -> Result<Tokenizer, CorpusError> {
        let mut text = 0;
        let mut chosen: Vec<Chosen> = Vec::new();
        let train = &self.selection.train;
        for document in &train.documents {
            let bytes = u64::from(self.scan.documents[*document as usize].bytes);
            if text > 0 && text + bytes > TOKENIZER_TEXT {
                break;
            }
            text += bytes;
            chosen.push((*document, chosen.len()));
        }
        self.progress.begin(Stage::CountWords, text);
        let words = WordCounts::default();
        read_chosen(self.spec, self.scan, chosen, |batch| {
            words.add(
                batch
                    .iter()
                    .map(|(place, text)| train.part(train.documents[*place], text)),
            )?;
            self.progress
                .advance(batch.iter().map(|(_, text)| text.len() as u64).sum());
            Ok(())
        })?;
        self.progress.begin(Stage::TrainTokenizer, 0);
        Ok(Tokenizer::train(words, vocabulary)?)
    }

    /// Tokenizes the chosen documents and writes both shards. Of validation text, what does not come back from
    /// its tokens is counted, or refused unless `lossy`.
    fn write(&self, tokenizer: &Tokenizer, lossy: bool) -> Result<Written, CorpusError> {
        let token_bytes = token_bytes(tokenizer.vocabulary());
        let Selection {
            train, validation, ..
        } = self.selection;
        let split = train.documents.len();
        let chosen: Vec<u32> = [train.documents.as_slice(), &validation.documents].concat();
        let text = chosen
            .iter()
            .map(|document| u64::from(self.scan.documents[*document as usize].bytes))
            .sum();
        self.progress.begin(Stage::Tokenize, text);
        let spool = Spool::create(self.folder.join("spool"), chosen.len())?;
        let losses = Losses::new(lossy);
        let slots = chosen
            .iter()
            .enumerate()
            .map(|(slot, document)| (*document, slot));
        read_chosen(self.spec, self.scan, slots.collect(), |batch| {
            batch.into_par_iter().try_for_each(|(slot, text)| {
                let of = if slot < split { train } else { validation };
                // Nothing is kept where text is lost that may not be: only the first such document is still sought.
                if slot < split && losses.is_refused() {
                    return Ok(());
                }
                let whole = text.len() as u64;
                let text = of.part(chosen[slot], &text);
                let mut tokens = tokenizer.encode(text)?;
                if slot >= split {
                    losses.check(tokenizer, text, &tokens, slot)?;
                }
                tokens.push(tokenizer.end_of_text());
                spool.add(slot, text.len() as u64, &to_bytes(&tokens, token_bytes))?;
                self.progress.advance(whole);
                Ok(())
            })
        })?;
        if losses.is_refused() {
            losses.told(text)?;
        }
        let spooled = spool.finish()?;
        self.progress
            .begin(Stage::Write, spooled.len() / u64::from(token_bytes));
        let slots = chosen.len();
        let documents = |slots: std::ops::Range<usize>| {
            slots.map(|slot| spooled.document(slot)).inspect(|document| {
                self.progress
                    .advance((document.len() / usize::from(token_bytes)) as u64);
            })
        };
        let train = write(self.folder, "train.bin", documents(0..split))?;
        let validation = write(self.folder, "validation.bin", documents(split..slots))?;
        let length = |slot: usize| (spooled.document(slot).len() / usize::from(token_bytes)) as u64;
        let sizes: Vec<(u64, u64)> = (0..slots)
            .map(|slot| (spooled.text(slot), length(slot)))
            .collect();
        let index = |name, slots: std::ops::Range<usize>| {
            let mut start = 0;
            let entry = |slot: usize| {
                let (bytes, tokens) = sizes[slot];
                let document = Document {
                    start,
                    bytes: (bytes - losses.of(slot)) as u32,
                    source: self.scan.source(&self.scan.documents[chosen[slot] as usize]) as u32,
                };
                start += tokens;
                document.to_bytes()
            };
            let entries: Vec<_> = slots.map(entry).collect();
            write(self.folder, name, entries.iter().map(|entry| entry.as_slice()))
        };
        let train = [train, index("train.index.bin", 0..split)?];
        let validation = [validation, index("validation.index.bin", split..slots)?];
        let lost = losses.told(sizes[split..].iter().map(|(text, _)| text).sum())?;
        let tokens = (0..split).flat_map(|slot| tokens(spooled.document(slot), token_bytes));
        let novelty = Novelty::of(tokens, tokenizer.end_of_text());
        spooled.remove()?;
        Ok(Written {
            token_bytes,
            train,
            validation,
            sizes,
            lost,
            novelty,
        })
    }

    fn finish(&self, tokenizer: &Tokenizer, manifest: &Manifest) -> Result<(), CorpusError> {
        write_file(&self.folder.join(TOKENIZER), tokenizer.json()?)?;
        let path = self.folder.join(MANIFEST);
        let json = serde_json::to_vec_pretty(manifest)
            .map_err(|error| CorpusError::io("write", &path)(error.into()))?;
        write_file(&path, &json)
    }
}
