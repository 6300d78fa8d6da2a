//! One object an image: the policy for images with none or several.

use paso_labels::{ImageSource, LabeledImage, Labels, Object};

use super::{Dataset, Problem, ProblemKind, Sample, SeveralObjects, Source, Split};
use crate::BBox;

/// Chooses one object an image, and numbers the classes that are left by the order of their names.
/// Images without a split are for training, or unused where split files list the others.
pub(super) fn one_object(
    labels: Labels,
    several: SeveralObjects,
    problems: &mut Vec<Problem>,
) -> Dataset {
    let Labels { classes, images, listed, .. } = labels;
    let mut samples = Vec::with_capacity(images.len());
    for image in images {
        let split = match image.split {
            None if listed => continue,
            split => split.unwrap_or(Split::Train),
        };
        match object(&image, several) {
            Ok(object) => samples.extend(sample(image, object, split)),
            Err((kind, what)) => {
                let message = format!("{}: {what}", image.name);
                problems.push(Problem::new(kind, image.label, image.line, message));
            }
        }
    }
    let mut used: Vec<usize> = samples.iter().map(|s| s.class).collect();
    used.sort_by(|a, b| classes[*a].cmp(&classes[*b]));
    used.dedup();
    for sample in &mut samples {
        sample.class = used
            .binary_search_by(|u| classes[*u].cmp(&classes[sample.class]))
            .expect("every sample's class was collected");
    }
    Dataset { classes: used.iter().map(|&u| classes[u].clone()).collect(), samples }
}

/// The object to find, or why there is none.
fn object(image: &LabeledImage, several: SeveralObjects) -> Result<Object, (ProblemKind, String)> {
    match (&image.objects[..], several) {
        ([], _) => Err((ProblemKind::NoObject, "has no object".into())),
        ([one], _) => Ok(*one),
        (many, SeveralObjects::Skip) => {
            let what = "objects; several_objects = largest would keep one";
            Err((ProblemKind::SeveralObjects, format!("has {} {what}", many.len())))
        }
        (many, SeveralObjects::Error) => {
            let message = format!("has {} objects, and several_objects is error", many.len());
            Err((ProblemKind::Malformed, message))
        }
        (many, SeveralObjects::Largest) => {
            // The first of equals: `max_by` alone would take the last.
            let largest = many.iter().rev().max_by(|a, b| a.area().total_cmp(&b.area()));
            Ok(*largest.expect("there are several"))
        }
    }
}

/// A sample of an image that lies in a file, as every image does that was read from a folder.
fn sample(image: LabeledImage, object: Object, split: Split) -> Option<Sample> {
    let ImageSource::File(path) = image.source else { return None };
    Some(Sample {
        bbox: BBox::from_pixels(object.xyxy, image.width, image.height),
        class: object.class,
        source: Source::File(path),
        name: image.name,
        width: image.width,
        height: image.height,
        orientation: image.orientation,
        split,
    })
}
