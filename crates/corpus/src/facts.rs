//! What the manifest says, counted from what was chosen and written.

use std::collections::BTreeMap;
use std::sync::Arc;

use triaxis_units::Bytes;

use crate::left_out::LeftOut;
use crate::manifest::{
    Count, FORMAT, LicenceFacts, Manifest, Shard, SourceFacts, SplitFacts, TokenizerFacts, Total,
};
use crate::scan::Scan;
use crate::select::Selection;
use crate::{CorpusSpec, Novelty, Tokenizer, TokenizerSpec};

/// The shards, and the bytes and tokens of each document: training documents first, then validation.
pub(crate) struct Written {
    pub(crate) token_bytes: u8,
    /// The tokens and their index.
    pub(crate) train: [Shard; 2],
    pub(crate) validation: [Shard; 2],
    pub(crate) sizes: Vec<(u64, u64)>,
    pub(crate) lost: Option<LeftOut>,
    pub(crate) novelty: Novelty,
}

/// Totals of both splits.
#[derive(Clone, Copy, Default)]
struct Both {
    train: Total,
    validation: Total,
}

pub(crate) fn manifest(
    spec: &CorpusSpec,
    tokenizer_spec: &TokenizerSpec,
    tokenizer: &Tokenizer,
    scan: &Scan,
    selection: &Selection,
    inputs: String,
    written: Written,
) -> Manifest {
    let mut all = Both::default();
    let mut by_source = vec![Both::default(); spec.sources.len()];
    let mut by_licence: BTreeMap<&Arc<str>, Both> = BTreeMap::new();
    let train = selection.train.documents.iter().map(|document| (document, true));
    let validation = selection
        .validation
        .documents
        .iter()
        .map(|document| (document, false));
    for ((document, train), (bytes, tokens)) in train.chain(validation).zip(&written.sizes) {
        let document = &scan.documents[*document as usize];
        let licence = by_licence.entry(scan.licence(document)).or_default();
        for both in [&mut all, &mut by_source[scan.source(document)], licence] {
            let total = if train {
                &mut both.train
            } else {
                &mut both.validation
            };
            total.add(*bytes, *tokens);
        }
    }
    let mut licences: Vec<LicenceFacts> = by_licence
        .into_iter()
        .map(|(licence, both)| LicenceFacts {
            licence: licence.to_string(),
            train: both.train,
            validation: both.validation,
        })
        .collect();
    licences.sort_by_key(|facts| std::cmp::Reverse(facts.train.bytes));
    let split = |total, [shard, index]: [Shard; 2]| SplitFacts { total, shard, index };
    let mut manifest = Manifest {
        format: FORMAT,
        inputs,
        held_out: scan.held_out.clone(),
        identity: String::new(),
        spec: spec.clone(),
        tokenizer_spec: tokenizer_spec.clone(),
        tokenizer: TokenizerFacts {
            vocabulary: tokenizer.vocabulary(),
            end_of_text: tokenizer.end_of_text(),
            hash: tokenizer.hash(),
            lost: written.lost,
        },
        token_bytes: written.token_bytes,
        train: split(all.train, written.train),
        validation: split(all.validation, written.validation),
        sources: sources(spec, scan, selection, &by_source),
        licences,
        novelty: Some(written.novelty),
    };
    manifest.identity = manifest.identity_of_contents();
    manifest
}

fn sources(spec: &CorpusSpec, scan: &Scan, selection: &Selection, totals: &[Both]) -> Vec<SourceFacts> {
    let shares = spec.sample.map(|_| spec.shares());
    let facts = |(index, source): (usize, &crate::SourceSpec)| {
        let text = &selection.sources[index];
        SourceFacts {
            name: source.name().to_owned(),
            kind: source.kind().to_owned(),
            share: shares.as_ref().map(|shares| shares[index]),
            files: text.files,
            found: Count {
                documents: text.documents,
                bytes: Bytes(text.bytes),
            },
            duplicates: Count {
                documents: text.duplicates,
                bytes: Bytes(text.duplicate_bytes),
            },
            left_out: scan.left_out[index].clone(),
            train: totals[index].train,
            validation: totals[index].validation,
            content: text.content.clone(),
        }
    };
    spec.sources.iter().enumerate().map(facts).collect()
}
