//! Expressions over given numbers, each of which may stand once, in exact arithmetic.

use crate::rational::Rational;

/// Why an expression has no value that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is none.
    Unparsable(&'static str),
    /// It takes a number that is not there or no more, divides by zero, or leaves the range of numbers.
    Wrong,
}

/// What stands on the stack of operators.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Open,
    /// A minus before an operand.
    Negation,
    Operator(char),
}

const NO_OPERAND: Fault = Fault::Unparsable("an operator stands where a number should");
const NO_OPERATOR: Fault = Fault::Unparsable("a number stands where an operator should");
const UNPAIRED: Fault = Fault::Unparsable("a parenthesis has no partner");

/// The value of an expression of `+ - * /` and parentheses; the numbers that it takes are taken from the pool. Operators
/// of one rank go from left to right (Dijkstra's shunting yard: no recursion, linear in the text).
///
/// # Errors
/// Where it is no expression, or takes what is not there.
pub fn value(text: &str, pool: &mut Vec<Rational>) -> Result<Rational, Fault> {
    let (mut values, mut pending) = (Vec::new(), Vec::new());
    let mut rest = text.trim();
    let mut wants_operand = true;
    while let Some(sign) = rest.chars().next() {
        let after = &rest[sign.len_utf8()..];
        if wants_operand {
            if sign == '(' {
                pending.push(Pending::Open);
                rest = after.trim_start();
                continue;
            }
            let is_minus = operator(sign) == Some('-');
            let found = literal(rest).and_then(|(number, after)| {
                let place = pool.iter().position(|other| *other == number);
                Ok((pool.swap_remove(place.ok_or(Fault::Wrong)?), after))
            });
            // A number below zero may have been made; else a minus turns what follows, which reaches no number above
            // zero that differences would not reach.
            match found {
                Ok((number, after)) => {
                    values.push(number);
                    rest = after.trim_start();
                    wants_operand = false;
                }
                Err(_) if is_minus => {
                    pending.push(Pending::Negation);
                    rest = after.trim_start();
                }
                Err(fault) => return Err(fault),
            }
            continue;
        }
        match operator(sign) {
            Some(operator) => {
                reduce(&mut values, &mut pending, rank(operator))?;
                pending.push(Pending::Operator(operator));
                wants_operand = true;
            }
            None if sign == ')' => {
                reduce(&mut values, &mut pending, 0)?;
                if pending.pop() != Some(Pending::Open) {
                    return Err(UNPAIRED);
                }
            }
            None if sign.is_ascii_digit() || sign == '(' => return Err(NO_OPERATOR),
            None => return Err(Fault::Unparsable("a sign is part of no expression")),
        }
        rest = after.trim_start();
    }
    if wants_operand {
        return Err(NO_OPERAND);
    }
    reduce(&mut values, &mut pending, 0)?;
    match (values.pop(), pending.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err(UNPAIRED),
    }
}

/// Does the operations that are waiting, back to a parenthesis or to a lower rank.
fn reduce(values: &mut Vec<Rational>, pending: &mut Vec<Pending>, least: u8) -> Result<(), Fault> {
    loop {
        let made = match pending.last() {
            Some(Pending::Negation) => {
                let value = values.pop().ok_or(NO_OPERAND)?;
                Rational::whole(0).minus(value)
            }
            Some(&Pending::Operator(operator)) if rank(operator) >= least => {
                let (right, left) = (values.pop().ok_or(NO_OPERAND)?, values.pop().ok_or(NO_OPERAND)?);
                apply(operator, left, right)
            }
            _ => return Ok(()),
        };
        pending.pop();
        values.push(made.ok_or(Fault::Wrong)?);
    }
}

/// What an operator makes of two numbers, unless that is too large or a division by zero.
pub fn apply(operator: char, left: Rational, right: Rational) -> Option<Rational> {
    match operator {
        '+' => left.plus(right),
        '-' => left.minus(right),
        '*' => left.times(right),
        _ => left.over(right),
    }
}

fn rank(operator: char) -> u8 {
    if matches!(operator, '+' | '-') { 1 } else { 2 }
}

fn operator(sign: char) -> Option<char> {
    match sign {
        '+' | '-' | '*' | '/' => Some(sign),
        '\u{2212}' => Some('-'),
        '\u{d7}' | '\u{b7}' => Some('*'),
        '\u{f7}' => Some('/'),
        _ => None,
    }
}

/// The whole number, with its sign, that a text begins with.
fn literal(text: &str) -> Result<(Rational, &str), Fault> {
    let unsigned = text.strip_prefix(['-', '\u{2212}']).unwrap_or(text);
    let is_negative = unsigned.len() < text.len();
    let end = unsigned
        .find(|sign: char| !sign.is_ascii_digit())
        .unwrap_or(unsigned.len());
    if end == 0 {
        return Err(NO_OPERAND);
    }
    // More digits than a number of the pool can have.
    let number: i128 = unsigned[..end].parse().map_err(|_| Fault::Wrong)?;
    let number = Rational::whole(if is_negative { -number } else { number });
    Ok((number, &unsigned[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, pool: &[i128]) -> Result<Rational, Fault> {
        value(
            text,
            &mut pool.iter().map(|&number| Rational::whole(number)).collect(),
        )
    }

    #[test]
    fn expressions_have_their_exact_values() {
        for (text, pool, value) in [
            ("8/(3-8/3)", [3, 3, 8, 8], 24),
            ("8-3-3*8", [3, 3, 8, 8], -19),
            ("( 8 + 3 ) * 3", [3, 3, 8, 8], 33),
            ("8\u{d7}3\u{2212}8\u{f7}8", [3, 8, 8, 8], 23),
            ("-3+8", [-3, 3, 8, 8], 5),
            ("8--3", [-3, 3, 8, 8], 11),
            ("-3+8*-(3-8)", [3, 3, 8, 8], 37),
            ("--8", [3, 3, 8, 8], 8),
        ] {
            assert_eq!(of(text, &pool), Ok(Rational::whole(value)), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_told_from_what_has_no_value() {
        for text in [
            "", "3+", "*3", "3 3", "(3", "3)", "()", "3+a", "3(8)", "3.5", "+3",
        ] {
            assert!(
                matches!(of(text, &[3, 3, 8, 8]), Err(Fault::Unparsable(_))),
                "{text}"
            );
        }
        for text in ["3+3+3", "7", "3/(8-8)", "-7", &"3".repeat(100)] {
            assert_eq!(of(text, &[3, 3, 8, 8]), Err(Fault::Wrong), "{text}");
        }
    }

    #[test]
    fn parentheses_without_number_take_no_stack() {
        let deep = "(".repeat(1 << 20);
        assert!(of(&deep, &[3]).is_err());
        assert_eq!(
            of(&format!("{}3", "-".repeat(1 << 20)), &[3]),
            Ok(Rational::whole(3))
        );
        let paired = format!("{deep}3{}", ")".repeat(1 << 20));
        assert_eq!(of(&paired, &[3]), Ok(Rational::whole(3)));
    }
}
