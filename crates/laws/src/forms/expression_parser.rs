//! The grammar of a user's equation, and its evaluation with derivatives (forward mode).
//!
//! ```text
//! sum     = product (("+" | "-") product)*
//! product = unary (("*" | "/") unary)*
//! unary   = "-" unary | power
//! power   = atom ("^" unary)?
//! atom    = number | name | function "(" sum ")" | "(" sum ")"
//! ```

use crate::form::MOST_PARAMETERS;

/// Deepest nesting, so that no input exhausts the stack.
const DEEPEST: usize = 100;

/// A function of one argument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    Exp,
    Ln,
    Log10,
    Sqrt,
    Minus,
}

/// An equation as a tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Number(f64),
    Column(usize),
    Parameter(usize),
    Call(Function, Box<Node>),
    Binary(char, Box<Node>, Box<Node>),
}

/// A value with its derivative by every parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dual {
    pub(super) value: f64,
    pub(super) slopes: [f64; MOST_PARAMETERS],
}

impl Dual {
    fn constant(value: f64) -> Self {
        Self {
            value,
            slopes: [0.0; MOST_PARAMETERS],
        }
    }

    /// `value` with the slopes of `first` and `second` weighted by its partial derivatives.
    fn chain(value: f64, first: &Self, by_first: f64, second: &Self, by_second: f64) -> Self {
        let slopes = std::array::from_fn(|at| {
            // A zero slope stays zero where the partial derivative is infinite.
            let part = |slope: f64, by: f64| if slope == 0.0 { 0.0 } else { slope * by };
            part(first.slopes[at], by_first) + part(second.slopes[at], by_second)
        });
        Self { value, slopes }
    }
}

impl Node {
    /// Whether a parameter occurs.
    pub(super) fn mentions(&self, parameter: usize) -> bool {
        match self {
            Self::Parameter(at) => *at == parameter,
            Self::Number(_) | Self::Column(_) => false,
            Self::Call(_, argument) => argument.mentions(parameter),
            Self::Binary(_, first, second) => first.mentions(parameter) || second.mentions(parameter),
        }
    }

    /// Value and derivatives.
    pub(super) fn evaluate(&self, parameters: &[f64], inputs: &[f64]) -> Dual {
        match self {
            Self::Number(value) => Dual::constant(*value),
            Self::Column(at) => Dual::constant(inputs[*at]),
            Self::Parameter(at) => {
                let mut dual = Dual::constant(parameters[*at]);
                dual.slopes[*at] = 1.0;
                dual
            }
            Self::Call(function, argument) => {
                let inner = argument.evaluate(parameters, inputs);
                let x = inner.value;
                let (value, by) = match function {
                    Function::Exp => (x.exp(), x.exp()),
                    Function::Ln => (x.ln(), x.recip()),
                    Function::Log10 => (x.log10(), (x * std::f64::consts::LN_10).recip()),
                    Function::Sqrt => (x.sqrt(), 0.5 / x.sqrt()),
                    Function::Minus => (-x, -1.0),
                };
                Dual::chain(value, &inner, by, &Dual::constant(0.0), 0.0)
            }
            Self::Binary(operator, first, second) => {
                let (a, b) = (
                    first.evaluate(parameters, inputs),
                    second.evaluate(parameters, inputs),
                );
                let (x, y) = (a.value, b.value);
                let (value, by_a, by_b) = match operator {
                    '+' => (x + y, 1.0, 1.0),
                    '-' => (x - y, 1.0, -1.0),
                    '*' => (x * y, y, x),
                    '/' => (x / y, y.recip(), -x / (y * y)),
                    _ => (x.powf(y), y * x.powf(y - 1.0), x.powf(y) * x.ln()),
                };
                Dual::chain(value, &a, by_a, &b, by_b)
            }
        }
    }
}

/// Parses an equation; names that are not parameters are columns, listed in the order they appear.
///
/// The error is a character position and what is wrong there.
pub(super) fn parse(text: &str, parameters: &[&str]) -> Result<(Node, Vec<String>), (usize, String)> {
    let characters: Vec<char> = text.chars().collect();
    let mut parser = Parser {
        text: &characters,
        at: 0,
        depth: 0,
        parameters,
        columns: Vec::new(),
    };
    let root = parser.sum()?;
    match parser.peek() {
        None if parser.columns.is_empty() => Err((0, "it names no column".into())),
        None => Ok((root, parser.columns)),
        Some(found) => Err((
            parser.at,
            format!("unexpected `{found}`; an operator or the end must follow"),
        )),
    }
}

struct Parser<'a> {
    text: &'a [char],
    at: usize,
    depth: usize,
    parameters: &'a [&'a str],
    columns: Vec<String>,
}

type Parsed = Result<Node, (usize, String)>;

impl Parser<'_> {
    /// The next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        while self
            .text
            .get(self.at)
            .is_some_and(|character| character.is_whitespace())
        {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn sum(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err((self.at, format!("nested more than {DEEPEST} deep")));
        }
        let mut left = self.product()?;
        while let Some(operator @ ('+' | '-')) = self.peek() {
            self.at += 1;
            left = Node::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.unary()?;
        while let Some(operator @ ('*' | '/')) = self.peek() {
            self.at += 1;
            left = Node::Binary(operator, Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err((self.at, format!("nested more than {DEEPEST} deep")));
        }
        let node = if self.peek() == Some('-') {
            self.at += 1;
            Node::Call(Function::Minus, Box::new(self.unary()?))
        } else {
            let base = self.atom()?;
            if self.peek() == Some('^') {
                self.at += 1;
                Node::Binary('^', Box::new(base), Box::new(self.unary()?))
            } else {
                base
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    fn atom(&mut self) -> Parsed {
        match self.peek() {
            Some('(') => self.group(),
            Some(first) if first.is_ascii_digit() || first == '.' => self.number(),
            Some(first) if first.is_alphabetic() || first == '_' => self.name(),
            Some(other) => Err((
                self.at,
                format!("unexpected `{other}`; a number, a name or `(` must stand here"),
            )),
            None => Err((self.at, "it ends where a number, a name or `(` must stand".into())),
        }
    }

    fn group(&mut self) -> Parsed {
        self.at += 1;
        let inner = self.sum()?;
        match self.peek() {
            Some(')') => {
                self.at += 1;
                Ok(inner)
            }
            _ => Err((self.at, "a `)` is missing here".into())),
        }
    }

    fn number(&mut self) -> Parsed {
        let start = self.at;
        while let Some(character) = self.text.get(self.at) {
            let exponent_sign = matches!(character, '+' | '-') && matches!(self.text[self.at - 1], 'e' | 'E');
            let digit = character.is_ascii_digit() || matches!(character, '.' | 'e' | 'E');
            if !(digit || exponent_sign && self.at > start) {
                break;
            }
            self.at += 1;
        }
        let text: String = self.text[start..self.at].iter().collect();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Node::Number(value)),
            _ => Err((start, format!("`{text}` is not a finite number"))),
        }
    }

    fn name(&mut self) -> Parsed {
        let start = self.at;
        while self
            .text
            .get(self.at)
            .is_some_and(|character| character.is_alphanumeric() || *character == '_')
        {
            self.at += 1;
        }
        let name: String = self.text[start..self.at].iter().collect();
        if self.peek() == Some('(') {
            let function = match name.as_str() {
                "exp" => Function::Exp,
                "ln" => Function::Ln,
                "log10" => Function::Log10,
                "sqrt" => Function::Sqrt,
                _ => {
                    return Err((
                        start,
                        format!("no function `{name}`; there are exp, ln, log10 and sqrt"),
                    ));
                }
            };
            return Ok(Node::Call(function, Box::new(self.group()?)));
        }
        if let Some(at) = self.parameters.iter().position(|parameter| *parameter == name) {
            return Ok(Node::Parameter(at));
        }
        let at = self
            .columns
            .iter()
            .position(|column| *column == name)
            .unwrap_or_else(|| {
                self.columns.push(name);
                self.columns.len() - 1
            });
        Ok(Node::Column(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> f64 {
        parse(text, &["p"]).unwrap().0.evaluate(&[3.0], &[2.0]).value
    }

    #[test]
    fn precedence_is_the_usual_one() {
        assert_eq!(value("1 + 2 * x ^ 2"), 9.0);
        assert_eq!(value("-x ^ 2"), -4.0);
        assert_eq!(value("x ^ -1 * 4"), 2.0);
        assert_eq!(value("2 ^ x ^ p"), 256.0);
        assert_eq!(value("8 / x / 2"), 2.0);
        assert_eq!(value("(1 + x) * 1.5e+1"), 45.0);
        assert!((value("exp(ln(x)) + sqrt(4) + log10(100)") - 6.0).abs() < 1e-12);
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, position, part) in [
            ("1 + * x", 4, "unexpected `*`"),
            ("(x", 2, "`)` is missing"),
            ("x +", 3, "ends where"),
            ("sin(x)", 0, "no function `sin`"),
            ("1.2.3 * x", 0, "not a finite number"),
            ("x x", 2, "unexpected `x`"),
            ("1 + p", 0, "no column"),
        ] {
            let (at, problem) = parse(text, &["p"]).unwrap_err();
            assert_eq!(at, position, "{text}: {problem}");
            assert!(problem.contains(part), "{text}: {problem}");
        }
        assert!(parse(&"(".repeat(100_000), &[]).is_err());
        assert!(parse(&"-".repeat(100_000), &[]).is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "[-+*/^()a-z0-9. e]{0,60}") {
            let _ = parse(&text, &["a", "b"]);
        }

        #[test]
        fn slopes_match_differences(p in 0.2..3.0_f64, x in 0.5..4.0_f64) {
            let (node, _) = parse("p ^ 2 / x + exp(-p * x) - sqrt(p) * ln(x + p) + x ^ p", &["p"]).unwrap();
            let step = 1e-6;
            let difference = (node.evaluate(&[p + step], &[x]).value - node.evaluate(&[p - step], &[x]).value) / (2.0 * step);
            prop_assert!((node.evaluate(&[p], &[x]).slopes[0] - difference).abs() < 1e-5 * (1.0 + difference.abs()));
        }
    }
}
