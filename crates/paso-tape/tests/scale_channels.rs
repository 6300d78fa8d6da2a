//! `scale_channels` against the obvious loop, and what it refuses.

use paso_tape::{Isa, Params, Tape};

/// Repeatable values with a NaN, an infinity and zeros of both signs among them.
fn values(n: usize) -> Vec<f32> {
    (0..n)
        .map(|i| match i % 23 {
            5 => f32::NAN,
            7 => f32::INFINITY,
            11 => 0.0,
            13 => -0.0,
            k => k as f32 / 7.0 - 1.5,
        })
        .collect()
}

#[test]
fn every_pixel_is_scaled_by_the_values_of_its_image() {
    for isa in Isa::available() {
        for channels in (1..=17).chain([33]) {
            let (images, pixels) = (3, 4 * 5);
            let mut tape = Tape::with_isa(isa);
            let x = tape.input([4, 5, channels]);
            let scale = tape.input([1, 1, channels]);
            let y = tape.scale_channels(x, scale);
            tape.keep(y);
            let (map, factors) = (values(images * pixels * channels), values(images * channels));
            tape.infer(&Params::new(0), &[(x, &map), (scale, &factors)]);
            for (i, got) in tape.value(y).iter().enumerate() {
                let image = i / (pixels * channels);
                let want = map[i] * factors[image * channels + i % channels];
                let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
                assert!(same, "{channels} channels on {isa}: {got} instead of {want} at {i}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "scale_channels: a scale of [1, 1, 3], [1, 1, 4] is needed")]
fn a_scale_of_other_channels_is_refused() {
    let mut tape = Tape::new();
    let (x, scale) = (tape.input([2, 2, 4]), tape.input([1, 1, 3]));
    let _ = tape.scale_channels(x, scale);
}

#[test]
#[should_panic(expected = "scale_channels: a scale of [2, 2, 4], [1, 1, 4] is needed")]
fn a_scale_for_each_pixel_is_a_product_and_refused_here() {
    let mut tape = Tape::new();
    let (x, scale) = (tape.input([2, 2, 4]), tape.input([2, 2, 4]));
    let _ = tape.scale_channels(x, scale);
}
