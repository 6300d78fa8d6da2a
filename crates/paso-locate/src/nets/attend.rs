//! Looking at one place of a map: a softmax over its pixels, the place where it lies, and the
//! features there.
//!
//! A net that flattens its last map must learn every place anew. Here each of `k` channels of
//! *scores* becomes weights over the pixels, and what comes out is the weighted mean of the pixels'
//! coordinates (a soft argmax, as in Levine et al., *End-to-End Training of Deep Visuomotor
//! Policies*, arXiv 1504.00702, section 5.1), and with the first of them the weighted mean of the
//! *features*, so that the class is read off the object and not off the whole image.
//!
//! Shapes: scores `[n, h, w, k]` and features `[n, h, w, c]` give `[n, 1, 1, 2 k + c]`. A place is
//! in -1 to 1 along each axis, which are the edges of the map; pixels count by their centers.
//!
//! With weights `a_p = softmax(s)_p`, a place is `sum_p a_p x_p`, and its gradient for a score is
//! `a_p (x_p - x)`, where `x` is the place itself: pixels that lie on the side where the place
//! should move gain, the others lose.

use paso_tape::CustomOp;

/// `[scores [h, w, k], features [h, w, c]]` to `[1, 1, 2 k + c]`: `x_1, y_1, … x_k, y_k` in -1..1,
/// then the features.
#[derive(Debug)]
pub(crate) struct Attend;

/// Coordinates of the pixels of a map, from -1 to 1.
pub(crate) fn coordinate(index: usize, side: usize) -> f32 {
    (2 * index + 1) as f32 / side as f32 - 1.0
}

/// A map's size, its channels of scores and of features, from the lengths of its parts.
///
/// Maps are square here: images are squares, and every stage keeps them so.
struct Sizes {
    side: usize,
    scores: usize,
    features: usize,
}

impl Sizes {
    fn new(scores: usize, features: usize, output: usize) -> Self {
        // scores = n k and features = n c for n pixels; output = 2 k + c.
        let pixels = (2 * scores + features) / output;
        Self { side: pixels.isqrt(), scores: scores / pixels, features: features / pixels }
    }

    fn place(&self, pixel: usize) -> [f32; 2] {
        [coordinate(pixel % self.side, self.side), coordinate(pixel / self.side, self.side)]
    }
}

/// Weights over the pixels from one channel of the scores, handed to `each` pixel by pixel.
fn softmax(scores: &[f32], channels: usize, channel: usize, mut each: impl FnMut(usize, f32)) {
    let channel = || scores.iter().skip(channel).step_by(channels);
    let highest = channel().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let sum: f32 = channel().map(|s| (s - highest).exp()).sum();
    channel().enumerate().for_each(|(pixel, s)| each(pixel, (s - highest).exp() / sum));
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl CustomOp for Attend {
    fn name(&self) -> &str {
        "attend"
    }

    fn shape(&self, inputs: &[[usize; 3]]) -> [usize; 3] {
        let [[h, w, k], [height, width, c]] = inputs else {
            panic!("attend takes scores and features")
        };
        assert!(
            h == height && w == width && h == w,
            "attend: {h}x{w} scores, {height}x{width} features"
        );
        [1, 1, 2 * k + c]
    }

    fn forward(&self, inputs: &[&[f32]], output: &mut [f32]) {
        let (scores, features) = (inputs[0], inputs[1]);
        let sizes = Sizes::new(scores.len(), features.len(), output.len());
        output.fill(0.0);
        let (places, pooled) = output.split_at_mut(2 * sizes.scores);
        for (k, place) in places.chunks_exact_mut(2).enumerate() {
            softmax(scores, sizes.scores, k, |pixel, weight| {
                let [x, y] = sizes.place(pixel);
                place[0] += weight * x;
                place[1] += weight * y;
                if k == 0 {
                    let here = &features[pixel * sizes.features..][..sizes.features];
                    pooled.iter_mut().zip(here).for_each(|(p, f)| *p += weight * f);
                }
            });
        }
    }

    fn backward(
        &self,
        which: usize,
        inputs: &[&[f32]],
        output: &[f32],
        d_output: &[f32],
        d_input: &mut [f32],
    ) {
        let (scores, features) = (inputs[0], inputs[1]);
        let sizes = Sizes::new(scores.len(), features.len(), output.len());
        let split = 2 * sizes.scores;
        let (d_places, d_pooled) = d_output.split_at(split);
        if which == 1 {
            softmax(scores, sizes.scores, 0, |pixel, weight| {
                let here = &mut d_input[pixel * sizes.features..][..sizes.features];
                here.iter_mut().zip(d_pooled).for_each(|(d, p)| *d = weight * p);
            });
            return;
        }
        for k in 0..sizes.scores {
            // d score = weight * (what this pixel would add - what all add on average)
            let d_place = &d_places[2 * k..2 * k + 2];
            let mut mean = dot(d_place, &output[2 * k..2 * k + 2]);
            if k == 0 {
                mean += dot(d_pooled, &output[split..]);
            }
            softmax(scores, sizes.scores, k, |pixel, weight| {
                let mut here = dot(d_place, &sizes.place(pixel));
                if k == 0 {
                    here += dot(d_pooled, &features[pixel * sizes.features..][..sizes.features]);
                }
                d_input[pixel * sizes.scores + k] = weight * (here - mean);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_tape::{Conv, Params, Tape, check_gradient};

    #[test]
    fn the_gradient_is_that_of_the_function() {
        let (mut tape, mut params) = (Tape::new(), Params::new(5));
        let image = tape.input([4, 4, 3]);
        let scores = tape.conv(&mut params, "scores", image, Conv::new(3, 2, 3), true);
        let features = tape.conv(&mut params, "features", image, Conv::new(3, 5, 1), true);
        let seen = tape.custom(Attend, &[scores, features]);
        let out = tape.linear(&mut params, "out", seen, 2);
        let target = tape.input([1, 1, 2]);
        let loss = tape.mse(out, target);
        tape.set_loss(loss);
        let images: Vec<f32> = (0..2 * 48).map(|i| ((i * 37) % 23) as f32 / 11.0 - 1.0).collect();
        check_gradient(
            &mut tape,
            &mut params,
            &[(image, &images), (target, &[0.3, -0.2, 0.5, 1.0])],
            1e-2,
        )
        .expect("the gradient is right");
    }

    #[test]
    fn a_sharp_peak_is_found_and_read() {
        let mut scores = vec![0.0; 16];
        scores[4 + 3] = 100.0; // row 1, column 3 of 4 x 4
        let features: Vec<f32> = (0..32).map(|i| i as f32).collect();
        let mut output = [0.0; 4];
        Attend.forward(&[&scores, &features], &mut output);
        assert_eq!(output, [0.75, -0.25, 14.0, 15.0]);
    }
}
