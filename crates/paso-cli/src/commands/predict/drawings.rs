//! The folder of the drawings: one of paso's own, in which nothing is ever replaced.
//!
//! A drawing has the name of its image with the ending `png`, so a folder of photographs would be
//! full of names that it could take the place of. Therefore the folder must be new, empty, or marked
//! as paso's (`paso_files::MARKER`); and a name that is taken gets a number: `photo-2.png`. It is
//! taken by an image of another folder or ending in the same call, or by an earlier call.
//!
//! The folder is made for the first drawing, so a call that fails before leaves none.

use crate::{folder, output_file};
use anyhow::{Context, Result};
use image::RgbImage;
use paso_locate::image::Image;
use paso_locate::{Prediction, draw};
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Drawings<'a> {
    folder: &'a Path,
}

impl<'a> Drawings<'a> {
    /// Drawings into this folder, which is not made yet.
    ///
    /// # Errors
    /// If something is in it that is not paso's.
    pub(super) fn into(folder: &'a Path) -> Result<Self> {
        folder::check_own(folder)?;
        Ok(Self { folder })
    }

    /// The upright image with its box, as a new PNG file. Returns its path.
    ///
    /// # Errors
    /// If the folder cannot be made or written.
    pub(super) fn draw(
        &self,
        path: &Path,
        image: Image,
        found: &Prediction,
        class: &str,
    ) -> Result<PathBuf> {
        let corners = found.bbox.to_pixels(image.width, image.height);
        let mut copy = RgbImage::from_raw(image.width, image.height, image.rgb)
            .context("an image has three bytes a pixel")?;
        let label = format!("{class} {:.2}", found.score);
        draw::draw_box(&mut copy, corners, draw::PREDICTED, &label);
        folder::make_own(self.folder, "predict")?;
        let target = self.free_name(path)?;
        output_file::write_new_png(&target, &copy)?;
        Ok(target)
    }

    /// `photo.png`, or the first of `photo-2.png`, `photo-3.png`, … that is not there.
    fn free_name(&self, path: &Path) -> Result<PathBuf> {
        let stem =
            path.file_stem().with_context(|| format!("{} is no file name", path.display()))?;
        let name = |n: u64| {
            let mut name = stem.to_owned();
            if n > 1 {
                name.push(format!("-{n}"));
            }
            name.push(".png");
            self.folder.join(name)
        };
        let free = (1..).map(name).find(|path| path.symlink_metadata().is_err());
        Ok(free.expect("there are fewer files than numbers"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let drawings = Drawings::into(folder.path()).expect("it is empty");
        for (image, drawing) in [
            ("a/x.jpg", "x.png"),
            ("b/x.jpg", "x-2.png"),
            ("b/x.png", "x-3.png"),
            ("y.tar.gz", "y.tar.png"),
        ] {
            let free = drawings.free_name(Path::new(image)).expect("a name");
            assert_eq!(free, folder.path().join(drawing), "{image}");
            std::fs::write(&free, "drawn").expect("it is written");
        }
        assert!(drawings.free_name(Path::new("..")).is_err(), "no file name");
        assert!(Drawings::into(folder.path()).is_err(), "these files are not paso's");
    }
}
