//! Texts that commands are given, in files or on standard input.

use std::fs::File;
use std::io::{BufReader, ErrorKind, IsTerminal, Read};
use std::path::Path;

use triaxis_host::text::{UTF_8, unicode};
use triaxis_units::Bytes;

use crate::failure::Usage;
use crate::output::read_from;

/// What a file is called in messages.
pub fn name(path: &Path) -> String {
    match path.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => path.display().to_string(),
    }
}

/// The text of a file, `-` being standard input, in any encoding that its beginning tells, without its mark; of at most so
/// many bytes.
pub fn text(path: &Path, most: Bytes) -> anyhow::Result<String> {
    let name = name(path);
    let unread = |error: std::io::Error| {
        let remedy = triaxis_host::fault::remedy(&error);
        let said = format!("cannot read {name}: {error}: {remedy}");
        anyhow::Error::new(error).context(said)
    };
    if path.to_str() == Some("-") && std::io::stdin().is_terminal() {
        eprintln!("reading from standard input; end it by Ctrl-D");
    }
    let file = BufReader::new(File::open(read_from(path)).map_err(unread)?);
    let mut text = String::new();
    let read = unicode(file, UTF_8).and_then(|unicode| {
        let mut input = unicode.input.take(most.0.saturating_add(1));
        input.read_to_string(&mut text)
    });
    match read {
        Ok(read) if read as u64 > most.0 => {
            Err(Usage(format!("{name} is longer than {most}: give a shorter text")).into())
        }
        Ok(_) => Ok(text),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            let said = format!("{name} is no UTF-8 text: unpack it, or convert it to UTF-8");
            Err(Usage(said).into())
        }
        Err(error) => Err(unread(error)),
    }
}
