//! Specs that each ask one question, as `study new` writes them: the files of `examples/`. One line an example.

/// A commented spec with the word that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Its file's name in `examples/`, without `.toml`.
    pub word: &'static str,
    text: &'static str,
}

/// Every example that is a study.
pub const EXAMPLES: &[Example] = &[
    example(
        "architectures",
        include_str!("../../../examples/architectures.toml"),
    ),
    example("curation", include_str!("../../../examples/curation.toml")),
    example("diffusion", include_str!("../../../examples/diffusion.toml")),
    example("epochs", include_str!("../../../examples/epochs.toml")),
    example("experts", include_str!("../../../examples/experts.toml")),
    example("mixtures", include_str!("../../../examples/mixtures.toml")),
    example("quickstart", include_str!("../../../examples/quickstart.toml")),
    example("settings", include_str!("../../../examples/settings.toml")),
    example("sources", include_str!("../../../examples/sources.toml")),
    example("tokenizers", include_str!("../../../examples/tokenizers.toml")),
];

const fn example(word: &'static str, text: &'static str) -> Example {
    Example { word, text }
}

impl Example {
    /// The example of that word.
    pub fn of(word: &str) -> Option<Self> {
        EXAMPLES.iter().copied().find(|example| example.word == word)
    }

    /// What it asks: the first sentence of its first comment.
    pub fn about(&self) -> &'static str {
        let comment = self.text.trim_start_matches(['#', ' ']);
        let end = comment.find(['?', '.', ':', '\n']);
        end.map_or(comment, |end| {
            &comment[..end + usize::from(comment[end..].starts_with('?'))]
        })
    }

    /// The spec as the file `path`, by which its comments call it.
    pub fn text(&self, path: &str) -> String {
        self.text.replace(&format!("examples/{}.toml", self.word), path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::StudySpec;

    #[test]
    fn every_study_of_the_folder_is_there_by_its_name_and_says_what_it_asks() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
        let mut words = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            if StudySpec::parse(&text).is_ok() {
                let word = path.file_stem().unwrap().to_str().unwrap().to_owned();
                assert_eq!(
                    Example::of(&word).map(|example| example.text),
                    Some(text.as_str())
                );
                words.push(word);
            }
        }
        words.sort();
        assert_eq!(
            words,
            EXAMPLES.iter().map(|example| example.word).collect::<Vec<_>>()
        );
        for example in EXAMPLES {
            let about = example.about();
            assert!((10..100).contains(&about.len()), "{about}");
            let named = example.text("mine.toml");
            assert!(StudySpec::parse(&named).is_ok() && !named.contains("run examples/"));
        }
    }
}
