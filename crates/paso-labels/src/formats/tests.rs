//! What holds for every format of the list, and for a format that somebody forgets to add to it.

use super::Format;
use crate::image::Orientation;
use crate::{ImageSource, LabeledImage, Labels, Object, ReadOptions, Split, write};
use std::path::Path;

/// A small PNG.
fn png(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(40, 30, image::Rgb([shade; 3]));
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("it is encoded");
    bytes.into_inner()
}

/// Five images of two classes, three to train on and two to validate on.
fn scenes() -> Labels {
    let image = |i: u8| LabeledImage {
        source: ImageSource::Encoded(png(40 * i)),
        name: format!("scene-{i}.png"),
        label: "made".into(),
        line: None,
        width: 40,
        height: 30,
        orientation: Orientation::UPRIGHT,
        objects: vec![Object {
            class: usize::from(i % 2),
            xyxy: [f64::from(i), 2.0, 20.0 + f64::from(i) / 3.0, 21.5],
        }],
        split: Some(if i < 3 { Split::Train } else { Split::Val }),
    };
    let classes = vec!["cat".into(), "dog".into()];
    Labels::new(classes, (0..5).map(image).collect())
}

#[test]
fn every_file_of_a_format_has_its_line_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/formats");
    for entry in std::fs::read_dir(folder).expect("the folder of the formats") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let is_format = path.is_file() && !["mod", "tests"].contains(&name);
        let listed = Format::ALL.iter().any(|format| format.name() == name);
        assert!(!is_format || listed, "{name}.rs has no line in formats/mod.rs");
    }
}

#[test]
fn a_name_is_read_and_written_alike_everywhere() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().expect("a name"), format);
        let json = serde_json::to_string(&format).expect("JSON");
        assert_eq!(json, format!("\"{}\"", format.name()));
        assert_eq!(serde_json::from_str::<Format>(&json).expect("a name"), format);
    }
    let message = "VOC".parse::<Format>().expect_err("names are lowercase").to_string();
    assert!(message.starts_with("format is VOC; it must be voc, coco,"), "{message}");
}

#[test]
fn every_format_is_detected_in_what_it_wrote_and_no_other_is() {
    for format in Format::ALL {
        let place = tempfile::tempdir().expect("a temporary folder");
        let dir = place.path().join("scenes");
        let made = scenes();
        write(&made, format, &dir).expect("it is written");
        let (labels, report) = Labels::read(&dir, &ReadOptions::default()).expect("it is read");
        assert_eq!((report.format, report.evidence.len()), (format, 1), "{report}");
        assert_eq!(report.problems, [], "{format}");
        for (image, made) in labels.images.iter().zip(&made.images) {
            let class = |labels: &Labels, image: &LabeledImage| {
                labels.classes[image.objects[0].class].clone()
            };
            assert_eq!((&image.name, image.split), (&made.name, made.split), "{format}");
            assert_eq!(class(&labels, image), class(&scenes(), made), "{format}");
            for (read, wrote) in image.objects[0].xyxy.iter().zip(made.objects[0].xyxy) {
                assert!((read - wrote).abs() < 1e-4, "{format}: {image:?}");
            }
        }
    }
}

#[test]
fn a_folder_without_labels_names_what_was_looked_for_and_what_is_there() {
    let place = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(place.path().join("a.png"), png(0)).expect("it is written");
    let read = || Labels::read(place.path(), &ReadOptions::default());
    let message = read().expect_err("there is nothing").to_string();
    for format in Format::ALL {
        assert!(message.contains(&format!("{format} ({})", format.looked_for())), "{message}");
    }
    assert!(message.contains("1 images, such as a.png"), "{message}");
    assert!(message.contains("one level too high or too low"), "{message}");
    std::fs::write(place.path().join("x.xml"), "<svg/>").expect("it is written");
    let message = read().expect_err("an XML of something else").to_string();
    assert!(message.contains("x.xml: no Pascal VOC: "), "{message}");
}

#[test]
fn the_documents_list_every_format() {
    let readme = include_str!("../../README.md");
    let page = include_str!("../../../../docs/your-data.md");
    for format in Format::ALL {
        assert!(page.contains(&format!("| `{}` |", format.name())), "docs/your-data.md: {format}");
        assert!(readme.contains(&format.to_string()), "README.md does not name {format}");
    }
}
