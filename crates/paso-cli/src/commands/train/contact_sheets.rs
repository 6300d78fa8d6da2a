//! The contact sheets of a run: `samples.png`, the first batch as the net sees it, and `worst.png`, the validation images
//! with the lowest IoU. A sheet that cannot be drawn is a note, not a failure of the run.

use paso_locate::data::Dataset;
use paso_locate::image::ImageLimits;
use paso_locate::run::BEST;
use paso_locate::{Error, Model, Run, draw, sheet};
use std::path::Path;

const SAMPLES: &str = "samples.png";
const WORST: &str = "worst.png";

/// Draws the first batch into the folder of a run that has not done any epoch.
pub(super) fn draw_first_batch(run: &Run, dataset: &Dataset) {
    let Some(folder) = run.folder().filter(|_| run.epochs() == 0) else { return };
    let path = folder.join(SAMPLES);
    if path.exists() {
        return;
    }
    let trainer = run.trainer();
    let sheet = sheet::first_batch(trainer.model().config(), trainer.images(), &dataset.classes);
    report(&path, sheet.and_then(|sheet| draw::write_png(&path, &sheet)));
}

/// Draws the validation images on which the best checkpoint of a finished run has the lowest IoU.
pub(super) fn draw_worst(run: &Run, dataset: &Dataset) {
    let Some(folder) = run.folder() else { return };
    let path = folder.join(WORST);
    report(&path, write_worst(folder, run, dataset, &path));
}

fn write_worst(folder: &Path, run: &Run, dataset: &Dataset, path: &Path) -> Result<(), Error> {
    let mut model = Model::load(&folder.join(BEST))?;
    let evaluation = model.evaluate(run.validation())?;
    let sheet = sheet::worst(dataset, run.validation(), &evaluation, &ImageLimits::default())?;
    draw::write_png(path, &sheet)
}

fn report(path: &Path, written: Result<(), Error>) {
    match written {
        Ok(()) => eprintln!("contact sheet: {}", path.display()),
        Err(e) => eprintln!("note: {} was not written: {e}", path.display()),
    }
}
