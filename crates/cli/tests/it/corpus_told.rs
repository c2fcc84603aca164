//! `corpus stats`, `corpus compare` and the page of `corpus inspect`, with the real program.

use std::fs;

use crate::corpus::{BAKER, Place, RECIPE};
use crate::support::json;

/// Pages that their source repeats, and another source that repeats one of them.
fn two_sources() -> Place {
    let place = Place::new(RECIPE);
    let more = format!("{}\n", serde_json::json!({ "text": BAKER }));
    fs::write(place.0.path().join("more.jsonl"), more).unwrap();
    place
}

/// The same filters with other bounds, and no search for near copies.
fn looser() -> String {
    RECIPE.replace("preset = \"gopher\"", "").replace(
        "kind = \"near\"",
        "kind = \"filter\"\nfilter = \"gopher-quality\"\nleast_words = 2\nleast_stop_words = 0",
    )
}

#[test]
fn what_text_is_like_is_told_of_files_of_a_recipe_and_of_what_was_kept() {
    let place = two_sources();
    insta::assert_snapshot!("stats", place.said(&["stats", "pages.jsonl", "more.jsonl"]));
    let whole = json(&place.run(&["stats", "recipe.toml", "--format", "json", "--threads", "1"]));
    assert_eq!(
        whole,
        json(&place.run(&["stats", "recipe.toml", "--format", "json", "--threads", "3"]))
    );
    assert_eq!(whole["sources"][0]["read"]["documents"], 5);
    assert_eq!(whole["exact_copies"]["copies"][0][0], 1);
    assert_eq!(whole["near_copies"]["copies"][0][0], 2);
    assert_eq!(
        whole["growth"].as_array().unwrap().last().unwrap()["documents"],
        5
    );
    assert!(
        place
            .run(&["curate", "recipe.toml", "--out", "out"])
            .status
            .success()
    );
    let less = [
        "stats",
        "out",
        "--without",
        "copies,growth,values",
        "--format",
        "json",
    ];
    let kept = json(&place.run(&less));
    assert_eq!(kept["sources"][0]["read"]["documents"], 2);
    assert_eq!(kept["values"].as_array().unwrap().len(), 0);
    assert!(kept["near_copies"].is_null());
}

#[test]
fn two_recipes_are_compared_cell_by_cell() {
    let place = Place::new(RECIPE);
    fs::write(place.0.path().join("looser.toml"), looser()).unwrap();
    insta::assert_snapshot!("compare", place.said(&["compare", "recipe.toml", "looser.toml"]));
    let dialects = [
        "--filter",
        "gopher-repetition",
        "--dialects",
        "datatrove,dolma-v1",
    ];
    insta::assert_snapshot!(
        "compare_dialects",
        place.said(&[&["compare", "pages.jsonl"], &dialects[..]].concat())
    );
    fs::write(
        place.0.path().join("other.toml"),
        looser().replace("pages.jsonl", "none.jsonl"),
    )
    .unwrap();
    let output = place.run(&[
        "compare",
        "recipe.toml",
        "other.toml",
        "--share",
        "0.5",
        "--format",
        "json",
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("other.toml has other sources than recipe.toml: those of the first are read"),
        "{said}"
    );
    let compared = &json(&output)["comparison"];
    assert_eq!(compared["read"]["documents"], 5);
    assert!(compared["judged"]["documents"].as_u64().unwrap() < 5);
}

#[test]
fn what_documents_say_does_nothing_to_a_terminal_or_a_page() {
    let place = Place::new(RECIPE);
    let hostile = "\u{1b}[2Jred\u{7} \u{202e}nrut <script>alert(1)</script>";
    fs::write(
        place.0.path().join("pages.jsonl"),
        format!("{}\n", serde_json::json!({ "text": hostile })),
    )
    .unwrap();
    assert!(
        place
            .run(&["curate", "recipe.toml", "--out", "out"])
            .status
            .success()
    );
    insta::assert_snapshot!(
        "inspect_hostile",
        place.said(&["inspect", "out", "--report", "page.html"])
    );
    let page = fs::read_to_string(place.0.path().join("page.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert(1)"));
    assert!(page.contains("<h3>1 gopher-quality: least_words</h3>"));
    let output = place.run(&["inspect", "out", "--report", "out"]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_cannot_be_told_is_refused_with_its_remedy() {
    let place = Place::new(RECIPE);
    for (arguments, said) in [
        (&["stats", "nowhere"][..], "nowhere"),
        (
            &["stats", "pages.jsonl", "--tokenizer", "pages.jsonl"],
            "pages.jsonl",
        ),
        (&["compare", "recipe.toml"], "<SECOND>"),
        (
            &["compare", "recipe.toml", "recipe.toml", "--share", "1.5"],
            "`share = 1.5`",
        ),
        (
            &[
                "compare",
                "pages.jsonl",
                "--filter",
                "c4-quality",
                "--dialects",
                "dolma,dclm",
            ],
            "filters with dialects are gopher-quality and gopher-repetition",
        ),
    ] {
        let output = place.run(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
}
