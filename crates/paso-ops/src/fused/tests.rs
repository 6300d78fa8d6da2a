//! The fused kernels against the separate ones.

use super::*;
use crate::norm::{GradSums, Moments};
use crate::test_support::{for_each_value, image_with_ties as paint};
use crate::{Activation, Image, ImageMut, Isa, activate, activate_grad, max_pool, max_pool_grad};

/// `y = x * scale + shift`.
fn affine(norm: &Norm, x: Image<'_>, y: &mut [f32]) {
    for_each_value(x.plane, |i, c| y[i] = x.data[i].mul_add(norm.scale[c], norm.shift[c]));
}

/// Adds `dy` and `dy * (x - mean)`.
fn add_grad_sums(norm: &Norm, x: Image<'_>, dy: Image<'_>, sums: &mut GradSums) {
    for_each_value(x.plane, |i, c| {
        let centered = x.data[i] - norm.mean()[c];
        sums.add(c, f64::from(dy.data[i]), f64::from(centered) * f64::from(dy.data[i]));
    });
}

/// The gradient of the input of the normalization.
fn affine_grad(norm: &Norm, x: Image<'_>, dy: Image<'_>, dx: &mut [f32]) {
    let [mean, d_output, d_centered, d_constant] = norm.backward_coefficients();
    for_each_value(x.plane, |i, c| {
        let sum = (x.data[i] - mean[c]).mul_add(d_centered[c], d_constant[c]);
        dx[i] = dy.data[i].mul_add(d_output[c], sum);
    });
}

fn check(isa: Isa, epilogue: NormEpilogue, shape: [usize; 3], special: Option<f32>) {
    let x = Plane::new(shape[0], shape[1], shape[2]).with_halo(1);
    let y = epilogue.output(x).with_halo(2);
    let (mut input, d_output) = (paint(x, 1), paint(y, 2));
    let mut moments = Moments::new(x.channels);
    moments.add_image(isa, Image::new(x, &input));
    if let Some(value) = special {
        let middle = x.row(shape[0] / 2).start;
        input[middle..middle + x.channels].fill(value);
    }
    let mut norm = Norm::new(x.channels);
    let vector = Plane::vector(x.channels);
    norm.set_batch(&moments, &paint(vector, 3), &paint(vector, 4), 1e-5);

    let (x_image, dy) = (Image::new(x, &input), Image::new(y, &d_output));
    let mut got = vec![0.0; y.len()];
    batch_norm(isa, &norm, epilogue, x_image, ImageMut::new(y, &mut got));

    // Apart.
    let zeros = || vec![0.0; x.len()];
    let (mut a, mut b, mut want) = (zeros(), zeros(), vec![0.0; y.len()]);
    affine(&norm, x_image, &mut a);
    b.copy_from_slice(&a);
    if epilogue.relu {
        activate(isa, Activation::Relu, Image::new(x, &a), ImageMut::new(x, &mut b));
    }
    if epilogue.pool {
        max_pool(isa, Pool::new(2), Image::new(x, &b), ImageMut::new(y, &mut want));
    } else {
        crate::copy_channels(isa, Image::new(x, &b), 0..x.channels, ImageMut::new(y, &mut want), 0);
    }
    let bits = |v: &[f32]| v.iter().map(|v| (v + 0.0).to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&got), bits(&want), "forward of {epilogue:?} {shape:?} on {isa}");

    let (mut db, mut da) = (zeros(), zeros());
    if epilogue.pool {
        max_pool_grad(isa, Pool::new(2), Image::new(x, &b), dy, ImageMut::new(x, &mut db));
    } else {
        crate::copy_channels(isa, dy, 0..x.channels, ImageMut::new(x, &mut db), 0);
    }
    da.copy_from_slice(&db);
    if epilogue.relu {
        let (a, b, db) = (Image::new(x, &a), Image::new(x, &b), Image::new(x, &db));
        activate_grad(isa, Activation::Relu, a, b, db, ImageMut::new(x, &mut da));
    }
    let mut sums = [GradSums::new(x.channels), GradSums::new(x.channels)];
    batch_norm_grad_sums(isa, &norm, epilogue, x_image, dy, &mut sums[0]);
    add_grad_sums(&norm, x_image, Image::new(x, &da), &mut sums[1]);
    let (mut d_gamma, mut d_beta) = (vec![vec![0.0; x.channels]; 2], vec![0.0; x.channels]);
    for (sums, d_gamma) in sums.iter().zip(&mut d_gamma) {
        norm.set_backward(sums, moments.count(), d_gamma, &mut d_beta);
    }
    for (got, want) in d_gamma[0].iter().zip(&d_gamma[1]) {
        let close = got.to_bits() == want.to_bits()
            // A pixel that is no maximum adds nothing here, and 0 * infinity there.
            || (want.is_nan() && special.is_some_and(|x| !x.is_finite()))
            || (got - want).abs() <= 1e-5 * (1.0 + want.abs());
        assert!(close, "sums of {epilogue:?} {shape:?} on {isa}: {got} instead of {want}");
    }

    let (mut got, mut want) = (zeros(), zeros());
    batch_norm_grad(isa, &norm, epilogue, x_image, dy, ImageMut::new(x, &mut got));
    let da = Image::new(x, &da);
    affine_grad(&norm, x_image, da, &mut want);
    assert_eq!(bits(&got), bits(&want), "gradient of {epilogue:?} {shape:?} on {isa}");
}

#[test]
fn fused_kernels_have_the_results_of_the_separate_ones() {
    for isa in Isa::available() {
        for (relu, pool) in [(false, false), (true, false), (false, true), (true, true)] {
            for channels in [1, 3, 4, 7, 8, 15, 16, 17, 32, 33, 48, 100, 136] {
                for (height, width) in [(2, 2), (3, 5), (4, 6), (7, 2)] {
                    let shape = [height, width, channels];
                    check(isa, NormEpilogue { relu, pool }, shape, None);
                    for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, -0.0] {
                        check(isa, NormEpilogue { relu, pool }, shape, Some(special));
                    }
                }
            }
        }
    }
}

#[test]
fn every_number_of_channels_up_to_two_vectors_is_fused_as_it_is_computed_apart() {
    for isa in Isa::available() {
        for (relu, pool) in [(false, false), (true, false), (false, true), (true, true)] {
            for channels in 1..=33 {
                check(isa, NormEpilogue { relu, pool }, [3, 4, channels], None);
                check(isa, NormEpilogue { relu, pool }, [2, 5, channels], Some(f32::NAN));
            }
        }
    }
}

#[test]
fn pixels_that_no_window_covers_get_the_gradient_that_comes_through_the_moments() {
    // The third row and column belong to no window, but they move mean and variance.
    let (isa, x) = (Isa::best(), Plane::new(3, 3, 2));
    let epilogue = NormEpilogue { relu: false, pool: true };
    let input = paint(x, 1);
    let normalize = |data: &[f32]| {
        let mut moments = Moments::new(2);
        moments.add_image(isa, Image::new(x, data));
        let mut norm = Norm::new(2);
        norm.set_batch(&moments, &[1.0, -2.0], &[0.5, 0.0], 1e-5);
        let mut y = [0.0; 2];
        let to = ImageMut::new(epilogue.output(x), &mut y);
        batch_norm(isa, &norm, epilogue, Image::new(x, data), to);
        (norm, y)
    };
    let (mut norm, _) = normalize(&input);
    let (dy, mut sums) = ([1.0, 1.0], GradSums::new(2));
    let (from, dy) = (Image::new(x, &input), Image::new(Plane::vector(2), &dy));
    batch_norm_grad_sums(isa, &norm, epilogue, from, dy, &mut sums);
    norm.set_backward(&sums, 9.0, &mut [0.0; 2], &mut [0.0; 2]);
    let mut dx = vec![f32::NAN; x.len()];
    batch_norm_grad(isa, &norm, epilogue, from, dy, ImageMut::new(x, &mut dx));
    for pixel in [2, 5, 6, 7, 8] {
        for c in 0..2 {
            let i = 2 * pixel + c;
            let at = |shift: f32| {
                let mut moved = input.clone();
                moved[i] += shift;
                f64::from(normalize(&moved).1[c])
            };
            let slope = (at(1.0 / 256.0) - at(-1.0 / 256.0)) * 128.0;
            let got = f64::from(dx[i]);
            assert!((got - slope).abs() < 2e-3, "pixel {pixel}, channel {c}: {got}, not {slope}");
        }
    }
}

#[test]
fn other_shapes_and_numbers_of_channels_are_named() {
    use crate::test_support::assert_panics;
    let (isa, norm, epilogue) = (Isa::best(), Norm::new(3), NormEpilogue::default());
    let (three, four) = (Plane::new(2, 2, 3), Plane::new(2, 2, 4));
    let (a, b) = (vec![0.0; three.len()], vec![0.0; four.len()]);
    assert_panics(&["batch norm", "2x2x3", "2x2x4"], || {
        batch_norm(
            isa,
            &norm,
            epilogue,
            Image::new(three, &a),
            ImageMut::new(four, &mut [0.0; 16]),
        );
    });
    assert_panics(&["batch norm of 3 channels, an image of 4"], || {
        batch_norm(isa, &norm, epilogue, Image::new(four, &b), ImageMut::new(four, &mut [0.0; 16]));
    });
    assert_panics(&["2x2x3", "2x2x4"], || {
        let x = Image::new(three, &a);
        batch_norm_grad(isa, &norm, epilogue, x, x, ImageMut::new(four, &mut [0.0; 16]));
    });
    assert_panics(&["gradient sums of 4 channels, an image of 3"], || {
        let x = Image::new(three, &a);
        batch_norm_grad_sums_from_output(isa, &norm, epilogue, x, x, &mut GradSums::new(4));
    });
    assert_panics(&["1x1 is too small for a window of 2"], || {
        let _ = NormEpilogue { relu: false, pool: true }.output(Plane::vector(3));
    });
}

fn normalized(isa: Isa, x: Image<'_>, gamma: f32, beta: f32) -> Norm {
    let mut moments = Moments::new(x.plane.channels);
    moments.add_image(isa, x);
    let mut norm = Norm::new(x.plane.channels);
    let all = |value| vec![value; x.plane.channels];
    norm.set_batch(&moments, &all(gamma), &all(beta), 1e-5);
    norm
}

#[test]
fn sums_from_the_output_are_those_from_the_input() {
    for isa in Isa::available() {
        for (relu, pool) in [(false, false), (true, false), (false, true), (true, true)] {
            for channels in [1, 3, 4, 7, 8, 15, 16, 17, 32, 33, 48, 100, 136] {
                for (gamma, beta) in [(1.0, 0.0), (-0.3, 0.4), (1e-3, -0.016), (3.0, 1e-30)] {
                    let epilogue = NormEpilogue { relu, pool };
                    let x = Plane::new(7, 6, channels).with_halo(1);
                    let y = epilogue.output(x).with_halo(2);
                    let (input, d_output) = (paint(x, 1), paint(y, 2));
                    let (x, dy) = (Image::new(x, &input), Image::new(y, &d_output));
                    let norm = normalized(isa, x, gamma, beta);
                    assert!(norm.is_invertible());
                    let mut output = vec![0.0; y.len()];
                    batch_norm(isa, &norm, epilogue, x, ImageMut::new(y, &mut output));
                    let [mut want, mut got] = [GradSums::new(channels), GradSums::new(channels)];
                    batch_norm_grad_sums(isa, &norm, epilogue, x, dy, &mut want);
                    let y = Image::new(y, &output);
                    batch_norm_grad_sums_from_output(isa, &norm, epilogue, y, dy, &mut got);
                    let sums =
                        |sums: &GradSums| [sums.d_output().to_vec(), sums.d_output_x().to_vec()];
                    for ((got, want), tolerance) in
                        sums(&got).iter().zip(sums(&want)).zip([0.0, 2e-5])
                    {
                        for (got, want) in got.iter().zip(want) {
                            let close = (got - want).abs() <= tolerance * (1.0 + want.abs());
                            assert!(
                                close,
                                "{epilogue:?}, {channels} channels, {isa}: {got}, {want}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn an_output_that_hides_the_input_is_not_enough() {
    let plane = Plane::new(4, 4, 3);
    let mut input = paint(plane, 1);
    for (gamma, beta, enough) in [
        (1.0, 0.0, true),
        (-1e-3, 0.0159, true),
        (0.0, 0.0, false),
        (1e-3, 0.017, false),
        (1e-42, 0.0, false),
        (1.0, f32::NAN, false),
        (f32::NAN, 0.0, false),
    ] {
        let norm = normalized(Isa::best(), Image::new(plane, &input), gamma, beta);
        assert_eq!(norm.is_invertible(), enough, "gamma {gamma}, beta {beta}");
    }
    input[0] = f32::NAN;
    assert!(!normalized(Isa::best(), Image::new(plane, &input), 1.0, 0.0).is_invertible());
}
