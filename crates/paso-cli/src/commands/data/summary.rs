//! Counts and ranges over a data set, as text and as JSON.

use paso_locate::data::{Contents, Report};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is in a data set.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    #[serde(rename = "usable_images")]
    usable_images: usize,
    objects: usize,
    /// By `train`, `val`, `test` or `none`.
    #[serde(rename = "images_per_split")]
    images_per_split: BTreeMap<String, usize>,
    objects_per_class: BTreeMap<String, usize>,
    #[serde(rename = "images_by_objects")]
    images_by_objects: BTreeMap<usize, usize>,
    /// Pixels.
    width: Option<Range>,
    height: Option<Range>,
    /// Fractions of the image's width, height and area.
    box_width: Option<Range>,
    box_height: Option<Range>,
    box_area: Option<Range>,
    report: Report,
}

/// The smallest, the median and the largest of some values.
#[derive(Debug, PartialEq, Serialize)]
struct Range {
    min: f64,
    median: f64,
    max: f64,
}

impl Range {
    /// None of no values. Of an even number of values, the upper of the two in the middle is the median.
    fn new(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        Some(Self { min, median: values[values.len() / 2], max })
    }
}

/// The name of images without a split.
const NO_SPLIT: &str = "none";

impl Summary {
    /// Counts the contents of a data set; `report` has its problems.
    pub(super) fn new(contents: &Contents, report: Report) -> Self {
        let images = &contents.images;
        let mut images_per_split = BTreeMap::new();
        let mut objects_per_class = BTreeMap::new();
        let mut images_by_objects = BTreeMap::new();
        let (mut widths, mut heights, mut areas) = (Vec::new(), Vec::new(), Vec::new());
        for image in images {
            let split = image.split.map_or(NO_SPLIT.into(), |split| split.to_string());
            *images_per_split.entry(split).or_insert(0) += 1;
            *images_by_objects.entry(image.objects.len()).or_insert(0) += 1;
            let (width, height) = (f64::from(image.width), f64::from(image.height));
            for object in &image.objects {
                let class = contents.classes[object.class].clone();
                *objects_per_class.entry(class).or_insert(0) += 1;
                let [x0, y0, x1, y1] = object.xyxy;
                let (w, h) = ((x1 - x0) / width, (y1 - y0) / height);
                widths.push(w);
                heights.push(h);
                areas.push(w * h);
            }
        }
        Self {
            usable_images: images.len(),
            objects: areas.len(),
            images_per_split,
            objects_per_class,
            images_by_objects,
            width: Range::new(images.iter().map(|i| f64::from(i.width)).collect()),
            height: Range::new(images.iter().map(|i| f64::from(i.height)).collect()),
            box_width: Range::new(widths),
            box_height: Range::new(heights),
            box_area: Range::new(areas),
            report,
        }
    }

    /// The lines that `paso data` prints.
    pub(super) fn text(&self) -> String {
        let report = &self.report;
        let mut lines = vec![format!(
            "{}: {}, {} labeled images, {} usable, {} objects",
            report.dir.display(),
            report.format,
            report.labeled,
            self.usable_images,
            self.objects
        )];
        lines.extend(
            self.objects_per_class.iter().map(|(class, n)| format!("  class {class}: {n}")),
        );
        for (split, n) in &self.images_per_split {
            lines.push(match split.as_str() {
                NO_SPLIT => format!("  {n} images in no split"),
                split => format!("  {n} images in split {split}"),
            });
        }
        for (objects, n) in &self.images_by_objects {
            let plural = if *objects == 1 { "" } else { "s" };
            lines.push(format!("  {n} images with {objects} object{plural}"));
        }
        for (name, range, digits) in [
            ("image width, pixels", &self.width, 0),
            ("image height, pixels", &self.height, 0),
            ("box width / image width", &self.box_width, 3),
            ("box height / image height", &self.box_height, 3),
            ("box area / image area", &self.box_area, 3),
        ] {
            if let Some(Range { min, median, max }) = range {
                lines.push(format!(
                    "  {name}: {min:.digits$} to {max:.digits$}, median {median:.digits$}"
                ));
            }
        }
        for (kind, n) in report.counts() {
            lines.push(format!("{kind}: {n}"));
            let problems = report.problems.iter().filter(|p| p.kind == kind);
            lines.extend(problems.map(|problem| format!("  {problem}")));
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_locate::data::LoadOptions;
    use paso_locate::demo::{DemoOptions, write_voc};

    #[test]
    fn a_range_has_its_ends_and_a_value_in_the_middle() {
        let range = |values: &[f64]| Range::new(values.to_vec());
        let of = |min, median, max| Some(Range { min, median, max });
        assert_eq!(range(&[]), None);
        assert_eq!(range(&[2.0]), of(2.0, 2.0, 2.0));
        assert_eq!(range(&[3.0, 1.0]), of(1.0, 3.0, 3.0), "the upper one");
        assert_eq!(range(&[5.0, -1.0, 2.0]), of(-1.0, 2.0, 5.0));
    }

    fn summary() -> (tempfile::TempDir, Summary) {
        let folder = tempfile::tempdir().expect("a folder");
        write_voc(&DemoOptions { train: 8, val: 4, seed: 1 }, 40, folder.path()).expect("scenes");
        let read = Contents::read(folder.path(), &LoadOptions::default());
        let (contents, report) = read.expect("it is read");
        (folder, Summary::new(&contents, report))
    }

    #[test]
    fn images_and_objects_are_counted_once_each() {
        let (_folder, summary) = summary();
        assert_eq!(summary.usable_images, 12);
        assert_eq!(summary.images_per_split["train"], 8);
        assert_eq!(summary.images_per_split.values().sum::<usize>(), 12);
        assert_eq!(summary.objects_per_class.values().sum::<usize>(), summary.objects);
        let objects = |(objects, images): (&usize, &usize)| objects * images;
        assert_eq!(summary.images_by_objects.iter().map(objects).sum::<usize>(), summary.objects);
        assert_eq!(summary.width, Range::new(vec![40.0; 12]));
        let area = summary.box_area.as_ref().expect("boxes");
        assert!(0.0 < area.min && area.max <= 1.0, "{area:?}");
    }

    #[test]
    fn the_text_names_splits_and_images_in_no_split() {
        let (_folder, mut summary) = summary();
        let text = summary.text();
        assert!(
            text.lines().next().is_some_and(|line| line.contains("12 labeled images, 12 usable"))
        );
        assert!(text.contains("  8 images in split train\n"), "{text}");
        assert!(text.contains("image width, pixels: 40 to 40, median 40"), "{text}");
        summary.images_per_split = [(NO_SPLIT.to_owned(), 20)].into();
        assert!(summary.text().contains("  20 images in no split\n"));
    }

    #[test]
    fn the_keys_of_the_json_are_those_that_programs_rely_on() {
        let (_folder, summary) = summary();
        let json = serde_json::to_value(&summary).expect("JSON");
        let keys: Vec<_> =
            json.as_object().expect("an object").keys().map(String::as_str).collect();
        let mut expected = [
            "usable_images",
            "objects",
            "images_per_split",
            "objects_per_class",
            "images_by_objects",
            "width",
            "height",
            "box_width",
            "box_height",
            "box_area",
            "report",
        ];
        expected.sort_unstable();
        let mut keys = keys;
        keys.sort_unstable();
        assert_eq!(keys, expected);
    }
}
