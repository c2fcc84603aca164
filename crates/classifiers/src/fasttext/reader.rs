//! Numbers of a model's file, of which no more are taken than the file has.

use std::io::{self, BufRead, Read};

/// Why a model could not be read.
#[derive(Debug)]
pub enum Damage {
    /// What the system said.
    System(io::Error),
    /// What is there in the place of what must be.
    Format(String),
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl Damage {
    pub(super) fn format(reason: impl Into<String>) -> Self {
        Self::Format(reason.into())
    }
}

/// Floats that are read at once.
const FLOATS: usize = 1 << 14;

/// Reads on from the beginning of a file of a known size.
pub(super) struct Reader<R> {
    input: R,
    position: u64,
    size: u64,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R, size: u64) -> Self {
        Self {
            input,
            position: 0,
            size,
        }
    }

    fn left(&self) -> u64 {
        self.size - self.position
    }

    /// Takes that many bytes off what is left, if there are as many.
    fn take(&mut self, count: u64, what: &str) -> Result<(), Damage> {
        if count > self.left() {
            return Err(Damage::Format(format!(
                "it ends at byte {}, where {count} bytes of {what} are needed at byte {}; fetch it again",
                self.size, self.position
            )));
        }
        self.position += count;
        Ok(())
    }

    pub(super) fn array<const BYTES: usize>(&mut self, what: &str) -> Result<[u8; BYTES], Damage> {
        self.take(BYTES as u64, what)?;
        let mut bytes = [0; BYTES];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn int(&mut self, what: &str) -> Result<i32, Damage> {
        Ok(i32::from_le_bytes(self.array(what)?))
    }

    pub(super) fn long(&mut self, what: &str) -> Result<i64, Damage> {
        Ok(i64::from_le_bytes(self.array(what)?))
    }

    pub(super) fn flag(&mut self, what: &str) -> Result<bool, Damage> {
        match self.array(what)? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(Damage::Format(format!("{what} is {other}, and it is 0 or 1"))),
        }
    }

    /// A number of things of at least `least` bytes each, as many as the rest of the file can hold.
    pub(super) fn count(&self, count: i64, least: u64, what: &str) -> Result<usize, Damage> {
        let fitting = u64::try_from(count)
            .ok()
            .filter(|count| *count <= self.left() / least);
        let fitting = fitting.and_then(|count| usize::try_from(count).ok());
        fitting.ok_or_else(|| {
            Damage::Format(format!(
                "it has {count} {what} at byte {}, and the {} bytes that are left hold from 0 to {}",
                self.position,
                self.left(),
                self.left() / least
            ))
        })
    }

    pub(super) fn bytes(&mut self, count: usize, what: &str) -> Result<Vec<u8>, Damage> {
        self.take(count as u64, what)?;
        let mut bytes = vec![0; count];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The bytes before the next zero, which is taken with them.
    pub(super) fn word(&mut self) -> Result<Vec<u8>, Damage> {
        let (mut word, left) = (Vec::new(), self.left());
        let read = self.input.by_ref().take(left).read_until(0, &mut word)?;
        self.position += read as u64;
        match word.pop() {
            Some(0) => Ok(word),
            _ => Err(Damage::format(
                "it ends within a word of its dictionary; fetch it again",
            )),
        }
    }

    /// Numbers that are finite.
    pub(super) fn floats(&mut self, count: usize, what: &str) -> Result<Vec<f32>, Damage> {
        let bytes = (count as u64).checked_mul(4);
        let bytes = bytes.ok_or_else(|| Damage::Format(format!("{count} numbers of {what} are too many")))?;
        self.take(bytes, what)?;
        let (mut floats, mut buffer) = (Vec::with_capacity(count), vec![0; 4 * FLOATS.min(count)]);
        while floats.len() < count {
            let some = &mut buffer[..4 * FLOATS.min(count - floats.len())];
            self.input.read_exact(some)?;
            floats.extend(some.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        }
        match floats.iter().find(|value| !value.is_finite()) {
            None => Ok(floats),
            Some(value) => Err(Damage::Format(format!(
                "{what} hold {value}, with which nothing is computed: train it again at a lower rate"
            ))),
        }
    }
}
