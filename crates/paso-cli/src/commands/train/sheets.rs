//! The images of a run: its first batch before it begins, its worst images when it is done.
//!
//! Wrong labels and wrong augmentation are seen at a glance in the first batch, and hardly ever
//! found in numbers. The images with the worst boxes, when a run is done, often show wrong labels,
//! too.
//!
//! The files are `samples.png` and `worst.png` in the run's folder; a run without a folder has
//! none. The first is written once and never replaced, so that it shows what the run began with.
//! The second is replaced each time that the run ends, since more epochs may have made a better
//! checkpoint.

use paso_locate::data::Dataset;
use paso_locate::image::ImageLimits;
use paso_locate::run::BEST;
use paso_locate::{Error, Model, Run, draw, sheet};
use std::path::Path;

const SAMPLES: &str = "samples.png";
const WORST: &str = "worst.png";

/// The first batch as the net sees it, in the folder of a run that has just begun. Images are for
/// people: where they cannot be made, the run continues and says so.
pub(super) fn write_first_batch(run: &Run, dataset: &Dataset) {
    let Some(folder) = run.folder().filter(|_| run.epochs() == 0) else { return };
    let path = folder.join(SAMPLES);
    if path.exists() {
        return;
    }
    let trainer = run.trainer();
    let sheet = sheet::first_batch(trainer.model().config(), trainer.images(), &dataset.classes);
    say(&path, sheet.and_then(|sheet| draw::write_png(&path, &sheet)));
}

/// The validation images that the best checkpoint of a finished run is worst at.
pub(super) fn write_worst(run: &Run, dataset: &Dataset) {
    let Some(folder) = run.folder() else { return };
    let path = folder.join(WORST);
    say(&path, worst(folder, run, dataset, &path));
}

/// Evaluates the best checkpoint, which may be older than the last epoch.
fn worst(folder: &Path, run: &Run, dataset: &Dataset, path: &Path) -> Result<(), Error> {
    let mut model = Model::load(&folder.join(BEST))?;
    let found = model.evaluate(run.validation())?;
    let sheet = sheet::worst(dataset, run.validation(), &found, &ImageLimits::default())?;
    draw::write_png(path, &sheet)
}

fn say(path: &Path, made: Result<(), Error>) {
    match made {
        Ok(()) => eprintln!("images: {}", path.display()),
        Err(e) => eprintln!("note: no {}: {e}", path.display()),
    }
}
