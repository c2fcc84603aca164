//! A model's weights as a table: by it they are counted, initialised, decayed, saved and read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use triaxis_kernels::Matrices;
use triaxis_random::Stream;

use crate::between::Between;
use crate::error::ModelError;
use crate::model::Model;
use crate::norm::Norm;

/// A line of the table: one weight, before it has values.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightSpec {
    /// Its name, as `blocks.0.down`; of a part, the last piece of it.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The law of its initial values.
    pub initial: Initial,
    /// What it is for.
    pub group: Group,
    /// The matrices in it that take one vector within the network to another, for optimisers that see a matrix as a
    /// whole: none in tables, vectors and filters. They lie side by side in its last dimension and one below the other
    /// in those before.
    pub hidden: Option<Matrices>,
}

/// The law of initial values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initial {
    /// Normal with this deviation.
    Normal(f64),
    /// All of them the same.
    Constant(f64),
    /// Uniform between two bounds.
    Uniform(f64, f64),
    /// The logarithm of what is uniform between two bounds.
    Logarithm(f64, f64),
    /// The logarithm of the row, counted from one.
    LogarithmOfRow,
    /// Such that softplus of it is uniform in its logarithm between two bounds.
    InverseSoftplus(f64, f64),
    /// Such that `e` to the power of minus the last number times softplus of it is uniform between two bounds.
    Decay(f64, f64, f64),
}

/// What a weight is for: decides whether it decays, and what it counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The table that embeds tokens, and is the head if there is no other.
    Embedding,
    /// The table of positions.
    Positions,
    /// A table that is the head alone.
    Head,
    /// What multiplies values.
    Matrix,
    /// The gain of a normalisation.
    Gain,
    /// What is added to values.
    Bias,
    /// What says how long a state lasts, and what goes around it.
    Recurrence,
    /// What chooses experts.
    Router,
    /// What corrects that choice: moved by what experts were given and never by a gradient.
    Balance,
}

impl WeightSpec {
    /// A matrix of normal numbers with deviation `scale ÷ √inputs`.
    pub fn matrix(name: &str, shape: [usize; 2], scale: f64) -> Self {
        Self::side_by_side(name, shape[0], &shape[1..], scale)
    }

    /// Matrices of the same inputs side by side, each with so many outputs: normal numbers with deviation
    /// `scale ÷ √inputs`.
    pub fn side_by_side(name: &str, inputs: usize, outputs: &[usize], scale: f64) -> Self {
        Self {
            name: name.to_owned(),
            shape: vec![inputs, outputs.iter().sum()],
            initial: Initial::Normal(scale / (inputs as f64).sqrt()),
            group: Group::Matrix,
            hidden: Some(Matrices {
                rows: inputs,
                columns: outputs.to_vec(),
            }),
        }
    }

    /// So many times such matrices, one after the other: `[count, inputs, outputs]`.
    pub fn stacked(name: &str, [count, inputs]: [usize; 2], outputs: &[usize], scale: f64) -> Self {
        Self {
            shape: vec![count, inputs, outputs.iter().sum()],
            ..Self::side_by_side(name, inputs, outputs, scale)
        }
    }

    /// A gain of ones.
    pub fn gain(name: &str, size: usize) -> Self {
        Self {
            name: name.to_owned(),
            shape: vec![size],
            initial: Initial::Constant(1.0),
            group: Group::Gain,
            hidden: None,
        }
    }

    /// What is added to values: zeros at first.
    pub fn bias(name: &str, size: usize) -> Self {
        Self {
            name: name.to_owned(),
            shape: vec![size],
            initial: Initial::Constant(0.0),
            group: Group::Bias,
            hidden: None,
        }
    }

    /// How many numbers it has.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its initial values. Each weight has a stream of its own, keyed by its name: adding or removing a layer leaves
    /// every other weight as it was.
    fn values(&self, seed: u64) -> Vec<f32> {
        let mut stream = Stream::new(seed, &self.name, 0);
        let between = |stream: &mut Stream, low: f64, high: f64| low + (high - low) * stream.uniform();
        let columns = self.shape.last().copied().unwrap_or(1);
        let value = |place: usize| match self.initial {
            Initial::Normal(deviation) => stream.normal() * deviation,
            Initial::Constant(value) => value,
            Initial::Uniform(low, high) => between(&mut stream, low, high),
            Initial::Logarithm(low, high) => between(&mut stream, low, high).ln(),
            Initial::LogarithmOfRow => ((place / columns + 1) as f64).ln(),
            // ln(e^y - 1), the inverse of softplus.
            Initial::InverseSoftplus(low, high) => {
                between(&mut stream, low.ln(), high.ln()).exp().exp_m1().ln()
            }
            Initial::Decay(low, high, sharpness) => {
                let rate = -between(&mut stream, low, high).ln() / sharpness;
                rate.exp_m1().ln()
            }
        };
        (0..self.size()).map(value).map(|value| value as f32).collect()
    }
}

/// The weights of a model: the table, and the values of each line, flat.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    table: Arc<Table>,
    values: Vec<Tensor<1>>,
}

#[derive(Debug)]
struct Table {
    lines: Vec<WeightSpec>,
    places: HashMap<String, usize>,
}

impl Weights {
    /// Initial weights that depend only on the table and the seed.
    pub(crate) fn initial(lines: Vec<WeightSpec>, seed: u64, device: &Device) -> Self {
        let value = |line: &WeightSpec| {
            let data = TensorData::new(line.values(seed), [line.size()]);
            tracked(Tensor::from_data(data, device))
        };
        let values = lines.iter().map(value).collect();
        Self::of(lines, values)
    }

    /// These, and then such lines with initial values.
    pub(crate) fn beside(self, lines: Vec<WeightSpec>, seed: u64, device: &Device) -> Self {
        let others = Self::initial(lines, seed, device);
        let lines = [self.lines(), others.lines()].concat();
        let values = self.values.into_iter().chain(others.values).collect();
        Self::of(lines, values)
    }

    /// The first lines alone.
    pub(crate) fn first(&self, lines: usize) -> Self {
        Self::of(self.lines()[..lines].to_vec(), self.values[..lines].to_vec())
    }

    fn of(lines: Vec<WeightSpec>, values: Vec<Tensor<1>>) -> Self {
        let places = lines.iter().enumerate();
        let places = places.map(|(place, line)| (line.name.clone(), place)).collect();
        Self {
            table: Arc::new(Table { lines, places }),
            values,
        }
    }

    pub(crate) fn lines(&self) -> &[WeightSpec] {
        &self.table.lines
    }

    pub(crate) fn values(&self) -> &[Tensor<1>] {
        &self.values
    }

    /// The same table with what `change` makes of its values.
    pub(crate) fn map(self, change: impl FnOnce(&[WeightSpec], Vec<Tensor<1>>) -> Vec<Tensor<1>>) -> Self {
        let values = change(&self.table.lines, self.values);
        assert_eq!(values.len(), self.table.lines.len(), "a value for each weight");
        Self {
            table: self.table,
            values,
        }
    }

    /// The weights whose names begin with `prefix` and a dot; all of them, where it is empty.
    pub(crate) fn scope(&self, prefix: String, norm: Norm) -> Scope<'_> {
        Scope {
            weights: self,
            prefix,
            norm,
            between: None,
            layer: 0,
        }
    }
}

/// What the names of a set of weights that blocks share begin with.
pub(crate) fn shared_prefix(set: usize) -> String {
    match set {
        0 => "shared".to_owned(),
        set => format!("shared.{set}"),
    }
}

/// The weights of one part, and how its network normalises.
#[derive(Debug)]
pub struct Scope<'a> {
    weights: &'a Weights,
    prefix: String,
    norm: Norm,
    between: Option<&'a Between>,
    layer: usize,
}

impl<'a> Scope<'a> {
    /// The same in a layer of a pass through the network.
    pub(crate) fn within(self, between: &'a Between, layer: usize) -> Self {
        Self {
            between: Some(between),
            layer,
            ..self
        }
    }

    /// Which layer of the pass it is of.
    pub(crate) fn layer(&self) -> usize {
        self.layer
    }

    /// What layers of the pass leave for later ones.
    pub(crate) fn between(&self) -> Option<&'a Between> {
        self.between
    }

    /// The weights that all blocks of this kind and set share.
    pub(crate) fn shared(&self, set: usize) -> Scope<'_> {
        self.weights.scope(shared_prefix(set), self.norm)
    }

    /// How the network normalises.
    pub fn norm(&self) -> Norm {
        self.norm
    }

    /// A weight of one dimension.
    ///
    /// # Panics
    /// If the part has no weight of that name in its table.
    pub fn vector(&self, name: &str) -> Tensor<1> {
        self.find(name).1
    }

    /// A weight, flat.
    ///
    /// # Panics
    /// If the part has no weight of that name in its table.
    pub fn flat(&self, name: &str) -> Tensor<1> {
        self.find(name).1
    }

    /// A weight of two dimensions.
    ///
    /// # Panics
    /// If the part has no weight of that name and as many dimensions in its table.
    pub fn matrix(&self, name: &str) -> Tensor<2> {
        let (line, value) = self.find(name);
        match line.shape[..] {
            [rows, columns] => value.reshape([rows, columns]),
            _ => unreachable!("`{name}` is declared with two dimensions"),
        }
    }

    /// A weight of three dimensions, its matrices one below the other.
    ///
    /// # Panics
    /// If the part has no weight of that name and as many dimensions in its table.
    pub fn stacked(&self, name: &str) -> Tensor<2> {
        let (line, value) = self.find(name);
        match line.shape[..] {
            [count, rows, columns] => value.reshape([count * rows, columns]),
            _ => unreachable!("`{name}` is declared with three dimensions"),
        }
    }

    /// The whole name of a weight of the part.
    pub(crate) fn full(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}.{name}"),
        }
    }

    fn find(&self, name: &str) -> (&WeightSpec, Tensor<1>) {
        let place = self.weights.table.places.get(&self.full(name));
        let place = *place.expect("a part asks for the weights that it declared");
        (&self.weights.lines()[place], self.weights.values[place].clone())
    }
}

/// One weight with its values, as it is saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, the last dimension fastest.
    pub values: Vec<f32>,
}

/// All weights of a model, by name.
pub fn read(model: &Model) -> BTreeMap<String, Weight> {
    let weights = model.lines().iter().zip(model.values());
    let weight = |(line, value): (&WeightSpec, &Tensor<1>)| {
        let shape = line.shape.clone();
        (
            line.name.clone(),
            Weight {
                shape,
                ..values(value.clone())
            },
        )
    };
    weights.map(weight).collect()
}

/// A tensor's shape and values.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Weight {
    Weight {
        shape: tensor.dims().to_vec(),
        values: tensor.into_data().iter::<f32>().collect(),
    }
}

/// `model` with every weight replaced by the one of the same name.
///
/// # Errors
/// When the names or shapes are not exactly the model's; `model` is then lost, `weights` is not.
pub fn write(model: Model, weights: &BTreeMap<String, Weight>) -> Result<Model, ModelError> {
    fit(model.lines(), weights)?;
    Ok(model.map(|lines, old| {
        let value = |(line, old): (&WeightSpec, Tensor<1>)| {
            let data = TensorData::new(weights[&line.name].values.clone(), [line.size()]);
            tracked(Tensor::from_data(data, &old.device()))
        };
        lines.iter().zip(old).map(value).collect()
    }))
}

/// The rule that weights are exactly those of a table.
pub(crate) fn fit(lines: &[WeightSpec], weights: &BTreeMap<String, Weight>) -> Result<(), ModelError> {
    for line in lines {
        check(line, weights.get(&line.name))?;
    }
    let known: BTreeSet<&String> = lines.iter().map(|line| &line.name).collect();
    match weights.keys().find(|name| !known.contains(name)) {
        Some(name) => Err(ModelError(format!(
            "the weights hold a tensor `{name}` that the model does not have; load them into the configuration that \
             they were saved with"
        ))),
        None => Ok(()),
    }
}

/// A weight that gets a gradient where there are any.
pub(crate) fn tracked(weight: Tensor<1>) -> Tensor<1> {
    match weight.is_autodiff() {
        true => weight.require_grad(),
        false => weight,
    }
}

fn check(line: &WeightSpec, found: Option<&Weight>) -> Result<(), ModelError> {
    let (name, expected) = (&line.name, &line.shape);
    let Some(weight) = found else {
        return Err(ModelError(format!(
            "the weights have no tensor `{name}`; they belong to another architecture or file layout, load those this \
             model saved"
        )));
    };
    if weight.shape != *expected {
        let found = &weight.shape;
        return Err(ModelError(format!(
            "the tensor `{name}` has shape {found:?} where the model needs {expected:?}; load it into the \
             configuration that it was saved with"
        )));
    }
    Ok(())
}
