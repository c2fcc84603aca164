//! What a training's bits hang on besides its configuration and its text.

use std::collections::BTreeMap;

use triaxis_kernels::{Instructions, cpu::bf16};

use crate::config::TrainConfig;
use crate::{data, mixed, optimizer, run, sorted};

impl TrainConfig {
    /// The parts of the program that the loss of a trained model hangs on, besides its weights, the text and the unit that
    /// multiplies in `f32`.
    pub fn evaluation_numerics(&self) -> BTreeMap<String, u32> {
        let parts = [
            ("kernels", triaxis_kernels::NUMERICS),
            // What is measured at the end of a training is its own to version.
            ("training", run::NUMERICS),
        ];
        let architecture = self.architecture.numerics();
        let parts = architecture
            .into_iter()
            .chain(parts)
            .chain(self.objective.numerics());
        parts.map(|(part, version)| (part.to_owned(), version)).collect()
    }

    /// The parts of the program that its bits hang on where `unit` multiplies (see [`Dtype::unit`](crate::Dtype::unit)),
    /// each with its version. A part that only another training uses may change, and this one is still the same.
    pub fn numerics(&self, unit: &str) -> BTreeMap<String, u32> {
        let rounds = [Instructions::Avx512Bf16, Instructions::Amx]
            .iter()
            .any(|rounding| rounding.name() == unit);
        [
            (self.schedule.name(), self.schedule.numerics()),
            ("random", triaxis_random::NUMERICS),
            ("kernels", triaxis_kernels::NUMERICS),
            ("order", data::NUMERICS),
            ("optimizer", optimizer::NUMERICS),
            ("training", run::NUMERICS),
        ]
        .into_iter()
        .chain(self.architecture.numerics())
        .chain(self.objective.numerics())
        .chain(self.optimizer.method.numerics())
        .chain((!self.shares.is_empty()).then_some(("shares", mixed::NUMERICS)))
        .chain(self.order.curriculum().map(|_| ("curriculum", sorted::NUMERICS)))
        .chain(
            self.has_experts()
                .then_some(("routing", triaxis_routing::NUMERICS)),
        )
        .chain(rounds.then_some(("bf16", bf16::NUMERICS)))
        .map(|(part, version)| (part.to_owned(), version))
        .collect()
    }
}
