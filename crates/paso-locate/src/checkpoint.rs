//! Checkpoints: one safetensors file that holds all that a run needs to go on with the same bits.
//!
//! Tensors: the parameters and running statistics under their own names; `exp_avg.NAME` and
//! `exp_avg_sq.NAME`, Adam's moments; `average.NAME`, the averaged weights where the run keeps
//! them. Metadata: one JSON text under the key `paso`: [`Meta`]. The order of samples, their
//! augmentation and the schedule are functions of the seed and the step, so the step is all that
//! they need.
//!
//! # Format
//!
//! [safetensors](https://github.com/huggingface/safetensors): a length in 8 bytes, a header of JSON
//! with name, type, shape and place of each tensor, then the values, little-endian `f32`.
//! Convolutions are `[height, width, in, out]`, linear layers `[in, out]`. Any program that reads
//! safetensors reads the weights; only the metadata are paso's own.
//!
//! # What is refused
//!
//! A file that is cut off or has bytes too many, a version newer than [`FORMAT`], settings out of
//! their ranges, tensors of another type. Names and shapes are compared with the net's when it is
//! built.
//!
//! ```
//! use paso_locate::checkpoint::{self, FORMAT, Meta, Tensor};
//! use paso_locate::TrainConfig;
//!
//! let place = tempfile::tempdir().expect("a temporary folder");
//! let path = place.path().join("x.safetensors");
//! let meta = Meta {
//!     format: FORMAT,
//!     step: 3,
//!     config: TrainConfig::default(),
//!     classes: vec!["cat".into()],
//!     data: String::new(),
//!     validation: None,
//!     best: None,
//! };
//! let tensor = Tensor { name: "w".into(), shape: vec![2], values: vec![0.5, -1.0] };
//! checkpoint::save(&path, &meta, &[tensor.clone()])?;
//! assert_eq!(checkpoint::load(&path)?, (meta, vec![tensor]));
//! # Ok::<(), paso_locate::Error>(())
//! ```

use crate::{Error, TrainConfig, files};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// The version that this build writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// A larger file than this is no checkpoint of a net that paso can build.
const LARGEST: u64 = 1 << 31;

/// What a checkpoint says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// The version of this format: [`FORMAT`] when written by this build.
    pub format: u32,
    /// Steps done.
    pub step: u64,
    /// The run's settings.
    pub config: TrainConfig,
    /// Names of the classes, in the order of the net's outputs.
    pub classes: Vec<String>,
    /// Fingerprint of the training data: resuming on other data is refused.
    pub data: String,
    /// Fingerprint of the validation data, which chose the best checkpoint: resuming on other data
    /// is refused. None in checkpoints of earlier versions, and of a trainer outside of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// The best validation mean `IoU` so far, and the epoch that it was reached in.
    pub best: Option<(f64, u64)>,
}

/// A named tensor: its shape and its values, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// The name in the file.
    pub name: String,
    /// Lengths of the axes; their product is the number of values.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Vec<f32>,
}

/// Writes a checkpoint, whole or not at all. The same state is the same file, byte for byte.
///
/// # Errors
/// When the file cannot be written; an older one in its place stays as it was.
pub fn save(path: &Path, meta: &Meta, tensors: &[Tensor]) -> Result<(), Error> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|t| t.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let invalid = |e: safetensors::SafeTensorError| Error::Checkpoint {
        path: path.to_owned(),
        what: e.to_string(),
    };
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|(t, bytes)| {
            Ok((t.name.as_str(), TensorView::new(Dtype::F32, t.shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(invalid)?;
    let text = serde_json::to_string(meta)
        .map_err(|e| Error::Checkpoint { path: path.to_owned(), what: e.to_string() })?;
    let metadata = HashMap::from([("paso".to_owned(), text)]);
    let file = safetensors::serialize(views, Some(metadata)).map_err(invalid)?;
    files::write_whole(path, &file)
}

/// Reads a checkpoint back: what it says about itself, and its tensors by the order of their names.
/// A file of more than 2 GiB is refused before it is read.
///
/// # Errors
/// When the file cannot be read, is no safetensors file, was not written by paso, or has a version
/// that this build does not know.
pub fn load(path: &Path) -> Result<(Meta, Vec<Tensor>), Error> {
    let read = |source| Error::Io { path: path.to_owned(), source };
    let wrong = |what: String| Error::Checkpoint { path: path.to_owned(), what };
    let length = std::fs::metadata(path).map_err(read)?.len();
    if length > LARGEST {
        return Err(wrong(format!("{length} bytes, more than the largest allowed {LARGEST}")));
    }
    let file = std::fs::read(path).map_err(read)?;
    let (_, header) = SafeTensors::read_metadata(&file)
        .map_err(|e| wrong(format!("not a safetensors file: {e}")))?;
    let text = header
        .metadata()
        .as_ref()
        .and_then(|m| m.get("paso"))
        .ok_or_else(|| wrong("no `paso` metadata: not a checkpoint of paso".into()))?;
    let meta = parse_meta(text).map_err(wrong)?;
    let archive = SafeTensors::deserialize(&file).map_err(|e| wrong(e.to_string()))?;
    let mut tensors = archive
        .iter()
        .map(|(name, view)| tensor(name, &view))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((meta, tensors))
}

/// The version is read first, so that a newer file is refused by its number and not by a detail.
fn parse_meta(text: &str) -> Result<Meta, String> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let version: Version =
        serde_json::from_str(text).map_err(|e| format!("metadata `paso`: {e}"))?;
    if version.format > FORMAT {
        return Err(format!(
            "format {} is newer than the newest that this version of paso reads ({FORMAT}); update paso",
            version.format
        ));
    }
    let meta: Meta = serde_json::from_str(text).map_err(|e| format!("metadata `paso`: {e}"))?;
    meta.config.check().map_err(|e| format!("metadata `paso`: {e}"))?;
    Ok(meta)
}

fn tensor(name: &str, view: &TensorView<'_>) -> Result<Tensor, String> {
    if view.dtype() != Dtype::F32 {
        return Err(format!("tensor {name} has type {:?}, not F32", view.dtype()));
    }
    let values =
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    Ok(Tensor { name: name.to_owned(), shape: view.shape().to_vec(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta() -> Meta {
        Meta {
            format: FORMAT,
            step: 17,
            config: TrainConfig { lr: 0.1 + 0.2, ..TrainConfig::default() },
            classes: vec!["a".into(), "ü".into()],
            data: "0123".into(),
            validation: Some("4567".into()),
            best: Some((0.1 + 0.7, 3)),
        }
    }

    #[test]
    fn every_bit_comes_back_and_the_file_is_the_same_each_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        let values = vec![1.0, -0.0, f32::MIN_POSITIVE / 2.0, f32::NAN, f32::INFINITY, 3.5];
        let tensors = [Tensor { name: "w".into(), shape: vec![2, 3], values }];
        save(&path, &meta(), &tensors).expect("it is written");
        let first = std::fs::read(&path).expect("it is there");
        let (meta_back, back) = load(&path).expect("it is read");
        assert_eq!(meta_back, meta());
        let bits = |t: &Tensor| t.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!((bits(&back[0]), &back[0].shape), (bits(&tensors[0]), &tensors[0].shape));
        save(&path, &meta(), &tensors).expect("it is saved again");
        assert_eq!(
            std::fs::read(&path).expect("it is there"),
            first,
            "the same state is the same file"
        );
    }

    #[test]
    fn what_is_no_checkpoint_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        let refused = |bytes: &[u8], why: &str| {
            std::fs::write(&path, bytes).expect("it is written");
            let message = load(&path).expect_err("it is no checkpoint").to_string();
            assert!(message.contains(why) && message.contains("x.safetensors"), "{message}");
        };
        refused(b"", "not a safetensors file");
        refused(b"\xff\xff\xff\xff\xff\xff\xff\xff{}", "not a safetensors file");
        let foreign = safetensors::serialize(Vec::<(&str, TensorView<'_>)>::new(), None)
            .expect("an empty archive");
        refused(&foreign, "not a checkpoint of paso");
        save(&path, &Meta { format: FORMAT + 1, ..meta() }, &[]).expect("it is written");
        let newer = std::fs::read(&path).expect("it is there");
        refused(&newer, "update paso");
        save(&path, &meta(), &[Tensor { name: "w".into(), shape: vec![4], values: vec![0.5; 4] }])
            .expect("it is written");
        let whole = std::fs::read(&path).expect("it is there");
        refused(&whole[..whole.len() - 1], "safetensors");
    }

    /// A written checkpoint with two tensors, and its bytes.
    fn written(path: &Path) -> Vec<u8> {
        let tensor = |name: &str, len: usize| Tensor {
            name: name.into(),
            shape: vec![len],
            values: (0..len).map(|i| i as f32).collect(),
        };
        save(path, &meta(), &[tensor("a", 5), tensor("b", 3)]).expect("it is written");
        std::fs::read(path).expect("it is there")
    }

    #[test]
    fn a_checkpoint_that_was_cut_anywhere_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        let whole = written(&path);
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).expect("it is written");
            let message = load(&path).expect_err("it is cut off").to_string();
            assert!(message.contains("x.safetensors"), "cut to {length}: {message}");
        }
        std::fs::write(&path, [&whole[..], b"more"].concat()).expect("it is written");
        assert!(load(&path).is_err(), "bytes after the end");
    }

    #[test]
    fn no_changed_byte_of_the_header_panics_or_changes_a_value_that_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        let whole = written(&path);
        let (_, before) = load(&path).expect("it is read");
        let header = whole.len() - 4 * 8;
        for at in 0..header {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).expect("it is written");
            // A name, a setting or an offset may now say something else, but never read more.
            if let Ok((_, tensors)) = load(&path) {
                let count: usize = tensors.iter().map(|t| t.values.len()).sum();
                assert!(count <= before.iter().map(|t| t.values.len()).sum(), "byte {at}");
            }
        }
    }

    #[test]
    fn settings_out_of_range_and_other_types_of_numbers_are_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        let config = TrainConfig { batch: 0, ..TrainConfig::default() };
        save(&path, &Meta { config, ..meta() }, &[]).expect("it is written");
        let message = load(&path).expect_err("a batch of 0").to_string();
        assert!(message.contains("batch is 0"), "{message}");
        let bytes = [0_u8; 8];
        let view = TensorView::new(Dtype::F64, vec![1], &bytes).expect("one value");
        let text = serde_json::to_string(&meta()).expect("JSON");
        let header = Some(HashMap::from([("paso".to_owned(), text)]));
        let file = safetensors::serialize([("w", view)], header).expect("an archive");
        std::fs::write(&path, file).expect("it is written");
        let message = load(&path).expect_err("f64").to_string();
        assert!(message.contains("tensor w has type F64, not F32"), "{message}");
    }

    #[test]
    fn a_checkpoint_that_is_not_there_or_a_tensor_that_does_not_fit_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        assert!(matches!(load(&path), Err(Error::Io { .. })));
        let wrong = Tensor { name: "w".into(), shape: vec![2, 2], values: vec![0.0; 3] };
        assert!(matches!(save(&path, &meta(), &[wrong]), Err(Error::Checkpoint { .. })));
        assert!(!path.exists(), "nothing was written");
    }
}
