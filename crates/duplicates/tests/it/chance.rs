//! How often near copies are found, against `1 − (1 − s^rows)^bands`.

use triaxis_duplicates::Position;
use triaxis_duplicates::minhash::{Finder, Room, Settings, Signer, jaccard};
use triaxis_random::Stream;

use crate::common::{word, workspace};

/// Pairs of documents of each likeness.
const PAIRS: u32 = 1500;

/// Runs of words, and words changed five or more apart, so that `runs − 5 edits` of `runs + 5 edits` runs are common.
const PLANTED: [(usize, usize, f64); 4] = [(160, 8, 0.6), (170, 6, 0.7), (180, 4, 0.8), (190, 2, 0.9)];

fn set(signer: &Signer, words: &[String], room: &mut Room) -> Vec<u64> {
    let mut set = signer
        .shingles_of(words.iter().map(String::as_str), room)
        .to_vec();
    set.sort_unstable();
    set
}

#[test]
fn planted_edits_are_found_as_often_as_the_curve_says() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(folder.path(), 64 << 20);
    for settings in [Settings::datatrove(), Settings::datatrove().with_bands(9, 13)] {
        let signer = Signer::new(settings).unwrap();
        let mut room = Room::default();
        for (runs, edits, likeness) in PLANTED {
            let mut stream = Stream::new(3, "pairs", edits as u64);
            let mut finder = Finder::new(settings, &workspace).unwrap();
            for pair in 0..PAIRS {
                let words: Vec<String> = (0..runs + 4).map(|_| word(stream.bits())).collect();
                let mut edited = words.clone();
                for edit in 0..edits {
                    edited[5 + edit * 15] = word(stream.bits());
                }
                if pair == 0 {
                    let sets = [&words, &edited].map(|words| set(&signer, words, &mut room));
                    assert_eq!(jaccard(&sets[0], &sets[1]), likeness);
                }
                for (record, words) in [words, edited].iter().enumerate() {
                    let signature = signer.sign_words(words.iter().map(String::as_str), &mut room);
                    let position = Position::new(pair, record as u32);
                    finder.add_signature(position, signature).unwrap();
                }
            }
            let facts = finder
                .finish(None)
                .unwrap()
                .cluster(&folder.path().join("found"))
                .unwrap();
            assert_eq!(facts.near, 2 * facts.clusters, "only pairs are near");
            let (found, chance) = (facts.removed as f64, settings.chance(likeness));
            let pairs = f64::from(PAIRS);
            let spread = (pairs * chance * (1.0 - chance)).sqrt();
            assert!(
                (found - pairs * chance).abs() < 3.0 * spread,
                "{found} of {pairs} at {likeness}, {chance} expected, for {settings}"
            );
        }
    }
}

#[test]
fn the_curve_is_the_formula_and_settings_have_rules() {
    let settings = Settings::datatrove();
    for likeness in [0.1, 0.5, 0.72, 0.9] {
        let plainly = 1.0 - (1.0 - f64::powi(likeness, 8)).powi(14);
        assert!((settings.chance(likeness) - plainly).abs() < 1e-12);
    }
    assert_eq!([0.0, 1.0].map(|likeness| settings.chance(likeness)), [0.0, 1.0]);
    for (settings, said) in [
        (
            Settings { words: 0, ..settings },
            "`words = 0`: a run has 1 to 1,024 words",
        ),
        (
            settings.with_bands(0, 8),
            "`bands = 0`: documents are compared by one band at least",
        ),
        (
            settings.with_bands(14, 0),
            "`rows = 0`: a band has one row at least",
        ),
        (
            settings.with_bands(usize::MAX, 2),
            "rows = 2`: a signature has at most 16,384 hashes; give fewer",
        ),
    ] {
        let error = settings.check().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
