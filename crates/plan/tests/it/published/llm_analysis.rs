//! cli99/llm-analysis: a row of its outputs.

use std::sync::LazyLock;

use triaxis_plan::serving::{ModelShape, ServingSetup};
use triaxis_units::Params;

use crate::study::{Row, Study};
use crate::{catalogue, on, share};

pub(crate) static STUDY: Study = Study {
    title: "llm-analysis: LLaMA-7B on one A100",
    files: "the repository's examples/llama/outputs_infer at d841e40",
    differs: "LLaMA-7B as it counts it (feed-forward of eight squares of the width, one table of the vocabulary), 512 \
        tokens in, 32 out, batch 1, .7 of the peak and .9 of the bandwidth. Bytes and operations are equal. Its prefill has \
        .44 ms more, of norms and of the look-up; its decoding reads the cache of 544 tokens twice, .31 ms for .16; its \
        largest batch keeps the table apart once more and activations beside.",
    rows: LazyLock::new(|| {
        let (layers, hidden, vocabulary) = (32, 4096_u64, 32_000);
        let shape = ModelShape {
            params: Params(layers * 12 * hidden * hidden + vocabulary * hidden),
            layers: Some(layers),
            hidden: Some(hidden),
            query_heads: Some(32),
            ..ModelShape::default()
        };
        let setup = ServingSetup {
            mbu: share(0.9),
            mfu: share(0.7),
            memory_share: 1.0,
            ..on("A100 SXM 80GB", 1)
        };
        let server = setup.service(shape, &catalogue()).unwrap().median();
        let prefill = server.prefill_step(512.0, 512.0);
        let decode = 1e3 * server.step(1.0, 544.0).seconds();
        let cache = decode - 1e3 * server.step(1.0, 0.0).seconds();
        // Its weights leave out the norms of 256 KB.
        Some(vec![
            Row::near("weights, GB", server.weights() / 1e9, 13.147, 0.001),
            Row::near(
                "operations of the prompt, 1e12",
                prefill.arithmetic * 312.0 * 0.7,
                6.868726,
                1e-5,
            ),
            Row::near("time of the prompt, ms", 1e3 * prefill.seconds(), 31.45, 0.01).published("31.89"),
            Row::near("time of a token, ms", decode, 7.32, 0.005).published("7.48"),
            Row::near("of it the cache, ms", cache, 0.155, 0.001).published("0.31"),
            Row::near("largest batch of decoding", server.batch_limit(544.0), 234.4, 0.1).published("230"),
        ])
    }),
};

#[test]
fn reproduces() {
    STUDY.check();
}
