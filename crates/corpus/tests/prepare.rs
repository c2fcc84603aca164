//! From documents to shards, as a user sees it.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Mutex;

use common::{Folder, documents, json_line, prepare, spec, text, tokenizer};
use triaxis_corpus::{
    Corpus, HeldOut, Progress, Reason, SourceSpec, Stage, TokenizerSpec, prepare_apart, read_text,
};
use triaxis_host::Kind;
use triaxis_units::Bytes;

/// Two folders of text and one of JSON lines, some documents in more than one of them.
fn sources(folder: &Folder) {
    for n in 0..60 {
        folder.write(&format!("prose/{n}.md"), common::text("prose", n));
        folder.write(&format!("code/{n}.rs"), common::text("code", n));
    }
    folder.write("prose/again.md", common::text("prose", 5));
    folder.write("code/from-prose.rs", common::text("prose", 7));
    folder.write("code/binary.rs", b"\xff\xfe\x00");
    folder.write("code/empty.rs", "");
    let lines: String = (0..60)
        .map(|n| common::json_line(&common::text("web", n)))
        .collect();
    folder.write("web/a.jsonl", &lines);
    folder.write("web/b.jsonl", common::json_line(&common::text("code", 9)));
}

const SOURCES: &str = r#"
    [[sources]]
    kind = "files"
    name = "prose"
    include = ["prose/**/*.md"]
    licence = "CC-BY-4.0"
    [[sources]]
    kind = "files"
    name = "code"
    include = ["code"]
    [[sources]]
    kind = "jsonl"
    name = "web"
    include = ["web/*.jsonl"]
"#;

fn everything() -> String {
    format!("validation = '4KB'\n{SOURCES}")
}

fn weighted(sample: &str) -> String {
    let sources = SOURCES.replace("name = \"code\"", "name = \"code\"\nweight = 2.0");
    format!("validation = '4KB'\nsample = '{sample}'\n{sources}")
}

#[test]
fn all_text_comes_out_once_and_on_one_side() {
    let folder = Folder::new();
    sources(&folder);
    let corpus = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap();
    let train = documents(&corpus, &corpus.train());
    let validation = documents(&corpus, &corpus.validation());
    let mut found: Vec<String> = train.iter().chain(&validation).cloned().collect();
    found.sort();
    let mut expected: Vec<String> = ["prose", "code", "web"]
        .iter()
        .flat_map(|kind| (0..60).map(|n| common::text(kind, n)))
        .collect();
    expected.sort();
    assert_eq!(found, expected);
    let bytes: usize = validation.iter().map(String::len).sum();
    assert_eq!(corpus.validation_bytes(), Bytes(bytes as u64));
    assert!((4000..6000).contains(&bytes), "{bytes}");
}

#[test]
fn the_manifest_counts_what_was_found_and_taken() {
    let folder = Folder::new();
    sources(&folder);
    let corpus = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap();
    let manifest = corpus.manifest();
    let facts: Vec<_> = manifest
        .sources
        .iter()
        .map(|s| {
            (
                s.name.as_str(),
                s.files,
                s.found.documents,
                s.duplicates.documents,
                s.left_out
                    .get(&Reason::NotUnicode)
                    .map_or(0, |left| left.documents),
                s.left_out.get(&Reason::Empty).map_or(0, |left| left.documents),
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("prose", 61, 61, 1, 0, 0),
            ("code", 63, 61, 1, 1, 1),
            ("web", 2, 61, 1, 0, 0)
        ]
    );
    let licences: BTreeMap<_, _> = manifest
        .licences
        .iter()
        .map(|l| (l.licence.as_str(), l.train.documents + l.validation.documents))
        .collect();
    assert_eq!(licences, BTreeMap::from([("CC-BY-4.0", 60), ("unstated", 120)]));
    let tokens: u64 = manifest.sources.iter().map(|s| s.train.tokens.0).sum();
    assert_eq!(tokens as usize, corpus.train().len());
    assert_eq!(manifest.train.total.tokens.0, tokens);
    assert_eq!(manifest.token_bytes, 2);
    assert_eq!(corpus.vocabulary(), 300);
    corpus.verify().unwrap();
}

#[test]
fn neither_threads_nor_place_change_the_corpus() {
    let here = Folder::new();
    let there = Folder::new();
    sources(&here);
    sources(&there);
    let run = |folder: &Folder, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| prepare(folder, &spec(&weighted("6KB")), &tokenizer(300)))
            .unwrap()
    };
    let (one, four) = (run(&here, 1), run(&there, 4));
    assert_eq!(one.manifest(), four.manifest());
    for file in ["train.bin", "validation.bin", "tokenizer.json", "manifest.json"] {
        let read = |corpus: &Corpus| std::fs::read(corpus.folder().join(file)).unwrap();
        assert_eq!(read(&one), read(&four), "{file}");
    }
    let absolute = SOURCES.replace(
        "include = [\"",
        &format!("include = [\"{}/", here.path().display()),
    );
    let elsewhere = Folder::new();
    let spec = spec(&format!("validation = '4KB'\n{absolute}"));
    let corpus = prepare(&elsewhere, &spec, &tokenizer(300)).unwrap();
    let relative = triaxis_corpus::prepare(
        &common::spec(&everything()),
        &tokenizer(300),
        there.path(),
        &there.path().join("second"),
        &(),
    )
    .unwrap();
    assert_eq!(corpus.identity(), relative.identity());
    assert_eq!(corpus.manifest().inputs, relative.manifest().inputs);
}

#[test]
fn a_sample_follows_the_weights_all_along() {
    let folder = Folder::new();
    for n in 0..2000 {
        folder.write(&format!("prose/{n}.md"), common::text("prose", n));
        folder.write(&format!("code/{n}.rs"), common::text("code", n));
    }
    let spec = spec(
        "validation = '2KB'\nsample = '150KB'\nseed = 3
        [[sources]]\nkind = 'files'\nname = 'prose'\ninclude = ['prose']\nweight = 1.0
        [[sources]]\nkind = 'files'\nname = 'code'\ninclude = ['code']\nweight = 3.0",
    );
    let corpus = prepare(&folder, &spec, &tokenizer(300)).unwrap();
    let bytes: Vec<u64> = corpus
        .manifest()
        .sources
        .iter()
        .map(|s| s.train.bytes.0)
        .collect();
    for (bytes, share) in bytes.iter().zip([37_500, 112_500]) {
        assert!((share..share + 300).contains(bytes), "{bytes} of {share}");
    }
    let train = documents(&corpus, &corpus.train());
    for half in [&train[..train.len() / 2], &train[train.len() / 2..]] {
        let code: usize = half
            .iter()
            .filter(|text| text.starts_with("code"))
            .map(String::len)
            .sum();
        let all: usize = half.iter().map(String::len).sum();
        // Of about 600 documents, a quarter of another source: three standard deviations are 5%.
        assert!((code as f64 / all as f64 - 0.75).abs() < 0.053, "{code} of {all}");
    }
}

#[test]
fn a_larger_sample_holds_the_smaller_one_and_the_same_validation_text() {
    let folder = Folder::new();
    sources(&folder);
    let make = |sample: &str| {
        let out = folder.path().join(format!("out-{sample}"));
        triaxis_corpus::prepare(
            &spec(&weighted(sample)),
            &tokenizer(300),
            folder.path(),
            &out,
            &(),
        )
        .unwrap()
    };
    let (small, large) = (make("4KB"), make("7KB"));
    let set = |corpus: &Corpus| {
        documents(corpus, &corpus.train())
            .into_iter()
            .collect::<HashSet<_>>()
    };
    assert!(set(&small).is_subset(&set(&large)) && set(&small).len() < set(&large).len());
    assert_eq!(
        documents(&small, &small.validation()),
        documents(&large, &large.validation())
    );
}

#[test]
fn the_seed_draws_another_split_and_order() {
    let folder = Folder::new();
    sources(&folder);
    let make = |seed: u64| {
        let out = folder.path().join(format!("out-{seed}"));
        let spec = spec(&format!("seed = {seed}\n{}", everything()));
        triaxis_corpus::prepare(&spec, &tokenizer(300), folder.path(), &out, &()).unwrap()
    };
    let (one, two) = (make(1), make(2));
    assert_ne!(one.identity(), two.identity());
    assert_ne!(
        documents(&one, &one.validation()),
        documents(&two, &two.validation())
    );
}

#[test]
fn a_second_preparation_opens_the_first() {
    let folder = Folder::new();
    sources(&folder);
    let first = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap();
    let modified = |corpus: &Corpus| {
        std::fs::metadata(corpus.folder().join("train.bin"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = modified(&first);
    let second = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap();
    assert_eq!(modified(&second), before);
    assert_eq!(first.manifest(), second.manifest());
    folder.write("prose/new.md", "Something that was not there before.");
    let error = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap_err();
    assert!(error.to_string().contains("already holds"), "{error}");
    Corpus::open(first.folder()).unwrap().verify().unwrap();
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let folder = Folder::new();
    sources(&folder);
    folder.write("corpus/precious.txt", "mine");
    let error = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap_err();
    assert!(error.to_string().contains("already holds"), "{error}");
    assert_eq!(
        std::fs::read_to_string(folder.path().join("corpus/precious.txt")).unwrap(),
        "mine"
    );
}

#[test]
fn nothing_is_left_of_a_preparation_that_failed_or_was_killed() {
    let folder = Folder::new();
    sources(&folder);
    folder.write(".corpus.unfinished-abcdef/lock", "");
    folder.write(".corpus.unfinished-abcdef/spool", "half");
    let error = prepare(&folder, &spec(&everything()), &tokenizer(100_000)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a vocabulary of 100000 cannot be trained"),
        "{error}"
    );
    let hidden = |path: &Path| {
        let names = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('.')).collect::<Vec<_>>()
    };
    assert_eq!(hidden(folder.path()), Vec::<String>::new());
    assert!(!folder.path().join("corpus").exists());
}

#[test]
fn a_damaged_shard_is_named() {
    let folder = Folder::new();
    sources(&folder);
    let corpus = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap();
    let path = corpus.folder().join("validation.bin");
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[10] ^= 1;
    drop(corpus);
    std::fs::write(&path, flipped).unwrap();
    let error = Corpus::open(path.parent().unwrap())
        .unwrap()
        .verify()
        .unwrap_err();
    assert!(
        error.to_string().contains("validation.bin is damaged: its hash"),
        "{error}"
    );
    std::fs::write(&path, &whole[..whole.len() - 2]).unwrap();
    let error = Corpus::open(path.parent().unwrap()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("remove the folder and prepare the corpus again"),
        "{error}"
    );
    std::fs::remove_file(&path).unwrap();
    let error = Corpus::open(path.parent().unwrap()).unwrap_err();
    assert_eq!(error.kind(), Kind::Damaged, "{error}");
    let manifest = path.with_file_name("manifest.json");
    for bad in ["", "{}", "{\"format\": null}"] {
        std::fs::write(&manifest, bad).unwrap();
        let error = Corpus::open(path.parent().unwrap()).unwrap_err();
        assert_eq!(error.kind(), Kind::Damaged, "{error}");
        assert!(
            error
                .unusable()
                .unwrap()
                .starts_with("is damaged (manifest.json: "),
            "{error}"
        );
    }
    for other in [1, 99] {
        std::fs::write(&manifest, format!("{{\"format\": {other}}}")).unwrap();
        let error = Corpus::open(path.parent().unwrap()).unwrap_err();
        let said =
            format!("was made by another version of this program (its format is {other}, and 3 is read)");
        assert_eq!(error.unusable(), Some(said.as_str()), "{error}");
        assert!(error.to_string().contains("corpus was made by"), "{error}");
    }
}

#[test]
fn a_view_reads_anywhere_and_no_further() {
    let folder = Folder::new();
    sources(&folder);
    let corpus = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap();
    let view = corpus.train();
    let mut all = vec![0; view.len()];
    view.read(0, &mut all).unwrap();
    let mut some = [0; 33];
    view.read(100, &mut some).unwrap();
    assert_eq!(some, all[100..133]);
    assert_eq!(*all.last().unwrap(), corpus.end_of_text());
    view.read(view.len(), &mut []).unwrap();
    for start in [view.len() - 32, view.len(), usize::MAX] {
        let error = view.read(start, &mut some).unwrap_err().to_string();
        assert!(error.contains("stay below its length"), "{error}");
    }
}

#[test]
fn a_corpus_can_be_made_with_the_tokenizer_of_another() {
    let folder = Folder::new();
    sources(&folder);
    let first = prepare(&folder, &spec(&everything()), &tokenizer(300)).unwrap();
    let loaded = TokenizerSpec::File {
        file: "corpus/tokenizer.json".into(),
        end_of_text: "<|endoftext|>".to_owned(),
        lossy: false,
    };
    let out = folder.path().join("second");
    let second = triaxis_corpus::prepare(&spec(&everything()), &loaded, folder.path(), &out, &());
    // The first corpus lies among no source, so that both see the same text.
    assert_eq!(first.identity(), second.unwrap().identity());
}

/// Lines of some 60 bytes, all different, with a paragraph every ten.
fn long_text(lines: usize) -> String {
    let line = |n: usize| format!("Line {n} of a long text, which goes on for a while, {}.\n", n * n);
    let paragraph = |lines: &[String]| lines.concat() + "\n";
    let lines: Vec<String> = (0..lines).map(line).collect();
    lines.chunks(10).map(paragraph).collect()
}

#[test]
fn one_long_document_does_not_fill_the_validation_split() {
    let folder = Folder::new();
    let text = long_text(60_000);
    folder.write("input.txt", &text);
    let spec =
        spec("validation = '20KB'\n[[sources]]\nkind = 'files'\nname = 'one'\ninclude = ['input.txt']");
    let corpus = prepare(&folder, &spec, &tokenizer(300)).unwrap();
    let validation = corpus.validation_bytes().0;
    assert!((20_000..=24_096).contains(&validation), "{validation}");
    let total = &corpus.manifest().train.total;
    assert_eq!(total.bytes.0 + validation, text.len() as u64, "no text is lost");
    let (train, validation) = (
        documents(&corpus, &corpus.train()),
        documents(&corpus, &corpus.validation()),
    );
    let all = train.iter().chain(&validation);
    let mut lines: Vec<&str> = all.flat_map(|part| part.lines()).collect();
    let mut expected: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected, "each line is whole, and on one side");
}

#[test]
fn a_sample_of_long_documents_is_of_the_size_that_is_asked() {
    let folder = Folder::new();
    for n in 0..3 {
        folder.write(&format!("{n}.txt"), format!("{n}\n{}", long_text(20_000)));
    }
    let of =
        "validation = '30KB'\nsample = '100KB'\n[[sources]]\nkind = 'files'\nname = 'a'\ninclude = ['*.txt']";
    let corpus = prepare(&folder, &spec(of), &tokenizer(300)).unwrap();
    let (train, validation) = (corpus.manifest().train.total.bytes.0, corpus.validation_bytes().0);
    assert!((100_000..=110_000).contains(&train), "{train}");
    assert!((30_000..=34_096).contains(&validation), "{validation}");
}

/// By stage, in order: how far it would advance, and how far it came.
#[derive(Default)]
struct Advanced(Mutex<Vec<(Stage, u64, u64)>>);

impl Progress for Advanced {
    fn begin(&self, stage: Stage, total: u64) {
        self.0.lock().unwrap().push((stage, total, 0));
    }

    fn advance(&self, amount: u64) {
        self.0.lock().unwrap().last_mut().unwrap().2 += amount;
    }
}

#[test]
fn every_stage_comes_to_its_end_and_no_further() {
    let folder = Folder::new();
    for n in 0..3 {
        folder.write(&format!("{n}.txt"), format!("{n}\n{}", long_text(20_000)));
    }
    // Documents of which one split, or both, hold a part.
    let of = "[[sources]]\nkind = 'files'\nname = 'a'\ninclude = ['*.txt']";
    for (out, amounts) in [
        ("all", "validation = '30KB'"),
        ("some", "validation = '30KB'\nsample = '100KB'"),
    ] {
        let progress = Advanced::default();
        let spec = spec(&format!("{amounts}\n{of}"));
        let out = folder.path().join(out);
        triaxis_corpus::prepare(&spec, &tokenizer(300), folder.path(), &out, &progress).unwrap();
        let stages = progress.0.into_inner().unwrap();
        assert_eq!(stages.len(), 5);
        for (stage, total, came) in stages {
            assert_eq!(came, total, "{stage:?}");
        }
    }
}

#[test]
fn what_is_left_out_is_said_with_its_reason_and_its_remedy() {
    let folder = Folder::new();
    sources(&folder);
    folder.write("prose/long.md", long_text(30_000));
    folder.write("prose/latin.md", b"caf\xe9 ".repeat(500));
    let spec = spec(&format!("long_documents = 'skip'\n{}", everything()));
    let corpus = prepare(&folder, &spec, &tokenizer(300)).unwrap();
    let prose = &corpus.manifest().sources[0];
    let left = |reason: Reason| (prose.left_out[&reason].documents, prose.left_out[&reason].bytes.0);
    assert_eq!(left(Reason::NotUnicode), (1, 2500));
    assert_eq!(left(Reason::TooLarge), (1, long_text(30_000).len() as u64));
    let told: Vec<_> = prose.told().collect();
    let [(false, latin), (true, long)] = &told[..] else {
        unreachable!("{told:?}");
    };
    let of_latin = [
        "source `prose`: 1 document (2.44KiB, 0.1% of its text)",
        "prose/latin.md",
        "encoding = \"windows-1252\"",
    ];
    let of_long = ["1 document (", "prose/long.md", "long_documents = \"cut\""];
    for (said, parts) in [(latin, of_latin), (long, of_long)] {
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
    assert_eq!(corpus.manifest().loss_told(), None);
}

#[test]
fn documents_of_validation_texts_and_near_copies_are_left_out_and_counted() {
    let folder = Folder::new();
    let words = |from: usize, until: usize| (from..until).map(|n| format!("word{n} ")).collect::<String>();
    let mut lines: String = (0..60).map(|n| json_line(&text("train", n))).collect();
    lines.push_str(&json_line(&words(0, 80)));
    lines.push_str(&json_line(&format!("{}and {}", words(0, 70), words(500, 900))));
    lines.push_str(&json_line(&format!("{}and {}", words(0, 30), words(500, 900))));
    folder.write("train.jsonl", lines);
    folder.write("news/a.txt", words(0, 80));
    folder.write("news/b.txt", "Notes of my own.");
    let spec =
        spec("validation = 500\n[[sources]]\nkind = 'jsonl'\nname = 'train'\ninclude = ['train.jsonl']");
    let news = serde_json::json!({ "kind": "files", "name": "news", "include": ["news/*.txt"] });
    let source: SourceSpec = serde_json::from_value(news).unwrap();
    let news = read_text(&source, folder.path(), &[]).unwrap();
    assert_eq!(news.documents, [words(0, 80), "Notes of my own.".to_owned()]);

    let held_out = HeldOut::of(std::slice::from_ref(&news));
    let out = folder.path().join("corpus");
    let make =
        |held_out: &HeldOut| prepare_apart(held_out, &spec, &tokenizer(300), folder.path(), &[], &out, &());
    let corpus = make(&held_out).unwrap();
    let source = &corpus.manifest().sources[0];
    let left: Vec<_> = source
        .left_out
        .iter()
        .map(|(reason, left)| (*reason, left.documents))
        .collect();
    assert_eq!(left, [(Reason::HeldOut, 1), (Reason::NearHeldOut, 1)]);
    assert_eq!(source.found.documents, 61);
    let said: Vec<String> = source.told().map(|(_, said)| said).collect();
    assert!(said[1].contains("nearly in a validation text"), "{said:?}");
    assert!(said[1].contains("shares 85% with `news`"), "{said:?}");
    let facts = corpus.manifest().held_out.as_ref().unwrap();
    assert_eq!(
        (facts.texts[0].name.as_str(), facts.texts[0].held.documents),
        ("news", 2)
    );
    assert_eq!(
        corpus.held_out(),
        HeldOut::identity_of(std::slice::from_ref(&news)).as_deref()
    );
    for view in [corpus.train(), corpus.validation()] {
        assert!(
            documents(&corpus, &view)
                .iter()
                .all(|text| !text.starts_with(&words(0, 70)))
        );
    }
    // The same corpus is opened, another is none of it.
    assert_eq!(make(&held_out).unwrap().identity(), corpus.identity());
    let error = make(&HeldOut::default()).unwrap_err().to_string();
    assert!(error.contains("already holds"), "{error}");

    let encoded = corpus.encode(std::slice::from_ref(&news)).unwrap().swap_remove(0);
    assert_eq!(encoded.bytes, news.bytes());
    let ends = encoded
        .tokens
        .iter()
        .filter(|token| **token == corpus.end_of_text())
        .count();
    assert_eq!(ends, 2);
}

#[test]
fn the_index_says_which_document_and_source_every_token_is_of() {
    let folder = Folder::new();
    for (source, count) in [("one", 40), ("two", 30)] {
        let lines: String = (0..count).map(|n| json_line(&text(source, n))).collect();
        folder.write(&format!("{source}.jsonl"), lines);
    }
    let source =
        |name: &str| format!("[[sources]]\nkind = 'jsonl'\nname = '{name}'\ninclude = ['{name}.jsonl']\n");
    let spec = spec(&format!("validation = 1000\n{}{}", source("one"), source("two")));
    let corpus = prepare(&folder, &spec, &tokenizer(300)).unwrap();
    for (view, index, split) in [
        (corpus.train(), corpus.train_index(), &corpus.manifest().train),
        (
            corpus.validation(),
            corpus.validation_index(),
            &corpus.manifest().validation,
        ),
    ] {
        let texts = documents(&corpus, &view);
        assert_eq!(index.documents().len() as u64, split.total.documents);
        let mut start = 0;
        for (document, text) in index.documents().zip(&texts) {
            assert_eq!(document.start, start);
            assert_eq!(document.bytes as usize, text.len());
            assert!(
                text.starts_with(["one", "two"][document.source as usize]),
                "{text}"
            );
            let mut token = [0];
            loop {
                view.read(start as usize, &mut token).unwrap();
                start += 1;
                if token[0] == corpus.end_of_text() {
                    break;
                }
            }
        }
        assert_eq!(start, view.len() as u64);
    }
    let path = corpus.folder().join("validation.index.bin");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[12] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = Corpus::open(corpus.folder()).unwrap().verify().unwrap_err();
    assert!(error.to_string().contains("validation.index.bin"), "{error}");
    std::fs::write(&path, &bytes[1..]).unwrap();
    let error = Corpus::open(corpus.folder()).unwrap_err();
    assert!(
        error.unusable().unwrap().contains("validation.index.bin"),
        "{error}"
    );
}

#[test]
fn a_validation_text_is_taken_whole_and_once() {
    let folder = Folder::new();
    folder.write("a.txt", "one");
    folder.write("b.txt", "one");
    folder.write("c.txt", [0x66, 0xff, 0x6f]);
    let read = |more: serde_json::Value| {
        let mut source = serde_json::json!({ "kind": "files", "name": "notes", "include": ["*.txt"] });
        source
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        read_text(&serde_json::from_value(source).unwrap(), folder.path(), &[])
    };
    let text = read(serde_json::json!({})).unwrap();
    assert_eq!(text.documents, ["one"]);
    assert_eq!(text.left_out[&Reason::NotUnicode].documents, 1);
    let error = read(serde_json::json!({ "weight": 2.0 }))
        .unwrap_err()
        .to_string();
    assert!(error.contains("taken whole: remove the weight"), "{error}");
    let error = read(serde_json::json!({ "include": ["*.md"] }))
        .unwrap_err()
        .to_string();
    assert!(error.contains("matches no file"), "{error}");
}
