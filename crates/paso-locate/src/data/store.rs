//! Where prepared images are: the first ones in memory as bytes, up to a limit; the others in their
//! files, from which they are decoded again whenever they are asked for.
//!
//! Two kinds of memory: images up to [`PrepareOptions::cache_bytes`](super::PrepareOptions) stay
//! decoded, the others are decoded each time. Both give the same bytes, so that the size of the
//! cache is no setting of a training. A file that changed in between is named: training would
//! otherwise go on with other images than its checkpoint says.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::{PrepareOptions, Problem, ProblemKind, Source};
use crate::Error;
use crate::augment::map::mean_gray;
use crate::demo::scene;
use crate::image::{Image, ImageLimits, decode, decode_again, resize_into};

/// Images of one size.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    size: usize,
    limits: ImageLimits,
    /// The images that fit, one after the other; shared with the parts of this store.
    pixels: Arc<Vec<u8>>,
    /// Which of these the first images are.
    places: Vec<usize>,
    /// Where the images behind them come from.
    streamed: Vec<Source>,
    /// Of every image.
    facts: Vec<Facts>,
}

/// What is remembered of an image, whether it is in memory or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// CRC-32 of its bytes.
    pub(crate) checksum: u32,
    /// Its mean gray, as a fraction.
    pub(crate) gray: f64,
}

impl Store {
    /// Decodes all of them once, on the threads of the current rayon pool. Also says which of them
    /// (by place) are in the store, in order; the others were broken.
    pub(crate) fn new(
        sources: &[&Source],
        options: &PrepareOptions,
    ) -> (Self, Vec<usize>, Vec<Problem>) {
        let PrepareOptions { size, limits, cache_bytes } = *options;
        let length = 3 * size * size;
        let fit = usize::try_from(cache_bytes / length as u64).unwrap_or(usize::MAX);
        let (first, rest) = sources.split_at(fit.min(sources.len()));
        let read = |source: &Source, out: &mut [u8]| {
            draw(source, size, &limits, decode, out)?;
            Ok(Facts { checksum: crc32fast::hash(out), gray: mean_gray(out) })
        };
        let mut cached = vec![0; length * first.len()];
        let mut outcomes: Vec<Result<Facts, Problem>> = cached
            .par_chunks_exact_mut(length)
            .zip(first)
            .map(|(out, source)| read(source, out))
            .collect();
        outcomes.par_extend(
            rest.par_iter().map_init(|| vec![0; length], |out, source| read(source, out)),
        );

        // Close the gaps that broken images left.
        let (mut kept, mut facts) = (Vec::with_capacity(sources.len()), Vec::new());
        let (mut streamed, mut problems) = (Vec::new(), Vec::new());
        let mut held = 0;
        for (from, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Err(problem) => problems.push(problem),
                Ok(known) => {
                    if from < first.len() {
                        cached.copy_within(from * length..(from + 1) * length, held * length);
                        held += 1;
                    } else {
                        streamed.push(sources[from].clone());
                    }
                    kept.push(from);
                    facts.push(known);
                }
            }
        }
        cached.truncate(length * held);
        cached.shrink_to_fit();
        let (pixels, places) = (Arc::new(cached), (0..held).collect());
        (Self { size, limits, pixels, places, streamed, facts }, kept, problems)
    }

    /// Some of the images, by ascending numbers. Those in memory are shared, not copied.
    pub(crate) fn part(&self, which: &[usize]) -> Self {
        let held = self.cached();
        let (in_memory, beyond) = which.split_at(which.partition_point(|&i| i < held));
        Self {
            size: self.size,
            limits: self.limits,
            pixels: Arc::clone(&self.pixels),
            places: in_memory.iter().map(|&i| self.places[i]).collect(),
            streamed: beyond.iter().map(|&i| self.streamed[i - held].clone()).collect(),
            facts: which.iter().map(|&i| self.facts[i]).collect(),
        }
    }

    pub(crate) fn facts(&self) -> &[Facts] {
        &self.facts
    }

    /// How many images are in memory: the first ones.
    pub(crate) fn cached(&self) -> usize {
        self.places.len()
    }

    /// The bytes of an image, as they were when the store was made.
    pub(crate) fn image(&self, index: usize) -> Result<Cow<'_, [u8]>, Error> {
        let length = 3 * self.size * self.size;
        if let Some(place) = self.places.get(index) {
            return Ok(Cow::Borrowed(&self.pixels[place * length..][..length]));
        }
        let source = &self.streamed[index - self.cached()];
        let mut bytes = vec![0; length];
        // The checksum below says whether it is what it was.
        draw(source, self.size, &self.limits, decode_again, &mut bytes)
            .map_err(|problem| Error::image(problem.file, problem.message))?;
        if let (Source::File(path), true) =
            (source, crc32fast::hash(&bytes) != self.facts[index].checksum)
        {
            let message = "has changed since the data set was read; start again";
            return Err(Error::image(path, message));
        }
        Ok(Cow::Owned(bytes))
    }
}

fn draw(
    source: &Source,
    size: usize,
    limits: &ImageLimits,
    decode: fn(&Path, &ImageLimits) -> Result<Image, paso_labels::Error>,
    out: &mut [u8],
) -> Result<(), Problem> {
    match source {
        Source::Scene(scene) => scene::draw(scene, size, out),
        Source::File(path) => {
            let image = decode(path, limits).map_err(|e| match e {
                paso_labels::Error::Image { message, .. } => {
                    Problem::new(ProblemKind::ImageUnreadable, path, None, message)
                }
                e => Problem::new(ProblemKind::ImageUnreadable, path, None, e.to_string()),
            })?;
            resize_into(&image, size, out);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Augment;
    use crate::data::{Dataset, LoadOptions, Prepared};
    use crate::demo::{self, DemoOptions};

    const SIZE: usize = 32;
    const LENGTH: u64 = 3 * 32 * 32;

    /// Six images in files, of which the fourth is broken.
    fn files(folder: &Path) -> Dataset {
        let options = DemoOptions { train: 6, val: 2, seed: 5 };
        demo::write_voc(&options, 40, &folder.join("scenes")).expect("scenes are written");
        let (dataset, _) = Dataset::load(&folder.join("scenes"), &LoadOptions::default())
            .expect("what was written can be read");
        let Source::File(path) = &dataset.samples[3].source else { panic!("a file") };
        let mut bytes = std::fs::read(path).expect("it is there");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 255;
        std::fs::write(path, bytes).expect("it can be written");
        dataset
    }

    fn prepared(dataset: &Dataset, cache_bytes: u64) -> Prepared {
        let options = PrepareOptions { size: SIZE, cache_bytes, ..PrepareOptions::default() };
        let (images, problems) =
            Prepared::new(dataset, &[0, 1, 2, 3, 4, 5], &options).expect("images");
        assert_eq!((images.samples(), problems.len()), (&[0, 1, 2, 4, 5][..], 1));
        images
    }

    fn batch(images: &Prepared, epoch: u64) -> (Vec<f32>, Vec<f32>, Vec<usize>) {
        let mut batch = (vec![0.0; 4 * 3 * SIZE * SIZE], vec![0.0; 4 * 4], vec![0; 4]);
        let augment = Augment { rotate: 10.0, erase: 0.5, ..Augment::default() };
        let (pixels, boxes, labels) = (&mut batch.0, &mut batch.1, &mut batch.2);
        images
            .par_fill_batch(&[4, 1, 3, 0], Some(&augment), 7, epoch, pixels, boxes, labels)
            .expect("the files are there");
        batch
    }

    #[test]
    fn streamed_batches_have_the_bits_of_cached_ones() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dataset = files(folder.path());
        let all = prepared(&dataset, 1 << 30);
        // Nothing, a part (less than whole images, and with the broken one in it), all but the
        // last.
        for (bytes, held) in [(0, 0), (2 * LENGTH + 5, 2), (4 * LENGTH, 3), (5 * LENGTH, 4)] {
            let some = prepared(&dataset, bytes);
            assert_eq!(some.cached(), held, "{bytes} bytes");
            for epoch in 0..3 {
                assert!(batch(&some, epoch) == batch(&all, epoch), "{bytes} bytes");
            }
            assert_eq!(some.fingerprint(), all.fingerprint(), "{bytes} bytes");
        }
        assert_eq!(all.cached(), 5);
    }

    #[test]
    fn folds_take_every_image_apart_once_and_show_what_the_whole_shows() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dataset = files(folder.path());
        for bytes in [0, 3 * LENGTH, 1 << 30] {
            let all = prepared(&dataset, bytes);
            let mut evaluated = Vec::new();
            for fold in 0..3 {
                let (train, val) = all.fold(fold, 3, 9).expect("folds");
                evaluated.extend_from_slice(val.samples());
                let mut at_once = [train.samples(), val.samples()].concat();
                at_once.sort_unstable();
                assert_eq!(at_once, all.samples(), "each image in one of the two");
                for part in [train, val] {
                    for (i, sample) in part.samples().iter().enumerate() {
                        let whole = all.samples().iter().position(|s| s == sample).expect("there");
                        assert_eq!(part.image(i).expect("it"), all.image(whole).expect("it"));
                        assert_eq!(part.boxes()[i], all.boxes()[whole]);
                        assert_eq!(part.labels()[i], all.labels()[whole]);
                    }
                }
            }
            evaluated.sort_unstable();
            assert_eq!(evaluated, all.samples(), "each image evaluates once");
            assert!(all.fold(3, 3, 0).is_err() && all.fold(0, 6, 0).is_err(), "no such fold");
        }
    }

    #[test]
    fn a_file_that_changed_or_went_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dataset = files(folder.path());
        let images = prepared(&dataset, 0);
        let path = |i: usize| match &dataset.samples[i].source {
            Source::File(path) => path,
            Source::Scene(_) => panic!("a file"),
        };
        std::fs::copy(path(1), path(0)).expect("it can be replaced");
        std::fs::remove_file(path(2)).expect("it can be removed");
        for (i, says) in [(0, "has changed since"), (2, "")] {
            let error = images.image(i).expect_err("another image, or none").to_string();
            let name = path(i).display().to_string();
            assert!(error.contains(&name) && error.contains(says), "{error}");
        }
        images.image(1).expect("this one is there");
    }
}
