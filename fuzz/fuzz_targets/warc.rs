//! A web archive: its records lie within it, take memory as it does, and those after damage are found.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triaxis_fuzz::{bounded, seeds};
use triaxis_pages::archive::{Answer, Read, Records};
use triaxis_pages::{LARGEST, decode};

/// A record that is found behind anything that ends with a line.
const LAST: &[u8] = b"\nWARC/1.0\r\nWARC-Type: last\r\nContent-Length: 0\r\n\r\n\r\n\r\n";

fuzz_target!(init: seeds::write("warc"), |bytes: &[u8]| {
    let mut records = Records::new(bytes);
    let mut held = 0;
    while let Some(record) = bounded(bytes.len(), 8, || records.read()).expect("memory is read without fail") {
        let Read::Record { header, block } = record else {
            continue;
        };
        held += block.len();
        let most = block.len() + LARGEST.0 as usize;
        if let Ok(answer) = bounded(most, 8, || Answer::read(&header, &block)) {
            assert!(answer.body.len() as u64 <= LARGEST.0);
            decode(&answer.body, answer.charset.as_deref());
        }
    }
    assert!(held <= bytes.len() && records.number() as usize <= bytes.len());
    // Nothing that was read before is read otherwise for what comes behind it.
    let longer = [bytes, LAST].concat();
    let mut again = Records::new(&longer[..]);
    while again.read().expect("memory is read without fail").is_some() {}
    assert!(again.number() >= records.number());
});
