use serde::{Deserialize, Serialize};
use triaxis_units::{BitsPerByte, Nats};

use crate::Share;

/// A quality, in exactly one unit: the laws', or how often answers are right.
///
/// ```
/// use triaxis_plan::Share;
/// use triaxis_plan::decide::Quality;
/// #[derive(serde::Deserialize)]
/// struct Spec { goal: Quality }
/// let of = |text: &str| toml::from_str::<Spec>(text).map(|spec| spec.goal);
/// assert_eq!(of("goal = { right = \"60%\" }")?, Quality::Right(Share(0.6)));
/// let both = of("goal = { right = 0.6, nats_per_token = 2.1 }").unwrap_err();
/// assert!(both.message().contains("exactly one of"));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "Written")]
pub enum Quality {
    /// Loss in nats a token.
    NatsPerToken(Nats),
    /// Loss in bits a byte.
    BitsPerByte(BitsPerByte),
    /// Share of queries answered right, over the classes of the demand.
    Right(Share),
}

impl Quality {
    /// It as a number, in its own unit.
    pub fn number(self) -> f64 {
        match self {
            Self::NatsPerToken(nats) => nats.0,
            Self::BitsPerByte(bits) => bits.0,
            Self::Right(share) => share.0,
        }
    }
}

/// What a table of a goal may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    nats_per_token: Option<Nats>,
    bits_per_byte: Option<BitsPerByte>,
    right: Option<Share>,
}

impl TryFrom<Written> for Quality {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let given = [
            written.nats_per_token.map(Self::NatsPerToken),
            written.bits_per_byte.map(Self::BitsPerByte),
            written.right.map(Self::Right),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(quality), None) => Ok(quality),
            _ => Err("a goal must have exactly one of `nats_per_token`, `bits_per_byte` and `right`"),
        }
    }
}
