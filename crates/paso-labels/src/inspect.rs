//! Decoding every image once, to find what headers do not show.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;

use rayon::prelude::*;

use crate::check::unreadable;
use crate::image::{ImageLimits, decode};
use crate::report::Problem;
use crate::{Fingerprint, ImageSource, LabeledImage, Labels};

/// What decoding every image found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Images that are broken.
    pub problems: Vec<Problem>,
    /// What the others look like, for [`near_duplicates`](crate::near_duplicates).
    pub prints: HashMap<PathBuf, Fingerprint>,
}

/// Decodes every image. Those that are broken are taken out of the labels.
///
/// It takes as long as reading and decoding all files does, on the threads of the current rayon
/// pool; `progress` is called after each image.
///
/// ```
/// use paso_labels::image::ImageLimits;
/// use paso_labels::{Labels, ReadOptions, inspect};
/// # let place = tempfile::tempdir().expect("a temporary folder");
/// # let folder = place.path();
/// # image::RgbImage::new(40, 30).save(folder.join("cat.png")).expect("it is written");
/// # std::fs::write(folder.join("labels.csv"), "cat.png,10,5,30,20,cat\n").expect("written");
/// let (mut labels, _) = Labels::read(folder, &ReadOptions::default())?;
/// let found = inspect(&mut labels, &ImageLimits::default(), || ());
/// assert!(found.problems.is_empty() && found.prints.len() == 1);
/// # Ok::<(), paso_labels::Error>(())
/// ```
#[must_use]
pub fn inspect(
    labels: &mut Labels,
    limits: &ImageLimits,
    progress: impl Fn() + Sync,
) -> Inspection {
    let found = Mutex::new(Inspection::default());
    let is_whole = |image: &LabeledImage| {
        let ImageSource::File(path) = &image.source else { return true };
        let print = decode(path, limits).map(|image| Fingerprint::new(&image));
        progress();
        let mut found = found.lock().expect("no thread panicked");
        let is_whole = print.is_ok();
        match print {
            Ok(print) => drop(found.prints.insert(path.clone(), print)),
            Err(error) => found.problems.push(unreadable(path, error)),
        }
        is_whole
    };
    let images = std::mem::take(&mut labels.images);
    labels.images = images.into_par_iter().filter(is_whole).collect();
    let mut found = found.into_inner().expect("no thread panicked");
    found.problems.sort_by(|a, b| a.file.cmp(&b.file));
    found
}
