//! Initial weights, drawn from a stream keyed by (seed, name of the weight): adding or removing a
//! layer leaves every other weight as it was.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

use triaxis_random::Stream;

/// A matrix `[rows, columns]` of normal numbers with the given standard deviation.
pub fn normal(seed: u64, name: &str, shape: [usize; 2], deviation: f64, device: &Device) -> Param<Tensor<2>> {
    let mut stream = Stream::new(seed, name, 0);
    let values: Vec<f32> = (0..shape[0] * shape[1])
        .map(|_| (stream.normal() * deviation) as f32)
        .collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

/// A gain of ones.
pub fn ones(size: usize, device: &Device) -> Param<Tensor<1>> {
    Param::from_tensor(Tensor::ones([size], device))
}
