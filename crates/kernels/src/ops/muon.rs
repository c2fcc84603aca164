//! The update of Muon.

use burn::backend::Flex;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::flex::{contiguous, fused, inner, into_mutable, values};
use super::product::product;
use crate::cpu::muon::{self, Matrices, Update};
use crate::cpu::newton_schulz::{COEFFICIENTS, LEAST_NORM, STEPS};
use crate::profile::{self, Pass};

/// A weight of matrices to update and what that needs: all flat, of one length, outside of any gradient's graph
/// (`inner()`).
#[derive(Debug)]
pub struct MuonParameter {
    /// Its values.
    pub value: Tensor<1>,
    /// Their gradients.
    pub gradient: Tensor<1>,
    /// The means of their gradients, which earlier steps left: zeros before the first.
    pub momentum: Tensor<1>,
    /// The matrices that lie in it.
    pub matrices: Matrices,
    /// The decoupled weight decay λ, multiplied by the learning rate.
    pub weight_decay: f64,
}

/// One step of Muon ([`muon::step`] says which) of all weights: their new values and momenta, in the same order.
///
/// The kernel changes both in place where nothing else holds them.
///
/// # Panics
/// If the lengths of a weight's tensors differ, or it is not made of whole matrices.
pub fn muon_step(parameters: Vec<MuonParameter>, update: &Update) -> Vec<(Tensor<1>, Tensor<1>)> {
    let is_fused = |parameter: &MuonParameter| {
        [&parameter.value, &parameter.gradient, &parameter.momentum]
            .into_iter()
            .all(fused)
    };
    if !parameters.iter().all(is_fused) {
        let step = |parameter| composed(parameter, update);
        return parameters.into_iter().map(step).collect();
    }
    profile::time("muon_step", Pass::Update, || {
        let mut parameters: Vec<InPlace> = parameters.into_iter().map(InPlace::of).collect();
        muon::step(parameters.iter_mut().map(InPlace::slices).collect(), update);
        let tensors = |parameter: InPlace| parameter.updated.map(Tensor::from_primitive::<Flex>).into();
        parameters.into_iter().map(tensors).collect()
    })
}

/// A weight's tensors on the processor; all but the gradient are its own.
struct InPlace {
    gradient: FlexTensor,
    /// The values and the momentum.
    updated: [FlexTensor; 2],
    matrices: Matrices,
    weight_decay: f64,
}

impl InPlace {
    fn of(parameter: MuonParameter) -> Self {
        Self {
            gradient: contiguous(inner(parameter.gradient.into_dispatch())),
            updated: [parameter.value, parameter.momentum]
                .map(|tensor| into_mutable(inner(tensor.into_dispatch()))),
            matrices: parameter.matrices,
            weight_decay: parameter.weight_decay,
        }
    }

    fn slices(&mut self) -> muon::Parameter<'_> {
        let [values, momentum] = self.updated.each_mut().map(FlexTensor::storage_mut);
        muon::Parameter {
            values,
            gradient: self::values(&self.gradient),
            momentum,
            matrices: &self.matrices,
            weight_decay: self.weight_decay,
        }
    }
}

fn composed(parameter: MuonParameter, update: &Update) -> (Tensor<1>, Tensor<1>) {
    let MuonParameter {
        value,
        gradient,
        momentum,
        matrices,
        weight_decay,
    } = parameter;
    let (length, share) = (value.dims()[0], update.momentum);
    assert!(matrices.fit(length), "{length} values of {matrices:?}");
    let gradient = gradient.mul_scalar((1.0 - share) * update.gradient_scale);
    let momentum = momentum.mul_scalar(share) + gradient.clone();
    let direction = gradient + momentum.clone().mul_scalar(share);
    let (rows, stride) = (matrices.rows, matrices.stride());
    let direction = direction.reshape([length / (rows * stride), rows, stride]);
    let mut column = 0;
    let orthogonal = matrices.columns.iter().map(|&columns| {
        let part = direction.clone().narrow(2, column, columns);
        column += columns;
        orthogonalised(part).mul_scalar(muon::size(rows, columns))
    });
    let orthogonal = Tensor::cat(orthogonal.collect(), 2).reshape([length]);
    let kept = value.mul_scalar(1.0 - update.learning_rate * weight_decay);
    (kept - orthogonal.mul_scalar(update.learning_rate), momentum)
}

/// Newton and Schulz's iteration on each matrix of a batch.
fn orthogonalised(x: Tensor<3>) -> Tensor<3> {
    let [_, rows, columns] = x.dims();
    let norm = x
        .clone()
        .square()
        .sum_dim(2)
        .sum_dim(1)
        .sqrt()
        .clamp_min(LEAST_NORM);
    let mut x = x / norm;
    let is_tall = rows > columns;
    if is_tall {
        x = x.swap_dims(1, 2);
    }
    let [a, b, c] = COEFFICIENTS;
    for _ in 0..STEPS {
        let gram = product(x.clone(), x.clone().swap_dims(1, 2));
        let factor = gram.clone().mul_scalar(b) + product(gram.clone(), gram).mul_scalar(c);
        x = x.clone().mul_scalar(a) + product(factor, x);
    }
    if is_tall { x.swap_dims(1, 2) } else { x }
}
