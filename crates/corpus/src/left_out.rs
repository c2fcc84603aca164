//! Text that a corpus does not hold, by the reason, so that none vanishes unsaid.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

/// Why text was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Bytes that are neither UTF-8 nor UTF-16, nor what the source's `encoding` names.
    NotUnicode,
    /// A row whose field is missing, null, or no text.
    NoText,
    /// A row that cannot be read: cut off, no JSON, a page that does not decode.
    Damaged,
    /// A link that leads nowhere.
    BrokenLink,
    /// A document below `minimum_document`.
    TooSmall,
    /// A document above `maximum_document`, where long ones are not cut.
    TooLarge,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::NotUnicode,
        Self::NoText,
        Self::Damaged,
        Self::BrokenLink,
        Self::TooSmall,
        Self::TooLarge,
    ];

    /// Whether something is wrong with the text, which `strict` refuses; sizes are the spec's own choice.
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::TooSmall | Self::TooLarge)
    }

    /// The reason for people, to stand after "documents".
    pub fn name(self) -> &'static str {
        match self {
            Self::NotUnicode => "neither UTF-8 nor UTF-16",
            Self::NoText => "without a text",
            Self::Damaged => "damaged",
            Self::BrokenLink => "behind broken links",
            Self::TooSmall => "below minimum_document",
            Self::TooLarge => "above maximum_document",
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NotUnicode => {
                "name their encoding, as in `encoding = \"windows-1252\"`, convert or exclude them"
            }
            Self::NoText => "check that `field` names the text",
            Self::Damaged => "fetch or write the file again",
            Self::BrokenLink => "fetch what they lead to, or remove them",
            Self::TooSmall => "lower `minimum_document` to keep them",
            Self::TooLarge => "set `long_documents = \"cut\"` to keep them in parts",
        }
    }
}

/// Text that was left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LeftOut {
    /// Documents.
    pub documents: u64,
    /// Bytes of them, as they lie in their files.
    pub bytes: Bytes,
    /// The first of them: where it is, and what is wrong with it.
    pub first: String,
}

/// Text that was left out, by reason.
pub type LeftOutBy = BTreeMap<Reason, LeftOut>;

/// Adds `more`, which comes later, to `all`.
pub(crate) fn merge(all: &mut LeftOutBy, more: LeftOutBy) {
    for (reason, more) in more {
        let of_reason = all.entry(reason).or_default();
        if of_reason.documents == 0 {
            of_reason.first = more.first;
        }
        of_reason.documents = of_reason.documents.saturating_add(more.documents);
        of_reason.bytes += more.bytes;
    }
}

/// All of it in words: `3 documents (1.2MiB) neither UTF-8 nor UTF-16 (a.txt is not …)`.
pub(crate) fn told(all: &LeftOutBy) -> String {
    let told = |(reason, left): (&Reason, &LeftOut)| {
        let LeftOut {
            documents,
            bytes,
            first,
        } = left;
        let noun = if *documents == 1 { "document" } else { "documents" };
        format!("{documents} {noun} ({bytes}) {} ({first})", reason.name())
    };
    all.iter().map(told).collect::<Vec<_>>().join(", ")
}
