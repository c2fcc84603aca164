//! Reading and tokenizing, in bytes of text a second on one core, on the text of the quickstart: the
//! sources and documentation of the packages that this workspace's Cargo.lock pins.
//!
//! `cargo bench -p triaxis-corpus`

use std::path::Path;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use tempfile::TempDir;
use triaxis_corpus::{Corpus, CorpusError, CorpusSpec, Tokenizer, TokenizerSpec};

const VOCABULARY: usize = 2048;

/// The whole way: list, read, hash, deduplicate, train the tokenizer, tokenize, shuffle, write.
fn prepare(sample: &str, tokenizer: &TokenizerSpec, out: &Path) -> Result<Corpus, CorpusError> {
    let spec: CorpusSpec = toml::from_str(&format!(
        "sample = '{sample}'\nvalidation = '1MB'\n[[sources]]\nkind = 'cargo-sources'\nname = 'locked'"
    ))
    .expect("a spec that is written above");
    triaxis_corpus::prepare(&spec, tokenizer, Path::new(env!("CARGO_MANIFEST_DIR")), out, &())
}

/// A prepared corpus, its tokenizer, and the first megabytes of its text.
struct Prepared {
    folder: TempDir,
    tokenizer: Tokenizer,
    text: String,
}

static PREPARED: LazyLock<Prepared> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a temporary folder");
    let make = || {
        let corpus = prepare(
            "12MB",
            &TokenizerSpec::Train {
                vocabulary: VOCABULARY,
            },
            &folder.path().join("corpus"),
        )?;
        let tokenizer = corpus.tokenizer()?;
        let mut tokens = vec![0; corpus.train().len()];
        corpus.train().read(0, &mut tokens)?;
        let text = tokenizer.decode(&tokens)?;
        Ok::<_, CorpusError>((tokenizer, text))
    };
    let (tokenizer, text) = make().expect("the locked packages are there: `cargo fetch --locked`");
    Prepared {
        folder,
        tokenizer,
        text,
    }
});

fn main() {
    divan::main();
}

/// The tokenizer by itself, on text that it has not met before.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn encode(bencher: Bencher<'_, '_>) {
    let Prepared { text, .. } = &*PREPARED;
    let fresh = || {
        Tokenizer::from_file(
            &PREPARED.folder.path().join("corpus/tokenizer.json"),
            "<|endoftext|>",
        )
    };
    bencher
        .counter(BytesCount::new(text.len()))
        .with_inputs(|| fresh().expect("the tokenizer just written"))
        .bench_refs(|fresh| fresh.encode(text));
}

/// The `tokenizers` library by itself, on a piece of the same text.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn encode_plainly(bencher: Bencher<'_, '_>) {
    let Prepared { tokenizer, text, .. } = &*PREPARED;
    let piece = &text[..text.floor_char_boundary(1 << 20)];
    bencher
        .counter(BytesCount::new(piece.len()))
        .bench(|| tokenizer.encode_plainly(piece));
}

/// Everything on one core but the training of the tokenizer, counted in bytes of chosen text only,
/// though all text is read and hashed.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn prepare_with_a_tokenizer(bencher: Bencher<'_, '_>) {
    run(bencher, |prepared| TokenizerSpec::File {
        file: prepared.folder.path().join("corpus/tokenizer.json"),
        end_of_text: "<|endoftext|>".to_owned(),
        lossy: false,
    });
}

/// The same with the training.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn prepare_and_train(bencher: Bencher<'_, '_>) {
    run(bencher, |_| TokenizerSpec::Train {
        vocabulary: VOCABULARY,
    });
}

fn run(bencher: Bencher<'_, '_>, tokenizer: impl Fn(&Prepared) -> TokenizerSpec + Sync) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a pool of one thread");
    let prepared = &*PREPARED;
    bencher
        .counter(BytesCount::new(25_000_000_usize))
        .with_inputs(|| TempDir::new().expect("a temporary folder"))
        .bench_refs(|out| {
            pool.install(|| prepare("24MB", &tokenizer(prepared), &out.path().join("corpus")))
                .map(drop)
                .expect("a corpus")
        });
}
