//! Any bytes are a page: each extractor tells its text, the same twice, in whole lines, or refuses it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triaxis_fuzz::seeds;
use triaxis_pages::{ExtractorSpec, Refused, decode};

fn extractors() -> Vec<ExtractorSpec> {
    let read = |name| serde_json::from_value(serde_json::json!({ "extractor": name }));
    let all = ExtractorSpec::REGISTRY.iter().map(|entry| read(entry.name));
    all.collect::<Result<_, _>>().expect("an extractor needs no settings")
}

fuzz_target!(init: seeds::write("html"), |bytes: &[u8]| {
    let html = decode(bytes, None);
    assert!(html.len() <= 3 * bytes.len());
    for extractor in extractors() {
        match extractor.text(&html) {
            Ok(text) => {
                assert!(text.lines().all(|line| !line.is_empty() && line.trim() == line));
                assert_eq!(extractor.text(&html), Ok(text));
            }
            Err(Refused::BrokeOff(why)) => panic!("{why}"),
            Err(_) => {}
        }
    }
});
