//! Several images of one layout, one after the other.

use crate::{Image, ImageMut, Plane};

/// Images of one layout, one after the other.
///
/// ```
/// use paso_ops::{Images, Plane};
///
/// let plane = Plane::new(4, 4, 3);
/// assert_eq!(Images::new(plane, &vec![0.0; 5 * plane.len()]).count(), 5);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// Where the pixels of each are.
    pub plane: Plane,
    /// `plane.len()` numbers for each image.
    pub data: &'a [f32],
}

impl<'a> Images<'a> {
    /// Pairs a layout with the numbers of one or more images.
    ///
    /// # Panics
    /// When `data` does not have `plane.len()` numbers once or more.
    #[must_use]
    #[track_caller]
    pub fn new(plane: Plane, data: &'a [f32]) -> Self {
        check(plane, data.len());
        Self { plane, data }
    }

    /// How many images there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.data.len() / self.plane.len()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Image<'a>> + use<'a> {
        let plane = self.plane;
        self.data.chunks_exact(plane.len()).map(move |data| Image { plane, data })
    }
}

impl<'a> From<Image<'a>> for Images<'a> {
    fn from(Image { plane, data }: Image<'a>) -> Self {
        Self { plane, data }
    }
}

/// Images to be written.
#[derive(Debug)]
pub struct ImagesMut<'a> {
    /// Where the pixels of each are.
    pub plane: Plane,
    /// `plane.len()` numbers for each image.
    pub data: &'a mut [f32],
}

impl<'a> ImagesMut<'a> {
    /// Pairs a layout with the numbers of one or more images.
    ///
    /// # Panics
    /// When `data` does not have `plane.len()` numbers once or more.
    #[must_use]
    #[track_caller]
    pub fn new(plane: Plane, data: &'a mut [f32]) -> Self {
        check(plane, data.len());
        Self { plane, data }
    }

    /// How many images there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.data.len() / self.plane.len()
    }

    /// One after the other.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = ImageMut<'_>> {
        let plane = self.plane;
        self.data.chunks_exact_mut(plane.len()).map(move |data| ImageMut { plane, data })
    }
}

impl<'a> From<ImageMut<'a>> for ImagesMut<'a> {
    fn from(ImageMut { plane, data }: ImageMut<'a>) -> Self {
        Self { plane, data }
    }
}

#[track_caller]
fn check(plane: Plane, len: usize) {
    assert!(
        len > 0 && len.is_multiple_of(plane.len()),
        "images of {plane:?} have {} numbers each, {len} are no whole number of them",
        plane.len()
    );
}
