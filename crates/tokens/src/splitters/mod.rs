//! How text is split into the words whose bytes are merged, by the names that GGUF files give in
//! `tokenizer.ggml.pre`. Each is written by hand and looks at a character a constant number of times: the regular
//! expressions that they stand for backtrack.

mod classes;
mod gpt2;
mod llama3;
mod qwen2;
mod smollm;
mod unnamed;

use triaxis_names::suggestion;

use crate::TokensError;

/// Every splitter.
pub(crate) const SPLITTERS: &[Splitter] = &[
    gpt2::SPLITTER,
    smollm::SPLITTER,
    llama3::SPLITTER,
    llama3::MERGED,
    qwen2::SPLITTER,
    unnamed::SPLITTER,
];

/// A way to split text into words.
#[derive(Debug)]
pub(crate) struct Splitter {
    /// The name in GGUF files.
    pub(crate) name: &'static str,
    /// Other names of the same.
    pub(crate) also: &'static [&'static str],
    /// What it splits by, and whose it is.
    pub(crate) about: &'static str,
    /// The steps, each within the pieces of the one before.
    pub(crate) steps: &'static [Step],
    /// Whether a word that is a token is taken whole, whatever its merges give.
    pub(crate) ignore_merges: bool,
    /// Whether texts begin with the token of the beginning where a file does not say.
    pub(crate) add_bos: bool,
}

/// A step of a splitter.
#[derive(Debug)]
pub(crate) struct Step {
    /// How the `tokenizers` library spells it.
    pub(crate) spelled: Spelled<'static>,
    /// Where the first piece of a text ends: beyond its start, unless the text is empty.
    pub(crate) end: fn(&str) -> usize,
}

/// A step as the `tokenizers` library spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelled<'s> {
    /// `Split` by a regular expression, of which matches and what lies between them are pieces.
    Pattern(&'s str),
    /// `Digits`, each by itself.
    Digits,
    /// The regular expression of `ByteLevel`.
    ByteLevel,
}

impl Splitter {
    /// The splitter of a name in a GGUF file.
    ///
    /// # Errors
    /// When there is none of that name, with those that there are.
    pub(crate) fn named(name: &str) -> Result<&'static Self, TokensError> {
        let is_named = |splitter: &&Self| splitter.name == name || splitter.also.contains(&name);
        SPLITTERS.iter().find(is_named).ok_or_else(|| {
            let names = || SPLITTERS.iter().map(|splitter| splitter.name);
            let known: Vec<String> = SPLITTERS
                .iter()
                .map(|splitter| format!("`{}` ({})", splitter.name, splitter.about))
                .collect();
            TokensError::input(format!(
                "tokenizer.ggml.pre `{name}` is not known{}: text would be split into other words than the model \
                 learnt from; use a model of one of {}",
                suggestion(name, names()).trim_end_matches('?'),
                known.join(", ")
            ))
        })
    }

    /// The splitter of these steps.
    pub(crate) fn spelled(steps: &[Spelled<'_>], ignore_merges: bool) -> Option<&'static Self> {
        let same = |splitter: &&Self| {
            splitter
                .steps
                .iter()
                .map(|step| step.spelled)
                .eq(steps.iter().copied())
        };
        let mut all = SPLITTERS.iter().filter(same);
        let first = all.clone().next();
        all.find(|splitter| splitter.ignore_merges == ignore_merges)
            .or(first)
    }

    /// Calls `each` with every word of a text: they follow one another without gaps from its start to its end.
    pub(crate) fn each(&self, text: &str, each: &mut impl FnMut(&str)) {
        within(self.steps, text, each);
    }
}

fn within(steps: &[Step], text: &str, each: &mut impl FnMut(&str)) {
    let Some((step, finer)) = steps.split_first() else {
        return each(text);
    };
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((step.end)(rest));
        within(finer, piece, each);
        rest = after;
    }
}

/// The words of GPT-2's splitter, by which vocabularies are learnt.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (word, after) = rest.split_at(gpt2::word(rest));
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests;
