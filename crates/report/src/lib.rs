//! One self-contained page from a finished study. Computes no result.
