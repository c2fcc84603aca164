//! Shards put together give the output of one process, to the byte.

use std::path::PathBuf;

use triaxis_curation::{CurationError, Recipe, Shard, curate_shard, merge};

use crate::resume::{STEPS, short};
use crate::support::{Place, RECIPE, planted, texts};

fn share(place: &Place, recipe: &str, number: u32, of: u32, out: &str) -> Result<bool, CurationError> {
    let recipe: Recipe = toml::from_str(recipe).unwrap();
    let shard = Shard::new(number, of).unwrap();
    curate_shard(&recipe, &place.path(""), shard, &place.path(out), &())
}

fn put_together(place: &Place, recipe: &str, shards: &[&str], out: &str) -> Result<(), CurationError> {
    let recipe: Recipe = toml::from_str(recipe).unwrap();
    let shards: Vec<PathBuf> = shards.iter().map(|shard| place.path(shard)).collect();
    merge(&recipe, &place.path(""), &shards, &place.path(out), &()).map(drop)
}

#[test]
fn any_number_of_shards_gives_the_same_bytes() {
    let place = Place::new(&short(20_000));
    // One large file, which is shared, and a small one with something that is left out.
    std::fs::write(
        place.path("made/c.jsonl"),
        "{\"text\": 3}\n{\"text\": \"Only this.\"}\n",
    )
    .unwrap();
    let filters = STEPS
        .split("[[steps]]")
        .take(2)
        .collect::<Vec<_>>()
        .join("[[steps]]");
    let columns = STEPS.replace("memory =", "output = \"parquet\"\nmemory =");
    for (name, recipe) in [("all", STEPS), ("filters", &filters), ("columns", &columns)] {
        place.curate(recipe, name).unwrap();
        let expected = place.files(name);
        for of in [1, 4] {
            let names: Vec<String> = (1..=of).map(|number| format!("{name}-{number}-{of}")).collect();
            for (number, out) in (1..).zip(&names) {
                assert!(!share(&place, recipe, number, of, out).unwrap());
                assert!(share(&place, recipe, number, of, out).unwrap());
            }
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.reverse();
            let out = format!("{name}-of-{of}");
            put_together(&place, recipe, &names, &out).unwrap();
            assert!(place.files(&out) == expected, "{out}");
        }
    }
}

#[test]
fn what_are_no_shards_of_a_recipe_is_refused() {
    let place = Place::new(&texts(&planted(10, 12)));
    for number in [1, 2] {
        share(&place, RECIPE, number, 2, &format!("{number}-2")).unwrap();
    }
    share(&place, RECIPE, 1, 2, "again").unwrap();
    share(&place, RECIPE, 1, 3, "1-3").unwrap();
    share(&place, &RECIPE.replace("gopher", "fineweb"), 2, 2, "other").unwrap();
    place.curate(RECIPE, "whole").unwrap();
    for (shards, said) in [
        (&["1-2"][..], "shard 2/2 is not given"),
        (&["1-2", "again"], "give each once"),
        (&["1-2", "1-3"], "give those of one number"),
        (&["1-2", "other"], "another recipe"),
        (&["1-2", "whole"], "holds no whole shard"),
        (&["1-2", "nowhere"], "holds no whole shard"),
        (&[], "no shard is given"),
    ] {
        let refused = put_together(&place, RECIPE, shards, "out")
            .unwrap_err()
            .to_string();
        assert!(refused.contains(said), "{refused}");
    }
    assert!(!place.path("out").exists());
    for (out, said) in [("1-2", "another shard"), ("whole", "a curated corpus")] {
        let refused = share(&place, RECIPE, 2, 2, out).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
    let refused = place.curate(RECIPE, "1-2").unwrap_err().to_string();
    assert!(refused.contains("`triaxis corpus merge`"), "{refused}");
}
