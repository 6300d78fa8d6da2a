//! What a folder holds, in numbers: images and objects by class and split, sizes of images and
//! boxes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Labels, Split};

/// The numbers of a labeled folder. The keys of its JSON form are a stable format.
///
/// ```
/// use paso_labels::{Labels, ReadOptions};
/// # let place = tempfile::tempdir().expect("a temporary folder");
/// # let folder = place.path();
/// # image::RgbImage::new(40, 30).save(folder.join("cat.png")).expect("it is written");
/// # std::fs::write(folder.join("labels.csv"), "cat.png,10,5,30,20,cat\n").expect("written");
/// let (labels, _) = Labels::read(folder, &ReadOptions::default())?;
/// let summary = labels.summary();
/// assert_eq!((summary.usable_images, summary.objects), (1, 1));
/// assert_eq!(summary.box_area.map(|area| area.median), Some(0.25));
/// # Ok::<(), paso_labels::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Images that can be used.
    pub usable_images: usize,
    /// Objects on them.
    pub objects: usize,
    /// Images by `train`, `val`, `test`, or `none`.
    pub images_per_split: BTreeMap<String, usize>,
    /// Objects by class.
    pub objects_per_class: BTreeMap<String, usize>,
    /// Objects by class and split.
    pub objects_per_class_and_split: BTreeMap<String, BTreeMap<String, usize>>,
    /// How many images have 0, 1, 2 ... objects.
    pub images_by_objects: BTreeMap<usize, usize>,
    /// Width of images in pixels.
    pub width: Option<Spread>,
    /// Height of images in pixels.
    pub height: Option<Spread>,
    /// Width of boxes as a share of the image's.
    pub box_width: Option<Spread>,
    /// Height of boxes as a share of the image's.
    pub box_height: Option<Spread>,
    /// Area of boxes as a share of the image's.
    pub box_area: Option<Spread>,
}

/// The smallest, the middle and the largest of some values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The middle one; of an even number, the upper of the two in the middle.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// `None` for no values.
    fn new(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        Some(Self { min, median: values[values.len() / 2], max })
    }
}

impl Labels {
    /// The numbers of these labels.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut images_per_split = BTreeMap::new();
        let mut objects_per_class: BTreeMap<String, usize> = BTreeMap::new();
        let mut both: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        let mut images_by_objects = BTreeMap::new();
        let mut shares: Vec<[f64; 2]> = Vec::new();
        for image in &self.images {
            let split = name(image.split);
            *images_per_split.entry(split.clone()).or_default() += 1;
            *images_by_objects.entry(image.objects.len()).or_default() += 1;
            for object in &image.objects {
                let class = self.classes[object.class].clone();
                *objects_per_class.entry(class.clone()).or_default() += 1;
                *both.entry(class).or_default().entry(split.clone()).or_default() += 1;
                let [x0, y0, x1, y1] = object.xyxy;
                shares.push([
                    (x1 - x0) / f64::from(image.width),
                    (y1 - y0) / f64::from(image.height),
                ]);
            }
        }
        Summary {
            usable_images: self.images.len(),
            objects: shares.len(),
            images_per_split,
            objects_per_class,
            objects_per_class_and_split: both,
            images_by_objects,
            width: Spread::new(self.images.iter().map(|image| f64::from(image.width))),
            height: Spread::new(self.images.iter().map(|image| f64::from(image.height))),
            box_width: Spread::new(shares.iter().map(|[width, _]| *width)),
            box_height: Spread::new(shares.iter().map(|[_, height]| *height)),
            box_area: Spread::new(shares.iter().map(|[width, height]| width * height)),
        }
    }
}

fn name(split: Option<Split>) -> String {
    split.map_or_else(|| "none".into(), |split| split.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_smallest_the_middle_and_the_largest_value() {
        let spread = Spread::new([3.0, -1.0, 2.0].into_iter());
        assert_eq!(spread, Some(Spread { min: -1.0, median: 2.0, max: 3.0 }));
        assert_eq!(Spread::new([].into_iter()), None, "of nothing");
    }
}
