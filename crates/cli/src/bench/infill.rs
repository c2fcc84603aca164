//! `triaxis bench infill`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use triaxis_infer::filling::Infill as Fills;
use triaxis_infer::text;
use triaxis_records::InfillScore;
use triaxis_study::{InfillPlan, InfillRecord, Infiller, measure_infilling};
use triaxis_tokens::Tokenizer;
use triaxis_units::Bytes;

use super::percent;
use crate::engine::{Opened, Opening};
use crate::failure::Usage;
use crate::table::Table;
use crate::{Format, MOST_THREADS, input, output};

/// Arguments of `bench infill`.
#[derive(Args)]
pub struct Infill {
    /// The models, which must have one tokenizer: those trained to fill gaps, or what is in the middle, see both sides of one,
    /// others what comes before it
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    /// The text whose gaps are filled; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// Their tokenizer.json [default: those beside the models]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Gaps; what is given with one overlaps nothing of another, so that as many fit as the text is times as long
    #[arg(long, value_name = "N", default_value_t = 200)]
    spans: usize,
    /// Tokens of a gap
    #[arg(long, value_name = "N", default_value_t = 8)]
    length: usize,
    /// Tokens of what a model is given with its gap [default: 128, or as many as the shortest context]
    #[arg(long, value_name = "N")]
    context: Option<usize>,
    /// What the places of the gaps are drawn by
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Threads, at most as many as there are cores [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// Folder of the library that keeps the record
    #[arg(long, value_name = "DIR", default_value = "runs/library")]
    library: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Measures the models, keeps the record and prints what was found.
pub fn run(arguments: &Infill) -> anyhow::Result<()> {
    let opening = |path: &PathBuf| Opening::at(path.clone(), arguments.tokenizer.clone(), arguments.threads);
    let openings: Vec<Opening> = arguments.models.iter().map(opening).collect();
    let mut tokenizers = Vec::new();
    for opening in &openings {
        let tokenizer = opening.tokenizer()?;
        if let Some(first) = tokenizers.first() {
            same_tokens(first, &tokenizer, opening)?;
        }
        tokenizers.push(tokenizer);
    }
    let tokenizer = &tokenizers[0];
    let read = input::text(&arguments.text, Bytes(u64::MAX))?;
    let tokens = tokenizer.encode(&read)?;
    let mut opened = Vec::new();
    for opening in &openings {
        let is_first = opened.is_empty();
        opened.push(if is_first {
            opening.opened()?
        } else {
            opening.opened_beside()?
        });
    }
    let names = openings.iter().map(|opening| opening.model.display().to_string());
    let mut models = Vec::new();
    for (name, opened) in names.zip(&mut opened) {
        let (parameters, model): (_, &mut dyn Fills) = match opened {
            Opened::Reads(engine) => (engine.stack().parameters().total, &mut **engine),
            Opened::Middles(model) => (model.stack().parameters().total, &mut **model),
            Opened::Fills(filler) => (filler.stack().parameters().total, &mut **filler),
        };
        models.push(Infiller {
            name,
            parameters,
            model,
        });
    }
    let library = super::library(&arguments.library)?;
    let shortest = models.iter().map(|one| one.model.context()).min().unwrap_or(0);
    let plan = InfillPlan {
        tokens: &tokens,
        known: tokenizer.vocabulary(),
        spans: arguments.spans,
        length: arguments.length,
        context: arguments.context.unwrap_or(128.min(shortest)),
        seed: arguments.seed,
        threads: openings[0].threads(),
    };
    let written = |tokens: &[u32]| {
        let bytes = tokens
            .iter()
            .flat_map(|&token| tokenizer.bytes_of(token).to_vec());
        bytes.collect()
    };
    let record = measure_infilling(&mut models, &plan, &written)?;
    library.write_record(&record)?;
    output::print(arguments.format, &Measured(&record), &record)
}

/// The rule that all models have the tokens of the first.
fn same_tokens(first: &Tokenizer, own: &Tokenizer, opening: &Opening) -> anyhow::Result<()> {
    text::same_tokens(first, own).map_err(|_| {
        let said = format!(
            "{} has another tokenizer than the first model: gaps are of tokens, and must be the same for all; give models of \
             one tokenizer",
            opening.model.display()
        );
        Usage(said).into()
    })
}

/// What was measured, as a table.
struct Measured<'a>(&'a InfillRecord);

impl fmt::Display for Measured<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let infilling = &self.0.infilling;
        writeln!(
            formatter,
            "{} gaps of {} tokens within {}, record {}\n",
            infilling.spans, infilling.length, infilling.context, self.0.id
        )?;
        let mut table = Table::new(["model", "N", "fills by", "exact", "tokens right", "similarity"]);
        for scores in &infilling.scores {
            let InfillScore {
                exact,
                tokens,
                similarity,
            } = scores.score;
            table.row([
                scores.name.clone(),
                scores.parameters.to_string(),
                scores.method.clone(),
                percent(exact),
                percent(tokens),
                percent(similarity),
            ]);
        }
        write!(formatter, "{table}")?;
        let first = infilling.scores.first().map_or("", |first| &first.name);
        for scores in &infilling.scores {
            if let Some(above) = scores.above_first {
                write!(
                    formatter,
                    "\n{} less {first}: exact {}, tokens {}, similarity {}",
                    scores.name,
                    percent(above.exact),
                    percent(above.tokens),
                    percent(above.similarity)
                )?;
            }
        }
        Ok(())
    }
}
