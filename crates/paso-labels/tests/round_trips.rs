//! Every format to every other and back is the same set, bit for bit, whatever images and classes
//! are called.

mod support;

use paso_labels::{Format, ImageSource, Labels, ProblemKind, ReadOptions, Split, convert, write};
use std::path::Path;

const NAMES: [&str; 15] = [
    "plain.png",
    "with blank.png",
    " blanks at both ends .png",
    "50%.png",
    "100%25.png",
    "cafe\u{301}.png", // decomposed, as macOS writes it
    "caf\u{e9}2.png",
    "quote\"d'.png",
    "comma, semicolon;.png",
    "tab\there.png",
    "<tag> & co.png",
    "a.b.c.png",
    "deep/er/folder.png",
    "#hash.png",
    "狗.png",
];

const CLASSES: [&str; 12] = [
    "cat",
    " blanks ",
    "a, b;c",
    "quote\"d'",
    "per%20cent",
    "<tag> & ]]> co",
    "cafe\u{301}",
    "true",
    "null",
    "010",
    "# hash: - {x}",
    "狗",
];

/// Everything that a user of the labels sees: names, splits, sizes, classes by name, boxes as bits,
/// bytes of images.
type Seen = Vec<(String, Option<Split>, (u32, u32), Vec<(String, [u64; 4])>, Vec<u8>)>;

fn seen(dir: &Path, format: Format) -> Seen {
    let options = ReadOptions { format: None, ..ReadOptions::default() };
    let (labels, report) = Labels::read(dir, &options).unwrap_or_else(|e| panic!("{format}: {e}"));
    assert_eq!(report.format, format, "{report}");
    assert!(report.problems.iter().all(|p| p.kind == ProblemKind::Note), "{report}");
    let image = |i: &paso_labels::LabeledImage| {
        let object =
            |o: &paso_labels::Object| (labels.classes[o.class].clone(), o.xyxy.map(f64::to_bits));
        let ImageSource::File(path) = &i.source else { panic!("a file") };
        let bytes = std::fs::read(path).expect("it is there");
        let objects = i.objects.iter().map(object).collect();
        (i.name.clone(), i.split, (i.width, i.height), objects, bytes)
    };
    labels.images.iter().map(image).collect()
}

#[test]
fn every_format_to_every_other_and_back_is_the_same_set() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let made = support::labels(&NAMES, &CLASSES);
    let options = ReadOptions::default();
    let mut first = None;
    for from in Format::ALL {
        let start = place.path().join(from.name());
        write(&made, from, &start).unwrap_or_else(|e| panic!("{from}: {e}"));
        let wanted = seen(&start, from);
        assert_eq!(wanted.len(), NAMES.len());
        assert!(first.get_or_insert(wanted.clone()) == &wanted, "{from} is not as the first");
        for to in Format::ALL {
            let [there, back] =
                ["there", "back"].map(|what| place.path().join(format!("{from}-{to}-{what}")));
            convert(&start, &options, to, &there).unwrap_or_else(|e| panic!("{from} {to}: {e}"));
            assert!(seen(&there, to) == wanted, "{from} as {to}");
            convert(&there, &options, from, &back).unwrap_or_else(|e| panic!("{to} {from}: {e}"));
            assert!(seen(&back, from) == wanted, "{from} as {to} and back");
            std::fs::remove_dir_all(&there).expect("it is removed");
            std::fs::remove_dir_all(&back).expect("it is removed");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_converted_under_its_escaped_name() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = tempfile::tempdir().expect("a temporary folder");
    let dir = place.path().join("set");
    std::fs::create_dir_all(dir.join("images")).expect("a folder");
    std::fs::create_dir_all(dir.join("annotations")).expect("a folder");
    let image = dir.join("images").join(OsStr::from_bytes(b"caf\xe9.png"));
    std::fs::write(image, support::png(7)).expect("it is written");
    let label = dir.join("annotations").join(OsStr::from_bytes(b"caf\xe9.xml"));
    let xml = "<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin>\
               <xmax>20</xmax><ymax>21</ymax></bndbox></object></annotation>";
    std::fs::write(label, xml).expect("it is written");
    let wanted = seen(&dir, Format::Voc);
    assert_eq!((wanted.len(), &*wanted[0].0), (1, "caf%E9.png"));
    for to in Format::ALL {
        let out = place.path().join(to.name());
        convert(&dir, &ReadOptions::default(), to, &out).expect("it is converted");
        assert!(seen(&out, to) == wanted, "{to}");
    }
}

#[test]
fn names_that_a_list_of_lines_cannot_hold_are_refused_and_nothing_is_written() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().join("out");
    for format in Format::ALL {
        for name in ["line\nbreak.png", "line\rbreak.png"] {
            let made = support::labels(&["a.png", name], &["cat"]);
            let error = write(&made, format, &out).expect_err("a name of two lines").to_string();
            assert!(error.contains("line break") && error.contains("rename"), "{format}: {error}");
            assert!(!out.exists(), "{format}");
        }
    }
}

#[test]
fn an_output_inside_of_the_data_is_refused() {
    let (_place, dir) = support::scenes(Format::Voc);
    for out in [dir.clone(), dir.join("out"), dir.join("a/b/c"), dir.join("../scenes/x")] {
        let error = convert(&dir, &ReadOptions::default(), Format::Csv, &out);
        let error = error.expect_err("inside").to_string();
        assert!(error.contains("is inside of"), "{error}");
    }
    assert_eq!(std::fs::read_dir(&dir).expect("a folder").count(), 4, "nothing was added");
}
