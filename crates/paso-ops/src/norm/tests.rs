//! Moments, coefficients and gradient sums against their definitions in `f64`.

use std::ops::Range;

use super::*;
use crate::test_support::{
    CHANNELS, SPECIAL, assert_panics, for_each_isa, gather, image, output, scatter, values, view,
};
use crate::{Isa, NormEpilogue, Plane, batch_norm, batch_norm_grad, batch_norm_grad_sums};

/// Mean and biased variance of a channel of inner values.
fn mean_and_variance(inner: &[f32], channels: usize, c: usize) -> (f64, f64) {
    let values: Vec<f64> = inner.iter().skip(c).step_by(channels).map(|&x| f64::from(x)).collect();
    let count = f64::from(u32::try_from(values.len()).unwrap());
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count)
}

#[track_caller]
fn near(what: &str, got: f64, want: f64, bound: f64) {
    assert!((got - want).abs() <= bound * (1.0 + want.abs()), "{what}: {got}, not {want}");
}

#[test]
fn moments_of_two_images_are_those_of_all_their_pixels_in_one_go_and_merged() {
    for_each_isa(|isa| {
        for (i, &channels) in CHANNELS.iter().enumerate() {
            let plane = Plane::new(1 + i % 5, 3 + i % 4, channels).with_halo(i % 3);
            let images = [image(plane, 1), image(plane, 2)];
            let all = images.each_ref().map(|data| gather(plane, data)).concat();
            let mut whole = Moments::new(channels);
            let mut merged = Moments::new(channels);
            for data in &images {
                whole.add_image(isa, view(plane, data));
                let mut one = Moments::new(channels);
                one.add_image(isa, view(plane, data));
                merged.merge(&one);
                merged.merge(&Moments::new(channels));
            }
            assert_eq!(whole.count(), f64::from(u32::try_from(2 * plane.pixels()).unwrap()));
            for moments in [&whole, &merged] {
                for c in 0..channels {
                    let (mean, variance) = mean_and_variance(&all, channels, c);
                    let what = format!("channel {c} of {channels} on {isa}");
                    near(&what, moments.mean()[c], mean, 1e-6);
                    near(&what, moments.variance(c), variance, 2e-6);
                    let unbiased = variance * whole.count() / (whole.count() - 1.0);
                    near(&what, moments.unbiased_variance(c), unbiased, 2e-6);
                }
            }
            whole.reset();
            assert_eq!(whole, Moments::new(channels), "reset removes all values");
        }
    });
}

#[test]
fn a_special_value_stays_in_its_channel() {
    let plane = Plane::new(3, 3, 17);
    for_each_isa(|isa| {
        for special in SPECIAL {
            let mut data = image(plane, 1);
            data[4 * 17 + 9] = special;
            let mut moments = Moments::new(17);
            moments.add_image(isa, view(plane, &data));
            for c in 0..17 {
                let finite = moments.mean()[c].is_finite() && moments.variance(c).is_finite();
                assert_eq!(finite, c != 9 || special.is_finite(), "{special}, channel {c}, {isa}");
            }
        }
    });
}

#[test]
fn a_constant_channel_has_no_variance_and_scale_is_bounded_by_eps() {
    let plane = Plane::new(4, 4, 1);
    for_each_isa(|isa| {
        for value in [0.0, 1e-45, 1e-30, 1.0, 1e30] {
            let data = scatter(plane, &[value; 16]);
            let mut moments = Moments::new(1);
            moments.add_image(isa, view(plane, &data));
            assert_eq!(moments.variance(0), 0.0, "{value} on {isa}");
            let mut norm = Norm::new(1);
            norm.set_batch(&moments, &[1.0], &[0.0], 1e-4);
            assert!((norm.scale[0] - 100.0).abs() < 1e-4, "{value} on {isa}: {}", norm.scale[0]);
        }
    });
}

#[test]
fn coefficients_normalize_to_gamma_and_beta() {
    for (mean, var, gamma, beta) in
        [(0.0, 1.0, 1.0, 0.0), (-3.0, 0.25, 2.0, 0.5), (100.0, 1e-3, -0.1, -7.0)]
    {
        let mut norm = Norm::new(1);
        norm.set_running(&[mean], &[var], &[gamma], &[beta], 1e-5);
        let std = (f64::from(var) + 1e-5).sqrt();
        for x in [mean, mean + 1.0, mean - 2.0] {
            let want = f64::from(gamma) * f64::from(x - mean) / std + f64::from(beta);
            let got = f64::from(x) * f64::from(norm.scale[0]) + f64::from(norm.shift[0]);
            near("y", got, want, 3e-5);
        }
        assert_eq!(norm.mean(), [mean]);
    }
}

#[test]
fn gradients_add_to_those_of_gamma_and_beta_and_the_input_gradient_has_no_mean() {
    let (isa, plane) = (Isa::best(), Plane::new(5, 6, 3));
    let (x, dy) = (image(plane, 1), image(plane, 2));
    let mut moments = Moments::new(3);
    moments.add_image(isa, view(plane, &x));
    let mut norm = Norm::new(3);
    norm.set_batch(&moments, &[1.0, -2.0, 0.5], &[0.0; 3], 1e-5);
    let mut sums = GradSums::new(3);
    let epilogue = NormEpilogue::default();
    batch_norm_grad_sums(isa, &norm, epilogue, view(plane, &x), view(plane, &dy), &mut sums);
    let (mut d_gamma, mut d_beta) = ([10.0; 3], [20.0; 3]);
    norm.set_backward(&sums, moments.count(), &mut d_gamma, &mut d_beta);
    for (c, d_beta) in d_beta.into_iter().enumerate() {
        let dy: f64 = dy.iter().skip(c).step_by(3).map(|&d| f64::from(d)).sum();
        near("beta", f64::from(d_beta), 20.0 + dy, 1e-6);
    }
    // The gradient is orthogonal to a constant: a shift of all inputs does not change the output.
    let [mean, d_output, d_centered, d_constant] = norm.backward_coefficients();
    for c in 0..3 {
        let terms = x
            .iter()
            .zip(&dy)
            .skip(c)
            .step_by(3)
            .map(|(x, dy)| dy * d_output[c] + (x - mean[c]) * d_centered[c] + d_constant[c]);
        assert!(terms.sum::<f32>().abs() < 2e-4, "channel {c}");
    }
    let mut twice = sums.clone();
    twice.merge(&sums);
    assert_eq!(twice.d_output()[1], 2.0 * sums.d_output()[1], "merge adds");
    twice.reset();
    assert_eq!(twice, GradSums::new(3));
}

#[test]
fn other_numbers_of_channels_are_named() {
    let (isa, plane) = (Isa::best(), Plane::new(1, 1, 3));
    assert_panics(&["2 channels", "of 3"], || {
        Moments::new(2).add_image(isa, view(plane, &[0.0; 3]));
    });
    assert_panics(&["2 channels", "of 3"], || Moments::new(2).merge(&Moments::new(3)));
    assert_panics(&["2", "3 channels"], || GradSums::new(2).merge(&GradSums::new(3)));
    let (norm, mut sums) = (Norm::new(3), GradSums::new(4));
    let epilogue = NormEpilogue::default();
    let image = view(plane, &[0.0; 3]);
    assert_panics(&["4 channels", "of 3"], || {
        batch_norm_grad_sums(isa, &norm, epilogue, image, image, &mut sums);
    });
}

#[test]
fn every_number_of_channels_and_pixels_has_its_own_moments() {
    for_each_isa(|isa| {
        for channels in 1..=33 {
            for pixels in [1, 2, 3, 17] {
                let plane = Plane::new(1, pixels, channels);
                let data = image(plane, channels);
                let mut moments = Moments::new(channels);
                moments.add_image(isa, view(plane, &data));
                for c in 0..channels {
                    let (mean, variance) = mean_and_variance(&data, channels, c);
                    let what = format!("channel {c} of {channels}, {pixels} pixels, on {isa}");
                    near(&what, moments.mean()[c], mean, 1e-6);
                    near(&what, moments.variance(c), variance, 2e-6);
                }
            }
        }
    });
}

#[test]
fn a_mean_far_from_zero_does_not_cancel_the_variance() {
    // Deviations of 1/8 around 4096: squares of the values need 27 bits, f32 has 24.
    let plane = Plane::new(8, 8, 5);
    for_each_isa(|isa| {
        let values: Vec<f32> =
            image(plane, 1).iter().map(|x| 4096.0 + (8.0 * x).round() / 8.0).collect();
        let mut moments = Moments::new(5);
        for part in [&values, &values] {
            moments.add_image(isa, view(plane, part));
        }
        for c in 0..5 {
            let (mean, variance) = mean_and_variance(&values, 5, c);
            near(&format!("mean {c} on {isa}"), moments.mean()[c], mean, 1e-7);
            near(&format!("variance {c} on {isa}"), moments.variance(c), variance, 1e-5);
        }
    });
}

#[test]
fn moments_of_nothing_are_undefined_and_those_of_one_value_have_no_unbiased_variance() {
    let mut moments = Moments::new(1);
    assert_eq!(moments.count(), 0.0);
    assert!(moments.variance(0).is_nan());
    moments.add_image(Isa::best(), view(Plane::vector(1), &[3.0]));
    assert_eq!((moments.count(), moments.mean()[0], moments.variance(0)), (1.0, 3.0, 0.0));
    assert!(!moments.unbiased_variance(0).is_finite(), "0 / 0");
    // A merge with nothing, from either side, changes no bit.
    let mut empty = Moments::new(1);
    empty.merge(&moments);
    assert_eq!(empty, moments);
    moments.merge(&Moments::new(1));
    assert_eq!(empty, moments);
}

#[test]
fn merged_moments_do_not_depend_on_how_the_batch_was_cut_up_to_rounding() {
    let plane = Plane::new(3, 4, 6);
    let images: Vec<Vec<f32>> = (0..9).map(|seed| image(plane, seed)).collect();
    let of = |range: Range<usize>| {
        let mut moments = Moments::new(6);
        images[range].iter().for_each(|x| moments.add_image(Isa::best(), view(plane, x)));
        moments
    };
    let whole = of(0..9);
    for cuts in [vec![0, 1, 9], vec![0, 4, 5, 9], (0..=9).collect()] {
        let mut merged = Moments::new(6);
        cuts.windows(2).for_each(|cut| merged.merge(&of(cut[0]..cut[1])));
        assert_eq!(merged.count(), whole.count());
        for c in 0..6 {
            near("mean", merged.mean()[c], whole.mean()[c], 1e-13);
            near("variance", merged.variance(c), whole.variance(c), 1e-12);
        }
    }
}

/// Batch normalization of several images in `f64`, and the gradients of `sum(dy * y)` by the
/// formula of Ioffe & Szegedy, section 3.
#[test]
fn a_batch_of_images_is_normalized_and_differentiated_as_in_the_paper() {
    let (channels, plane) = (9, Plane::new(3, 4, 9).with_halo(1));
    let (gamma, beta) = (values(channels, 5), values(channels, 6));
    let images: Vec<Vec<f32>> = (0..3).map(|seed| image(plane, seed)).collect();
    let grads: Vec<Vec<f32>> = (0..3).map(|seed| image(plane, 20 + seed)).collect();
    let wide = |images: &[Vec<f32>]| -> Vec<f64> {
        images.iter().flat_map(|x| gather(plane, x)).map(f64::from).collect()
    };
    let (x, dy) = (wide(&images), wide(&grads));
    let count = f64::from(u32::try_from(x.len() / channels).unwrap());
    let sum =
        |c: usize, f: &dyn Fn(usize) -> f64| -> f64 { (c..x.len()).step_by(channels).map(f).sum() };
    for_each_isa(|isa| {
        let mut moments = Moments::new(channels);
        images.iter().for_each(|x| moments.add_image(isa, view(plane, x)));
        let mut norm = Norm::new(channels);
        norm.set_batch(&moments, &gamma, &beta, 1e-5);
        let mut sums = GradSums::new(channels);
        let epilogue = NormEpilogue::default();
        for (x, dy) in images.iter().zip(&grads) {
            batch_norm_grad_sums(isa, &norm, epilogue, view(plane, x), view(plane, dy), &mut sums);
        }
        let (mut d_gamma, mut d_beta) = (vec![0.0; channels], vec![0.0; channels]);
        norm.set_backward(&sums, moments.count(), &mut d_gamma, &mut d_beta);
        for (n, image) in images.iter().enumerate() {
            let y = output(plane, |y| batch_norm(isa, &norm, epilogue, view(plane, image), y));
            let dx = output(plane, |dx| {
                let dy = view(plane, &grads[n]);
                batch_norm_grad(isa, &norm, epilogue, view(plane, image), dy, dx);
            });
            for (i, (y, dx)) in y.iter().zip(&dx).enumerate() {
                let (c, at) = (i % channels, n * plane.inner_len() + i);
                let mean = sum(c, &|i| x[i]) / count;
                let std = (sum(c, &|i| (x[i] - mean).powi(2)) / count + 1e-5).sqrt();
                let hat = |i: usize| (x[i] - mean) / std;
                let (g, b) = (f64::from(gamma[c]), f64::from(beta[c]));
                near(&format!("y {at} on {isa}"), f64::from(*y), g * hat(at) + b, 3e-6);
                let (d_hat, d) = (sum(c, &|i| dy[i] * hat(i)), sum(c, &|i| dy[i]));
                let want = g / std * (dy[at] - d / count - hat(at) * d_hat / count);
                near(&format!("dx {at} on {isa}"), f64::from(*dx), want, 1e-5);
                near("gamma", f64::from(d_gamma[c]), d_hat, 1e-5);
                near("beta", f64::from(d_beta[c]), d, 1e-5);
            }
        }
    });
}

#[test]
fn coefficients_need_every_slice_to_have_their_channels() {
    let short: [f32; 1] = [1.0];
    let both = [1.0_f32, 1.0];
    for slices in [
        [&short[..], &both, &both, &both],
        [&both, &short, &both, &both],
        [&both, &both, &short, &both],
        [&both, &both, &both, &short],
    ] {
        assert_panics(&["index out of bounds"], || {
            let [mean, var, gamma, beta] = slices;
            Norm::new(2).set_running(mean, var, gamma, beta, 1e-5);
        });
    }
}
