//! Addresses of the web and of mail, which are one word.

/// Whether a text is an address: a host with its domain in small letters or a public IP, with what may stand before
/// and behind it.
pub(super) fn is_address(text: &str) -> bool {
    if !text.contains('.') {
        return false;
    }
    let host = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
    let rest = host.map_or(text, |(_, rest)| rest);
    let after_user = rest.match_indices('@').map(|(place, _)| place + 1);
    std::iter::once(0)
        .chain(after_user.filter(|place| *place > 1))
        .any(|place| begins_with_host(&rest[place..]))
}

fn is_scheme(text: &str) -> bool {
    let is_scheme = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '+' | '-' | '.');
    text.chars().all(is_scheme) && text.chars().nth(1).is_some()
}

fn is_of_label(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || ('\u{a1}'..='\u{ffff}').contains(&sign)
}

/// Whether a text is a host, then a port if any, then a path if any.
fn begins_with_host(text: &str) -> bool {
    let end = text
        .find(|sign: char| !(is_of_label(sign) || matches!(sign, '.' | '_' | '-')))
        .unwrap_or(text.len());
    let (host, rest) = text.split_at(end);
    let path = rest.strip_prefix(':').map_or(Some(rest), |port| {
        let path = port.trim_start_matches(|sign: char| sign.is_ascii_digit());
        (2..=5).contains(&(port.len() - path.len())).then_some(path)
    });
    let ends = path.is_some_and(|path| path.is_empty() || path.starts_with(['/', '?', '#']));
    ends && (is_domain(host) || is_public_ip(host))
}

fn is_domain(host: &str) -> bool {
    let Some((labels, top)) = host.rsplit_once('.') else {
        return false;
    };
    let is_top = |sign: char| sign.is_alphabetic() && !sign.is_uppercase();
    let is_label = |label: &str| {
        label.starts_with(is_of_label) && label.ends_with(is_of_label) && label.chars().nth(64).is_none()
    };
    top.chars().all(is_top)
        && top.chars().nth(1).is_some()
        && top.chars().nth(63).is_none()
        && labels.split('.').all(is_label)
}

fn is_public_ip(host: &str) -> bool {
    let mut parts = [0u8; 4];
    let mut count = 0;
    for part in host.split('.') {
        let number = (part.len() <= 3).then(|| part.parse().ok()).flatten();
        let (Some(room), Some(number)) = (parts.get_mut(count), number) else {
            return false;
        };
        *room = number;
        count += 1;
    }
    let is_private = match parts {
        [10 | 127, ..] | [169, 254, ..] | [192, 168, ..] => true,
        [172, second, ..] => (16..=31).contains(&second),
        _ => false,
    };
    count == 4 && !is_private && (1..=223).contains(&parts[0]) && (1..=254).contains(&parts[3])
}
