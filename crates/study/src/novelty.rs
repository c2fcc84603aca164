//! How new the next token of a corpus is, by what its preparation counted.

use triaxis_corpus::Novelty;
use triaxis_plan::PlanError;
use triaxis_plan::wall::Curve;
use triaxis_records as records;
use triaxis_units::Finding;

/// The curve of different runs of tokens against all.
///
/// # Errors
/// When the text is too small, or too much of it is new, to tell.
pub fn curve(novelty: &Novelty) -> Result<Curve, PlanError> {
    let samples = novelty
        .samples
        .iter()
        .map(|(runs, different)| (*runs as f64, *different as f64));
    Curve::of(
        novelty.order,
        novelty.tokens as f64,
        &samples.collect::<Vec<_>>(),
        [novelty.once as f64, novelty.twice as f64],
        novelty.sampled as f64,
    )
}

/// What the curve says of the corpus, and of twice as much of such text.
pub fn told(novelty: &Novelty) -> Finding<records::Novelty> {
    let told = |curve: Curve| records::Novelty {
        order: curve.order,
        next: curve.next_token(),
        heaps: curve.heaps(),
        doubled: curve.beyond(2.0 * curve.tokens),
    };
    Finding::of(curve(novelty).map(told))
}
