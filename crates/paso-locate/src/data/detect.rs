//! Which format a folder is in, by looking.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::files::Files;
use super::report::{Problem, ProblemKind};
use super::{coco, csv, voc, yolo};
use crate::Error;

/// Formats of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// Pascal VOC: an XML file an image, as the VOC challenge and LabelImg write them.
    Voc,
    /// COCO: JSON files with `images`, `annotations` and `categories`.
    Coco,
    /// YOLO: a text file an image, and the names of the classes in `data.yaml` or `classes.txt`.
    Yolo,
    /// CSV: a row an object, with or without a header.
    Csv,
}

impl Format {
    /// All of them, in the order in which they are looked for.
    pub const ALL: [Self; 4] = [Self::Voc, Self::Coco, Self::Yolo, Self::Csv];

    fn is_here(self, files: &Files) -> bool {
        match self {
            Self::Voc => voc::is_here(files),
            Self::Coco => coco::is_here(files),
            Self::Yolo => yolo::is_here(files),
            Self::Csv => csv::is_here(files),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voc => "Pascal VOC",
            Self::Coco => "COCO",
            Self::Yolo => "YOLO",
            Self::Csv => "CSV",
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "voc" => Ok(Self::Voc),
            "coco" => Ok(Self::Coco),
            "yolo" => Ok(Self::Yolo),
            "csv" => Ok(Self::Csv),
            _ => Err(Error::option("format", text, "voc, coco, yolo or csv")),
        }
    }
}

/// The format of a folder. Where labels come in several formats, the first of [`Format::ALL`] is
/// read, and the others are noted.
pub(crate) fn detect(files: &Files, problems: &mut Vec<Problem>) -> Result<Format, Error> {
    let mut found = Format::ALL.into_iter().filter(|format| format.is_here(files));
    let Some(first) = found.next() else {
        return Err(Error::NotADataset {
            path: files.root.clone(),
            message: "no labels found; looked for Pascal VOC (*.xml with <annotation>), COCO \
                      (*.json with images and annotations), YOLO (labels/*.txt, data.yaml), CSV \
                      (*.csv with a row an object)"
                .into(),
        });
    };
    for other in found {
        let message = format!("holds {other} labels too; the {first} ones are read");
        problems.push(Problem::new(ProblemKind::Note, &*files.root, None, message));
    }
    Ok(first)
}
