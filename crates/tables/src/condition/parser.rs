//! From text to a condition, by recursive descent.

use std::str::FromStr;

use triaxis_units::Tokens;

use super::{Comparison, Condition, ConditionError, Node, Operand};

/// How deep parentheses and `!` may nest: far more than anyone writes, far less than the stack holds.
const DEEPEST: usize = 64;

/// Whether a name can stand without backticks.
pub(super) fn is_plain(name: &str) -> bool {
    name.starts_with(starts_name) && name.chars().all(continues_name)
}

fn starts_name(sign: char) -> bool {
    sign.is_alphabetic() || sign == '_'
}

fn continues_name(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '.')
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
        };
        let root = parser.any()?;
        match parser.rest().is_empty() {
            true => Ok(Self { root }),
            false => Err(parser.wrong("expected `&&`, `||` or the end")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// What is left, without leading white space.
    fn rest(&mut self) -> &'a str {
        let left = &self.text[self.at..];
        let trimmed = left.trim_start();
        self.at += left.len() - trimmed.len();
        trimmed
    }

    fn wrong(&self, problem: impl Into<String>) -> ConditionError {
        ConditionError {
            text: self.text.to_owned(),
            position: self.text[..self.at].chars().count() + 1,
            problem: problem.into(),
        }
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    /// `all || all ...`
    fn any(&mut self) -> Result<Node, ConditionError> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.takes("||") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Node::Or))
    }

    /// `one && one ...`
    fn all(&mut self) -> Result<Node, ConditionError> {
        let first = self.one()?;
        let mut parts = vec![first];
        while self.takes("&&") {
            parts.push(self.one()?);
        }
        Ok(single(parts, Node::And))
    }

    /// `!one`, `(any)` or a comparison.
    fn one(&mut self) -> Result<Node, ConditionError> {
        if self.depth == DEEPEST {
            return Err(self.wrong(format!("nested deeper than {DEEPEST}")));
        }
        self.depth += 1;
        let node = if self.takes("!") {
            Node::Not(Box::new(self.one()?))
        } else if self.takes("(") {
            let inner = self.any()?;
            if !self.takes(")") {
                return Err(self.wrong("expected `)`"));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn comparison(&mut self) -> Result<Node, ConditionError> {
        self.rest();
        let start = self.at;
        let left = self.operand()?;
        let found = Comparison::ALL.iter().find(|(sign, _)| self.takes(sign));
        let Some((_, comparison)) = found else {
            let problem = match self.rest().starts_with('=') {
                true => "expected `==` to compare",
                false => "expected one of `<`, `<=`, `>`, `>=`, `==`, `!=`",
            };
            return Err(self.wrong(problem));
        };
        let right = self.operand()?;
        let is = |what: fn(&Operand) -> bool| what(&left) || what(&right);
        if !is(|operand| matches!(operand, Operand::Column(_))) {
            self.at = start;
            return Err(self.wrong("expected a column on one side"));
        }
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if ordered && is(|operand| matches!(operand, Operand::Text(_))) {
            self.at = start;
            return Err(self.wrong("texts are compared by `==` and `!=` only"));
        }
        Ok(Node::Compare(left, *comparison, right))
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        let rest = self.rest();
        match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(Operand::Text),
            Some('`') => self.quoted('`').map(Operand::Column),
            Some(sign) if starts_name(sign) => {
                let end = rest.find(|sign| !continues_name(sign)).unwrap_or(rest.len());
                self.at += end;
                Ok(Operand::Column(rest[..end].to_owned()))
            }
            Some('0'..='9' | '.' | '-' | '+') => self.number(rest).map(Operand::Number),
            Some(sign) => Err(self.wrong(format!("`{sign}` is no column, number or text in quotes"))),
            None => Err(self.wrong("expected a column, a number or a text in quotes")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, ConditionError> {
        let inner = &self.rest()[1..];
        let Some(end) = inner.find(quote) else {
            return Err(self.wrong(format!("no closing {quote}")));
        };
        self.at += end + 2;
        Ok(inner[..end].to_owned())
    }

    /// A plain number, or a count as `7B`.
    fn number(&mut self, rest: &str) -> Result<f64, ConditionError> {
        let bytes = rest.as_bytes();
        let after_exponent = |at: usize| at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        let within = |(at, sign): &(usize, char)| {
            sign.is_ascii_alphanumeric()
                || matches!(sign, '.' | '_')
                || (matches!(sign, '-' | '+') && (*at == 0 || after_exponent(*at)))
        };
        let length = rest.char_indices().take_while(within).count();
        let written = &rest[..length];
        let plain = written.parse::<f64>().ok();
        let count = || written.parse::<Tokens>().ok().map(Tokens::as_f64);
        let Some(number) = plain.or_else(count).filter(|number| number.is_finite()) else {
            return Err(self.wrong(format!(
                "`{written}` is not a number; write 7000000000, 7e9 or 7B"
            )));
        };
        self.at += length;
        Ok(number)
    }
}

fn single(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::condition::Row;

    struct Fixed(BTreeMap<&'static str, &'static str>);

    impl Row for Fixed {
        type Error = Infallible;
        fn number(&self, column: &str) -> Result<Option<f64>, Infallible> {
            Ok(self.0.get(column).and_then(|text| text.parse().ok()))
        }
        fn text(&self, column: &str) -> Result<String, Infallible> {
            Ok(self.0.get(column).copied().unwrap_or_default().to_owned())
        }
    }

    #[track_caller]
    fn check(condition: &str, expected: bool) {
        let row = Fixed(BTreeMap::from([
            ("loss", "3.5"),
            ("N", "7e9"),
            ("corpus", "c4"),
            ("bad", ""),
        ]));
        let condition: Condition = condition.parse().unwrap();
        assert_eq!(condition.holds(&row).unwrap(), expected, "{condition}");
    }

    #[test]
    fn comparisons_and_their_joins() {
        for holds in [
            "loss < 4",
            "loss<=3.5",
            "4>loss",
            "N == 7B",
            "N <= 7_000_000_000 && loss > 1e-3",
            "corpus == \"c4\"",
            "corpus != 'pile'",
            "`loss` < N",
            "loss > 9 || loss > 1 && N > 1M",
            "!(loss > 9)",
            "! loss > 9",
            "bad == \"\"",
            "loss > -1",
        ] {
            check(holds, true);
        }
        for fails in [
            "loss < 3",
            "bad < 1",
            "bad != 1",
            "corpus == \"C4\"",
            "(loss > 9 || loss > 1) && N > 1T",
        ] {
            check(fails, false);
        }
    }

    #[test]
    fn what_is_no_condition_is_told_where_and_why() {
        for (text, position, problem) in [
            ("", 1, "expected a column"),
            ("loss", 5, "expected one of"),
            ("loss = 4", 6, "expected `==`"),
            ("loss < 4 N > 1", 10, "expected `&&`"),
            ("loss < 4Q", 8, "`4Q` is not a number"),
            ("(loss < 4", 10, "expected `)`"),
            ("corpus == \"c4", 11, "no closing"),
            ("corpus < \"c4\"", 1, "texts are compared"),
            ("1 < 2", 1, "expected a column on one side"),
            ("loss < #", 8, "`#` is no column"),
            ("loss < 1e999", 8, "is not a number"),
        ] {
            let error = text.parse::<Condition>().unwrap_err();
            assert!(error.problem.contains(problem), "{text}: {error}");
            assert_eq!(error.position, position, "{text}: {error}");
        }
    }

    #[test]
    fn nesting_ends_in_an_error_before_the_stack_does() {
        for deep in ["(".repeat(100_000), "!".repeat(100_000)] {
            assert!(
                deep.parse::<Condition>()
                    .unwrap_err()
                    .problem
                    .contains("nested deeper")
            );
        }
    }

    fn operand() -> impl Strategy<Value = (Operand, Operand)> {
        let column = prop_oneof!["[a-zA-Z_][a-zA-Z0-9_.]{0,8}", "[^`]{1,8}"].prop_map(Operand::Column);
        let number = any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Operand::Number);
        let other = prop_oneof![number, column.clone()];
        (column, other)
    }

    fn node() -> impl Strategy<Value = Node> {
        let text = ("[a-z]{1,5}", "[^\"']{0,9}").prop_map(|(column, text)| {
            Node::Compare(Operand::Column(column), Comparison::NotEqual, Operand::Text(text))
        });
        let numbers = (operand(), 0..6_usize)
            .prop_map(|((left, right), sign)| Node::Compare(left, Comparison::ALL[sign].1, right));
        let leaf = prop_oneof![text, numbers];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let parts = prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                inner.prop_map(|node| Node::Not(Box::new(node))),
                parts.clone().prop_map(Node::And),
                parts.prop_map(Node::Or),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(root in node()) {
            let condition = Condition { root };
            prop_assert_eq!(condition.to_string().parse::<Condition>(), Ok(condition));
        }

        #[test]
        fn no_text_panics(text in "[ !()<>=&|a-z0-9.\"'`Bé+-]{0,40}") {
            if let Err(error) = text.parse::<Condition>() {
                prop_assert!(error.position <= text.chars().count() + 1);
            }
        }
    }
}
