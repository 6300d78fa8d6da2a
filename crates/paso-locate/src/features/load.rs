//! From a file of features to the first parameters of a net.

use crate::checkpoint::{Tensor, check_tensors};
use crate::data::{MEAN, STD};
use crate::nets::Body;
use crate::weights;
use crate::{Error, NetName};
use half::f16;
use paso_tape::Params;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::path::Path;

/// What the features were trained to see: blue, green, red in 0..255, less these means.
pub(super) const BGR_MEAN: [f32; 3] = [103.939, 116.779, 123.68];

/// Reads the body's parameters from a safetensors file of f32 or f16.
///
/// The first convolution of `squeezenet` is changed to see what paso's nets see (see [`MEAN`] and [`STD`]): it has
/// no padding, so that a change of units can be moved into its weights without a trace.
///
/// # Errors
/// When the file cannot be read, or a tensor is missing, has another shape or type, or holds a
/// number that is not finite. Nothing has been changed then.
pub(crate) fn load(
    path: &Path,
    params: &mut Params,
    body: Body,
    net: NetName,
) -> Result<(), Error> {
    let wrong = |what: String| Error::Checkpoint { path: path.to_owned(), what };
    let file = paso_files::read(path, super::LARGEST).map_err(Error::io(path))?;
    let archive = SafeTensors::deserialize(&file)
        .map_err(|e| wrong(format!("not a safetensors file: {e}")))?;
    let mut arena = vec![0.0; body.params];
    for t in params.tensors().iter().filter(|t| t.range.end <= body.params) {
        let name = &t.name;
        let view = archive.tensor(name).map_err(|_| {
            wrong(format!("tensor {name} is missing: these are not the features of the net {net}"))
        })?;
        if view.shape() != t.shape {
            let shapes = format!("{:?}; the net has {:?}", view.shape(), t.shape);
            return Err(wrong(format!("tensor {name} has shape {shapes}")));
        }
        let values = floats(&view).map_err(|e| wrong(format!("tensor {name}: {e}")))?;
        arena[t.range.clone()].copy_from_slice(&values);
        let tensor = Tensor { name: name.clone(), shape: t.shape.clone(), values };
        check_tensors(&[tensor])
            .map_err(|what| wrong(format!("{what}; the file is damaged: fetch it again")))?;
    }
    let place = |name| params.tensor(name).map(|t| t.range.clone());
    // The weights of a net of ours are in its units already, and other bodies have no such layer.
    if !weights::is_export(&file)
        && let (Some(weight), Some(bias)) = (place("conv1.weight"), place("conv1.bias"))
    {
        let shift = in_our_units(&mut arena[weight]);
        arena[bias].iter_mut().zip(shift).for_each(|(b, s)| *b += s);
    }
    // The change of units multiplies: what was finite need not be any more.
    if let Some(index) = arena.iter().position(|x| !x.is_finite()) {
        let inside = |t: &&paso_tape::ParamInfo| t.range.contains(&index);
        let name = params.tensors().iter().find(inside).map_or("", |t| &t.name);
        return Err(wrong(format!("tensor {name} holds numbers beyond what f32 can hold here")));
    }
    params.values_mut()[..body.params].copy_from_slice(&arena);
    Ok(())
}

/// Which net a file of features, or the exported weights of a net, begins. `None` where the file
/// cannot be read, or says nothing of it.
#[must_use]
pub fn net_of(path: &Path) -> Option<NetName> {
    let file = paso_files::read(path, super::LARGEST).ok()?;
    let (_, header) = SafeTensors::read_metadata(&file).ok()?;
    let metadata = header.metadata().as_ref();
    let about = metadata.and_then(|m| m.get(super::convert::KEY).or_else(|| m.get(weights::KEY)));
    let about: Option<serde_json::Value> = about.and_then(|text| serde_json::from_str(text).ok());
    let named = about.and_then(|about| about["net"].as_str()?.parse().ok());
    // Files that others made say nothing, but their tensors do.
    let has =
        |net: &NetName| net.body_tensors().first().is_some_and(|t| header.info(&t.name).is_some());
    named.or_else(|| super::KNOWN.iter().map(|known| known.net).find(has))
}

/// Changes the first convolution's weights (`[3, 3, in, out]`) from blue, green, red in 0..255 to
/// the nets' own units, and returns what each of its outputs has to be shifted by.
fn in_our_units(weight: &mut [f32]) -> Vec<f32> {
    let out = weight.len() / 27;
    let mut shift = vec![0.0_f32; out];
    for tap in weight.chunks_exact_mut(3 * out) {
        let theirs = tap.to_vec();
        for c in 0..3 {
            for o in 0..out {
                let w = theirs[(2 - c) * out + o];
                tap[c * out + o] = w * 255.0 * STD[c];
                shift[o] += w * (255.0 * MEAN[c] - BGR_MEAN[2 - c]);
            }
        }
    }
    shift
}

/// The numbers of a tensor, or why they cannot be read.
pub(super) fn floats(view: &TensorView<'_>) -> Result<Vec<f32>, String> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F32 => Ok(bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()),
        Dtype::F16 => {
            Ok(bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect())
        }
        other => Err(format!("type {other:?}; F32 and F16 are read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::normalize_into;
    use crate::nets::squeezenet;
    use paso_tape::{Tape, Var};
    use std::path::PathBuf;

    /// A body over images of this side.
    fn recorded(side: usize) -> (Tape, Params, Var, Body) {
        let (mut tape, mut params) = (Tape::new(), Params::new(0));
        let image = tape.input([side, side, 3]);
        let body = squeezenet::body(&mut tape, &mut params, image);
        tape.keep(body.output);
        (tape, params, image, body)
    }

    #[test]
    fn the_units_of_the_first_convolution_are_changed_without_a_trace() {
        let mut weight: Vec<f32> = (0..27 * 2).map(|i| ((i * 7) % 13) as f32 - 6.0).collect();
        let image: Vec<u8> = (0..27).map(|i| u8::try_from(i * 9).expect("a byte")).collect();
        let mut ours = vec![0.0; 27];
        normalize_into(&image, &mut ours);
        let theirs: Vec<f32> = image
            .chunks_exact(3)
            .flat_map(|rgb| (0..3).map(|c| f32::from(rgb[2 - c]) - BGR_MEAN[c]))
            .collect();
        let dot = |w: &[f32], x: &[f32], o: usize| -> f32 {
            x.iter().enumerate().map(|(i, x)| x * w[2 * i + o]).sum()
        };
        let expected = [dot(&weight, &theirs, 0), dot(&weight, &theirs, 1)];
        let shift = in_our_units(&mut weight);
        for (o, expected) in expected.into_iter().enumerate() {
            let got = dot(&weight, &ours, o) + shift[o];
            assert!((got - expected).abs() < 0.05, "{got} instead of {expected}");
        }
    }

    #[test]
    fn published_features_are_reproduced() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/weights");
        let Ok(text) = std::fs::read_to_string(folder.join("squeezenet1_1_check.json")) else {
            eprintln!("skipped: no ../shared");
            return;
        };
        let check: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let (mut tape, mut params, image, body) = recorded(160);
        load(
            &folder.join("squeezenet1_1_features.safetensors"),
            &mut params,
            body,
            NetName::Squeezenet,
        )
        .expect("the features are read");
        let bytes: Vec<u8> = (0..160 * 160 * 3)
            .map(|i| {
                let (h, w, c) = (i / 480, i / 3 % 160, i % 3);
                u8::try_from((37 * h + 91 * w + 53 * c + (h * w) % 101) % 256).expect("a byte")
            })
            .collect();
        let mut pixels = vec![0.0; bytes.len()];
        normalize_into(&bytes, &mut pixels);
        tape.infer(&params, &[(image, &pixels)]);
        let features = tape.value(body.output);
        let close = |what: &str, got: f64, want: f64| {
            assert!((got - want).abs() <= 1e-3 * want.abs(), "{what}: {got} instead of {want}");
        };
        let number = |value: &serde_json::Value| value.as_f64().expect("a number");
        let sum: f64 = features.iter().map(|x| f64::from(*x)).sum();
        close("the mean", sum / features.len() as f64, number(&check["features_mean"]));
        for (place, want) in check["features_at"].as_object().expect("places") {
            let at: Vec<usize> = place.split(',').map(|n| n.parse().expect("an index")).collect();
            let got = features[(at[0] * 9 + at[1]) * 512 + at[2]];
            close(place, f64::from(got), number(want));
        }
    }

    /// Against what `benches/peers/lite0.py` wrote: pixels, and the features that PyTorch computes.
    #[test]
    fn published_lite0_features_are_reproduced() {
        let Some(folder) = std::env::var_os("PASO_LITE0").map(PathBuf::from) else {
            eprintln!("skipped: PASO_LITE0 names no folder that benches/peers/lite0.py filled");
            return;
        };
        let read = |name: &str| std::fs::read(folder.join(name)).expect("it was written");
        let (bytes, wanted) = (read("images.u8"), read("features.f32"));
        let (mut tape, mut params) = (Tape::new(), Params::new(0));
        let image = tape.input([160, 160, 3]);
        let body = crate::nets::lite0::body(&mut tape, &mut params, image);
        tape.keep(body.output);
        load(&folder.join("lite0.safetensors"), &mut params, body, NetName::Lite0)
            .expect("the features are read");
        let mut pixels = vec![0.0; bytes.len()];
        normalize_into(&bytes, &mut pixels);
        tape.infer(&params, &[(image, &pixels)]);
        let found = tape.value(body.output);
        let wanted: Vec<f32> =
            wanted.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        assert_eq!(found.len(), wanted.len());
        let differences = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs());
        let largest = differences.fold(0.0_f32, f32::max);
        eprintln!("{} images, largest difference {largest}", bytes.len() / (160 * 160 * 3));
        assert!(largest < 1e-3, "{largest}");
    }

    #[test]
    fn what_are_no_such_features_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        let (_, mut params, _, body) = recorded(32 + 64);
        let mut refused = |bytes: &[u8], why: &str| {
            std::fs::write(&path, bytes).expect("it is written");
            let said =
                load(&path, &mut params, body, NetName::Squeezenet).expect_err(why).to_string();
            assert!(said.contains(why) && said.contains("x.safetensors"), "{said}");
        };
        refused(b"nonsense", "not a safetensors file");
        let data = [0_u8; 4 * 27 * 64];
        let file = |shape: Vec<usize>| {
            let view = TensorView::new(Dtype::F32, shape, &data).expect("a view");
            safetensors::serialize([("conv1.weight", view)], None).expect("a file")
        };
        refused(&file(vec![64, 3, 3, 3]), "has shape [64, 3, 3, 3]; the net has [3, 3, 3, 64]");
        refused(&file(vec![3, 3, 3, 64]), "conv1.bias is missing");
    }

    #[test]
    fn a_number_that_is_not_finite_is_named_with_its_tensor_and_place_and_nothing_is_changed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        let (_, mut params, _, body) = recorded(96);
        let before = params.values().to_vec();
        for (value, says) in [
            (f32::NAN, "tensor fire2/expand1x1.weight holds NaN at index 5; the file is damaged"),
            (f32::NEG_INFINITY, "tensor fire2/expand1x1.weight holds -infinity at index 5"),
        ] {
            let of = |t: &paso_tape::ParamInfo| {
                let mut values = vec![0.25_f32; t.range.len()];
                if t.name == "fire2/expand1x1.weight" {
                    values[5] = value;
                }
                values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()
            };
            let all: Vec<_> = params.tensors().iter().map(|t| (t, of(t))).collect();
            let views = all.iter().map(|(t, bytes)| {
                let view = TensorView::new(Dtype::F32, t.shape.clone(), bytes).expect("a view");
                (t.name.as_str(), view)
            });
            let file = safetensors::serialize(views, None).expect("a file");
            std::fs::write(&path, file).expect("it is written");
            let said =
                load(&path, &mut params, body, NetName::Squeezenet).expect_err(says).to_string();
            assert!(said.contains(says), "{said}");
            assert_eq!(params.values(), before);
        }
    }

    #[test]
    fn an_exported_net_gives_its_own_features_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("net.safetensors");
        let config = crate::TrainConfig {
            net: NetName::Squeezenet,
            size: 96,
            ..crate::TrainConfig::default()
        };
        let model = crate::Model::new(&config, vec!["a".into()]).expect("settings");
        weights::save(&path, &model).expect("written");
        let (_, mut params, _, body) = recorded(96);
        load(&path, &mut params, body, NetName::Squeezenet).expect("its own");
        assert_eq!(params.values(), &model.params.values()[..body.params], "in the same units");
    }
}
