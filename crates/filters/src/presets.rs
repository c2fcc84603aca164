//! Chains of filters that the field's corpora were made with, as settings that can be written out and changed.

use triaxis_names::{Entry, suggestion};

use crate::filters::{
    C4Quality, CodeQuality, Dialect, FilterSpec, FineWebQuality, GopherQuality, GopherRepetition, Licences,
    PersonalData,
};
use crate::refused::Refused;

/// Every preset.
pub const PRESETS: &[Entry] = &[
    Entry {
        name: "fineweb",
        about: "FineWeb's filters of text: Gopher's two, C4's without the rule on ends of lines, its own, and addresses \
                replaced (Penedo et al. 2024, arXiv 2406.17557); before them FineWeb has `language` by lid.176.bin, a file \
                that is no part of the program",
    },
    Entry {
        name: "gopher",
        about: "Gopher's filters of quality and repetition (Rae et al. 2021, arXiv 2112.11446)",
    },
    Entry {
        name: "c4",
        about: "C4's filter of lines and pages (Raffel et al. 2020, arXiv 1910.10683)",
    },
    Entry {
        name: "dclm",
        about: "DCLM's filters of quality, then of repetition, in its dialect (Li et al. 2024, arXiv \
                2406.11794)",
    },
    Entry {
        name: "code",
        about: "source code: permissive licences, and lines as people write them (Kocetkov et al. 2022, arXiv \
                2211.15533; Chen et al. 2021, arXiv 2107.03374)",
    },
];

/// The settings of a preset's filters, in their order.
///
/// # Errors
/// When there is none of that name, with the one that was meant.
pub fn preset(name: &str) -> Result<Vec<FilterSpec>, Refused> {
    let repetition = |dialect| {
        FilterSpec::GopherRepetition(GopherRepetition {
            dialect,
            ..GopherRepetition::default()
        })
    };
    let quality = |dialect| {
        FilterSpec::GopherQuality(GopherQuality {
            dialect,
            ..GopherQuality::default()
        })
    };
    Ok(match name {
        "fineweb" => vec![
            repetition(Dialect::Datatrove),
            quality(Dialect::Datatrove),
            FilterSpec::C4Quality(C4Quality {
                terminal_punctuation: false,
                ..C4Quality::default()
            }),
            FilterSpec::FineWebQuality(FineWebQuality::default()),
            FilterSpec::PersonalData(PersonalData::default()),
        ],
        "gopher" => vec![quality(Dialect::Datatrove), repetition(Dialect::Datatrove)],
        "c4" => vec![FilterSpec::C4Quality(C4Quality::default())],
        "code" => vec![
            FilterSpec::Licences(Licences::default()),
            FilterSpec::CodeQuality(CodeQuality::default()),
        ],
        "dclm" => vec![quality(Dialect::Dclm), repetition(Dialect::Dclm)],
        _ => {
            let known = PRESETS.iter().map(|preset| preset.name);
            let meant = suggestion(name, known.clone());
            let known: Vec<&str> = known.collect();
            let rule = format!("is not known{meant}; there are {}", known.join(", "));
            return Err(Refused::new("preset", name, rule));
        }
    })
}
