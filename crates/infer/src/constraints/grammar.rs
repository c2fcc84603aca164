//! Answers as texts of a grammar.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::thread;

use llguidance::api::{ParserLimits, StopReason, TopLevelGrammar};
use llguidance::panic_utils::catch_unwind;
use llguidance::toktrie::{SimpleVob, TokEnv};
use llguidance::{ParserFactory, TokenParser};
use triaxis_tokens::Tokenizer;

use super::language::Language;
use super::vocabulary;
use super::{Allowed, Constraint};
use crate::error::InferError;

/// The stack that a grammar is compiled on: rules that name each other nest as deep as they are many.
const STACK: usize = 1 << 27;

/// What a grammar may take. A state of the lexer is one or two kilobytes, so all take 64 MiB at most; fuel and items bound the
/// work of compiling to a fifth of a second, and that of a token to some hundredths.
fn limits() -> ParserLimits {
    ParserLimits {
        max_lexer_states: 1 << 15,
        max_grammar_size: 100_000,
        max_items_in_row: 2000,
        initial_lexer_fuel: 1_000_000,
        step_lexer_fuel: 200_000,
        step_max_items: 50_000,
        precompute_large_lexemes: true,
        verbose_errors: false,
    }
}

/// A grammar over the tokens of a vocabulary: an answer under it is one of its texts, if it ends by itself.
///
/// ```
/// use triaxis_infer::{Constraint, Grammar};
/// use triaxis_tokens::{Tokenizer, WordCounts};
/// let counts = WordCounts::default();
/// counts.add(["yes or no"].into_iter())?;
/// let tokenizer = Tokenizer::train(counts, 257)?;
/// let mut answer = Grammar::regex("yes|no", &tokenizer)?.answer();
/// let [y, x] = ["y", "x"].map(|text| tokenizer.encode(text).map(|tokens| tokens[0]));
/// let allowed = answer.allowed()?;
/// assert!(allowed(y?) && !allowed(x?) && !allowed(tokenizer.end_of_text()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Grammar {
    language: Language,
    beginning: TokenParser,
    ends: BTreeSet<u32>,
}

impl std::fmt::Debug for Grammar {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Grammar")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

impl Grammar {
    /// The texts that a regular expression matches from their beginning to their end, in the syntax of the crate `regex`.
    ///
    /// # Errors
    /// When it is none, is too large, matches nothing, or the vocabulary cannot begin a text of it.
    pub fn regex(pattern: &str, tokenizer: &Tokenizer) -> Result<Self, InferError> {
        Self::new(Language::Regex, pattern, tokenizer)
    }

    /// The JSON values that a schema allows, with properties in the order of the schema.
    ///
    /// # Errors
    /// When it is none, is too large, uses a keyword that cannot be held to, allows nothing, or the vocabulary cannot begin a
    /// value of it.
    pub fn json_schema(schema: &str, tokenizer: &Tokenizer) -> Result<Self, InferError> {
        Self::new(Language::JsonSchema, schema, tokenizer)
    }

    /// The texts of a context-free grammar, in the dialect of Lark that the crate `llguidance` reads.
    ///
    /// # Errors
    /// When it is none, is too large or nested too deep, or the vocabulary cannot begin a text of it.
    pub fn lark(rules: &str, tokenizer: &Tokenizer) -> Result<Self, InferError> {
        Self::new(Language::Lark, rules, tokenizer)
    }

    fn new(language: Language, text: &str, tokenizer: &Tokenizer) -> Result<Self, InferError> {
        let rules = language.read(text)?;
        let tree = vocabulary::tree(tokenizer)?;
        let grammar = Self {
            language,
            beginning: compile(language, rules, &tree)?,
            ends: tokenizer.ends().clone(),
        };
        let mut first = grammar.state();
        if !first.is_whole()? && first.allowed_tokens()?.is_zero() {
            return Err(language.refused(
                "the model's vocabulary can begin no text of it",
                "give one that begins otherwise",
            ));
        }
        Ok(grammar)
    }

    /// The constraint of one answer. All share what was found of the grammar.
    pub fn answer(&self) -> Box<dyn Constraint> {
        Box::new(self.state())
    }

    fn state(&self) -> State {
        State {
            language: self.language,
            parser: self.beginning.clone(),
            ends: self.ends.clone(),
            accepted: 0,
        }
    }
}

/// Compiles a grammar on a thread with a stack of its own.
fn compile(language: Language, rules: TopLevelGrammar, tree: &TokEnv) -> Result<TokenParser, InferError> {
    let make = move || -> anyhow::Result<TokenParser> {
        let mut factory = ParserFactory::new_simple(tree)?;
        factory.quiet();
        *factory.limits_mut() = limits();
        let mut parser = factory.create_parser(rules)?;
        parser.start_without_prompt();
        parser.check_stop()?;
        // What is warned of is what answers would not hold to.
        let warnings = parser.grammar_warnings();
        anyhow::ensure!(warnings.is_empty(), "{}", warnings.join("; "));
        Ok(parser)
    };
    thread::scope(|scope| {
        let guarded = move || catch_unwind(AssertUnwindSafe(make));
        let compiling = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, guarded)
            .map_err(|error| InferError::machine("starting a thread for the grammar", &error))?;
        match compiling.join() {
            Ok(found) => found.map_err(|error| refused(language, &error)),
            Err(_) => Err(language.refused("its compiling broke off", "give a simpler one")),
        }
    })
}

/// What the library says against a grammar: its first sentence, and of an expression what is wrong with it.
fn refused(language: Language, error: &anyhow::Error) -> InferError {
    let words = error.to_string();
    let first = words.lines().next().unwrap_or_default();
    let first = first.split(". ").next().unwrap_or_default();
    let fault = words.lines().find_map(|line| line.strip_prefix("error: "));
    let rule = [first.trim_end_matches(['.', ':']), fault.unwrap_or_default()].join(" ");
    language.refused(rule.trim_end(), "change what it names, or give a simpler one")
}

/// Where an answer is in its grammar.
struct State {
    language: Language,
    parser: TokenParser,
    ends: BTreeSet<u32>,
    accepted: usize,
}

impl State {
    /// Whether the answer is a text of the grammar.
    fn is_whole(&mut self) -> Result<bool, InferError> {
        let parser = &mut self.parser;
        let whole = catch_unwind(AssertUnwindSafe(|| Ok(parser.is_accepting())));
        whole.map_err(|error| self.too_much(&error))
    }

    /// A bit for each token that may come next.
    fn allowed_tokens(&mut self) -> Result<SimpleVob, InferError> {
        let none = self.parser.token_env.tok_trie().alloc_token_set();
        let parser = &mut self.parser;
        match catch_unwind(AssertUnwindSafe(|| parser.compute_mask())) {
            Ok(mask) => Ok(mask),
            Err(_) if self.parser.stop_reason() == StopReason::NoExtensionBias => Ok(none),
            Err(error) => Err(self.too_much(&error)),
        }
    }

    /// That the grammar takes more than its limits, or that the library has a fault.
    fn too_much(&self, error: &anyhow::Error) -> InferError {
        let words = error.to_string();
        let first = words.lines().next().unwrap_or_default();
        self.language.refused(
            &format!("after {} tokens it asks for too much ({first})", self.accepted),
            "give a simpler one, with fewer or smaller repetitions",
        )
    }
}

impl Constraint for State {
    fn allowed(&mut self) -> Result<Allowed<'_>, InferError> {
        if self.is_complete() {
            return Ok(Box::new(|token| self.ends.contains(&token)));
        }
        let whole = self.is_whole()?;
        let mask = self.allowed_tokens()?;
        let ends = &self.ends;
        Ok(Box::new(move |token| match ends.contains(&token) {
            true => whole,
            false => (token as usize) < mask.len() && mask.is_allowed(token),
        }))
    }

    fn accept(&mut self, token: u32) -> Result<(), InferError> {
        let parser = &mut self.parser;
        let moved = catch_unwind(AssertUnwindSafe(|| {
            parser.consume_token(token)?;
            parser.check_stop()
        }));
        self.accepted += 1;
        moved.map(|_| ()).map_err(|error| self.too_much(&error))
    }

    fn is_complete(&self) -> bool {
        let stopped = self.parser.stop_reason();
        matches!(stopped, StopReason::NoExtension | StopReason::EndOfSentence)
    }
}
