//! Decoding every image once, to find what headers do not show.

use std::sync::Mutex;

use rayon::prelude::*;

use crate::check::unreadable;
use crate::image::{ImageLimits, decode};
use crate::report::Problem;
use crate::{ImageSource, Labels};

/// Decodes every image. Those that are broken are taken out of the labels and returned as problems.
///
/// It takes as long as reading and decoding all files does, on the threads of the current rayon
/// pool; `progress` gets the number of images that were done since it was called last.
///
/// ```
/// use paso_labels::image::ImageLimits;
/// use paso_labels::{Labels, ReadOptions, inspect};
/// # let place = tempfile::tempdir().expect("a temporary folder");
/// # let folder = place.path();
/// # image::RgbImage::new(40, 30).save(folder.join("cat.png")).expect("it is written");
/// # std::fs::write(folder.join("labels.csv"), "cat.png,10,5,30,20,cat\n").expect("written");
/// let (mut labels, _) = Labels::read(folder, &ReadOptions::default())?;
/// let broken = inspect(&mut labels, &ImageLimits::default(), |_| ());
/// assert!(broken.is_empty() && labels.images.len() == 1);
/// # Ok::<(), paso_labels::Error>(())
/// ```
#[must_use]
pub fn inspect(
    labels: &mut Labels,
    limits: &ImageLimits,
    progress: impl Fn(u64) + Sync,
) -> Vec<Problem> {
    let problems = Mutex::new(Vec::new());
    let images = std::mem::take(&mut labels.images);
    let whole = images.into_par_iter().filter(|image| {
        let ImageSource::File(path) = &image.source else { return true };
        let decoded = decode(path, limits);
        progress(1);
        match decoded {
            Ok(_) => true,
            Err(error) => {
                problems.lock().expect("no thread panicked").push(unreadable(path, error));
                false
            }
        }
    });
    labels.images = whole.collect();
    let mut problems = problems.into_inner().expect("no thread panicked");
    problems.sort_by(|a: &Problem, b| a.file.cmp(&b.file));
    problems
}
