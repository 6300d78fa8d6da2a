//! Checkpoints: one safetensors file that holds all that a run needs to go on with the same bits.
//!
//! Tensors: the parameters and running statistics under their own names; `exp_avg.NAME` and
//! `exp_avg_sq.NAME`, Adam's moments (under Schedule-Free `z.NAME` in place of the first).
//! Metadata: one JSON text under the key `paso`: [`Meta`]. The order of samples, their augmentation
//! and the schedule are functions of the seed and the step, so the step is all that they need.
//!
//! # Two nets
//!
//! A run with averaged weights (`average` above 0, or Schedule-Free) has two: the averaged one, which
//! was evaluated and is to be used, under the names of the net, and the trained one, which training
//! goes on from, as `trained.NAME`. Why so: whatever reads weights by their names gets those to use,
//! other programs included, and a version that does not know of two nets refuses the file by a name
//! and uses no wrong weights. So the format's number is the same.
//!
//! Files of before have the trained net under the names of the net and the averaged one as
//! `average.NAME`. There the trained one was evaluated, and still is what is used; a run that goes on
//! from it evaluates the averaged one from then on.
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
//! | | since format |
//! |---|---|
//! | what is no regular file, or has more than 2 GiB | 1 |
//! | a file that is cut off or has bytes too many | 1 |
//! | a version newer than [`FORMAT`] | 1 |
//! | any changed byte, by a CRC-32 of the whole file in the metadata | 2 |
//! | settings out of their ranges, no classes, tensors of another type | 1 |
//! | a number that is NaN or infinite, a mean of squares below 0 | 1 |
//!
//! All of it by [`load`], which every reader goes through. Names and shapes are compared with the
//! net's when it is built: a tensor too few, too many or of another shape is named. [`save`]
//! refuses what [`load`] would, so that a run never replaces a good checkpoint by one that cannot
//! be read.
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
//!     schedule_free: None,
//! };
//! let tensor = Tensor { name: "w".into(), shape: vec![2], values: vec![0.5, -1.0] };
//! checkpoint::save(&path, &meta, &[tensor.clone()])?;
//! assert_eq!(checkpoint::load(&path)?, (meta, vec![tensor]));
//! # Ok::<(), paso_locate::Error>(())
//! ```

mod checksum;
mod numbers;

pub(crate) use numbers::check_tensors;

use crate::{Error, TrainConfig, files};
use numbers::DAMAGED;
use paso_adam::Scalars;
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// The version that this build writes, and the newest that it reads. Version 1 had no checksum.
pub const FORMAT: u32 = 2;

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
    /// What the optimizer `schedule-free` keeps in addition to its moments, of a body that was
    /// trained elsewhere and of all else. None with every other optimizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_free: Option<[Scalars; 2]>,
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

/// The metadata as they are written: the checksum first, so that its place is known.
#[derive(Serialize)]
struct Sealed<'a> {
    crc32: &'static str,
    #[serde(flatten)]
    meta: &'a Meta,
}

/// Writes a checkpoint in this build's [`FORMAT`], whole or not at all. The same state is the same
/// file, byte for byte.
///
/// # Errors
/// When a number is not finite or a mean of squares is below 0, or when the file cannot be written;
/// an older one in its place stays as it was.
pub fn save(path: &Path, meta: &Meta, tensors: &[Tensor]) -> Result<(), Error> {
    let wrong = |what: String| Error::Checkpoint { path: path.to_owned(), what };
    numbers::check_meta(meta)
        .and_then(|()| check_tensors(tensors))
        .map_err(|what| wrong(format!("not written, since {what}")))?;
    let meta = Meta { format: FORMAT, ..meta.clone() };
    files::write_whole(path, &encode(&meta, tensors).map_err(wrong)?)
}

/// The bytes of a file, whatever is in it.
fn encode(meta: &Meta, tensors: &[Tensor]) -> Result<Vec<u8>, String> {
    let sealed = Sealed { crc32: checksum::ZEROS, meta };
    let text = serde_json::to_string(&sealed).map_err(|e| e.to_string())?;
    let mut file = archive(text, tensors).map_err(|e| e.to_string())?;
    checksum::seal(&mut file)?;
    Ok(file)
}

/// A safetensors file with this text as its metadata.
fn archive(text: String, tensors: &[Tensor]) -> Result<Vec<u8>, SafeTensorError> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|t| t.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let view = |(t, bytes)| {
        let Tensor { name, shape, .. }: &Tensor = t;
        let bytes: &Vec<u8> = bytes;
        Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
    };
    let views =
        tensors.iter().zip(&bytes).map(view).collect::<Result<Vec<_>, SafeTensorError>>()?;
    safetensors::serialize(views, Some(HashMap::from([("paso".to_owned(), text)])))
}

/// Reads a checkpoint back: what it says about itself, and its tensors by the order of their names.
/// The module's documentation lists what is refused.
///
/// # Errors
/// When the file cannot be read, is no safetensors file, was not written by paso, has a version
/// that this build does not know, or is damaged: with the tensor and the place where that is known.
pub fn load(path: &Path) -> Result<(Meta, Vec<Tensor>), Error> {
    let file = paso_files::read(path, LARGEST).map_err(Error::io(path))?;
    decode(&file).map_err(|what| Error::Checkpoint { path: path.to_owned(), what })
}

fn decode(file: &[u8]) -> Result<(Meta, Vec<Tensor>), String> {
    let (_, header) = SafeTensors::read_metadata(file)
        .map_err(|e| format!("not a safetensors file, or damaged: {e}"))?;
    let text = header
        .metadata()
        .as_ref()
        .and_then(|m| m.get("paso"))
        .ok_or("no `paso` metadata: not a checkpoint of paso")?;
    let meta = parse_meta(text, file)?;
    let archive = SafeTensors::deserialize(file).map_err(|e| e.to_string())?;
    let mut tensors =
        archive.iter().map(|(name, view)| tensor(name, &view)).collect::<Result<Vec<_>, _>>()?;
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    check_tensors(&tensors).map_err(|what| format!("{what}; {DAMAGED}"))?;
    // Each class has a value of its own in the last layer, so that a file of this size has no more.
    let count: usize = tensors.iter().map(|t| t.values.len()).sum();
    if meta.classes.len() > count {
        return Err(format!("{} classes for {count} values; {DAMAGED}", meta.classes.len()));
    }
    Ok((meta, tensors))
}

/// The version is read first, so that a newer file is refused by its number and not by a detail;
/// then the checksum, before anything else is believed.
fn parse_meta(text: &str, file: &[u8]) -> Result<Meta, String> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
        crc32: Option<String>,
    }
    let wrong = |e: serde_json::Error| format!("metadata `paso`: {e}; {DAMAGED}");
    let Version { format, crc32 } = serde_json::from_str(text).map_err(wrong)?;
    if format > FORMAT {
        return Err(format!(
            "format {format} is newer than the newest that this version of paso reads ({FORMAT}); update paso"
        ));
    }
    match (format, crc32) {
        (1, None) => {}
        (2.., Some(said)) => {
            checksum::verify(file, &said).map_err(|what| format!("{what}; {DAMAGED}"))?;
        }
        (2.., None) => return Err(format!("format {format} without a checksum; {DAMAGED}")),
        _ => return Err(format!("format {format} was never written like this; {DAMAGED}")),
    }
    let meta: Meta = serde_json::from_str(text).map_err(wrong)?;
    numbers::check_meta(&meta).map_err(|what| format!("metadata `paso`: {what}"))?;
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
mod damage;
#[cfg(test)]
mod tests;
