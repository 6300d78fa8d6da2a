//! The images of a run: its labels and its first batch before it begins, its worst images when it is
//! done.
//!
//! Labels that were misunderstood are seen at a glance on the images, wrong augmentation in the
//! first batch, and both are hardly ever found in numbers. The images with the worst boxes, when a run is done, often show wrong labels,
//! too.
//!
//! The files are `labels.png`, `samples.png` and `worst.png` in the run's folder; a run without a
//! folder has none. The first two are written once and never replaced, so that they show what the run began with.
//! The last is replaced each time that the run ends, since more epochs may have made a better
//! checkpoint.

use paso_locate::data::Dataset;
use paso_locate::image::ImageLimits;
use paso_locate::run::BEST;
use paso_locate::{Error, Model, Run, draw, sheet};
use std::path::Path;

const LABELS: &str = "labels.png";
const SAMPLES: &str = "samples.png";
const WORST: &str = "worst.png";

/// The labels as they were understood, and the first batch as the net sees it, in the folder of a
/// run that has just begun. Images are for people: where they cannot be made, the run continues and
/// says so.
pub(super) fn write_first(run: &Run, dataset: &Dataset, limits: &ImageLimits) {
    let Some(folder) = run.folder().filter(|_| run.epochs() == 0) else { return };
    let write = |name: &str, sheet: &dyn Fn() -> Result<image::RgbImage, Error>| {
        let path = folder.join(name);
        if !path.exists() {
            say(&path, sheet().and_then(|sheet| draw::write_png(&path, &sheet)));
        }
    };
    write(LABELS, &|| sheet::samples(dataset, limits));
    let trainer = run.trainer();
    let config = trainer.model().config();
    write(SAMPLES, &|| sheet::first_batch(config, trainer.images(), &dataset.classes));
}

/// The validation images that the best checkpoint of a finished run is worst at.
pub(super) fn write_worst(run: &Run, dataset: &Dataset, limits: &ImageLimits) {
    let Some(folder) = run.folder() else { return };
    let path = folder.join(WORST);
    say(&path, worst(folder, run, dataset, limits, &path));
}

/// Evaluates the best checkpoint, which may be older than the last epoch.
fn worst(
    folder: &Path,
    run: &Run,
    dataset: &Dataset,
    limits: &ImageLimits,
    path: &Path,
) -> Result<(), Error> {
    let mut model = Model::load(&folder.join(BEST))?;
    let found = model.evaluate(run.validation())?;
    let sheet = sheet::worst(dataset, run.validation(), &found, limits)?;
    draw::write_png(path, &sheet)
}

fn say(path: &Path, made: Result<(), Error>) {
    match made {
        Ok(()) => eprintln!("images: {}", path.display()),
        Err(e) => eprintln!("note: no {}: {e}", path.display()),
    }
}
