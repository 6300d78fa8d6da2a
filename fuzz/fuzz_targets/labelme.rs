//! Any bytes are LabelMe JSON or are refused, as `paso_fuzz::labels` promises.
#![no_main]

paso_fuzz::label_target!(paso_labels::Format::LabelMe, "images/a.json");
