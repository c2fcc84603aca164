//! Chat templates: messages as the text that a model was trained on.
//!
//! A template is a program in a model's file, which nobody has read: it is given fuel for a bounded time and memory, values
//! it can only read, and no files. A step is a unit of fuel, and so are 64 bytes that it makes; what it looks at is
//! [paid for](bounds) by the values within. The dialect is that of transformers: blocks leave no lines behind, loops
//! break and continue, `raise_exception` and `strftime_now` are there, and `tojson` writes as Python does.

mod bounds;
mod dialect;

use std::collections::BTreeMap;

use minijinja::machinery::{eval, get_compiled_template, make_string_output};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, context};
use serde::{Deserialize, Serialize};

use crate::error::TokensError;

/// Steps that a template may take: some thousand messages.
const FUEL: u64 = 2_000_000;

/// How deep macros may call each other.
const DEEPEST_CALLS: usize = 64;

/// Bytes of the stack that a template is compiled and rendered on: whatever stack a caller has left, it is enough for the
/// deepest expressions, values and calls.
const STACK: usize = 1 << 24;

/// What the one template is called.
const NAME: &str = "chat";

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who: `system`, `user` or `assistant` mostly.
    pub role: String,
    /// What.
    pub content: String,
}

/// A chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
}

impl ChatTemplate {
    /// The template of a text.
    ///
    /// # Errors
    /// When it is no template, or larger than any is.
    pub fn new(source: &str) -> Result<Self, TokensError> {
        on_a_stack(|| {
            let syntax = SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()?;
            bounds::check(source, syntax.clone())?;
            let mut environment = Environment::new();
            environment.set_syntax(syntax);
            environment.set_fuel(Some(FUEL));
            environment.set_recursion_limit(DEEPEST_CALLS);
            dialect::add(&mut environment);
            bounds::add(&mut environment);
            environment.add_template_owned(NAME, source.to_owned())?;
            Ok(Self { environment })
        })
    }

    /// The text of messages, after which the assistant answers if `asks`. `begin` and `end` are the tokens' texts that
    /// templates know by `bos_token` and `eos_token`.
    ///
    /// # Errors
    /// When the template refuses the messages, takes too long, or makes too much.
    pub fn render(
        &self,
        messages: &[Message],
        asks: bool,
        [begin, end]: [&str; 2],
    ) -> Result<String, TokensError> {
        on_a_stack(|| {
            let said = |message: &Message| context! { role => &message.role, content => &message.content };
            let values = context! {
                messages => messages.iter().map(said).collect::<Vec<Value>>(),
                add_generation_prompt => asks,
                bos_token => begin,
                eos_token => end,
            };
            self.text(values)
        })
    }

    fn text(&self, values: Value) -> Result<String, Error> {
        let template = self.environment.get_template(NAME)?;
        let compiled = get_compiled_template(&template);
        let instructions = bounds::bounded(&compiled.instructions)?;
        let (blocks, mut text) = (BTreeMap::new(), String::new());
        let escapes = compiled.initial_auto_escape.clone();
        let mut output = make_string_output(&mut text);
        bounds::begin();
        eval(
            &self.environment,
            &instructions,
            values,
            &blocks,
            &mut output,
            escapes,
        )?;
        match text.len() <= dialect::LONGEST {
            true => Ok(text),
            false => Err(dialect::too_long()),
        }
    }
}

/// What work with a template gives, done on a stack of its own.
fn on_a_stack<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, TokensError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let working = thread.spawn_scoped(scope, || work().map_err(|error| refused(&error)));
        let working = working.map_err(|error| {
            TokensError::input(format!(
                "cannot start a thread for the chat template: {error}; free some memory"
            ))
        })?;
        working.join().unwrap_or_else(|_| {
            Err(TokensError::input(
                "the chat template broke off; give another, or none",
            ))
        })
    })
}

/// What is wrong with a template or with what it was given.
fn refused(error: &Error) -> TokensError {
    let line = error
        .line()
        .map_or_else(String::new, |line| format!(", line {line}"));
    let reason = match error.kind() {
        ErrorKind::OutOfFuel => format!("it did not end within {FUEL} steps"),
        _ => error.to_string(),
    };
    TokensError::input(format!(
        "the chat template{line}: {reason}; give messages that it takes, another template, or none"
    ))
}
