//! Signatures and clusters of datatrove.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use triaxis_duplicates::Position;
use triaxis_duplicates::minhash::{Finder, Found, Room, Settings, Signer, Verdict};

use crate::common::workspace;

/// A line of `tests/golden/make.py`.
#[derive(Deserialize)]
struct Case {
    text: String,
    words: Vec<String>,
    cluster: Option<u32>,
    xxhash64: String,
    sha1: String,
}

/// The committed documents, or those of the file that `DATATROVE` names.
fn cases() -> Vec<Case> {
    let path = std::env::var("DATATROVE")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/golden.jsonl").to_owned());
    let text = std::fs::read_to_string(&path).unwrap();
    let cases: Vec<Case> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(cases.len() > 30, "{path}");
    cases
}

fn hexadecimal(signature: Option<&[u64]>) -> String {
    let hashes = signature.unwrap_or_default().iter();
    hashes.map(|hash| format!("{hash:016x}")).collect()
}

#[test]
fn signatures_are_datatroves_to_the_bit() {
    let [datatrove, fineweb] =
        [Settings::datatrove(), Settings::fineweb()].map(|settings| Signer::new(settings).unwrap());
    let mut room = Room::default();
    let (mut equal, cases) = (0, cases());
    for case in &cases {
        let words = || case.words.iter().map(String::as_str);
        assert_eq!(
            hexadecimal(datatrove.sign_words(words(), &mut room)),
            case.xxhash64,
            "{}",
            case.text
        );
        assert_eq!(
            hexadecimal(fineweb.sign_words(words(), &mut room)),
            case.sha1,
            "{}",
            case.text
        );
        equal += usize::from(hexadecimal(datatrove.sign(&case.text, &mut room)) == case.xxhash64);
    }
    // By our own words, which differ from spaCy's in few documents.
    assert!(equal * 100 >= cases.len() * 99, "{equal} of {}", cases.len());
}

#[test]
fn clusters_are_datatroves() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(folder.path(), 64 << 20);
    let settings = Settings::datatrove();
    let signer = Signer::new(settings).unwrap();
    let mut finder = Finder::new(settings, &workspace).unwrap();
    let mut room = Room::default();
    let cases = cases();
    let mut expected: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (number, case) in (0..).zip(&cases) {
        let signature = signer.sign_words(case.words.iter().map(String::as_str), &mut room);
        finder.add_signature(Position::new(0, number), signature).unwrap();
        if let Some(cluster) = case.cluster {
            expected.entry(cluster).or_default().insert(number);
        }
    }
    let path = folder.path().join("found");
    let facts = finder.finish(None).unwrap().cluster(&path).unwrap();
    let mut found = Found::open(&path, settings).unwrap();
    let mut clusters: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for number in 0..cases.len() as u32 {
        let first = match found.verdict(Position::new(0, number)).unwrap() {
            Verdict::Alone => continue,
            Verdict::First => number,
            Verdict::Copy { of } => of.record,
            Verdict::Known { .. } => panic!("there is no earlier corpus"),
        };
        clusters.entry(first).or_default().insert(number);
    }
    // The first of a cluster is the first in the order of the corpus.
    assert!(
        clusters
            .iter()
            .all(|(first, members)| members.first() == Some(first))
    );
    assert!(clusters.len() >= 9);
    assert_eq!(facts.clusters, clusters.len() as u64);
    let [clusters, expected]: [BTreeSet<_>; 2] = [clusters, expected].map(|map| map.into_values().collect());
    assert_eq!(clusters, expected);
}
