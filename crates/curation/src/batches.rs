//! Documents in batches, read on a thread of their own while those before are judged.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use triaxis_corpus::{Documents, LeftOutBy};
use triaxis_duplicates::Position;
use triaxis_host::Kind;

use crate::CurationError;
use crate::record::{Document, Survivor};

/// Text of a batch, from which on the next one begins: enough to spread over the threads, little enough to hold.
const TEXT: usize = 16 << 20;
/// Documents of a batch at most.
const DOCUMENTS: usize = 1 << 16;

/// Documents in the order of the corpus.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) documents: Vec<Document>,
    /// How far they are in what is read, in bytes.
    pub(crate) advanced: u64,
    text: usize,
}

/// Where documents are read from.
pub(crate) enum Input<'i> {
    Sources(&'i Documents),
    /// What an earlier pass left, file by file.
    Survivors(&'i [PathBuf]),
}

/// Hands batches to `work`, in order, and gives what was left out of each source.
pub(crate) fn each(
    input: &Input<'_>,
    mut work: impl FnMut(Batch) -> Result<(), CurationError>,
) -> Result<Vec<LeftOutBy>, CurationError> {
    thread::scope(|scope| {
        // One batch waits while another is worked on.
        let (sender, receiver) = sync_channel(0);
        let reader = thread::Builder::new()
            .name("reader".to_owned())
            .spawn_scoped(scope, move || read(input, Reader::new(sender)));
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
}

impl Reader {
    fn new(sender: SyncSender<Batch>) -> Self {
        let batch = Batch::default();
        Self { sender, batch }
    }

    /// Adds a document; breaks where nobody wants more.
    fn push(&mut self, document: Document) -> ControlFlow<()> {
        self.batch.text += document.text.len();
        self.batch.documents.push(document);
        if self.batch.text >= TEXT || self.batch.documents.len() >= DOCUMENTS {
            return self.send();
        }
        ControlFlow::Continue(())
    }

    fn send(&mut self) -> ControlFlow<()> {
        match self.sender.send(std::mem::take(&mut self.batch)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

fn read(input: &Input<'_>, mut reader: Reader) -> Result<Vec<LeftOutBy>, CurationError> {
    let left_out = match input {
        Input::Sources(documents) => read_sources(documents, &mut reader)?,
        Input::Survivors(files) => {
            for path in *files {
                if read_survivors(path, &mut reader)?.is_break() {
                    break;
                }
            }
            Vec::new()
        }
    };
    // Whoever takes no more has said why.
    let _ = reader.send();
    Ok(left_out)
}

fn read_sources(documents: &Documents, reader: &mut Reader) -> Result<Vec<LeftOutBy>, CurationError> {
    let mut left_out = documents.left_out();
    for number in 0..documents.files() {
        let file = documents.file(number);
        let place = u32::try_from(number).map_err(|_| {
            CurationError::input(format!(
                "the sources have {} files, and 2^32 at most are told apart: pack them into fewer",
                documents.files()
            ))
        })?;
        // Of a compressed file the text is longer than what is read.
        let mut counted = 0;
        let mut flow = ControlFlow::Continue(());
        documents.read(number, &mut left_out[file.source], &mut |record, found| {
            let more = (found.text.len() as u64).min(file.size.0 - counted);
            counted += more;
            reader.batch.advanced += more;
            flow = reader.push(Document {
                position: Position::new(place, record),
                url: found.origin.url.map(str::to_owned),
                date: found.origin.date.map(str::to_owned),
                text: found.text.to_owned(),
            });
            flow
        })?;
        reader.batch.advanced += file.size.0 - counted;
        if flow.is_break() {
            break;
        }
    }
    Ok(left_out)
}

fn read_survivors(path: &Path, reader: &mut Reader) -> Result<ControlFlow<()>, CurationError> {
    let mut lines = lines(path)?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = lines
            .read_until(b'\n', &mut line)
            .map_err(CurationError::io("read", path))?;
        if length == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        let survivor: Survivor<'_> =
            serde_json::from_slice(&line).map_err(|error| CurationError::damaged(path, error))?;
        reader.batch.advanced += survivor.text.len() as u64;
        let document = Document {
            position: Position::new(survivor.file, survivor.record),
            url: survivor.url.map(Cow::into_owned),
            date: survivor.date.map(Cow::into_owned),
            text: survivor.text.into_owned(),
        };
        if reader.push(document).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
}

/// The lines of a file that was written here.
pub(crate) fn lines(path: &Path) -> Result<impl BufRead, CurationError> {
    let file = File::open(path).map_err(CurationError::io("open", path))?;
    let unpacked = zstd::Decoder::new(file).map_err(CurationError::io("read", path))?;
    Ok(BufReader::with_capacity(1 << 16, unpacked))
}
