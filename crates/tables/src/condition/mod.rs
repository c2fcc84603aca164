//! Conditions on rows: `loss < 4 && (corpus == "c4" || tokens >= 20B)`.

mod parser;

use std::fmt;

use thiserror::Error;

/// A condition on the columns of a row.
///
/// Comparisons are `< <= > >= == !=` between a column and a number, a text in quotes or another column;
/// they are joined by `&&` and `||`, turned round by `!`, and grouped by parentheses. Numbers may be
/// written as `7B` or `1.4T`; a column with other signs in its name stands between backticks. A missing
/// number meets no comparison; a missing text is the empty one.
///
/// ```
/// use triaxis_tables::Condition;
/// let condition: Condition = "compute>1e21&&`Model Size` <= 7B".parse()?;
/// assert_eq!(condition.to_string(), "compute > 1e21 && `Model Size` <= 7000000000");
/// assert_eq!(condition.names(), ["compute", "Model Size"]);
/// # Ok::<(), triaxis_tables::ConditionError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub(crate) root: Node,
}

/// A text that is not a condition.
#[derive(Debug, Clone, PartialEq, Error)]
#[error(
    "'{text}' is not a condition at character {position}: {problem}, as in 'loss < 4 && corpus == \"c4\"'"
)]
pub struct ConditionError {
    /// The text as given.
    pub text: String,
    /// One-based position, in characters.
    pub position: usize,
    /// What is wrong.
    pub problem: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Compare(Operand, Comparison, Operand),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Column(String),
    Number(f64),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        // Two signs before one, so that the longest is read.
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    pub(crate) fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
        }
    }

    fn sign(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, other)| *other == self)
            .map_or("", |(sign, _)| sign)
    }
}

/// What a condition reads: the columns of one row.
pub(crate) trait Row {
    /// Why a value cannot be had.
    type Error;
    /// The number in a column; `None` where it is missing or NaN.
    fn number(&self, column: &str) -> Result<Option<f64>, Self::Error>;
    /// The text in a column; empty where it is missing.
    fn text(&self, column: &str) -> Result<String, Self::Error>;
}

impl Condition {
    /// The columns it reads, each once, in the order of the text.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.names(&mut names);
        names
    }

    /// Its comparisons, in the order of the text.
    pub(crate) fn comparisons(&self) -> Vec<&Node> {
        let mut comparisons = Vec::new();
        self.root.comparisons(&mut comparisons);
        comparisons
    }

    /// Whether named numbers meet it; one that is `None` meets no comparison, and texts are empty.
    ///
    /// ```
    /// let condition: triaxis_tables::Condition = "k > 100".parse()?;
    /// assert!(condition.meets(|name| (name == "k").then_some(200.0)) && !condition.meets(|_| None));
    /// # Ok::<(), triaxis_tables::ConditionError>(())
    /// ```
    pub fn meets(&self, number: impl Fn(&str) -> Option<f64>) -> bool {
        struct Numbers<F>(F);
        impl<F: Fn(&str) -> Option<f64>> Row for Numbers<F> {
            type Error = std::convert::Infallible;
            fn number(&self, column: &str) -> Result<Option<f64>, Self::Error> {
                Ok((self.0)(column))
            }
            fn text(&self, _column: &str) -> Result<String, Self::Error> {
                Ok(String::new())
            }
        }
        let Ok(meets) = self.holds(&Numbers(number));
        meets
    }

    /// Whether a row meets it.
    pub(crate) fn holds<R: Row>(&self, row: &R) -> Result<bool, R::Error> {
        self.root.holds(row)
    }
}

impl Node {
    fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Compare(left, _, right) => {
                for operand in [left, right] {
                    if let Operand::Column(name) = operand
                        && !names.contains(&name.as_str())
                    {
                        names.push(name);
                    }
                }
            }
            Self::Not(inner) => inner.names(names),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.names(names)),
        }
    }

    fn comparisons<'a>(&'a self, comparisons: &mut Vec<&'a Self>) {
        match self {
            Self::Compare(..) => comparisons.push(self),
            Self::Not(inner) => inner.comparisons(comparisons),
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.comparisons(comparisons));
            }
        }
    }

    fn holds<R: Row>(&self, row: &R) -> Result<bool, R::Error> {
        match self {
            Self::Compare(left, comparison, right) => compare(row, left, *comparison, right),
            Self::Not(inner) => inner.holds(row).map(|holds| !holds),
            Self::And(parts) => {
                for part in parts {
                    if !part.holds(row)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.holds(row)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

fn compare<R: Row>(
    row: &R,
    left: &Operand,
    comparison: Comparison,
    right: &Operand,
) -> Result<bool, R::Error> {
    let is_text = [left, right]
        .iter()
        .any(|operand| matches!(operand, Operand::Text(_)));
    if is_text {
        let text = |operand: &Operand| match operand {
            Operand::Column(name) => row.text(name),
            Operand::Text(text) => Ok(text.clone()),
            Operand::Number(number) => Ok(number.to_string()),
        };
        return Ok(comparison.holds(text(left)?, text(right)?));
    }
    let number = |operand: &Operand| match operand {
        Operand::Column(name) => row.number(name),
        Operand::Number(number) => Ok(Some(*number)),
        Operand::Text(_) => Ok(None),
    };
    let both = number(left)?.zip(number(right)?);
    Ok(both.is_some_and(|(left, right)| comparison.holds(left, right)))
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(formatter)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |parts: &[Self], sign: &str, formatter: &mut fmt::Formatter<'_>| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(formatter, " {sign} ")?;
                }
                match part {
                    Self::And(_) | Self::Or(_) => write!(formatter, "({part})")?,
                    _ => part.fmt(formatter)?,
                }
            }
            Ok(())
        };
        match self {
            Self::Compare(left, comparison, right) => {
                write!(formatter, "{left} {} {right}", comparison.sign())
            }
            Self::Not(inner) => write!(formatter, "!({inner})"),
            Self::And(parts) => joined(parts, "&&", formatter),
            Self::Or(parts) => joined(parts, "||", formatter),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(name) if parser::is_plain(name) => formatter.write_str(name),
            Self::Column(name) => write!(formatter, "`{name}`"),
            Self::Number(number) if number.abs() >= 1e15 => write!(formatter, "{number:e}"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Text(text) if text.contains('"') => write!(formatter, "'{text}'"),
            Self::Text(text) => write!(formatter, "\"{text}\""),
        }
    }
}
