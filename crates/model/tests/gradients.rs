//! Every architecture's gradients against central differences, in double precision, which is a setting of the whole
//! process.
#![allow(clippy::unwrap_used)] // Helpers of tests fail by panicking, as tests do.

use std::collections::BTreeMap;
use std::sync::Once;

use burn::tensor::{Device, FloatDType, Gradients, Tensor, TensorData};
use triaxis_model::weights::{self, Group, WeightSpec};
use triaxis_model::{ArchitectureSpec, Memory, Model, Stack};
use triaxis_random::Stream;

/// The gradient of each weight, by name.
fn collect(model: &Model, gradients: &Gradients) -> BTreeMap<String, Vec<f64>> {
    let gradient = |(line, weight): (&WeightSpec, &Tensor<1>)| {
        let gradient = weight.grad(gradients).expect("every weight has a gradient");
        (line.name.clone(), gradient.into_data().iter().collect())
    };
    let weights = model.lines().iter().zip(model.values());
    weights
        .filter(|(line, _)| line.group != Group::Balance)
        .map(gradient)
        .collect()
}

fn check(spec: &ArchitectureSpec, device: &Device) {
    let length = spec.context();
    let token = |index: usize| ((index * 5 + index / 2) % spec.vocabulary()) as i64;
    let tokens: Vec<i64> = (0..2 * length).map(token).collect();
    let targets: Vec<i64> = (1..=2 * length).map(token).collect();
    let plain = device.clone().inner();
    let loss = |weights_at: &BTreeMap<String, weights::Weight>, device: &Device| {
        let model = weights::write(spec.build(0, device).unwrap(), weights_at).unwrap();
        let tokens = Tensor::from_data(TensorData::new(tokens.clone(), [2, length]), device);
        let targets = Tensor::from_data(TensorData::new(targets.clone(), [2 * length]), device);
        (model.loss(tokens, targets).unwrap(), model)
    };

    // Far from the initial values, so that no gain is one and no gradient tiny.
    let mut at = weights::read(&spec.build(0, &plain).unwrap());
    for (name, weight) in &mut at {
        let mut stream = Stream::new(1, name, 0);
        weight
            .values
            .iter_mut()
            .for_each(|value| *value = *value * 2.0 + 0.3 * stream.normal() as f32);
    }
    let (value, model) = loss(&at, device);
    let gradients = value.backward();
    let found = collect(&model, &gradients);
    let learnt = model.lines().iter().filter(|line| line.group != Group::Balance);
    assert_eq!(found.len(), learnt.count());

    for (name, gradient) in &found {
        let mut stream = Stream::new(2, name, 0);
        for _ in 0..4 {
            let index = (stream.uniform() * gradient.len() as f64) as usize;
            // Small, for the error of a central difference falls with its square.
            let value = at[name].values[index];
            let step = 2f32.powi(-18);
            let shifted = |shift: f32| {
                let mut weights_at = at.clone();
                weights_at.get_mut(name).unwrap().values[index] = value + shift;
                let moved = f64::from(value + shift) - f64::from(value);
                (loss(&weights_at, &plain).0.into_scalar::<f64>(), moved)
            };
            let ((above, up), (below, down)) = (shifted(step), shifted(-step));
            let difference = (above - below) / (up - down);
            let error = (difference - gradient[index]).abs();
            assert!(
                error <= 1e-6 + 1e-4 * gradient[index].abs(),
                "{name}[{index}] of {spec:?}: gradient {} but difference {difference}",
                gradient[index]
            );
        }
    }
}

/// The device on which everything is in double precision.
fn device() -> Device {
    static ONCE: Once = Once::new();
    let mut device = Device::flex();
    ONCE.call_once(|| device.configure(FloatDType::F64).unwrap());
    device
}

/// A normalisation of what is near zero makes much of its rounding in single precision: here nothing is left of it.
#[test]
fn a_sequence_in_two_pieces_is_the_whole() {
    let device = device();
    for stack in Stack::examples() {
        let stack = Stack {
            context: 70,
            learned_positions: stack.learned_positions.map(|_| 70),
            ..stack
        };
        let model = stack.build(3, &device).unwrap();
        let tokens: Vec<i64> = (0..70)
            .map(|index| (index * 5 + index / 3) % stack.vocabulary as i64)
            .collect();
        let tensor =
            |part: &[i64]| Tensor::from_data(TensorData::new(part.to_vec(), [1, part.len()]), &device);
        let values = |scores: Tensor<2>| scores.into_data().iter::<f64>().collect::<Vec<_>>();
        let whole = values(model.logits(tensor(&tokens)).unwrap());
        for first in [1, 15, 16, 17, 64] {
            let mut memory = [Memory::default()];
            let mut step = |part: &[i64]| values(model.step(tensor(part), &mut memory).unwrap());
            let pieces = [step(&tokens[..first]), step(&tokens[first..])].concat();
            let worst = pieces
                .iter()
                .zip(&whole)
                .map(|(piece, whole)| (piece - whole).abs());
            let worst = worst.fold(0.0, f64::max);
            assert!(worst <= 1e-10, "split at {first}, off by {worst:e}: {stack:?}");
        }
    }
}

#[test]
fn gradients_agree_with_central_differences() {
    let device = device().autodiff();
    let bidirectional = Stack::bidirectional_examples();
    let bidirectional = bidirectional.into_iter().map(ArchitectureSpec::Stack);
    for spec in ArchitectureSpec::examples().into_iter().chain(bidirectional) {
        check(&spec, &device);
    }
}
