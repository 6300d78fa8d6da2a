//! Images in different splits that look alike: frames of one film, or one image saved anew.
//!
//! What is evaluated was then almost trained on, and results are too good. Equal files are found
//! exactly ([`same_files`](crate::same_files)); these are found by a hash of what they look like.
//!
//! # The hash
//!
//! [`difference_hash`] (dHash) reduces an image to 9x8 gray values and keeps for each of 64 pairs of
//! neighbors which is brighter. Resizing, recompressing and brightening change few of the bits. An
//! image without structure has (almost) equal bits; it says nothing and is like no other.
//!
//! # How many pairs are compared
//!
//! Two hashes that differ in at most [`MAX_DISTANCE`] bits agree in at least one of one more parts.
//! So only hashes that share a part are compared, and a number of comparisons is never exceeded.
//!
//! Source: N. Krawetz, *Kind of like that*, 2013 (dHash); Manku et al., *Detecting near-duplicates
//! for web crawling*, 2007 (parts).

use std::collections::BTreeMap;
use std::path::Path;

use crate::Split;
use crate::image::Image;
use crate::report::{Problem, ProblemKind};

/// Bits in which two hashes may differ and still be of images that look alike.
const MAX_DISTANCE: u32 = 4;

/// Bits that a hash must have of either kind to say something.
const MIN_BITS: u32 = 8;

/// Neighbors that differ by less than this share of the brightness range are equal: in flat regions, noise would
/// decide.
const EQUAL: f64 = 1.0;

/// Comparisons of two hashes, at most: about a second.
const MAX_COMPARISONS: usize = 1 << 30;

/// An image by what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHash<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its name, for the message.
    pub name: &'a str,
    /// What it is for.
    pub split: Split,
    /// Its [`difference_hash`].
    pub hash: u64,
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
    const COLUMNS: usize = 9;
    const ROWS: usize = 8;
    let (width, height) = (image.width as usize, image.height as usize);
    if width == 0 || height == 0 || image.rgb.len() != 3 * width * height {
        return 0;
    }
    let mut sums = [[0_f64; COLUMNS]; ROWS];
    let shares = shares(width, COLUMNS);
    for (y, row) in image.rgb.chunks_exact(3 * width).enumerate() {
        let mut line = [0_f64; COLUMNS];
        for (pixel, parts) in row.chunks_exact(3).zip(&shares) {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f64::from);
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            parts.iter().for_each(|&(cell, share)| line[cell] += share * luma);
        }
        // The share of the row in each row of cells.
        for (cell, share) in cells_of(y, height, ROWS) {
            sums[cell].iter_mut().zip(line).for_each(|(sum, value)| *sum += share * value);
        }
    }
    let mut hash = 0;
    for pair in sums.iter().flat_map(|row| row.windows(2)) {
        hash = hash << 1 | u64::from(pair[1] > pair[0] + EQUAL);
    }
    hash
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
        #[expect(clippy::cast_precision_loss, reason = "sides of images are small")]
        let share = covered as f64 / length as f64;
        (cell, share)
    })
}

/// Images of different splits that look alike, as one [`ProblemKind::Warning`] for each two splits:
/// how many there are, and the two that are most alike. Equal files count as well.
#[must_use]
pub fn near_duplicates(images: &[ImageHash<'_>]) -> Vec<Problem> {
    let mut by_hash: BTreeMap<u64, [Vec<&ImageHash<'_>>; 3]> = BTreeMap::new();
    for image in images.iter().filter(|image| says_something(image.hash)) {
        by_hash.entry(image.hash).or_default()[image.split as usize].push(image);
    }
    let hashes: Vec<u64> = by_hash.keys().copied().collect();
    let groups: Vec<&[Vec<&ImageHash<'_>>; 3]> = by_hash.values().collect();
    // For each hash and split: the distance and index of the nearest hash with images of it.
    let mut nearest = vec![[None::<(u32, usize)>; 3]; hashes.len()];
    let mut note = |at: usize, distance: u32, other: usize| {
        for split in (0..3).filter(|&split| !groups[other][split].is_empty()) {
            let here = &mut nearest[at][split];
            *here = Some((distance, other)).min(here.or(Some((distance, other))));
        }
    };
    (0..hashes.len()).for_each(|at| note(at, 0, at));
    let complete = compare(&hashes, MAX_COMPARISONS, |one, other, distance| {
        note(one, distance, other);
        note(other, distance, one);
    });
    let mut problems = Vec::new();
    let splits = [Split::Train, Split::Val, Split::Test];
    for (of, like) in [(1, 0), (2, 0), (2, 1)] {
        let near = |at: usize| nearest[at][like].map(|(distance, other)| (distance, at, other));
        let with = || (0..hashes.len()).filter(|&at| !groups[at][of].is_empty()).filter_map(near);
        let Some((_, at, other)) = with().min() else { continue };
        let count: usize = with().map(|(_, at, _)| groups[at][of].len()).sum();
        let (example, twin) = (groups[at][of][0], groups[other][like][0]);
        let (of, like) = (splits[of], splits[like]);
        let message = format!(
            "looks like {} of the {like} split, and so do {count} images of the {of} split in all \
             like one of {like}: frames of one film, or images saved anew? Keep those in one split, \
             else results are too good",
            twin.name
        );
        problems.push(Problem::new(ProblemKind::Warning, example.path, None, message));
    }
    if let (false, Some(first)) = (complete, images.first()) {
        let message = format!(
            "is one of {} images of which too many look alike to compare all; some near-duplicates \
             may not be reported",
            images.len()
        );
        problems.push(Problem::new(ProblemKind::Note, first.path, None, message));
    }
    problems
}

/// An image without structure has few bits of one kind.
fn says_something(hash: u64) -> bool {
    (MIN_BITS..=64 - MIN_BITS).contains(&hash.count_ones())
}

/// Calls `found` with the indices and the distance of all pairs that are near, some of them several
/// times. False if it gave up.
fn compare(hashes: &[u64], budget: usize, mut found: impl FnMut(usize, usize, u32)) -> bool {
    let mut left = budget;
    let parts = MAX_DISTANCE + 1;
    for part in 0..parts {
        let (start, end) = (64 * part / parts, 64 * (part + 1) / parts);
        let key = |hash: u64| hash << (64 - end) >> (64 - end + start);
        let mut order: Vec<usize> = (0..hashes.len()).collect();
        order.sort_by_key(|&at| key(hashes[at]));
        for same in order.chunk_by(|&a, &b| key(hashes[a]) == key(hashes[b])) {
            for (i, &one) in same.iter().enumerate() {
                let others = &same[i + 1..];
                let Some(rest) = left.checked_sub(others.len()) else { return false };
                left = rest;
                for &other in others {
                    let distance = (hashes[one] ^ hashes[other]).count_ones();
                    if distance <= MAX_DISTANCE {
                        found(one, other, distance);
                    }
                }
            }
        }
    }
    true
}

#[cfg(test)]
#[path = "near_tests.rs"]
mod tests;
