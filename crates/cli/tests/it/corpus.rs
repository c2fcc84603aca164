//! `corpus curate` and `corpus inspect`, with the real program.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::json;

/// Filters that a page breaks, and both kinds of copies.
pub const RECIPE: &str = r#"
preset = "gopher"
memory = "1MiB"

[[sources]]
kind = "jsonl"
name = "pages"
include = ["pages.jsonl"]

[[steps]]
kind = "exact"

[[steps]]
kind = "near"
"#;

pub const BAKER: &str = "The baker of our street gets up at three, when even the cats are asleep. First he lights the oven, \
    then he looks at the dough that has rested since the evening, and only if it pleases him does he begin to shape \
    loaves. Nobody has ever seen him weigh anything. His daughter, who is to take over the shop, writes down what he \
    does, and finds that each morning differs a little from the one before. People who come from far away are told \
    that all of the bread is gone before noon.";

const HARBOUR: &str = "Ships that wait outside the harbour are counted by an old clerk with a brass telescope. He began \
    with it when his office had no electric light, and sees no reason to stop now that machines know every vessel by \
    name. Twice they were wrong and he was right, which he mentions to visitors. In winter, fog hides the water for \
    days; he then notes the sounds of horns, their number and direction, in a green book with a torn cover.";

/// A folder with pages and a recipe.
pub struct Place(pub TempDir);

impl Place {
    /// Two good pages, one too short, a copy and a near copy.
    pub fn new(recipe: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let near = BAKER.replacen("before noon", "before dinner", 1);
        let pages = [BAKER, HARBOUR, "Too short.", BAKER, &near];
        let lines: String = pages
            .iter()
            .map(|text| format!("{}\n", serde_json::json!({ "text": text })))
            .collect();
        fs::write(folder.path().join("pages.jsonl"), lines).unwrap();
        fs::write(folder.path().join("recipe.toml"), recipe).unwrap();
        Self(folder)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_triaxis"));
        command.arg("corpus").args(arguments).current_dir(self.0.path());
        command.output().unwrap()
    }

    pub fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        format!(
            "exit code {}\n----- stdout\n{}----- stderr\n{}",
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr)
        )
    }
}

const CURATE: [&str; 4] = ["curate", "recipe.toml", "--out", "out"];

#[test]
fn what_is_done_is_told_by_step_and_reason() {
    let place = Place::new(RECIPE);
    insta::assert_snapshot!("curate", place.said(&CURATE));
    insta::assert_snapshot!("curate_again", place.said(&CURATE));
    let again = json(&place.run(&[&CURATE[..], &["--format", "json"]].concat()));
    assert_eq!(again["was_there"], true);
    assert_eq!(again["steps"][0]["dropped"]["least_words"]["documents"], 1);
    insta::assert_snapshot!(
        "inspect",
        place.said(&["inspect", "out", "--reason", "earlier_near_copies"])
    );
    let all = json(&place.run(&["inspect", "out", "--format", "json"]));
    assert_eq!(all["dropped"].as_array().unwrap().len(), 3);
    assert_eq!(all["kept"].as_array().unwrap().len(), 2);
}

#[test]
fn a_bad_recipe_is_refused_and_leaves_nothing() {
    for (recipe, said) in [
        (RECIPE.replace("gopher", "gofer"), "did you mean `gopher`?"),
        (RECIPE.replace("preset", "presett"), "presett"),
        (RECIPE.replace("\"near\"", "\"nearly\""), "nearly"),
        (
            RECIPE.replace("kind = \"near\"", "kind = \"near\"\nbands = 0"),
            "step 4: `bands = 0`",
        ),
        (RECIPE.replace("pages.jsonl", "none.jsonl"), "matches no file"),
    ] {
        let place = Place::new(&recipe);
        let output = place.run(&CURATE);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
        assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 2);
    }
    let place = Place::new(RECIPE);
    assert!(place.run(&CURATE).status.success());
    for (arguments, said) in [
        (
            &["inspect", "out", "--reason", "least_word"][..],
            "did you mean `least_words`?",
        ),
        (&["inspect", "nowhere"], "holds nothing"),
        (&["inspect", "."], "files that are no curated corpus"),
        (&["curate", "nowhere.toml", "--out", "a"], "nowhere.toml"),
    ] {
        let output = place.run(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
}
