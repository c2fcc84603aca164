//! One line of JSON: the field that is the text, and those that tell where it comes from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How the parser ends its words on what is no text, and begins them where there is nothing.
pub(super) const NO_TEXT: &str = ", expected a text";
pub(super) const NO_FIELD: &str = "no field ";
/// Fields named of a line without the one asked for.
const MOST_FIELDS: usize = 8;

/// The fields of a line that are wanted.
pub(super) struct Wanted<'f> {
    /// The one that is the text.
    pub(super) text: &'f str,
    /// Those that may be beside it, with a dot between the parts of a nested one's path.
    pub(super) beside: &'f [&'f str],
}

/// What was found of them.
pub(super) struct Line<'l> {
    pub(super) text: Cow<'l, str>,
    /// As they were asked for; none where there is no text.
    pub(super) beside: Vec<Option<Cow<'l, str>>>,
}

impl Wanted<'_> {
    /// Reads a line. What is wrong beside its text is nothing to lose the text for.
    pub(super) fn read<'l>(&self, line: &'l [u8]) -> serde_json::Result<Line<'l>> {
        self.read_all(line).or_else(|_| {
            let text = Wanted {
                text: self.text,
                beside: &[],
            };
            let found = text.read_all(line)?;
            let beside = vec![None; self.beside.len()];
            Ok(Line { beside, ..found })
        })
    }

    fn read_all<'l>(&self, line: &'l [u8]) -> serde_json::Result<Line<'l>> {
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        let found = self.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(found)
    }
}

/// The fields of a line, to choose from.
pub(super) fn names(line: &[u8]) -> String {
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_slice(line).unwrap_or_default();
    let names: Vec<_> = fields
        .keys()
        .take(MOST_FIELDS)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("; it has {}", names.join(", ")),
    }
}

/// The other fields are passed over without being kept.
impl<'de> DeserializeSeed<'de> for &Wanted<'_> {
    type Value = Line<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &Wanted<'_> {
    type Value = Line<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut text = None;
        let mut beside = vec![None; self.beside.len()];
        while let Some(key) = map.next_key_seed(Text)? {
            if key == self.text {
                text = Some(map.next_value_seed(Text)?);
            } else {
                let paths = self.beside.iter().enumerate();
                let below: Vec<_> = paths
                    .filter_map(|(slot, path)| Some((slot, below(path, &key)?)))
                    .collect();
                map.next_value_seed(Beside {
                    paths: &below,
                    found: &mut beside,
                })?;
            }
        }
        let text = text.ok_or_else(|| A::Error::custom(format_args!("{NO_FIELD}`{}`", self.text)))?;
        Ok(Line { text, beside })
    }
}

/// What is left of a path behind a key: nothing where the key is all of it.
fn below<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    match path.strip_prefix(key)? {
        "" => Some(""),
        rest => rest.strip_prefix('.'),
    }
}

struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A value in which some of what is wanted may lie: it itself, or behind paths of keys. What is no text is passed over.
struct Beside<'b, 'de> {
    paths: &'b [(usize, &'b str)],
    found: &'b mut Vec<Option<Cow<'de, str>>>,
}

impl<'de> Beside<'_, 'de> {
    fn keep(self, text: Cow<'de, str>) {
        for (slot, _) in self.paths.iter().filter(|(_, path)| path.is_empty()) {
            self.found[*slot] = Some(text.clone());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Beside<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.paths.is_empty() {
            true => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
            false => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Beside<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.keep(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.keep(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Text)? {
            let paths = self.paths.iter();
            let below: Vec<_> = paths
                .filter_map(|(slot, path)| Some((*slot, below(path, &key)?)))
                .collect();
            map.next_value_seed(Beside {
                paths: &below,
                found: self.found,
            })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
