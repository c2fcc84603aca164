//! Models against KenLM's, and whatever a file may hold.
#![allow(clippy::unwrap_used)]

mod arpa;
mod golden;
mod train;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use triaxis_ngrams::{Arpa, Settings, Trained, Trainer, Units};
use triaxis_units::Bytes;

/// N-grams with the logarithms of their probability and of what they leave.
type Grams = BTreeMap<String, [f32; 2]>;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn grams(path: &Path) -> Grams {
    let mut grams = Grams::new();
    let arpa = Arpa::open(path).unwrap();
    arpa.read(&mut |entry| {
        let before = grams.insert(entry.words.to_owned(), [entry.probability, entry.backoff]);
        assert!(before.is_none(), "{}", entry.words);
        ControlFlow::Continue(())
    })
    .unwrap();
    grams
}

fn settings(order: usize, prune: &[u64]) -> Settings {
    Settings {
        order,
        units: Units::default(),
        tokenizer: None,
        prune: prune.to_vec(),
        memory: Bytes(1 << 20),
    }
}

fn train(settings: Settings, documents: &[&str], out: &Path) -> Trained {
    let mut trainer = Trainer::new(settings, out).unwrap();
    for document in documents {
        trainer.add(&[document]).unwrap();
    }
    trainer.finish(&mut |_, _, _| ()).unwrap()
}
