//! Writing data sets, in any format: a whole folder, or none.
//!
//! Everything goes into a new folder in the same parent folder, which is renamed when all of it is there.
//! Images keep their bytes and their names below `images/`; boxes are in pixels of the upright
//! image (fractions for YOLO), with all digits, so that reading gives the same bits again.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use rayon::prelude::*;

use super::files::stem;
use super::{AnnotatedImage, Boxed, Contents, Format, Source, Split};
use super::{coco, voc, yolo};
use crate::Error;
use crate::demo::scene;

/// Writes a data set into a folder that is empty or not there yet.
pub(crate) fn write(contents: &Contents, format: Format, out: &Path) -> Result<(), Error> {
    if std::fs::symlink_metadata(out).is_ok()
        && !std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none())
    {
        return Err(Error::option("the output folder", out.display(), "empty or not there yet"));
    }
    distinct(&contents.images, out)?;
    let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(Error::io(parent))?;
    let folder = paso_files::sibling_folder(out).map_err(Error::io(out))?;
    let target = Target { root: folder.path(), contents };
    target.all(format).map_err(|error| named(error, folder.path(), out))?;
    paso_files::rename_folder(folder, out).map_err(Error::io(out))
}

/// The file's place as the user knows it: the temporary folder is gone when they read the message.
fn named(error: Error, temporary: &Path, out: &Path) -> Error {
    match error {
        Error::Io { path, source } => {
            let path = path.strip_prefix(temporary).map(|below| out.join(below)).unwrap_or(path);
            Error::Io { path, source }
        }
        other => other,
    }
}

/// Refuses images that would have the same place, or the same label file.
fn distinct(images: &[AnnotatedImage], out: &Path) -> Result<(), Error> {
    let mut stems = HashMap::new();
    for image in images {
        if let Some(other) = stems.insert(stem(&image.name), &image.name) {
            let message = format!(
                "{} and {other} would have the same label file; rename one of them",
                image.name
            );
            return Err(Error::Folder { path: out.to_owned(), message });
        }
    }
    Ok(())
}

/// The folder that is written, and what goes there.
struct Target<'a> {
    root: &'a Path,
    contents: &'a Contents,
}

impl Target<'_> {
    fn all(&self, format: Format) -> Result<(), Error> {
        self.contents.images.par_iter().try_for_each(|image| self.image(image))?;
        match format {
            Format::Voc => self.voc(),
            Format::Coco => self.coco(),
            Format::Yolo => self.yolo(),
            Format::Csv => self.csv(),
        }?;
        self.lists(format)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.root.join(name);
        let folder = path.parent().expect("a file below the root");
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let mut file = std::fs::File::create_new(&path).map_err(Error::io(&path))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::io(&path))
    }

    fn image(&self, image: &AnnotatedImage) -> Result<(), Error> {
        let name = format!("images/{}", image.name);
        match &image.source {
            Source::File(path) => self.file(&name, &std::fs::read(path).map_err(Error::io(path))?),
            Source::Scene(scene) => {
                let size = image.width as usize;
                let mut pixels = vec![0; 3 * size * size];
                scene::draw(scene, size, &mut pixels);
                let bytes = png(image.width, &pixels).map_err(|m| Error::image(&name, m))?;
                self.file(&name, &bytes)
            }
        }
    }

    /// The split of an image. Where some have one and no split file says which are used, an image
    /// without one is for training, as when it is read.
    fn split(&self, image: &AnnotatedImage) -> Option<Split> {
        let any = || self.contents.images.iter().any(|p| p.split.is_some());
        image.split.or_else(|| (!self.contents.listed && any()).then_some(Split::Train))
    }

    fn of_split(&self, split: Option<Split>) -> Vec<&AnnotatedImage> {
        self.contents.images.iter().filter(|p| self.split(p) == split).collect()
    }

    fn lists(&self, format: Format) -> Result<(), Error> {
        for split in [Split::Train, Split::Val, Split::Test] {
            let lines: String = self
                .of_split(Some(split))
                .iter()
                .map(|p| match format {
                    Format::Voc => format!("{}\n", stem(&p.name)),
                    Format::Yolo => format!("./images/{}\n", p.name),
                    _ => format!("{}\n", p.name),
                })
                .collect();
            if !lines.is_empty() {
                self.file(&format!("{split}.txt"), lines.as_bytes())?;
            }
        }
        Ok(())
    }

    fn class(&self, object: &Boxed) -> &str {
        &self.contents.classes[object.class]
    }

    fn voc(&self) -> Result<(), Error> {
        self.contents.images.par_iter().try_for_each(|image| {
            let objects: Vec<(&str, [f64; 4])> =
                image.objects.iter().map(|o| (self.class(o), o.xyxy)).collect();
            let own = image.name.rsplit('/').next().expect("a name has a last part");
            let xml = voc::annotation(own, (image.width, image.height), &objects);
            self.file(&format!("annotations/{}.xml", stem(&image.name)), xml.as_bytes())
        })
    }

    fn coco(&self) -> Result<(), Error> {
        let names = self.contents.classes.iter();
        let categories: Vec<coco::Category> =
            (1..).zip(names).map(|(id, name)| coco::Category { id, name: name.clone() }).collect();
        let (mut image_id, mut annotation_id) = (0, 0);
        for split in [Some(Split::Train), Some(Split::Val), Some(Split::Test), None] {
            let images = self.of_split(split);
            if images.is_empty() {
                continue;
            }
            let mut file = coco::File { categories: categories.clone(), ..coco::File::default() };
            for image in images {
                image_id += 1;
                file.images.push(coco::Image {
                    id: image_id,
                    file_name: image.name.clone(),
                    width: image.width,
                    height: image.height,
                });
                for object in &image.objects {
                    annotation_id += 1;
                    file.annotations.push(coco::Annotation::new(annotation_id, image_id, object));
                }
            }
            let name = match split {
                Some(split) => format!("annotations/instances_{split}.json"),
                None => "annotations/instances_all.json".into(),
            };
            let json = serde_json::to_vec(&file).expect("numbers and names are JSON");
            self.file(&name, &json)?;
        }
        Ok(())
    }

    fn yolo(&self) -> Result<(), Error> {
        self.contents.images.par_iter().try_for_each(|image| {
            let (w, h) = (f64::from(image.width), f64::from(image.height));
            let line = |o: &Boxed| {
                let [x0, y0, x1, y1] = o.xyxy;
                let (x, y) = ((x0 + x1) / 2.0 / w, (y0 + y1) / 2.0 / h);
                format!("{} {x} {y} {} {}\n", o.class, (x1 - x0) / w, (y1 - y0) / h)
            };
            let lines: String = image.objects.iter().map(line).collect();
            self.file(&yolo::mirrored(&format!("images/{}", image.name)), lines.as_bytes())
        })?;
        let mut yaml = String::new();
        for split in [Split::Train, Split::Val, Split::Test] {
            if !self.of_split(Some(split)).is_empty() {
                yaml.push_str(&format!("{split}: {split}.txt\n"));
            }
        }
        if yaml.is_empty() {
            yaml.push_str("train: images\nval: images\n");
        }
        yaml.push_str("names:\n");
        for (number, name) in self.contents.classes.iter().enumerate() {
            // A JSON string is a YAML string, whatever is in it.
            yaml.push_str(&format!("  {number}: {}\n", serde_json::Value::from(name.as_str())));
        }
        self.file("data.yaml", yaml.as_bytes())
    }

    fn csv(&self) -> Result<(), Error> {
        let mut table = ::csv::Writer::from_writer(Vec::new());
        let mut row = |fields: &[String; 8]| table.write_record(fields).expect("in memory");
        row(&["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]
            .map(String::from));
        for p in &self.contents.images {
            let (name, width, height) = (&p.name, p.width.to_string(), p.height.to_string());
            for object in &p.objects {
                let [x0, y0, x1, y1] = object.xyxy.map(|v| v.to_string());
                let class = self.class(object).to_owned();
                row(&[name.clone(), width.clone(), height.clone(), class, x0, y0, x1, y1]);
            }
            if p.objects.is_empty() {
                let [a, b, c, d, e] = [const { String::new() }; 5];
                row(&[name.clone(), width, height, a, b, c, d, e]);
            }
        }
        self.file("labels.csv", &table.into_inner().expect("in memory"))
    }
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
