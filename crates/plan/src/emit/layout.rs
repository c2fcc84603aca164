use serde::{Deserialize, Serialize};

use super::Shape;

/// How a run lies on its devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Devices in all.
    pub devices: u64,
    /// Devices that share each matrix.
    pub tensor: u64,
    /// Stages of a pipeline.
    pub pipeline: u64,
    /// Whether what every device holds, by its own reckoning, leaves room for activations.
    pub fits: bool,
}

/// Bytes of a parameter and its gradient while training in bf16 with gradients in f32.
const HELD: f64 = 6.0;
/// Bytes of its master copy and two moments.
const OPTIMIZER: f64 = 12.0;
/// Share of the memory that weights may take; the rest is for activations.
const SHARE: f64 = 0.6;
/// Devices of a node.
const NODE: u64 = 8;
/// Most devices that are counted up to where none are given.
const MOST: u64 = 1 << 20;

impl Layout {
    /// The layout with the least sharing that fits: on the devices that are given, else on the fewest nodes.
    ///
    /// `sequences` is how many a step sees; more replicas than that would have nothing to do.
    pub fn of(
        shape: &Shape,
        devices: Option<u64>,
        memory: f64,
        sequences: u64,
        shards_weights: bool,
    ) -> Self {
        let counts: Vec<u64> = match devices {
            Some(devices) => vec![devices.max(1)],
            None => std::iter::successors(Some(NODE), |count| Some(2 * count))
                .take_while(|count| *count <= MOST)
                .collect(),
        };
        let params = shape.params() as f64;
        let layouts = counts.into_iter().flat_map(|devices| {
            possible(shape, devices, shards_weights)
                .into_iter()
                .map(move |(tensor, pipeline)| {
                    let spread = if shards_weights {
                        devices
                    } else {
                        tensor * pipeline
                    };
                    let held = params * (HELD / spread as f64 + OPTIMIZER / devices as f64);
                    let layout = Self {
                        devices,
                        tensor,
                        pipeline,
                        fits: held <= SHARE * memory,
                    };
                    (layout, layout.replicas() <= sequences)
                })
        });
        let layouts: Vec<(Self, bool)> = layouts.collect();
        // What does not fit by reckoning is spread as far as it goes.
        let is_better = |(layout, has_work): &(Self, bool)| layout.fits && *has_work;
        let found = layouts
            .iter()
            .find(|one| is_better(one))
            .or_else(|| layouts.iter().find(|one| one.0.fits));
        found.or(layouts.last()).expect("a device alone is a layout").0
    }

    /// Copies of the model that see different text.
    pub fn replicas(&self) -> u64 {
        self.devices / (self.tensor * self.pipeline)
    }
}

/// Ways to share a model among devices, the least first; matrices are shared inside a node before layers are.
fn possible(shape: &Shape, devices: u64, shards_weights: bool) -> Vec<(u64, u64)> {
    let powers = |most: u64| {
        std::iter::successors(Some(1), |power| Some(2 * power)).take_while(move |power| *power <= most)
    };
    let stages = if shards_weights { 1 } else { shape.depth };
    let mut ways: Vec<(u64, u64)> = powers(NODE)
        .filter(|tensor| shape.groups.is_multiple_of(*tensor) && shape.feed_forward.is_multiple_of(*tensor))
        .flat_map(|tensor| powers(stages).map(move |pipeline| (tensor, pipeline)))
        .filter(|(tensor, pipeline)| {
            shape.depth.is_multiple_of(*pipeline) && devices.is_multiple_of(tensor * pipeline)
        })
        .collect();
    ways.sort_by_key(|(tensor, pipeline)| (tensor * pipeline, *pipeline));
    ways
}
