//! Containers: what is written is read, and whatever else is there is refused without a panic.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod gguf;
mod safetensors;
