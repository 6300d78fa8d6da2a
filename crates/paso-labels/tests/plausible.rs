//! Boxes whose numbers are in another form than the format says: the set is refused, the likely
//! form is named, and the switch that is named reads it.

use paso_labels::{BoxFormat, BoxUnits, Labels, ProblemKind, ReadOptions, Report};
use std::path::Path;

/// Twelve boxes of images of 640x480, as left, top, right, bottom.
fn boxes() -> Vec<[f64; 4]> {
    (0..12)
        .map(f64::from)
        .map(|i| [30.0 + 25.0 * i, 40.0 + 9.0 * i, 330.0 + 20.0 * i, 250.0 + 18.0 * i])
        .collect()
}

/// Writes images and a headerless table of these numbers, and reads it.
fn read(numbers: &[[f64; 4]], options: &ReadOptions) -> (Labels, Report) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mut table = String::new();
    for (i, [a, b, c, d]) in numbers.iter().enumerate() {
        image(&place.path().join(format!("{i:02}.png")));
        table += &format!("{i:02}.png,{a},{b},{c},{d},cat\n");
    }
    std::fs::write(place.path().join("labels.csv"), table).expect("it is written");
    Labels::read(place.path(), options).expect("there are labels")
}

fn image(path: &Path) {
    image::GrayImage::new(640, 480).save(path).expect("it is written");
}

fn doubts(report: &Report) -> Vec<String> {
    let doubts = report.problems.iter().filter(|p| p.kind == ProblemKind::Implausible);
    doubts.map(ToString::to_string).collect()
}

fn written_as(format: BoxFormat, scale: [f64; 2]) -> Vec<[f64; 4]> {
    let number = |[x0, y0, x1, y1]: [f64; 4]| {
        let [x0, y0, x1, y1] = [x0 * scale[0], y0 * scale[1], x1 * scale[0], y1 * scale[1]];
        match format {
            BoxFormat::Xyxy => [x0, y0, x1, y1],
            BoxFormat::Xywh => [x0, y0, x1 - x0, y1 - y0],
            BoxFormat::Cxcywh => [(x0 + x1) / 2.0, (y0 + y1) / 2.0, x1 - x0, y1 - y0],
            BoxFormat::Xxyy => [x0, x1, y0, y1],
        }
    };
    boxes().into_iter().map(number).collect()
}

fn same_boxes(labels: &Labels, case: &str) {
    for (image, wanted) in labels.images.iter().zip(boxes()) {
        for (got, wanted) in image.objects[0].xyxy.iter().zip(wanted) {
            assert!((got - wanted).abs() < 0.01, "{case}: {image:?}");
        }
    }
}

/// Reads numbers, adding the first switches that each message names, until nothing is doubted.
fn following_the_messages(numbers: &[[f64; 4]]) -> (Labels, usize) {
    let mut options = ReadOptions::default();
    for steps in 0..4 {
        let (labels, report) = read(numbers, &options);
        let Some(message) = doubts(&report).pop() else { return (labels, steps) };
        let value = |switch: &str| {
            let (_, rest) = message.split_once(switch)?;
            rest.split([' ', ',', ';']).find(|word| !word.is_empty()).map(String::from)
        };
        let (format, units) = (value("--box-format"), value("--box-units"));
        assert!(format.is_some() || units.is_some(), "{message}");
        let parsed = format.map(|name| name.parse().expect("a format"));
        options.box_format = parsed.or(options.box_format);
        options.box_units = units.map(|name| name.parse().expect("units")).or(options.box_units);
    }
    panic!("the messages lead nowhere")
}

#[test]
fn every_form_is_refused_with_the_switch_that_reads_it() {
    for format in BoxFormat::ALL {
        for (units, scale) in [
            (BoxUnits::Px, [1.0, 1.0]),
            (BoxUnits::Share, [1.0 / 640.0, 1.0 / 480.0]),
            (BoxUnits::Percent, [100.0 / 640.0, 100.0 / 480.0]),
        ] {
            let case = format!("{} {}", format.name(), units.name());
            let numbers = written_as(format, scale);
            let (_, report) = read(&numbers, &ReadOptions::default());
            let found = doubts(&report);
            if (format, units) == (BoxFormat::Xyxy, BoxUnits::Px) {
                assert_eq!(found, [""; 0], "what the format says");
                continue;
            }
            assert_eq!(found.len(), 1, "{case}: {report}");
            assert!(report.refuse_malformed().is_err(), "{case}");
            // Centers and sides are possible as left, top and sides, too: nobody can tell.
            if format != BoxFormat::Cxcywh {
                let (labels, steps) = following_the_messages(&numbers);
                assert!(steps <= 2, "{case}: {steps} switches one after the other");
                same_boxes(&labels, &case);
            }
            let options = ReadOptions {
                box_format: Some(format),
                box_units: Some(units),
                ..ReadOptions::default()
            };
            let (labels, report) = read(&numbers, &options);
            assert_eq!(report.problems, [], "{case}");
            same_boxes(&labels, &case);
        }
    }
}

#[test]
fn single_mistakes_leave_out_their_images_and_no_more() {
    let mut numbers = boxes();
    numbers[3] = [200.0, 10.0, 100.0, 50.0];
    numbers[7] = [600.0, 400.0, 700.0, 500.0];
    let (labels, report) = read(&numbers, &ReadOptions::default());
    assert_eq!(doubts(&report), [""; 0]);
    assert_eq!((labels.images.len(), report.counts()[&ProblemKind::BadBox]), (10, 2));
}

#[test]
fn boxes_that_are_possible_in_no_form_are_refused_when_they_are_most() {
    let numbers: Vec<[f64; 4]> = boxes().into_iter().map(|b| b.map(|v| v * 7.0)).collect();
    let (_, report) = read(&numbers, &ReadOptions::default());
    let found = doubts(&report);
    assert!(found.len() == 1 && found[0].contains("in no other form"), "{found:?}");
    assert!(found[0].contains("labels.csv, line 1"), "{found:?}");
}

#[test]
fn what_the_user_says_is_not_doubted() {
    let small: Vec<[f64; 4]> = written_as(BoxFormat::Xyxy, [100.0 / 640.0, 100.0 / 480.0]);
    let options = ReadOptions { box_units: Some(BoxUnits::Px), ..ReadOptions::default() };
    let (labels, report) = read(&small, &options);
    assert_eq!((doubts(&report).len(), labels.images.len()), (0, 12));
}

#[test]
fn small_boxes_and_boxes_in_a_corner_are_boxes() {
    let tiny: Vec<[f64; 4]> =
        boxes().iter().map(|b| [b[0], b[1], b[0] + 1.5, b[1] + 2.0]).collect();
    assert_eq!(doubts(&read(&tiny, &ReadOptions::default()).1), [""; 0]);
    let corner = |i: u32| [f64::from(i), 2.0, 20.0 + f64::from(i), 60.0];
    let corner: Vec<[f64; 4]> = (0..12).map(corner).collect();
    assert_eq!(doubts(&read(&corner, &ReadOptions::default()).1), [""; 0]);
}
