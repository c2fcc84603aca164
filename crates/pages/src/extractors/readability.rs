use libreadability::Parser;
use serde::{Deserialize, Serialize};

use super::Extractor;

/// The container with the most prose in it, as the reading view of browsers finds it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Readability {}

impl Readability {
    pub(super) const ABOUT: &str = "the container with the most prose, as the reading view of Firefox finds it \
                                    (Mozilla, Readability.js): a second opinion beside trafilatura";
}

impl Extractor for Readability {
    fn main(&self, html: &str) -> Option<String> {
        let article = Parser::new().with_disable_jsonld(true).parse(html, None).ok()?;
        Some(article.content)
    }
}
