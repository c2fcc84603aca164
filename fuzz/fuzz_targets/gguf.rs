//! A GGUF file: what is read lies within it, takes memory as the file does, and is the same when it is written again.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use triaxis_containers::Planned;
use triaxis_containers::gguf::{ALIGNMENT_KEY, Header, header};
use triaxis_fuzz::{bounded, seeds};

/// What files begin with.
const BEGIN: [u8; 8] = *b"GGUF\x03\0\0\0";

fn planned(header: &Header) -> Vec<Planned> {
    let planned = header.tensors.iter().map(|tensor| Planned {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        format: tensor.format,
    });
    planned.collect()
}

fn content<'a>(file: &'a [u8], header: &Header) -> Vec<&'a [u8]> {
    let place = |start: u64, size: u64| start as usize..(start + size) as usize;
    let tensors = header.tensors.iter();
    tensors
        .map(|tensor| &file[place(tensor.start(), tensor.bytes())])
        .collect()
}

fuzz_target!(init: seeds::write("gguf"), |file: &[u8]| {
    let read = bounded(file.len(), 64, || Header::read(file, file.len() as u64));
    let Ok(mut read) = read else {
        return;
    };
    let tensors = content(file, &read);
    assert!(tensors.iter().map(|bytes| bytes.len()).sum::<usize>() <= file.len());
    read.keys.remove(ALIGNMENT_KEY);
    // A name may be one byte longer in what is read than in what is written.
    let Ok(mut written) = header(&read.keys, &planned(&read)) else {
        assert!(read.tensors.iter().any(|tensor| tensor.name.len() == 64));
        return;
    };
    let begins = written.len();
    for bytes in &tensors {
        written.extend_from_slice(bytes);
        written.resize(written.len().next_multiple_of(32), 0);
    }
    let again = Header::read(&written[..], written.len() as u64).expect("what is written is read");
    assert_eq!(content(&written, &again), tensors);
    assert_eq!(
        header(&again.keys, &planned(&again)).expect("what was written is written"),
        written[..begins]
    );
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    // Nearly all inputs get past the first bytes.
    if size >= BEGIN.len() && !seed.is_multiple_of(64) {
        data[..BEGIN.len()].copy_from_slice(&BEGIN);
    }
    size
});
