//! The language of a text.

use whatlang::{Lang, detect};

use crate::fasttext::{Buffers, Model};

/// What tells languages apart.
#[derive(Debug)]
pub enum Detector<'m> {
    /// whatlang's trigrams (Cavnar and Trenkle 1994), which are part of the program: 70 languages.
    Trigrams,
    /// A model of fastText's, such as lid.176, by its labels.
    Model(&'m Model),
}

/// Languages of whatlang by the codes of ISO 639-1, as fastText's labels are.
const CODES: &[(Lang, &str)] = &[
    (Lang::Afr, "af"),
    (Lang::Aka, "ak"),
    (Lang::Amh, "am"),
    (Lang::Ara, "ar"),
    (Lang::Aze, "az"),
    (Lang::Bel, "be"),
    (Lang::Ben, "bn"),
    (Lang::Bul, "bg"),
    (Lang::Cat, "ca"),
    (Lang::Ces, "cs"),
    (Lang::Cmn, "zh"),
    (Lang::Cym, "cy"),
    (Lang::Dan, "da"),
    (Lang::Deu, "de"),
    (Lang::Ell, "el"),
    (Lang::Eng, "en"),
    (Lang::Epo, "eo"),
    (Lang::Est, "et"),
    (Lang::Fin, "fi"),
    (Lang::Fra, "fr"),
    (Lang::Guj, "gu"),
    (Lang::Heb, "he"),
    (Lang::Hin, "hi"),
    (Lang::Hrv, "hr"),
    (Lang::Hun, "hu"),
    (Lang::Hye, "hy"),
    (Lang::Ind, "id"),
    (Lang::Ita, "it"),
    (Lang::Jav, "jv"),
    (Lang::Jpn, "ja"),
    (Lang::Kan, "kn"),
    (Lang::Kat, "ka"),
    (Lang::Khm, "km"),
    (Lang::Kor, "ko"),
    (Lang::Lat, "la"),
    (Lang::Lav, "lv"),
    (Lang::Lit, "lt"),
    (Lang::Mal, "ml"),
    (Lang::Mar, "mr"),
    (Lang::Mkd, "mk"),
    (Lang::Mya, "my"),
    (Lang::Nep, "ne"),
    (Lang::Nld, "nl"),
    (Lang::Nob, "no"),
    (Lang::Ori, "or"),
    (Lang::Pan, "pa"),
    (Lang::Pes, "fa"),
    (Lang::Pol, "pl"),
    (Lang::Por, "pt"),
    (Lang::Ron, "ro"),
    (Lang::Rus, "ru"),
    (Lang::Sin, "si"),
    (Lang::Slk, "sk"),
    (Lang::Slv, "sl"),
    (Lang::Sna, "sn"),
    (Lang::Spa, "es"),
    (Lang::Srp, "sr"),
    (Lang::Swe, "sv"),
    (Lang::Tam, "ta"),
    (Lang::Tel, "te"),
    (Lang::Tgl, "tl"),
    (Lang::Tha, "th"),
    (Lang::Tuk, "tk"),
    (Lang::Tur, "tr"),
    (Lang::Ukr, "uk"),
    (Lang::Urd, "ur"),
    (Lang::Uzb, "uz"),
    (Lang::Vie, "vi"),
    (Lang::Yid, "yi"),
    (Lang::Zul, "zu"),
];

impl Detector<'_> {
    /// The languages that it knows.
    pub fn languages(&self) -> Vec<&str> {
        match self {
            Self::Trigrams => CODES.iter().map(|(_, code)| *code).collect(),
            Self::Model(model) => model.labels().collect(),
        }
    }

    /// The language that a text is likeliest in; none of a text that holds nothing it knows.
    pub fn likeliest(&self, text: &str, buffers: &mut Buffers) -> Option<&str> {
        match self {
            Self::Trigrams => {
                let found = detect(text)?.lang();
                let code = CODES.iter().find(|(known, _)| *known == found);
                code.map(|(_, code)| *code)
            }
            Self::Model(model) => {
                let best = model.classify(text, buffers).best()?;
                model.labels().nth(best)
            }
        }
    }

    /// How sure it is that a text is in one of some languages, by their places among those that it knows; where none is
    /// given, in the likeliest of all. Of fastText it is a probability, of trigrams how far the likeliest language is
    /// ahead, and 0 for all others.
    pub fn score(&self, text: &str, languages: &[usize], buffers: &mut Buffers) -> f64 {
        match self {
            Self::Trigrams => {
                let found = detect(text).filter(|found| {
                    let place = CODES.iter().position(|(known, _)| *known == found.lang());
                    languages.is_empty() || place.is_some_and(|place| languages.contains(&place))
                });
                found.map_or(0.0, |found| found.confidence())
            }
            Self::Model(model) => {
                let answer = model.classify(text, buffers);
                let best = answer.best().filter(|_| languages.is_empty());
                let scores = languages.iter().copied().chain(best);
                scores
                    .map(|label| f64::from(answer.probability(label)))
                    .fold(0.0, f64::max)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_of_whatlang_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<&str> = CODES.iter().map(|(_, code)| *code).collect();
        assert_eq!(codes.len(), CODES.len());
        for lang in Lang::all() {
            assert!(CODES.iter().any(|(known, _)| known == lang), "{lang:?}");
        }
    }
}
