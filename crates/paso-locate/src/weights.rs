//! A trained net's plain weights for other programs, as safetensors without the optimizer's state.
//!
//! One JSON text is the file's metadata, under one key: several keys would be written in another
//! order each time, and the same net would not be the same file.
//!
//! A checkpoint has three times as many numbers, of which two thirds are Adam's moments, and
//! settings that only paso reads. This file is for those who build the net in another framework:
//! the metadata name the net, the size of its input and the order of the axes.

use crate::checkpoint::Tensor;
use crate::{Error, Model, archive, files};
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// The key of the metadata. A checkpoint has another, so that neither is taken for the other.
pub const KEY: &str = "paso_weights";
const ANSWERS: &str = "paso_answers";

/// What the metadata say, for those who build the net anew.
#[derive(Debug, Serialize)]
struct About<'a> {
    /// The version of this form.
    format: u32,
    /// The version of paso that wrote the file.
    paso: &'static str,
    net: &'static str,
    size: u32,
    classes: &'a [String],
    /// How the axes of weights are to be read.
    convolution: &'static str,
    linear: &'static str,
}

/// Writes the parameters and running statistics of a net in f32 under their own names, whole or not
/// at all.
///
/// ```
/// use paso_locate::{Model, NetName, TrainConfig, weights};
/// let place = tempfile::tempdir().expect("a temporary folder");
/// let path = place.path().join("net.safetensors");
/// let config = TrainConfig { net: NetName::Tiny, size: 32, ..TrainConfig::default() };
/// weights::save(&path, &Model::new(&config, vec!["cat".into()])?)?;
/// assert!(weights::is_export(&std::fs::read(&path).expect("it was written")));
/// # Ok::<(), paso_locate::Error>(())
/// ```
///
/// # Errors
/// When the file cannot be written; an older one in its place stays as it was.
pub fn save(path: &Path, model: &Model) -> Result<(), Error> {
    let about = About {
        format: 1,
        paso: env!("CARGO_PKG_VERSION"),
        net: model.config().net.name(),
        size: model.config().size,
        classes: model.classes(),
        convolution: "height, width, in, out",
        linear: "in, out",
    };
    let params = &model.params;
    let tensors = archive::model(params, "", params.values(), params.buffers());
    let text = serde_json::to_string(&about)
        .map_err(|e| Error::Checkpoint { path: path.to_owned(), what: e.to_string() })?;
    write(path, &tensors, KEY, text)
}

/// Writes what [`crate::onnx::answers`] gave, whole or not at all.
///
/// # Errors
/// When a tensor's values do not fill its shape, or the file cannot be written.
pub fn save_answers(path: &Path, answers: &[Tensor]) -> Result<(), Error> {
    write(path, answers, ANSWERS, env!("CARGO_PKG_VERSION").into())
}

/// Whether these bytes are a file of [`save`].
#[must_use]
pub fn is_export(bytes: &[u8]) -> bool {
    says(bytes, KEY)
}

/// Whether these bytes are a file of [`save_answers`].
#[must_use]
pub fn is_answers(bytes: &[u8]) -> bool {
    says(bytes, ANSWERS)
}

fn says(bytes: &[u8], key: &str) -> bool {
    let header = SafeTensors::read_metadata(bytes);
    header.is_ok_and(|(_, h)| h.metadata().as_ref().is_some_and(|m| m.contains_key(key)))
}

fn write(path: &Path, tensors: &[Tensor], key: &str, text: String) -> Result<(), Error> {
    let file = safetensors(tensors, key, text)
        .map_err(|e| Error::Checkpoint { path: path.to_owned(), what: e.to_string() })?;
    files::write_whole(path, &file)
}

/// The content of a file with these tensors in f32, and one text as its metadata.
///
/// # Errors
/// When a tensor's values do not fill its shape.
pub(crate) fn safetensors(
    tensors: &[Tensor],
    key: &str,
    text: String,
) -> Result<Vec<u8>, SafeTensorError> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|t| t.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|(tensor, bytes)| view(tensor, bytes))
        .collect::<Result<Vec<_>, _>>()?;
    safetensors::serialize(views, Some(HashMap::from([(key.to_owned(), text)])))
}

fn view<'a>(
    tensor: &'a Tensor,
    bytes: &'a [u8],
) -> Result<(&'a str, TensorView<'a>), SafeTensorError> {
    Ok((&tensor.name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NetName, TrainConfig, checkpoint};

    #[test]
    fn the_file_has_the_weights_and_nothing_of_the_optimizer() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("net.safetensors");
        let config = TrainConfig { net: NetName::Tiny, size: 32, ..TrainConfig::default() };
        let model = Model::new(&config, vec!["a".into(), "ü \"b\"".into()]).expect("settings");
        save(&path, &model).expect("it is written");
        let file = std::fs::read(&path).expect("it is there");

        let found = SafeTensors::deserialize(&file).expect("it is read");
        let params = &model.params;
        let count = params.tensors().len() + params.statistics().len();
        assert_eq!(found.len(), count, "no moments");
        for t in params.tensors() {
            let view = found.tensor(&t.name).expect("it is there");
            let wanted: Vec<u8> =
                params.values()[t.range.clone()].iter().flat_map(|v| v.to_le_bytes()).collect();
            assert_eq!((view.shape(), view.data()), (&t.shape[..], &wanted[..]), "{}", t.name);
        }

        let (_, header) = SafeTensors::read_metadata(&file).expect("it is read");
        let text = &header.metadata().as_ref().expect("metadata")[KEY];
        let about: serde_json::Value = serde_json::from_str(text).expect("JSON");
        assert_eq!((&about["net"], &about["size"]), (&"tiny".into(), &32.into()));
        assert_eq!(about["classes"], serde_json::json!(["a", "ü \"b\""]));

        save(&path, &model).expect("it is saved again");
        assert_eq!(std::fs::read(&path).expect("it is there"), file, "the same file each time");
        assert!(is_export(&file) && !is_answers(&file) && !is_export(b"something else"));
        let message = checkpoint::load(&path).expect_err("it is no checkpoint").to_string();
        assert!(message.contains("not a checkpoint of paso"), "{message}");
    }

    #[test]
    fn a_tensor_that_does_not_fill_its_shape_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        let short = Tensor { name: "x".into(), shape: vec![3], values: vec![1.0; 2] };
        let message = save_answers(&path, &[short]).expect_err("too short").to_string();
        assert!(message.contains("x.safetensors") && !path.exists(), "{message}");
    }
}
