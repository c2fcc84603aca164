//! A hash of short strings that is the same on every machine.

/// Odd constants without pattern: fractions of the square roots of 2 and 3.
const FIRST: u64 = 0x6a09_e667_f3bc_c909;
const SECOND: u64 = 0xbb67_ae85_84ca_a73b;

/// Both halves of a product: every bit of either factor reaches every bit of the result.
#[inline]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

#[inline]
fn eight(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Up to eight bytes as a number; with their count they are told from any others.
#[inline]
fn few(bytes: &[u8]) -> u64 {
    let count = bytes.len();
    if let (Some(low), Some(high)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << 32
    } else if count > 0 {
        u64::from(bytes[0]) | u64::from(bytes[count / 2]) << 8 | u64::from(bytes[count - 1]) << 16
    } else {
        0
    }
}

/// The hash of some bytes: 64 bits, of which any may be used by themselves. It is no secret: who wants to can write
/// two texts of one hash.
///
/// ```
/// use triaxis_words::hash;
/// assert_ne!(hash(b"word"), hash(b"words"));
/// ```
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    let length = bytes.len() as u64;
    if bytes.len() <= 8 {
        return fold(few(bytes) ^ FIRST, length.wrapping_mul(FIRST) ^ SECOND);
    }
    let mut state = SECOND ^ length;
    let mut rest = bytes;
    while rest.len() > 16 {
        state = fold(eight(rest) ^ FIRST ^ state, eight(&rest[8..]) ^ SECOND);
        rest = &rest[16..];
    }
    let last = &bytes[bytes.len() - 8..];
    let first = if rest.len() > 8 { eight(rest) } else { few(rest) };
    fold(fold(first ^ FIRST ^ state, eight(last) ^ SECOND), FIRST ^ length)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn different_strings_have_different_hashes() {
        let mut seen: HashMap<u64, Vec<u8>> = HashMap::new();
        let mut add = |bytes: Vec<u8>| {
            let other = seen.insert(hash(&bytes), bytes.clone());
            assert!(other.is_none_or(|other| other == bytes), "{bytes:?}");
        };
        for length in 0..50 {
            for place in 0..length {
                for byte in (0..=255).step_by(3) {
                    let mut bytes = vec![b'a'; length];
                    bytes[place] = byte;
                    add(bytes);
                }
            }
            add(vec![0; length]);
        }
    }

    #[test]
    fn each_bit_is_set_in_half_of_the_hashes() {
        let count = 1 << 14;
        let mut set = [0; 64];
        for number in 0..count {
            let value = hash(format!("word {number}").as_bytes());
            for (bit, set) in set.iter_mut().enumerate() {
                *set += value >> bit & 1;
            }
        }
        // Six standard deviations of a fair coin.
        let far = 6.0 * (f64::from(count) / 4.0).sqrt();
        for set in set {
            assert!((set as f64 - f64::from(count) / 2.0).abs() < far, "{set}");
        }
    }
}
