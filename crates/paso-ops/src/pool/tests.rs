//! Pooling against the plain loops over windows, in `f64`.

use std::ops::Range;

use super::*;
use crate::test_support::{
    CHANNELS, SPECIAL, assert_close, assert_panics, assert_same, for_each_isa, gather, image,
    image_with_ties, output, scatter, view,
};
use crate::{ImageMut, Isa};

/// Windows that touch, overlap, leave gaps, and reach over the border.
const POOLS: [Pool; 6] = [
    Pool { kernel: 1, stride: 1, padding: 0 },
    Pool { kernel: 2, stride: 2, padding: 0 },
    Pool { kernel: 2, stride: 3, padding: 1 },
    Pool { kernel: 3, stride: 1, padding: 1 },
    Pool { kernel: 3, stride: 2, padding: 1 },
    Pool { kernel: 4, stride: 2, padding: 2 },
];

/// Calls `f` with the indices of each output and of each input in its window.
fn for_each_pair(pool: Pool, x: Plane, y: Plane, mut f: impl FnMut(usize, usize)) {
    for (oy, ox, c) in indices(y) {
        for (ky, kx) in (0..pool.kernel).flat_map(|ky| (0..pool.kernel).map(move |kx| (ky, kx))) {
            let (iy, ix) = (oy * pool.stride + ky, ox * pool.stride + kx);
            let inside = |i: usize, n: usize| (pool.padding..n + pool.padding).contains(&i);
            if inside(iy, x.height) && inside(ix, x.width) {
                let (iy, ix) = (iy - pool.padding, ix - pool.padding);
                f(at(y, oy, ox, c), at(x, iy, ix, c));
            }
        }
    }
}

fn at(plane: Plane, y: usize, x: usize, c: usize) -> usize {
    plane.row(y).start + x * plane.channels + c
}

fn indices(plane: Plane) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..plane.inner_len()).map(move |i| {
        let (pixel, c) = (i / plane.channels, i % plane.channels);
        (pixel / plane.width, pixel % plane.width, c)
    })
}

fn sums(plane: Plane, sums: &[f64]) -> Vec<f64> {
    plane.runs().flat_map(|run| sums[run].to_vec()).collect()
}

/// Every window over images of odd and even sides, with halos.
fn for_each_case(mut f: impl FnMut(Isa, Pool, Plane, Plane)) {
    for_each_isa(|isa| {
        for pool in POOLS {
            for (i, &channels) in CHANNELS.iter().enumerate() {
                let x = Plane::new(4 + i % 4, 7 - i % 3, channels).with_halo(i % 3);
                f(isa, pool, x, pool.output(x).with_halo((i + 1) % 3));
            }
        }
    });
}

#[test]
fn max_pools_have_the_maximum_of_each_window_and_its_first_pixel_gets_the_gradient() {
    for_each_case(|isa, pool, x, y| {
        let (input, dy) = (image_with_ties(x, 1), image(y, 2));
        let mut best: Vec<Option<usize>> = vec![None; y.len()];
        for_each_pair(pool, x, y, |out, i| {
            if best[out].is_none_or(|best| input[i] > input[best]) {
                best[out] = Some(i);
            }
        });
        let mut want_dx = vec![0.0; x.len()];
        let mut want = vec![0.0; y.len()];
        for (out, best) in best.iter().enumerate().filter_map(|(out, best)| Some((out, (*best)?))) {
            want[out] = input[best];
            want_dx[best] += f64::from(dy[out]);
        }
        let what = format!("{pool:?} of {x:?} on {isa}");
        let got = output(y, |y| max_pool(isa, pool, view(x, &input), y));
        assert_same(&what, &got, &gather(y, &want));
        let got = output(x, |dx| max_pool_grad(isa, pool, view(x, &input), view(y, &dy), dx));
        assert_close(&what, &got, &sums(x, &want_dx), 1e-5);
    });
}

#[test]
fn average_pools_count_padding_as_zeros() {
    for_each_case(|isa, pool, x, y| {
        let (input, dy) = (image(x, 1), image(y, 2));
        let (mut want, mut want_dx) = (vec![0.0; y.len()], vec![0.0; x.len()]);
        let share = 1.0 / f64::from(u32::try_from(pool.kernel * pool.kernel).unwrap());
        for_each_pair(pool, x, y, |out, i| {
            want[out] += share * f64::from(input[i]);
            want_dx[i] += share * f64::from(dy[out]);
        });
        let what = format!("{pool:?} of {x:?} on {isa}");
        let got = output(y, |y| avg_pool(isa, pool, view(x, &input), y));
        assert_close(&what, &got, &sums(y, &want), 1e-6);
        let got = output(x, |dx| avg_pool_grad(isa, pool, view(y, &dy), dx));
        assert_close(&what, &got, &sums(x, &want_dx), 1e-6);
    });
}

#[test]
fn the_global_average_ignores_the_halo() {
    for_each_case(|isa, _, x, _| {
        let mut input = image(x, 3);
        let inner = gather(x, &input);
        let pixels = f64::from(u32::try_from(x.pixels()).unwrap());
        let mean = |c: usize| {
            let values = inner.iter().skip(c).step_by(x.channels).map(|&x| f64::from(x));
            values.sum::<f64>() / pixels
        };
        let want: Vec<f64> = (0..x.channels).map(mean).collect();
        // A halo of NaN must not matter.
        if x.halo > 0 {
            input[0] = f32::NAN;
        }
        let mut got = vec![f32::NAN; x.channels];
        global_avg_pool(isa, view(x, &input), &mut got);
        assert_close("global average", &got, &want, 1e-6);
        let dx = output(x, |dx| global_avg_pool_grad(isa, &got, dx));
        for (i, dx) in dx.iter().enumerate() {
            let want = f64::from(got[i % x.channels]) / pixels;
            assert!((f64::from(*dx) - want).abs() < 1e-7, "{dx}, not {want}");
        }
    });
}

#[test]
fn a_nan_is_the_maximum_of_its_windows_and_negative_infinity_can_be_one() {
    let (pool, x) = (Pool::new(2), Plane::new(2, 2, 5));
    for_each_isa(|isa| {
        for place in 0..4 {
            for special in SPECIAL {
                let mut input = scatter(x, &[f32::NEG_INFINITY; 20]);
                input[place * 5..][..5].fill(special);
                let got = output(pool.output(x), |y| max_pool(isa, pool, view(x, &input), y));
                assert_same(&format!("{special} at {place} on {isa}"), &got, &[special; 5]);
                let ones = [1.0; 5];
                let dy = view(pool.output(x), &ones);
                let dx = output(x, |dx| max_pool_grad(isa, pool, view(x, &input), dy, dx));
                let place = if special == f32::NEG_INFINITY { 0 } else { place };
                for (i, dx) in dx.iter().enumerate() {
                    let want = if i / 5 == place { 1.0 } else { 0.0 };
                    assert_eq!(*dx, want, "{special} at {place} on {isa}: gradient {i}");
                }
            }
        }
    });
}

#[test]
fn windows_and_shapes_that_do_not_fit_are_named() {
    let x = Plane::new(3, 3, 2);
    let zeros = vec![0.0; 64];
    let image = view(x, &zeros[..x.len()]);
    let isa = Isa::best();
    assert_panics(&["3x3 is too small for a window of 4"], || {
        let _ = Pool::new(4).output(x);
    });
    for bad in [(0, 1, 0), (1, 0, 0), (2, 1, 2)] {
        let pool = Pool { kernel: bad.0, stride: bad.1, padding: bad.2 };
        assert_panics(&["a pooling window needs"], || {
            let _ = pool.output(x);
        });
    }
    let mut y = [0.0; 8];
    let plane = Plane::new(2, 2, 2);
    let parts = ["2x2x2", "1x1x2"];
    {
        assert_panics(&parts, || {
            max_pool(isa, Pool::new(2), image, ImageMut::new(plane, &mut y));
        });
        assert_panics(&parts, || {
            avg_pool(isa, Pool::new(2), image, ImageMut::new(plane, &mut y));
        });
    }
    assert_panics(&["global average"], || global_avg_pool(isa, image, &mut [0.0; 3]));
}

#[test]
fn every_number_of_channels_pools_each_channel_alone() {
    for_each_isa(|isa| {
        for channels in 1..=33 {
            let (x, pool) = (Plane::new(4, 5, channels), Pool { kernel: 3, stride: 2, padding: 1 });
            let y = pool.output(x);
            let (input, dy) = (image_with_ties(x, 1), image(y, 2));
            let all = |channels: Range<usize>| {
                let part = |plane: Plane, data: &[f32]| -> Vec<f32> {
                    let pixels = data.chunks_exact(plane.channels);
                    pixels.flat_map(|pixel| pixel[channels.clone()].to_vec()).collect()
                };
                let of = |plane: Plane| Plane { channels: channels.len(), ..plane };
                let (px, py) = (of(x), of(y));
                let (input, dy) = (part(x, &input), part(y, &dy));
                let image = view(px, &input);
                [
                    output(py, |y| max_pool(isa, pool, image, y)),
                    output(px, |dx| max_pool_grad(isa, pool, image, view(py, &dy), dx)),
                    output(py, |y| avg_pool(isa, pool, image, y)),
                    output(px, |dx| avg_pool_grad(isa, pool, view(py, &dy), dx)),
                ]
            };
            let (whole, alone) = (all(0..channels), all(channels - 1..channels));
            for (whole, alone) in whole.iter().zip(&alone) {
                let last: Vec<f32> =
                    whole.chunks_exact(channels).map(|c| c[channels - 1]).collect();
                assert_same(&format!("channel {channels} on {isa}"), &last, alone);
            }
        }
    });
}

#[test]
fn a_max_pool_passes_the_whole_gradient_on_and_an_average_what_lies_inside() {
    for_each_case(|isa, pool, x, y| {
        let (input, dy) = (image_with_ties(x, 3), image(y, 4));
        let sum = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>();
        let above = sum(&gather(y, &dy));
        let dx = output(x, |dx| max_pool_grad(isa, pool, view(x, &input), view(y, &dy), dx));
        assert!((sum(&dx) - above).abs() < 1e-4, "{pool:?} of {x:?} on {isa}");
        let dx = output(x, |dx| avg_pool_grad(isa, pool, view(y, &dy), dx));
        let share = 1.0 / f64::from(u32::try_from(pool.kernel * pool.kernel).unwrap());
        let mut inside = 0.0;
        for_each_pair(pool, x, y, |out, _| inside += share * f64::from(dy[out]));
        assert!((sum(&dx) - inside).abs() < 1e-4, "{pool:?} of {x:?} on {isa}");
    });
}

#[test]
fn rows_and_columns_that_fill_no_window_get_no_gradient() {
    let (pool, x) = (Pool::new(3), Plane::new(7, 5, 2).with_halo(1));
    let y = pool.output(x);
    assert_eq!((y.height, y.width), (2, 1), "one row and two columns are left over");
    let (input, dy) = (image(x, 1), vec![1.0; y.len()]);
    for_each_isa(|isa| {
        let max = output(x, |dx| max_pool_grad(isa, pool, view(x, &input), view(y, &dy), dx));
        let avg = output(x, |dx| avg_pool_grad(isa, pool, view(y, &dy), dx));
        for (i, (max, avg)) in max.iter().zip(&avg).enumerate() {
            let (row, column) = (i / 2 / 5, i / 2 % 5);
            let covered = row < 6 && column < 3;
            assert_eq!(*avg != 0.0, covered, "row {row}, column {column} on {isa}");
            assert!(covered || *max == 0.0, "row {row}, column {column} on {isa}");
        }
    });
}

#[test]
fn special_values_reach_the_averages_of_their_windows_and_the_mean_of_their_channel() {
    let (pool, x) = (Pool::new(2), Plane::new(4, 4, 3));
    for_each_isa(|isa| {
        for special in SPECIAL {
            let mut input = image(x, 1);
            input[(5 * 3) + 1] = special; // row 1, column 1, channel 1: the first window
            let y = output(pool.output(x), |y| avg_pool(isa, pool, view(x, &input), y));
            let mut mean = [0.0; 3];
            global_avg_pool(isa, view(x, &input), &mut mean);
            for (i, y) in y.iter().enumerate() {
                assert_eq!(y.is_finite(), special.is_finite() || i != 1, "{special} on {isa}: {i}");
            }
            for (c, mean) in mean.iter().enumerate() {
                assert_eq!(mean.is_finite(), special.is_finite() || c != 1, "{special} on {isa}");
            }
        }
    });
}
