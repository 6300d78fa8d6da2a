//! The list of label formats. A format is one file in this folder and one line of the list below:
//! how it is detected, read, written and called is in its file, and everything else goes by the
//! list. `docs/adding/format.md` walks through an example.
//!
//! A reader gives [`Labels`]: every object of every image as the files say it, unchecked against
//! the images. Checks, splits, policies and duplicates are the same for all formats and follow in
//! other files of `data/`.
//!
//! What a reader must keep to:
//!
//! - **Nothing outside of the folder is opened.** A name in a label file is looked up in
//!   [`Files`], through [`ImageIndex`](super::files::ImageIndex).
//! - **Malformed labels are [`Malformed`](super::ProblemKind::Malformed) problems**, with file,
//!   line where there is one, the value found and the values allowed. Never a panic, never a guess.
//!   [`Error`] is for files that cannot be read at all.
//! - **Corners are finite**, in [`Unit`](super::Unit) of choice, and as the file has them: cutting
//!   and turning boxes is not a reader's work.
//! - **Other files may lie in the folder.** A reader takes what is its own and leaves the rest.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::files::Files;
use super::report::Problem;
use super::write::Target;
use super::{AnnotatedImage, Labels};
use crate::Error;

/// What reading gives: the labels, and what is wrong with them.
pub(crate) type Outcome = Result<(Labels, Vec<Problem>), Error>;

/// What a format's file implements.
pub(crate) trait FormatFile {
    /// What messages call it, such as `Pascal VOC`.
    const TITLE: &'static str;
    /// The files that detection looks for, for the message that there are none.
    const LOOKED_FOR: &'static str;
    /// What messages call an object that has a number ([`Object::id`](super::Object::id)).
    const OBJECT: &'static str = "object";
    /// True if a label file has many images and no lines, so that messages have to name the image.
    const NAMES_IMAGES: bool = false;

    /// True if a folder has label files of this format.
    fn is_here(files: &Files) -> bool;

    /// Reads all label files of a folder.
    fn read(files: &Files) -> Outcome;

    /// Writes all label files of a folder. Images and split files are written for every format.
    fn write(target: &Target<'_>) -> Result<(), Error>;

    /// The line of a split file that names an image. By default the name below `images/`.
    fn list_line(image: &AnnotatedImage) -> String {
        image.name.clone()
    }
}

/// Makes [`Format`] of the list: modules, variants with their documentation, and the dispatch. The
/// name that users write is the file's.
macro_rules! formats {
    ($($(#[$doc:meta])* $file:ident: $Format:ident;)*) => {
        $(mod $file;)*

        /// The label formats.
        ///
        /// ```
        /// use paso_locate::data::Format;
        /// let format: Format = "coco".parse()?;
        /// assert_eq!(format, Format::Coco);
        /// assert_eq!((format.name(), format.to_string()), ("coco", "COCO".into()));
        /// # Ok::<(), paso_locate::Error>(())
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

            pub(crate) fn names_images(self) -> bool {
                match self { $(Self::$Format => $file::$Format::NAMES_IMAGES,)* }
            }

            pub(crate) fn is_here(self, files: &Files) -> bool {
                match self { $(Self::$Format => $file::$Format::is_here(files),)* }
            }

            pub(crate) fn read(self, files: &Files) -> Outcome {
                match self { $(Self::$Format => $file::$Format::read(files),)* }
            }

            pub(crate) fn write(self, target: &Target<'_>) -> Result<(), Error> {
                match self { $(Self::$Format => $file::$Format::write(target),)* }
            }

            pub(crate) fn list_line(self, image: &AnnotatedImage) -> String {
                match self { $(Self::$Format => $file::$Format::list_line(image),)* }
            }
        }
    };
}

formats! {
    /// Pascal VOC: an XML file an image, as the VOC challenge and LabelImg write them.
    voc: Voc;
    /// COCO: JSON files with `images`, `annotations` and `categories`.
    coco: Coco;
    /// YOLO: a text file an image, and the names of the classes in `data.yaml` or `classes.txt`.
    yolo: Yolo;
    /// CSV: a row an object, with or without a header.
    csv: Csv;
    /// `LabelMe`: a JSON file an image, next to it, as the tool `labelme` writes it.
    labelme: LabelMe;
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
