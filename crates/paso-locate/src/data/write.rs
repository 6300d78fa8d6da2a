//! Writing data sets: whole files, into folders that were empty.

use std::path::Path;

use super::{Dataset, Source, Split};
use crate::files::write_whole;
use crate::{Error, demo};

/// Makes a folder to write into. One that exists must be empty: nothing is ever overwritten.
pub(crate) fn new_folder(dir: &Path) -> Result<(), Error> {
    if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::option("the output folder", dir.display(), "empty or not there yet"));
    }
    std::fs::create_dir_all(dir).map_err(Error::io(dir))
}

/// The demo as a Pascal VOC folder.
pub(crate) fn write_demo(dataset: &Dataset, size: usize, dir: &Path) -> Result<(), Error> {
    let side = u32::try_from(size)
        .ok()
        .filter(|s| (8..=1024).contains(s))
        .ok_or_else(|| Error::option("size", size, "from 8 to 1024 pixels"))?;
    new_folder(dir)?;
    for folder in ["images", "annotations"] {
        let path = dir.join(folder);
        std::fs::create_dir(&path).map_err(Error::io(&path))?;
    }
    let mut pixels = vec![0; 3 * size * size];
    for sample in &dataset.samples {
        let Source::Scene(scene) = &sample.source else { unreachable!("the demo has scenes only") };
        demo::draw(scene, size, &mut pixels);
        let path = dir.join("images").join(&sample.name);
        write_whole(&path, &png(side, &pixels).map_err(|m| Error::image(&path, m))?)?;
        let corners = sample.bbox.to_pixels(side, side);
        let object = (dataset.classes[sample.class].as_str(), corners);
        let xml = super::voc::annotation(&sample.name, (side, side), &[object]);
        let stem = super::files::stem(&sample.name);
        write_whole(&dir.join("annotations").join(format!("{stem}.xml")), xml.as_bytes())?;
    }
    for split in [Split::Train, Split::Val] {
        let names: String = dataset
            .samples
            .iter()
            .filter(|s| s.split == split)
            .map(|s| format!("{}\n", super::files::stem(&s.name)))
            .collect();
        write_whole(&dir.join(format!("{split}.txt")), names.as_bytes())?;
    }
    Ok(())
}

fn png(side: u32, rgb: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::write_buffer_with_format(
        &mut bytes,
        rgb,
        side,
        side,
        image::ExtendedColorType::Rgb8,
        image::ImageFormat::Png,
    )
    .map_err(|e| format!("cannot be encoded: {e}"))?;
    Ok(bytes.into_inner())
}
