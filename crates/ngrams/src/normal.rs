//! Text as cc_net's models saw it.

use serde::{Deserialize, Serialize};
use triaxis_words::classes::{is_digit, is_mark, trim};
use unicode_normalization::UnicodeNormalization;

/// What is done to a line before it is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalization {
    /// Nothing.
    #[default]
    None,
    /// cc_net's (Wenzek et al. 2020, arXiv 1911.00359): small letters without marks, digits as 0, punctuation of ASCII,
    /// no controls.
    CcNet,
}

impl Normalization {
    /// The line, in `room` where it changes.
    pub fn apply<'r>(self, line: &'r str, room: &'r mut String) -> &'r str {
        match self {
            Self::None => line,
            Self::CcNet => {
                room.clear();
                cc_net(line, room);
                room
            }
        }
    }
}

fn cc_net(line: &str, out: &mut String) {
    let lower = trim(line).to_lowercase();
    for sign in lower.nfd().filter(|sign| !is_mark(*sign)) {
        match sign {
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => {}
            sign if is_digit(sign) => out.push('0'),
            sign => match ascii(sign) {
                Some(text) => out.push_str(text),
                None => out.push(sign),
            },
        }
    }
}

/// Punctuation for that of other scripts and of typography.
fn ascii(sign: char) -> Option<&'static str> {
    Some(match sign {
        '，' | '、' => ",",
        '。' => ".",
        '„' | '”' | '“' | '«' | '»' | '」' | '「' | '《' | '》' => "\"",
        '´' | '’' => "'",
        '∶' | '：' => ":",
        '？' => "?",
        '！' => "!",
        '（' => "(",
        '）' => ")",
        '；' => ";",
        '–' | '━' | '►' => "-",
        '—' => " - ",
        '．' => ". ",
        '～' => "~",
        '…' => "...",
        '〈' => "<",
        '〉' => ">",
        '【' => "[",
        '】' => "]",
        '％' => "%",
        _ => return None,
    })
}
