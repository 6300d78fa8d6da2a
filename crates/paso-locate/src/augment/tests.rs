//! Boxes follow objects, enough of an object is left, and a change depends on its address alone.

use super::*;
use crate::augment::map::mean_gray;
use crate::data::{MEAN, STD};
use crate::rng::{Purpose, rng};
use proptest::prelude::*;

const SIZE: usize = 32;

/// A dark image with a bright rectangle of pixels.
fn image(x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> (Vec<u8>, BBox) {
    let mut rgb = vec![20; 3 * SIZE * SIZE];
    for row in y.clone() {
        rgb[3 * (row * SIZE + x.start)..3 * (row * SIZE + x.end)].fill(230);
    }
    let corners = [x.start, y.start, x.end, y.end].map(|v| v as f32 / SIZE as f32);
    (rgb, BBox::from_xyxy(corners))
}

/// Where the changed image is bright. What is outside of the source is 0, so between.
fn bright(out: &[f32]) -> BBox {
    let limit = (125.0 / 255.0 - MEAN[0]) / STD[0] + 0.3;
    let lit = || (0..SIZE * SIZE).filter(|i| out[3 * i] > limit);
    let least = |f: fn(usize) -> usize| lit().map(f).min().expect("something is lit");
    let most = |f: fn(usize) -> usize| lit().map(f).max().expect("something is lit") + 1;
    let x: fn(usize) -> usize = |i| i % SIZE;
    let y: fn(usize) -> usize = |i| i / SIZE;
    BBox::from_xyxy([least(x), least(y), most(x), most(y)].map(|v| v as f32 / SIZE as f32))
}

fn geometry(rotate: f64) -> Augment {
    Augment { brightness: 0.0, contrast: 0.0, saturation: 0.0, rotate, ..Augment::default() }
}

#[test]
fn the_box_follows_the_object() {
    let (rgb, bbox) = image(6..17, 9..23);
    let view = View { image: &rgb, size: SIZE, aspect: 1.5, gray: mean_gray(&rgb) };
    let mut out = vec![0.0; rgb.len()];
    for sample in 0..300 {
        let moved = geometry(0.0).apply(&view, &bbox, 5, 1, sample, &mut out);
        assert!(moved.is_valid());
        let seen = bright(&out);
        // Half a pixel at each edge of a box of about 12 pixels.
        assert!(moved.iou(&seen) > 0.8, "sample {sample}: {moved:?} but seen {seen:?}");
    }
}

#[test]
fn a_turned_disc_stays_in_its_box() {
    let aspect = 2.0_f32;
    let mut rgb = vec![20; 3 * SIZE * SIZE];
    for i in 0..SIZE * SIZE {
        let (x, y) = ((i % SIZE) as f32 + 0.5 - 16.0, (i / SIZE) as f32 + 0.5 - 18.0);
        // A disc of the image as it was: half as wide in the square.
        if (x / 5.0).hypot(y / 10.0) <= 1.0 {
            rgb[3 * i..3 * i + 3].fill(230);
        }
    }
    let bbox = BBox::from_xyxy([11.0, 8.0, 21.0, 28.0].map(|v| v / SIZE as f32));
    let view = View { image: &rgb, size: SIZE, aspect, gray: mean_gray(&rgb) };
    let only_turn = Augment { rotate: 30.0, min_visible: 0.99, ..Augment::none() };
    let mut out = vec![0.0; rgb.len()];
    for sample in 0..100 {
        let moved = only_turn.apply(&view, &bbox, 5, 1, sample, &mut out);
        // A disc looks the same however it is turned, and so does its box.
        let (w, h) = (moved.width() * SIZE as f32, moved.height() * SIZE as f32);
        assert!((w - 10.0).abs() < 0.01 && (h - 20.0).abs() < 0.01, "{w} x {h}");
        assert!(moved.iou(&bright(&out)) > 0.8, "sample {sample}");
    }
}

#[test]
fn geometry_follows_how_much_boxes_differ() {
    let strong = Augment::strong();
    let around = |spread: f32| -> Vec<BBox> {
        let corners = |d: f32| BBox::new(0.2 - d, 0.2 - d, 0.8 - d, 0.8 - d);
        [-spread, 0.0, spread].map(corners).to_vec()
    };
    let alike = strong.fitting(&around(0.001));
    assert_eq!(alike, Augment { erase: strong.erase, ..strong.without_geometry() });
    assert_eq!((alike.zoom, alike.shift, alike.mirror), (1.0, 0.0, strong.mirror));
    assert_eq!(strong.fitting(&around(0.2)), strong);
    let between = strong.fitting(&around(0.08));
    assert!(1.0 < between.zoom && between.zoom < strong.zoom, "{between:?}");
    assert!(0.0 < between.rotate && between.rotate < strong.rotate);
}

#[test]
fn nothing_changed_is_only_normalized() {
    let (rgb, bbox) = image(3..9, 20..31);
    let view = View { image: &rgb, size: SIZE, aspect: 0.7, gray: mean_gray(&rgb) };
    let (mut plain, mut out) = (vec![0.0; rgb.len()], vec![9.0; rgb.len()]);
    normalize_into(&rgb, &mut plain);
    let moved = Augment::none().apply(&view, &bbox, 1, 2, 3, &mut out);
    assert_eq!(moved, bbox);
    for (a, b) in plain.iter().zip(&out) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

#[test]
fn the_change_depends_on_its_address_alone() {
    let (rgb, bbox) = image(6..17, 9..23);
    let view = View { image: &rgb, size: SIZE, aspect: 1.0, gray: mean_gray(&rgb) };
    let draw = |seed, epoch, sample| {
        let mut out = vec![0.0; rgb.len()];
        let moved = Augment::default().apply(&view, &bbox, seed, epoch, sample, &mut out);
        (moved, out)
    };
    let base = draw(1, 2, 3);
    assert!(base == draw(1, 2, 3));
    assert!(base != draw(0, 2, 3) && base != draw(1, 0, 3) && base != draw(1, 2, 0));
}

#[test]
fn ranges_are_checked() {
    assert!(Augment::default().checked().is_ok() && Augment::none().checked().is_ok());
    for (bad, says) in [
        (Augment { zoom: 0.5, ..Augment::none() }, "zoom is 0.5; it must be from 1 to 4"),
        (Augment { mirror: f64::NAN, ..Augment::none() }, "mirror is NaN"),
        (Augment { min_visible: 0.0, ..Augment::none() }, "min_visible is 0"),
    ] {
        let error = bad.checked().expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    }
}

/// The output of a map and a change of colors, with nothing random.
fn sampled(image: &[u8], map: &map::Map, color: &map::Color) -> Vec<[f64; 3]> {
    let view = View { image, size: SIZE, aspect: 1.0, gray: mean_gray(image) };
    let mut out = vec![0.0; image.len()];
    map::sample_into(&view, map, color, &mut out);
    let value = |v: f32, c: usize| f64::from(v * STD[c] + MEAN[c]) * 255.0;
    out.chunks_exact(3).map(|p| [0, 1, 2].map(|c| value(p[c], c))).collect()
}

/// Bytes between 60 and 190, all different from their neighbors.
fn texture() -> Vec<u8> {
    (0..3 * SIZE * SIZE).map(|i| 60 + u8::try_from(i * 37 % 131).expect("small")).collect()
}

#[test]
fn a_shift_by_whole_pixels_and_a_mirror_move_every_pixel_exactly() {
    let image = texture();
    let same = map::Color::new(0.5, 1.0, 1.0, 1.0);
    let pixel = |x: usize, y: usize| [0, 1, 2].map(|c| f64::from(image[3 * (y * SIZE + x) + c]));
    for (mirror, shift) in [(false, 0), (false, 5), (true, 0), (true, 3)] {
        // The middle of the output shows what is `shift` pixels to the right of the middle.
        let center = [0.5 + shift as f64 / SIZE as f64, 0.5];
        let map = map::Map::new(mirror, [1.0, 1.0], 0.0, 1.0, center);
        for (i, found) in sampled(&image, &map, &same).into_iter().enumerate() {
            let (x, y) = (i % SIZE, i / SIZE);
            let source = if mirror { SIZE - 1 - x + shift } else { x + shift };
            let wanted =
                if source < SIZE { pixel(source, y) } else { MEAN.map(|m| f64::from(m) * 255.0) };
            let off = (0..3).map(|c| (found[c] - wanted[c]).abs()).fold(0.0, f64::max);
            assert!(off < 0.02, "{mirror} {shift} at {x},{y}: {found:?} {wanted:?}");
        }
    }
}

#[test]
fn the_three_changes_of_color_are_three_blends_one_after_the_other() {
    let image = texture();
    let gray = mean_gray(&image);
    let luma = |p: [f64; 3]| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
    let means = image.chunks_exact(3).map(|p| luma([0, 1, 2].map(|c| f64::from(p[c]))));
    assert!((gray * 255.0 - means.sum::<f64>() / (SIZE * SIZE) as f64).abs() < 1e-3);
    let same = map::Map::new(false, [1.0, 1.0], 0.0, 1.0, [0.5, 0.5]);
    for [brightness, contrast, saturation] in
        [[1.0, 1.0, 1.0], [1.2, 1.0, 1.0], [1.0, 0.7, 1.0], [1.0, 1.0, 0.5], [0.9, 1.1, 1.2]]
    {
        let color = map::Color::new(gray, brightness, contrast, saturation);
        for (found, from) in sampled(&image, &same, &color).iter().zip(image.chunks_exact(3)) {
            let bright = [0, 1, 2].map(|c| f64::from(from[c]) / 255.0 * brightness);
            // The mean gray of the brightened image.
            let mean = gray * brightness;
            let contrasted = bright.map(|v| mean + contrast * (v - mean));
            let own = luma(contrasted);
            let wanted =
                contrasted.map(|v| ((own + saturation * (v - own)) * 255.0).clamp(0.0, 255.0));
            let off = (0..3).map(|c| (found[c] - wanted[c]).abs()).fold(0.0, f64::max);
            assert!(off < 0.05, "{brightness} {contrast} {saturation}: {found:?} {wanted:?}");
        }
    }
}

proptest! {
    /// Whatever the settings and the box, enough of the object is left, or nothing was cut.
    #[test]
    fn the_object_is_never_cut_away(
        zoom in 1.0..4.0_f64, shift in 0.0..0.5_f64, aspect in 1.0..2.0_f64,
        rotate in 0.0..45.0_f64, x in 0.0..0.9_f32, y in 0.0..0.9_f32,
        w in 0.02..1.0_f32, h in 0.02..1.0_f32, sample in 0..1000_u64,
    ) {
        let augment = Augment { zoom, shift, aspect, rotate, ..Augment::default() };
        let bbox = BBox::new(x, y, (x + w).min(1.0), (y + h).min(1.0));
        let mut rng = rng(Purpose::Augment, 0, 0, sample);
        let (map, cut) = augment.draw_map(&mut rng, &bbox, 1.3);
        prop_assert!(cut.is_valid(), "{cut:?}");
        let kept = cut.area() / map.bbox(&bbox).area();
        prop_assert!(kept >= 0.7 - 1e-6, "{kept}");
    }

    /// Erasing leaves as much.
    #[test]
    fn erasing_leaves_the_object(x in 0.0..0.8_f32, w in 0.1..0.2_f32, sample in 0..500_u64) {
        let bbox = BBox::new(x, x, x + w, x + w);
        let mut out = vec![1.0; 3 * SIZE * SIZE];
        let mut rng = rng(Purpose::Augment, 0, 0, sample);
        Augment::default().erase(&mut rng, &bbox, SIZE, &mut out);
        let inside = |i: &usize| {
            let (cx, cy) = ((i % SIZE) as f32 + 0.5, (i / SIZE) as f32 + 0.5);
            let (cx, cy) = (cx / SIZE as f32, cy / SIZE as f32);
            bbox.x_min <= cx && cx <= bbox.x_max && bbox.y_min <= cy && cy <= bbox.y_max
        };
        let all = (0..SIZE * SIZE).filter(inside).count();
        let left = (0..SIZE * SIZE).filter(inside).filter(|i| out[3 * i] > 0.0).count();
        // Pixels are coarse against the exact share.
        prop_assert!(left as f64 >= 0.45 * all as f64, "{left} of {all}");
    }

    /// Without a turn, the box of a moved box is that of its moved corners.
    #[test]
    fn a_map_without_a_turn_moves_boxes_by_their_corners(
        mirror in any::<bool>(), sx in 0.3..3.0_f64, sy in 0.3..3.0_f64,
        cx in 0.0..1.0_f64, cy in 0.0..1.0_f64, aspect in 0.5..2.0_f64,
        x in 0.0..0.8_f32, y in 0.0..0.8_f32, w in 0.05..0.2_f32, h in 0.05..0.2_f32,
    ) {
        let map = map::Map::new(mirror, [sx, sy], 0.0, aspect, [cx, cy]);
        let place = |x: f32, y: f32| {
            let across = sx * (f64::from(x) - cx);
            [if mirror { 0.5 - across } else { 0.5 + across }, 0.5 + sy * (f64::from(y) - cy)]
        };
        let (a, b) = (place(x, y), place(x + w, y + h));
        let wanted = [a[0].min(b[0]), a[1].min(b[1]), a[0].max(b[0]), a[1].max(b[1])];
        let found = map.bbox(&BBox::new(x, y, x + w, y + h)).xyxy();
        for (found, wanted) in found.into_iter().zip(wanted) {
            prop_assert!((f64::from(found) - wanted).abs() < 1e-5, "{found} {wanted}");
        }
    }
}
