//! TOML files as what they should be: what is wrong is told by its line, its rule and its remedy, without names of types.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::spec::SpecError;
use crate::{StudyError, setting};

/// The text of a file.
///
/// # Errors
/// [`StudyError::ReadSpec`].
pub(crate) fn text_of(path: &Path) -> Result<String, StudyError> {
    std::fs::read_to_string(path).map_err(|source| StudyError::ReadSpec {
        path: path.to_owned(),
        source,
    })
}

/// What a TOML file says, with `settings` (`KEY=VALUE`) laid over it.
///
/// # Errors
/// When the file cannot be read, is not TOML, has an unknown key (the nearest known one is suggested) or a value of
/// another kind, or a setting leads nowhere.
pub fn read<T: DeserializeOwned>(path: &Path, settings: &[String]) -> Result<T, StudyError> {
    let text = text_of(path)?;
    let read = match settings.is_empty() {
        true => of_text(&text),
        false => with_settings(&text, settings).and_then(|table| of_table(&table)),
    };
    read.map_err(|error| error.at(path, &text))
}

/// What a text says.
pub(crate) fn of_text<T: DeserializeOwned>(text: &str) -> Result<T, SpecError> {
    toml::from_str(text).map_err(|error| SpecError::from_toml(&error, text))
}

/// A text as a table, with settings laid over it.
pub(crate) fn with_settings(text: &str, settings: &[String]) -> Result<toml::Table, SpecError> {
    let mut table: toml::Table = of_text(text)?;
    for setting in settings {
        setting::lay(setting, &mut table)?;
    }
    Ok(table)
}

/// What a table says.
pub(crate) fn of_table<T: DeserializeOwned>(table: &toml::Table) -> Result<T, SpecError> {
    // Read again as a text, whose places tell the keys that errors are about; no line of the file is theirs.
    let text = toml::to_string(table).map_err(|error| SpecError::of("--set", &error.to_string()))?;
    of_text(&text).map_err(|error| SpecError { span: None, ..error })
}
