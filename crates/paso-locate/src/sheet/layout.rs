//! Tiles, their captions, and how they are laid out.
//!
//! A tile is an image of at most 200 pixels on its longer side with two lines of text. Tiles of a
//! row stand on one line, so that their captions do.

use crate::BBox;
use crate::draw;
use crate::image::{Image, resize_to};
use image::{Rgb, RgbImage, imageops};

/// Images in a row.
pub(super) const COLUMNS: usize = 8;
/// The longer side of a scaled image, and the width of its column.
pub(super) const SIDE: u32 = 200;
/// Between images.
pub(super) const GAP: u32 = 8;
/// The height of a line of text, and how many letters fit a column.
pub(super) const LINE: u32 = 12;
pub(super) const LETTERS: usize = (SIDE / draw::LETTER_WIDTH) as usize;

pub(super) const GROUND: [u8; 3] = [24, 24, 28];
pub(super) const PLAIN: [u8; 3] = [230, 230, 230];
pub(super) const DIM: [u8; 3] = [150, 150, 156];

/// A scaled image with two lines below.
pub(super) struct Tile {
    pub(super) image: RgbImage,
    pub(super) captions: [(String, [u8; 3]); 2],
}

/// The image at the size of a tile, with these boxes on it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most the side of a tile"
)]
pub(super) fn scaled(image: &Image, boxes: &[(BBox, [u8; 3])]) -> RgbImage {
    let longer = f64::from(image.width.max(image.height));
    let side = |of: u32| (f64::from(of) * f64::from(SIDE) / longer).round().max(1.0) as u32;
    let (width, height) = (side(image.width), side(image.height));
    let mut tile = RgbImage::new(width, height);
    resize_to(image, width, height, &mut tile);
    for (bbox, color) in boxes {
        // Dark on both sides, so that green shows on green.
        let [x0, y0, x1, y1] = bbox.to_pixels(width, height);
        draw::outline(&mut tile, [x0 - 1.0, y0 - 1.0, x1 + 1.0, y1 + 1.0], [0; 3], 4);
        draw::outline(&mut tile, [x0, y0, x1, y1], *color, 2);
    }
    tile
}

/// Lays tiles out in rows, each as high as its highest tile, below a title.
#[expect(clippy::cast_possible_truncation, reason = "at most eight columns, and a short title")]
pub(super) fn sheet(title: &str, tiles: &[Tile]) -> RgbImage {
    let rows: Vec<&[Tile]> = tiles.chunks(COLUMNS).collect();
    let highest = |row: &[Tile]| row.iter().map(|t| t.image.height()).max().unwrap_or(0);
    let below = 2 * LINE + 2;
    let top = LINE + 2 * GAP;
    let height = top + rows.iter().map(|row| highest(row) + below + GAP).sum::<u32>();
    // Narrow sheets are as wide as their title.
    let columns = tiles.len().min(COLUMNS) as u32;
    let letters = title.chars().count() as u32 * draw::LETTER_WIDTH;
    let width = (GAP + columns * (SIDE + GAP)).max(letters + 2 * GAP);
    let mut canvas = RgbImage::from_pixel(width, height, Rgb(GROUND));
    draw::text(&mut canvas, [GAP, GAP], title, PLAIN, GROUND);
    let mut y = top;
    for row in rows {
        let mut x = GAP;
        for tile in row {
            let left = x + (SIDE - tile.image.width()) / 2;
            let upper = y + highest(row) - tile.image.height();
            imageops::replace(&mut canvas, &tile.image, left.into(), upper.into());
            for (line, (text, color)) in (0..).zip(&tile.captions) {
                let text: String = text.chars().take(LETTERS).collect();
                let place = [x, y + highest(row) + 2 + line * LINE];
                draw::text(&mut canvas, place, &text, *color, GROUND);
            }
            x += SIDE + GAP;
        }
        y += highest(row) + below + GAP;
    }
    canvas
}

/// The end of a name tells more than its beginning.
pub(super) fn shortened(text: &str) -> String {
    let letters = text.chars().count();
    if letters <= LETTERS {
        return text.into();
    }
    "..".chars().chain(text.chars().skip(letters - LETTERS + 2)).collect()
}
