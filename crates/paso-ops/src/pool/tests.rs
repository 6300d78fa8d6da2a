//! Pooling against the plain loops over windows, in `f64`.

use super::*;
use crate::test_support::{
    CHANNELS, SPECIAL, assert_close, assert_panics, assert_same, for_each_isa, gather, image,
    image_with_ties, output, scatter, view,
};

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
