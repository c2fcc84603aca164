use super::Hasher;

/// XXH64 without a seed.
pub(super) struct XxHash64;

impl XxHash64 {
    pub(super) const ABOUT: &'static str = "XXH64 without a seed, datatrove's default";
}

impl Hasher for XxHash64 {
    fn hash(&self, run: &[u8]) -> u64 {
        twox_hash::XxHash64::oneshot(0, run)
    }
}
