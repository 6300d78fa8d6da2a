//! Batches of prepared samples, augmented and normalized.
//!
//! A batch is three slices that the caller owns, so that a training loop allocates nothing:
//!
//! | slice | shape | values |
//! |---|---|---|
//! | `images` | `[n, size, size, 3]` | `(byte / 255 - MEAN[c]) / STD[c]`, red, green, blue |
//! | `boxes` | `[n, 4]` | `x_min, y_min, x_max, y_max`, fractions of the image, 0 to 1 |
//! | `labels` | `[n]` | indices into the data set's classes |
//!
//! What augmentation does to a sample depends on `(seed, epoch, sample)` only. So a batch can be
//! filled by any number of threads, in any order, and once more after a crash, with the same bits.

use rayon::prelude::*;

use super::Prepared;
#[cfg(doc)]
use super::{MEAN, STD};
use crate::Error;
use crate::augment::{Augment, View, normalize_into};

impl Prepared {
    /// Writes a batch: images as f32, NHWC, centered by [`MEAN`] and divided by [`STD`]; boxes as
    /// `x_min, y_min, x_max, y_max` in fractions; classes. Allocates nothing for images in memory.
    ///
    /// With `augment`, image and box are changed at random; the change depends on `seed`, `epoch`
    /// and the sample alone, not on what was filled before or with it.
    ///
    /// # Errors
    ///
    /// As [`Prepared::image`].
    ///
    /// # Panics
    ///
    /// If an index is not below [`Prepared::len`], or if `images` is not
    /// `indices.len() * size * size * 3` long, `boxes` `4 * indices.len()`, `labels`
    /// `indices.len()`.
    #[track_caller]
    #[expect(
        clippy::too_many_arguments,
        reason = "one batch is three slices, its randomness an address"
    )]
    pub fn fill_batch(
        &self,
        indices: &[usize],
        augment: Option<&Augment>,
        seed: u64,
        epoch: u64,
        images: &mut [f32],
        boxes: &mut [f32],
        labels: &mut [usize],
    ) -> Result<(), Error> {
        let length = self.check_batch(indices, images, boxes, labels);
        for (k, &i) in indices.iter().enumerate() {
            let image = &mut images[k * length..(k + 1) * length];
            boxes[4 * k..4 * k + 4].copy_from_slice(&self.fill(i, augment, seed, epoch, image)?);
            labels[k] = self.labels[i];
        }
        Ok(())
    }

    /// [`Prepared::fill_batch`] on the threads of the current rayon pool, with the same result.
    ///
    /// # Errors
    ///
    /// As [`Prepared::image`].
    ///
    /// # Panics
    ///
    /// As [`Prepared::fill_batch`].
    #[track_caller]
    #[expect(
        clippy::too_many_arguments,
        reason = "one batch is three slices, its randomness an address"
    )]
    pub fn par_fill_batch(
        &self,
        indices: &[usize],
        augment: Option<&Augment>,
        seed: u64,
        epoch: u64,
        images: &mut [f32],
        boxes: &mut [f32],
        labels: &mut [usize],
    ) -> Result<(), Error> {
        let length = self.check_batch(indices, images, boxes, labels);
        images
            .par_chunks_exact_mut(length)
            .zip(boxes.par_chunks_exact_mut(4))
            .zip(labels)
            .zip(indices)
            .try_for_each(|(((image, bbox), label), &i)| {
                bbox.copy_from_slice(&self.fill(i, augment, seed, epoch, image)?);
                *label = self.labels[i];
                Ok(())
            })
    }

    fn fill(
        &self,
        index: usize,
        augment: Option<&Augment>,
        seed: u64,
        epoch: u64,
        out: &mut [f32],
    ) -> Result<[f32; 4], Error> {
        let image = &*self.image(index)?;
        Ok(match augment {
            None => {
                normalize_into(image, out);
                self.boxes[index].xyxy()
            }
            Some(augment) => {
                let sample = self.samples[index] as u64;
                let (aspect, gray) = (self.aspects[index], self.facts()[index].gray);
                let view = View { image, size: self.size, aspect, gray };
                augment.apply(&view, &self.boxes[index], seed, epoch, sample, out).xyxy()
            }
        })
    }

    #[track_caller]
    fn check_batch(
        &self,
        indices: &[usize],
        images: &[f32],
        boxes: &[f32],
        labels: &[usize],
    ) -> usize {
        let (n, length) = (indices.len(), 3 * self.size * self.size);
        let found = (images.len(), boxes.len(), labels.len());
        let wanted = (n * length, 4 * n, n);
        assert_eq!(
            found, wanted,
            "a batch of {n} at {0}x{0} has (images, boxes, labels) of lengths {wanted:?}, not {found:?}",
            self.size
        );
        length
    }
}
