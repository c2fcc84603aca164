//! The documents of a recipe's sources.

use std::ops::ControlFlow;
use std::path::Path;

use triaxis_corpus::{Documents, LeftOutBy, Reading};
use triaxis_curation::Recipe;
use triaxis_study::reading;

use crate::failure::Usage;
use crate::progress::Advance;

/// Text that is handed on at once.
const TEXT: usize = 16 << 20;

/// Hands the documents of the sources that a recipe names to `work`, some at a time and in their order, and shows how far
/// it is under the name `phase`.
pub fn each(
    path: &Path,
    phase: &'static str,
    mut work: impl FnMut(&[String]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let recipe: Recipe = reading::read(path, &[])?;
    if recipe.preset.is_some() || !recipe.steps.is_empty() {
        return Err(Usage(format!(
            "{} has steps, and the text of sources is read as it is: run `triaxis corpus curate` first, and name what it \
             kept as a source of `kind = \"jsonl\"`",
            path.display()
        ))
        .into());
    }
    let reading = Reading {
        strict: recipe.strict,
        minimum_document: recipe.minimum_document,
        maximum_document: recipe.maximum_document,
        long_documents: recipe.long_documents,
    };
    let base = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let documents = Documents::list(&recipe.sources, reading, base.unwrap_or(Path::new(".")), &[])?;
    let sizes = (0..documents.files()).map(|file| documents.file(file).size.0);
    let total = sizes.sum::<u64>().max(1) as f64;
    let mut shown = Advance::new(phase);
    let mut left_out = documents.left_out();
    let mut batch = Vec::new();
    let (mut held, mut before) = (0, 0);
    for number in 0..documents.files() {
        let file = documents.file(number);
        let mut failed = None;
        let mut read = 0;
        documents.read(number, &mut left_out[file.source], &mut |_, text| {
            batch.push(text.to_owned());
            held += text.len();
            read += text.len() as u64;
            if held < TEXT {
                return ControlFlow::Continue(());
            }
            let worked = work(&batch);
            batch.clear();
            held = 0;
            // Of a compressed file the text is longer than what is read.
            shown.show((before + read.min(file.size.0)) as f64 / total, "");
            match worked {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        before += file.size.0;
    }
    work(&batch)?;
    drop(shown);
    tell(&recipe, &left_out);
    Ok(())
}

/// Says what could not be read.
fn tell(recipe: &Recipe, left_out: &[LeftOutBy]) {
    for (source, left_out) in recipe.sources.iter().zip(left_out) {
        for (reason, left) in left_out {
            eprintln!(
                "{:>9}: source `{}`: {} documents ({}) {} are left out, first {}: {}",
                "corpus",
                source.name(),
                left.documents,
                left.bytes,
                reason.name(),
                left.first,
                reason.remedy()
            );
        }
    }
}
