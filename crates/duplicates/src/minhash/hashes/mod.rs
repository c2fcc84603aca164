//! The registry of what a run of words is hashed by: a line and a file each.

mod sha1;
mod xxhash64;

use sha1::Sha1;
use xxhash64::XxHash64;

triaxis_names::registry! {
    /// What a run of words is hashed by.
    pub enum ShingleHash as hasher: Hasher {
        XxHash64 = "xxhash64",
        Sha1 = "sha1",
    }
}

/// Hashes a run of words.
pub(crate) trait Hasher {
    /// The hash of the words with a space between them.
    fn hash(&self, run: &[u8]) -> u64;
}
