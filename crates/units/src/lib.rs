//! The quantities a scaling study is written in, as types that cannot be mixed by mistake.
//!
//! Each quantity reads and prints the way people write it: `7B` parameters, `1.4T` tokens, `3e21`
//! floating-point operations, `24GiB`, `$1.5M`. In data files a quantity is a plain number; in a
//! spec it may be a number or such a string.
//!
//! ```
//! use triaxis_units::{Bytes, Dollars, Flops, Params, Seconds, Tokens};
//! let (params, tokens): (Params, Tokens) = ("7B".parse()?, "1.4T".parse()?);
//! assert_eq!(Flops::six_nd(params, tokens), Flops(5.88e22));
//! assert_eq!("24GiB".parse(), Ok(Bytes(24 << 30)));
//! assert_eq!("$1.5M".parse(), Ok(Dollars(1.5e6)));
//! assert_eq!("1h 30min".parse(), Ok(Seconds(5400.0)));
//! assert_eq!(format!("{params:>6} {tokens}"), "    7B 1.4T");
//! # Ok::<(), triaxis_units::QuantityError>(())
//! ```
//!
//! # Rules
//! - Read values are finite and not negative; counts are whole and at most 2^53, so that a double
//!   holds them exactly.
//! - Arithmetic on counts stops at zero and at `u64::MAX`; it never wraps.
//! - Printing keeps three significant digits, or as many as the precision asks (`{:.5}`); what is
//!   printed reads back, and prints the same again.
//!
//! # Mixing units does not compile
//! ```compile_fail,E0308
//! # use triaxis_units::{Params, Tokens};
//! let sum = Params(7) + Tokens(7);
//! ```
//! ```compile_fail,E0308
//! # use triaxis_units::{Dollars, Seconds};
//! let ratio = Dollars(7.0) / Seconds(7.0);
//! ```
//! ```compile_fail,E0308
//! # use triaxis_units::{BitsPerByte, Nats};
//! let better = Nats(1.0) < BitsPerByte(1.0);
//! ```
//! ```compile_fail,E0308
//! # use triaxis_units::{Flops, Params, Tokens};
//! let cost = Flops::six_nd(Tokens(7), Params(7));
//! ```
//! ```compile_fail,E0308
//! # use triaxis_units::{Bytes, Params};
//! let memory: Bytes = Params(7) * 2;
//! ```

mod loss;
mod parse;
mod print;
mod quantity;
mod result;
mod written;

pub use loss::{BitsPerByte, Nats};
pub use parse::QuantityError;
pub use quantity::{Bytes, Dollars, Flops, Params, Requests, Seconds, Tokens};
pub use result::{Estimate, Finding, Interval, Reach};
pub use written::{Unit, UnitKind, Written};
