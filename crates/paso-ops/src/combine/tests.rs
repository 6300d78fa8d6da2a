//! Additions and copies, between planes with different halos.

use super::*;
use crate::Plane;
use crate::test_support::{
    CHANNELS, SPECIAL, assert_panics, assert_same, for_each_isa, gather, image, output, scatter,
    view,
};

#[test]
fn sums_are_those_of_the_inner_values_whatever_the_halos() {
    for_each_isa(|isa| {
        for (i, &channels) in CHANNELS.iter().enumerate() {
            let plane = Plane::new(1 + i % 3, 4, channels);
            let planes = [plane.with_halo(i % 2), plane.with_halo(1), plane.with_halo(i % 3)];
            let (a, b) = (image(planes[0], 1), image(planes[1], 2));
            let inner = (gather(planes[0], &a), gather(planes[1], &b));
            let want: Vec<f32> = inner.0.iter().zip(&inner.1).map(|(a, b)| a + b).collect();
            let got = output(planes[2], |y| add(isa, view(planes[0], &a), view(planes[1], &b), y));
            assert_same(&format!("{channels} channels on {isa}"), &got, &want);
            let want: Vec<f32> = inner.0.iter().zip(&inner.1).map(|(a, b)| b + -0.3 * a).collect();
            let got = output(planes[1], |y| {
                y.data.copy_from_slice(&b);
                add_scaled(isa, -0.3, view(planes[0], &a), y);
            });
            assert_same(&format!("scaled, {channels} channels on {isa}"), &got, &want);
        }
    });
}

#[test]
fn special_values_add_as_in_ieee_754() {
    let plane = Plane::vector(SPECIAL.len());
    for_each_isa(|isa| {
        for special in SPECIAL {
            let other = [special; SPECIAL.len()];
            let got = output(plane, |y| add(isa, view(plane, &SPECIAL), view(plane, &other), y));
            assert_same(&format!("{special} on {isa}"), &got, &SPECIAL.map(|x| x + special));
        }
    });
}

#[test]
fn channels_of_parts_concatenate_to_the_whole() {
    for_each_isa(|isa| {
        for &channels in CHANNELS.iter().filter(|c| **c > 1) {
            let (x, y) = (Plane::new(2, 3, channels).with_halo(1), Plane::new(2, 3, channels));
            let data = image(x, 1);
            let middle = channels / 2;
            let got = output(y, |y| {
                for part in [0..middle, middle..channels] {
                    let to = part.start;
                    let y = ImageMut::new(y.plane, &mut *y.data);
                    copy_channels(isa, view(x, &data), part, y, to);
                }
            });
            assert_same(&format!("{channels} channels on {isa}"), &got, &gather(x, &data));
        }
    });
}

#[test]
fn a_copy_leaves_the_other_channels_alone_and_clear_the_halo() {
    let (x, y) = (Plane::new(1, 2, 2), Plane::new(1, 2, 4).with_halo(1));
    let mut data = scatter(y, &[9.0; 8]);
    let isa = Isa::best();
    copy_channels(isa, view(x, &[1.0, 2.0, 3.0, 4.0]), 1..2, ImageMut::new(y, &mut data), 2);
    assert_eq!(gather(y, &data), [9.0, 9.0, 2.0, 9.0, 9.0, 9.0, 4.0, 9.0]);
    data.fill(5.0);
    clear(isa, ImageMut::new(y, &mut data));
    assert_eq!(gather(y, &data), [0.0; 8]);
    assert_eq!(data.iter().filter(|x| **x == 5.0).count(), y.len() - y.inner_len());
}

#[test]
fn shapes_and_channels_that_do_not_fit_are_named() {
    let (isa, a, b) = (Isa::best(), Plane::new(1, 2, 3), Plane::new(1, 3, 2));
    let (zeros, mut out) = ([0.0; 6], [0.0; 6]);
    assert_panics(&["1x2x3", "1x3x2"], || {
        add(isa, view(a, &zeros), view(b, &zeros), ImageMut::new(a, &mut out));
    });
    assert_panics(&["1x2x3", "1x3x2"], || {
        add_scaled(isa, 1.0, view(a, &zeros), ImageMut::new(b, &mut [0.0; 6]));
    });
    assert_panics(&["1x2", "1x3"], || {
        copy_channels(isa, view(a, &zeros), 0..1, ImageMut::new(b, &mut [0.0; 6]), 0);
    });
    assert_panics(&["0..4", "3"], || {
        copy_channels(isa, view(a, &zeros), 0..4, ImageMut::new(a, &mut [0.0; 6]), 0);
    });
}

#[test]
fn every_length_adds_scales_and_clears_every_element_and_no_other() {
    for_each_isa(|isa| {
        for len in 1..=33 {
            // One row of `len` channels between two halos: what lies next to it must stay.
            let plane = Plane::vector(len).with_halo(1);
            let (a, b) = (image(plane, 1), image(plane, 2));
            let inner = |f: fn(f32, f32) -> f32| -> Vec<f32> {
                gather(plane, &a).iter().zip(gather(plane, &b)).map(|(a, b)| f(*a, b)).collect()
            };
            let what = format!("{len} channels on {isa}");
            let got = output(plane, |y| add(isa, view(plane, &a), view(plane, &b), y));
            assert_same(&what, &got, &inner(|a, b| a + b));
            let got = output(plane, |y| {
                y.data.copy_from_slice(&b);
                add_scaled(isa, 2.0, view(plane, &a), y);
            });
            assert_same(&what, &got, &inner(|a, b| b + 2.0 * a));
            let got = output(plane, |y| clear(isa, y));
            assert_same(&what, &got, &vec![0.0; len]);
        }
    });
}

#[test]
fn special_values_are_scaled_as_in_ieee_754_and_copied_bit_by_bit() {
    let plane = Plane::vector(SPECIAL.len());
    for_each_isa(|isa| {
        for scale in [0.0, -0.5, 1.0, f32::INFINITY] {
            for start in SPECIAL {
                let got = output(plane, |y| {
                    y.data.fill(start);
                    add_scaled(isa, scale, view(plane, &SPECIAL), y);
                });
                let want = SPECIAL.map(|x| start + scale * x);
                assert_same(&format!("{start} + {scale} x on {isa}"), &got, &want);
            }
        }
        let copied = output(plane, |y| copy_channels(isa, view(plane, &SPECIAL), 0..8, y, 0));
        let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&copied), bits(&SPECIAL), "{isa}: signs of zeros and denormals too");
    });
}

#[test]
fn any_channels_can_be_copied_to_any_place_and_an_empty_range_copies_nothing() {
    let (x, y) = (Plane::new(2, 3, 6).with_halo(2), Plane::new(2, 3, 7).with_halo(1));
    let source = image(x, 1);
    for_each_isa(|isa| {
        for start in 0..=6 {
            for end in start..=6 {
                for to in 0..=7 - (end - start) {
                    let got = output(y, |y| {
                        copy_channels(isa, view(x, &source), start..end, y, to);
                    });
                    for (i, got) in got.iter().enumerate() {
                        let (pixel, c) = (i / 7, i % 7);
                        let copied = (to..to + end - start).contains(&c);
                        let want = copied.then(|| gather(x, &source)[pixel * 6 + start + c - to]);
                        let what = format!("{start}..{end} to {to} on {isa}: element {i}");
                        assert!(want.map_or(got.is_nan(), |want| *got == want), "{what}: {got}");
                    }
                }
            }
        }
    });
}
