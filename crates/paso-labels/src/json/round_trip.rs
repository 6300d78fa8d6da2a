//! What is written in a format that is JSON is read again with the same bits, whatever names hold;
//! and whatever becomes of a file, reading it ends with labels or with messages in our words.

use crate::testing::{Folder, boxes};
use crate::{Format, Labels, convert};
use proptest::prelude::*;
use proptest::sample::{Index, select};

#[test]
fn what_is_written_is_read_with_the_same_bits() {
    let names =
        ["a b.png", "a%20b.png", "100%.png", "it's, \"x\".png", "é.png", "x/y.png", "x\\y.png"];
    let folder = Folder::new(&names);
    let images: Vec<String> = (1..)
        .zip(names)
        .map(|(id, name)| format!("{{\"id\": {id}, \"file_name\": {}}}", serde_json::json!(name)))
        .collect();
    let classes = [" a ", "a,b", "a%20b", "\\n", "a\nb", "]]>&", "\u{1}é"];
    let categories: Vec<String> = (1..)
        .zip(classes)
        .map(|(id, name)| format!("{{\"id\": {id}, \"name\": {}}}", serde_json::json!(name)))
        .collect();
    let annotations: Vec<String> = (1..8)
        .map(|id| {
            format!(
                "{{\"id\": {id}, \"image_id\": {id}, \"category_id\": {id}, \
                 \"bbox\": [{id}.1, 2.3, 9.7, 0.3333333333]}}"
            )
        })
        .collect();
    folder.write(
        "x.json",
        format!(
            "{{\"images\": [{}], \"annotations\": [{}], \"categories\": [{}]}}",
            images.join(","),
            annotations.join(","),
            categories.join(",")
        ),
    );
    let (labels, report) = folder.read().expect("it is read");
    assert_eq!((labels.images.len(), &report.problems[..]), (7, &[][..]), "{report}");
    for format in [Format::Coco, Format::LabelMe, Format::CreateMl, Format::Vott] {
        let out = folder.path().parent().expect("a parent").join(format!(
            "{}-{format}",
            folder.path().file_name().and_then(|n| n.to_str()).expect("a name")
        ));
        convert(folder.path(), &crate::ReadOptions::default(), format, &out).expect("converted");
        let again = Labels::read(&out, &crate::ReadOptions::default());
        std::fs::remove_dir_all(&out).expect("it is removed");
        let (again, report) = again.expect("it is read again");
        assert_eq!(report.format, format);
        assert_eq!(report.problems, [], "{format}");
        assert_eq!(boxes(&again), boxes(&labels), "{format}");
    }
}

/// A file of each format that is JSON, labeling `a.png`.
const FILES: [(Format, &str); 4] = [
    (
        Format::Coco,
        r#"{"images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [4, 2, 20, 10],
        "iscrowd": 0}, {"id": 2, "image_id": 1, "category_id": 3,
        "segmentation": [[4, 2, 24, 2, 24, 12]]}], "categories": [{"id": 3, "name": "cat"}]}"#,
    ),
    (
        Format::LabelMe,
        r#"{"shapes": [{"label": "cat", "points": [[1, 2], [9, 8]], "shape_type": "circle"}],
        "imagePath": "a.png", "imageData": null, "imageHeight": 30, "imageWidth": 40}"#,
    ),
    (
        Format::CreateMl,
        r#"[{"image": "a.png", "annotations": [{"label": "cat",
        "coordinates": {"x": 14, "y": 7, "width": 20, "height": 10}}]}]"#,
    ),
    (
        Format::Vott,
        r#"{"assets": {"0": {"asset": {"name": "a.png", "size": {"width": 40, "height": 30}},
        "regions": [{"id": "k", "type": "POLYGON", "tags": ["cat"],
        "points": [{"x": 5, "y": 2}, {"x": 24.5, "y": 3}, {"x": 9, "y": 12}]}]}}}"#,
    ),
];

/// What is put in place of a part of a file.
const PARTS: [&str; 24] = [
    "",
    "null",
    "NaN",
    "-Infinity",
    "1e308",
    "-1e308",
    "1e999",
    "0",
    "-1",
    "true",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    ",",
    ":",
    "\"",
    "\0",
    "\\",
    "\"\\ud800\"",
    "é",
    "}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_gives_labels_or_messages_in_our_words(
        which in 0..4_usize,
        damages in prop::collection::vec((any::<Index>(), 0..12_usize, select(&PARTS[..])), 1..4),
        cut in prop::option::weighted(0.2, any::<Index>()),
    ) {
        let (format, text) = FILES[which];
        let mut text = text.as_bytes().to_vec();
        for (start, length, part) in damages {
            let start = start.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, part.bytes());
        }
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len() + 1));
        }
        let folder = Folder::new(&["a.png"]);
        let said = match folder.write("x.json", &text).read_as(format) {
            Ok((_, report)) => format!("{report:?}"),
            Err(error) => error.to_string(),
        };
        for word in ["expected `", "EOF while", "at line", "invalid type", "missing field", "trailing char"] {
            prop_assert!(!said.contains(word), "the parser's words: {said}");
        }
    }
}
