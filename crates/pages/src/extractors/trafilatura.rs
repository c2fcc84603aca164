use serde::{Deserialize, Serialize};
use trafilatura::{ExtractionFocus, Options, extract};

use super::Extractor;

/// Rules for what is around a main text and for what it is in, with Readability as the second opinion (Barbaresi 2021).
/// As datatrove sets it for FineWeb, unless it is said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trafilatura {
    /// What to favour where it is in doubt.
    pub favour: Favour,
    /// Whether tables are text.
    pub tables: bool,
    /// Whether what a page says a third time is left out.
    pub deduplicate: bool,
    /// Whether Readability's text is taken where it is better than what the rules find.
    pub fallback: bool,
}

/// What is favoured where it is in doubt whether something belongs to the main text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Favour {
    /// Less, and right.
    #[default]
    Precision,
    /// Neither.
    Balance,
    /// More, and with what does not belong to it.
    Recall,
}

impl Trafilatura {
    pub(super) const ABOUT: &str = "rules for the parts of a page, and Readability where they find little: what FineWeb \
                                    and most web corpora are made with (Barbaresi 2021, 10.18653/v1/2021.acl-demo.15)";
}

impl Default for Trafilatura {
    fn default() -> Self {
        Self {
            favour: Favour::Precision,
            tables: true,
            deduplicate: true,
            fallback: true,
        }
    }
}

impl Extractor for Trafilatura {
    fn main(&self, html: &str) -> Option<String> {
        let focus = match self.favour {
            Favour::Precision => ExtractionFocus::FavorPrecision,
            Favour::Balance => ExtractionFocus::Balanced,
            Favour::Recall => ExtractionFocus::FavorRecall,
        };
        let options = Options::default()
            .with_focus(focus)
            .with_fallback(self.fallback)
            .with_exclude_comments(true)
            .with_exclude_tables(!self.tables)
            .with_deduplicate(self.deduplicate);
        extract(html, &options).ok().map(|found| found.content_html)
    }
}
