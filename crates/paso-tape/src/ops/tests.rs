//! What holds for every operation of the list, and for one that somebody forgets to add to it.

use std::path::Path;

use super::*;

/// The operations that the files of this folder implement, with their files.
fn implemented() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of this file") {
        let path = entry.expect("an entry").path();
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        if file == "tests.rs" {
            continue;
        }
        for line in std::fs::read_to_string(&path).expect("a text").lines() {
            let rest = ["impl Operation for ", "impl Loss for "]
                .iter()
                .find_map(|start| line.strip_prefix(start));
            if let Some(name) = rest.and_then(|rest| rest.strip_suffix(" {")) {
                found.push((name.to_owned(), file.clone()));
            }
        }
    }
    found
}

#[test]
fn every_operation_of_this_folder_has_a_line_in_the_list_and_each_line_its_operation() {
    let found = implemented();
    for (name, file) in &found {
        assert!(
            STRUCTS.contains(&name.as_str()),
            "`{name}` of ops/{file} has no line in the list of operations in ops/mod.rs"
        );
    }
    for name in STRUCTS {
        let files = found.iter().filter(|(found, _)| found == name).count();
        assert_eq!(files, 1, "`{name}` must be implemented once in ops/, not {files} times");
    }
}
