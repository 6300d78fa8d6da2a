impl super::StudyReport { #[must_use] pub fn html(&self) -> String { self.sentence.clone() } }
