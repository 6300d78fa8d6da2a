//! Dropout: which elements it keeps, how many, and that its gradient keeps the same ones.

use super::*;
use crate::Plane;
use crate::test_support::{SPECIAL, assert_panics, for_each_isa, gather, image, output, view};

#[test]
fn places_count_and_halos_do_not() {
    let narrow = Plane::new(3, 4, 5);
    let wide = narrow.with_halo(2);
    let (x, mut y) = (vec![2.0; narrow.len()], vec![0.0; narrow.len()]);
    dropout(Isa::best(), 0.5, 3, Image::new(narrow, &x), ImageMut::new(narrow, &mut y));
    let (x, mut z) = (vec![2.0; wide.len()], vec![0.0; wide.len()]);
    dropout(Isa::best(), 0.5, 3, Image::new(wide, &x), ImageMut::new(wide, &mut z));
    let inner: Vec<f32> = wide.runs().flat_map(|run| z[run].to_vec()).collect();
    assert_eq!(inner, y);
    assert!(y.contains(&0.0) && y.contains(&4.0));
    let (x, mut other) = (vec![2.0; narrow.len()], vec![0.0; narrow.len()]);
    dropout(Isa::best(), 0.5, 4, Image::new(narrow, &x), ImageMut::new(narrow, &mut other));
    assert_ne!(y, other, "another key keeps others");
    dropout(Isa::best(), 0.0, 4, Image::new(narrow, &x), ImageMut::new(narrow, &mut other));
    assert_eq!(x, other, "a share of 0 changes nothing");
}

/// Which elements of a vector a key keeps.
fn kept(isa: Isa, share: f32, key: u64, len: usize) -> Vec<bool> {
    let plane = Plane::vector(len);
    let ones = vec![1.0; len];
    let y = output(plane, |y| dropout(isa, share, key, view(plane, &ones), y));
    y.iter().map(|y| *y != 0.0).collect()
}

#[test]
fn every_instruction_set_and_length_keeps_the_same_elements() {
    let longest = kept(Isa::best(), 0.4, 11, 33);
    for_each_isa(|isa| {
        for len in 1..=33 {
            assert_eq!(kept(isa, 0.4, 11, len), longest[..len], "{len} elements on {isa}");
        }
    });
}

#[test]
fn the_share_of_dropped_elements_is_the_one_asked_for_within_four_standard_deviations() {
    for share in [0.01_f32, 0.1, 0.5, 0.9, 0.99] {
        for key in [0, 1, 2, u64::MAX, 0x9E37_79B9_7F4A_7C15] {
            let len = 20_000_u16;
            let count = kept(Isa::best(), share, key, len.into()).iter().filter(|k| !**k).count();
            let (p, n) = (f64::from(share), f64::from(len));
            let off = f64::from(u32::try_from(count).unwrap()) - n * p;
            assert!(off.abs() < 4.0 * (n * p * (1.0 - p)).sqrt(), "{share}, key {key}: {count}");
        }
    }
}

#[test]
fn neighbors_and_neighboring_keys_are_dropped_independently() {
    // Under independence two elements agree half of the time; four standard deviations of 10000.
    let near_half = |what: &str, same: usize| {
        assert!((4800..5200).contains(&same), "{what}: {same} of 10000 agree");
    };
    let agree = |a: &[bool], b: &[bool]| a.iter().zip(b).filter(|(a, b)| a == b).count();
    for key in [0, 5, 1 << 40] {
        let a = kept(Isa::best(), 0.5, key, 10_017);
        for lag in [1, 2, 8, 16] {
            near_half(&format!("{lag} apart"), agree(&a[..10_000], &a[lag..lag + 10_000]));
        }
        for other in [key + 1, key + 2, key ^ (1 << 63)] {
            let b = kept(Isa::best(), 0.5, other, 10_000);
            near_half(&format!("keys {key} and {other}"), agree(&a[..10_000], &b));
        }
    }
}

#[test]
fn the_gradient_is_the_same_function_so_a_dropped_element_has_none() {
    for_each_isa(|isa| {
        let (x, y) = (Plane::new(3, 5, 7).with_halo(1), Plane::new(3, 5, 7));
        let (input, dy) = (image(x, 1), image(y, 2));
        let out = output(y, |y| dropout(isa, 0.3, 9, view(x, &input), y));
        let dx = output(x, |dx| dropout(isa, 0.3, 9, view(y, &dy), dx));
        for ((x, y), (dy, dx)) in gather(x, &input).iter().zip(&out).zip(dy.iter().zip(&dx)) {
            assert!((y * dy - x * dx).abs() <= 1e-6, "{isa}: linear, and its own transpose");
            assert!(*x == 0.0 || *dy == 0.0 || (*y == 0.0) == (*dx == 0.0), "{isa}: one mask");
        }
    });
}

#[test]
fn a_dropped_nan_is_gone_and_a_kept_special_value_is_scaled() {
    for_each_isa(|isa| {
        for special in SPECIAL {
            let (plane, x) = (Plane::vector(64), [special; 64]);
            let y = output(plane, |y| dropout(isa, 0.5, 3, view(plane, &x), y));
            for (y, kept) in y.iter().zip(kept(isa, 0.5, 3, 64)) {
                let want = if kept { 2.0 * special } else { 0.0 };
                assert!(*y == want || (y.is_nan() && want.is_nan()), "{special} on {isa}: {y}");
            }
        }
    });
}

#[test]
fn shares_outside_of_0_to_1_and_other_shapes_are_named() {
    let plane = Plane::vector(2);
    for share in [1.0, -0.1, 2.0, f32::NAN, f32::INFINITY] {
        assert_panics(&["dropout of", "at least 0 and below 1"], || {
            let mut y = [0.0; 2];
            let y = ImageMut::new(plane, &mut y);
            dropout(Isa::best(), share, 0, view(plane, &[1.0; 2]), y);
        });
    }
    assert_panics(&["dropout", "1x1x2", "1x2x1"], || {
        let mut y = [0.0; 2];
        let y = ImageMut::new(Plane::new(1, 2, 1), &mut y);
        dropout(Isa::best(), 0.5, 0, view(plane, &[1.0; 2]), y);
    });
}
