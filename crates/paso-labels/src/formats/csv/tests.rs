//! Tables as spreadsheets, scripts and label tools write them, and what is refused.

use crate::testing::Folder;
use crate::{Format, Labels, ProblemKind, ReadOptions, Report, Split, convert};
use std::path::Path;

/// Images (40x20) and `labels.csv` in a new folder.
fn folder(images: &[&str], table: &str) -> Folder {
    let folder = Folder::sized(images, [40, 20]);
    folder.write("labels.csv", table);
    folder
}

fn read(place: &Path) -> (Labels, Report) {
    Labels::read(place, &ReadOptions::default()).expect("there are labels")
}

const IMAGES: [&str; 2] = ["images/a.png", "images/b.png"];

/// Class and box of `a` and `b`, of a table that must be good but for notes.
#[track_caller]
fn good(table: &str) {
    let (labels, report) = read(folder(&IMAGES, table).path());
    let wrong = report.problems.iter().find(|p| p.kind != ProblemKind::Note);
    assert_eq!(wrong, None, "{table}");
    let found: Vec<_> = labels
        .images
        .iter()
        .flat_map(|i| i.objects.iter().map(|o| (i.name.as_str(), &*labels.classes[o.class], o.xyxy)))
        .collect();
    let expected =
        [("a.png", "cat", [4.5, 2.0, 24.0, 12.0]), ("b.png", "dog", [10.0, 5.0, 30.5, 15.0])];
    assert_eq!(found, expected, "{table}");
}

/// What is malformed in a table.
#[track_caller]
fn bad(table: &str, line: usize, says: &str) {
    let (_, report) = read(folder(&IMAGES, table).path());
    let found = report.problems.iter().find(|p| p.kind == ProblemKind::Malformed);
    let problem = found.unwrap_or_else(|| panic!("{table}: {report}"));
    assert!(problem.file.ends_with("labels.csv"), "{problem}");
    assert!(problem.message.contains(says), "{says}: {problem}");
    assert_eq!(problem.line, Some(line), "{says}: {problem}");
}

const PLAIN: &str =
    "filename,class,xmin,ymin,xmax,ymax\na.png,cat,4.5,2,24,12\nb.png,dog,10,5,30.5,15\n";

/// A table with another header and the columns file, class, and these four.
fn with(header: &str, a: &str, b: &str) -> String {
    format!("{header}\na.png,cat,{a}\nb.png,dog,{b}\n")
}

#[test]
fn what_spreadsheets_add_is_passed_over() {
    let semicolons = PLAIN.replace(',', ";");
    for table in [
        format!("sep=;\n{semicolons}"),
        format!("sep=;\r\n{}", semicolons.replace('\n', "\r\n")),
        format!("\"sep=,\"\n{PLAIN}"),
        format!("SEP=\t\n{}", PLAIN.replace(',', "\t")),
        format!("sep=|\r{}", PLAIN.replace(',', "|").replace('\n', "\r")),
        PLAIN.replace(',', "|"),
        format!("{PLAIN},,,,,\n,,,,,\n\n  \n"),
        format!("\n\n,,,,,\n{}", PLAIN.replace('\n', "\n\n")),
        PLAIN.replace('\n', ",,\n"),
        PLAIN.replace("12\n", "12,,,\n"),
        format!("# made by hand, 2024\n#\n{PLAIN}# the end\n"),
        format!("# {PLAIN}"),
        format!("{PLAIN}#a.png,cat,1,1,2,2\n"),
        PLAIN.replace(',', " , ").replace("cat", "\"cat\" "),
        format!("\u{feff}{}", PLAIN.replace("filename", "\"filename\"")),
    ] {
        good(&table);
    }
    // More comments than what is looked at to detect the format.
    good(&format!("{}{PLAIN}", "# comment\n".repeat(10_000)));
}

#[test]
fn a_decimal_comma_is_read_where_it_can_be_nothing_else() {
    let comma = |table: &str| table.replace(',', ";").replace('.', ",").replace(",png", ".png");
    let (labels, report) = read(folder(&IMAGES, &comma(PLAIN)).path());
    assert_eq!(labels.images[0].objects[0].xyxy[0], 4.5);
    assert_eq!(report.problems.len(), 1, "{report}");
    assert!(report.problems[0].message.contains("12,5 is read as 12.5"), "{report}");
    good(&comma(PLAIN));
    good(&comma("a.png,4.5,2,24,12,cat\nb.png,10,5,30.5,15,dog\n"));
    good(&PLAIN.replace(',', "\t").replace("4.5", "4,5").replace("30.5", "30,5"));
    good(&comma(&PLAIN.replace("4.5", "4.500").replace("30.5", "30.50")));
    let hint = "xmin is \"4,5\", not a finite number; write it with a decimal point: 4.5";
    bad(&PLAIN.replace("4.5", "\"4,5\""), 2, hint);
    bad(&PLAIN.replace(',', ";").replace("4.5", "4,5"), 2, hint);
    bad(&comma(&PLAIN.replace("4.5", "4.500").replace("30.5", "30")), 2, "xmin is \"4,500\"");
}

#[test]
fn columns_are_known_by_the_names_that_tools_give_them() {
    let (a, b) = ("4.5,2,24,12", "10,5,30.5,15");
    for header in [
        "filename,class,xmin,ymin,xmax,ymax",
        "FileName,Class,XMin,YMin,XMax,YMax",
        "image_name,label,x_min,y_min,x_max,y_max",
        "image,category,x1,y1,x2,y2",
        "img,cls,x0,y0,x1,y1",
        "path,name,left,top,right,bottom",
        "image_path,class_name,bbox_x1,bbox_y1,bbox_x2,bbox_y2",
        "image_id,label_name,bbox_xmin,bbox_ymin,bbox_xmax,bbox_ymax",
        "File Name,Category Name,X Min,Y Min,X Max,Y Max",
        "file,class_id,min-x,min-y,max-x,max-y",
        "Filename,ClassId,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2",
        "Filename,Annotation tag,Upper left corner X,Upper left corner Y,Lower right corner X,\
         Lower right corner Y",
        "name,label,xtl,ytl,xbr,ybr",
        "name,label,bbox.left,bbox.top,bbox.right,bbox.bottom",
    ] {
        good(&with(header, a, b));
    }
    for header in [
        "filename,class,x,y,width,height",
        "filename,class,x,y,w,h",
        "filename,class,left,top,width,height",
        "filename,class,bbox_x,bbox_y,bbox_width,bbox_height",
        "filename,class,bbox_left,bbox_top,bbox_w,bbox_h",
        "filename,class,xmin,ymin,w,h",
    ] {
        good(&with(header, "4.5,2,19.5,10", "10,5,20.5,10"));
    }
    for header in [
        "filename,class,cx,cy,w,h",
        "filename,class,x_center,y_center,width,height",
        "filename,class,bbox_center_x,bbox_center_y,bbox_width,bbox_height",
    ] {
        good(&with(header, "14.25,7,19.5,10", "20.25,10,20.5,10"));
    }
    let size = |sizes: &str| {
        with(&format!("filename,class,{sizes}"), "4.5,2,19.5,10,40,20", "10,5,20.5,10,40.0,20")
    };
    good(&size("x,y,w,h,width,height"));
    good(&size("x,y,width,height,image_width,image_height"));
    good(&with("filename,class,x1,y1,x2,y2,width,height", "4.5,2,24,12,40,20", "10,5,30.5,15,0,"));
    good(&with("filename,class,x1,y1,x2,y2,w,h", "4.5,2,24,12,19.5,10", "10,5,30.5,15,20.5,10"));
    good(&with("filename,class,class_id,x1,y1,x2,y2", "0,4.5,2,24,12", "1,10,5,30.5,15").replace("class,class_id", "class_name,class"));
    good(&with("image_id,class,bbox", "\"[4.5, 2.0, 19.5, 10.0]\"", "\"(10 5 20.5 10)\""));
}

#[test]
fn open_images_and_automl_are_in_shares() {
    good(
        "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded\n\
         a,xclick,cat,1,0.1125,0.6,0.1,0.6,0\nb,xclick,dog,1,0.25,0.7625,0.25,0.75,0\n",
    );
    let table = "TRAIN,gs://bucket/x/a.png,cat,0.1125,0.1,,,0.6,0.6,,\n\
                 VALIDATION,gs://bucket/x/b.png,dog,0.25,0.25,0.7625,0.25,0.7625,0.75,0.25,0.75\n";
    good(table);
    let (labels, _) = read(folder(&IMAGES, table).path());
    let splits: Vec<_> = labels.images.iter().map(|image| image.split).collect();
    assert_eq!(splits, [Some(Split::Train), Some(Split::Val)]);
    good(&table.replace("TRAIN,", "").replace("VALIDATION,", ""));
    good(&table.replace("TRAIN", "UNASSIGNED"));
}

#[test]
fn tables_without_a_header_are_read_in_the_orders_of_common_tools() {
    for table in [
        "a.png,4.5,2,24,12,cat\nb.png,10,5,30.5,15,dog\n",
        "a.png,cat,4.5,2,24,12\nb.png,dog,10,5,30.5,15\n",
        "a.png,40,20,cat,4.5,2,24,12\nb.png,40,20,dog,10,5,30.5,15\n",
        "cat,4.5,2,19.5,10,a.png,40,20\ndog,10,5,20.5,10,b.png,40,20\n",
        "a.png;4.5;2;24;12;cat;\nb.png;10;5;30.5;15;dog;;\n",
    ] {
        good(table);
    }
    good(
        "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height\n\
         cat,4.5,2,19.5,10,a.png,40,20\ndog,10,5,20.5,10,b.png,40,20\n",
    );
    // Classes that are numbers: the boxes tell.
    let classes = |table: &str| {
        let (labels, report) = read(folder(&IMAGES, table).path());
        assert!(report.refuse_malformed().is_ok(), "{report}");
        labels.classes
    };
    assert_eq!(classes("a.png,4,2,24,12,0\nb.png,10,5,30,15,7\n"), ["0", "7"]);
    assert_eq!(classes("a.png,0,4,2,24,12\nb.png,30,10,5,30,15\n"), ["0", "30"]);
    bad("a.png,1,2,24,32,40\n", 1, "since its classes are numbers; add a header");
    // The first image has no object.
    assert_eq!(classes("a.png,,,,,\nb.png,10,5,30,15,dog\n"), ["dog"]);
    bad("a.png,1,2,3,4\n", 1, "its 5 fields are in no order that is known");
}

#[test]
fn two_columns_of_one_kind_are_refused_with_both() {
    let three = |header: &str| with(header, "1,2,3,4,5", "1,2,3,4,5");
    let same = "has two columns of the name";
    bad(&three("filename,class,xmin,ymin,xmax,ymax,class"), 1, same);
    bad(&three("filename,class,xmin,ymin,xmax,ymax,class"), 1, "\"class\", the columns 2 and 7");
    bad(&three("filename,class,xmin,ymin,xmax,ymax,X-Min").replace("X-Min", "XMIN"), 1, same);
    bad(&three("filename,class,xmin,ymin,xmax,ymax,filename"), 1, same);
    bad(&three("filename,class,xmin,ymin,xmax,ymax,label"), 1, "\"class\" and \"label\"");
    bad(&three("filename,class,xmin,ymin,xmax,ymax,file_name"), 1, "two columns for the file");
    let two = with("filename,class,x1,y1,x2,y2,xmin,ymin,xmax,ymax", "1", "1");
    bad(&two, 1, "has two boxes in a row, xmin,ymin,xmax,ymax and x1,y1,x2,y2");
    good(&with("filename,class,xmin,ymin,xmax,ymax,note,note", "4.5,2,24,12,,", "10,5,30.5,15,,"));
}

#[test]
fn a_missing_column_is_named() {
    let table = |header: &str| with(header, "1,2,3", "1,2,3");
    bad(&table("filename,class,xmin,ymin,ymax"), 1, "has no column xmax");
    bad(&with("filename,class,xmin,ymin,x_max,ymax", "1,2,3,4", "1,2,3,4"), 1, "has no column xmax");
    bad(&table("filename,class,x,y,w"), 1, "has no column h");
    let mixed = "width,height,filename,class,xmin,ymin,ymax\n40,20,a.png,cat,1,2,3\n";
    bad(mixed, 1, "has no column xmax");
    bad("filename,xmin,ymin,xmax,ymax\na.png,1,2,3,4\n", 1, "has no column for the class");
    bad(&format!("sep=,\n{}", table("filename,class,xmin,ymin,ymax")), 2, "xmax");
}

#[test]
fn other_tables_are_not_claimed_and_say_what_they_lack() {
    for (table, lacks) in [
        ("city,population\nParis,2100000\n", "its first line names no column for the file"),
        ("filename,label\na.png,cat\n", "its first line names no columns of a box"),
        ("class,x1,y1,x2,y2\ncat,1,2,3,4\n", "its first line names no column for the file"),
        ("", "it is empty"),
        ("\n\n,,,\n# x\n", "it is empty"),
        ("filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n", "VGG Image Annotator"),
        ("name,a,b,c,d,e\nx,1,2,3,4,y\n", "its first line names no column for the file"),
        ("\0\u{1}\n", "its first line names no column for the file"),
    ] {
        let place = folder(&IMAGES, table);
        let message = Labels::read(place.path(), &ReadOptions::default()).expect_err(table);
        let says = format!("labels.csv: no CSV: {lacks}");
        let says = if lacks.starts_with("VGG") { lacks } else { &says };
        assert!(message.to_string().contains(says), "{table:?}: {message}");
    }
}

#[test]
fn a_wrong_row_is_refused_by_its_line_whatever_ends_lines() {
    let row = "a.png,cat,x,1,2,3";
    for end in ["\n", "\r\n", "\r"] {
        let table = format!("{PLAIN}\n# c\n{row}\n{row}\n").replace('\n', end);
        let (_, report) = read(folder(&IMAGES, &table).path());
        let lines: Vec<_> = report.problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [Some(6), Some(7)], "{end:?} {report}");
    }
    for (row, says) in [
        ("a.png,cat,x,1,2,3", "xmin is \"x\", not a finite number"),
        ("a.png,cat,1,nan,2,3", "ymin is \"nan\", not a finite number"),
        ("a.png,cat,1,1,1e999,3", "xmax is \"1e999\""),
        ("a.png,cat,1,1,2,", "ymax is \"\""),
        ("a.png,cat,1,1,2", "has 5 fields; the header has 6"),
        ("a.png,cat,1,1,2,3,4", "has 7 fields; the header has 6"),
        ("a.png", "has 1 fields"),
        (",cat,1,1,2,3", "names no file"),
        ("a.png,,1,1,2,3", "has no class"),
        ("../../a.png,cat,1,1,2,3", "file \"../../a.png\" leads out"),
        ("a.png,\"cat,1,1,2,3", "never closed"),
        ("a.png,\"cat\"s,1,1,2,3", "behind a closing quote"),
    ] {
        bad(&format!("{PLAIN}{row}\n"), 4, says);
    }
    let multiline = PLAIN.replace("cat", "\"c\na\nt\"");
    bad(&format!("{multiline}{row}\n"), 6, "xmin is \"x\"");
    let sized = |size: &str| {
        format!("filename,width,height,class,x1,y1,x2,y2\na.png,40,20,cat,1,2,3,4\na.png,{size},cat,5,6,7,8\n")
    };
    bad(&sized("41,20"), 3, "another size (41x20) than a line before it (40x20)");
    bad(&sized("40,wide"), 3, "height is \"wide\", not a whole number of pixels");
    let list = "filename,class,bbox\na.png,cat,\"[1, 2, 3]\"\n";
    bad(list, 2, "must be [x, y, width, height]");
    bad(&list.replace(", 3", ", x, 3"), 2, "\"x\", not a finite number");
    let split = "filename,class,x1,y1,x2,y2,split\na.png,cat,1,2,3,4,train\na.png,cat,2,2,3,4,val\n";
    bad(split, 3, "puts \"a.png\" into val, and a line before it into train");
}

#[test]
fn rows_of_one_image_are_its_objects_however_it_is_spelled() {
    let table = format!("{PLAIN}./a.png,dog,1,1,2,2\nA.PNG,cat,2,2,3,3\nimages\\a.png,cat,3,3,4,4\n");
    let (labels, report) = read(folder(&IMAGES, &table).path());
    let counts: Vec<usize> = labels.images.iter().map(|image| image.objects.len()).collect();
    assert_eq!((counts, report.problems.len()), (vec![4, 1], 0), "{report}");
    let without = "filename,class,x1,y1,x2,y2\na.png,,,,,\nb.png,cat,,,,\n";
    let (labels, report) = read(folder(&IMAGES, without).path());
    assert!(labels.images.iter().all(|image| image.objects.is_empty()));
    let found: Vec<_> = report.problems.iter().map(|p| (p.kind, p.line)).collect();
    assert_eq!(found, [(ProblemKind::NoBox, Some(3))], "{report}");
}

#[test]
fn a_table_for_each_folder_finds_the_images_of_its_own() {
    let place = folder(&["cats/1.png", "dogs/1.png"], "");
    std::fs::remove_file(place.path().join("labels.csv")).expect("it is removed");
    for class in ["cats", "dogs"] {
        let table = format!("filename,class,x1,y1,x2,y2\n1.png,{class},1,2,3,4\n");
        std::fs::write(place.path().join(format!("{class}.csv")), table).expect("it is written");
    }
    let (labels, report) = read(place.path());
    let found: Vec<_> = labels.images.iter().map(|i| (&*i.name, i.objects[0].class)).collect();
    assert_eq!(found, [("cats/1.png", 0), ("dogs/1.png", 1)], "{report}");
}

#[test]
fn unusual_names_come_back_from_a_conversion() {
    let classes = [
        " cat ", "a,b;c|d", "\"", "two\nlines", "a\rb", "a\tb", "#1", "12", " 12", "nan", "a\u{1}b",
        "\u{a0}x\u{a0}", "100 %", "back\\slash", "sep=;",
    ];
    for name in ["#a.png", " a.png", "a,b.png", "a%20b.png", "a\"b.png", "sub/#1.png"] {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut table = String::from("filename,class,xmin,ymin,xmax,ymax\n");
        for (x, class) in classes.iter().enumerate() {
            table += &format!("{},{},{x}.1,0.3,39.7,19\n", quoted(name), quoted(class));
        }
        let place = folder(&[&format!("images/{name}"), "images/none.png"], &(table + "none.png,,,,,\n"));
        let out = place.path().with_extension("out");
        convert(place.path(), &ReadOptions::default(), Format::Csv, &out).expect("it is converted");
        let ((before, report), (after, _)) = (read(place.path()), read(&out));
        std::fs::remove_dir_all(&out).expect("it is removed");
        assert_eq!(before.classes, classes, "{report}");
        assert_eq!(before.classes, after.classes);
        let all = |labels: &Labels| {
            labels.images.iter().map(|i| (i.name.clone(), i.objects.clone())).collect::<Vec<_>>()
        };
        assert_eq!(all(&before), all(&after), "{name}");
        assert!(before.images.iter().any(|image| image.name == name));
    }
}

#[test]
fn a_table_of_which_every_row_is_wrong_names_the_first_ones() {
    let table = format!("{PLAIN}{}", "x\n".repeat(30_000));
    let (_, report) = read(folder(&IMAGES, &table).path());
    assert_eq!(report.problems.len(), 10_001);
    let last = &report.problems[10_000];
    assert!(last.message.contains("20000 more rows are wrong"), "{last}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Pieces of tables in any order: an error or labels, never a panic.
    #[test]
    fn no_table_panics(pieces in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        let table: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        let place = folder(&[], &table);
        let options = ReadOptions { format: Some(Format::Csv), ..ReadOptions::default() };
        if let Err(error) = Labels::read(place.path(), &options) {
            proptest::prop_assert!(!error.to_string().is_empty());
        }
    }
}

const PIECES: [&str; 26] = [
    "filename,class,xmin,ymin,xmax,ymax\n", "file;label;bbox\r", "sep=", "#", ",", ";", "\t", "|",
    "\"", "\"\"", "\n", "\r", "\r\n", " ", "a.png", "cat", "1", "2,5", "-1e308", "nan", "é狗", "\0",
    "TRAIN,", "a.png,1,2,3,4,cat\n", "[1, 2, 3, 4]", "a.png;cat;1,5;2,5;3,5;4,5\n",
];
