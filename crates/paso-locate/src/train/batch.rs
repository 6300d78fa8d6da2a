//! The batch of a step, which follows from the seed and the step number.

use super::Trainer;
use crate::Error;

/// The buffers of one batch, filled anew each step.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) samples: Vec<usize>,
    pub(super) images: Vec<f32>,
    pub(super) boxes: Vec<f32>,
    pub(super) labels: Vec<usize>,
    pub(super) classes: Vec<f32>,
}

impl Batch {
    /// Buffers for so many images of this side.
    pub(super) fn new(images: usize, side: usize) -> Self {
        Self {
            samples: vec![0; images],
            images: vec![0.0; images * side * side * 3],
            boxes: vec![0.0; images * 4],
            labels: vec![0; images],
            classes: vec![0.0; images],
        }
    }
}

impl Trainer {
    /// The batch of step number `step`, counted from 0.
    pub(super) fn fill(&mut self, step: u64) -> Result<(), Error> {
        let config = self.model.config();
        let (images, first) = (config.batch, step * config.batch as u64);
        let pixels = self.batch.images.len() / images;
        let augment = config.augment_at(step, self.data.len());
        let mut k = 0;
        while k < images {
            // A batch may reach into the next pass, which augments anew.
            let (_, pass) = self.order.at(first + k as u64);
            let start = k;
            while k < images {
                let (sample, its_pass) = self.order.at(first + k as u64);
                if its_pass != pass {
                    break;
                }
                self.batch.samples[k] = sample;
                k += 1;
            }
            self.data.par_fill_batch(
                &self.batch.samples[start..k],
                Some(&augment),
                config.seed,
                pass,
                &mut self.batch.images[start * pixels..k * pixels],
                &mut self.batch.boxes[4 * start..4 * k],
                &mut self.batch.labels[start..k],
            )?;
        }
        self.batch.classes.iter_mut().zip(&self.batch.labels).for_each(|(c, &l)| *c = l as f32);
        Ok(())
    }
}
