//! Near copies: the same whatever reads them, earlier corpora, true likeness.

use std::path::Path;

use triaxis_duplicates::minhash::{Facts, Finder, Found, Settings, Verdict};
use triaxis_duplicates::{Document, Position};
use triaxis_host::Kind;

use crate::common::{documents, left_over, on, texts, word, workspace};

const SETTINGS: fn() -> Settings = Settings::datatrove;

fn found(folder: &Path, documents: &[Document<'_>], memory: u64, batch: usize) -> (Facts, Vec<u8>) {
    let mut finder = Finder::new(SETTINGS(), &workspace(folder, memory)).unwrap();
    for batch in documents.chunks(batch) {
        finder.add(batch).unwrap();
    }
    let path = folder.join("found");
    let facts = finder.finish(None).unwrap().cluster(&path).unwrap();
    assert!(left_over(folder, &[&path]).is_empty());
    (facts, std::fs::read(&path).unwrap())
}

#[test]
fn bytes_are_the_same_on_any_threads_in_any_shards_batches_memory_and_order() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let texts = texts(2000);
    let mut documents = documents(&texts);
    let (facts, expected) = on(1, || found(folder, &documents, 64 << 20, 100));
    assert!(facts.clusters > 200 && facts.removed > 500, "{facts:?}");
    for threads in [2, 8] {
        assert!(on(threads, || found(folder, &documents, 64 << 20, 333)).1 == expected);
    }
    // The keys take 900 kB, so that of 64 KiB of memory there are many runs.
    assert!(on(2, || found(folder, &documents, 64 << 10, 50)).1 == expected);
    // Shards of files in turn, of which each has read a fourth, in another order.
    documents.reverse();
    let shards: Vec<_> = (0..4)
        .map(|shard| folder.join(format!("shard {shard}")))
        .collect();
    for (number, shard) in (0..).zip(&shards) {
        let own = documents
            .iter()
            .filter(|document| document.position.file % 4 == number);
        let own: Vec<Document<'_>> = own.copied().collect();
        let mut finder = Finder::new(SETTINGS(), &workspace(folder, 128 << 10)).unwrap();
        finder.add(&own).unwrap();
        finder.save(shard).unwrap();
    }
    let mut finder = Finder::new(SETTINGS(), &workspace(folder, 64 << 20)).unwrap();
    for shard in &shards {
        finder.join(shard).unwrap();
    }
    let path = folder.join("found");
    assert_eq!(finder.finish(None).unwrap().cluster(&path).unwrap(), facts);
    assert!(std::fs::read(&path).unwrap() == expected);
}

#[test]
fn a_document_of_an_earlier_corpus_is_known_and_so_is_its_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let texts = texts(600);
    let (earlier, later) = texts.split_at(300);
    let workspace = workspace(folder, 64 << 20);
    let [index, path] = ["index", "found"].map(|name| folder.join(name));
    let mut finder = Finder::new(SETTINGS(), &workspace).unwrap();
    finder.add(&documents(earlier)).unwrap();
    finder.finish(Some(&index)).unwrap().cluster(&path).unwrap();

    let mut finder = Finder::new(SETTINGS(), &workspace).unwrap();
    finder.know(&index).unwrap();
    finder.add(&documents(later)).unwrap();
    let facts = finder
        .finish(Some(&folder.join("more")))
        .unwrap()
        .cluster(&path)
        .unwrap();
    let mut found = Found::open(&path, SETTINGS()).unwrap();
    let later_verdicts = documents(later)
        .into_iter()
        .map(|document| found.verdict(document.position).unwrap());
    let later_verdicts: Vec<Verdict> = later_verdicts.collect();

    // The same of both corpora as one: what is near to an earlier document, or to a document that is, is known.
    let mut finder = Finder::new(SETTINGS(), &workspace).unwrap();
    finder.add(&documents(&texts)).unwrap();
    finder.finish(None).unwrap().cluster(&path).unwrap();
    let mut found = Found::open(&path, SETTINGS()).unwrap();
    let all = documents(&texts);
    let border = all[300].position;
    for (document, later) in all[300..].iter().zip(&later_verdicts) {
        let is_known = match found.verdict(document.position).unwrap() {
            Verdict::Copy { of } => of < border,
            _ => false,
        };
        assert_eq!(matches!(later, Verdict::Known { .. }), is_known);
    }
    assert!(facts.known > 30, "{facts:?}");
    assert_eq!(
        later_verdicts.iter().filter(|verdict| !verdict.is_kept()).count() as u64,
        facts.removed
    );

    // What is new is in the second index, so that a third corpus needs both.
    let mut finder = Finder::new(SETTINGS(), &workspace).unwrap();
    finder.know(&index).unwrap();
    finder.know(&folder.join("more")).unwrap();
    finder.add(&documents(&texts)).unwrap();
    let facts = finder.finish(None).unwrap().cluster(&path).unwrap();
    let short = texts
        .iter()
        .filter(|text| text.split_whitespace().count() < 5)
        .count();
    assert_eq!(
        (facts.known, facts.removed),
        ((600 - short) as u64, (600 - short) as u64)
    );
}

#[test]
fn pairs_can_be_judged_by_their_true_likeness() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let words = |from: u64, to: u64| {
        let words = (from..to).map(|number| word(number) + " ");
        words.collect::<String>()
    };
    // Of 96 runs the second has 91 with the first in common, the third 46 with both, the last all; bands of one row
    // find all.
    let texts = [
        words(0, 100),
        format!("{}other {}", words(0, 50), words(51, 100)),
        format!("{}{}", words(0, 50), words(200, 250)),
        words(0, 100).to_uppercase(),
    ];
    let documents = documents(&texts);
    let settings = SETTINGS().with_bands(112, 1);
    let workspace = workspace(folder, 1 << 20);
    for (least, removed) in [(0.0, 3), (0.8, 2), (0.95, 1)] {
        let mut finder = Finder::new(settings, &workspace).unwrap();
        finder.add(&documents).unwrap();
        let candidates = finder.finish(None).unwrap();
        assert_eq!((candidates.pairs(), candidates.documents()), (4, 4));
        let mut likeness = candidates.likeness().unwrap();
        likeness.add(&documents[2..]).unwrap();
        likeness.add(&documents[..2]).unwrap();
        let facts = candidates
            .alike(likeness, least)
            .unwrap()
            .cluster(&folder.join("found"))
            .unwrap();
        assert_eq!(facts.removed, removed, "{least}");
    }
    let candidates = || {
        let mut finder = Finder::new(settings, &workspace).unwrap();
        finder.add(&documents).unwrap();
        finder.finish(None).unwrap()
    };
    let refused = |least: f64| {
        let candidates = candidates();
        let likeness = candidates.likeness().unwrap();
        candidates.alike(likeness, least).err().unwrap().to_string()
    };
    assert!(refused(0.5).contains("document 0 of file 0 is paired with another and was not read again"));
    assert!(refused(f64::NAN).contains("a Jaccard index is from 0 to 1"));
}

#[test]
fn files_of_other_settings_and_damaged_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let texts = texts(100);
    let workspace = workspace(folder, 1 << 20);
    let [index, shard, path] = ["index", "shard", "found"].map(|name| folder.join(name));
    let finder = |settings| {
        let mut finder = Finder::new(settings, &workspace).unwrap();
        finder.add(&documents(&texts)).unwrap();
        finder
    };
    finder(SETTINGS())
        .finish(Some(&index))
        .unwrap()
        .cluster(&path)
        .unwrap();
    finder(SETTINGS()).save(&shard).unwrap();
    let other = SETTINGS().with_bands(9, 13);
    let error = finder(other).know(&index).unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(error.to_string().contains("9 bands of 13 rows"), "{error}");
    assert!(finder(other).join(&shard).is_err() && Found::open(&path, other).is_err());
    assert!(finder(SETTINGS()).know(&shard).is_err() && finder(SETTINGS()).join(&index).is_err());

    for file in [&index, &shard, &path] {
        let mut bytes = std::fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(file, bytes).unwrap();
    }
    let mut known = finder(SETTINGS());
    known.know(&index).unwrap();
    let mut joined = finder(SETTINGS());
    joined.join(&shard).unwrap();
    for (error, file) in [
        (known.finish(None).err().unwrap(), &index),
        (joined.finish(None).err().unwrap(), &shard),
        (Found::open(&path, SETTINGS()).err().unwrap(), &path),
    ] {
        assert_eq!(error.kind(), Kind::Damaged);
        let said = error.to_string();
        assert!(
            said.starts_with(&format!("{} is damaged", file.display())),
            "{said}"
        );
        assert!(
            said.ends_with("remove it and make it again, or give a whole copy"),
            "{said}"
        );
    }
}

#[test]
fn short_documents_have_no_copies_and_signatures_have_a_length() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(folder.path(), 1 << 20);
    let mut finder = Finder::new(SETTINGS(), &workspace).unwrap();
    let texts = ["one two three four".to_owned(), "one two three four".to_owned()];
    finder.add(&documents(&texts)).unwrap();
    finder.add(&documents(&[])).unwrap();
    assert_eq!((finder.read().signed, finder.read().short), (0, 2));
    let error = finder
        .add_signature(Position::new(9, 9), Some(&[1, 2, 3]))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a signature has 3 hashes, and bands × rows are 112"),
        "{error}"
    );
    let facts = finder
        .finish(None)
        .unwrap()
        .cluster(&folder.path().join("found"))
        .unwrap();
    assert_eq!(facts, Facts::default());
}

#[test]
fn clusters_that_memory_does_not_hold_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(folder.path(), 64 << 10);
    let mut finder = Finder::new(SETTINGS().with_bands(1, 1), &workspace).unwrap();
    for number in 0..5000 {
        finder
            .add_signature(Position::new(0, number), Some(&[u64::from(number / 2)]))
            .unwrap();
    }
    let said = finder.finish(None).err().unwrap().to_string();
    assert!(
        said.contains("5000 documents have near copies, and 64KiB of memory hold 4096 of them"),
        "{said}"
    );
}
