//! Documents in batches, read on a thread of their own while those before are judged.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use triaxis_corpus::{Documents, LeftOutBy};
use triaxis_duplicates::Position;
use triaxis_host::Kind;

use crate::CurationError;
use crate::facts::LeftOutAt;
use crate::lines::{Placed, next_line, parsed};
// Samples read an output by these lines.
pub(crate) use crate::lines::lines;
use crate::record::{Document, Survivor};
use crate::shard::Share;

/// Text of a batch at most: enough to spread over the threads, little enough to hold.
pub(crate) const TEXT: u64 = 16 << 20;
/// Documents of a batch at most.
const DOCUMENTS: usize = 1 << 14;

/// Documents in the order of the corpus.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) documents: Vec<Document>,
    /// How far they are in what is read, in bytes.
    pub(crate) advanced: u64,
    /// What was left out of files that are read to their end.
    pub(crate) left_out: Vec<(u32, LeftOutBy)>,
    /// The first document that comes after it.
    pub(crate) next: (u32, u32),
    text: u64,
}

/// What batches hold at most. Each has a document at least.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Bytes of text, and one for each document.
    text: u64,
    documents: usize,
}

impl Size {
    pub(crate) const USUAL: Self = Self {
        text: TEXT,
        documents: DOCUMENTS,
    };

    /// As much text as is to be looked through at once.
    pub(crate) fn at_once(text: u64) -> Self {
        Self {
            text,
            documents: usize::MAX,
        }
    }
}

/// Where documents are read from.
pub(crate) enum Input<'i> {
    /// The sources, or a share of them.
    Sources(&'i Documents, Option<&'i Share>),
    /// What a pass left, by shard and file by file.
    Survivors(&'i [Vec<PathBuf>]),
    /// Lines of outputs of shards, each as a text, with the length of its document's before it.
    Lines(&'i [Vec<PathBuf>]),
}

/// Hands batches of all documents to `work`, in order; what is left out of each source.
pub(crate) fn of_sources(
    documents: &Documents,
    mut work: impl FnMut(&Batch) -> Result<(), CurationError>,
) -> Result<Vec<LeftOutBy>, CurationError> {
    let unlisted = documents.left_out();
    let mut left_out = vec![LeftOutAt::default(); unlisted.len()];
    let input = Input::Sources(documents, None);
    each(&input, Position::new(0, 0), Size::USUAL, |mut batch| {
        for (file, more) in std::mem::take(&mut batch.left_out) {
            left_out[documents.file(file as usize).source].add(file, more);
        }
        work(&batch)
    })?;
    let left_out = left_out.into_iter().zip(unlisted);
    Ok(left_out.map(|(read, unlisted)| read.after(unlisted)).collect())
}

/// Hands batches to `work`, in order, from the document `next` on.
pub(crate) fn each(
    input: &Input<'_>,
    next: Position,
    size: Size,
    mut work: impl FnMut(Batch) -> Result<(), CurationError>,
) -> Result<(), CurationError> {
    thread::scope(|scope| {
        // One batch waits while another is worked on.
        let (sender, receiver) = sync_channel(0);
        let reader = Reader {
            sender,
            batch: Batch::default(),
            next,
            size,
        };
        let reader = thread::Builder::new()
            .name("reader".to_owned())
            .spawn_scoped(scope, move || read(input, reader));
        let reader = reader.map_err(CurationError::io(
            "start a thread to read",
            Path::new("the documents"),
        ))?;
        let worked = drain(receiver, &mut work);
        let read = reader.join().map_err(|_| {
            CurationError::new(
                Kind::Machine,
                "the thread that reads documents stopped: run the same command again",
            )
        })?;
        worked.and(read)
    })
}

/// The receiver is dropped at the first failure, which ends the reader.
fn drain(
    receiver: Receiver<Batch>,
    work: &mut impl FnMut(Batch) -> Result<(), CurationError>,
) -> Result<(), CurationError> {
    receiver.into_iter().try_for_each(work)
}

/// Gathers documents into batches.
struct Reader {
    sender: SyncSender<Batch>,
    batch: Batch,
    /// Those before it are passed over.
    next: Position,
    size: Size,
}

impl Reader {
    /// Adds a document, with how far it is beyond the last; breaks where nobody wants more.
    fn push(&mut self, document: Document, advanced: u64) -> ControlFlow<()> {
        let text = document.text.len() as u64 + 1;
        let is_full =
            self.batch.text + text > self.size.text || self.batch.documents.len() == self.size.documents;
        if is_full && !self.batch.documents.is_empty() {
            self.send(document.position)?;
        }
        self.batch.text += text;
        self.batch.advanced += advanced;
        self.batch.documents.push(document);
        ControlFlow::Continue(())
    }

    fn send(&mut self, next: Position) -> ControlFlow<()> {
        let mut batch = std::mem::take(&mut self.batch);
        batch.next = (next.file, next.record);
        match self.sender.send(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

fn read(input: &Input<'_>, mut reader: Reader) -> Result<(), CurationError> {
    let flow = match input {
        Input::Sources(documents, share) => read_sources(documents, *share, &mut reader)?,
        Input::Survivors(files) => read_placed(files, &mut reader, &|path, placed| {
            let survivor: Survivor<'static> = parsed(path, placed.line.as_bytes())?;
            Ok(survivor)
        })?,
        Input::Lines(files) => read_placed(files, &mut reader, &|_, placed| {
            Ok(Survivor {
                url: None,
                date: None,
                text: format!("{} {}", placed.text, placed.line).into(),
            })
        })?,
    };
    if flow.is_continue() {
        // Whoever takes no more has said why.
        let _ = reader.send(Position::new(u32::MAX, u32::MAX));
    }
    Ok(())
}

fn read_sources(
    documents: &Documents,
    share: Option<&Share>,
    reader: &mut Reader,
) -> Result<ControlFlow<()>, CurationError> {
    for number in reader.next.file as usize..documents.files() {
        let place = u32::try_from(number).map_err(|_| {
            CurationError::input(format!(
                "the sources have {} files, and 2^32 at most are told apart: pack them into fewer",
                documents.files()
            ))
        })?;
        if share.is_some_and(|share| !share.reads(number)) {
            continue;
        }
        let size = documents.file(number).size.0;
        // Of a compressed file the text is longer than what is read.
        let mut counted = 0;
        let mut flow = ControlFlow::Continue(());
        let mut left_out = LeftOutBy::new();
        documents.read(number, &mut left_out, &mut |record, found| {
            let position = Position::new(place, record);
            let more = (found.text.len() as u64).min(size - counted);
            counted += more;
            if position < reader.next {
                return ControlFlow::Continue(());
            }
            if share.is_some_and(|share| !share.has(position)) {
                reader.batch.advanced += more;
                return ControlFlow::Continue(());
            }
            let document = Document {
                position,
                url: found.origin.url.map(str::to_owned),
                date: found.origin.date.map(str::to_owned),
                text: found.text.to_owned(),
            };
            flow = reader.push(document, more);
            flow
        })?;
        if flow.is_break() {
            return Ok(flow);
        }
        reader.batch.advanced += size - counted;
        if !left_out.is_empty() && share.is_none_or(|share| share.counts(number)) {
            reader.batch.left_out.push((place, left_out));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Reads lines in the order of their documents, each as what `survivor` makes of it.
fn read_placed(
    shards: &[Vec<PathBuf>],
    reader: &mut Reader,
    survivor: &dyn Fn(&Path, &Placed<'_>) -> Result<Survivor<'static>, CurationError>,
) -> Result<ControlFlow<()>, CurationError> {
    let mut shards: Vec<PlacedLines<'_>> = shards
        .iter()
        .map(|files| PlacedLines::open(files, reader.next))
        .collect::<Result<_, _>>()?;
    loop {
        let first = shards
            .iter_mut()
            .filter(|shard| shard.head.is_some())
            .min_by_key(|shard| shard.head);
        let Some(shard) = first else {
            return Ok(ControlFlow::Continue(()));
        };
        let placed = Placed::read(shard.path, &shard.line)?;
        let position = placed.position;
        let (advanced, survivor) = (placed.text, survivor(shard.path, &placed)?);
        let document = Document {
            position,
            url: survivor.url.map(Cow::into_owned),
            date: survivor.date.map(Cow::into_owned),
            text: survivor.text.into_owned(),
        };
        let flow = reader.push(document, advanced);
        if flow.is_break() {
            return Ok(flow);
        }
        shard.advance()?;
    }
}

/// The lines of a shard's files.
struct PlacedLines<'f> {
    files: std::slice::Iter<'f, PathBuf>,
    path: &'f Path,
    lines: Option<Box<dyn std::io::BufRead>>,
    line: Vec<u8>,
    /// Where the line's document is; none after the last line.
    head: Option<Position>,
}

impl<'f> PlacedLines<'f> {
    /// From the first line on whose document is not before `next`.
    fn open(mut files: &'f [PathBuf], next: Position) -> Result<Self, CurationError> {
        // A file whose follower begins before that has none.
        while let [_, follower, ..] = files
            && Self::first(std::slice::from_ref(follower))?
                .head
                .is_some_and(|head| head <= next)
        {
            files = &files[1..];
        }
        let mut lines = Self::first(files)?;
        while lines.head.is_some_and(|head| head < next) {
            lines.advance()?;
        }
        Ok(lines)
    }

    fn first(files: &'f [PathBuf]) -> Result<Self, CurationError> {
        let mut lines = Self {
            files: files.iter(),
            path: Path::new(""),
            lines: None,
            line: Vec::new(),
            head: None,
        };
        lines.advance()?;
        Ok(lines)
    }

    /// Goes to the next line.
    fn advance(&mut self) -> Result<(), CurationError> {
        loop {
            if let Some(lines) = &mut self.lines
                && next_line(lines, self.path, &mut self.line)?
            {
                let position = Placed::read(self.path, &self.line)?.position;
                if self.head.is_some_and(|head| head >= position) {
                    return Err(CurationError::damaged(self.path, "its lines are not in order"));
                }
                self.head = Some(position);
                return Ok(());
            }
            let Some(path) = self.files.next() else {
                (self.head, self.lines) = (None, None);
                return Ok(());
            };
            (self.path, self.lines) = (path, Some(lines(path)?));
        }
    }
}
