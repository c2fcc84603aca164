//! What two recipes are said to judge differently is what their outputs differ by.

use std::collections::BTreeMap;

use triaxis_curation::{Compare, Comparison, Recipe, compare};

use crate::support::{Place, RECIPE, good, planted, texts};

const ASKED: Compare = Compare {
    share: 1.0,
    count: 2,
    seed: 1,
};

/// The same with other bounds and no search for near copies.
fn other() -> String {
    let steps = RECIPE
        .replace("preset = \"gopher\"", "")
        .replace("\n[[steps]]\nkind = \"near\"\n", "");
    format!(
        "{steps}\n[[steps]]\nkind = \"filter\"\nfilter = \"gopher-quality\"\nleast_words = 5\nleast_stop_words = 1\n\
         [[steps]]\nkind = \"filter\"\nfilter = \"gopher-repetition\"\ndialect = \"dolma\"\ntop_2_gram = 0.95\n\
         top_3_gram = 0.95\ntop_4_gram = 0.95\n"
    )
}

fn compared(place: &Place, second: &str, asked: Compare) -> Comparison {
    let [first, second] = [RECIPE, second].map(|recipe| toml::from_str::<Recipe>(recipe).unwrap());
    compare(&first, &second, &place.path(""), asked, &()).unwrap()
}

/// The step and the reason that a document was dropped for, and the text that was kept.
type Said = (Option<(usize, String)>, Option<String>);

/// What an output says, by document.
fn said(place: &Place, recipe: &str, out: &str) -> BTreeMap<String, Said> {
    place.curate(recipe, out).unwrap();
    let kept = place.kept(out).into_iter();
    let kept = kept.map(|kept| (kept.id.into_owned(), (None, Some(kept.text.into_owned()))));
    let dropped = place.dropped(out).into_iter();
    let dropped = dropped.map(|one| {
        (
            one.id.into_owned(),
            (Some((one.step, one.reason.into_owned())), None),
        )
    });
    kept.chain(dropped).collect()
}

#[test]
fn cells_and_reasons_are_those_of_both_outputs() {
    let place = Place::new(&texts(&planted(40, 12)));
    let found = compared(&place, &other(), ASKED);
    let (first, second) = (said(&place, RECIPE, "first"), said(&place, &other(), "second"));
    assert_eq!(first.len(), second.len());
    let mut pairs: BTreeMap<_, u64> = BTreeMap::new();
    let mut edited = 0;
    for (id, (one, one_text)) in &first {
        let (other, other_text) = &second[id];
        *pairs.entry((one.clone(), other.clone())).or_default() += 1;
        edited += u64::from(one.is_none() && other.is_none() && one_text != other_text);
    }
    let cell = |first: bool, second: bool| -> u64 {
        let in_cell = pairs
            .iter()
            .filter(|((one, other), _)| (one.is_none(), other.is_none()) == (first, second));
        in_cell.map(|(_, count)| count).sum()
    };
    assert_eq!(found.kept_by_both.documents, cell(true, true));
    assert_eq!(found.kept_by_first.documents, cell(true, false));
    assert_eq!(found.kept_by_second.documents, cell(false, true));
    assert_eq!(found.dropped_by_both.documents, cell(false, false));
    assert_eq!(found.edited_differently.documents, edited);
    assert!(cell(false, true) > 0 && cell(false, false) > 0, "{found:?}");
    let reasons = found.reasons.iter().map(|pair| {
        let of = |dropped: &Option<triaxis_curation::DroppedFor>| {
            dropped
                .as_ref()
                .map(|dropped| (dropped.step, dropped.reason.clone()))
        };
        ((of(&pair.first), of(&pair.second)), pair.count.documents)
    });
    let differ = found.differ.unwrap();
    let differing = cell(true, false) + cell(false, true);
    pairs.remove(&(None, None));
    assert_eq!(reasons.collect::<BTreeMap<_, _>>(), pairs);
    assert_eq!(differ.value, differing as f64 / first.len() as f64);
    assert_eq!(differ.interval, None);
}

#[test]
fn examples_tell_the_value_beside_both_bounds() {
    let place = Place::new(&texts(&planted(40, 12)));
    let found = compared(&place, &other(), ASKED);
    let short = found.examples.iter().filter(|example| {
        example
            .first
            .dropped
            .as_ref()
            .is_some_and(|broken| broken.measured.name == "least_words")
            && example.second.dropped.is_none()
    });
    let short: Vec<_> = short.collect();
    assert!(!short.is_empty() && short.len() <= ASKED.count, "{found:?}");
    for example in short {
        let (broken, beside) = (
            example.first.dropped.as_ref().unwrap(),
            example.second.beside.as_ref().unwrap(),
        );
        assert_eq!((broken.step, broken.measured.by.as_str()), (1, "gopher-quality"));
        assert_eq!(beside.value, broken.measured.value);
        assert_ne!(beside.bound, broken.measured.bound);
        assert!(example.first.beside.is_none() && !example.text.is_empty());
    }
}

#[test]
fn a_recipe_beside_itself_differs_in_nothing_on_any_number_of_threads() {
    let place = Place::new(&texts(&planted(40, 12)));
    for threads in [1, 5] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let found = compared(&place, RECIPE, ASKED);
            assert_eq!(
                (found.kept_by_first.documents, found.kept_by_second.documents),
                (0, 0)
            );
            assert!(found.examples.is_empty() && found.edited_differently.documents == 0);
            assert_eq!(found, compared(&place, RECIPE, ASKED));
            assert_eq!(
                compared(&place, &other(), ASKED),
                compared(&place, &other(), ASKED)
            );
        });
    }
}

#[test]
fn a_sample_has_an_interval_around_the_share_of_all() {
    let mut all = texts(&planted(60, 30));
    all.extend((0..400).map(|number| good(5000 + number, 6)));
    let place = Place::new(&all);
    let whole = compared(&place, &other(), ASKED).differ.unwrap().value;
    let mut covered = 0;
    for seed in 0..20 {
        let sample = compared(
            &place,
            &other(),
            Compare {
                share: 0.4,
                seed,
                ..ASKED
            },
        );
        let interval = sample.differ.unwrap().interval.unwrap();
        assert!(sample.judged.documents < sample.read.documents);
        covered += usize::from(interval.low <= whole && whole <= interval.high);
    }
    // 19 of 20 are expected, and more, as a sample is a part of all.
    assert!(covered >= 18, "{covered}");
    let refused = Compare { share: 0.0, ..ASKED };
    let [first, second] = [RECIPE, RECIPE].map(|recipe| toml::from_str::<Recipe>(recipe).unwrap());
    let refused = compare(&first, &second, &place.path(""), refused, &()).unwrap_err();
    assert!(refused.to_string().contains("`share = 0`"), "{refused}");
}
