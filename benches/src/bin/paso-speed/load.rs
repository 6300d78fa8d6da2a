//! `paso-speed load`: how many images a second come out of augmentation, and out of decoding.
//!
//! Training must never wait for its images: what `par_fill_batch` makes is to be compared with the
//! images a second that `paso-speed train` takes at as many threads.
//!
//! The keys of a line: `load` is `augment`, `plain` or `decode`; `images_s` and `images_s_max` are
//! from the median and the fastest sample; `us_image_thread` is the microseconds that one thread
//! spends on an image (median time of a batch times threads over images).
//!
//! Scenes come from the demo, which draws them, so that no data is needed. They are prepared before
//! the timing. What is timed is filling a batch: augmentation, where there is one, and
//! normalization. With `--data`, decoding and resizing of up to 128 files are timed as well.

use std::path::{Path, PathBuf};

use paso_locate::augment::Augment;
use paso_locate::data::{Dataset, LoadOptions, PrepareOptions, Prepared, SeveralObjects, Source};
use paso_locate::demo::{DemoOptions, dataset};
use paso_locate::image::{ImageLimits, decode, resize_into};
use rayon::prelude::*;

use crate::timing::{self, Effort};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Threads, each bound to a CPU.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Sides of the square images.
    #[arg(long, num_args = 1.., default_values_t = [96, 64])]
    size: Vec<u16>,
    /// Images in a batch.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Seconds to sample each for.
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// A folder of labeled images: how fast they are decoded and resized.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// Prints a line a size and kind.
pub(crate) fn run(args: &Args) {
    timing::pool(args.threads.into()).install(|| {
        for &size in &args.size {
            fill(args, size.into());
            if let Some(folder) = &args.data {
                decoding(args, folder, size.into());
            }
        }
    });
}

/// Batches of the demo's scenes, with the default augmentation and with none.
fn fill(args: &Args, size: usize) {
    let demo =
        dataset(&DemoOptions { train: 256, val: 1, seed: 0 }).unwrap_or_else(|e| panic!("{e}"));
    let options = PrepareOptions { size, ..PrepareOptions::default() };
    let all: Vec<usize> = (0..256).collect();
    let (images, _) = Prepared::new(&demo, &all, &options).unwrap_or_else(|e| panic!("{e}"));
    let batch: usize = args.batch.into();
    let indices: Vec<usize> = (0..batch).map(|i| i * 37 % 256).collect();
    for (what, augment) in [("augment", Some(Augment::default())), ("plain", None)] {
        let mut out = Batch::new(batch, size);
        let mut epoch = 0;
        check(&images, &indices, augment.as_ref(), size);
        let (median, best) = timing::sample(Effort::Seconds(args.seconds), || {
            epoch += 1;
            out.fill(&images, &indices, augment.as_ref(), epoch, true);
        });
        line(args, what, size, batch as f64, median, best);
    }
}

/// One batch's buffers.
#[derive(PartialEq)]
struct Batch {
    /// Normalized pixels, three channels each.
    images: Vec<f32>,
    /// Two corners per image, as shares of its sides.
    boxes: Vec<f32>,
    labels: Vec<usize>,
}

impl Batch {
    fn new(batch: usize, size: usize) -> Self {
        Self {
            images: vec![0.0; batch * size * size * 3],
            boxes: vec![0.0; batch * 4],
            labels: vec![0; batch],
        }
    }

    fn fill(
        &mut self,
        from: &Prepared,
        indices: &[usize],
        augment: Option<&Augment>,
        epoch: u64,
        parallel: bool,
    ) {
        let Self { images, boxes, labels } = self;
        let done = if parallel {
            from.par_fill_batch(indices, augment, 0, epoch, images, boxes, labels)
        } else {
            from.fill_batch(indices, augment, 0, epoch, images, boxes, labels)
        };
        done.unwrap_or_else(|e| panic!("{e}"));
    }
}

/// Threads change nothing; another epoch changes an augmented batch; every box is a box, and values
/// are those of pixels.
fn check(images: &Prepared, indices: &[usize], augment: Option<&Augment>, size: usize) {
    let batch = |epoch, parallel| {
        let mut batch = Batch::new(indices.len(), size);
        batch.fill(images, indices, augment, epoch, parallel);
        batch
    };
    let one = batch(1, true);
    assert!(one == batch(1, false), "threads change the batch");
    assert_eq!(
        one == batch(2, true),
        augment.is_none(),
        "the epoch changes what is augmented, and only that"
    );
    // The brightest blue and the darkest red that the normalization makes.
    assert!(one.images.iter().all(|v| (-2.2..=2.7).contains(v)), "a value beyond those of pixels");
    for bbox in one.boxes.chunks_exact(4) {
        let ordered = 0.0 <= bbox[0] && bbox[0] < bbox[2] && bbox[2] <= 1.0;
        assert!(
            ordered && 0.0 <= bbox[1] && bbox[1] < bbox[3] && bbox[3] <= 1.0,
            "{bbox:?} is no box"
        );
    }
}

/// The images of a folder, from their files to the bytes of a net's input.
fn decoding(args: &Args, folder: &Path, size: usize) {
    let several_objects = SeveralObjects::Largest;
    let options = LoadOptions { several_objects, ..LoadOptions::default() };
    let (dataset, _) = Dataset::load(folder, &options).unwrap_or_else(|e| panic!("{e}"));
    let paths = dataset.samples.iter().filter_map(|sample| match &sample.source {
        Source::File(path) => Some(path),
        Source::Scene(_) => None,
    });
    // Files that were read before come from the system's memory: this times decoding, not the disk.
    let paths: Vec<&PathBuf> = paths.take(128).collect();
    let prepare = PrepareOptions { size, ..PrepareOptions::default() };
    let all: Vec<usize> = (0..paths.len()).collect();
    let (images, broken) =
        Prepared::new(&dataset, &all, &prepare).unwrap_or_else(|e| panic!("{e}"));
    assert!(broken.is_empty(), "{broken:?}");
    let length = 3 * size * size;
    let mut out = vec![0; length * paths.len()];
    let mut every = || {
        out.par_chunks_exact_mut(length).zip(&paths).for_each(|(out, path)| {
            let image = decode(path, &ImageLimits::default()).unwrap_or_else(|e| panic!("{e}"));
            resize_into(&image, size, out);
        });
    };
    let (median, best) = timing::sample(Effort::Seconds(args.seconds), &mut every);
    for (i, bytes) in out.chunks_exact(length).enumerate() {
        let prepared = images.image(i).unwrap_or_else(|e| panic!("{e}"));
        assert!(bytes == &*prepared, "{}: decoded twice, not the same", paths[i].display());
    }
    line(args, "decode", size, paths.len() as f64, median, best);
}

/// `images` is how many one sample makes; `median` and `best` are its seconds.
fn line(args: &Args, what: &str, size: usize, images: f64, median: f64, best: f64) {
    let line = serde_json::json!({
        "peer": "paso",
        "load": what,
        "size": size,
        "threads": args.threads,
        "batch": args.batch,
        "images_s": (images / median).round(),
        "images_s_max": (images / best).round(),
        "us_image_thread": (median / images * f64::from(args.threads) * 1e7).round() / 10.0,
    });
    #[expect(clippy::print_stdout, reason = "the program's output")]
    {
        println!("{line}");
    }
}
