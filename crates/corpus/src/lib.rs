//! Documents to token shards: readers, deduplication, split, mixture, tokenizer, shards.
