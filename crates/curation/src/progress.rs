/// Hears how far a curation is. Called from one thread at a time; the unit type hears nothing.
pub trait Progress: Sync {
    /// A process that died left the same output unfinished, and this one goes on with it.
    fn resume(&self) {}
    /// Pass `pass` of `passes` begins, from 1, and will advance by about `total` bytes.
    fn begin(&self, pass: usize, passes: usize, total: u64);
    /// The pass has come so many bytes further.
    fn advance(&self, bytes: u64);
}

impl Progress for () {
    fn begin(&self, _pass: usize, _passes: usize, _total: u64) {}
    fn advance(&self, _bytes: u64) {}
}
