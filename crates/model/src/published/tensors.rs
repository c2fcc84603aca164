//! What a stack's weights are of the tensors of a published model, wherever those are.

use std::collections::{BTreeMap, BTreeSet};

use triaxis_blocks::{Format, Rows};
use triaxis_names::suggestion;

use super::PublishedError;
use crate::layouts::{Tensor, zeros};
use crate::stack::Stack;
use crate::weights::{Group, Weight, WeightSpec};

/// A tensor as it is stored.
pub(crate) struct Stored {
    pub(crate) format: Format,
    pub(crate) bytes: Vec<u8>,
}

/// Where the tensors of a published model are.
pub(crate) trait Source {
    /// The name that a tensor of a published name has there, and its shape, if there is one.
    fn find<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a [usize])>;

    /// The bytes of a tensor, which is there and has the shape that it must have.
    fn stored(&self, name: &str) -> Result<Stored, PublishedError>;
}

impl Stored {
    /// Its numbers.
    pub(crate) fn values(&self) -> Vec<f32> {
        let count = self.bytes.len() / self.format.bytes() * self.format.values();
        let mut values = vec![0.0; count];
        self.format.dequantise(&self.bytes, &mut values);
        values
    }
}

/// The rule that a source has the tensors of a table, of their shapes, and of those that it has (`found`) no other but what
/// is `needless`: why it does not hold. `about` is what says which ones there must be.
pub(crate) fn check<'a>(
    tensors: &[Tensor],
    source: &impl Source,
    found: impl Iterator<Item = &'a str>,
    needless: impl Fn(&str) -> bool,
    about: &str,
) -> Result<(), String> {
    let mut known = BTreeSet::new();
    for Tensor { name, shape, .. } in tensors {
        let Some((own, there)) = source.find(name) else {
            return Err(format!(
                "there is no tensor `{name}`, which must be there with shape {shape:?}; give the whole model, or correct \
                 {about}"
            ));
        };
        if there != shape {
            return Err(format!(
                "the tensor `{name}` has shape {there:?} and must have {shape:?}; give the file that belongs to {about}, \
                 or correct that"
            ));
        }
        known.insert(own);
    }
    let mut others = found.filter(|name| !known.contains(name) && !needless(name));
    match others.next() {
        Some(other) => Err(format!(
            "there is a tensor `{other}` that no weight is for{}; give the file that belongs to {about}, or correct that",
            suggestion(other, tensors.iter().map(|tensor| tensor.name.as_str()))
        )),
        None => Ok(()),
    }
}

/// The weights of a stack, in single precision.
pub(crate) fn weights(
    stack: &Stack,
    tensors: &[Tensor],
    source: &impl Source,
) -> Result<BTreeMap<String, Weight>, PublishedError> {
    let mut weights = zeros(stack.weights());
    for tensor in tensors {
        tensor.scatter(&source.stored(&tensor.name)?.values(), &mut weights);
    }
    Ok(weights)
}

/// One of a stack's weights as it is stored, by output.
pub(crate) fn rows(
    stack: &Stack,
    tensors: &[Tensor],
    source: &impl Source,
    weight: &str,
) -> Result<Vec<Rows>, PublishedError> {
    let lines = stack.weights();
    let Some(line) = lines.iter().find(|line| line.name == weight) else {
        let names = lines.iter().map(|line| line.name.as_str());
        return Err(PublishedError::input(format!(
            "`{weight}` is no weight of the model{}; name one of those that `model describe` tells",
            suggestion(weight, names)
        )));
    };
    let parts: Vec<&Tensor> = tensors.iter().filter(|tensor| tensor.feeds(weight)).collect();
    let is_matrix = line.shape.len() == 2 && parts.iter().all(|tensor| tensor.shape.len() == 2);
    let is_turned = line.group == Group::Matrix;
    match is_matrix && parts.iter().all(|tensor| tensor.is_turned() == is_turned) {
        true => moved(&parts, source, weight),
        false => arranged(line, &lines, &parts, source).map(|rows| vec![rows]),
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

/// A weight whose values lie otherwise than outputs do, in their own format where all are of one without blocks.
fn arranged(
    line: &WeightSpec,
    lines: &[WeightSpec],
    parts: &[&Tensor],
    source: &impl Source,
) -> Result<Rows, PublishedError> {
    let fed = |line: &&WeightSpec| parts.iter().any(|tensor| tensor.feeds(&line.name));
    let mut weights = zeros(lines.iter().filter(fed).cloned().collect());
    let mut formats = BTreeSet::new();
    for tensor in parts {
        let stored = source.stored(&tensor.name)?;
        formats.insert(stored.format);
        tensor.scatter(&stored.values(), &mut weights);
    }
    let values = weights
        .remove(&line.name)
        .map(|weight| weight.values)
        .unwrap_or_default();
    let (values, columns) = match (&line.shape[..], line.group) {
        ([inputs, _], Group::Matrix) => (turned(&values, *inputs), *inputs),
        ([.., columns], _) if line.shape.len() > 1 => (values, *columns),
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

/// A matrix of so many rows with its columns as rows.
fn turned(values: &[f32], rows: usize) -> Vec<f32> {
    let columns = values.len() / rows;
    let value = |place: usize| values[place % rows * columns + place / rows];
    (0..values.len()).map(value).collect()
}
