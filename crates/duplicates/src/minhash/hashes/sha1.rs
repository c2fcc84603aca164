use sha1::Digest;

use super::Hasher;

/// The first 64 bits of SHA-1.
pub(super) struct Sha1;

impl Sha1 {
    pub(super) const ABOUT: &'static str = "the first 64 bits of SHA-1, little end first, as FineWeb was made with (Penedo et al. 2024, arXiv 2406.17557)";
}

impl Hasher for Sha1 {
    fn hash(&self, run: &[u8]) -> u64 {
        let digest = sha1::Sha1::digest(run);
        let first = digest.first_chunk().expect("SHA-1 has 20 bytes");
        u64::from_le_bytes(*first)
    }
}
