//! A short text that tells whether two runs saw the same training images.

use crate::data::Prepared;

/// Number, size and checksum (CRC-32 of pixels, boxes and classes) of prepared images.
///
/// It guards against mistakes, not against malice.
pub(crate) fn fingerprint(images: &Prepared) -> String {
    let mut sum = crc32fast::Hasher::new();
    for (i, (bbox, &label)) in images.boxes().iter().zip(images.labels()).enumerate() {
        sum.update(images.picture(i));
        bbox.corners().iter().for_each(|edge| sum.update(&edge.to_le_bytes()));
        sum.update(&(label as u64).to_le_bytes());
    }
    format!("{} images at {}, crc32 {:08x}", images.len(), images.size(), sum.finalize())
}
