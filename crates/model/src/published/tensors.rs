//! What a stack's weights are of the tensors of a published model, wherever those are.

use std::collections::{BTreeMap, BTreeSet};

use triaxis_blocks::{Format, Rows};
use triaxis_containers::Stored;
use triaxis_names::suggestion;

use super::PublishedError;
use crate::layouts::{Tensor, zeros};
use crate::stack::Stack;
use crate::weights::{Group, Weight, WeightSpec};

/// Where the tensors of a published model are.
pub(crate) trait Source {
    /// The name that a tensor of a published name has there, and its shape, if there is one.
    fn find<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a [usize])>;

    /// A tensor, which is there and has the shape that it must have.
    fn stored(&self, name: &str) -> Result<Stored, PublishedError>;
}

/// A stack, and which published tensors each of its weights is of.
#[derive(Debug)]
pub(crate) struct Table {
    stack: Stack,
    tensors: Vec<Tensor>,
    lines: BTreeMap<String, Line>,
}

/// A weight with the numbers of the tensors that some of it is in.
#[derive(Debug)]
struct Line {
    weight: WeightSpec,
    parts: Vec<usize>,
}

impl Table {
    pub(crate) fn new(stack: Stack, tensors: Vec<Tensor>) -> Self {
        let line = |weight: WeightSpec| {
            let name = weight.name.clone();
            let parts = Vec::new();
            (name, Line { weight, parts })
        };
        let mut lines: BTreeMap<String, Line> = stack.weights().into_iter().map(line).collect();
        for (number, tensor) in tensors.iter().enumerate() {
            for weight in BTreeSet::from_iter(tensor.weights()) {
                if let Some(line) = lines.get_mut(weight) {
                    line.parts.push(number);
                }
            }
        }
        Self {
            stack,
            tensors,
            lines,
        }
    }

    pub(crate) fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The rule that a source has these tensors, of their shapes, and of those that it has (`found`) no other but what is
    /// `needless`: why it does not hold. `about` is what says which ones there must be.
    pub(crate) fn check<'a>(
        &self,
        source: &impl Source,
        found: impl Iterator<Item = &'a str>,
        needless: impl Fn(&str) -> bool,
        about: &str,
    ) -> Result<(), String> {
        let mut known = BTreeSet::new();
        for Tensor { name, shape, .. } in &self.tensors {
            let Some((own, there)) = source.find(name) else {
                return Err(format!(
                    "there is no tensor `{name}`, which must be there with shape {shape:?}; give the whole model, or \
                     correct {about}"
                ));
            };
            if there != shape {
                return Err(format!(
                    "the tensor `{name}` has shape {there:?} and must have {shape:?}; give the file that belongs to \
                     {about}, or correct that"
                ));
            }
            known.insert(own);
        }
        let mut others = found.filter(|name| !known.contains(name) && !needless(name));
        match others.next() {
            Some(other) => Err(format!(
                "there is a tensor `{other}` that no weight is for{}; give the file that belongs to {about}, or correct \
                 that",
                suggestion(other, self.tensors.iter().map(|tensor| tensor.name.as_str()))
            )),
            None => Ok(()),
        }
    }

    /// All weights, in single precision.
    pub(crate) fn weights(&self, source: &impl Source) -> Result<BTreeMap<String, Weight>, PublishedError> {
        let mut weights = zeros(self.lines.values().map(|line| line.weight.clone()).collect());
        for tensor in &self.tensors {
            tensor.scatter(&source.stored(&tensor.name)?.values(), &mut weights);
        }
        Ok(weights)
    }

    /// One of the weights as it is stored, by output.
    pub(crate) fn rows(&self, source: &impl Source, weight: &str) -> Result<Vec<Rows>, PublishedError> {
        let Some(line) = self.lines.get(weight) else {
            let names = self.lines.keys().map(String::as_str);
            return Err(PublishedError::input(format!(
                "`{weight}` is no weight of the model{}; name one of those that `model describe` tells",
                suggestion(weight, names)
            )));
        };
        let parts: Vec<&Tensor> = line.parts.iter().map(|&number| &self.tensors[number]).collect();
        let is_matrix = line.weight.shape.len() == 2 && parts.iter().all(|tensor| tensor.shape.len() == 2);
        let is_turned = line.weight.group == Group::Matrix;
        match is_matrix && parts.iter().all(|tensor| tensor.is_turned() == is_turned) {
            true => moved(&parts, source, weight),
            false => self.arranged(&line.weight, &parts, source).map(|rows| vec![rows]),
        }
    }

    /// A weight whose values lie otherwise than outputs do, in their own format where all are of one without blocks.
    fn arranged(
        &self,
        weight: &WeightSpec,
        parts: &[&Tensor],
        source: &impl Source,
    ) -> Result<Rows, PublishedError> {
        let fed: BTreeSet<&str> = parts.iter().flat_map(|tensor| tensor.weights()).collect();
        let lines = fed.iter().filter_map(|name| self.lines.get(*name));
        let mut weights = zeros(lines.map(|line| line.weight.clone()).collect());
        let mut formats = BTreeSet::new();
        for tensor in parts {
            let stored = source.stored(&tensor.name)?;
            formats.insert(stored.format);
            tensor.scatter(&stored.values(), &mut weights);
        }
        let values = weights
            .remove(&weight.name)
            .map(|weight| weight.values)
            .unwrap_or_default();
        let (values, columns) = match (&weight.shape[..], weight.group) {
            ([inputs, _], Group::Matrix) => (turned(&values, *inputs), *inputs),
            ([.., columns], _) if weight.shape.len() > 1 => (values, *columns),
            _ => {
                let columns = values.len();
                (values, columns)
            }
        };
        let mut simple = formats.iter().filter(|format| format.values() == 1);
        let format = match (formats.len(), simple.next()) {
            (1, Some(format)) => *format,
            _ => Format::F32,
        };
        Ok(Rows::quantised(&values, columns, format))
    }
}

/// Rows of tensors whose rows are outputs, in the order of the outputs, as many pieces as tensors take turns.
fn moved(parts: &[&Tensor], source: &impl Source, weight: &str) -> Result<Vec<Rows>, PublishedError> {
    let places = parts.iter().enumerate().flat_map(|(part, tensor)| {
        let places = tensor.places(weight);
        places.map(move |[from, to]| (to, part, from))
    });
    let mut places: Vec<(usize, usize, usize)> = places.collect();
    places.sort_unstable();
    let stored = parts.iter().map(|tensor| source.stored(&tensor.name));
    let stored: Vec<Stored> = stored.collect::<Result<_, _>>()?;
    let mut pieces = Vec::new();
    for turn in places.chunk_by(|(_, first, _), (_, next, _)| first == next) {
        let part = turn[0].1;
        let (Stored { format, bytes }, shape) = (&stored[part], &parts[part].shape);
        let size = bytes.len() / shape[0];
        let row = |&(_, _, from): &(usize, usize, usize)| &bytes[from * size..][..size];
        pieces.push(Rows {
            format: *format,
            rows: turn.len(),
            columns: shape[1],
            bytes: turn.iter().map(row).collect::<Vec<_>>().concat(),
        });
    }
    Ok(pieces)
}

/// A matrix of so many rows with its columns as rows.
fn turned(values: &[f32], rows: usize) -> Vec<f32> {
    let columns = values.len() / rows;
    let value = |place: usize| values[place % rows * columns + place / rows];
    (0..values.len()).map(value).collect()
}
