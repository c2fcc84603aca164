//! The registry of architectures, and one file for each.

mod decoder;

pub use decoder::{Decoder, DecoderConfig};

crate::registry::architectures! {
    Decoder = "decoder": DecoderConfig => Decoder,
}
