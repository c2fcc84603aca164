//! Architectures, one file each, with exact parameter and FLOP counts.
