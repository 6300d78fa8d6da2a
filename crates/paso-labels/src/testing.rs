//! Small folders for the tests of the formats.

use std::path::Path;

use crate::{Error, Format, Labels, ProblemKind, ReadOptions, Report};

/// A temporary folder of images and label files.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with these images, of 40x30 pixels.
    pub(crate) fn new(images: &[&str]) -> Self {
        Self::sized(images, [40, 30])
    }

    /// A folder with these images, of this width and height.
    pub(crate) fn sized(images: &[&str], [width, height]: [u32; 2]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        for (shade, name) in (0..).zip(images) {
            let path = folder.0.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
            let image = image::RgbImage::from_pixel(width, height, image::Rgb([shade * 9; 3]));
            image.save(path).expect("it is written");
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        std::fs::write(path, bytes).expect("it is written");
        self
    }

    pub(crate) fn read(&self) -> Result<(Labels, Report), Error> {
        Labels::read(self.path(), &ReadOptions::default())
    }

    pub(crate) fn read_as(&self, format: Format) -> Result<(Labels, Report), Error> {
        let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
        Labels::read(self.path(), &options)
    }
}

/// Every object as image, class and corners.
pub(crate) fn boxes(labels: &Labels) -> Vec<(String, String, [f64; 4])> {
    let all = labels.images.iter().flat_map(|i| i.objects.iter().map(move |o| (i, o)));
    all.map(|(i, o)| (i.name.clone(), labels.classes[o.class].clone(), o.xyxy)).collect()
}

/// The messages of one kind, with their lines in front.
pub(crate) fn messages(report: &Report, kind: ProblemKind) -> Vec<String> {
    let shown = |line: Option<usize>| line.map_or(String::new(), |line| format!("{line}: "));
    let these = report.problems.iter().filter(|problem| problem.kind == kind);
    these.map(|problem| shown(problem.line) + &problem.message).collect()
}
