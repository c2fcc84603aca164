//! A safetensors file and an index: what is read lies within the file, takes memory as it does, and is the same when it is
//! written again. An input is how many values follow, and the header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triaxis_containers::Planned;
use triaxis_containers::safetensors::{Header, header, index};
use triaxis_fuzz::{bounded, seeds};

fn planned(header: &Header) -> Vec<Planned> {
    let mut entries: Vec<_> = header.tensors.iter().collect();
    entries.sort_by_key(|(_, entry)| (entry.place.start, entry.place.end));
    let planned = entries.into_iter().map(|(name, entry)| Planned {
        name: name.clone(),
        shape: entry.shape.clone(),
        format: entry.format,
    });
    planned.collect()
}

fn check(file: &[u8], size: u64) {
    let Ok(read) = bounded(file.len(), 64, || Header::read(file, size)) else {
        return;
    };
    assert!(
        read.tensors
            .values()
            .all(|entry| entry.place.start <= entry.place.end && entry.place.end <= size)
    );
    let written = header(&planned(&read)).expect("what is read is written");
    let values: u64 = read
        .tensors
        .values()
        .map(|entry| entry.place.end - entry.place.start)
        .sum();
    let size = written.len() as u64 + values;
    let again = Header::read(&written[..], size).expect("what is written is read");
    let tensors = |header: &Header| -> Vec<_> {
        let of = |(name, entry): (&String, &triaxis_containers::safetensors::Entry)| {
            (
                name.clone(),
                entry.shape.clone(),
                entry.format,
                entry.place.end - entry.place.start,
            )
        };
        header.tensors.iter().map(of).collect()
    };
    assert_eq!(tensors(&again), tensors(&read));
    assert_eq!(
        header(&planned(&again)).expect("what was written is written"),
        written
    );
}

fuzz_target!(init: seeds::write("safetensors"), |input: &[u8]| {
    check(input, input.len() as u64);
    let Some((values, text)) = input.split_first_chunk() else {
        return;
    };
    let length = text.len() as u64;
    let file = [&length.to_le_bytes()[..], text].concat();
    check(&file, file.len() as u64 + u64::from(u16::from_le_bytes(*values)));
    if let Ok(text) = std::str::from_utf8(text)
        && let Ok(names) = bounded(text.len(), 64, || index(text))
    {
        assert!(names.iter().all(|name| !name.contains('/') && name != ".."));
    }
});
