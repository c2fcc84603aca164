//! Settings of the command line, laid over a spec: `KEY=VALUE`.

use toml::{Table, Value};

use crate::spec::SpecError;

/// Lays `setting` over `spec`: `training.batch=512`, `design.sizes.0.width=64`. A value that is no TOML is text.
///
/// # Errors
/// When it is not `KEY=VALUE`, or the key leads through something that has no keys.
pub fn lay(setting: &str, spec: &mut Table) -> Result<(), SpecError> {
    let refused = |why: String| SpecError {
        message: format!("`--set {setting}`: {why}"),
        span: None,
        hint: None,
    };
    let (key, text) = setting
        .split_once('=')
        .ok_or_else(|| refused("write KEY=VALUE, such as plan.budget=2000".to_owned()))?;
    if key.split('.').any(|part| part.trim().is_empty()) {
        return Err(refused(
            "before the `=` stands no key: write KEY=VALUE, such as plan.budget=2000".to_owned(),
        ));
    }
    let (path, last) = key.trim().rsplit_once('.').unwrap_or(("", key.trim()));
    let mut place = &mut *spec;
    let mut parts = path.split('.').filter(|part| !part.is_empty());
    while let Some(part) = parts.next() {
        let next = place.entry(part).or_insert_with(|| Value::Table(Table::new()));
        place = match next {
            Value::Table(table) => table,
            Value::Array(entries) => {
                let many = entries.len();
                let entry = parts
                    .next()
                    .and_then(|at| entries.get_mut(at.parse::<usize>().ok()?));
                match entry {
                    Some(Value::Table(table)) => table,
                    _ => {
                        return Err(refused(format!(
                            "`{part}` is a list of {many}: name one of its tables by its place, counted from 0, as in \
                             `{part}.0.KEY`"
                        )));
                    }
                }
            }
            other => {
                let kind = other.type_str();
                return Err(refused(format!("`{part}` is a value ({kind}) and has no keys")));
            }
        };
    }
    place.insert(last.to_owned(), value(text.trim()));
    Ok(())
}

fn value(text: &str) -> Value {
    let read = toml::from_str::<Table>(&format!("value = {text}"));
    let read = read.ok().filter(|table| table.len() == 1);
    read.and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(setting: &str) -> Result<Table, SpecError> {
        let mut spec = toml::from_str("name = \"s\"\nlist = [{ a = 1 }, { a = 2 }]").unwrap();
        lay(setting, &mut spec).map(|()| spec)
    }

    #[test]
    fn a_setting_is_laid_where_its_key_leads() {
        let number = laid("list.1.a=7").unwrap();
        assert_eq!(number["list"][1]["a"], Value::Integer(7));
        assert_eq!(number["list"][0]["a"], Value::Integer(1));
        let made = laid("plan.budget = { dollars = 5 }").unwrap();
        assert_eq!(made["plan"]["budget"]["dollars"], Value::Integer(5));
        for (setting, text) in [
            ("name=plain words", "plain words"),
            ("name=\"7\"", "7"),
            ("name=4e8, x", "4e8, x"),
        ] {
            assert_eq!(laid(setting).unwrap()["name"], Value::String(text.to_owned()));
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for setting in [
            "name",
            "=",
            "=5",
            "training.=5",
            "name.first=1",
            "list.a=1",
            "list.2.a=1",
            "list=x=1;",
        ] {
            match laid(setting) {
                Err(error) => assert!(error.message.contains(&format!("--set {setting}")), "{error}"),
                Ok(spec) => assert_eq!(spec["list"], Value::String("x=1;".to_owned())),
            }
        }
    }
}
