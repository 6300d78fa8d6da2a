//! The list of label formats. A format is one file in this folder and one line of the list below:
//! how it is detected, read, written and called is in its file, and everything else goes by the
//! list. `docs/adding/format.md` walks through an example.
//!
//! A reader gives [`RawLabels`]: every object of every image as the files say it, unchecked against
//! the images. Checks, splits, policies and duplicates are the same for all formats and follow in
//! other files of `data/`.
//!
//! What a reader must keep to:
//!
//! - **Nothing outside of the folder is opened.** A name in a label file is looked up in
//!   [`Files`], through [`ImageIndex`].
//! - **Malformed labels are [`Malformed`](crate::ProblemKind::Malformed) problems**, with file,
//!   line where there is one, the value found and the values allowed, in words of this crate and
//!   never the parser's. Never a panic, never a guess, and never the first of two.
//! - **Corners are finite**, and as the file has them, with the [`BoxFormat`](crate::BoxFormat) and units that they are in: cutting
//!   and turning boxes is not a reader's work.
//! - **Other files may lie in the folder.** A reader takes what is its own and leaves the rest.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::folder::{Files, ImageIndex};
use crate::raw::RawLabels;
use crate::write::Target;
use crate::{Error, LabeledImage};

/// What a reader reads from.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    /// The files of the folder.
    pub(crate) files: &'a Files,
    /// Finds the images that label files name.
    pub(crate) index: &'a ImageIndex<'a>,
}

/// The label files of a format in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Finding<'a> {
    /// The label files, below the root, sorted.
    pub(crate) labels: Vec<&'a str>,
    /// Files with an ending of this format that are none of its label files, and what they lack.
    pub(crate) lacking: Vec<(&'a str, String)>,
}

/// What a format's file implements.
pub(crate) trait FormatFile: Sized {
    /// What messages call it, such as `Pascal VOC`.
    const TITLE: &'static str;
    /// The files that detection looks for, for the message that there are none.
    const LOOKED_FOR: &'static str;
    /// Endings of label files, lower case, without a dot.
    const ENDINGS: &'static [&'static str];
    /// What messages call an object that has a number
    /// ([`RawObject::id`](crate::raw::RawObject::id)).
    const OBJECT: &'static str = "object";
    /// True if a label file has many images and no lines, so that messages have to name the image.
    const NAMES_IMAGES: bool = false;

    /// True if a file with such an ending that is no label file is worth a note: nearly every one is.
    const NOTES_OTHERS: bool = false;

    /// Whether a file with such an ending is a label file of this format. It must be right about
    /// other files with the same ending.
    ///
    /// # Errors
    ///
    /// What the file lacks, in a few words: `its root is <svg>, not <annotation>`.
    fn examine(input: &Input<'_>, name: &str) -> Result<(), String>;

    /// The label files of a folder. By default those that [`FormatFile::examine`] takes.
    fn find<'a>(input: &Input<'a>) -> Finding<'a> {
        examined::<Self>(input)
    }

    /// Reads the label files that were found. What is malformed is among the problems.
    fn read(input: &Input<'_>, labels: &[&str]) -> RawLabels;

    /// Writes all label files of a folder. Images and split files are written for every format.
    fn write(target: &Target<'_>) -> Result<(), Error>;

    /// The line of a split file that names an image. By default the name below `images/`.
    fn list_line(image: &LabeledImage) -> String {
        image.name.clone()
    }
}

/// The label files that [`FormatFile::examine`] takes, and what the others lack.
fn examined<'a, F: FormatFile>(input: &Input<'a>) -> Finding<'a> {
    let mut finding = Finding::default();
    for name in input.files.with_ending(F::ENDINGS) {
        match F::examine(input, name) {
            Ok(()) => finding.labels.push(name),
            Err(lacks) => finding.lacking.push((name, lacks)),
        }
    }
    finding
}

/// Makes [`Format`] of the list: modules, variants with their documentation, and the dispatch. The
/// name that users write is the file's.
macro_rules! formats {
    ($($(#[$doc:meta])* $file:ident: $Format:ident;)*) => {
        $(mod $file;)*

        /// The label formats.
        ///
        /// ```
        /// use paso_labels::Format;
        /// let format: Format = "coco".parse()?;
        /// assert_eq!(format, Format::Coco);
        /// assert_eq!((format.name(), format.to_string()), ("coco", "COCO".into()));
        /// # Ok::<(), paso_labels::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum Format {
            $($(#[$doc])* $Format,)*
        }

        impl Format {
            /// All of them, in the order in which they are looked for.
            pub const ALL: [Self; [$(stringify!($file)),*].len()] = [$(Self::$Format),*];

            /// The name that users write, such as `voc`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$Format => stringify!($file),)* }
            }

            fn title(self) -> &'static str {
                match self { $(Self::$Format => $file::$Format::TITLE,)* }
            }

            pub(crate) fn looked_for(self) -> &'static str {
                match self { $(Self::$Format => $file::$Format::LOOKED_FOR,)* }
            }

            pub(crate) fn object(self) -> &'static str {
                match self { $(Self::$Format => $file::$Format::OBJECT,)* }
            }

            pub(crate) fn notes_others(self) -> bool {
                match self { $(Self::$Format => $file::$Format::NOTES_OTHERS,)* }
            }

            pub(crate) fn names_images(self) -> bool {
                match self { $(Self::$Format => $file::$Format::NAMES_IMAGES,)* }
            }

            pub(crate) fn find<'a>(self, input: &Input<'a>) -> Finding<'a> {
                match self { $(Self::$Format => $file::$Format::find(input),)* }
            }

            pub(crate) fn read(self, input: &Input<'_>, labels: &[&str]) -> RawLabels {
                match self { $(Self::$Format => $file::$Format::read(input, labels),)* }
            }

            pub(crate) fn write(self, target: &Target<'_>) -> Result<(), Error> {
                match self { $(Self::$Format => $file::$Format::write(target),)* }
            }

            pub(crate) fn list_line(self, image: &LabeledImage) -> String {
                match self { $(Self::$Format => $file::$Format::list_line(image),)* }
            }
        }
    };
}

formats! {
    /// Pascal VOC: an XML file an image, as the VOC challenge and LabelImg write them.
    voc: Voc;
    /// COCO: one JSON file, or one a split.
    coco: Coco;
    /// YOLO: a text file an image, and `data.yaml`.
    yolo: Yolo;
    /// CSV: a table with a row an object, with or without a header.
    csv: Csv;
    /// `LabelMe`: a JSON file an image, next to it.
    labelme: LabelMe;
    /// Create ML: one JSON list of images, as Apple and Roboflow write it.
    createml: CreateMl;
    /// CVAT for images: one XML file with all images, as CVAT exports it.
    cvat: Cvat;
    /// `VoTT`: the JSON export of Microsoft's Visual Object Tagging Tool.
    vott: Vott;
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        /// `voc, coco, ... or csv`.
        static NAMES: LazyLock<String> =
            LazyLock::new(|| crate::error::one_of(&Format::ALL.map(Format::name)));
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| Error::invalid_value("format", text, &NAMES))
    }
}

#[cfg(test)]
mod tests;
