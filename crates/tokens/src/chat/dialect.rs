//! What templates call as transformers has it: Python's methods, `raise_exception`, `strftime_now` and `tojson`, none of
//! which makes more than it may.

use std::fmt::{self, Write};
use std::io;

use minijinja::value::{Kwargs, Value, ValueKind, from_args};
use minijinja::{Environment, Error, ErrorKind, State};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use triaxis_host::machine;

/// The longest text that a template may make, in bytes.
pub(super) const LONGEST: usize = 1 << 24;

/// Adds it.
pub(super) fn add(environment: &mut Environment<'_>) {
    environment.set_unknown_method_callback(method);
    environment.add_function("raise_exception", raise);
    environment.add_function("strftime_now", now);
    environment.add_filter("tojson", json);
}

/// Text up to a length.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Bounded {
    fn text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::Error::other(format!("it makes more than {LONGEST} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        io::Write::write_all(self, text.as_bytes()).map_err(|_| fmt::Error)
    }
}

/// That a template would make too much.
pub(super) fn too_long() -> Error {
    let message = format!("it makes more than {LONGEST} bytes");
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Python's methods. Those of the library that make more, or take longer, than they pay fuel for are bounded here.
fn method(state: &mut State, value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    match (value.kind(), name) {
        (ValueKind::String, "join") => join(value, arguments),
        (ValueKind::String, "format") if !is_short(value, arguments) => Err(too_long()),
        // Lists within lists are compared without end where they are within each other many times.
        (ValueKind::Seq, "count") | (ValueKind::Map, "get") if arguments.iter().any(is_nested) => {
            Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("`{name}` takes texts and numbers, and no lists"),
            ))
        }
        _ => unknown_method_callback(state, value, name, arguments),
    }
}

fn is_nested(value: &Value) -> bool {
    matches!(
        value.kind(),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::Plain
    )
}

/// `str.join`.
fn join(separator: &Value, arguments: &[Value]) -> Result<Value, Error> {
    let (values,): (&Value,) = from_args(arguments)?;
    let mut text = Bounded::default();
    for (index, value) in values.try_iter()?.checked().enumerate() {
        let value = value?;
        let separated = match index {
            0 => Ok(()),
            _ => write!(text, "{separator}"),
        };
        separated
            .and_then(|()| write!(text, "{value}"))
            .map_err(|_| too_long())?;
    }
    Ok(Value::from(text.text()))
}

/// Whether what `str.format` makes of values is of a bounded length: each place takes the longest of them, and the widths
/// that are asked for have few digits.
fn is_short(format: &Value, arguments: &[Value]) -> bool {
    const MOST_DIGITS: usize = 4;
    const MOST_WIDTH: usize = 10_000;
    let format = format.as_str().unwrap_or_default();
    let mut numbers = format.split(|letter: char| !letter.is_ascii_digit());
    let length = |value: &Value| match value.as_str() {
        Some(text) => Some(text.len()),
        None if is_nested(value) => None,
        None => Some(0),
    };
    // Named arguments are a map of them.
    let lengths = arguments.iter().map(|value| match value.is_kwargs() {
        true => value.try_iter().ok()?.try_fold(0, |most, name| {
            let value = value.get_item(&name).ok()?;
            Some(length(&value)?.max(most))
        }),
        false => length(value),
    });
    let Some(longest) = lengths.collect::<Option<Vec<usize>>>() else {
        return false;
    };
    let longest = longest.into_iter().max().unwrap_or(0).max(MOST_WIDTH);
    let places = format.matches('{').count();
    numbers.all(|number| number.len() <= MOST_DIGITS) && places.saturating_mul(longest) <= LONGEST
}

fn raise(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// The time now, UTC, in the parts of `strftime` that templates use.
fn now(format: String) -> Result<String, Error> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    // As 2026-01-31T23:59:59Z
    let utc = machine::utc(machine::now());
    let part = |range: std::ops::Range<usize>| utc.get(range).unwrap_or_default();
    let month = part(5..7).parse::<usize>().unwrap_or(1).clamp(1, 12);
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('Y') => text.push_str(part(0..4)),
            Some('m') => text.push_str(part(5..7)),
            Some('d') => text.push_str(part(8..10)),
            Some('H') => text.push_str(part(11..13)),
            Some('M') => text.push_str(part(14..16)),
            Some('S') => text.push_str(part(17..19)),
            Some('B') => text.push_str(MONTHS[month - 1]),
            Some('b') => text.push_str(&MONTHS[month - 1][..3]),
            Some('%') => text.push('%'),
            other => {
                let other = other.map_or_else(String::new, String::from);
                let message = format!("`%{other}` of strftime_now: Y, m, d, H, M, S, B, b are known");
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        }
    }
    Ok(text)
}

/// A value as `json.dumps(value, ensure_ascii=False)` of Python writes it.
fn json(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    options.assert_all_used()?;
    let mut bytes = Bounded::default();
    let spaces = " ".repeat(indent.unwrap_or(0).min(16));
    let written = match indent {
        Some(_) => value.serialize(&mut Serializer::with_formatter(
            &mut bytes,
            PrettyFormatter::with_indent(spaces.as_bytes()),
        )),
        None => value.serialize(&mut Serializer::with_formatter(&mut bytes, Spaced)),
    };
    written.map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    // Safe: not to be escaped as HTML.
    Ok(Value::from_safe_string(bytes.text()))
}

/// A space after commas and colons.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
