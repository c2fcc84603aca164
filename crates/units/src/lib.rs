//! The quantities a scaling study is written in, as types that cannot be mixed by mistake.
//!
//! Each quantity reads and prints the way people write it: `7B` parameters, `1.4T` tokens, `3e21`
//! floating-point operations, `24GiB`, `$1.5M`. In data files a quantity is a plain number; in a
//! spec it may be a number or such a string.

mod loss;
mod parse;
mod quantity;

pub use loss::{BitsPerByte, Nats};
pub use parse::QuantityError;
pub use quantity::{Bytes, Dollars, Flops, Params, Requests, Seconds, Tokens};
