use std::fmt;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use triaxis_kernels::{Instructions, Precision};

/// What a training multiplies matrices in. Weights, sums, everything between the products and the
/// optimiser are `f32` in all of them (Micikevicius et al. 2018, arXiv 1710.03740), and so is evaluation:
/// the loss that is measured is that of the weights that are saved, on every kind of machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// Single precision.
    #[default]
    F32,
    /// Operands of the linear layers, of attention and of the head are rounded to bf16 where the processor
    /// multiplies it; elsewhere as [`Dtype::F32`], so that results depend on the kind of machine.
    Bf16,
}

impl Dtype {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::F32, Self::Bf16];

    /// Its name in specs: `f32`, `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    /// What multiplies when this program trains: on a processor `amx` or `avx512-bf16` for bf16 where it has
    /// them, else the instruction set of `f32`, such as `avx512`; the name of any other device.
    ///
    /// Equal names compute equal bits. Single exponentials and logarithms are those of the platform's library, and
    /// portable code rounds as the target does: platforms other than Linux with glibc on x86-64 are named, too.
    pub fn unit(self) -> String {
        let device = Device::default();
        let unit = self.precision().unit();
        match device == Device::flex() {
            true if cfg!(all(
                target_arch = "x86_64",
                target_os = "linux",
                target_env = "gnu"
            )) =>
            {
                unit.to_owned()
            }
            true => format!("{unit}-{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            false => format!("{device:?}"),
        }
    }

    /// The names that [`Dtype::unit`] may have on processors, the least first.
    pub fn units(self) -> impl Iterator<Item = &'static str> {
        let rounds = |level: &Instructions| *level > Instructions::Avx512;
        let all = Instructions::ALL.into_iter();
        all.filter(move |level| self == Self::Bf16 || !rounds(level))
            .map(Instructions::name)
    }

    pub(crate) fn precision(self) -> Precision {
        match self {
            Self::F32 => Precision::Float32,
            Self::Bf16 => Precision::BFloat16,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dtype_is_written_by_its_name() {
        for dtype in Dtype::ALL {
            let written = serde_json::to_string(&dtype).expect("a name");
            assert_eq!(written, format!("\"{dtype}\""));
            let read: Dtype = serde_json::from_str(&written).expect("its own name");
            assert_eq!(read, dtype);
            let unit = dtype.unit();
            assert!(dtype.units().any(|known| unit.starts_with(known)), "{unit}");
        }
        assert_ne!(Dtype::F32.unit(), "amx");
    }
}
