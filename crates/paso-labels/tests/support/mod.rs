//! What the tests of this crate share: small sets that are made here.

#![allow(dead_code, reason = "each test binary uses a part")]

use paso_labels::image::Orientation;
use paso_labels::{Format, ImageSource, LabeledImage, Labels, Object, Split, write};
use std::path::{Path, PathBuf};

/// A PNG of 24x24 pixels.
pub(crate) fn png(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(24, 24, image::Rgb([shade; 3]));
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("it is encoded");
    bytes.into_inner()
}

/// Images of these names with an object each, of these classes one after the other; every third is for
/// validation.
pub(crate) fn labels(names: &[&str], classes: &[&str]) -> Labels {
    let image = |(i, name): (usize, &&str)| {
        let at = f64::from(u32::try_from(i).expect("few images"));
        LabeledImage {
            source: ImageSource::Encoded(png(u8::try_from(9 * i).expect("few images"))),
            name: (*name).to_owned(),
            label: "made".into(),
            line: None,
            width: 24,
            height: 24,
            orientation: Orientation::UPRIGHT,
            objects: vec![Object {
                class: i % classes.len(),
                xyxy: [at / 7.0, 1.0 + at / 3.0, 12.0 + at / 2.0, 23.5].map(rounded),
            }],
            split: Some(if i % 3 == 2 { Split::Val } else { Split::Train }),
        }
    };
    let images = names.iter().enumerate().map(image).collect();
    Labels::new(classes.iter().map(|class| (*class).to_owned()).collect(), images)
}

/// What reading rounds to.
fn rounded(value: f64) -> f64 {
    (value * 65_536.0).round() / 65_536.0
}

/// A folder of five images in a format, which lives as long as the first value.
pub(crate) fn scenes(format: Format) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("scenes");
    let names: Vec<String> = (0..5).map(|i| format!("scene-{i:06}.png")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let labels = labels(&names, &["cross", "ring", "star", "triangle"]);
    write(&labels, format, &path).expect("it is written");
    (place, path)
}

/// A text file below a folder.
pub(crate) fn write_text(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    std::fs::write(path, text).expect("it is written");
}
