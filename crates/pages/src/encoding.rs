//! What a page's bytes are in, as the HTML standard has it (WHATWG, HTML, 13.2.3.2).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

/// Bytes in which a page says what it is in.
const TELLING: usize = 1024;

/// The HTML of a page that came with `charset` as the encoding of its `Content-Type`, if with any: by its mark, by that,
/// by its own word, or else in UTF-8 where it is that, and in windows-1252. What is no character is U+FFFD.
///
/// ```
/// use triaxis_pages::decode;
/// let page = b"<meta charset=koi8-r><p>\xf0\xd2\xc9\xd7\xc5\xd4</p>";
/// assert_eq!(decode(page, None), "<meta charset=koi8-r><p>Привет</p>");
/// assert_eq!(decode(b"caf\xe9", None), "café");
/// ```
pub fn decode<'b>(bytes: &'b [u8], charset: Option<&str>) -> Cow<'b, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    let told = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = told.or_else(|| named(&bytes[..bytes.len().min(TELLING)]));
    let otherwise = || match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        // It is in UTF-8 before its end, and cut off within its last character.
        Err(error) if error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii() => UTF_8,
        Err(_) => WINDOWS_1252,
    };
    let encoding = encoding.unwrap_or_else(otherwise);
    encoding.decode_without_bom_handling(bytes).0
}

/// The encoding that a `meta` names in the beginning of a page.
fn named(start: &[u8]) -> Option<&'static Encoding> {
    let mut rest = start;
    while let Some((&first, after)) = rest.split_first() {
        let name = after.strip_prefix(b"/").unwrap_or(after);
        if first != b'<' {
            rest = after;
        } else if let Some(comment) = after.strip_prefix(b"!--") {
            // A mark of two dashes may be shared, as in `<!-->`.
            rest = behind(&after[1..], b"-->").unwrap_or(&comment[comment.len()..]);
        } else if let Some(mut tag) = meta(after) {
            if let Some(encoding) = of_meta(&mut tag) {
                return Some(encoding);
            }
            rest = tag;
        } else if name.first().is_some_and(u8::is_ascii_alphabetic) {
            let end = name.iter().position(|&byte| is_space(byte) || byte == b'>');
            rest = &name[end.unwrap_or(name.len())..];
            while attribute(&mut rest).is_some() {}
        } else if after.starts_with(b"!") || after.starts_with(b"/") || after.starts_with(b"?") {
            rest = behind(after, b">").unwrap_or_default();
        } else {
            rest = after;
        }
    }
    None
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// What follows the first `mark`.
fn behind<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<&'b [u8]> {
    let place = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some(&bytes[place + mark.len()..])
}

/// What follows the name of a `meta`.
fn meta(tag: &[u8]) -> Option<&[u8]> {
    let (name, rest) = tag.split_at_checked(4)?;
    let ends = rest.first().is_some_and(|&byte| is_space(byte) || byte == b'/');
    (name.eq_ignore_ascii_case(b"meta") && ends).then_some(rest)
}

/// The encoding that the attributes of a `meta` name, which are taken off.
fn of_meta(tag: &mut &[u8]) -> Option<&'static Encoding> {
    let (mut charset, mut content, mut is_type) = (None, None, false);
    while let Some((name, value)) = attribute(tag) {
        match name.as_slice() {
            b"http-equiv" => is_type |= value == b"content-type",
            b"content" => content = content.or_else(|| of_content(&value)),
            b"charset" => charset = charset.or(Encoding::for_label(&value)),
            _ => {}
        }
    }
    let encoding = charset.or(content.filter(|_| is_type))?;
    // It was read as ASCII, so it is neither of these.
    Some(match encoding {
        utf_16 if utf_16 == UTF_16LE || utf_16 == UTF_16BE => UTF_8,
        user if user == X_USER_DEFINED => WINDOWS_1252,
        other => other,
    })
}

/// The encoding within `text/html; charset=...`.
fn of_content(content: &[u8]) -> Option<&'static Encoding> {
    let mut rest = content;
    loop {
        rest = behind(rest, b"charset")?.trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            rest = value.trim_ascii_start();
            break;
        }
    }
    let label = match rest.first()? {
        quote @ (b'"' | b'\'') => {
            let rest = &rest[1..];
            &rest[..rest.iter().position(|byte| byte == quote)?]
        }
        _ => {
            let ends = |&byte: &u8| is_space(byte) || byte == b';';
            &rest[..rest.iter().position(ends).unwrap_or(rest.len())]
        }
    };
    Encoding::for_label(label)
}

/// Takes the next attribute off a tag: its name and value in small letters; nothing at the tag's end.
fn attribute(tag: &mut &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let Some(start) = tag.iter().position(|&byte| !is_space(byte) && byte != b'/') else {
        *tag = &[];
        return None;
    };
    *tag = &tag[start..];
    if tag[0] == b'>' {
        return None;
    }
    // An equals sign may begin a name.
    let ends = |&byte: &u8| is_space(byte) || matches!(byte, b'=' | b'/' | b'>');
    let end = tag[1..].iter().position(ends).map_or(tag.len(), |end| end + 1);
    let (name, rest) = tag.split_at(end);
    *tag = rest;
    let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else {
        return Some((name.to_ascii_lowercase(), Vec::new()));
    };
    let value = value.trim_ascii_start();
    let (value, rest) = match value.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let value = &value[1..];
            let end = value.iter().position(|byte| byte == quote);
            // What no quote ends is the end of what is looked at.
            let (value, rest) = value.split_at(end.unwrap_or(value.len()));
            (value, rest.get(1..).unwrap_or_default())
        }
        _ => {
            let ends = |&byte: &u8| is_space(byte) || byte == b'>';
            value.split_at(value.iter().position(ends).unwrap_or(value.len()))
        }
    };
    *tag = rest;
    Some((name.to_ascii_lowercase(), value.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_says_what_it_is_in_as_the_standard_reads_it() {
        for (start, encoding) in [
            ("<meta charset=utf-8>", Some("UTF-8")),
            ("<META CharSet = 'GBK' >", Some("GBK")),
            ("<meta charset=\"shift_jis\"/>", Some("Shift_JIS")),
            (
                "<html><head><meta name=a content='b'><meta charset=big5>",
                Some("Big5"),
            ),
            (
                "<meta http-equiv=Content-Type content='text/html; charset=iso-8859-2'>",
                Some("ISO-8859-2"),
            ),
            (
                "<meta content=\"text/html;charset = 'koi8-r'\" http-equiv=\"content-type\">",
                Some("KOI8-R"),
            ),
            ("<meta content='text/html; charset=gbk'>", None),
            ("<meta http-equiv=refresh content='1; charset=gbk'>", None),
            ("<!-- <meta charset=gbk> --><meta charset=big5>", Some("Big5")),
            ("<!--><meta charset=gbk>", Some("GBK")),
            ("<a title='<meta charset=gbk>'>", None),
            ("<? <meta charset=gbk> ?><meta charset=big5>", Some("Big5")),
            ("<meta charset=utf-16>", Some("UTF-8")),
            ("<meta charset=x-user-defined>", Some("windows-1252")),
            (
                "<meta charset=klingon><meta charset=latin1>",
                Some("windows-1252"),
            ),
            ("<metal charset=gbk>", None),
            ("<meta charset=gbk", Some("GBK")),
            ("charset=gbk", None),
        ] {
            let found = named(start.as_bytes()).map(Encoding::name);
            assert_eq!(found, encoding, "{start}");
        }
    }

    #[test]
    fn a_mark_is_believed_before_a_header_and_that_before_the_page() {
        let page = b"<meta charset=koi8-r>\xd1";
        assert!(decode(page, None).ends_with('я'));
        assert!(decode(page, Some("windows-1251")).ends_with('С'));
        assert!(decode(page, Some("klingon")).ends_with('я'));
        let marked = ["\u{feff}".as_bytes(), "<meta charset=koi8-r>я".as_bytes()].concat();
        assert_eq!(decode(&marked, Some("gbk")), "<meta charset=koi8-r>я");
        let utf_16: Vec<u8> = "\u{feff}日本".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&utf_16, None), "日本");
        assert_eq!(decode("日本".as_bytes(), None), "日本");
        assert_eq!(
            decode(b"<meta charset=utf-8>a\xffb", None),
            "<meta charset=utf-8>a\u{fffd}b"
        );
        let late = [" ".repeat(TELLING).as_bytes(), b"<meta charset=koi8-r>\xd1"].concat();
        assert!(decode(&late, None).ends_with('Ñ'));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_page(parts in prop::collection::vec(prop_oneof![
            Just(b"<meta ".to_vec()), Just(b"charset".to_vec()), Just(b"=".to_vec()), Just(b"\"".to_vec()),
            Just(b"<!--".to_vec()), Just(b">".to_vec()), Just(b"http-equiv=content-type content=".to_vec()),
            prop::collection::vec(any::<u8>(), 0..5),
        ], 0..20)) {
            let bytes = parts.concat();
            let text = decode(&bytes, None);
            prop_assert!(text.len() <= 3 * bytes.len());
        }
    }
}
