use triaxis_random::Stream;
use triaxis_routing::{Labels, Routes, Specialisation, specialisation};
use triaxis_units::Finding;

use crate::worlds::{World, hashed};

const LEVEL: f64 = 0.9;

fn found(layers: &[Routes], labels: &Labels, seed: u64) -> Specialisation {
    match specialisation(layers, labels, LEVEL, seed).unwrap() {
        Finding::Found(found) => found,
        Finding::Refused(reason) => panic!("{reason}"),
    }
}

#[test]
fn two_languages_of_disjoint_words_are_found() {
    let world = World::new(60, true, 1);
    // Of eight experts each language has four, which its words are hashed to.
    let hash = hashed(4, 0);
    let apart = world.routes(8, 2, |word, choice| {
        hash(word, choice) + 4 * u32::from(word >= 1000)
    });
    let of_words = world.routes(8, 2, hashed(8, 1));
    let told = found(&[apart, of_words], &world.labels(), 7);
    let (first, second) = (&told.layers[0].information, &told.layers[1].information);
    assert!(first.is_found() && told.together.is_found(), "{first:?}");
    // All there is to tell of the language is told.
    assert!((first.bits - first.most).abs() < 1e-9 && (first.told() - 1.0).abs() < 1e-9);
    // A hash of words tells of a language what it tells of any half of the documents.
    assert!(second.told() < 0.2, "{second:?}");
    let shares = &told.layers[0].shares;
    for (label, name) in told.labels.iter().enumerate() {
        let own = if name == "other" { 4..8 } else { 0..4 };
        assert!((shares[label][own].iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
    assert_eq!((told.units, told.by.as_str()), (60, "source"));
}

#[test]
fn weak_habits_are_found_where_there_is_much_text() {
    let world = World::new(600, false, 3);
    // A word goes to its hash, but of one source every tenth to the first expert.
    let hash = hashed(8, 2);
    let mut chosen = Vec::new();
    for (token, (&word, &document)) in world.words.iter().zip(&world.documents).enumerate() {
        let drawn = token % 10 == 0 && world.sources[document as usize] == 1;
        chosen.push(if drawn { 0 } else { hash(word, 0) });
    }
    let routes = Routes::new(8, 1, chosen, vec![1.0; 8 * world.words.len()]).unwrap();
    let told = found(&[routes], &world.labels(), 7).together;
    assert!(told.is_found() && told.told() < 0.1, "{told:?}");
}

/// How many of so many worlds are said to have specialised, though experts know of words alone.
fn false_alarms(worlds: u64, labels: impl Fn(&World, u64) -> Labels) -> u64 {
    let is_found = |seed: u64| {
        let world = World::new(40, false, seed);
        let layers = [0, 1].map(|layer| world.routes(8, 2, hashed(8, 1000 + 2 * seed + layer)));
        found(&layers, &labels(&world, seed), seed).together.is_found()
    };
    (0..worlds).map(|seed| u64::from(is_found(seed))).sum()
}

#[test]
fn of_sources_that_say_nothing_one_in_ten_is_a_false_alarm() {
    // A tenth of 300 is 30, with a standard deviation of 5.2.
    let alarms = false_alarms(300, |world, _| world.labels());
    assert!((15..=45).contains(&alarms), "{alarms} of 300");
}

#[test]
fn shuffled_sources_of_different_languages_say_nothing() {
    let shuffled = |world: &World, seed: u64| {
        let mut stream = Stream::new(seed, "other sources", 0);
        let sources = world.sources.iter().map(|_| (stream.uniform() * 2.0) as u32);
        let names = ["one", "other"].map(str::to_owned).to_vec();
        Labels::new("source", names, sources.collect(), world.documents.clone()).unwrap()
    };
    let is_found = |seed: u64| {
        let world = World::new(40, true, seed);
        let hash = hashed(4, seed);
        let apart = world.routes(8, 1, |word, choice| {
            hash(word, choice) + 4 * u32::from(word >= 1000)
        });
        let truth = found(std::slice::from_ref(&apart), &world.labels(), seed);
        assert!(truth.together.is_found(), "{:?}", truth.together);
        found(&[apart], &shuffled(&world, seed), seed).together.is_found()
    };
    let alarms: u64 = (0..200).map(|seed| u64::from(is_found(seed))).sum();
    assert!((8..=34).contains(&alarms), "{alarms} of 200");
}

#[test]
fn labels_of_single_tokens_would_raise_false_alarms() {
    // What the units are for: tokens of a document have words in common.
    let alarms = false_alarms(60, |world, _| {
        let of_token = world
            .documents
            .iter()
            .map(|&document| world.sources[document as usize]);
        let names = ["one", "other"].map(str::to_owned).to_vec();
        let tokens = 0..world.words.len() as u32;
        Labels::new("source", names, of_token.collect(), tokens.collect()).unwrap()
    });
    assert!(alarms > 50, "{alarms} of 60");
}

#[test]
fn the_same_seed_gives_the_same_and_what_cannot_be_told_is_refused() {
    let world = World::new(20, false, 5);
    let routes = world.routes(4, 1, hashed(4, 3));
    let layers = [routes];
    assert_eq!(
        found(&layers, &world.labels(), 1),
        found(&layers, &world.labels(), 1)
    );
    let one = Labels::new(
        "source",
        vec!["one".to_owned(), "without tokens".to_owned()],
        vec![0; world.sources.len()],
        world.documents.clone(),
    );
    let refused = specialisation(&layers, &one.unwrap(), LEVEL, 1).unwrap();
    assert!(matches!(refused, Finding::Refused(reason) if reason.contains("1 label")));
    // One document of each of two sources has two orders, three of each twenty.
    for (documents, is_enough) in [(2, false), (6, true)] {
        let names = ["one", "other"].map(str::to_owned).to_vec();
        let sources = (0..documents).map(|document| document % 2).collect();
        let of_token = world.documents.iter().map(|document| document % documents);
        let labels = Labels::new("source", names, sources, of_token.collect()).unwrap();
        let said = specialisation(&layers, &labels, LEVEL, 1).unwrap();
        assert_eq!(matches!(said, Finding::Found(_)), is_enough, "{documents}");
        if let Finding::Refused(reason) = said {
            assert!(
                reason.contains("in 2 ways") && reason.contains("takes 20 or more"),
                "{reason}"
            );
        }
    }
    let short = Labels::new("source", vec!["one".to_owned()], vec![0], vec![0, 0]).unwrap();
    assert!(specialisation(&layers, &short, LEVEL, 1).is_err());
    assert!(Labels::new("source", vec![], vec![0], vec![0]).is_err());
    assert!(Labels::new("source", vec!["one".to_owned()], vec![0], vec![1]).is_err());
}
