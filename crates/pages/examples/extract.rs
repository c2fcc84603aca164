//! The main text of pages: `extract [SETTINGS] < PAGES.jsonl`, each line with a `name` and `html`, and the speed.
//! SETTINGS are those of a reader as JSON, `{"extractor": "readability"}` say.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{BufRead, BufWriter, Write};
use std::time::{Duration, Instant};

use triaxis_pages::ExtractorSpec;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let extractor: ExtractorSpec = match std::env::args().nth(1) {
        Some(settings) => serde_json::from_str(&settings)?,
        None => ExtractorSpec::default(),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut taken, mut bytes) = (Duration::ZERO, 0);
    for line in std::io::stdin().lock().lines() {
        let mut page: serde_json::Value = serde_json::from_str(&line?)?;
        let html = page["html"].as_str().ok_or("a page has no `html`")?;
        let start = Instant::now();
        let text = extractor.text(html);
        taken += start.elapsed();
        bytes += html.len();
        page["text"] = match text {
            Ok(text) => text.into(),
            Err(refused) => {
                eprintln!("{}: {refused}", page["name"]);
                "".into()
            }
        };
        writeln!(out, "{page}")?;
    }
    let (megabytes, seconds) = (bytes as f64 / 1e6, taken.as_secs_f64());
    eprintln!(
        "{megabytes:.2} MB in {seconds:.2} s, {:.2} MB/s",
        megabytes / seconds
    );
    Ok(())
}
