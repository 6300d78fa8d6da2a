//! A short text that tells whether two runs saw the same training images.

use crate::data::Prepared;

impl Prepared {
    /// Number, size and checksum (CRC-32 of pixels, boxes and classes) of the images.
    ///
    /// It guards against mistakes, not against malice.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut sum = crc32fast::Hasher::new();
        for (i, (bbox, &label)) in self.boxes().iter().zip(self.labels()).enumerate() {
            sum.update(self.picture(i));
            bbox.corners().iter().for_each(|edge| sum.update(&edge.to_le_bytes()));
            sum.update(&(label as u64).to_le_bytes());
        }
        format!("{} images at {}, crc32 {:08x}", self.len(), self.size(), sum.finalize())
    }
}
