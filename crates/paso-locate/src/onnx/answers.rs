//! What a net was given and what it said, as tensors: for a program that runs the exported graph on
//! the same input.
//!
//! To find out whether another runtime computes the same, give it `image` and compare with `box`,
//! `logits` and `scores`. Differences of about 1e-5 are rounding.

use crate::Model;
use crate::checkpoint::Tensor;
use crate::image::{Image, resize_into};

/// The input of an exported graph for these images, and this net's own outputs for it, under the
/// graph's names.
///
/// Resizing is part of the input: another program need not do it in paso's way. The tensors are
/// `image` `[n, size, size, 3]`, `box` `[n, 4]`, `logits` and `scores` `[n, classes]`.
#[must_use]
pub fn answers(model: &mut Model, images: &[Image]) -> Vec<Tensor> {
    let (side, classes) = (model.config().size as usize, model.classes().len());
    let (mut inputs, mut boxes) = (Vec::new(), Vec::new());
    let (mut logits, mut scores) = (Vec::new(), Vec::new());
    let mut bytes = vec![0; side * side * 3];
    for image in images {
        resize_into(image, side, &mut bytes);
        inputs.extend(bytes.iter().copied().map(f32::from));
        let found = model.locate(image);
        boxes.extend(found.bbox.xyxy());
        let said = model.net.tape.value(model.net.logits);
        logits.extend_from_slice(&said);
        scores.extend(softmax(&said));
    }
    let tensor = |name: &str, shape: &[usize], values| {
        let shape = std::iter::once(images.len()).chain(shape.iter().copied()).collect();
        Tensor { name: name.into(), shape, values }
    };
    vec![
        tensor("image", &[side, side, 3], inputs),
        tensor("box", &[4], boxes),
        tensor("logits", &[classes], logits),
        tensor("scores", &[classes], scores),
    ]
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|&l| f64::from(l - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    #[expect(clippy::cast_possible_truncation, reason = "f32 is the precision of the graph")]
    powers.iter().map(|p| (p / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Orientation;
    use crate::{NetName, TrainConfig};

    #[test]
    fn the_answers_are_those_of_locate() {
        let config = TrainConfig { net: NetName::Tiny, size: 32, ..TrainConfig::default() };
        let classes = vec!["a".into(), "b".into(), "c".into()];
        let mut model = Model::new(&config, classes).expect("settings");
        let image = |shift: u8| Image {
            width: 40,
            height: 24,
            rgb: (0..40 * 24 * 3_u32).map(|i| i.to_le_bytes()[0] ^ shift).collect(),
            orientation: Orientation::from_exif(1).expect("upright"),
        };
        let images = [image(0), image(96)];
        let found = answers(&mut model, &images);
        let shapes: Vec<&[usize]> = found.iter().map(|t| t.shape.as_slice()).collect();
        assert_eq!(shapes, [&[2, 32, 32, 3][..], &[2, 4], &[2, 3], &[2, 3]]);
        for (i, image) in images.iter().enumerate() {
            let said = model.locate(image);
            assert_eq!(found[1].values[4 * i..4 * i + 4], said.bbox.xyxy());
            let score = f64::from(found[3].values[3 * i + said.class]);
            assert!((score - said.score).abs() < 1e-6, "{score} and {}", said.score);
        }
    }
}
