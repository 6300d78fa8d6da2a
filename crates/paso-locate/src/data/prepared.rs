//! Samples ready for training: decoded, scaled to the net's input, kept as bytes as far as memory
//! goes.
//!
//! An image is stretched to a square, each axis on its own. Boxes as fractions do not change by
//! that, and neither does the overlap of two of them ([`BBox`]); the shape of the object does,
//! which is why the aspect of each image is kept for augmentations that turn it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::store::{Facts, Store};
use super::{Dataset, Problem, Source, split};
use crate::image::ImageLimits;
use crate::{BBox, Error};

/// The mean of red, green and blue that a net's input is centered by (ImageNet's, as fractions of
/// 255), so that features which were learned elsewhere see what they know.
pub const MEAN: [f32; 3] = [0.485, 0.456, 0.406];

/// The standard deviation that a net's input is divided by (ImageNet's).
pub const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// How samples are prepared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrepareOptions {
    /// Side of the net's square input in pixels, 8 to 1024. Default 64.
    pub size: usize,
    /// How large an image may be.
    pub limits: ImageLimits,
    /// The most memory for decoded images, in bytes, of which each takes `3 * size * size`. Those
    /// beyond it are decoded again each time that a batch asks for them, which gives the same bits
    /// and takes longer. Default 2 GiB: 77,000 images at 96 pixels.
    pub cache_bytes: u64,
}

impl Default for PrepareOptions {
    fn default() -> Self {
        Self { size: 64, limits: ImageLimits::default(), cache_bytes: 2 << 30 }
    }
}

/// Samples with their boxes and classes, their images in memory or, beyond a limit, in their files.
///
/// ```
/// use paso_locate::data::{PrepareOptions, Prepared, Split};
/// use paso_locate::demo::{DemoOptions, dataset};
///
/// let demo = dataset(&DemoOptions { train: 8, val: 2, seed: 0 })?;
/// let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
/// let (train, problems) = Prepared::new(&demo, &demo.indices(Split::Train), &options)?;
/// assert!(problems.is_empty());
/// assert_eq!((train.len(), train.cached()), (8, 8));
/// assert_eq!(train.image(3)?.len(), 32 * 32 * 3);
///
/// // A batch of two samples, as they are.
/// let (mut images, mut boxes, mut labels) = (vec![0.0; 2 * 32 * 32 * 3], [0.0; 8], [0; 2]);
/// train.fill_batch(&[3, 5], None, 0, 0, &mut images, &mut boxes, &mut labels)?;
/// assert_eq!(boxes[..4], train.boxes()[3].xyxy());
/// # Ok::<(), paso_locate::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) size: usize,
    classes: usize,
    /// Which samples of the data set these are.
    pub(super) samples: Vec<usize>,
    images: Store,
    pub(super) boxes: Vec<BBox>,
    pub(super) labels: Vec<usize>,
    /// Width over height of each image before it was scaled to a square.
    pub(super) aspects: Vec<f32>,
}

impl Prepared {
    /// Decodes and scales these samples of a data set, on the threads of the current rayon pool.
    ///
    /// Images that turn out to be broken are left out and returned as problems.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] for a size out of range, [`Error::Labels`] if no image is left.
    ///
    /// # Panics
    ///
    /// If an index is not one of the data set's.
    pub fn new(
        dataset: &Dataset,
        indices: &[usize],
        options: &PrepareOptions,
    ) -> Result<(Self, Vec<Problem>), Error> {
        if !(8..=1024).contains(&options.size) {
            return Err(Error::invalid_value("size", options.size, "from 8 to 1024 pixels"));
        }
        let sources: Vec<&Source> = indices.iter().map(|&i| &dataset.samples[i].source).collect();
        let (images, kept, problems) = Store::new(&sources, options);
        if let (true, Some(first)) = (kept.is_empty(), problems.first()) {
            return Err(Error::image(&first.file, &*first.message));
        }
        let samples: Vec<usize> = kept.into_iter().map(|place| indices[place]).collect();
        let of = |i: &usize| &dataset.samples[*i];
        let prepared = Self {
            size: options.size,
            classes: dataset.classes.len(),
            boxes: samples.iter().map(|i| of(i).bbox).collect(),
            labels: samples.iter().map(|i| of(i).class).collect(),
            aspects: samples.iter().map(|i| of(i).width as f32 / of(i).height as f32).collect(),
            samples,
            images,
        };
        Ok((prepared, problems))
    }

    /// Cuts the samples into `folds` parts, each with the same share of every class: all parts but
    /// number `fold`, to train on, and that one, to evaluate on. Another seed cuts other parts.
    /// Images in memory are shared, not copied.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if `folds` is below 2 or above the number of samples, or `fold` is
    /// not below `folds`.
    pub fn fold(&self, fold: usize, folds: usize, seed: u64) -> Result<(Self, Self), Error> {
        let dealt = split::deal(&self.labels, fold, folds, seed)?;
        let (evaluate_on, learn): (Vec<usize>, Vec<usize>) =
            (0..self.len()).partition(|&i| dealt[i]);
        Ok((self.part(&learn), self.part(&evaluate_on)))
    }

    /// Some of the samples, by ascending numbers.
    fn part(&self, which: &[usize]) -> Self {
        Self {
            size: self.size,
            classes: self.classes,
            samples: which.iter().map(|&i| self.samples[i]).collect(),
            images: self.images.part(which),
            boxes: which.iter().map(|&i| self.boxes[i]).collect(),
            labels: which.iter().map(|&i| self.labels[i]).collect(),
            aspects: which.iter().map(|&i| self.aspects[i]).collect(),
        }
    }

    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// True if there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Side of the images in pixels.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of classes of the data set.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Which samples of the data set these are, in order.
    #[must_use]
    pub fn samples(&self) -> &[usize] {
        &self.samples
    }

    /// The objects' boxes, one for each sample, as fractions of the upright image.
    #[must_use]
    pub fn boxes(&self) -> &[BBox] {
        &self.boxes
    }

    /// The objects' classes, one for each sample: indices into
    /// [`Dataset::classes`](super::Dataset::classes).
    #[must_use]
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// How many images are in memory: the first ones. The others are decoded when they are asked
    /// for.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.images.cached()
    }

    /// One image: RGB bytes, row by row, `3 * size * size` of them. Borrowed if it is in memory,
    /// else decoded for this call.
    ///
    /// # Errors
    ///
    /// If it is not in memory: [`Error::Labels`] when its file cannot be read any
    /// more or has changed.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`Prepared::len`].
    #[track_caller]
    pub fn image(&self, index: usize) -> Result<Cow<'_, [u8]>, Error> {
        self.images.image(index)
    }

    /// The CRC-32 of each image, and more.
    pub(crate) fn facts(&self) -> &[Facts] {
        self.images.facts()
    }
}
