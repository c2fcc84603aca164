//! The example tells all that a recipe can name.

use std::path::Path;

use triaxis_curation::{Recipe, StepSpec};
use triaxis_filters::{FilterSpec, PRESETS};

const EXAMPLE: &str = include_str!("../../../../examples/curation-recipe.toml");

#[test]
fn the_example_is_a_recipe_and_names_every_preset_step_and_filter() {
    let recipe: Recipe = toml::from_str(EXAMPLE).unwrap();
    assert_eq!(recipe.resolved(Path::new("")).unwrap(), recipe);
    for entry in PRESETS
        .iter()
        .chain(StepSpec::REGISTRY)
        .chain(FilterSpec::REGISTRY)
    {
        assert!(EXAMPLE.contains(entry.name), "{}", entry.name);
        assert!(entry.about.len() > 20, "{}", entry.name);
    }
}

#[test]
fn every_preset_resolves_to_a_recipe_that_reads_back() {
    for preset in PRESETS {
        let recipe: Recipe =
            toml::from_str(&EXAMPLE.replace("# preset = \"gopher\"", &format!("preset = {:?}", preset.name)))
                .unwrap();
        let resolved = recipe.resolved(Path::new("")).unwrap();
        assert!(resolved.steps.len() > recipe.steps.len());
        let read: Recipe = toml::from_str(&toml::to_string(&resolved).unwrap()).unwrap();
        assert_eq!(read, resolved, "{}", preset.name);
    }
}
