//! Views of the elements of one image, and of several images of one layout.
//!
//! A view is a slice and the [`Plane`] that says where pixels are in it. Constructors check that
//! both fit, once, so that kernels index without further checks of lengths. The fields are public:
//! a kernel of your own reads `data[plane.row(y)]`.

use crate::Plane;

/// One image to be read: its layout and its elements.
///
/// ```
/// use paso_ops::{Image, Plane};
///
/// let image = Image::new(Plane::new(1, 2, 3), &[0.5; 6]);
/// assert_eq!(image.data.len(), image.plane.len());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Where the pixels are in `data`.
    pub plane: Plane,
    /// `plane.len()` elements, halo included.
    pub data: &'a [f32],
}

/// One image to be written.
///
/// ```
/// use paso_ops::{ImageMut, Plane};
///
/// let plane = Plane::new(1, 2, 1).with_halo(1);
/// let mut data = vec![0.0; plane.len()];
/// let image = ImageMut::new(plane, &mut data);
/// image.data[plane.row(0)].copy_from_slice(&[3.0, 4.0]);
/// assert_eq!(data, [0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct ImageMut<'a> {
    /// Where the pixels are in `data`.
    pub plane: Plane,
    /// `plane.len()` elements, halo included. Kernels leave the halo as it is.
    pub data: &'a mut [f32],
}

/// Images of one layout to be read, one after the other in memory.
///
/// ```
/// use paso_ops::{Images, Plane};
///
/// let plane = Plane::new(4, 4, 3);
/// assert_eq!(Images::new(plane, &vec![0.0; 5 * plane.len()]).count(), 5);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// Where the pixels of each image are.
    pub plane: Plane,
    /// `plane.len()` elements for each image.
    pub data: &'a [f32],
}

/// Images of one layout to be written.
///
/// ```
/// use paso_ops::{ImagesMut, Plane};
///
/// let plane = Plane::vector(2);
/// let mut data = [0.0; 6];
/// let mut images = ImagesMut::new(plane, &mut data);
/// for (n, image) in (1_u8..).zip(images.iter_mut()) {
///     image.data.fill(f32::from(n));
/// }
/// assert_eq!(data, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
/// ```
#[derive(Debug)]
pub struct ImagesMut<'a> {
    /// Where the pixels of each image are.
    pub plane: Plane,
    /// `plane.len()` elements for each image. Kernels leave the halo as it is.
    pub data: &'a mut [f32],
}

impl<'a> Image<'a> {
    /// Pairs a layout with the elements of one image.
    ///
    /// # Panics
    /// When `data` does not have `plane.len()` elements.
    #[must_use]
    #[track_caller]
    pub fn new(plane: Plane, data: &'a [f32]) -> Self {
        check_image(plane, data.len());
        Self { plane, data }
    }
}

impl<'a> ImageMut<'a> {
    /// Pairs a layout with the elements of one image.
    ///
    /// # Panics
    /// When `data` does not have `plane.len()` elements.
    #[must_use]
    #[track_caller]
    pub fn new(plane: Plane, data: &'a mut [f32]) -> Self {
        check_image(plane, data.len());
        Self { plane, data }
    }
}

impl<'a> Images<'a> {
    /// Pairs a layout with the elements of one or more images.
    ///
    /// # Panics
    /// When the length of `data` is zero or no multiple of `plane.len()`.
    #[must_use]
    #[track_caller]
    pub fn new(plane: Plane, data: &'a [f32]) -> Self {
        check_images(plane, data.len());
        Self { plane, data }
    }

    /// Number of images.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.data.len() / self.plane.len()
    }

    /// The images in order.
    pub fn iter(&self) -> impl Iterator<Item = Image<'a>> + use<'a> {
        let plane = self.plane;
        self.data.chunks_exact(plane.len()).map(move |data| Image { plane, data })
    }
}

impl<'a> ImagesMut<'a> {
    /// Pairs a layout with the elements of one or more images.
    ///
    /// # Panics
    /// When the length of `data` is zero or no multiple of `plane.len()`.
    #[must_use]
    #[track_caller]
    pub fn new(plane: Plane, data: &'a mut [f32]) -> Self {
        check_images(plane, data.len());
        Self { plane, data }
    }

    /// Number of images.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.data.len() / self.plane.len()
    }

    /// The images in order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = ImageMut<'_>> {
        let plane = self.plane;
        self.data.chunks_exact_mut(plane.len()).map(move |data| ImageMut { plane, data })
    }
}

impl<'a> From<Image<'a>> for Images<'a> {
    fn from(Image { plane, data }: Image<'a>) -> Self {
        Self { plane, data }
    }
}

impl<'a> From<ImageMut<'a>> for ImagesMut<'a> {
    fn from(ImageMut { plane, data }: ImageMut<'a>) -> Self {
        Self { plane, data }
    }
}

#[track_caller]
fn check_image(plane: Plane, len: usize) {
    let wanted = plane.len();
    assert_eq!(wanted, len, "an image of {plane:?} has {wanted} elements, the slice has {len}");
}

#[track_caller]
fn check_images(plane: Plane, len: usize) {
    let wanted = plane.len();
    assert!(
        len > 0 && len.is_multiple_of(wanted),
        "images of {plane:?} have {wanted} elements each, the slice has {len}: not one or more whole images"
    );
}
