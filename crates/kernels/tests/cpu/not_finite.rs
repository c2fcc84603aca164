//! NaN and infinity pass through each kernel as through its plain reference: forward and backward, with one input value
//! at a time that is not finite.
#![allow(clippy::print_stdout)] // What a failing test was about.

use super::ROUNDED_TOLERANCE;
use super::layers::{
    check_feed_forward, check_linear, check_norm_linear, feed_forward_inputs, linear_inputs,
    norm_linear_inputs,
};
use super::losses::{check_cross_entropy, check_rounded_cross_entropy, cross_entropy_inputs};
use super::reference::{random, random_tokens};
use super::rows::{
    adamw_inputs, check_adamw, check_embedding, check_gelu, check_layer_norm, check_rms_norm, check_rotary,
    check_swiglu, embedding_inputs, gelu_inputs, layer_norm_inputs, rms_norm_inputs, swiglu_inputs,
};

/// Checks with NaN and both infinities at random places of each input, and at its end.
fn poison<const N: usize>(mut inputs: [Vec<f32>; N], check: impl Fn(&[Vec<f32>; N])) {
    for input in 0..N {
        let length = inputs[input].len();
        let mut places = random_tokens(input as u64 + 7, 3, length);
        places.push(length as u32 - 1);
        for place in places {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                println!("{bad} as value {place} of input {input}");
                let good = std::mem::replace(&mut inputs[input][place as usize], bad);
                check(&inputs);
                inputs[input][place as usize] = good;
            }
        }
    }
}

#[test]
fn through_linear() {
    for sizes in [[70, 19, 37], [1, 40, 1]] {
        poison(linear_inputs(sizes), |inputs| check_linear(sizes, inputs));
    }
}

#[test]
fn through_norm_linear() {
    for sizes in [[70, 19, 37], [33, 1, 2]] {
        poison(norm_linear_inputs(sizes), |inputs| {
            check_norm_linear(sizes, inputs)
        });
    }
}

#[test]
fn through_feed_forward() {
    for sizes in [[70, 19, 37], [33, 1, 2]] {
        poison(feed_forward_inputs(sizes), |inputs| {
            check_feed_forward(sizes, inputs)
        });
    }
}

#[test]
fn through_rms_norm() {
    for sizes in [[70, 19], [3, 1]] {
        poison(rms_norm_inputs(sizes), |inputs| check_rms_norm(sizes, inputs));
    }
}

#[test]
fn through_swiglu() {
    poison(swiglu_inputs([5, 19]), |inputs| check_swiglu([5, 19], inputs));
}

#[test]
fn through_gelu() {
    poison(gelu_inputs(40), check_gelu);
}

#[test]
fn through_layer_norm() {
    poison(layer_norm_inputs([7, 40]), |inputs| {
        check_layer_norm([7, 40], inputs)
    });
}

#[test]
fn through_rotary() {
    let sizes = [5, 3, 19];
    poison([random(1, 2 * 5 * 3 * 38)], |[x]| check_rotary(sizes, x));
}

#[test]
fn through_embedding() {
    let sizes = [9, 19, 20];
    poison(embedding_inputs(sizes), |inputs| check_embedding(sizes, inputs));
}

#[test]
fn through_cross_entropy() {
    for sizes in [[40, 19, 37], [3, 2, 1]] {
        poison(cross_entropy_inputs(sizes), |inputs| {
            check_cross_entropy(sizes, inputs)
        });
    }
}

#[test]
fn through_rounded_cross_entropy() {
    for sizes in [[40, 19, 37], [3, 2, 1], [33, 8, 600]] {
        poison(cross_entropy_inputs(sizes), |inputs| {
            check_rounded_cross_entropy(sizes, inputs, ROUNDED_TOLERANCE);
        });
    }
}

#[test]
fn through_adamw_and_norm() {
    poison(adamw_inputs(1, 40), |tensor| {
        check_adamw(std::slice::from_ref(tensor))
    });
}
