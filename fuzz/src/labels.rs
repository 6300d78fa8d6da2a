//! Folders of labeled images whose label files are the input.
//!
//! A folder is made once a process, with three images; each input replaces its label file. Whatever
//! that holds, reading ends with labels or an error, every box that is used lies inside of its image,
//! and what is used can be written and read again.

use crate::bounded;
use paso_labels::image::Orientation;
use paso_labels::{
    Effect, Format, ImageSource, LabeledImage, Labels, Object, ReadOptions, Split,
};
use std::path::Path;

/// The images of the folder: 24 x 16 pixels.
const IMAGES: [&str; 3] = ["a.png", "b.png", "c.png"];

/// A folder with the images, for a whole process.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn folder() -> tempfile::TempDir {
    let folder = crate::folder();
    std::fs::create_dir(folder.path().join("images")).expect("a folder");
    std::fs::create_dir(folder.path().join("labels")).expect("a folder");
    for (shade, name) in (0..).zip(IMAGES) {
        let pixels = image::GrayImage::from_pixel(24, 16, image::Luma([shade]));
        pixels.save(folder.path().join("images").join(name)).expect("an image");
    }
    folder
}

/// Labels of the images, as seeds are made of.
#[must_use]
pub fn made() -> Labels {
    let image = |(shade, name): (u8, &str)| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let pixels = image::GrayImage::from_pixel(24, 16, image::Luma([shade]));
        pixels.write_to(&mut bytes, image::ImageFormat::Png).expect("a PNG");
        let at = f64::from(shade);
        LabeledImage {
            source: ImageSource::Encoded(bytes.into_inner()),
            name: name.into(),
            label: "made".into(),
            line: None,
            width: 24,
            height: 16,
            orientation: Orientation::UPRIGHT,
            objects: vec![Object { class: usize::from(shade % 2), xyxy: [at, 1.5, 20.0, 15.0] }],
            split: Some(Split::Train),
        }
    };
    Labels::new(vec!["cat".into(), "yes".into()], (0..).zip(IMAGES).map(image).collect())
}

/// Reads a folder in a format, and checks what is promised of anything that is read. `length` is that
/// of the input.
///
/// # Panics
/// When a promise is broken.
pub fn read(folder: &Path, format: Format, length: usize) {
    // What is in the folder besides the input takes memory, too.
    let length = length + 20_000;
    let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
    let Ok((labels, report)) = bounded(length, || Labels::read(folder, &options)) else { return };
    for image in &labels.images {
        for object in &image.objects {
            let [x0, y0, x1, y1] = object.xyxy;
            let (width, height) = (f64::from(image.width), f64::from(image.height));
            assert!(0.0 <= x0 && x0 < x1 && x1 <= width, "{object:?} of {}", image.name);
            assert!(0.0 <= y0 && y0 < y1 && y1 <= height, "{object:?} of {}", image.name);
            assert!(object.class < labels.classes.len(), "{object:?}");
        }
    }
    for problem in &report.problems {
        assert!(!problem.message.is_empty() && problem.line != Some(0), "{problem:?}");
    }
    let refused = report.problems.iter().any(|p| p.kind.effect() == Effect::Refused);
    if refused || labels.images.is_empty() {
        return;
    }
    let place = crate::folder();
    let out = place.path().join("out");
    // Names and classes that a format cannot hold are refused.
    if paso_labels::write(&labels, format, &out).is_ok() {
        let (again, report) = Labels::read(&out, &options).expect("what was written is read");
        assert_eq!(seen(&again), seen(&labels), "{report}");
    }
}

/// Names and objects, with classes by name.
fn seen(labels: &Labels) -> Vec<(String, Vec<(String, [f64; 4])>)> {
    let object = |o: &Object| (labels.classes[o.class].clone(), o.xyxy);
    let image = |i: &LabeledImage| (i.name.clone(), i.objects.iter().map(object).collect());
    labels.images.iter().map(image).collect()
}

/// A target whose input becomes the file of this name in a folder of this format.
#[macro_export]
macro_rules! label_target {
    ($format:expr, $name:expr) => {
        std::thread_local! {
            static FOLDER: tempfile::TempDir = paso_fuzz::labels::folder();
        }
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            FOLDER.with(|folder| {
                let path = folder.path().join($name);
                std::fs::write(&path, bytes).expect("it can be written");
                paso_fuzz::labels::read(folder.path(), $format, bytes.len());
            });
        });
    };
}
