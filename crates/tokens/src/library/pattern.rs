//! Which regular expressions of a `tokenizer.json` are looked for. Most are matched in time linear in a text; what looks
//! ahead or behind is tried again from each place, which must not be for long.

/// The longest expression, in bytes, and its deepest groups.
const LONGEST: usize = 10_000;
const DEEPEST: u32 = 16;

/// What an alternative that looks around may hold: repetitions without an end, and how often what has one is repeated. A
/// group with choices of its own is not repeated there at all: each time doubles the ways to match.
const MOST_ENDLESS: usize = 3;
const MOST_TIMES: u32 = 100;
/// And choices beside each other: so many double the ways to match as often.
const MOST_CHOICES: usize = 8;

/// Why an expression is not looked for; nothing where it is.
pub(super) fn fault(pattern: &str) -> Option<String> {
    if pattern.len() > LONGEST {
        return Some(format!(
            "a pattern of {} bytes, and {LONGEST} are the most",
            pattern.len()
        ));
    }
    let mut parser = regex_syntax::ParserBuilder::new();
    if parser.nest_limit(DEEPEST).build().parse(pattern).is_ok() {
        return None;
    }
    match Scan::of(pattern) {
        scan if scan.refers_back => Some(format!(
            "the pattern `{}` refers back to what it found",
            shown(pattern)
        )),
        scan if scan.deepest > DEEPEST => Some(format!(
            "groups of a pattern lie deeper than {DEEPEST} in each other"
        )),
        scan if scan.is_heavy => Some(format!(
            "the pattern `{}` looks around beside more than {MOST_ENDLESS} endless repetitions, {MOST_TIMES} counted ones, \
             {MOST_CHOICES} choices, or a choice that is repeated",
            shown(pattern)
        )),
        _ => None,
    }
}

/// The fewest bytes that an expression matches; 0 where that is not known.
pub(super) fn least(pattern: &str) -> usize {
    let parsed = regex_syntax::parse(pattern).ok();
    parsed
        .and_then(|parsed| parsed.properties().minimum_len())
        .unwrap_or(0)
}

/// The beginning of an expression.
fn shown(pattern: &str) -> String {
    pattern.chars().take(60).collect()
}

/// What an expression that looks around is made of.
#[derive(Default)]
struct Scan {
    refers_back: bool,
    deepest: u32,
    is_heavy: bool,
}

/// What stands between two bars outside of groups.
#[derive(Default)]
struct Alternative {
    looks_around: bool,
    /// Repetitions without an end, those within a repeated group as often as it is repeated.
    endless: usize,
    times: u32,
    /// Bars within groups, and what may be there or not, or more often or less.
    choices: usize,
}

impl Alternative {
    fn is_heavy(&self) -> bool {
        self.looks_around
            && (self.endless > MOST_ENDLESS || self.times > MOST_TIMES || self.choices > MOST_CHOICES)
    }
}

/// How often what stands before is repeated.
struct Repeated {
    times: u32,
    is_endless: bool,
    varies: bool,
}

impl Repeated {
    /// As the beginning of the rest of an expression says.
    fn of(rest: &str) -> Self {
        let count = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
        let most = count.and_then(|count| count.rsplit(',').find_map(|times| times.parse::<u32>().ok()));
        Self {
            times: most.unwrap_or(1).max(1),
            is_endless: rest.starts_with(['*', '+']) || count.is_some_and(|count| count.ends_with(',')),
            varies: rest.starts_with('?') || count.is_some_and(|count| count.contains(',')),
        }
    }
}

impl Scan {
    fn of(pattern: &str) -> Self {
        let mut scan = Self::default();
        let (mut depth, mut one) = (0u32, Alternative::default());
        // How many repetitions without an end and choices there were where each group began.
        let mut groups = Vec::new();
        let mut rest = pattern;
        while let Some(sign) = rest.chars().next() {
            let repeated = Repeated::of(rest);
            rest = &rest[sign.len_utf8()..];
            match sign {
                '\\' => {
                    let escaped = rest.chars().next();
                    scan.refers_back |=
                        escaped.is_some_and(|sign| matches!(sign, '1'..='9' | 'k' | 'g' | 'G' | 'K'));
                    rest = &rest[escaped.map_or(0, char::len_utf8)..];
                }
                '[' => rest = behind_class(rest),
                '(' => {
                    depth += 1;
                    scan.deepest = scan.deepest.max(depth);
                    groups.push((one.endless, one.choices));
                    let begins = |with: &[&str]| with.iter().any(|with| rest.starts_with(with));
                    one.looks_around |= begins(&["?=", "?!", "?<=", "?<!", "?>"]);
                    scan.refers_back |= begins(&["?(", "?P=", "?P>", "?R", "?&"]);
                    if rest.starts_with('?') {
                        rest = &rest[1..];
                    }
                }
                ')' => {
                    depth = depth.saturating_sub(1);
                    let (before, choices) = groups.pop().unwrap_or_default();
                    let times = match Repeated::of(rest) {
                        Repeated { is_endless: true, .. } => usize::MAX,
                        Repeated { times, .. } => times as usize,
                    };
                    let within = match times > 1 && one.choices > choices {
                        true => usize::MAX,
                        false => one.endless.saturating_sub(before),
                    };
                    one.endless = before.saturating_add(within.saturating_mul(times));
                }
                '*' | '+' | '{' | '?' => {
                    one.choices += usize::from(repeated.varies);
                    one.endless = one.endless.saturating_add(usize::from(repeated.is_endless));
                    one.times = one.times.max(1).saturating_mul(repeated.times);
                }
                '|' if depth == 0 => scan.is_heavy |= std::mem::take(&mut one).is_heavy(),
                '|' => one.choices += 1,
                _ => {}
            }
        }
        scan.is_heavy |= one.is_heavy();
        scan
    }
}

/// What follows a class of characters, which began.
fn behind_class(mut rest: &str) -> &str {
    let mut depth = 1;
    // A bracket that is first is a character of it.
    rest = rest.strip_prefix('^').unwrap_or(rest);
    rest = rest.strip_prefix(']').unwrap_or(rest);
    while let Some(sign) = rest.chars().next().filter(|_| depth > 0) {
        rest = &rest[sign.len_utf8()..];
        match sign {
            '\\' => rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..],
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As published models have them.
    const REAL: [&str; 9] = [
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"[!\x22#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        r" ?[^(\s|[.,!?…。，、।۔،])]+",
        r"(?=(\d{3})+(?!\d))",
        r"\d{1,3}(?=(?:\d{3})*\b)",
        r"[^\n]+|[\n]+",
    ];

    #[test]
    fn what_models_split_by_is_taken_and_what_takes_long_is_not() {
        for pattern in REAL {
            assert_eq!(fault(pattern), None, "{pattern}");
        }
        for pattern in [
            r"(a)\1",
            "a*a*a*a*(?!b)",
            "((?=a){1000}){1000}",
            r"((?!\d)\w+)+\d|.",
            r"(?:(?:\w*)x?)*(?!\d)",
            r"((?!\d)\w+){2,}\d",
            r"((?!\d)\w+){50}\d",
            "(a|a)*(?!b)",
            "((?:a|a)b)+(?!b)",
            "(a|a){50}(?!b)",
            "(a?a?)+(?!b)",
            "(a{0,2}){9}(?!b)",
            &format!("{}(?![ab])|.", "a?".repeat(18)),
            &"(".repeat(17),
            &"a".repeat(LONGEST + 1),
        ] {
            assert!(fault(pattern).is_some(), "{pattern}");
        }
    }

    #[test]
    fn what_is_matched_has_a_least_length() {
        assert_eq!(["a*", "\\s{2,}", "[^a]", "a(?=b)"].map(least), [0, 2, 1, 0]);
    }
}
