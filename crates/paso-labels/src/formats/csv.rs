//! CSV: a row an object, with or without a header, separated by commas, semicolons or tabs.
//!
//! With a header, columns are known by their names (`filename`, `class`, `xmin`, `ymin`, `xmax`,
//! `ymax`, and `width`, `height` if they are there), in any order. Without one, by the order that
//! the two common tools have: `file,xmin,ymin,xmax,ymax,class` (and with the class second), or
//! `file,width,height,class,xmin,ymin,xmax,ymax`. A row with a file and nothing else is an image
//! without an object.
//!
//! ```csv
//! filename,width,height,class,xmin,ymin,xmax,ymax
//! cat.jpg,640,480,cat,10,20,60,50
//! ```
//!
//! Traps:
//!
//! - There is no standard. What is known is what the TensorFlow RawObject Detection API's scripts,
//!   `keras-retinanet` and spreadsheets write; a header removes all doubt.
//! - Spreadsheets of some countries write `;`, and a decimal comma, which is refused as no number.
//! - All rows of an image must state the same size: two sizes mean two images of one name.

use std::collections::HashMap;

use super::{FormatFile, Outcome};
use crate::Error;
use crate::files::{
    Files, ImageIndex, check_inside, folder, is_image, split_of_name, stem,
};
use crate::report::{Problem, ProblemKind};
use crate::write::Target;
use crate::{Format, RawImage, RawLabels, RawObject, Unit};

pub(crate) struct Csv;

impl FormatFile for Csv {
    const TITLE: &'static str = "CSV";
    const LOOKED_FOR: &'static str = "*.csv with a row an object";

    fn is_here(files: &Files) -> bool {
        let is_other = |name| matches!(first_row(&files.first_text(name)), First::Other);
        files.with_ending("csv").any(|name| !is_other(name))
    }

    fn read(files: &Files) -> Outcome {
        read(files)
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        write(target)
    }
}

/// Columns by what they hold, and the names that they go by.
const FILE: [&str; 6] = ["filename", "file_name", "file", "image", "image_path", "path"];
const CLASS: [&str; 4] = ["class", "label", "name", "category"];
const CORNERS: [[&str; 2]; 4] = [["xmin", "x1"], ["ymin", "y1"], ["xmax", "x2"], ["ymax", "y2"]];

/// Where the values of a row are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    header: bool,
    /// The number of fields of every row.
    fields: usize,
    file: usize,
    class: usize,
    xyxy: [usize; 4],
    /// Width and height.
    size: Option<[usize; 2]>,
}

/// What the first row says.
enum First {
    Columns(Columns),
    /// These are labels, but something is wrong.
    Wrong(String),
    /// This is some other table.
    Other,
}

fn read(files: &Files) -> Outcome {
    let index = ImageIndex::new(files);
    let mut labels = RawLabels::new(Format::Csv);
    let mut problems = Vec::new();
    for name in files.with_ending("csv") {
        let text = files.read_text(name)?;
        match first_row(&text) {
            First::Columns(columns) => {
                let mut rows = Rows { files, index: &index, name, columns, images: HashMap::new() };
                rows.read(&text, &mut labels, &mut problems);
            }
            First::Wrong(message) => {
                problems.push(Problem::new(ProblemKind::Malformed, files.shown(name), 1, message));
            }
            First::Other => problems.push(Problem::new(
                ProblemKind::Note,
                files.shown(name),
                None,
                "is no table of labels by its first line; passed over",
            )),
        }
    }
    Ok((labels, problems))
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    let first = text.lines().next().unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    let delimiter = [';', '\t'].into_iter().find(|&c| count(c) > count(','));
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter.map_or(b',', |c| if c == ';' { b';' } else { b'\t' }))
        .from_reader(text.as_bytes())
}

fn first_row(text: &str) -> First {
    let Some(Ok(row)) = reader(text).into_records().next() else { return First::Other };
    let lower: Vec<String> = row.iter().map(str::to_ascii_lowercase).collect();
    let named = |names: &[&str]| lower.iter().position(|field| names.contains(&field.as_str()));
    let fields = row.len();
    if let (Some(file), Some(class)) = (named(&FILE), named(&CLASS)) {
        let mut xyxy = [0; 4];
        for (corner, names) in xyxy.iter_mut().zip(CORNERS) {
            match named(&names) {
                Some(at) => *corner = at,
                None => {
                    let found: Vec<&str> = row.iter().collect();
                    return First::Wrong(format!(
                        "has no column {} (or {}); its columns are {}",
                        names[0],
                        names[1],
                        found.join(", ")
                    ));
                }
            }
        }
        let size = named(&["width"]).zip(named(&["height"])).map(|(w, h)| [w, h]);
        return First::Columns(Columns { header: true, fields, file, class, xyxy, size });
    }
    let number = |at: usize| row.get(at).is_some_and(|field| field.parse::<f64>().is_ok());
    let numbers = |range: std::ops::Range<usize>| range.into_iter().all(number);
    let (class, xyxy, size) = if fields == 6 && numbers(1..5) {
        (5, [1, 2, 3, 4], None)
    } else if fields == 6 && !number(1) && numbers(2..6) {
        (1, [2, 3, 4, 5], None)
    } else if fields == 8 && numbers(1..3) && numbers(4..8) {
        (3, [4, 5, 6, 7], Some([1, 2]))
    } else if is_image(&row[0]) {
        return First::Wrong(format!(
            "names an image, but its {fields} fields are in no order that is known: \
             file,xmin,ymin,xmax,ymax,class or file,width,height,class,xmin,ymin,xmax,ymax; add a header"
        ));
    } else {
        return First::Other;
    };
    First::Columns(Columns { header: false, fields, file: 0, class, xyxy, size })
}

/// What one file is read with.
struct Rows<'a> {
    files: &'a Files,
    index: &'a ImageIndex<'a>,
    name: &'a str,
    columns: Columns,
    /// Images of this file by the name that it gives them.
    images: HashMap<String, usize>,
}

impl Rows<'_> {
    fn read(&mut self, text: &str, labels: &mut RawLabels, problems: &mut Vec<Problem>) {
        let skipped = usize::from(self.columns.header);
        for row in reader(text).into_records().skip(skipped) {
            let (line, outcome) = match row {
                Ok(row) => (line_of(row.position()), self.add(&row, labels)),
                Err(e) => (line_of(e.position()), Err(format!("is no CSV: {e}"))),
            };
            if let Err(message) = outcome {
                let file = self.files.shown(self.name);
                problems.push(Problem::new(ProblemKind::Malformed, file, line, message));
            }
        }
    }

    fn add(&mut self, row: &csv::StringRecord, labels: &mut RawLabels) -> Result<(), String> {
        let c = self.columns;
        if row.len() != c.fields {
            return Err(format!("has {} fields; the first line has {}", row.len(), c.fields));
        }
        let line = line_of(row.position());
        let file = &row[c.file];
        if file.is_empty() {
            return Err("names no file".into());
        }
        check_inside(file).map_err(|e| format!("file {e}"))?;
        let stated = self.stated_size(row)?;
        let image = match self.images.get(file) {
            Some(&image) => image,
            None => {
                self.images.insert(file.to_owned(), labels.images.len());
                labels
                    .images
                    .push(RawImage { stated_size: stated, ..self.labeled(file, line) });
                labels.images.len() - 1
            }
        };
        let before = labels.images[image].stated_size;
        if stated != before {
            return Err(format!("gives {file} another size than a line before it"));
        }
        if c.xyxy.iter().chain([&c.class]).all(|&at| row[at].is_empty()) {
            return Ok(());
        }
        if row[c.class].is_empty() {
            return Err("has no class".into());
        }
        let mut xyxy = [0.0; 4];
        for ((corner, at), names) in xyxy.iter_mut().zip(c.xyxy).zip(CORNERS) {
            let value = row[at].parse::<f64>().ok().filter(|v| v.is_finite());
            *corner = value
                .ok_or_else(|| format!("{} is {:?}, not a finite number", names[0], &row[at]))?;
        }
        let class = labels.class(&row[c.class]);
        let object = RawObject { class, xyxy, unit: Unit::Pixels, line, id: None };
        labels.images[image].objects.push(object);
        Ok(())
    }

    fn stated_size(&self, row: &csv::StringRecord) -> Result<Option<(u32, u32)>, String> {
        let Some(columns) = self.columns.size else { return Ok(None) };
        let mut sides = [0; 2];
        for ((side, at), name) in sides.iter_mut().zip(columns).zip(["width", "height"]) {
            if !row[at].is_empty() {
                *side = row[at].parse().map_err(|_| {
                    format!("{name} is {:?}, not a whole number of pixels", &row[at])
                })?;
            }
        }
        Ok((sides[0] > 0 && sides[1] > 0).then_some((sides[0], sides[1])))
    }

    fn labeled(&self, file: &str, line: Option<usize>) -> RawImage {
        // Some keep a folder and a table a class: classes/cat.csv for images/cat/*.jpg.
        let here = folder(self.name);
        let own = &stem(self.name)[here.len()..];
        let found =
            self.index.find(here, file).or_else(|| self.index.find(here, &format!("{own}/{file}")));
        RawImage {
            path: found.unwrap_or(file).to_owned(),
            exists: found.is_some(),
            label: self.name.to_owned(),
            line,
            stated_size: None,
            split: split_of_name(self.name),
            objects: Vec::new(),
        }
    }
}

fn line_of(position: Option<&csv::Position>) -> Option<usize> {
    position.and_then(|p| usize::try_from(p.line()).ok())
}

fn write(target: &Target<'_>) -> Result<(), Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut row = |fields: &[String; 8]| table.write_record(fields).expect("in memory");
    row(&["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]
        .map(String::from));
    for p in &target.labels.images {
        let (name, width, height) = (&p.name, p.width.to_string(), p.height.to_string());
        for object in &p.objects {
            let [x0, y0, x1, y1] = object.xyxy.map(|v| v.to_string());
            let class = target.class(object).to_owned();
            row(&[name.clone(), width.clone(), height.clone(), class, x0, y0, x1, y1]);
        }
        if p.objects.is_empty() {
            let [a, b, c, d, e] = [const { String::new() }; 5];
            row(&[name.clone(), width, height, a, b, c, d, e]);
        }
    }
    target.file("labels.csv", &table.into_inner().expect("in memory"))
}
