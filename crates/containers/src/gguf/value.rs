//! What the keys of a file say: values of one of twelve kinds, or lists of one kind.

use std::io::Read;

use super::reader::Reader;
use crate::Damage;

/// The numbers that name the kinds that are no numbers.
const BOOL: u32 = 7;
const TEXT: u32 = 8;
const LIST: u32 = 9;

/// The enums of values, a line a kind of numbers, with the number that names it in files.
macro_rules! kinds {
    ($($Kind:ident($number:ty) = $id:literal,)+) => {
        /// What a key says.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Value {
            $(#[doc = concat!("A number of `", stringify!($number), "`.")] $Kind($number),)+
            /// A truth value.
            Bool(bool),
            /// A text.
            Text(String),
            /// Values of one kind.
            List(List),
        }

        /// Values of one kind.
        #[derive(Debug, Clone, PartialEq)]
        pub enum List {
            $(#[doc = concat!("Numbers of `", stringify!($number), "`.")] $Kind(Vec<$number>),)+
            /// Truth values.
            Bool(Vec<bool>),
            /// Texts.
            Text(Vec<String>),
        }

        impl Value {
            /// The number that names its kind.
            fn id(&self) -> u32 {
                match self {
                    $(Self::$Kind(_) => $id,)+
                    Self::Bool(_) => BOOL,
                    Self::Text(_) => TEXT,
                    Self::List(_) => LIST,
                }
            }

            fn read_as<R: Read>(id: u32, reader: &mut Reader<R>) -> Result<Self, Damage> {
                match id {
                    $($id => Ok(Self::$Kind(<$number>::from_le_bytes(reader.array()?))),)+
                    BOOL => Ok(Self::Bool(truth(reader.array::<1>()?[0])?)),
                    TEXT => Ok(Self::Text(reader.text()?)),
                    LIST => Ok(Self::List(List::read(reader)?)),
                    id => Err(unknown(id)),
                }
            }

            fn write_as(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$Kind(value) => out.extend(value.to_le_bytes()),)+
                    Self::Bool(value) => out.push(u8::from(*value)),
                    Self::Text(text) => write_text(text, out),
                    Self::List(list) => list.write(out),
                }
            }
        }

        impl List {
            /// How many values it has.
            pub fn len(&self) -> usize {
                match self {
                    $(Self::$Kind(values) => values.len(),)+
                    Self::Bool(values) => values.len(),
                    Self::Text(values) => values.len(),
                }
            }

            /// Each of its values.
            pub fn values(&self) -> Vec<Value> {
                match self {
                    $(Self::$Kind(values) => values.iter().copied().map(Value::$Kind).collect(),)+
                    Self::Bool(values) => values.iter().copied().map(Value::Bool).collect(),
                    Self::Text(values) => values.iter().cloned().map(Value::Text).collect(),
                }
            }

            fn id(&self) -> u32 {
                match self {
                    $(Self::$Kind(_) => $id,)+
                    Self::Bool(_) => BOOL,
                    Self::Text(_) => TEXT,
                }
            }

            fn read<R: Read>(reader: &mut Reader<R>) -> Result<Self, Damage> {
                let id = reader.number()?;
                match id {
                    $($id => {
                        let count = reader.count(size_of::<$number>(), "values of a list")?;
                        let bytes = reader.bytes(count * size_of::<$number>())?;
                        let values = bytes.as_chunks().0.iter().map(|bytes| <$number>::from_le_bytes(*bytes));
                        Ok(Self::$Kind(values.collect()))
                    })+
                    BOOL => {
                        let count = reader.count(1, "values of a list")?;
                        let bytes = reader.bytes(count)?;
                        Ok(Self::Bool(bytes.into_iter().map(truth).collect::<Result<_, _>>()?))
                    }
                    TEXT => {
                        let count = reader.count(size_of::<u64>(), "texts of a list")?;
                        Ok(Self::Text((0..count).map(|_| reader.text()).collect::<Result<_, _>>()?))
                    }
                    LIST => Err(Damage::Format("a list of lists, which no reader of the field takes".to_owned())),
                    id => Err(unknown(id)),
                }
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend(self.id().to_le_bytes());
                out.extend((self.len() as u64).to_le_bytes());
                match self {
                    $(Self::$Kind(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),)+
                    Self::Bool(values) => out.extend(values.iter().map(|value| u8::from(*value))),
                    Self::Text(values) => values.iter().for_each(|text| write_text(text, out)),
                }
            }
        }
    };
}

kinds! {
    U8(u8) = 0,
    I8(i8) = 1,
    U16(u16) = 2,
    I16(i16) = 3,
    U32(u32) = 4,
    I32(i32) = 5,
    F32(f32) = 6,
    U64(u64) = 10,
    I64(i64) = 11,
    F64(f64) = 12,
}

impl Value {
    /// A value after the number that names its kind.
    pub(super) fn read<R: Read>(reader: &mut Reader<R>) -> Result<Self, Damage> {
        let id = reader.number()?;
        Self::read_as(id, reader)
    }

    /// Adds the number that names its kind, and its bytes.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.id().to_le_bytes());
        self.write_as(out);
    }

    /// The whole number that it is, if it is one from 0 on.
    pub fn whole(&self) -> Option<u64> {
        match *self {
            Self::U8(value) => Some(value.into()),
            Self::U16(value) => Some(value.into()),
            Self::U32(value) => Some(value.into()),
            Self::U64(value) => Some(value),
            Self::I8(value) => value.try_into().ok(),
            Self::I16(value) => value.try_into().ok(),
            Self::I32(value) => value.try_into().ok(),
            Self::I64(value) => value.try_into().ok(),
            _ => None,
        }
    }

    /// The number that it is, if it is one. One of single precision is the shortest decimal that rounds to it, which is
    /// what its writer was given.
    pub fn number(&self) -> Option<f64> {
        match *self {
            Self::F32(value) => value.to_string().parse().ok(),
            Self::F64(value) => Some(value),
            Self::I8(value) => Some(value.into()),
            Self::I16(value) => Some(value.into()),
            Self::I32(value) => Some(value.into()),
            Self::I64(value) => Some(value as f64),
            _ => self.whole().map(|value| value as f64),
        }
    }

    /// The text that it is, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value that it is, if it is one.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl List {
    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Adds a text and how many bytes it has.
pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn truth(byte: u8) -> Result<bool, Damage> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Damage::Format(format!(
            "a truth value of {other}, where 0 or 1 must be"
        ))),
    }
}

fn unknown(id: u32) -> Damage {
    Damage::Format(format!("a value of kind {id}, and kinds are 0 to 12"))
}
