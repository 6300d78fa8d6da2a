//! What is found in a folder, and what is passed over.

use super::*;

fn write(dir: &Path, name: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    std::fs::write(path, "").expect("it is written");
}

fn scanned(dir: &Path) -> (Vec<String>, Vec<Problem>) {
    let mut problems = Vec::new();
    let files = Files::scan(dir, &mut problems).expect("a folder");
    (files.names().map(String::from).collect(), problems)
}

#[test]
fn hidden_files_and_what_paso_wrote_are_passed_over() {
    let place = tempfile::tempdir().expect("a temporary folder");
    for name in ["a.jpg", ".hidden.jpg", "._a.jpg", "__MACOSX/a.jpg", ".git/x", "runs/t/b.png"] {
        write(place.path(), name);
    }
    paso_files::mark(&place.path().join("runs/t"), "a test").expect("it is written");
    let (names, problems) = scanned(place.path());
    assert_eq!((names, problems), (vec!["a.jpg".to_owned()], vec![]));
    let (names, _) = scanned(&place.path().join("runs/t"));
    assert_eq!(names, ["b.png"], "the folder that is asked for is read");
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_those_that_lead_nowhere_or_in_circles_are_named() {
    use std::os::unix::fs::symlink;
    let place = tempfile::tempdir().expect("a temporary folder");
    let other = tempfile::tempdir().expect("a temporary folder");
    write(place.path(), "images/a.jpg");
    write(other.path(), "b.jpg");
    symlink(other.path(), place.path().join("images/more")).expect("a link");
    symlink("/nowhere/at/all", place.path().join("images/gone.jpg")).expect("a link");
    symlink(place.path(), place.path().join("images/circle")).expect("a link");
    let (names, mut problems) = scanned(place.path());
    assert_eq!(names, ["images/a.jpg", "images/more/b.jpg"]);
    problems.sort_by(|a, b| a.file.cmp(&b.file));
    let found: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    assert!(found.len() == 2 && found[0].contains("above it"), "{found:?}");
    assert!(problems[1].file.ends_with("gone.jpg") && found[1].contains("nowhere"), "{found:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_written_with_escapes_and_read() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join(OsStr::from_bytes(b"caf\xe9.txt"));
    std::fs::write(path, "text").expect("it is written");
    let files = Files::scan(place.path(), &mut Vec::new()).expect("a folder");
    assert_eq!(files.names().collect::<Vec<_>>(), ["caf%E9.txt"]);
    assert_eq!(files.text("caf%E9.txt").expect("it is read").as_str(), "text");
}

#[test]
fn what_is_no_folder_says_what_it_is() {
    let place = tempfile::tempdir().expect("a temporary folder");
    write(place.path(), "ds.zip");
    write(place.path(), "a.jpg");
    for (name, says) in
        [("ds.zip", "is an archive; unpack it"), ("a.jpg", "is a file"), ("x", "does not exist")]
    {
        let error = Files::scan(&place.path().join(name), &mut Vec::new()).expect_err(name);
        assert!(error.to_string().contains(says), "{error}");
    }
}
