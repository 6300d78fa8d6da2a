//! Any bytes are Pascal VOC XML or are refused, as `paso_fuzz::labels` promises.
#![no_main]

paso_fuzz::label_target!(paso_labels::Format::Voc, "labels/a.xml");
