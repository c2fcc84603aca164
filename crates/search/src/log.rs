//! Replies that are kept, so that nothing is sampled twice.

use std::collections::BTreeMap;
use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::error::SearchError;
use crate::reply::Reply;
use crate::request::Identity;

/// Replies by the identities of their requests, and where they are written as they come: a line of JSON each, so that a run
/// that was killed goes on with all that it was told.
#[derive(Debug, Default)]
pub struct Log<W> {
    replies: BTreeMap<Identity, Reply>,
    to: Option<W>,
}

/// A line of a log.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: Identity,
    reply: Reply,
}

impl Log<std::io::Sink> {
    /// Replies that are kept in memory alone.
    pub fn in_memory() -> Self {
        Self {
            replies: BTreeMap::new(),
            to: None,
        }
    }
}

impl<W: Write> Log<W> {
    /// The log of these lines, which goes on in `to`.
    ///
    /// A last line without its end is what a death left of it: it is as if it had not been written, and whoever appends
    /// cuts the text to [`whole`] first.
    ///
    /// # Errors
    /// When another line is none of a log, by its number.
    pub fn read(text: &str, to: W) -> Result<Self, SearchError> {
        let mut replies = BTreeMap::new();
        for (number, line) in text[..whole(text)].lines().enumerate() {
            let Line { id, reply } = serde_json::from_str(line).map_err(|error| {
                SearchError::new(format!(
                    "line {} of the log of replies: {error}; remove the line, and what it told is asked again",
                    number + 1
                ))
            })?;
            replies.insert(id, reply);
        }
        Ok(Self {
            replies,
            to: Some(to),
        })
    }

    /// The reply to a request, if it is known.
    pub fn find(&self, id: &Identity) -> Option<&Reply> {
        self.replies.get(id)
    }

    /// Keeps a reply. What failed is not kept, and so is asked again by the next run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&mut self, id: &Identity, reply: &Reply) -> Result<(), SearchError> {
        if matches!(reply, Reply::Failed(_)) {
            return Ok(());
        }
        if let Some(to) = &mut self.to {
            let line = Line {
                id: id.clone(),
                reply: reply.clone(),
            };
            let written = serde_json::to_string(&line).map_err(std::io::Error::from);
            let written = written
                .and_then(|line| writeln!(to, "{line}"))
                .and_then(|()| to.flush());
            written.map_err(|error| {
                SearchError::new(format!(
                    "the log of replies cannot be written: {error}; make room for it"
                ))
            })?;
        }
        self.replies.insert(id.clone(), reply.clone());
        Ok(())
    }

    /// How many replies there are.
    pub fn len(&self) -> usize {
        self.replies.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }

    /// Where it is written.
    pub fn into_inner(self) -> Option<W> {
        self.to
    }
}

/// Bytes of a log's text up to the end of its last whole line.
pub fn whole(text: &str) -> usize {
    text.rfind('\n').map_or(0, |end| end + 1)
}
