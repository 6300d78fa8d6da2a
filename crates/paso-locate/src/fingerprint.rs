//! A short text that tells whether two runs saw the same training images.

use crate::data::Prepared;

impl Prepared {
    /// Number, size and checksum (CRC-32 of pixels, boxes and classes) of the images.
    ///
    /// It guards against mistakes, not against malice.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut sum = crc32fast::Hasher::new();
        // Checksums of parts give that of the whole, so that no image has to be in memory.
        let length = 3 * (self.size() * self.size()) as u64;
        for ((facts, bbox), &label) in self.facts().iter().zip(self.boxes()).zip(self.labels()) {
            sum.combine(&crc32fast::Hasher::new_with_initial_len(facts.checksum, length));
            bbox.xyxy().iter().for_each(|edge| sum.update(&edge.to_le_bytes()));
            sum.update(&(label as u64).to_le_bytes());
        }
        format!("{} images at {}, crc32 {:08x}", self.len(), self.size(), sum.finalize())
    }
}
