//! Any bytes are a CSV table or are refused, as `paso_fuzz::labels` promises.
#![no_main]

paso_fuzz::label_target!(paso_labels::Format::Csv, "labels.csv");
