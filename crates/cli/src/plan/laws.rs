//! Where the laws of a plan come from.

use std::path::Path;

use triaxis_plan::decide::{Law, LawSource};
use triaxis_plan::{Question, published};
use triaxis_study::{Arm, FrozenSpec, Store, Survey, analysis};
use triaxis_units::Finding;

use crate::failure::Usage;
use crate::study::status;

/// The law of a question that names none: the refit of Chinchilla's runs.
const UNLESS_SAID: &str = "besiroglu-2024";

/// The laws that a question names; files are relative to its own folder.
pub fn of(question: &Question, folder: &Path) -> anyhow::Result<Vec<Law>> {
    if question.laws.is_empty() {
        return Ok(vec![Law::published(published::find(UNLESS_SAID)?)?]);
    }
    let laws = question.laws.iter().map(|source| named(source, folder));
    Ok(laws.collect::<anyhow::Result<Vec<_>>>()?.concat())
}

fn named(source: &LawSource, folder: &Path) -> anyhow::Result<Vec<Law>> {
    let mut laws = match source {
        LawSource {
            published: Some(name),
            ..
        } => vec![Law::published(published::find(name)?)?],
        LawSource { fit: Some(path), .. } => saved(&folder.join(path), source)?,
        LawSource {
            study: Some(path), ..
        } => of_study(&folder.join(path), source.arm.as_deref())?,
        LawSource { .. } => Vec::new(),
    };
    let is_one = laws.len() == 1;
    for law in &mut laws {
        law.weight *= source.weight;
        let name = source.name.as_ref().filter(|_| source.fit.is_none());
        match name.filter(|name| *name != &law.name) {
            Some(name) if is_one => law.name.clone_from(name),
            // Of several forms each is told by its own name, too.
            Some(name) => law.name = format!("{name}, {}", law.name),
            None => {}
        }
    }
    Ok(laws)
}

fn saved(path: &Path, source: &LawSource) -> anyhow::Result<Vec<Law>> {
    let law = triaxis_runs::read_law(path)?;
    let name = path
        .file_stem()
        .map_or_else(|| path.display().to_string(), |stem| stem.display().to_string());
    Ok(Law::saved(source.name.as_deref().unwrap_or(&name), &law)?)
}

/// The laws of a study's arm, from what is recorded.
fn of_study(folder: &Path, named: Option<&str>) -> anyhow::Result<Vec<Law>> {
    let store = Store::new(folder);
    let spec = FrozenSpec::read(&store)?;
    let arms = spec.arms()?;
    let arm = match (named, arms.as_slice()) {
        (None, [only]) => only,
        (Some(name), all) => all
            .iter()
            .find(|arm| arm.name == name)
            .ok_or_else(|| unknown(folder, name, all))?,
        (None, all) => return Err(unknown(folder, "", all).into()),
    };
    let survey: Survey = status::survey(&spec, &store)?;
    let survey = survey.of_arm(&arm.name);
    match analysis::laws(&arm.spec, &survey) {
        Finding::Found(laws) => Ok(laws),
        Finding::Refused(why) => Err(Usage(format!(
            "the study in `{}` has no law to plan with: {why}; run more of its ladder, or leave it out",
            folder.display()
        ))
        .into()),
    }
}

fn unknown(folder: &Path, name: &str, arms: &[Arm]) -> Usage {
    let known: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
    let what = if name.is_empty() {
        "has several arms".to_owned()
    } else {
        format!("has no arm `{name}`")
    };
    Usage(format!(
        "the study in `{}` {what}: give `arm`, one of {}",
        folder.display(),
        known.join(", ")
    ))
}
