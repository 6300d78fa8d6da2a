//! A short text that tells whether two runs saw the same training images.
//!
//! Resuming on other images would go unnoticed: the loss stays plausible. So a checkpoint keeps
//! this text, and names, paths and times of files do not enter it: a folder may move.

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

#[cfg(test)]
mod tests {
    use crate::BBox;
    use crate::data::{Dataset, PrepareOptions, Prepared};
    use crate::demo::{DemoOptions, dataset};

    fn fingerprint(dataset: &Dataset, indices: &[usize], size: usize) -> String {
        let options = PrepareOptions { size, ..PrepareOptions::default() };
        Prepared::new(dataset, indices, &options).expect("images").0.fingerprint()
    }

    #[test]
    fn it_changes_with_everything_that_training_sees_and_with_nothing_else() {
        let demo = dataset(&DemoOptions { train: 4, val: 1, seed: 0 }).expect("scenes");
        let whole = fingerprint(&demo, &[0, 1, 2], 16);
        assert!(whole.starts_with("3 images at 16, crc32 "), "{whole}");
        assert_eq!(fingerprint(&demo, &[0, 1, 2], 16), whole);
        let mut renamed = demo.clone();
        renamed.samples.iter_mut().for_each(|s| s.name.insert(0, 'x'));
        assert_eq!(fingerprint(&renamed, &[0, 1, 2], 16), whole, "names are not seen");

        let mut moved = demo.clone();
        moved.samples[1].bbox = BBox { x_min: 0.0, ..moved.samples[1].bbox };
        let mut relabeled = demo.clone();
        relabeled.samples[1].class = (relabeled.samples[1].class + 1) % 4;
        let other = dataset(&DemoOptions { train: 4, val: 1, seed: 1 }).expect("scenes");
        let all = [
            whole,
            fingerprint(&demo, &[0, 1, 3], 16),
            fingerprint(&demo, &[1, 0, 2], 16),
            fingerprint(&demo, &[0, 1], 16),
            fingerprint(&demo, &[0, 1, 2], 24),
            fingerprint(&moved, &[0, 1, 2], 16),
            fingerprint(&relabeled, &[0, 1, 2], 16),
            fingerprint(&other, &[0, 1, 2], 16),
        ];
        let mut distinct = all.to_vec();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
    }
}
