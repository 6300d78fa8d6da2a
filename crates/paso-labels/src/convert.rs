//! One format into another.

use std::path::Path;

use crate::write::{check_empty, write};
use crate::{Error, Format, Labels, ReadOptions, Report};

/// Reads a folder and writes it in another format: every usable image with all of its objects and
/// its split. The report says what was left out.
///
/// `out` must be empty or not there yet, and not inside of `dir`; it is whole afterwards, or as it
/// was. Images keep their bytes, and boxes all of their digits: what is read from `out` has the
/// bits of what was read from `dir`, whatever the formats.
///
/// ```
/// use paso_labels::{Format, Labels, ReadOptions, convert};
///
/// # let place = tempfile::tempdir().expect("a temporary folder");
/// # let [dir, out] = ["photos", "photos-coco"].map(|name| place.path().join(name));
/// # std::fs::create_dir(&dir).expect("a folder");
/// # image::RgbImage::new(40, 30).save(dir.join("cat.png")).expect("it is written");
/// # std::fs::write(dir.join("labels.csv"), "cat.png,10,5,30,25,cat\n").expect("written");
/// let options = ReadOptions::default();
/// convert(&dir, &options, Format::Coco, &out)?;
/// let [before, after] = [&dir, &out].map(|folder| Labels::read(folder, &options));
/// assert_eq!(before?.0.images[0].objects, after?.0.images[0].objects);
/// # Ok::<(), paso_labels::Error>(())
/// ```
///
/// # Errors
///
/// As [`Labels::read`]; [`Error::Labels`] for malformed labels; [`Error::InvalidValue`] if `out` is
/// not empty; [`Error::Folder`] if it is inside of `dir`, or if two images would have the same label
/// file.
pub fn convert(
    dir: &Path,
    options: &ReadOptions,
    format: Format,
    out: &Path,
) -> Result<Report, Error> {
    check_output(dir, out)?;
    let (labels, report) = Labels::read(dir, options)?;
    report.refuse_malformed()?;
    if labels.images.is_empty() {
        let message = format!("no image can be used\n{report}");
        return Err(Error::NotADataset { path: dir.to_path_buf(), message });
    }
    write(&labels, format, out)?;
    Ok(report)
}

/// Refuses an output folder that is not empty, or inside of the data set, whose next read would find
/// every image twice. Nothing is written, so it can be asked before a folder is read.
///
/// # Errors
///
/// [`Error::InvalidValue`] and [`Error::Folder`].
pub fn check_output(dir: &Path, out: &Path) -> Result<(), Error> {
    // The output may not be there yet: the nearest folder above it that is.
    let there = out.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let inside = match (dir.canonicalize(), there.canonicalize()) {
        (Ok(dir), Ok(there)) => there.starts_with(dir),
        _ => false,
    };
    if inside {
        let message = format!(
            "is inside of {}, whose next read would find every image twice; choose a folder \
             outside of it",
            dir.display()
        );
        return Err(Error::Folder { path: out.to_path_buf(), message });
    }
    check_empty(out)
}
