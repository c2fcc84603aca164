//! Containers: what is written is read, and whatever else is there is refused without a panic.

mod gguf;
mod safetensors;
