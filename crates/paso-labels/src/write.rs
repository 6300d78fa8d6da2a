//! Writing data sets, in any format: a whole folder, or none.
//!
//! Everything goes into a new folder in the same parent folder, which is renamed when all of it is
//! there. Images keep their bytes and their names below `images/`; boxes are in pixels of the
//! upright image (fractions for YOLO), with all digits, so that reading gives the same bits again.
//!
//! A format's own file writes its labels through a [`Target`]; images and split files are the same
//! for all formats and are written here.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Component, Path};

use rayon::prelude::*;

use crate::folder::stem;
use crate::{Error, Format, ImageSource, LabeledImage, Labels, Object, Split};

/// Writes a data set into a folder that is empty or not there yet.
pub fn write(labels: &Labels, format: Format, out: &Path) -> Result<(), Error> {
    check_empty(out)?;
    distinct(&labels.images, out)?;
    if let Some(class) = labels.classes.iter().find(|class| class.trim().is_empty()) {
        let message = format!("the class {class:?} has no name; give it one");
        return Err(Error::Folder { path: out.to_owned(), message });
    }
    let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(Error::io(parent))?;
    let folder = paso_files::sibling_folder(out).map_err(Error::io(out))?;
    let target = Target { root: folder.path(), labels };
    target.all(format).map_err(|error| named(error, folder.path(), out))?;
    paso_files::rename_folder(folder, out).map_err(Error::io(out))
}

/// Refuses an output folder that is there and not empty.
pub(crate) fn check_empty(out: &Path) -> Result<(), Error> {
    if std::fs::symlink_metadata(out).is_ok()
        && !std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none())
    {
        return Err(Error::invalid_value(
            "the output folder",
            out.display(),
            "empty or not there yet",
        ));
    }
    Ok(())
}

/// The file's place as the user knows it: the temporary folder is gone when they read the message.
fn named(error: Error, temporary: &Path, out: &Path) -> Error {
    match error {
        Error::Io { path, source } => {
            let path = path.strip_prefix(temporary).map(|below| out.join(below)).unwrap_or(path);
            Error::Io { path, source }
        }
        other => other,
    }
}

/// Refuses images that would have the same place, or the same label file, and names that no list of
/// lines can hold.
fn distinct(images: &[LabeledImage], out: &Path) -> Result<(), Error> {
    let mut stems = HashMap::new();
    for image in images {
        if let Some(what) = unwritable(&image.name) {
            let message = format!("{:?} {what}; rename it", image.name);
            return Err(Error::Folder { path: out.to_owned(), message });
        }
        if let Some(other) = stems.insert(stem(&image.name), &image.name) {
            let message = format!(
                "{} and {other} would have the same label file; rename one of them",
                image.name
            );
            return Err(Error::Folder { path: out.to_owned(), message });
        }
    }
    Ok(())
}

/// Why an image cannot be written under its name.
fn unwritable(name: &str) -> Option<&'static str> {
    let mut parts = Path::new(name).components();
    if name.contains(['\n', '\r']) {
        Some("has a line break, which no list of names can hold")
    } else if name.is_empty() || !parts.all(|part| matches!(part, Component::Normal(_))) {
        Some("is no path below a folder")
    } else {
        None
    }
}

/// The folder that is written, and what goes there: what a format's writer works with.
pub(crate) struct Target<'a> {
    root: &'a Path,
    /// The images with all of their objects, sorted by name.
    pub(crate) labels: &'a Labels,
}

impl Target<'_> {
    fn all(&self, format: Format) -> Result<(), Error> {
        self.labels.images.par_iter().try_for_each(|image| self.image(image))?;
        format.write(self)?;
        self.lists(format)
    }

    /// Writes a new file below the folder.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.root.join(name);
        let folder = path.parent().expect("a file below the root");
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let mut file = std::fs::File::create_new(&path).map_err(Error::io(&path))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::io(&path))
    }

    fn image(&self, image: &LabeledImage) -> Result<(), Error> {
        let name = format!("images/{}", image.name);
        match &image.source {
            ImageSource::File(path) => {
                self.file(&name, &std::fs::read(path).map_err(Error::io(path))?)
            }
            ImageSource::Encoded(bytes) => self.file(&name, bytes),
        }
    }

    /// The split of an image. Where some have one and no split file says which are used, an image
    /// without one is for training, as when it is read.
    fn split(&self, image: &LabeledImage) -> Option<Split> {
        let any = || self.labels.images.iter().any(|p| p.split.is_some());
        image.split.or_else(|| (!self.labels.listed && any()).then_some(Split::Train))
    }

    /// The images of a split, in order.
    pub(crate) fn of_split(&self, split: Option<Split>) -> Vec<&LabeledImage> {
        self.labels.images.iter().filter(|p| self.split(p) == split).collect()
    }

    fn lists(&self, format: Format) -> Result<(), Error> {
        for split in [Split::Train, Split::Val, Split::Test] {
            let images = self.of_split(Some(split));
            let lines: String = images.iter().map(|image| format.list_line(image) + "\n").collect();
            if !lines.is_empty() {
                self.file(&format!("{split}.txt"), lines.as_bytes())?;
            }
        }
        Ok(())
    }

    /// The name of an object's class.
    pub(crate) fn class(&self, object: &Object) -> &str {
        &self.labels.classes[object.class]
    }
}
