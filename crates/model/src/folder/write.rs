use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use triaxis_blocks::Format;
use triaxis_containers::Planned;
use triaxis_containers::safetensors::{self, INDEX, WEIGHTS};
use triaxis_host::{Kind, files};

use super::CONFIG;
use crate::layouts::{Layout, Tensor};
use crate::published::PublishedError;
use crate::stack::Stack;
use crate::weights::{self, Weight};

/// Writes a model into a folder as `layout` has it, each file whole or not at all; the folder is made if it is not there.
///
/// # Errors
/// When the layout cannot say the stack, the weights are another's, or the folder holds an index of other files or cannot
/// be written.
pub fn write(
    path: &Path,
    layout: Layout,
    stack: &Stack,
    weights: &BTreeMap<String, Weight>,
) -> Result<(), PublishedError> {
    let (config, tensors) = (layout.config(stack)?, layout.tensors(stack)?);
    weights::fit(&stack.weights(), weights)?;
    fs::create_dir_all(path).map_err(PublishedError::io("making", path))?;
    let [weights_to, config_to, index] = [WEIGHTS, CONFIG, INDEX].map(|name| path.join(name));
    if index.exists() {
        let message = format!(
            "{} belongs to a model of several files; name an empty folder, or one that only this command has written to",
            index.display()
        );
        return Err(PublishedError::new(Kind::Path, message));
    }
    let plan = |tensor: &Tensor| Planned {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        format: Format::F32,
    };
    let planned: Vec<Planned> = tensors.iter().map(plan).collect();
    safetensors::write(&weights_to, &planned, |index| {
        let values = tensors[index].gather(weights);
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Ok::<_, PublishedError>(bytes)
    })?;
    // Last, so that a folder with a config has all.
    let text = serde_json::to_string_pretty(&config).expect("a config is plain data") + "\n";
    files::replace(&config_to, text.as_bytes()).map_err(PublishedError::io("writing", &config_to))
}
