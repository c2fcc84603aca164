use crate::error::InferError;

/// What stands for a gap of one token in a text; `<mask:N>` stands for one of N.
pub const MARK: &str = "<mask>";

/// What both begin with.
const BEGIN: &str = "<mask";

/// Bytes after what a mark begins with, within which it ends.
const LONGEST: usize = 24;

/// A part of a text with gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// What is there.
    Text(&'a str),
    /// A gap of so many tokens.
    Gap(usize),
}

/// The parts of a text with gaps, which are written `<mask>` or `<mask:N>`, of at most so many tokens together.
///
/// # Errors
/// When a gap is of no tokens, or all of them are of more.
pub fn pieces(text: &str, most: usize) -> Result<Vec<Piece<'_>>, InferError> {
    let (mut pieces, mut rest, mut left) = (Vec::new(), text, most);
    while let Some(found) = rest.find(BEGIN) {
        let after = &rest[found + BEGIN.len()..];
        let end = after.bytes().take(LONGEST).position(|byte| byte == b'>');
        let inside = end.map(|end| &after[..end]);
        let Some(inside) = inside.filter(|inside| inside.is_empty() || inside.starts_with(':')) else {
            // Something else that begins like one.
            let end = found + BEGIN.len();
            push(&mut pieces, &rest[..end]);
            rest = &rest[end..];
            continue;
        };
        push(&mut pieces, &rest[..found]);
        let is_number = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_digit());
        let count = match inside.strip_prefix(':') {
            None => Some(1),
            Some(digits) => Some(digits)
                .filter(is_number)
                .and_then(|digits| digits.parse().ok()),
        };
        let count = count.filter(|count| (1..=left).contains(count)).ok_or_else(|| {
            InferError::input(format!(
                "`<mask{inside}>`: a gap is of 1 token at least, and all gaps together of {most} at most, the model's context; \
                 write `<mask>` or `<mask:N>` with fewer"
            ))
        })?;
        left -= count;
        pieces.push(Piece::Gap(count));
        rest = &after[inside.len() + 1..];
    }
    push(&mut pieces, rest);
    Ok(pieces)
}

fn push<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}
