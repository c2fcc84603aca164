//! What is asked for, and what stands in the end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use triaxis_corpus::Documents;
use triaxis_host::files;

use crate::journal::{About, JOURNAL, Journal, Stage, State};
use crate::passes::{Passes, Setting};
use crate::unfinished::{self, Unfinished};
use crate::{CurationError, Facts, Progress, Recipe, Shard};

/// What was done, as data.
pub(crate) const FACTS: &str = "curation.json";
/// The recipe with all of its settings.
const RECIPE: &str = "recipe.toml";
/// Version of what an output holds, given the same recipe and text.
pub const VERSION: u32 = 2;

/// An output that is whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Curated {
    /// What was done.
    pub facts: Facts,
    /// Whether it was there already.
    pub was_there: bool,
}

/// Curates what a recipe says into the folder `out`, unless that holds the same already. Relative patterns of sources
/// start from `base`. Nothing is at `out` until all is; what a process that died had done is gone on with.
///
/// # Errors
/// When the recipe is refused, a source cannot be read, or `out` holds something else, is being written by another
/// process or cannot be written.
pub fn curate(
    recipe: &Recipe,
    base: &Path,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Curated, CurationError> {
    curate_apart(recipe, base, &[], out, progress)
}

/// As [`curate`], where what lies in a folder of `avoid` is no text.
///
/// # Errors
/// As [`curate`].
pub fn curate_apart(
    recipe: &Recipe,
    base: &Path,
    avoid: &[&Path],
    out: &Path,
    progress: &dyn Progress,
) -> Result<Curated, CurationError> {
    let asked = Asked::new(recipe, base, &[avoid, &[out]].concat())?;
    asked.whole(&[], out, progress)
}

/// Reads a share of the documents of a recipe into the folder `out`, for [`merge`]: all up to the first step that looks
/// for copies, and what that step must know of them. Whether it was there already.
///
/// # Errors
/// As [`curate`].
pub fn curate_shard(
    recipe: &Recipe,
    base: &Path,
    shard: Shard,
    out: &Path,
    progress: &dyn Progress,
) -> Result<bool, CurationError> {
    let asked = Asked::new(recipe, base, &[out])?;
    let about = asked.about(Some(shard), false);
    let is_there = || match fs::exists(out.join(JOURNAL)) {
        Ok(true) => {
            match Journal::read(out)?.filter(|(found, state)| found.is_like(&about) && state.is_judged()) {
                Some(_) => Ok(true),
                None => Err(occupied(
                    out,
                    "another shard, or one of another recipe, other text or another version",
                )),
            }
        }
        _ => finished(out).and_then(|facts| match facts {
            None => Ok(false),
            Some(_) => Err(occupied(out, "a curated corpus")),
        }),
    };
    if is_there()? {
        unfinished::tidy(out)?;
        return Ok(true);
    }
    let unfinished = Unfinished::take(out)?;
    // Another process may have ended while this one looked.
    if is_there()? {
        unfinished.remove()?;
        return Ok(true);
    }
    let (journal, state) = Journal::open(unfinished.path(), about.clone())?;
    let setting = asked.setting(&about, &[]);
    Passes::new(&setting, unfinished.path(), journal, state, progress)?.run()?;
    unfinished.finish(out)?;
    Ok(false)
}

/// Puts the shards of a recipe together in the folder `out`: the output that [`curate`] gives, to the byte.
///
/// # Errors
/// As [`curate`], and where the folders are not all shards of this recipe and text, each once.
pub fn merge(
    recipe: &Recipe,
    base: &Path,
    shards: &[PathBuf],
    out: &Path,
    progress: &dyn Progress,
) -> Result<Curated, CurationError> {
    let mut avoid: Vec<&Path> = shards.iter().map(PathBuf::as_path).collect();
    avoid.push(out);
    let asked = Asked::new(recipe, base, &avoid)?;
    let shards = asked.shards(shards)?;
    asked.whole(&shards, out, progress)
}

/// What the finished output in a folder holds; nothing where the folder is empty or not there.
///
/// # Errors
/// Where the folder holds something else, or a file of the output is missing or of another size.
pub fn finished(out: &Path) -> Result<Option<Facts>, CurationError> {
    let path = out.join(FACTS);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut entries = match fs::read_dir(out) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                entries => entries.map_err(CurationError::io("list", out))?,
            };
            return match entries.next() {
                None => Ok(None),
                Some(_) if out.join(JOURNAL).exists() => Err(occupied(
                    out,
                    "a shard of a corpus, which `triaxis corpus merge` puts together with the others",
                )),
                Some(_) => Err(occupied(out, "files that are no curated corpus")),
            };
        }
        Err(error) => return Err(CurationError::io("read", &path)(error)),
    };
    let facts: Facts = serde_json::from_slice(&text).map_err(|error| CurationError::damaged(&path, error))?;
    for file in &facts.files {
        let path = out.join(&file.file);
        match fs::metadata(&path) {
            Ok(about) if about.len() == file.size.0 => {}
            Ok(about) => {
                let detail = format!("it has {} bytes, and {} were written", about.len(), file.size.0);
                return Err(CurationError::damaged(&path, detail));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(CurationError::damaged(&path, "it is not there"));
            }
            Err(error) => return Err(CurationError::io("read", &path)(error)),
        }
    }
    Ok(Some(facts))
}

fn occupied(folder: &Path, holds: &str) -> CurationError {
    CurationError::input(format!(
        "{} already holds {holds}: choose another output folder, or remove this one if it is no longer needed",
        folder.display()
    ))
}

fn write(path: &Path, text: &str) -> Result<(), CurationError> {
    files::replace(path, text.as_bytes()).map_err(CurationError::io("write", path))
}

/// What a recipe asks for, and the text that it asks it of.
struct Asked {
    recipe: Recipe,
    documents: Documents,
    content: String,
    /// Earlier outputs, whose documents count as copies.
    against: Vec<PathBuf>,
}

impl Asked {
    fn new(recipe: &Recipe, base: &Path, avoid: &[&Path]) -> Result<Self, CurationError> {
        let recipe = recipe.resolved()?;
        let documents = Documents::list(&recipe.sources, recipe.reading(), base, avoid)?;
        let mut content = documents.content()?;
        let mut against = Vec::new();
        for named in &recipe.against {
            let folder = base.join(named);
            if finished(&folder)?.is_none() {
                return Err(CurationError::input(format!(
                    "`against = {named:?}`: it holds nothing: give folders that `triaxis corpus curate` wrote"
                )));
            }
            let path = folder.join(FACTS);
            let facts = fs::read(&path).map_err(CurationError::io("read", &path))?;
            let both = [content.as_bytes(), &facts].concat();
            content = blake3::hash(&both).to_hex().to_string();
            against.push(folder);
        }
        Ok(Self {
            recipe,
            documents,
            content,
            against,
        })
    }

    fn about(&self, shard: Option<Shard>, is_merged: bool) -> About {
        About {
            version: VERSION,
            recipe: self.recipe.clone(),
            content: self.content.clone(),
            shard,
            is_merged,
        }
    }

    fn setting<'a>(&'a self, about: &'a About, shards: &'a [(PathBuf, State)]) -> Setting<'a> {
        Setting {
            recipe: &self.recipe,
            documents: &self.documents,
            against: &self.against,
            shard: about.shard,
            shards,
        }
    }

    /// The whole output: of the sources, or of shards.
    fn whole(
        &self,
        shards: &[(PathBuf, State)],
        out: &Path,
        progress: &dyn Progress,
    ) -> Result<Curated, CurationError> {
        if let Some(there) = self.there(out)? {
            return Ok(there);
        }
        let unfinished = Unfinished::take(out)?;
        // Another process may have ended while this one looked.
        if let Some(there) = self.there(out)? {
            unfinished.remove()?;
            return Ok(there);
        }
        let about = self.about(None, !shards.is_empty());
        let (journal, state) = Journal::open(unfinished.path(), about.clone())?;
        let setting = self.setting(&about, shards);
        let state = Passes::new(&setting, unfinished.path(), journal, state, progress)?.run()?;
        let facts = state.facts(about, &self.documents);
        let recipe = toml::to_string(&self.recipe).map_err(|error| {
            CurationError::input(format!("the recipe cannot be written as TOML: {error}"))
        })?;
        write(&unfinished.path().join(RECIPE), &recipe)?;
        let told = serde_json::to_string_pretty(&facts);
        let told =
            told.map_err(|error| CurationError::input(format!("the facts cannot be written: {error}")))?;
        write(&unfinished.path().join(FACTS), &(told + "\n"))?;
        unfinished.finish(out)?;
        unfinished::remove(&out.join(JOURNAL))?;
        Ok(Curated {
            facts,
            was_there: false,
        })
    }

    /// The output, if it is there already.
    fn there(&self, out: &Path) -> Result<Option<Curated>, CurationError> {
        let Some(facts) = finished(out)? else {
            return Ok(None);
        };
        if facts.version != VERSION || !facts.recipe.is_like(&self.recipe) || facts.content != self.content {
            return Err(occupied(
                out,
                "what another recipe, other text or another version gave",
            ));
        }
        unfinished::tidy(out)?;
        unfinished::remove(&out.join(JOURNAL))?;
        Ok(Some(Curated {
            facts,
            was_there: true,
        }))
    }

    /// What shards did, in their order.
    fn shards(&self, folders: &[PathBuf]) -> Result<Vec<(PathBuf, State)>, CurationError> {
        let refuse =
            |folder: &Path, why: &str| Err(CurationError::input(format!("{} {why}", folder.display())));
        let mut shards: Vec<Option<(PathBuf, State)>> = Vec::new();
        for folder in folders {
            let read = Journal::read(folder)?.and_then(|(about, state)| Some((about.shard?, about, state)));
            let Some((shard, about, state)) = read else {
                return refuse(
                    folder,
                    "holds no whole shard: give the folders that `triaxis corpus curate --shard` wrote",
                );
            };
            if !state.is_judged() || !about.is_like(&self.about(Some(shard), false)) {
                return refuse(
                    folder,
                    "is a shard of another recipe, other text or another version: make it again with this recipe",
                );
            }
            let (place, of) = (shard.number() as usize - 1, shard.of() as usize);
            if shards.is_empty() {
                shards.resize_with(of, || None);
            }
            if shards.len() != of {
                let why = format!(
                    "is shard {shard}, and others are of {}: give those of one number",
                    shards.len()
                );
                return refuse(folder, &why);
            }
            let folder = std::path::absolute(folder).map_err(CurationError::io("resolve", folder))?;
            if let Some((other, _)) = shards[place].replace((folder.clone(), state)) {
                let why = format!("is shard {shard}, and so is {}: give each once", other.display());
                return refuse(&folder, &why);
            }
        }
        let all = shards.len();
        let missing = shards.iter().position(Option::is_none);
        match missing {
            None if all > 0 => Ok(shards.into_iter().flatten().collect()),
            None => Err(CurationError::input(
                "no shard is given: give the folders of all shards",
            )),
            Some(missing) => Err(CurationError::input(format!(
                "shard {}/{all} is not given: make it by `triaxis corpus curate --shard {}/{all}`, and give all",
                missing + 1,
                missing + 1
            ))),
        }
    }
}

impl State {
    /// Whether the pass that is under way has read all.
    fn is_judged(&self) -> bool {
        self.stage == Stage::Judged
    }
}
