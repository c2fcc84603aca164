//! A law in LaTeX, with its numbers in the place of its parameters.

use triaxis_laws::Fit;
use triaxis_laws::form::Definition;

use crate::equation::with_numbers;

/// The fitted law in LaTeX, for a display of its own.
pub fn with_values(definition: &Definition, fit: &Fit) -> String {
    written(&with_numbers(definition, fit))
}

/// An equation in plain text as LaTeX.
///
/// ```text
/// equations = equation ("," equation)*      equation = sum ("=" sum)*
/// sum = product (("+" | "-") product)*      product = power (("*" | "/")? power)*
/// power = atom ("^" sign? atom)?            atom = number | name | function argument | "(" sum ")"
/// ```
fn written(equation: &str) -> String {
    let mut writer = Writer {
        tokens: tokens(equation),
        at: 0,
    };
    let mut text = writer.sum();
    while let Some(token) = writer.next() {
        text.push_str(match token {
            "," => ", \\quad ",
            "=" => " = ",
            // What no equation has: shown rather than lost.
            other => other,
        });
        text.push_str(&writer.sum());
    }
    text
}

/// Numbers, names and signs. A sign in an exponent of ten belongs to its number.
fn tokens(equation: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = equation.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            first if first.is_ascii_digit() => number_length(rest),
            first if first.is_alphabetic() => {
                let is_in = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '\'');
                rest.find(|sign| !is_in(sign)).unwrap_or(rest.len())
            }
            other => other.len_utf8(),
        };
        tokens.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    tokens
}

fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        let end = text[from..].find(|sign: char| !sign.is_ascii_digit() && sign != '.');
        end.map_or(text.len(), |end| from + end)
    };
    let mantissa = digits(0);
    let exponent = text[mantissa..].strip_prefix('e').map(|rest| {
        let sign = usize::from(rest.starts_with(['-', '+']));
        (
            mantissa + 1 + sign,
            rest[sign..].starts_with(|sign: char| sign.is_ascii_digit()),
        )
    });
    match exponent {
        Some((from, true)) => digits(from),
        _ => mantissa,
    }
}

struct Writer<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Writer<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> String {
        let mut text = String::new();
        if self.take("-") {
            text.push('-');
        }
        text.push_str(&self.product());
        while let Some(sign @ ("+" | "-")) = self.peek() {
            self.at += 1;
            text.push_str(&format!(" {sign} {}", self.product()));
        }
        text
    }

    fn product(&mut self) -> String {
        let mut text = self.power();
        while let Some(token) = self.peek() {
            match token {
                "/" => {
                    self.at += 1;
                    text = format!("\\frac{{{}}}{{{}}}", bare(&text), bare(&self.power()));
                }
                "*" => {
                    self.at += 1;
                    text.push_str(&format!(" \\cdot {}", self.power()));
                }
                "+" | "-" | ")" | "," | "=" | "^" => break,
                _ => {
                    let number = text.ends_with(|sign: char| sign.is_ascii_digit() || sign == '}');
                    let factor = self.power();
                    let is_number = factor.starts_with(|sign: char| sign.is_ascii_digit());
                    text.push_str(if number && is_number { " \\cdot " } else { "\\, " });
                    text.push_str(&factor);
                }
            }
        }
        text
    }

    fn power(&mut self) -> String {
        let base = self.atom();
        match self.take("^") {
            true => {
                let sign = if self.take("-") { "-" } else { "" };
                let base = if base.contains("\\times") {
                    format!("\\left({base}\\right)")
                } else {
                    base
                };
                format!("{base}^{{{sign}{}}}", bare(&self.atom()))
            }
            false => base,
        }
    }

    fn atom(&mut self) -> String {
        let Some(token) = self.next() else {
            return String::new();
        };
        match token {
            "(" => {
                let inner = self.sum();
                self.take(")");
                format!("\\left({inner}\\right)")
            }
            "exp" | "ln" => format!("\\{token}{}", self.argument()),
            "log10" => format!("\\log_{{10}}{}", self.argument()),
            "Beta" => {
                let mut inner = String::new();
                if self.take("(") {
                    inner = self.sum();
                    while self.take(",") {
                        inner = format!("{inner}, {}", self.sum());
                    }
                    self.take(")");
                }
                format!("\\mathrm{{B}}\\left({inner}\\right)")
            }
            token if token.starts_with(|sign: char| sign.is_ascii_digit()) => written_number(token),
            name => written_name(name),
        }
    }

    /// What a function is of: in parentheses, or the next name.
    fn argument(&mut self) -> String {
        match self.peek() {
            Some("(") => self.atom(),
            _ => format!(" {}", self.atom()),
        }
    }
}

/// Without the parentheses that a fraction or an exponent makes needless.
fn bare(text: &str) -> &str {
    let inner = text
        .strip_prefix("\\left(")
        .and_then(|rest| rest.strip_suffix("\\right)"));
    // `(a) (b)` begins and ends with parentheses, too.
    inner
        .filter(|inner| !inner.contains("\\right)") || balanced(inner))
        .unwrap_or(text)
}

fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut rest = text;
    loop {
        let next = [rest.find("\\left("), rest.find("\\right)")];
        match next {
            [None, None] => return depth == 0,
            [Some(open), Some(close)] if open < close => (depth, rest) = (depth + 1, &rest[open + 6..]),
            [Some(open), None] => (depth, rest) = (depth + 1, &rest[open + 6..]),
            [_, Some(close)] => (depth, rest) = (depth - 1, &rest[close + 7..]),
        }
        if depth < 0 {
            return false;
        }
    }
}

fn written_number(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa} \\times 10^{{{exponent}}}"),
        None => text.to_owned(),
    }
}

/// Columns by the letters of the field, Greek letters by their names, and other words upright.
fn written_name(name: &str) -> String {
    const LETTERS: [(&str, &str); 6] = [
        ("params", "N"),
        ("tokens", "D"),
        ("flops", "C"),
        ("loss", "L"),
        ("params_opt", "N^{*}"),
        ("tokens_opt", "D^{*}"),
    ];
    const GREEK: [&str; 7] = ["alpha", "beta", "gamma", "eta", "epsilon", "delta", "kappa"];
    let whole = LETTERS.iter().find(|(column, _)| *column == name);
    if let Some((_, letter)) = whole {
        return (*letter).to_owned();
    }
    let unprimed = name.trim_end_matches('\'');
    let primes = &name[unprimed.len()..];
    if let Some((head, below)) = unprimed.split_once('_') {
        let below = below.replace('_', " ");
        let below = match below.chars().count() {
            1 => below,
            _ => format!("\\mathrm{{{}}}", below.replace(' ', "\\ ")),
        };
        return format!("{}_{{{below}}}{primes}", written_name(head));
    }
    let head = match unprimed {
        letter if GREEK.contains(&letter) => format!("\\{letter}"),
        letter if letter.chars().count() == 1 => letter.to_owned(),
        word => match LETTERS.iter().find(|(column, _)| *column == word) {
            Some((_, letter)) => (*letter).to_owned(),
            None => format!("\\mathrm{{{word}}}"),
        },
    };
    head + primes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;

    #[test]
    fn equations_become_fractions_powers_and_letters() {
        for (plain, latex) in [
            (
                "loss = 1.817 + 477.8 / params^0.3478 + 2.1e5 / tokens^0.3658",
                "L = 1.817 + \\frac{477.8}{N^{0.3478}} + \\frac{2.1 \\times 10^{5}}{D^{0.3658}}",
            ),
            (
                "loss = E + (A / params^alpha + B / tokens^beta)^gamma",
                "L = E + \\left(\\frac{A}{N^{\\alpha}} + \\frac{B}{D^{\\beta}}\\right)^{\\gamma}",
            ),
            (
                "loss = E + A flops^-c_0 (1 + (flops / d)^(1/f))^(-c_1 f)",
                "L = E + A\\, C^{-c_{0}}\\, \\left(1 + \\left(\\frac{C}{d}\\right)^{\\frac{1}{f}}\\right)^{-c_{1}\\, f}",
            ),
            (
                "coverage = 1 - Beta(alpha, beta + samples) / Beta(alpha, beta)",
                "\\mathrm{coverage} = 1 - \\frac{\\mathrm{B}\\left(\\alpha, \\beta + \\mathrm{samples}\\right)}{\\mathrm{B}\\left(\\alpha, \\beta\\right)}",
            ),
            (
                "loss = E + (a M^eta + b M^-eta) / C^eta, M = tokens / params",
                "L = E + \\frac{a\\, M^{\\eta} + b\\, M^{-\\eta}}{C^{\\eta}}, \\quad M = \\frac{D}{N}",
            ),
            ("score = 2 3 x", "\\mathrm{score} = 2 \\cdot 3\\, x"),
        ] {
            assert_eq!(written(plain), latex);
        }
    }

    #[test]
    fn every_law_is_written_and_its_braces_close() {
        for definition in definitions() {
            let latex = written(&definition.equation);
            for (open, close) in [("{", "}"), ("\\left(", "\\right)")] {
                assert_eq!(
                    latex.matches(open).count(),
                    latex.matches(close).count(),
                    "{latex}"
                );
            }
            assert!(
                !latex.contains('/') && !latex.contains('*') || latex.contains("{*}"),
                "{latex}"
            );
            let names: Vec<&str> = tokens(&definition.equation);
            assert!(latex.len() >= names.len(), "{latex}");
        }
    }
}
