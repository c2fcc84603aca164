//! What filters say of documents, for comparison with datatrove (`tests/golden/make.py`): reads objects with `text` and
//! `words`, one a line, and writes for each the reasons by those words and by words split here.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use serde_json::{Value, json};
use triaxis_filters::{
    C4Quality, Facts, Filter, FilterSpec, FineWebQuality, GopherQuality, GopherRepetition, Room, Verdict,
};
use triaxis_words::{Document, Words};

fn filters() -> Result<Vec<(&'static str, Filter)>, Box<dyn std::error::Error>> {
    let fineweb = C4Quality {
        terminal_punctuation: false,
        ..C4Quality::default()
    };
    let specs = [
        (
            "gopher-repetition",
            FilterSpec::GopherRepetition(GopherRepetition::default()),
        ),
        (
            "gopher-quality",
            FilterSpec::GopherQuality(GopherQuality::default()),
        ),
        ("c4", FilterSpec::C4Quality(C4Quality::default())),
        ("c4-fineweb", FilterSpec::C4Quality(fineweb)),
        (
            "fineweb-quality",
            FilterSpec::FineWebQuality(FineWebQuality::default()),
        ),
    ];
    let prepared = specs.into_iter().map(|(name, spec)| Ok((name, spec.prepare()?)));
    prepared.collect()
}

fn judge(filters: &[(&'static str, Filter)], document: &Document<'_>, room: &mut Room) -> Value {
    let judged: BTreeMap<&str, Value> = filters
        .iter()
        .map(|(name, filter)| {
            let value = match filter.judge(document, &Facts::default(), room) {
                Verdict::Keep => json!({ "reason": null }),
                Verdict::Edit => json!({ "reason": null, "edited": room.edited() }),
                Verdict::Drop(check) => json!({ "reason": check.name, "value": check.value }),
            };
            (*name, value)
        })
        .collect();
    json!(judged)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filters = filters()?;
    let (mut words, mut room) = (Words::new(), Room::new());
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        let text = case["text"].as_str().ok_or("a document has no `text`")?;
        let given = case["words"].as_array().ok_or("a document has no `words`")?;
        let given = given.iter().filter_map(Value::as_str);
        let given = judge(&filters, &words.found(text, given)?, &mut room);
        let own = words.split(filters[0].1.splitter(), text);
        let own = judge(&filters, &own, &mut room);
        writeln!(out, "{}", json!({ "given": given, "own": own }))?;
    }
    Ok(())
}
