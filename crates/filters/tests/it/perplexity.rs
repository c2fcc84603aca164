//! Documents that a model finds unlikely, against cc_net's perplexities and buckets.

use std::path::{Path, PathBuf};

use serde_json::Value;
use triaxis_filters::{Chain, Desk, Facts, FilterSpec, ModelFile, Perplexity, Verdict};
use triaxis_ngrams::Bucket;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../ngrams/tests/golden")
        .join(name)
}

/// A filter by a model of KenLM's, and documents with what cc_net says of them.
pub fn model() -> Perplexity {
    Perplexity {
        model: ModelFile::from(&*golden("trigrams.arpa.gz")),
        at_most: Some(1500.0),
        ..Perplexity::default()
    }
}

fn documents() -> Vec<(String, f64)> {
    let golden: Value = serde_json::from_slice(&std::fs::read(golden("golden.json")).unwrap()).unwrap();
    let documents = golden["models"]["trigrams"]["perplexities"].as_array().unwrap();
    let document = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_f64().unwrap());
    documents.iter().map(document).collect()
}

fn verdict(settings: &Perplexity, text: &str) -> Verdict {
    let chain = Chain::new(&[FilterSpec::Perplexity(settings.clone())]).unwrap();
    chain.judge(text, &Facts::default(), &mut Desk::new()).verdict
}

#[test]
fn documents_stay_up_to_their_bound() {
    let documents = documents();
    assert!(documents.len() > 8);
    for (text, perplexity) in &documents {
        for (at_most, stays) in [(*perplexity, true), (perplexity - 0.1, false)] {
            let at_most = Some(at_most);
            let said = verdict(&Perplexity { at_most, ..model() }, text);
            assert_eq!(said == Verdict::Keep, stays, "{text}");
        }
        let settings = Perplexity {
            at_least: Some(perplexity + 0.1),
            at_most: None,
            ..model()
        };
        let Verdict::Drop(broken) = verdict(&settings, text) else {
            panic!("kept")
        };
        assert_eq!((broken.name, broken.value), ("perplexity", *perplexity));
    }
}

#[test]
fn buckets_are_those_of_cc_net() {
    let documents = documents();
    let mut sorted: Vec<f64> = documents.iter().map(|(_, perplexity)| *perplexity).collect();
    sorted.sort_by(f64::total_cmp);
    // Cutoffs that two documents have: what is at one belongs to the next bucket.
    let cutoffs = [sorted[3], sorted[6]];
    let mut counts = [0; 3];
    for (text, perplexity) in &documents {
        let expected = match perplexity {
            value if *value < cutoffs[0] => Bucket::Head,
            value if *value < cutoffs[1] => Bucket::Middle,
            _ => Bucket::Tail,
        };
        counts[expected as usize] += 1;
        for last in [Bucket::Head, Bucket::Middle, Bucket::Tail] {
            let settings = Perplexity {
                at_most: None,
                bucket: Some(last),
                cutoffs: Some(cutoffs),
                ..model()
            };
            let stays = verdict(&settings, text) == Verdict::Keep;
            assert_eq!(stays, expected <= last, "{text}");
        }
    }
    assert_eq!(counts, [3, 3, documents.len() - 6]);
}

#[test]
fn settings_that_say_nothing_or_lead_nowhere_are_refused() {
    let refused = |settings: &str| {
        let settings = format!("filter = 'perplexity'\n{settings}");
        let spec: FilterSpec = toml::from_str(&settings).unwrap();
        spec.prepare().unwrap_err().to_string()
    };
    assert!(refused("model = 'a.arpa'").contains("nothing would be dropped"));
    assert!(refused("model = 'a.arpa'\nat_most = -1.0").contains("must be finite and not negative"));
    assert!(refused("model = 'a.arpa'\nbucket = 'head'").contains("go together"));
    assert!(refused("model = 'a.arpa'\nbucket = 'head'\ncutoffs = [9.0, 3.0]").contains("lower it"));
    assert!(refused("model = 'missing.arpa'\nat_most = 9.0").contains("cannot open missing.arpa"));
    let model = golden("text.txt");
    let error = refused(&format!(
        "model = {:?}\nat_most = 9.0",
        model.display().to_string()
    ));
    assert!(
        error.contains("text.txt:2:") && error.contains("is no `\\data\\`"),
        "{error}"
    );
    let spec = FilterSpec::Perplexity(Perplexity {
        cutoffs: Some([1.0, 2.0]),
        bucket: Some(Bucket::Head),
        units: Some(triaxis_ngrams::Units::default()),
        ..self::model()
    });
    let written = toml::to_string(&spec).unwrap();
    assert_eq!(toml::from_str::<FilterSpec>(&written).unwrap(), spec, "{written}");
}
