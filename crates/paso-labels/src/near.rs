//! Images in different splits that look alike: frames of one film, or one image saved anew.
//!
//! What is evaluated was then almost trained on, and results are too good. Equal files are found
//! exactly ([`same_files`](crate::same_files)); these are found by a hash of what they look like.
//!
//! # What is compared
//!
//! A [`Fingerprint`] has two parts. [`difference_hash`] (dHash) reduces an image to 9x8 gray values
//! and keeps for each of 64 pairs of neighbors which is brighter; it finds candidates. 16x16 gray
//! values, compared by their correlation, tell these apart: side views of motorcycles on white have
//! nearly the same hash. Resizing, recompressing, brightening and small captions change neither
//! much. An image without structure has (almost) equal bits; it says nothing and is like no other.
//!
//! On four sets of 149 to 300 photographs, the limits below found 14 pairs, all of which were the
//! same photograph saved anew, cropped or with a caption, and missed one with a large caption. On
//! product photographs in one pose they are too wide, which is why this is a warning.
//!
//! # How many pairs are compared
//!
//! Two hashes that differ in at most [`MAX_DISTANCE`] bits agree in at least one of one more parts.
//! So only hashes that share a part are compared, and a number of comparisons is never exceeded.
//!
//! Source: N. Krawetz, *Kind of like that*, 2013 (dHash); Manku et al., *Detecting near-duplicates
//! for web crawling*, 2007 (parts).

use std::path::Path;

use crate::Split;
use crate::image::Image;
use crate::report::{Problem, ProblemKind};

/// Bits in which two hashes may differ and still be of images that look alike.
const MAX_DISTANCE: u32 = 4;

/// Bits that a hash must have of either kind to say something.
const MIN_BITS: u32 = 8;

/// Neighbors whose brightness, 0 to 255, differs by less than this are equal: in flat regions, noise
/// would decide.
const EQUAL: f64 = 1.0;

/// How much the gray values of two images that look alike are correlated, at least.
const MIN_CORRELATION: f64 = 0.9;

/// Comparisons of two hashes, at most: about a second. One of gray values counts as many.
const MAX_COMPARISONS: usize = 1 << 30;
const COST_OF_GRAY: usize = 128;

/// Cells of the gray values, across and down.
const SIDE: usize = 16;

/// What an image looks like, in 264 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    hash: u64,
    gray: [u8; SIDE * SIDE],
}

/// An image and what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintedImage<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its name, for the message.
    pub name: &'a str,
    /// What it is for.
    pub split: Split,
    /// What it looks like.
    pub print: Fingerprint,
}

impl Fingerprint {
    /// Of a decoded image.
    #[must_use]
    pub fn new(image: &Image) -> Self {
        let mut gray = [0; SIDE * SIDE];
        for (gray, value) in gray.iter_mut().zip(reduced(image, SIDE, SIDE)) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
            let value = value.round().clamp(0.0, 255.0) as u8;
            *gray = value;
        }
        Self { hash: difference_hash(image), gray }
    }

    /// An image without structure has few bits of one kind.
    fn says_something(&self) -> bool {
        (MIN_BITS..=64 - MIN_BITS).contains(&self.hash.count_ones())
    }

    /// Pearson's correlation of the gray values, -1 to 1; 0 for images of one color.
    fn correlation(&self, other: &Self) -> f64 {
        let (mut a, mut b, mut aa, mut bb, mut ab) = (0_i64, 0_i64, 0_i64, 0_i64, 0_i64);
        for (x, y) in self.gray.iter().zip(&other.gray) {
            let (x, y) = (i64::from(*x), i64::from(*y));
            a += x;
            b += y;
            aa += x * x;
            bb += y * y;
            ab += x * y;
        }
        const COUNT: i64 = (SIDE * SIDE) as i64;
        let (var_a, var_b) = (COUNT * aa - a * a, COUNT * bb - b * b);
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let [covariance, var_a, var_b] = [COUNT * ab - a * b, var_a, var_b].map(|v| v as f64);
        if var_a > 0.0 && var_b > 0.0 { covariance / (var_a * var_b).sqrt() } else { 0.0 }
    }
}

/// 64 bits that tell what an image looks like: of every pair of neighbors of the image reduced to
/// 9x8, whether the right one is brighter.
///
/// ```
/// use paso_labels::difference_hash;
/// use paso_labels::image::{Image, Orientation};
/// let gray = |values: [u8; 4]| Image {
///     width: 4,
///     height: 1,
///     rgb: values.iter().flat_map(|v| [*v; 3]).collect(),
///     orientation: Orientation::UPRIGHT,
/// };
/// let dark = difference_hash(&gray([10, 50, 20, 0]));
/// let bright = difference_hash(&gray([110, 150, 120, 100]));
/// assert_eq!(dark, bright);
/// assert_eq!(difference_hash(&gray([7; 4])), 0);
/// ```
#[must_use]
pub fn difference_hash(image: &Image) -> u64 {
    let cells = reduced(image, 9, 8);
    let mut hash = 0;
    for pair in cells.chunks_exact(9).flat_map(|row| row.windows(2)) {
        hash = hash << 1 | u64::from(pair[1] > pair[0] + EQUAL);
    }
    hash
}

/// An image's brightness, 0 to 255, in so many cells, row by row. All are 0 for no image.
fn reduced(image: &Image, columns: usize, rows: usize) -> Vec<f64> {
    let (width, height) = (image.width as usize, image.height as usize);
    let mut sums = vec![0_f64; columns * rows];
    if width == 0 || height == 0 || image.rgb.len() != 3 * width * height {
        return sums;
    }
    let shares = shares(width, columns);
    for (y, row) in image.rgb.chunks_exact(3 * width).enumerate() {
        let mut line = vec![0_f64; columns];
        for (pixel, parts) in row.chunks_exact(3).zip(&shares) {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f64::from);
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            parts.iter().for_each(|&(cell, share)| line[cell] += share * luma);
        }
        // The share of the row in each row of cells.
        for (cell, share) in cells_of(y, height, rows) {
            let cells = &mut sums[cell * columns..(cell + 1) * columns];
            cells.iter_mut().zip(&line).for_each(|(sum, value)| *sum += share * value);
        }
    }
    sums
}

/// The cells of all pixels of a row, with the weights that make averages of sums.
fn shares(length: usize, cells: usize) -> Vec<Vec<(usize, f64)>> {
    (0..length).map(|at| cells_of(at, length, cells).collect()).collect()
}

/// The cells that a pixel covers, and which share of each.
fn cells_of(at: usize, length: usize, cells: usize) -> impl Iterator<Item = (usize, f64)> {
    // In units of one pixel's side divided by `cells`, all of this is whole.
    let (start, end) = (at * cells, (at + 1) * cells);
    (start / length..=(end - 1) / length).map(move |cell| {
        let covered = end.min((cell + 1) * length) - start.max(cell * length);
        // All weights of a cell add up to 1.
        #[expect(clippy::cast_precision_loss, reason = "sides of images are small")]
        let share = covered as f64 / length as f64;
        (cell, share)
    })
}

/// Two images that look alike: distance of their hashes, index of the one that is evaluated, and of
/// the other.
type Pair = (u32, usize, usize);

/// The splits that are compared, as indices: val with train, test with train, test with val.
const SPLITS: [Split; 3] = [Split::Train, Split::Val, Split::Test];
const COMPARED: [(usize, usize); 3] = [(1, 0), (2, 0), (2, 1)];

/// Images of different splits that look alike, as one [`ProblemKind::Warning`] for each two splits:
/// how many there are, and the two that are most alike. Equal files count as well.
#[must_use]
pub fn near_duplicates(images: &[PrintedImage<'_>]) -> Vec<Problem> {
    let (found, complete) = pairs(images, MAX_COMPARISONS);
    let mut problems = Vec::new();
    for ((of, like), pairs) in COMPARED.into_iter().zip(found) {
        let Some(&(_, example, twin)) = pairs.iter().min() else { continue };
        let (of, like) = (SPLITS[of], SPLITS[like]);
        let others = match pairs.len() - 1 {
            0 => String::new(),
            1 => format!(", and 1 more image of {of} like one of {like}"),
            n => format!(", and {n} more images of {of} like one of {like}"),
        };
        let message = format!(
            "is for {of} and looks like {}, which is for {like}{others}: frames of one film, or \
             saved anew? Keep such images in one split, else results are too good",
            images[twin].name
        );
        problems.push(Problem::new(ProblemKind::Warning, images[example].path, None, message));
    }
    if let (false, Some(first)) = (complete, images.first()) {
        let message = format!(
            "is one of {} images, of which too many look alike to compare them all; some \
             near-duplicates may not be reported",
            images.len()
        );
        problems.push(Problem::new(ProblemKind::Note, first.path, None, message));
    }
    problems
}

/// For each two splits that are compared: each image to evaluate that looks like one of the other
/// split, with one of those. And whether the budget was enough.
fn pairs(images: &[PrintedImage<'_>], budget: usize) -> ([Vec<Pair>; 3], bool) {
    let mut found = [const { Vec::new() }; 3];
    let mut done = vec![[false; 3]; images.len()];
    let mut left = budget;
    let says_something = |&at: &usize| images[at].print.says_something();
    let mut order: Vec<usize> = (0..images.len()).filter(says_something).collect();
    let parts = MAX_DISTANCE + 1;
    for part in 0..parts {
        let (start, end) = (64 * part / parts, 64 * (part + 1) / parts);
        let key = |at: usize| images[at].print.hash << (64 - end) >> (64 - end + start);
        order.sort_unstable_by_key(|&at| (key(at), images[at].split, at));
        for same in order.chunk_by(|&a, &b| key(a) == key(b)) {
            let of_split = |split: usize| {
                let first = same.partition_point(|&at| images[at].split < SPLITS[split]);
                let end = same.partition_point(|&at| images[at].split <= SPLITS[split]);
                &same[first..end]
            };
            for (compared, &(of, like)) in COMPARED.iter().enumerate() {
                for &one in of_split(of) {
                    if done[one][compared] {
                        continue;
                    }
                    for &other in of_split(like) {
                        let (a, b) = (&images[one].print, &images[other].print);
                        let distance = (a.hash ^ b.hash).count_ones();
                        let is_near = distance <= MAX_DISTANCE;
                        let cost = if is_near { COST_OF_GRAY } else { 1 };
                        let Some(rest) = left.checked_sub(cost) else { return (found, false) };
                        left = rest;
                        if is_near && a.correlation(b) >= MIN_CORRELATION {
                            found[compared].push((distance, one, other));
                            done[one][compared] = true;
                            break;
                        }
                    }
                }
            }
        }
    }
    (found, true)
}

#[cfg(test)]
#[path = "near_tests.rs"]
mod tests;
