//! What a published study says, what this crate computes from its runs, and the page that shows both.

use std::fmt::Write;
use std::sync::LazyLock;

/// A published study, refitted from its own runs. A file of this folder and a line of the registry.
pub(crate) struct Study {
    /// Authors and year, then what it is about.
    pub(crate) title: &'static str,
    /// Its files below `published-runs`.
    pub(crate) files: &'static str,
    /// Where its numbers and ours differ, and why.
    pub(crate) differs: &'static str,
    /// Its rows, computed once; `None` where the runs are absent.
    pub(crate) rows: LazyLock<Option<Vec<Row>>>,
}

/// What our value must be.
#[derive(Clone)]
enum Rule {
    Near { expected: f64, tolerance: f64 },
    AtMost(f64),
    Holds(bool),
}

/// A number of a study and ours.
#[derive(Clone)]
pub(crate) struct Row {
    what: String,
    published: String,
    ours: String,
    value: f64,
    rule: Rule,
}

impl Row {
    /// Ours must be within `tolerance` of `expected`, which is what was published unless said otherwise.
    pub(crate) fn near(what: impl Into<String>, ours: f64, expected: f64, tolerance: f64) -> Self {
        Self {
            what: what.into(),
            published: expected.to_string(),
            ours: digits(ours, tolerance),
            value: ours,
            rule: Rule::Near { expected, tolerance },
        }
    }

    /// Ours, an objective, must be `limit` or less.
    pub(crate) fn at_most(what: impl Into<String>, ours: f64, limit: f64) -> Self {
        Self {
            what: what.into(),
            published: limit.to_string(),
            ours: digits(ours, 1e-5 * limit),
            value: ours,
            rule: Rule::AtMost(limit),
        }
    }

    /// Something that must hold, with what was found.
    pub(crate) fn holds(what: impl Into<String>, holds: bool, ours: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            published: "–".into(),
            ours: ours.into(),
            value: f64::NAN,
            rule: Rule::Holds(holds),
        }
    }

    /// What the paper has, where the value to be reproduced is another refit of the same runs.
    pub(crate) fn published(mut self, text: impl Into<String>) -> Self {
        self.published = text.into();
        self
    }

    fn reproduced(&self) -> bool {
        match self.rule {
            Rule::Near { expected, tolerance } => (self.value - expected).abs() <= tolerance,
            Rule::AtMost(limit) => self.value <= limit,
            Rule::Holds(holds) => holds,
        }
    }

    fn line(&self) -> String {
        let rule = match self.rule {
            Rule::Near { expected, tolerance } if tolerance < 1e-4 => format!("{expected} ± {tolerance:e}"),
            Rule::Near { expected, tolerance } => format!("{expected} ± {tolerance}"),
            Rule::AtMost(limit) => format!("{limit} or less"),
            Rule::Holds(_) => "must hold".into(),
        };
        let verdict = if self.reproduced() {
            "reproduced"
        } else {
            "**missed**"
        };
        let Self {
            what,
            published,
            ours,
            ..
        } = self;
        format!("| {what} | {published} | {rule} | {ours} | {verdict} |")
    }
}

/// A value to one digit more than the tolerance has, and no more than eight: the last ones depend on the machine.
pub(crate) fn digits(value: f64, tolerance: f64) -> String {
    let magnitude = value.abs().max(1e-300).log10().floor();
    let significant = (magnitude - tolerance.log10().floor() + 2.0).clamp(2.0, 8.0) as usize;
    let decimals = (significant as f64 - 1.0 - magnitude).max(0.0) as usize;
    if (-4.0..7.0).contains(&magnitude) {
        format!("{value:.decimals$}")
    } else {
        format!("{value:.*e}", significant - 1)
    }
}

impl Study {
    /// Asserts that every row is reproduced.
    pub(crate) fn check(&self) {
        let Some(rows) = &*self.rows else { return };
        rows.iter().for_each(|row| println!("{}", row.line()));
        let missed: Vec<String> = rows
            .iter()
            .filter(|row| !row.reproduced())
            .map(Row::line)
            .collect();
        assert!(missed.is_empty(), "{}:\n{}", self.title, missed.join("\n"));
    }

    /// The study's section of the page; `None` where the runs are absent.
    fn section(&self) -> Option<String> {
        let rows = self.rows.as_ref()?;
        let mut text = format!("## {}\n\nFrom `{}`. {}\n\n", self.title, self.files, self.differs);
        text.push_str(
            "| quantity | published | to be reproduced | ours | verdict |\n|---|---|---|---|---|\n",
        );
        for row in rows {
            writeln!(text, "{}", row.line()).unwrap();
        }
        Some(text)
    }
}

/// The page of all studies; each test program that has some writes and holds the part below its own heading.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reproductions.md");

/// Asserts that a part of the page is what is computed, or writes it when `cargo xtask reproductions` asks. A part
/// begins with a heading of the first level, which `head` does.
pub(crate) fn hold(head: &str, studies: &[&Study]) {
    let writing = std::env::var_os("TRIAXIS_WRITE_REPRODUCTIONS").is_some();
    let sections: Option<Vec<String>> = studies.iter().map(|study| study.section()).collect();
    let Some(sections) = sections else {
        assert!(!writing, "the page needs the runs of every study");
        return;
    };
    let text = format!("{head}{}", sections.join("\n"));
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    let mut parts = parts(&written);
    let heading = head.lines().next().unwrap_or_default();
    let place = parts.iter().position(|part| part.lines().next() == Some(heading));
    let old = place.map_or("", |place| parts[place].trim_end());
    if writing {
        match place {
            Some(place) => parts[place] = text,
            None => parts.push(text),
        }
        let page: Vec<&str> = parts.iter().map(|part| part.trim_end()).collect();
        std::fs::write(PAGE, format!("{}\n", page.join("\n\n"))).unwrap();
        return;
    }
    let stale = text.lines().zip(old.lines().chain(std::iter::repeat("")));
    let first = stale.into_iter().find(|(new, old)| new != old);
    assert!(
        text.trim_end() == old,
        "docs/reproductions.md is stale: run `cargo xtask reproductions`; first difference: {first:?}"
    );
}

/// The page cut before each heading of the first level.
fn parts(page: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in page.split_inclusive('\n') {
        match parts.last_mut().filter(|_| !line.starts_with("# ")) {
            Some(part) => part.push_str(line),
            None => parts.push(line.to_owned()),
        }
    }
    parts
}
