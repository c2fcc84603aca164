//! Laws that others fitted and published, to hold beside the study's own.
//!
//! Their loss is in nats per token of their own text and tokenizer: their losses do not compare with
//! a study's. Their optimal sizes are a second opinion, no more.

use std::sync::LazyLock;

use triaxis_laws::forms::Chinchilla;
use triaxis_units::{Flops, Params, Tokens};

use crate::PlanError;
use crate::evidence::{Measured, Span};
use triaxis_names::key;

/// A published law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// The name that specs use.
    pub name: &'static str,
    /// The constants; loss in nats per token.
    pub law: Chinchilla,
    /// Where the constants are printed.
    pub source: &'static str,
    /// The runs they were fitted to.
    pub measured: Measured,
}

/// The runs of Hoffmann et al. 2022 as Besiroglu et al. 2024 read them off the figure
/// (`svg_extracted_data.csv`: 245 runs), rounded to two digits. All laws below stand on them.
const CHINCHILLA_RUNS: Measured = Measured {
    runs: 245,
    flops: Span {
        smallest: Flops(1.4e18),
        largest: Flops(1.3e22),
    },
    params: Span {
        smallest: Params(57_000_000),
        largest: Params(16_000_000_000),
    },
    tokens: Span {
        smallest: Tokens(250_000_000),
        largest: Tokens(320_000_000_000),
    },
};

/// The first 250 bootstraps of `triaxis fit svg_extracted_data.csv --form chinchilla --drop-worst 5 --draws FILE`: 240
/// runs, log-Huber, as Besiroglu et al. 2024 resample them.
static BESIROGLU_DRAWS: LazyLock<Vec<Chinchilla>> = LazyLock::new(|| {
    let rows = include_str!("besiroglu-2024.csv").lines().skip(1);
    rows.filter_map(|row| {
        let constants = row.split(',').map(|constant| constant.parse().ok());
        Chinchilla::from_parameters(&constants.collect::<Option<Vec<f64>>>()?)
    })
    .collect()
});

/// Every published law.
pub const ALL: &[Published] = &[
    Published {
        name: "hoffmann-2022",
        law: Chinchilla::PUBLISHED,
        source: "Hoffmann et al. 2022 (arXiv 2203.15556), equation 10, as printed (rounded)",
        measured: CHINCHILLA_RUNS,
    },
    Published {
        name: "hoffmann-2022-unrounded",
        law: Chinchilla {
            E: 1.693_373_68,
            A: 406.401_018,
            B: 410.722_827,
            alpha: 0.339_170_84,
            beta: 0.284_908_3,
        },
        source: "Hoffmann et al. 2022, TeX source, as quoted by Besiroglu et al. 2024 (arXiv 2404.10102)",
        measured: CHINCHILLA_RUNS,
    },
    Published {
        name: "besiroglu-2024",
        law: Chinchilla::REFIT,
        source: "Besiroglu et al. 2024 (arXiv 2404.10102): a refit of the same runs",
        measured: CHINCHILLA_RUNS,
    },
    Published {
        name: "sardana-2023",
        law: Chinchilla {
            alpha: 0.336,
            beta: 0.283,
            ..Chinchilla::PUBLISHED
        },
        source: "Sardana et al. 2023 (arXiv 2401.00448): Hoffmann's printed E, A, B with less \
                 rounded exponents; they reproduce the paper's numbers",
        measured: CHINCHILLA_RUNS,
    },
];

impl Published {
    /// Refits of resampled runs, where there are some: how uncertain the constants are.
    pub fn draws(&self) -> &'static [Chinchilla] {
        match self.name {
            "besiroglu-2024" => &BESIROGLU_DRAWS,
            _ => &[],
        }
    }
}

/// The published law called `name`.
///
/// # Errors
/// When there is none; the error names the nearest and all others.
pub fn find(name: &str) -> Result<&'static Published, PlanError> {
    let names = ALL.iter().map(|law| law.name);
    ALL.iter()
        .find(|law| key(law.name) == key(name))
        .ok_or_else(|| PlanError::unknown("published law", name, names))
}
