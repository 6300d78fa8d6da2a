//! The gradient of a bias.

use crate::{Image, Isa};

/// Adds the gradient of a bias, the sum of `dy` (`[height, width, channels]`) over all pixels, to
/// `db` (`[channels]`).
///
/// ```
/// use paso_ops::{Image, Isa, Plane, bias_grad};
///
/// let dy = [1.0, 10.0, 2.0, 20.0]; // two pixels of two channels
/// let mut db = [0.5, 0.0];
/// bias_grad(Isa::best(), Image::new(Plane::new(1, 2, 2), &dy), &mut db);
/// assert_eq!(db, [3.5, 30.0]);
/// ```
///
/// # Panics
/// When `db` does not have one element per channel.
#[track_caller]
pub fn bias_grad(isa: Isa, dy: Image<'_>, db: &mut [f32]) {
    let channels = dy.plane.channels;
    assert_eq!(channels, db.len(), "an image of {channels} channels, a bias of {}", db.len());
    isa.run(|| {
        for run in dy.plane.runs() {
            for pixel in dy.data[run].chunks_exact(db.len()) {
                db.iter_mut().zip(pixel).for_each(|(db, dy)| *db += dy);
            }
        }
    });
}
