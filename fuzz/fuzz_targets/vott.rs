//! Any bytes are VoTT JSON or are refused, as `paso_fuzz::labels` promises.
#![no_main]

paso_fuzz::label_target!(paso_labels::Format::Vott, "export.json");
