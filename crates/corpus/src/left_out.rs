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
    /// A row whose line is too long to be held, although long documents are cut.
    LongLine,
    /// What a web archive holds beside pages: pictures, styles, scripts.
    NoPage,
    /// A web page beyond what an extractor reads, or one that it broke off at.
    HardPage,
    /// A link that leads nowhere.
    BrokenLink,
    /// A document of no text at all.
    Empty,
    /// A document below `minimum_document`.
    TooSmall,
    /// A document above `maximum_document`, where long ones are not cut.
    TooLarge,
    /// A document that a validation text holds.
    HeldOut,
    /// A near copy of a document that a validation text holds.
    NearHeldOut,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::NotUnicode,
        Self::NoText,
        Self::Damaged,
        Self::LongLine,
        Self::NoPage,
        Self::HardPage,
        Self::BrokenLink,
        Self::Empty,
        Self::TooSmall,
        Self::TooLarge,
        Self::HeldOut,
        Self::NearHeldOut,
    ];

    /// Whether something is wrong with the text, which `strict` refuses; sizes are the spec's own choice, code has
    /// empty files on purpose, and the web is as it is.
    pub fn is_fault(self) -> bool {
        use Reason::*;
        !matches!(
            self,
            NoPage | HardPage | Empty | TooSmall | TooLarge | HeldOut | NearHeldOut
        )
    }

    /// The reason for people, to stand after "documents".
    pub fn name(self) -> &'static str {
        match self {
            Self::NotUnicode => "neither UTF-8 nor UTF-16",
            Self::NoText => "without a text",
            Self::Damaged => "damaged",
            Self::LongLine => "in lines too long to hold",
            Self::NoPage => "other than pages",
            Self::HardPage => "on pages too hard to read",
            Self::BrokenLink => "behind broken links",
            Self::Empty => "without content",
            Self::TooSmall => "below minimum_document",
            Self::TooLarge => "above maximum_document",
            Self::HeldOut => "in a validation text",
            Self::NearHeldOut => "nearly in a validation text",
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
            Self::LongLine => "raise `maximum_document` to the length of their lines, or write them as files",
            Self::NoPage => "nothing, if pages are all that is wanted of the archive",
            Self::HardPage => "take their text out by other means, or go without it",
            Self::BrokenLink => "fetch what they lead to, or remove them",
            Self::Empty => "fetch them again if they should have any",
            Self::TooSmall => "lower `minimum_document` to keep them",
            Self::TooLarge => "set `long_documents = \"cut\"` to keep them in parts",
            Self::HeldOut => "exclude them from `[[validation]]` to train on them",
            Self::NearHeldOut => "exclude what they copy from `[[validation]]` to train on them",
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let words = |of: fn(Reason) -> &'static str| Reason::ALL.map(of).into_iter().collect::<HashSet<_>>();
        assert_eq!(words(Reason::name).len(), Reason::ALL.len());
        assert_eq!(words(Reason::remedy).len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
        }
    }

    #[test]
    fn what_comes_together_keeps_the_first_example() {
        let left = |documents, bytes, first: &str| LeftOut {
            documents,
            bytes: Bytes(bytes),
            first: first.to_owned(),
        };
        let mut all = LeftOutBy::from([(Reason::NoText, left(2, 0, "a:1: null"))]);
        let more = [
            (Reason::NoText, left(1, 0, "b:3: null")),
            (Reason::NotUnicode, left(1, 2048, "c is not UTF-8")),
        ];
        merge(&mut all, more.into());
        assert_eq!(
            told(&all),
            "1 document (2KiB) neither UTF-8 nor UTF-16 (c is not UTF-8), 3 documents (0B) without a text (a:1: null)"
        );
    }
}
