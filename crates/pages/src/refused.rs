use std::fmt;

use crate::page::{DEEPEST, LARGEST, MOST_ATTRIBUTES, MOST_NODES};

/// Why a page has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It is larger than [`LARGEST`].
    TooLarge,
    /// It has more nodes than [`MOST_NODES`].
    TooManyNodes,
    /// Its elements lie within each other deeper than [`DEEPEST`].
    TooDeep,
    /// An element has more attributes than [`MOST_ATTRIBUTES`].
    TooManyAttributes,
    /// The extractor broke off, or no thread could be started for it.
    BrokeOff(String),
    /// It is compressed by a method that is not read.
    Packed(String),
    /// A record of an archive is no answer of HTTP.
    NoAnswer,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(formatter, "the page has more than {LARGEST}"),
            Self::TooManyNodes => write!(
                formatter,
                "the page has more than {MOST_NODES} elements and pieces of text"
            ),
            Self::TooDeep => write!(
                formatter,
                "elements of the page lie within each other more than {DEEPEST} deep"
            ),
            Self::TooManyAttributes => {
                write!(
                    formatter,
                    "an element of the page has more than {MOST_ATTRIBUTES} attributes"
                )
            }
            Self::Packed(by) => write!(formatter, "the page is compressed with `{by}`, which is not read"),
            Self::NoAnswer => write!(formatter, "the record holds no answer of HTTP"),
            Self::BrokeOff(why) => write!(formatter, "the extractor broke off: {why}"),
        }
    }
}
