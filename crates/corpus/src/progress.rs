/// What a preparation is busy with, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading and hashing every document; counted in bytes of files.
    Scan,
    /// Counting the words that the tokenizer is trained on; counted in bytes of text.
    CountWords,
    /// Training the tokenizer; not counted.
    TrainTokenizer,
    /// Tokenizing the chosen documents; counted in bytes of text.
    Tokenize,
    /// Writing the shuffled shards; counted in tokens.
    Write,
}

/// Hears how far a preparation is. Called from many threads at once; the unit type hears nothing.
pub trait Progress: Sync {
    /// A stage begins, and will advance by `total` in all (0 when that is not known).
    fn begin(&self, stage: Stage, total: u64);
    /// The stage has come `amount` further.
    fn advance(&self, amount: u64);
}

impl Progress for () {
    fn begin(&self, _stage: Stage, _total: u64) {}
    fn advance(&self, _amount: u64) {}
}
