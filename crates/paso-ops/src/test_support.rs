//! What the tests of several modules share: test images, comparisons, special values.

use crate::{Image, ImageMut, Isa, Plane};

/// Numbers of channels up to one more than two vectors of 16 lanes, dense around the lane widths 4,
/// 8 and 16.
pub(crate) const CHANNELS: [usize; 17] =
    [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 136];

/// Values that arithmetic treats specially.
pub(crate) const SPECIAL: [f32; 8] =
    [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, 1e-45, -1e-40, f32::MIN_POSITIVE];

/// Values of period 251 in `-1..=1`, so that swapped blocks change a result.
pub(crate) fn values(len: usize, seed: usize) -> Vec<f32> {
    let step = |i: usize| u8::try_from((i * 37 + seed * 101) % 251).expect("below 251");
    (0..len).map(|i| f32::from(step(i)) / 125.0 - 1.0).collect()
}

/// An image of [`values`] in a halo of zeros.
pub(crate) fn image(plane: Plane, seed: usize) -> Vec<f32> {
    scatter(plane, &values(plane.inner_len(), seed))
}

/// An image of 13 different values, so that pooling windows have equal maxima and zeros, in a halo
/// of zeros.
pub(crate) fn image_with_ties(plane: Plane, seed: usize) -> Vec<f32> {
    let step = |i: usize| u8::try_from((i * 37 + i / 7 + seed * 101) % 13).expect("below 13");
    let inner: Vec<f32> = (0..plane.inner_len()).map(|i| f32::from(step(i)) / 4.0 - 1.5).collect();
    scatter(plane, &inner)
}

/// Inner values into an image with a halo of zeros.
pub(crate) fn scatter(plane: Plane, inner: &[f32]) -> Vec<f32> {
    let mut data = vec![0.0; plane.len()];
    let row = plane.width * plane.channels;
    for (y, inner) in inner.chunks_exact(row).enumerate() {
        data[plane.row(y)].copy_from_slice(inner);
    }
    data
}

/// The inner values of an image.
pub(crate) fn gather(plane: Plane, data: &[f32]) -> Vec<f32> {
    plane.runs().flat_map(|run| data[run].to_vec()).collect()
}

/// Calls `f` with the index and the channel of each inner value.
pub(crate) fn for_each_value(plane: Plane, mut f: impl FnMut(usize, usize)) {
    for row in 0..plane.height {
        plane.row(row).zip((0..plane.channels).cycle()).for_each(|(i, c)| f(i, c));
    }
}

/// Runs `f` with a fresh output of NaN in a halo of zeros, checks that the halo was left alone, and
/// returns the inner values.
#[track_caller]
pub(crate) fn output(plane: Plane, f: impl FnOnce(ImageMut<'_>)) -> Vec<f32> {
    let mut data = scatter(plane, &vec![f32::NAN; plane.inner_len()]);
    f(ImageMut::new(plane, &mut data));
    let inner = gather(plane, &data);
    for run in plane.runs() {
        data[run].fill(0.0);
    }
    assert!(data.iter().all(|x| x.to_bits() == 0), "the halo of {plane:?} was written");
    inner
}

/// Runs `f` for every instruction set of this machine.
pub(crate) fn for_each_isa(mut f: impl FnMut(Isa)) {
    Isa::available().into_iter().for_each(&mut f);
}

/// Asserts that two results are the same bits; NaN equals NaN, and zeros of both signs are equal.
#[track_caller]
pub(crate) fn assert_same(what: &str, got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len(), "{what}: lengths");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(got == want || (got.is_nan() && want.is_nan()), "{what}: {got} at {i}, not {want}");
    }
}

/// Asserts that results are within `bound` of those of a reference in `f64`, or equally NaN or
/// infinite.
#[track_caller]
pub(crate) fn assert_close(what: &str, got: &[f32], want: &[f64], bound: f64) {
    assert_eq!(got.len(), want.len(), "{what}: lengths");
    for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
        let got = f64::from(got);
        let same = got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= bound;
        assert!(same, "{what}: {got} at {i}, not {want} within {bound:e}");
    }
}

/// The text of the panic of `f`.
#[track_caller]
pub(crate) fn panic_text(f: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    let text = panic.expect_err("it must panic");
    text.downcast::<String>().map_or_else(|text| (*text.downcast::<&str>().unwrap()).into(), |s| *s)
}

/// Asserts that `f` panics with a message that has all these parts.
#[track_caller]
pub(crate) fn assert_panics(parts: &[&str], f: impl FnOnce()) {
    let text = panic_text(f);
    for part in parts {
        assert!(text.contains(part), "`{text}` must contain `{part}`");
    }
}

/// An image of a slice.
pub(crate) fn view(plane: Plane, data: &[f32]) -> Image<'_> {
    Image::new(plane, data)
}
