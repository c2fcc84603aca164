//! A model that commands read to: its file, its tokenizer, and how it computes.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use triaxis_host::machine;
use triaxis_infer::filling::{Filler, InTheMiddle, no_next_token};
use triaxis_infer::{Engine, Kept, Options, Precision, Weights, text};
use triaxis_model::Published;
use triaxis_tokens::Tokenizer;
use triaxis_train::{ObjectiveSpec, Sentinels, Trained};

use crate::MOST_THREADS;
use crate::failure::Usage;
use crate::instructions::Choice;
use crate::kept;

/// Arguments of every command that reads to a model.
#[derive(Args)]
pub struct Opening {
    /// The model: a GGUF file, a published folder, or a file that a study kept
    pub model: PathBuf,
    /// Its tokenizer.json, with the tokenizer_config.json and the chat template beside that [default: those that are
    /// published with it]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Threads, at most as many as there are cores [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    threads: Option<u16>,
    /// How activations are multiplied with quantised weights, and keys and values kept [default: eight; single for a file
    /// that a study kept]
    #[arg(long, value_enum)]
    activations: Option<Activations>,
    #[command(flatten)]
    instructions: Choice,
    /// The model as it is published, once it was looked at
    #[arg(skip)]
    published: OnceCell<Option<Box<Published>>>,
}

/// A model by what it tells.
#[derive(Debug)]
pub enum Opened {
    /// What comes next.
    Reads(Box<Engine>),
    /// What comes next, and what is in the middle of a text.
    Middles(Box<InTheMiddle>),
    /// What is missing.
    Fills(Box<Filler>),
}

impl Opened {
    /// The model, if it tells what comes next.
    ///
    /// # Errors
    /// When it does not.
    pub fn engine(self) -> anyhow::Result<Engine> {
        match self {
            Self::Reads(engine) => Ok(*engine),
            Self::Middles(model) => Ok(model.into_engine()),
            Self::Fills(_) => Err(no_next_token().into()),
        }
    }
}

/// How what passes through a model is rounded.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Activations {
    /// Activations in eight bits, keys and values in half precision: fast
    Eight,
    /// All of it in single precision: exact, and slow
    Single,
}

impl Opening {
    /// A model with a tokenizer of its own, or the one beside it.
    pub fn at(model: PathBuf, tokenizer: Option<PathBuf>, threads: Option<u16>) -> Self {
        Self {
            model,
            tokenizer,
            threads,
            activations: None,
            instructions: Choice::default(),
            published: OnceCell::new(),
        }
    }

    /// The threads that compute.
    pub fn threads(&self) -> usize {
        let cores = machine::cores();
        self.threads
            .map_or(cores, |threads| usize::from(threads).min(cores))
    }

    /// The model, which tells next tokens, and the threads that it computes on.
    pub fn open(&self) -> anyhow::Result<Engine> {
        self.opened()?.engine()
    }

    /// The same, and how many of its tokens text is of: the others, the last ones, are marks that it was trained with.
    pub fn open_known(&self) -> anyhow::Result<(Engine, usize)> {
        self.prepare()?;
        let (opened, known) = self.model(&self.model, self.published()?)?;
        Ok((opened.engine()?, known))
    }

    /// The model, whatever it tells, and the threads that it computes on.
    pub fn opened(&self) -> anyhow::Result<Opened> {
        self.prepare()?;
        self.opened_beside()
    }

    /// Sets what a model computes on.
    fn prepare(&self) -> anyhow::Result<()> {
        self.instructions.apply()?;
        let threads = self.threads();
        if let Some(asked) = self.threads.map(usize::from).filter(|&asked| asked > threads) {
            // Threads that wait for one another take turns on a core, and each turn is a thousand times as long as the work.
            eprintln!(
                "{threads} cores are there for this program: it computes on {threads} threads, not on {asked}"
            );
        }
        Ok(crate::compute_on(threads)?)
    }

    /// The model beside another that was opened before, on its threads.
    pub fn opened_beside(&self) -> anyhow::Result<Opened> {
        Ok(self.model(&self.model, self.published()?)?.0)
    }

    /// A model that drafts beside it, whose tokens must be those of `tokenizer`.
    pub fn open_draft(&self, path: &Path, tokenizer: &Tokenizer) -> anyhow::Result<Engine> {
        let published = published(path)?;
        let own = match &published {
            Some(published) if published.tokenizer()?.is_some() => Some(text::tokenizer(published)?),
            Some(_) => None,
            None => kept::tokenizer(path)
                .map(|path| text::tokenizer_at(&path))
                .transpose()?,
        };
        match own {
            Some(own) => text::same_tokens(tokenizer, &own)?,
            None => eprintln!(
                "no tokenizer is published with {}: its tokens are taken to be those of the model",
                path.display()
            ),
        }
        self.model(path, published.as_ref())?.0.engine()
    }

    /// The model at a path, which is published or as a study keeps it, and how many of its tokens text is of.
    fn model(&self, path: &Path, published: Option<&Published>) -> anyhow::Result<(Opened, usize)> {
        let reads = |engine| Opened::Reads(Box::new(engine));
        if let Some(published) = published {
            let engine = Engine::new(published, self.options(Activations::Eight))?;
            let known = engine.stack().vocabulary;
            return Ok((reads(engine), known));
        }
        let Trained { about, weights } = kept::trained(path)?;
        let (stack, known) = (about.architecture.stack(), about.text_vocabulary());
        if stack.is_bidirectional() {
            return Ok((Opened::Fills(Box::new(Filler::new(&stack, &weights)?)), known));
        }
        let vocabulary = stack.vocabulary;
        let engine = Engine::new(&Weights::new(stack, weights)?, self.options(Activations::Single))?;
        let opened = match about.objective {
            ObjectiveSpec::FillInTheMiddle(settings) => {
                let Sentinels {
                    prefix,
                    suffix,
                    middle,
                } = Sentinels::of(vocabulary);
                let sentinels = [prefix, suffix, middle].map(|token| token as u32);
                let model = InTheMiddle::new(engine, sentinels, settings.is_suffix_first());
                Opened::Middles(Box::new(model))
            }
            _ => reads(engine),
        };
        Ok((opened, known))
    }

    /// The chat template that lies beside a tokenizer that was given, or else is published with the model, if there is one.
    pub fn chat_template(&self, tokenizer: &Tokenizer) -> anyhow::Result<Option<String>> {
        if let Some(template) = self.tokenizer.as_deref().and_then(text::chat_template_at) {
            return Ok(Some(template));
        }
        match self.published()? {
            Some(published) => Ok(text::chat_template(published, tokenizer)?),
            None => Ok(kept::tokenizer(&self.model).and_then(|path| text::chat_template_at(&path))),
        }
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> anyhow::Result<Tokenizer> {
        if let Some(path) = &self.tokenizer {
            return Ok(text::tokenizer_at(path)?);
        }
        if let Some(published) = self.published()? {
            return Ok(text::tokenizer(published)?);
        }
        if let Some(path) = kept::tokenizer(&self.model) {
            return Ok(text::tokenizer_at(&path)?);
        }
        // What is no model has no tokenizer either.
        kept::read(&self.model)?;
        let model = self.model.display();
        let said = format!(
            "no tokenizer is beside {model}: give it by `--tokenizer`, as the library's corpora have it"
        );
        Err(Usage(said).into())
    }

    /// The model as it is published, if it is.
    fn published(&self) -> anyhow::Result<Option<&Published>> {
        if self.published.get().is_none() {
            // Nobody else sets it meanwhile.
            let _ = self.published.set(published(&self.model)?.map(Box::new));
        }
        Ok(self.published.get().and_then(Option::as_deref))
    }

    /// How it computes.
    fn options(&self, usual: Activations) -> Options {
        let (precision, kept) = match self.activations.unwrap_or(usual) {
            Activations::Eight => (Precision::Eight, Kept::Half),
            Activations::Single => (Precision::Single, Kept::Single),
        };
        Options {
            threads: self.threads(),
            precision,
            kept,
            format: None,
        }
    }
}

/// The model at a path as it is published, if it is a folder or a GGUF file.
fn published(path: &Path) -> anyhow::Result<Option<Published>> {
    Ok(Published::is_at(path)
        .then(|| Published::open(path))
        .transpose()?)
}

/// The rule that a tokenizer has no more tokens than a model's table has rows.
pub fn fits(tokenizer: &Tokenizer, engine: &Engine) -> Result<(), Usage> {
    let (tokens, rows) = (tokenizer.vocabulary(), engine.stack().vocabulary);
    match tokens <= rows {
        true => Ok(()),
        false => Err(Usage(format!(
            "the tokenizer has {tokens} tokens, and the model's table {rows} rows: give the tokenizer that belongs to the \
             model"
        ))),
    }
}
