//! A trained net as its users see it: images in, a box and a class out.
//!
//! A [`Model`] is what a training leaves: settings, names of classes and weights. It predicts, can
//! be evaluated, and is what the exports take. It holds no moments; to train on, load the
//! checkpoint with [`Run::resume`](crate::Run::resume).

use crate::archive::Archive;
use crate::augment::normalize_into;
use crate::checkpoint::{self, Meta};
use crate::data::Prepared;
use crate::image::{Image, resize_into};
use crate::metrics::{self, Located, Metrics};
use crate::nets::Net;
use crate::{BBox, Error, TrainConfig, features};
use paso_tape::Params;
use std::path::Path;

/// Images that go through the net at once. More would only cost memory.
const CHUNK: usize = 32;

/// A net with its parameters.
///
/// Predicting takes `&mut self`, since the values of all layers are kept in buffers of the net,
/// which are reused: the second call allocates none of them.
///
/// ```
/// use paso_locate::image::{Image, Orientation};
/// use paso_locate::{Model, NetName, TrainConfig};
///
/// let config = TrainConfig { net: NetName::Tiny, size: 32, ..TrainConfig::default() };
/// let mut model = Model::new(&config, vec!["cat".into(), "dog".into()])?;
/// let rgb = vec![128; 3 * 40 * 30];
/// let photo = Image { width: 40, height: 30, rgb, orientation: Orientation::UPRIGHT };
/// let found = model.locate(&photo);
/// assert!(model.classes().len() > found.class && found.score >= 0.5);
/// let [x0, y0, x1, y1] = found.bbox.to_pixels(photo.width, photo.height);
/// assert!(0.0 <= x0 && x0 <= x1 && x1 <= 40.0 && 0.0 <= y0 && y0 <= y1 && y1 <= 30.0);
/// # Ok::<(), paso_locate::Error>(())
/// ```
#[derive(Debug)]
pub struct Model {
    pub(crate) net: Net,
    pub(crate) params: Params,
    config: TrainConfig,
    classes: Vec<String>,
}

/// What the net says about one image. There is always a box and a class: a net that was trained on
/// images with an object does not know that there may be none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The box, as fractions of the image.
    pub bbox: BBox,
    /// The likeliest class.
    pub class: usize,
    /// Its probability by the net, 0..=1. Nothing calibrates it.
    pub score: f64,
}

/// How good a net is on some images.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Means over the images.
    pub metrics: Metrics,
    /// The `IoU` of each image's box with the true one.
    pub ious: Vec<f64>,
    /// The mean of the training loss, without augmentation.
    pub loss: f64,
    /// What the net said about each image.
    pub predictions: Vec<Prediction>,
}

impl Model {
    /// A fresh net with random weights from the settings' seed. `classes` are their names, at least
    /// one, in the order of its outputs.
    ///
    /// # Errors
    /// When a setting is out of range, or there is no class.
    pub fn new(config: &TrainConfig, classes: Vec<String>) -> Result<Self, Error> {
        config.check()?;
        if classes.is_empty() {
            return Err(Error::invalid_value("classes", "empty", "at least one name"));
        }
        let (mut net, params) = Net::new(config, classes.len());
        net.tape.set_parallel(true);
        Ok(Self { net, params, config: config.clone(), classes })
    }

    /// Reads a checkpoint's net, with the weights that it has for use: averaged ones where the run
    /// evaluated such.
    ///
    /// # Errors
    /// When the file is no checkpoint of paso or damaged (see [`checkpoint`]), or its tensors are
    /// not those of the net that it names: one too few, too many or of another shape is named.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let (meta, tensors) = checkpoint::load(path)?;
        Self::from_archive(&meta, &Archive::new(path, &tensors)?)
    }

    pub(crate) fn from_archive(meta: &Meta, archive: &Archive<'_>) -> Result<Self, Error> {
        let mut model = Self::new(&meta.config, meta.classes.clone())?;
        let (moments, second) = (meta.config.optimizer.moments(), archive.second_net(&meta.config));
        archive.check_complete(&model.params, &moments, second)?;
        let (values, buffers) =
            (archive.trained(&model.params, "")?, archive.statistics(&model.params, "")?);
        model.params.values_mut().copy_from_slice(&values);
        model.params.buffers_mut().copy_from_slice(&buffers);
        Ok(model)
    }

    /// Takes the features of its body from a file of weights that were learned on other images.
    ///
    /// # Errors
    /// When the net has no such body, or the file does not hold it.
    pub fn load_features(&mut self, path: &Path) -> Result<(), Error> {
        let Some(body) = self.net.body else {
            let net = self.config.net;
            let allowed = "squeezenet or lite0, to take features from a file";
            return Err(Error::invalid_value("net", net, allowed));
        };
        features::load(path, &mut self.params, body, self.config.net)
    }

    /// The settings it was trained with.
    #[must_use]
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Names of the classes, in the order of [`Prediction::class`].
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Number of trained parameters; running statistics of batch norms do not count.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.params.values().len()
    }

    /// What the net says about every image, on the threads of the current rayon pool.
    ///
    /// # Errors
    /// As [`Prepared::image`].
    ///
    /// # Panics
    /// When the images do not have the size of the net.
    #[track_caller]
    pub fn predict(&mut self, images: &Prepared) -> Result<Vec<Prediction>, Error> {
        self.run(images, |_| ())
    }

    /// What the net says about one image of any size, which is stretched to the net's square first.
    /// The box is in fractions of the upright image.
    pub fn locate(&mut self, image: &Image) -> Prediction {
        let side = self.config.size as usize;
        let mut bytes = vec![0; side * side * 3];
        resize_into(image, side, &mut bytes);
        let mut pixels = vec![0.0; bytes.len()];
        normalize_into(&bytes, &mut pixels);
        let net = &mut self.net;
        net.tape.infer(&self.params, &[(net.image, &pixels)]);
        prediction(&net.tape.value(net.xyxy), &net.tape.value(net.logits))
    }

    /// How good the net is on images whose boxes and classes are known.
    ///
    /// # Errors
    /// As [`Prepared::image`].
    ///
    /// # Panics
    /// When there is no image, or the images do not have the size of the net.
    #[track_caller]
    pub fn evaluate(&mut self, images: &Prepared) -> Result<Evaluation, Error> {
        let (mut box_loss, mut class_loss) = (0.0, 0.0);
        let predictions = self.run(images, |net| {
            let n = net.tape.images() as f64;
            box_loss += n * f64::from(net.tape.mean(net.box_loss));
            class_loss += n * f64::from(net.tape.mean(net.class_loss));
        })?;
        let located: Vec<Located> = predictions.iter().map(|&p| p.into()).collect();
        let truth: Vec<Located> = images
            .boxes()
            .iter()
            .zip(images.labels())
            .map(|(&bbox, &class)| Located { bbox, class })
            .collect();
        let loss = (box_loss + self.config.class_weight * class_loss) / images.len() as f64;
        Ok(Evaluation {
            metrics: metrics::evaluate(&located, &truth),
            ious: metrics::ious(&located, &truth),
            loss,
            predictions,
        })
    }

    /// Runs the net over all images, some at a time; `look` sees it after each part.
    #[track_caller]
    fn run(
        &mut self,
        images: &Prepared,
        mut look: impl FnMut(&Net),
    ) -> Result<Vec<Prediction>, Error> {
        let side = self.config.size as usize;
        assert_eq!(
            images.size(),
            side,
            "images of {0}x{0} for a net of {side}x{side}",
            images.size()
        );
        let indices: Vec<usize> = (0..images.len()).collect();
        let mut predictions = Vec::with_capacity(images.len());
        for chunk in indices.chunks(CHUNK) {
            let mut pixels = vec![0.0; chunk.len() * side * side * 3];
            let (mut boxes, mut labels) = (vec![0.0; 4 * chunk.len()], vec![0; chunk.len()]);
            images.par_fill_batch(chunk, None, 0, 0, &mut pixels, &mut boxes, &mut labels)?;
            let classes: Vec<f32> = labels.iter().map(|&l| l as f32).collect();
            let net = &mut self.net;
            net.tape.infer(
                &self.params,
                &[(net.image, &pixels), (net.target, &boxes), (net.class, &classes)],
            );
            let (xyxy, logits) = (net.tape.value(net.xyxy), net.tape.value(net.logits));
            predictions.extend(
                xyxy.chunks_exact(4)
                    .zip(logits.chunks_exact(self.classes.len()))
                    .map(|(c, l)| prediction(c, l)),
            );
            look(net);
        }
        Ok(predictions)
    }
}

fn prediction(xyxy: &[f32], logits: &[f32]) -> Prediction {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let class = logits.iter().position(|&l| l == top).unwrap_or(0);
    let sum: f64 = logits.iter().map(|&l| f64::from(l - top).exp()).sum();
    let bbox = BBox::new(xyxy[0], xyxy[1], xyxy[2], xyxy[3]).clamped();
    Prediction { bbox, class, score: 1.0 / sum }
}

impl Prediction {
    /// The box in pixels of the image as it is stored: `[x_min, y_min, x_max, y_max]`.
    #[must_use]
    pub fn stored_pixels(&self, image: &Image) -> [f64; 4] {
        let (width, height) = image.orientation.upright_size(image.width, image.height);
        image.orientation.to_stored(self.bbox).to_pixels(width, height)
    }
}

impl From<Prediction> for Located {
    fn from(p: Prediction) -> Self {
        Self { bbox: p.bbox, class: p.class }
    }
}
