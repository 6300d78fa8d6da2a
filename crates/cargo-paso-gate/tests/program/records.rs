//! `run`, `record`, `compare` and `report`.

use crate::Folder;

fn project(folder: &Folder, figure: f64) {
    folder.script("program", &format!("echo '{{\"ns\": {figure}}}'"));
    folder.write(
        "gate.toml",
        "[build]\nharness = \"json\"\n[[benchmark]]\nname = \"figure\"\ncommand = \"./program\"\nkey = \"ns\"\n",
    );
    folder.write(".gitignore", "benches\ntarget\n");
}

#[test]
fn a_run_is_a_table_or_json() {
    let folder = Folder::new();
    project(&folder, 12.5);
    let said = folder.run(&["run", "--runs", "3"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("figure") && said.out.contains("12.50000"), "{}", said.out);
    let said = folder.run(&["run", "--runs", "3", "--json"]);
    let line: serde_json::Value = serde_json::from_str(&said.out).expect("one line of JSON");
    assert_eq!((line["median"].as_f64(), line["runs"].as_u64()), (Some(12.5), Some(3)));
    folder.script("program", "echo hello");
    let said = folder.run(&["run"]);
    assert!(said.code == Some(2) && said.err.contains("no JSON: hello"), "{}", said.err);
}

#[test]
fn records_are_named_by_commit_and_drawn() {
    let folder = Folder::new();
    project(&folder, 10.0);
    folder.commit();
    let said = folder.run(&["report", "--machine", "abacus"]);
    assert!(said.code == Some(2) && said.err.contains("cargo paso-gate record"), "{}", said.err);
    for figure in [10.0, 10.01, 9.99, 12.0, 12.01, 11.99] {
        project(&folder, figure);
        folder.git(&["commit", "--quiet", "--all", "--allow-empty", "--message", "change"]);
        let said = folder.run(&["record", "--runs", "1", "--machine", "abacus"]);
        assert_eq!(said.code, Some(0), "{}", said.err);
    }
    let records = folder.path().join("project/benches/records/abacus");
    let mut files: Vec<_> = std::fs::read_dir(records)
        .expect("the records")
        .map(|it| it.expect("a file").path())
        .collect();
    assert_eq!(files.len(), 6, "one per commit: {files:?}");
    files.sort();
    let [one, other] = [&files[0], &files[5]].map(|path| path.display().to_string());
    let said = folder.run(&["compare", &one, &other]);
    assert!(said.code == Some(0) && said.out.contains("figure"), "{} {}", said.out, said.err);
    let said = folder.run(&["report", "--machine", "abacus"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let page = folder.read("target/gate.html");
    assert!(page.contains("<svg") && page.contains("figure"), "{page}");

    folder.script("program", "echo '{\"ns\": 1}'");
    let said = folder.run(&["record"]);
    assert!(said.code == Some(2) && said.err.contains("--allow-dirty"), "{}", said.err);
    let said = folder.run(&["record", "--runs", "1", "--machine", "abacus", "--allow-dirty"]);
    assert!(said.code == Some(0) && said.err.contains("-dirty.csv"), "{}", said.err);
}
