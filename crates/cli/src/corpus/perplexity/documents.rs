//! The documents of a recipe's sources.

use std::ops::ControlFlow;
use std::path::Path;

use triaxis_corpus::{Count, Documents, Reading};

use crate::corpus::say_left_out_of;
use crate::corpus::sources::{Read, recipe};
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
    let Read { recipe, base } = recipe(path)?;
    if recipe.preset.is_some() || !recipe.steps.is_empty() {
        return Err(Usage(format!(
            "{} has steps, and the text of sources is read as it is: run `triaxis corpus curate` first, and name what it \
             kept as a source of `kind = \"curated\"`",
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
    let documents = Documents::list(&recipe.sources, reading, &base, &[])?;
    let sizes = (0..documents.files()).map(|file| documents.file(file).size.0);
    let total = sizes.sum::<u64>().max(1) as f64;
    let mut shown = Advance::new(phase);
    let mut left_out = documents.left_out();
    let mut counts = vec![Count::default(); recipe.sources.len()];
    let mut batch = Vec::new();
    let (mut held, mut before) = (0, 0);
    for number in 0..documents.files() {
        let file = documents.file(number);
        let mut failed = None;
        let mut read = 0;
        documents.read(number, &mut left_out[file.source], &mut |_, found| {
            batch.push(found.text.to_owned());
            counts[file.source].documents += 1;
            counts[file.source].bytes.0 += found.text.len() as u64;
            held += found.text.len();
            read += found.text.len() as u64;
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
    say_left_out_of(&recipe.sources, &counts, &left_out);
    Ok(())
}
