//! What is written in a format that is JSON is read again with the same bits, whatever names hold.

use super::testing::{Folder, boxes};
use crate::{Format, Labels, convert};

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
