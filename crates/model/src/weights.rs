//! A model's weights by name, for checkpoints, export and tests.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use crate::error::ModelError;

/// One weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, the last dimension fastest.
    pub values: Vec<f32>,
}

/// The dotted path of the field at hand. The level of an enum over architectures is left out.
#[derive(Debug, Default)]
pub struct Path(Vec<Option<String>>);

impl Path {
    /// To be called from `enter_module`.
    pub fn enter(&mut self, name: &str, container: &str) {
        self.0
            .push((!container.starts_with("Enum:")).then(|| name.to_owned()));
    }

    /// To be called from `exit_module`.
    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// The path, as `blocks.0.down`.
    pub fn name(&self) -> String {
        self.0
            .iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(".")
    }
}

/// All weights of `module`, by name.
pub fn read<M: Module>(module: &M) -> BTreeMap<String, Weight> {
    #[derive(Default)]
    struct Reader {
        path: Path,
        weights: BTreeMap<String, Weight>,
    }
    impl ModuleVisitor for Reader {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            self.weights.insert(self.path.name(), values(parameter.val()));
        }
    }
    let mut reader = Reader::default();
    module.visit(&mut reader);
    reader.weights
}

/// A tensor's shape and values.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Weight {
    Weight {
        shape: tensor.dims().to_vec(),
        values: tensor.into_data().iter::<f32>().collect(),
    }
}

/// `module` with every weight replaced by the one of the same name.
///
/// # Errors
/// When the names or shapes are not exactly the module's; `module` is then lost, `weights` is not.
pub fn write<M: Module>(module: M, weights: &BTreeMap<String, Weight>) -> Result<M, ModelError> {
    struct Writer<'a> {
        path: Path,
        weights: BTreeMap<&'a str, &'a Weight>,
        error: Option<String>,
    }
    impl ModuleMapper for Writer<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.name();
            let expected = parameter.val().dims().to_vec();
            let Some(weight) = self.weights.remove(name.as_str()) else {
                self.error.get_or_insert(format!(
                    "the weights have no tensor `{name}`; they belong to another architecture or file layout, load \
                     those this model saved"
                ));
                return parameter;
            };
            if weight.shape != expected {
                let found = &weight.shape;
                self.error.get_or_insert(format!(
                    "the tensor `{name}` has shape {found:?} where the model needs {expected:?}; load it into the \
                     configuration that it was saved with"
                ));
                return parameter;
            }
            parameter.map(|old| {
                let data = TensorData::new(weight.values.clone(), expected);
                let new = Tensor::from_data(data, &old.device());
                if old.is_require_grad() {
                    new.require_grad()
                } else {
                    new
                }
            })
        }
    }
    let mut writer = Writer {
        path: Path::default(),
        weights: weights
            .iter()
            .map(|(name, weight)| (name.as_str(), weight))
            .collect(),
        error: None,
    };
    let module = module.map(&mut writer);
    match (writer.error, writer.weights.into_keys().next()) {
        (Some(error), _) => Err(ModelError(error)),
        (None, Some(name)) => Err(ModelError(format!(
            "the weights hold a tensor `{name}` that the model does not have; load them into the configuration that \
             they were saved with"
        ))),
        (None, None) => Ok(module),
    }
}
