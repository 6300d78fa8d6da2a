//! Photographs that a camera stored turned: the box is where the object is, whatever the format,
//! whether the label is for the upright image or for the stored one.

use paso_locate::data::{Dataset, Format, LoadOptions, ReadOptions, SeveralObjects, convert};
use paso_locate::image::{ImageLimits, Orientation, decode, read_info};
use std::io::Cursor;
use std::path::Path;

/// Sides of the stored image.
const STORED: (u32, u32) = (64, 48);

/// The object in the stored image, in pixels.
const OBJECT: [u32; 4] = [8, 16, 32, 40];

/// A JPEG with a bright rectangle, and an EXIF segment that says how it is to be turned.
fn photograph(exif: u8) -> Vec<u8> {
    let [x0, y0, x1, y1] = OBJECT;
    let pixels = image::RgbImage::from_fn(STORED.0, STORED.1, |x, y| {
        image::Rgb([if (x0..x1).contains(&x) && (y0..y1).contains(&y) { 250 } else { 5 }; 3])
    });
    let mut jpeg = Cursor::new(Vec::new());
    pixels.write_to(&mut jpeg, image::ImageFormat::Jpeg).expect("it is encoded");
    let jpeg = jpeg.into_inner();
    // TIFF, big endian, one directory with one entry: tag 0x0112 (orientation), a short.
    let mut segment = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.extend([exif, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(segment.len() + 2).expect("short").to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &segment, &jpeg[2..]].concat()
}

/// The brightest rectangle of an upright image, in pixels.
fn seen(path: &Path) -> [u32; 4] {
    let image = decode(path, &ImageLimits::default()).expect("it is decoded");
    let lit = |i: &usize| image.rgb[3 * i] > 128;
    let lit = || (0..image.rgb.len() / 3).filter(lit);
    let width = image.width as usize;
    let [x, y] = [|i: usize, w: usize| i % w, |i: usize, w: usize| i / w];
    let least = |f: fn(usize, usize) -> usize| lit().map(|i| f(i, width)).min().expect("lit");
    let most = |f: fn(usize, usize) -> usize| lit().map(|i| f(i, width)).max().expect("lit") + 1;
    [least(x), least(y), most(x), most(y)].map(|v| u32::try_from(v).expect("small"))
}

/// A folder with one photograph and its label, for which the label states this size.
fn labeled(exif: u8, stated: Option<(u32, u32)>, [x0, y0, x1, y1]: [f64; 4]) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(place.path().join("a.jpg"), photograph(exif)).expect("it is written");
    let row = match stated {
        Some((w, h)) => format!("a.jpg,{w},{h},cat,{x0},{y0},{x1},{y1}\n"),
        None => format!("a.jpg,{x0},{y0},{x1},{y1},cat\n"),
    };
    std::fs::write(place.path().join("labels.csv"), row).expect("it is written");
    place
}

fn options() -> LoadOptions {
    LoadOptions { several_objects: SeveralObjects::Error, ..LoadOptions::default() }
}

#[test]
fn a_label_for_the_upright_or_for_the_stored_image_is_the_same_box() {
    let stored = OBJECT.map(f64::from);
    for exif in 1..=8 {
        let turn = Orientation::from_exif(exif).expect("1 to 8");
        let upright = turn.upright_size(STORED.0, STORED.1);
        let place = labeled(exif, Some(STORED), stored);
        let path = place.path().join("a.jpg");
        let info = read_info(&path, &ImageLimits::default()).expect("a header");
        assert_eq!((info.orientation, info.upright_size()), (turn, upright), "{exif}");
        let truth = seen(&path).map(f64::from);

        // Orientations 2 to 4 keep the sides, so that a stated size cannot tell stored from
        // upright: such a label is for the upright image.
        let tells = upright != STORED || exif == 1;
        let mut labels = vec![(None, truth), (Some(upright), truth)];
        labels.extend(tells.then_some((Some(STORED), stored)));
        for (stated, corners) in labels {
            let place = labeled(exif, stated, corners);
            let (dataset, report) = Dataset::load(place.path(), &options()).expect("one image");
            let sample = &dataset.samples[0];
            assert_eq!((sample.width, sample.height), upright, "{exif} {report}");
            let found = sample.bbox.to_pixels(upright.0, upright.1);
            let off = found.iter().zip(truth).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 1e-4, "{exif}, {stated:?}: {found:?} is not {truth:?}");
            let back = sample.to_stored_pixels(&sample.bbox);
            let off = back.iter().zip(stored).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 1e-4, "{exif}: {back:?} is not {stored:?}");
        }
    }
}

#[test]
fn a_turned_image_is_the_same_sample_in_every_format() {
    for exif in [1, 2, 3, 5, 6, 8] {
        let turn = Orientation::from_exif(exif).expect("1 to 8");
        let first = labeled(exif, None, [4.0, 6.0, 40.0, 30.0]);
        let (wanted, _) = Dataset::load(first.path(), &options()).expect("one image");
        for format in Format::ALL {
            let place = tempfile::tempdir().expect("a temporary folder");
            let out = place.path().join("out");
            convert(first.path(), &ReadOptions::default(), format, &out).expect("it is converted");
            let (dataset, report) = Dataset::load(&out, &options()).expect("one image");
            assert_eq!(report.format, format);
            let (found, wanted) = (&dataset.samples[0], &wanted.samples[0]);
            assert_eq!(found.orientation, turn, "{format}: the file keeps its bytes");
            assert_eq!(found.bbox, wanted.bbox, "{format}, orientation {exif}");
        }
    }
}

#[test]
fn turning_there_and_back_is_the_same_box() {
    let bbox = paso_locate::BBox::new(0.125, 0.25, 0.5, 0.875);
    for exif in 1..=8 {
        let turn = Orientation::from_exif(exif).expect("1 to 8");
        assert_eq!(turn.to_exif(), exif);
        assert_eq!(turn.to_stored(turn.to_upright(bbox)), bbox, "{exif}");
        assert_eq!(turn.to_upright(turn.to_stored(bbox)), bbox, "{exif}");
        assert_eq!(turn.to_upright(bbox).area(), bbox.area(), "{exif}");
    }
}
