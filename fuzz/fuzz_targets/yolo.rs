//! Any bytes are a YOLO label and, behind a line of `====`, a `data.yaml`, or are refused, as
//! `paso_fuzz::labels` promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paso_fuzz::labels::{folder, read};
use paso_labels::Format;

thread_local! {
    static FOLDER: tempfile::TempDir = folder();
}

const BETWEEN: &[u8] = b"\n====\n";

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let at = bytes.windows(BETWEEN.len()).position(|part| part == BETWEEN);
        let (label, yaml) = match at {
            Some(at) => (&bytes[..at], Some(&bytes[at + BETWEEN.len()..])),
            None => (bytes, None),
        };
        let [label_file, yaml_file] =
            ["labels/a.txt", "data.yaml"].map(|name| folder.path().join(name));
        std::fs::write(label_file, label).expect("it can be written");
        match yaml {
            Some(yaml) => std::fs::write(yaml_file, yaml).expect("it can be written"),
            None => drop(std::fs::remove_file(yaml_file)),
        }
        read(folder.path(), Format::Yolo, bytes.len());
    });
});
