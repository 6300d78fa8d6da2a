//! `SqueezeNet` 1.1 as torchvision publishes it.

use super::convert::{Published, find, weights_of};
use super::load::BGR_MEAN;
use crate::checkpoint::Tensor;
use crate::nets::squeezenet::FIRES;
use paso_tape::ParamInfo;

/// What torchvision's nets see: `(x / 255 - mean) / std`, red first.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The tensors of the body from those of torchvision, in the units of a file of features.
pub(super) fn tensors(layers: &[ParamInfo], published: &Published) -> Result<Vec<Tensor>, String> {
    let tensor = |t: &ParamInfo| {
        let name = in_torchvision(&t.name);
        let values = match t.shape.len() {
            1 => find(published, &name, &t.shape)?.to_vec(),
            _ => weights_of(published, &name, &t.shape)?,
        };
        Ok(Tensor { name: t.name.clone(), shape: t.shape.clone(), values })
    };
    let mut tensors = layers.iter().map(tensor).collect::<Result<Vec<_>, String>>()?;
    if let [weight, bias, ..] = &mut tensors[..] {
        from_torchvision_units(&mut weight.values, &mut bias.values);
    }
    Ok(tensors)
}

/// `fire2/squeeze1x1.weight` is `features.3.squeeze.weight` there.
pub(super) fn in_torchvision(name: &str) -> String {
    /// Places of the fire modules in `features`; the others are pools.
    const PLACES: [usize; FIRES.len()] = [3, 4, 6, 7, 9, 10, 11, 12];
    let (layer, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    match layer.strip_prefix("fire").and_then(|rest| rest.split_once('/')) {
        Some((number, part)) => {
            let number: usize = number.parse().unwrap_or(2);
            let part = if part == "squeeze1x1" { "squeeze" } else { part };
            format!("features.{}.{part}.{kind}", PLACES[number.saturating_sub(2) % PLACES.len()])
        }
        None => format!("features.0.{kind}"),
    }
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
    use crate::features::convert::tests::{fresh, read_back, written};
    use crate::features::{Known, convert};
    use crate::{Model, NetName, TrainConfig};

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
        let published = fresh(NetName::Squeezenet, in_torchvision);
        let (_folder, path) = written(&published);
        let known = Known::of(NetName::Squeezenet).expect("they are known");
        let converted = convert(known, &path).expect("it fits");
        assert_eq!(converted.source, None, "nobody publishes these");
        let found = read_back(&converted);
        let theirs = |name: &str| published.iter().find(|t| t.0 == name).expect("there");
        // out 5, in 3, row 2, column 1 of a 3x3 convolution from 16 to 64 channels.
        let (_, _, values) = theirs("features.3.expand3x3.weight");
        let (shape, turned) = &found["fire2/expand3x3.weight"];
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
}
