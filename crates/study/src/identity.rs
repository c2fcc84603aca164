//! Identities: hashes of what determines a result.

use serde::Serialize;

/// Hash of the sources that a trial's bits come from (units, corpus, kernels, model, probes, train), made when the program is
/// built: provenance, and in no identity.
pub const CODE: &str = env!("TRIAXIS_CODE_HASH");

/// Sixteen hexadecimal digits of the BLAKE3 hash of `value`'s JSON.
///
/// JSON prints doubles so that they read back to the same bits, and structs in the order of their
/// fields, so equal values have equal hashes on every machine.
pub fn of(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("specs, configurations and hashes have only string keys");
    blake3::hash(&json).to_hex()[..16].to_owned()
}
