use crate::error::InferError;

/// What stands for a gap of one token in a text; `<mask:N>` stands for one of N.
pub const MARK: &str = "<mask>";

/// The longest gap.
const LONGEST: usize = 1 << 20;

/// A part of a text with gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// What is there.
    Text(&'a str),
    /// A gap of so many tokens.
    Gap(usize),
}

/// The parts of a text with gaps, which are written `<mask>` or `<mask:N>`.
///
/// # Errors
/// When a gap is of no tokens, or of more than a million.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, InferError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(found) = rest.find("<mask") {
        let after = &rest[found + "<mask".len()..];
        let (inside, later) = match after.split_once('>') {
            Some((inside, later)) if inside.is_empty() || inside.starts_with(':') => (inside, later),
            // Something else that begins like one.
            _ => {
                let end = found + "<mask".len();
                push(&mut pieces, &rest[..end]);
                rest = &rest[end..];
                continue;
            }
        };
        push(&mut pieces, &rest[..found]);
        let count = inside.strip_prefix(':').map_or(Ok(1), str::parse::<usize>);
        let count = count.ok().filter(|count| (1..=LONGEST).contains(count));
        let count = count.ok_or_else(|| {
            InferError::input(format!(
                "`<mask{inside}>`: a gap is of 1 to {LONGEST} tokens; write `<mask>` or `<mask:N>`"
            ))
        })?;
        pieces.push(Piece::Gap(count));
        rest = later;
    }
    push(&mut pieces, rest);
    Ok(pieces)
}

fn push<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}
