//! What is there is told from what is not whole, and never written over.

use std::fs;

use triaxis_curation::finished;
use triaxis_host::Kind;

use crate::support::{Place, RECIPE, planted, texts};

fn place() -> Place {
    Place::new(&texts(&planted(10, 12)))
}

#[test]
fn a_finished_output_is_told_and_another_is_refused() {
    let place = place();
    assert!(!place.curate(RECIPE, "out").unwrap().was_there);
    let before = place.files("out");
    // What a process leaves that dies between the name of the output and its own end.
    for name in ["lock", "journal"] {
        fs::write(place.path("out").join(name), "").unwrap();
    }
    assert!(place.curate(RECIPE, "out").unwrap().was_there);
    assert_eq!(place.files("out"), before);
    // Memory changes nothing of what is found.
    assert!(
        place
            .curate(&RECIPE.replace("1MiB", "2MiB"), "out")
            .unwrap()
            .was_there
    );
    let other = place
        .curate(&RECIPE.replace("gopher", "fineweb"), "out")
        .unwrap_err();
    assert_eq!(other.kind(), Kind::Input);
    assert!(other.to_string().contains("already holds"), "{other}");
    fs::write(place.path("made/c.jsonl"), "{\"text\": \"more\"}\n").unwrap();
    assert!(place.curate(RECIPE, "out").is_err());
    assert_eq!(place.files("out"), before);
}

#[test]
fn what_is_not_whole_is_not_taken_for_it() {
    let place = place();
    let left = place.path(".out.unfinished");
    // A kill before anything was noted, a journal that is damaged, and one of another recipe.
    fs::create_dir_all(left.join("kept")).unwrap();
    fs::write(left.join("kept/00000.jsonl.zst"), "cut").unwrap();
    fs::write(left.join("journal"), "0123\n{}").unwrap();
    assert_eq!(finished(&place.path("out")).unwrap(), None);
    assert!(!place.curate(RECIPE, "out").unwrap().was_there);
    assert!(!left.exists());
    place.curate(RECIPE, "undisturbed").unwrap();
    assert_eq!(place.files("out"), place.files("undisturbed"));
}

#[test]
fn a_second_process_is_refused_while_the_first_writes() {
    let place = place();
    let left = place.path(".out.unfinished");
    fs::create_dir(&left).unwrap();
    let lock = fs::File::create(left.join("lock")).unwrap();
    lock.lock().unwrap();
    let refused = place.curate(RECIPE, "out").unwrap_err();
    assert_eq!(refused.kind(), Kind::Machine);
    assert!(
        refused.to_string().contains("being written by another process"),
        "{refused}"
    );
    drop(lock);
    place.curate(RECIPE, "out").unwrap();
}

#[test]
fn a_damaged_output_is_named() {
    let place = place();
    place.curate(RECIPE, "out").unwrap();
    let kept = place.path("out/kept/00000.jsonl.zst");
    let bytes = fs::read(&kept).unwrap();
    fs::write(&kept, &bytes[..bytes.len() - 1]).unwrap();
    let damaged = place.curate(RECIPE, "out").unwrap_err();
    assert_eq!(damaged.kind(), Kind::Damaged);
    assert!(
        damaged.to_string().contains("00000.jsonl.zst is damaged"),
        "{damaged}"
    );
    fs::remove_file(&kept).unwrap();
    assert!(
        finished(&place.path("out"))
            .unwrap_err()
            .to_string()
            .contains("it is not there")
    );
    fs::remove_file(place.path("out/curation.json")).unwrap();
    let occupied = place.curate(RECIPE, "out").unwrap_err();
    assert!(
        occupied.to_string().contains("files that are no curated corpus"),
        "{occupied}"
    );
}

#[test]
fn recipes_that_cannot_be_are_refused_with_value_rule_and_remedy() {
    let place = place();
    let sources = RECIPE.split("[[steps]]").next().unwrap();
    for (recipe, said) in [
        (RECIPE.replace("gopher", "gofer"), "did you mean `gopher`?"),
        (
            sources.replace("preset = \"gopher\"", ""),
            "a recipe needs something to do",
        ),
        (
            format!("{sources}\n[[steps]]\nkind = 'near'\nbands = 0"),
            "step 3: `bands = 0`",
        ),
        (
            format!("{sources}\n[[steps]]\nkind = 'exact'\nspan = 2"),
            "step 3: `span = 2`",
        ),
        (
            format!("{sources}\n[[steps]]\nkind = 'filter'\nfilter = 'fineweb-quality'\nshort_lines = 7.0"),
            "step 3: `fineweb-quality.short_lines = 7`",
        ),
        (RECIPE.replace("1MiB", "1KiB"), "`memory = 1KiB`"),
        (
            format!("{sources}\n[[steps]]\nkind = 'bloom'\nshare = 1.5"),
            "step 3: `share = 1.5`",
        ),
        (
            format!("{sources}\n[[steps]]\nkind = 'passages'\nleast = 0"),
            "step 3: `least = 0`",
        ),
        (
            format!("{sources}\n[[steps]]\nkind = 'passages'\nat_once = '64MiB'"),
            "step 3: `at_once = 64MiB`",
        ),
        (
            RECIPE.replace("preset", "against = [\"nowhere\"]\npreset"),
            "`against = \"nowhere\"`",
        ),
        (
            RECIPE.replace("name = \"made\"", "name = \"made\"\nweight = 2.0"),
            "remove the weight",
        ),
        (RECIPE.replace("made/*.jsonl", "none/*.jsonl"), "matches no file"),
    ] {
        let refused = place.curate(&recipe, "out").unwrap_err();
        assert_eq!(refused.kind(), Kind::Input, "{refused}");
        assert!(refused.to_string().contains(said), "{refused}");
    }
    let large = format!("{sources}\n[[steps]]\nkind = 'bloom'\nruns = 100000000");
    let refused = place.curate(&large, "out").unwrap_err().to_string();
    assert!(
        refused.contains("step 3: ") && refused.contains("give more memory"),
        "{refused}"
    );
    assert!(!place.path("out").exists());
}
