use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value, json};
use triaxis_host::{Kind, files};

use super::{CONFIG, INDEX, WEIGHTS};
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
    let header = header(&tensors);
    let content = |file: &mut dyn Write| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        tensors
            .iter()
            .try_for_each(|tensor| values(file, &tensor.gather(weights)))
    };
    files::replace_with(&weights_to, content).map_err(PublishedError::io("writing", weights_to))?;
    // Last, so that a folder with a config has all.
    let text = serde_json::to_string_pretty(&config).expect("a config is plain data") + "\n";
    files::replace(&config_to, text.as_bytes()).map_err(PublishedError::io("writing", config_to))
}

fn values(file: &mut dyn Write, values: &[f32]) -> io::Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    file.write_all(&bytes)
}

/// The header of a safetensors file of these tensors, one after the other.
fn header(tensors: &[Tensor]) -> String {
    let mut fields = Map::new();
    // What readers before transformers 5 ask for.
    fields.insert("__metadata__".to_owned(), json!({ "format": "pt" }));
    let mut start = 0;
    for tensor in tensors {
        let end = start + 4 * tensor.shape.iter().product::<usize>();
        let line = json!({ "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end] });
        fields.insert(tensor.name.clone(), line);
        start = end;
    }
    let header = Value::Object(fields).to_string();
    // Spaces, so that values begin at a multiple of 8.
    format!("{header:<width$}", width = header.len().next_multiple_of(8))
}
