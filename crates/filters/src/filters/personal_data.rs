use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use triaxis_words::Document;

use super::{Facts, Judge, Settings};
use crate::refused::Refused;
use crate::room::Room;

const FILTER: &str = "personal-data";

/// Addresses of mail and of machines replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PersonalData {
    /// Whether addresses of mail are replaced.
    pub emails: bool,
    /// Whether public addresses of the fourth version of IP are replaced.
    pub ips: bool,
    /// What stands for addresses of mail, one after another in a document.
    pub email_replacements: Vec<String>,
    /// What stands for addresses of machines, one after another in a document.
    pub ip_replacements: Vec<String>,
}

impl PersonalData {
    pub(crate) const ABOUT: &str = "addresses of mail and public IP addresses, each replaced by one of nobody, as \
                                    FineWeb's makers did; replacements begin anew in each document";
}

impl Default for PersonalData {
    fn default() -> Self {
        let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        Self {
            emails: true,
            ips: true,
            email_replacements: list(&["email@example.com", "firstname.lastname@example.org"]),
            ip_replacements: list(&[
                "22.214.171.124",
                "126.96.36.199",
                "188.8.131.52",
                "184.108.40.206",
                "220.127.116.11",
                "18.104.22.168",
            ]),
        }
    }
}

impl Settings for PersonalData {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        for (is_on, name, list) in [
            (self.emails, "email_replacements", &self.email_replacements),
            (self.ips, "ip_replacements", &self.ip_replacements),
        ] {
            if is_on && list.is_empty() {
                return Err(Refused::new(
                    format!("{FILTER}.{name}"),
                    "[]",
                    "something must stand for what is replaced; give at least one, which may be empty",
                ));
            }
        }
        Ok(Box::new(self.clone()))
    }
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_of_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// Where the address of mail around an `@` begins and ends, not before `least`.
fn email(text: &str, at: usize, least: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut start = at;
    while start > least && (is_local(bytes[start - 1]) || bytes[start - 1] == b'.') {
        start -= 1;
    }
    // Parts between dots hold something: what stands before an empty one is not of the address.
    let local = &text[start..at];
    let cut = local.rfind("..").map_or(0, |place| place + 2);
    let local = &local[cut..];
    if local.is_empty() || local.ends_with('.') {
        return None;
    }
    start = at - local.trim_start_matches('.').len();
    // It begins where a word begins or ends.
    let mut before = text[..start].chars().next_back().is_some_and(is_of_word);
    while start < at && before == is_of_word(bytes[start] as char) {
        before = is_of_word(bytes[start] as char);
        start += 1;
    }
    if start == at || bytes[start] == b'.' {
        return None;
    }
    domain(&text[at + 1..]).map(|length| (start, at + 1 + length))
}

/// Bytes of the domain that a text begins with, of two labels at least.
fn domain(text: &str) -> Option<usize> {
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        .count();
    let (mut end, mut start, mut labels) = (0, 0, 0);
    for label in text[..length].split('.') {
        let usable = label.trim_end_matches('-');
        if usable.is_empty() || usable.starts_with('-') {
            break;
        }
        labels += 1;
        end = start + usable.len();
        if usable.len() < label.len() {
            break;
        }
        start += label.len() + 1;
    }
    (labels > 1).then_some(end)
}

/// Bytes of the number of at most 255 that a text begins with, of three digits at most.
fn number(text: &str) -> usize {
    let digits = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let is_small = text[..digits].parse::<u16>().is_ok_and(|number| number <= 255);
    if is_small { digits } else { digits.min(2) }
}

/// Bytes of the address that a text begins with, four numbers and the dots between them, or 0.
fn address(text: &str) -> usize {
    let mut end = 0;
    for part in 0..4 {
        let length = number(&text[end..]);
        if length == 0 {
            return 0;
        }
        end += length;
        if part < 3 {
            if !text[end..].starts_with('.') {
                return 0;
            }
            end += 1;
        }
    }
    end
}

/// Whether an address is one that anybody can be reached at.
fn is_public(address: &str) -> bool {
    let Ok(address) = address.parse::<Ipv4Addr>() else {
        return false;
    };
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_reserved = first >= 240 || first == 0 || first == 198 && (18..20).contains(&second);
    let is_protocol = (first, second, third) == (192, 0, 0) && !matches!(address.octets()[3], 9 | 10);
    !(is_shared
        || is_reserved
        || is_protocol
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation())
}

impl PersonalData {
    fn replace_emails(&self, text: &str, out: &mut String) -> usize {
        let (mut done, mut count) = (0, 0);
        for (at, _) in text.match_indices('@') {
            if let Some((start, end)) = (at >= done).then(|| email(text, at, done)).flatten() {
                out.push_str(&text[done..start]);
                out.push_str(&self.email_replacements[count % self.email_replacements.len()]);
                (done, count) = (end, count + 1);
            }
        }
        out.push_str(&text[done..]);
        count
    }

    fn replace_ips(&self, text: &str, out: &mut String) -> usize {
        let (mut done, mut from, mut count) = (0, 0, 0);
        while let Some(place) = text[from..].find(|sign: char| sign.is_ascii_digit()) {
            let start = from + place;
            let length = address(&text[start..]);
            from = start + length.max(1);
            if length > 0 && is_public(&text[start..start + length]) {
                out.push_str(&text[done..start]);
                out.push_str(&self.ip_replacements[count % self.ip_replacements.len()]);
                (done, count) = (from, count + 1);
            }
        }
        out.push_str(&text[done..]);
        count
    }
}

impl Judge for PersonalData {
    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let text = document.text();
        let (first, second) = (&mut room.line, &mut room.edited);
        first.clear();
        second.clear();
        let emails = if self.emails {
            self.replace_emails(text, first)
        } else {
            0
        };
        let text = if self.emails { first.as_str() } else { text };
        let ips = if self.ips {
            self.replace_ips(text, second)
        } else {
            0
        };
        if !self.ips {
            second.push_str(text);
        }
        emails + ips > 0
    }
}
