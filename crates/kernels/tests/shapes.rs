//! Operations on tensors whose sizes do not agree are refused, by the kernels as by the compositions, even where
//! the lengths would do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Int, Tensor};
use triaxis_kernels::{
    AttentionHeads, AttentionWeights, Implementation, Scores, attention_half, causal_attention, feed_forward,
    head_cross_entropy, linear, rms_norm,
};

fn zeros<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::zeros(shape, &Device::flex())
}

/// Whether both implementations refuse it.
fn refused<T>(operation: impl Fn() -> T) -> [bool; 2] {
    [Implementation::Fused, Implementation::Composed]
        .map(|which| which.run(|| catch_unwind(AssertUnwindSafe(&operation)).is_err()))
}

#[test]
fn sizes_that_do_not_agree_are_refused() {
    let targets = |count| Tensor::<1, Int>::zeros([count], &Device::flex());
    let heads = AttentionHeads {
        query: 2,
        key_value: 1,
        dimension: 2,
    };
    let half = |width, query_key_value, output| {
        let weights = AttentionWeights {
            gain: zeros([width]),
            query_key_value: zeros(query_key_value),
            output: zeros(output),
        };
        attention_half(zeros([6, 4]), weights, heads, 3, Scores::default(), 1e-5)
    };
    let forward = |gain, gate_and_up, down| {
        feed_forward(
            zeros([5, 4]),
            zeros([gain]),
            zeros(gate_and_up),
            zeros(down),
            1e-5,
        )
    };
    assert_eq!(refused(|| forward(4, [4, 6], [3, 4])), [false; 2]);
    assert_eq!(refused(|| forward(4, [4, 6], [4, 3])), [true; 2]);
    assert_eq!(refused(|| forward(1, [4, 6], [3, 4])), [true; 2]);
    assert_eq!(refused(|| half(4, [4, 8], [4, 4])), [false; 2]);
    assert_eq!(refused(|| half(4, [8, 4], [4, 4])), [true; 2]);
    assert_eq!(refused(|| half(4, [4, 8], [2, 8])), [true; 2]);
    assert_eq!(refused(|| half(1, [4, 8], [4, 4])), [true; 2]);
    let loss = |head, count| head_cross_entropy(zeros([4, 6]), zeros(head), targets(count));
    assert_eq!(refused(|| loss([5, 6], 4)), [false; 2]);
    assert_eq!(refused(|| loss([5, 3], 8)), [true; 2]);
    assert_eq!(refused(|| loss([5, 6], 3)), [true; 2]);
    let attend = |queries, keys| {
        let keys = || zeros([1, keys, 1, 2]);
        causal_attention(zeros([1, queries, 1, 2]), keys(), keys(), Scores::default())
    };
    assert_eq!(refused(|| attend(3, 4)), [false; 2]);
    assert_eq!(refused(|| attend(4, 3)), [true; 2]);
    assert_eq!(refused(|| rms_norm(zeros([3, 4]), zeros([1]), 1e-5)), [true; 2]);
    assert_eq!(refused(|| linear(zeros([3, 4]), zeros([2, 6]))), [true; 2]);
}
