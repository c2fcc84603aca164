//! What a template may do, beside what its fuel bounds. Fuel is paid for what is made, and not for lists within lists that
//! are looked at once more each, so that a list that is put into itself some dozens of times is looked at without end.
//! Hence a compiled template is given instructions more: what it takes is paid for by the values within, and what it
//! makes holds no more of them, and none deeper, than is right.

use std::cell::Cell;
use std::sync::Arc;

use minijinja::machinery::{Instruction, Instructions, Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};

/// The longest template, in bytes: the longest of a known model has a third of it.
const LONGEST: usize = 1 << 16;

/// The most words and signs between two braces, and the most `elif`: as deep may an expression or a choice be.
const MOST_TOKENS: usize = 1000;
const MOST_CHOICES: usize = 500;

/// The most values within one and bytes of their texts, counted as often as they are there, and the deepest.
const MOST_VALUES: u64 = 1 << 17;
const MOST_BYTES: usize = 1 << 26;
const DEEPEST: u32 = 64;

/// Values that one rendering may look at, and the bytes of a text that are looked at as one more.
const MOST_LOOKS: u64 = 10_000_000;
const BYTES_A_LOOK: usize = 64;

/// The names of the functions below, which no template can write.
const PAID: &str = "values, paid";
const PAID_TEXTS: &str = "texts, paid";
const KEPT: &str = "value, kept";
const GATHERED: &str = "list, gathered";

/// Objects of the engine that hold others, and change.
const NO_DATA: [&str; 4] = ["::Namespace", "::Macro", "::Closure", "::Loop"];

thread_local! {
    /// Values that may still be looked at, by the rendering of this thread.
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

/// The rule of a template's text, so that reading it takes little of a stack.
///
/// # Errors
/// What is too much of it, or cannot be read.
pub(super) fn check(source: &str, syntax: SyntaxConfig) -> Result<(), Error> {
    if source.len() > LONGEST {
        return Err(too_much(format!(
            "it has {} bytes, and {LONGEST} are the most",
            source.len()
        )));
    }
    let (mut tokens, mut choices) = (0, 0);
    for token in tokenize(source, false, syntax) {
        match token?.0 {
            Token::VariableStart | Token::BlockStart => tokens = 0,
            Token::Ident("elif") => choices += 1,
            _ => tokens += 1,
        }
        if tokens > MOST_TOKENS || choices > MOST_CHOICES {
            return Err(too_much(format!(
                "more than {MOST_TOKENS} words and signs follow each other, or more than {MOST_CHOICES} `elif`"
            )));
        }
    }
    Ok(())
}

/// Adds what the instructions call.
pub(super) fn add(environment: &mut Environment<'_>) {
    // It tells all that there is, however deep.
    environment.remove_global("debug");
    environment.add_global(PAID, Value::from_object(Paid { within: true }));
    environment.add_global(PAID_TEXTS, Value::from_object(Paid { within: false }));
    environment.add_global(KEPT, Value::from_object(Kept));
    environment.add_global(GATHERED, Value::from_object(Gathered));
}

/// Lets a rendering begin.
pub(super) fn begin() {
    LOOKS.set(MOST_LOOKS);
}

/// The same instructions, with those between that bound them.
///
/// # Errors
/// When how many values one takes is not known before.
pub(super) fn bounded<'s>(of: &Instructions<'s>) -> Result<Instructions<'s>, Error> {
    let all: Vec<&Instruction<'s>> = (0..).map_while(|at| of.get(at)).collect();
    let around = all.iter().map(|instruction| Around::of(instruction));
    let around = around.collect::<Result<Vec<_>, Error>>()?;
    // Where each is now, and what is before it with it; at last where they end.
    let mut places = vec![0];
    for around in &around {
        let place = places.last().copied().unwrap_or(0);
        places.push(place + (around.before.len() + 1 + around.after.len()) as u32);
    }
    let place = |at: u32| places.get(at as usize).copied().unwrap_or(at);
    let mut bounded = Instructions::new(of.name(), of.source());
    for (at, (instruction, around)) in all.into_iter().zip(around).enumerate() {
        let line = of
            .get_line(at as u32)
            .and_then(|line| u16::try_from(line).ok())
            .unwrap_or(0);
        let moved = match instruction.clone() {
            Instruction::Iterate(to) => Instruction::Iterate(place(to)),
            Instruction::Jump(to) => Instruction::Jump(place(to)),
            Instruction::JumpIfFalse(to) => Instruction::JumpIfFalse(place(to)),
            Instruction::JumpIfFalseOrPop(to) => Instruction::JumpIfFalseOrPop(place(to)),
            Instruction::JumpIfTrueOrPop(to) => Instruction::JumpIfTrueOrPop(place(to)),
            Instruction::BuildMacro(name, at, flags) => Instruction::BuildMacro(name, place(at), flags),
            other => other,
        };
        for instruction in around.before.into_iter().chain([moved]).chain(around.after) {
            bounded.add_with_line(instruction, line);
        }
    }
    Ok(bounded)
}

/// What stands before an instruction and after it.
#[derive(Default)]
struct Around {
    before: Vec<Instruction<'static>>,
    after: Vec<Instruction<'static>>,
}

impl Around {
    fn of(instruction: &Instruction<'_>) -> Result<Self, Error> {
        let takes = |count: u16| Self {
            before: pays(PAID, count),
            after: Vec::new(),
        };
        let makes = |count: u16| Self {
            before: pays(PAID, count),
            after: pays(PAID, 1),
        };
        // Of a list one item is taken, or its length, but a text is read from its beginning.
        let reads = |count: u16| Self {
            before: pays(PAID_TEXTS, count),
            after: Vec::new(),
        };
        Ok(match instruction {
            Instruction::BuildList(_) | Instruction::BuildTuple(_) | Instruction::BuildMap(_) => makes(0),
            Instruction::Slice => Self {
                after: pays(PAID, 1),
                ..reads(4)
            },
            Instruction::PushLoop(_)
            | Instruction::ApplyFilter("length" | "count" | "first" | "last", Some(1), _) => reads(1),
            Instruction::Mul => makes(2),
            // The engine keeps a sum of lists as a pair of them, which is looked into for ever where none has a value.
            Instruction::Add => Self {
                before: pays(PAID, 2),
                after: [pays(GATHERED, 1), pays(PAID, 1)].concat(),
            },
            Instruction::Eq
            | Instruction::Ne
            | Instruction::Lt
            | Instruction::Lte
            | Instruction::Gt
            | Instruction::Gte
            | Instruction::In
            | Instruction::StringConcat
            | Instruction::CompareAndPreserve(_) => takes(2),
            Instruction::Emit | Instruction::FastRecurse => takes(1),
            Instruction::GetItem => Self {
                before: [pays(PAID, 1), pays(PAID_TEXTS, 2)].concat(),
                after: Vec::new(),
            },
            Instruction::PerformTest(_, Some(count), _) => takes(*count),
            Instruction::ApplyFilter(_, Some(count), _)
            | Instruction::CallFunction(_, Some(count))
            | Instruction::CallMethod(_, Some(count))
            | Instruction::CallObject(Some(count)) => makes(*count),
            // A value lies below the namespace that keeps it.
            Instruction::SetAttr(_) => Self {
                before: vec![
                    Instruction::Swap,
                    Instruction::CallFunction(KEPT, Some(1)),
                    Instruction::Swap,
                ],
                after: Vec::new(),
            },
            Instruction::UnpackLists(_)
            | Instruction::PerformTest(_, None, _)
            | Instruction::ApplyFilter(_, None, _)
            | Instruction::CallFunction(_, None)
            | Instruction::CallMethod(_, None)
            | Instruction::CallObject(None) => {
                return Err(too_much("it unpacks lists into arguments by `*`".to_owned()));
            }
            _ => Self::default(),
        })
    }
}

/// Has so many values paid by a function, that lie on the stack.
fn pays(by: &'static str, count: u16) -> Vec<Instruction<'static>> {
    match count {
        0 => Vec::new(),
        count => vec![
            Instruction::CallFunction(by, Some(count)),
            Instruction::UnpackList(count.into()),
        ],
    }
}

/// Pays for values: gives a list from the last one to the first, as they are unpacked. It is one for a single value too,
/// since whatever a call gives is paid for in fuel as though it were made there.
#[derive(Debug)]
struct Paid {
    /// Whether for those within them too.
    within: bool,
}

impl Object for Paid {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, values: &[Value]) -> Result<Value, Error> {
        let mut looks = Looks::default();
        values.iter().try_for_each(|value| match self.within {
            true => looks.at(value, 0),
            false => looks.at_one(value),
        })?;
        Ok(values.iter().rev().cloned().collect())
    }
}

/// A value that a namespace keeps: data, so that none is within itself.
#[derive(Debug)]
struct Kept;

impl Object for Kept {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, values: &[Value]) -> Result<Value, Error> {
        let mut looks = Looks {
            data: true,
            ..Looks::default()
        };
        values.iter().try_for_each(|value| looks.at(value, 0))?;
        Ok(values.first().cloned().unwrap_or_default())
    }
}

/// Makes one list of a sum of lists; gives it in a list, as [`Paid`] does.
#[derive(Debug)]
struct Gathered;

impl Object for Gathered {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, values: &[Value]) -> Result<Value, Error> {
        let gathered = |value: &Value| match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => Ok(value.try_iter()?.collect()),
            _ => Ok(value.clone()),
        };
        values.iter().map(gathered).collect::<Result<Value, Error>>()
    }
}

/// A look at all that is within values.
#[derive(Default)]
struct Looks {
    values: u64,
    bytes: usize,
    /// Whether it must be data.
    data: bool,
}

impl Looks {
    /// A look at a value alone.
    fn at_one(&mut self, value: &Value) -> Result<(), Error> {
        let bytes = value.as_str().map_or(0, str::len);
        self.values += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        let left = LOOKS.get().checked_sub(1 + (bytes / BYTES_A_LOOK) as u64);
        LOOKS.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| {
            too_much(format!(
                "it looks at more than {MOST_LOOKS} values, or that many times {BYTES_A_LOOK} bytes of texts"
            ))
        })
    }

    fn at(&mut self, value: &Value, depth: u32) -> Result<(), Error> {
        self.at_one(value)?;
        if self.values > MOST_VALUES || self.bytes > MOST_BYTES || depth > DEEPEST {
            return Err(too_much(format!(
                "it makes a value of more than {MOST_VALUES} values or {MOST_BYTES} bytes, or deeper than {DEEPEST}"
            )));
        }
        let Some(object) = value.as_object() else {
            return Ok(());
        };
        if self.data && NO_DATA.iter().any(|name| object.type_name().ends_with(name)) {
            return Err(too_much(
                "a namespace keeps texts, numbers, lists and maps, and nothing else".to_owned(),
            ));
        }
        match value.kind() {
            ValueKind::Map => {
                for (key, value) in object.try_iter_pairs().into_iter().flatten() {
                    self.at(&key, depth + 1)?;
                    self.at(&value, depth + 1)?;
                }
            }
            ValueKind::Seq | ValueKind::Iterable => {
                for value in object.try_iter().into_iter().flatten() {
                    self.at(&value, depth + 1)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn too_much(said: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, said)
}
