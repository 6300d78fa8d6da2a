//! Which format a folder is in, by looking.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::files::Files;
use crate::Error;

/// Formats of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// Pascal VOC: an XML file a picture, as the VOC challenge and LabelImg write them.
    Voc,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voc => "Pascal VOC",
        })
    }
}

/// The format of a folder.
pub(crate) fn detect(files: &Files) -> Result<Format, Error> {
    if files.with_ending("xml").next().is_some() {
        return Ok(Format::Voc);
    }
    Err(Error::NotADataset {
        path: files.root.clone(),
        message: "no labels found; looked for Pascal VOC (*.xml)".into(),
    })
}
