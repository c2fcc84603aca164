//! Bytes of a header, of which no more are taken than the file has.

use std::io::Read;

use crate::Damage;

/// Reads on from the beginning of a file of a known size.
#[derive(Debug)]
pub(super) struct Reader<R> {
    inner: R,
    position: u64,
    size: u64,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(inner: R, size: u64) -> Self {
        Self {
            inner,
            position: 0,
            size,
        }
    }

    /// Where the next byte is.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    fn left(&self) -> u64 {
        self.size - self.position
    }

    /// So many bytes, for which memory is taken once it is sure that the file has them.
    pub(super) fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Damage> {
        self.check(count as u64)?;
        let mut bytes = vec![0; count];
        self.inner.read_exact(&mut bytes)?;
        self.position += count as u64;
        Ok(bytes)
    }

    pub(super) fn array<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Damage> {
        self.check(BYTES as u64)?;
        let mut bytes = [0; BYTES];
        self.inner.read_exact(&mut bytes)?;
        self.position += BYTES as u64;
        Ok(bytes)
    }

    pub(super) fn number(&mut self) -> Result<u32, Damage> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn long(&mut self) -> Result<u64, Damage> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// How many of something of at least so many bytes each follow: no more than the rest of the file can hold.
    pub(super) fn count(&mut self, least: usize, of: &str) -> Result<usize, Damage> {
        let count = self.long()?;
        let left = self.left();
        let fitting = usize::try_from(count)
            .ok()
            .filter(|_| count <= left / least as u64);
        fitting.ok_or_else(|| {
            Damage::Format(format!(
                "{count} {of} of at least {least} bytes each at byte {}, and {left} bytes are left",
                self.position
            ))
        })
    }

    /// A text after how many bytes it has.
    pub(super) fn text(&mut self) -> Result<String, Damage> {
        let count = self.count(1, "bytes of a text")?;
        let (start, bytes) = (self.position, self.bytes(count)?);
        String::from_utf8(bytes).map_err(|error| {
            let place = start + error.utf8_error().valid_up_to() as u64;
            Damage::Format(format!("a text that is no UTF-8 at byte {place}"))
        })
    }

    fn check(&self, count: u64) -> Result<(), Damage> {
        match count <= self.left() {
            true => Ok(()),
            false => Err(Damage::Format(format!(
                "it ends at byte {}, where {count} bytes more are needed at byte {}",
                self.size, self.position
            ))),
        }
    }
}
