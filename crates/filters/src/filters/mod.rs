//! Every filter: one file, one `mod` line and one line of the registry below for each.

mod c4_bad_words;
mod c4_paragraphs;
mod c4_quality;
mod code_quality;
mod decontamination;
mod fineweb_quality;
mod gopher_quality;
mod gopher_repetition;
mod language;
mod licences;
mod perplexity;
mod personal_data;
mod quality;
mod urls;

pub use c4_bad_words::C4BadWords;
pub use c4_paragraphs::C4Paragraphs;
pub use c4_quality::C4Quality;
pub use code_quality::CodeQuality;
pub use decontamination::Decontamination;
pub use fineweb_quality::FineWebQuality;
pub use gopher_quality::GopherQuality;
pub use gopher_repetition::GopherRepetition;
pub use language::Language;
pub use licences::Licences;
pub use perplexity::Perplexity;
pub use personal_data::PersonalData;
pub use quality::Quality;
pub use urls::Urls;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_names::registry;
use triaxis_words::{Document, Splitter};

use crate::refused::Refused;
use crate::room::Room;
use crate::verdict::Verdict;

registry! {
    /// Settings of a filter.
    pub enum FilterSpec by "filter" as settings: Settings {
        GopherRepetition = "gopher-repetition",
        GopherQuality = "gopher-quality",
        C4Quality = "c4-quality",
        C4Paragraphs = "c4-paragraphs",
        C4BadWords = "c4-bad-words",
        FineWebQuality = "fineweb-quality",
        Language = "language",
        Quality = "quality",
        PersonalData = "personal-data",
        Urls = "urls",
        Licences = "licences",
        CodeQuality = "code-quality",
        Decontamination = "decontamination",
        Perplexity = "perplexity",
    }
}

/// Whose definition of a rule is meant, where tools that share its name differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// datatrove 0.10, which made FineWeb.
    #[default]
    Datatrove,
    /// dolma's Gopher tagger.
    Dolma,
    /// dolma's first Gopher tagger, to which blank lines are lines.
    #[serde(rename = "dolma-v1")]
    DolmaV1,
    /// DCLM's baseline.
    Dclm,
}

/// What is known of a document beside its text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'d> {
    /// Where it was on the web.
    pub url: Option<&'d str>,
    /// The path or name of its file.
    pub path: Option<&'d str>,
    /// Its licence, as an SPDX expression.
    pub licence: Option<&'d str>,
}

/// What a registry line says of a kind of filter.
pub(crate) trait Settings {
    /// The same with what the files hold that it names by paths from `folder`; nothing if it names none.
    fn opened(&self, _folder: &Path) -> Result<Option<FilterSpec>, Refused> {
        Ok(None)
    }

    /// Refuses what no filter can have, and makes the filter.
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused>;
}

/// A filter that is ready.
pub(crate) trait Judge: Send + Sync {
    /// What a word is to it, if it reads words.
    fn splitter(&self) -> Option<Splitter> {
        None
    }

    /// Measures a document into the room's checks, in the order of its bounds. Whether it left another text, in the
    /// room.
    fn measure(&self, document: &Document<'_>, facts: &Facts<'_>, room: &mut Room) -> bool;
}

/// A filter that is ready to judge, from any thread.
pub struct Filter {
    kind: &'static str,
    judge: Box<dyn Judge>,
}

impl fmt::Debug for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Filter").field("kind", &self.kind).finish()
    }
}

impl FilterSpec {
    /// The same with what the files hold that it names by paths from `folder`, and their hashes.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what it must be.
    pub fn opened(&self, folder: &Path) -> Result<Self, Refused> {
        let opened = self.settings().opened(folder)?;
        Ok(opened.unwrap_or_else(|| self.clone()))
    }

    /// The filter of these settings.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn prepare(&self) -> Result<Filter, Refused> {
        let judge = self.settings().prepare()?;
        let kind = self.kind();
        Ok(Filter { kind, judge })
    }
}

impl Filter {
    /// The name of its line in the registry.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What a word is to it: documents that it judges are split so.
    pub fn splitter(&self) -> Splitter {
        self.reads().unwrap_or(Splitter::English)
    }

    /// What a word is to it, if it reads words.
    pub(crate) fn reads(&self) -> Option<Splitter> {
        self.judge.splitter()
    }

    /// Judges a document. All that it measured is in the room afterwards, and the text if that was edited.
    pub fn judge(&self, document: &Document<'_>, facts: &Facts<'_>, room: &mut Room) -> Verdict {
        room.checks.clear();
        room.edited_words.clear();
        let is_edited = self.judge.measure(document, facts, room);
        match room.checks.iter().find(|check| check.is_broken()) {
            Some(broken) => Verdict::Drop(*broken),
            None if is_edited => Verdict::Edit,
            None => Verdict::Keep,
        }
    }
}
