//! A process that dies anywhere is gone on with, to the bytes of one that did not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use triaxis_curation::{Progress, Recipe, curate};
use triaxis_random::Stream;

use crate::support::Place;

/// Every kind of step, over more documents than a batch has.
pub const STEPS: &str = r#"
memory = "16MiB"
[[sources]]
kind = "jsonl"
name = "made"
include = ["made/*.jsonl"]
[[steps]]
kind = "filter"
filter = "personal-data"
[[steps]]
kind = "exact"
[[steps]]
kind = "near"
words = 3
bands = 4
rows = 2
[[steps]]
kind = "bloom"
words = 4
[[steps]]
kind = "filter"
filter = "personal-data"
[[steps]]
kind = "passages"
least = 40
at_once = "2MiB"
"#;

/// Short texts, some of which are there twice, nearly twice or in part.
pub fn short(count: u64) -> Vec<String> {
    let text = |number: u64| {
        let mut stream = Stream::new(number, "short", 0);
        let words: Vec<String> = (0..9).map(|_| format!("w{:x}", stream.bits() % 50_000)).collect();
        words.join(" ")
    };
    let made = (0..count).map(|number| match number % 7 {
        3 => text(number / 2),
        5 => format!("{} or so", text(number - 1)),
        6 => format!("{} at number {number}", text(number - 6)),
        _ => text(number),
    });
    made.collect()
}

/// Dies when it hears for the so-manieth time how far a curation is.
struct Dies {
    after: usize,
    heard: AtomicUsize,
}

impl Progress for Dies {
    fn begin(&self, _pass: usize, _passes: usize, _total: u64) {}

    fn advance(&self, _bytes: u64) {
        if self.heard.fetch_add(1, Ordering::Relaxed) == self.after {
            std::panic::resume_unwind(Box::new("died"));
        }
    }
}

fn dies_everywhere(recipe: &str, texts: &[String]) {
    let place = Place::new(texts);
    place.curate(recipe, "undisturbed").unwrap();
    let expected = place.files("undisturbed");
    let recipe: Recipe = toml::from_str(recipe).unwrap();
    let run = |after| {
        let dies = Dies {
            after,
            heard: AtomicUsize::new(0),
        };
        let curate = || curate(&recipe, &place.path(""), &place.path("out"), &dies);
        catch_unwind(AssertUnwindSafe(curate)).map(Result::unwrap)
    };
    // Once before the first batch is noted, and then again and again a batch or two later.
    let mut deaths = 0;
    while run(1 + deaths % 3).is_err() {
        deaths += 1;
        assert!(!place.path("out").exists());
    }
    assert!(deaths >= 5, "{deaths}");
    assert!(place.files("out") == expected);
    assert!(!place.path(".out.unfinished").exists());
}

#[test]
fn every_kind_of_step_is_gone_on_with() {
    dies_everywhere(STEPS, &short(50_000));
}

#[test]
fn columns_are_gone_on_with() {
    let recipe = STEPS.replace("memory =", "output = \"parquet\"\nmemory =");
    dies_everywhere(&recipe, &short(20_000));
}

#[test]
fn what_is_left_out_is_counted_once() {
    let place = Place::new(&short(20_000));
    for (name, lines) in [
        ("aa.jsonl", "{\"text\": 3}\n"),
        ("c.jsonl", "no json\n{\"text\": \"\"}\n"),
    ] {
        std::fs::write(place.path("made").join(name), lines).unwrap();
    }
    let whole = place.curate(STEPS, "undisturbed").unwrap().facts;
    let recipe: Recipe = toml::from_str(STEPS).unwrap();
    let dies = Dies {
        after: 2,
        heard: AtomicUsize::new(0),
    };
    let curate = || curate(&recipe, &place.path(""), &place.path("out"), &dies);
    assert!(catch_unwind(AssertUnwindSafe(curate)).is_err());
    let again = place.curate(STEPS, "out").unwrap().facts;
    assert_eq!(again, whole);
    assert_eq!(again.sources[0].left_out.len(), 3);
}
