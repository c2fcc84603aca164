//! Results to stdout, as text or JSON.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::path::Path;

use serde::Serialize;

use crate::Format;
use crate::failure::{Unprinted, Usage};

/// Prints `text` or `json`, as `format` says.
pub fn print(format: Format, text: &impl Display, json: &impl Serialize) -> anyhow::Result<()> {
    to_stdout(|out| match format {
        Format::Text => writeln!(out, "{}", printable(&text.to_string())),
        Format::Json => {
            // As an error of the pipe, so that a closed one is known as such.
            serde_json::to_writer_pretty(&mut *out, json)?;
            writeln!(out)
        }
    })
}

/// Writes to stdout, to the last byte.
pub fn to_stdout(write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    write(&mut out).and_then(|()| out.flush()).map_err(|error| {
        let said = format!(
            "cannot print to standard output: {error}; free some space there, or print to another place"
        );
        anyhow::Error::new(error).context(Unprinted(said))
    })
}

/// Whether a terminal obeys a character instead of showing it, or lets it turn others round.
pub fn is_obeyed(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text in which what a terminal obeys, which names in strangers' files may hold, is spelled out. Lines and tabs stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| matches!(letter, '\n' | '\t') || !is_obeyed(letter);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut spelled = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_plain(letter) {
            true => spelled.push(letter),
            false => spelled.extend(letter.escape_unicode()),
        }
    }
    Cow::Owned(spelled)
}

/// What a model wrote: to the byte, but on a terminal, which would obey it.
pub fn written(text: &str) -> Cow<'_, str> {
    match io::stdout().is_terminal() {
        true => printable(text),
        false => Cow::Borrowed(text),
    }
}

/// Writes a result beside what is printed.
pub fn write(path: &Path, text: &str, what: &str) -> anyhow::Result<()> {
    triaxis_host::files::replace(path, text.as_bytes()).map_err(|error| {
        let said = format!(
            "cannot write the {what} to `{}`: {error}; free some space there, or name another place",
            path.display()
        );
        anyhow::Error::new(error).context(said)
    })
}

/// Columns of a line of prose.
const WIDTH: usize = 110;

/// Notes below a result, a paragraph each.
pub fn notes(notes: &[String]) -> String {
    notes
        .iter()
        .map(|note| format!("\n{}", prose("- ", note)))
        .collect()
}

/// Prose after a mark, in lines of at most 110 columns where its words allow; further ones are indented as far.
pub fn prose(mark: &str, text: &str) -> String {
    let indent = mark.chars().count();
    let mut lines = vec![mark.to_owned()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a first line");
        let length = line.chars().count();
        if length > indent && length + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{:indent$}{word}", ""));
        } else {
            let space = if length > indent { " " } else { "" };
            line.push_str(space);
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// The names of the files that a shell may have connected: what is read there, and what is printed to.
const STANDARD_INPUT: &str = "/dev/stdin";
const STANDARD_OUTPUT: &str = "/dev/stdout";

/// The file that an argument names, `-` being standard input.
pub fn read_from(argument: &Path) -> &Path {
    match argument.to_str() {
        Some("-") => Path::new(STANDARD_INPUT),
        _ => argument,
    }
}

/// Refuses outputs, before the work, that would be written over a file that the same command reads, over each
/// other or over what it prints, under whatever names.
pub fn are_apart(outputs: &[&Path], inputs: &[&Path]) -> Result<(), Usage> {
    for (index, output) in outputs.iter().enumerate() {
        let is_output = |other: &&&Path| triaxis_host::files::is_same(output, other);
        let over = if let Some(input) = inputs.iter().find(is_output) {
            format!("the input `{}`", input.display())
        } else if let Some(other) = outputs[..index].iter().find(is_output) {
            format!("the other result `{}`", other.display())
        } else if is_output(&&Path::new(STANDARD_OUTPUT)) {
            "what is printed".to_owned()
        } else {
            continue;
        };
        return Err(Usage(format!(
            "`{}` would be written over {over}: give the result another name",
            output.display(),
        )));
    }
    Ok(())
}

/// As [`are_apart`], and refuses outputs that cannot be written where they are to be.
pub fn are_free(outputs: &[&Path], inputs: &[&Path]) -> Result<(), Usage> {
    are_apart(outputs, inputs)?;
    outputs.iter().try_for_each(|output| {
        triaxis_host::files::can_replace(output).map_err(|error| {
            // What the system says may name a temporary file.
            let reason = match error.kind() {
                io::ErrorKind::Other if error.raw_os_error().is_none() => error.to_string(),
                io::ErrorKind::NotFound => "its folder is not there".to_owned(),
                kind => kind.to_string(),
            };
            Usage(format!(
                "`{}` cannot be written: {reason}; name a file in a folder that is there and takes files",
                output.display(),
            ))
        })
    })
}

/// Refuses outputs that are there already: a model that somebody published is not written over unasked.
pub fn are_new(outputs: &[&Path]) -> Result<(), Usage> {
    match outputs.iter().find(|output| output.is_file()) {
        Some(output) => Err(Usage(format!(
            "`{}` is there already: give the result another name, or remove it first",
            output.display()
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_spelled_out() {
        assert_eq!(
            printable("a\u{1b}[2J\tb\r\n\u{202e}\u{9b}é"),
            "a\\u{1b}[2J\tb\\u{d}\n\\u{202e}\\u{9b}é"
        );
        assert!(matches!(printable("plain\n"), Cow::Borrowed("plain\n")));
    }

    #[test]
    fn prose_is_cut_between_words_and_loses_none() {
        let word = "w".repeat(130);
        let text = format!("{} {word} end", "some words ".repeat(30));
        let printed = prose("! ", &text);
        let long = |line: &&str| line.chars().count() > WIDTH;
        assert_eq!(
            printed.lines().filter(long).collect::<Vec<_>>(),
            [format!("  {word}")]
        );
        assert!(printed.lines().skip(1).all(|line| line.starts_with("  ")));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(printed.strip_prefix("! ").unwrap()), words(&text));
    }
}
