//! Programs that are copied and compared, and packages that are found.

use super::*;

#[test]
fn programs_are_copied_to_paths_of_one_length() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [old, new] = ["old", "a-longer-name"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, name).expect("a file");
        path
    });
    let cache = folder.path().join("cache");
    let arms = Arms::copy(&cache, &old, &new, "speed").expect("two files");
    let path = |build: &Build| build.programs["speed"].path().to_owned();
    let paths = [&arms.base, &arms.control, &arms.candidate].map(path);
    let lengths: Vec<usize> = paths.iter().map(|path| path.as_os_str().len()).collect();
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{paths:?}");
    assert!(paths[0] != paths[1] && paths[1] != paths[2], "three files: {paths:?}");
    assert_eq!(std::fs::read(&paths[1]).expect("the control"), b"old");
    assert_eq!(arms.candidate.name, new.display().to_string());
    assert!(!arms.is_same_code("speed") && !arms.is_same_code("none"), "other bytes; no program");

    // The next gate finds nothing of this one.
    let again = Arms::copy(&cache, &old, &old, "other").expect("one file");
    assert!(again.is_same_code("other"), "the same bytes");
    assert!(!paths[0].exists(), "gone");
    assert!(Arms::copy(&cache, &old, &folder.path().join("none"), "x").is_err(), "no such file");
}

/// A workspace of two packages, of which one has benches.
fn workspace(folder: &Path) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    let package = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2021\"\n")
    };
    write("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"one\", \"two\"]\n");
    let bench = "[features]\nfast = []\n[[bench]]\nname = \"b\"\nharness = false\nrequired-features = [\"fast\"]\n";
    write("one/Cargo.toml", &(package("one") + bench));
    write("one/benches/b.rs", "fn main() {}");
    write("two/Cargo.toml", &package("two"));
    for name in ["one", "two"] {
        write(&format!("{name}/src/lib.rs"), "");
    }
}

#[test]
fn bench_targets_come_with_what_they_need() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    workspace(folder.path());
    let metadata = metadata(folder.path()).expect("a workspace");
    let targets = bench_targets(&metadata);
    let [target] = &targets[..] else { panic!("one bench target: {targets:?}") };
    assert_eq!((target.package.as_str(), target.name.as_str()), ("one", "b"));
    assert_eq!(target.features, ["fast"]);
    assert!(target.source.ends_with("one/benches/b.rs"), "{}", target.source.display());
}

#[test]
fn a_package_is_named_by_its_id() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    workspace(folder.path());
    let found = id(folder.path(), "two").expect("a package");
    assert!(found.contains("two") && found.contains("1.2.3"), "with its version: {found}");
    let error = id(folder.path(), "three").expect_err("no such package").to_string();
    assert!(error.contains("`three`") && error.contains("one, two"), "{error}");
    let nowhere = tempfile::tempdir().expect("a temporary folder");
    assert!(id(nowhere.path(), "one").is_err(), "no workspace");
}

#[test]
fn flags_of_the_caller_are_kept() {
    let mut cargo = Command::new("cargo");
    align(&mut cargo);
    let words: Vec<_> = cargo.get_args().map(|it| it.to_string_lossy().into_owned()).collect();
    let variables: Vec<_> = cargo.get_envs().collect();
    // With the variables of this process, or with an option where there is none.
    let all = format!("{words:?} {variables:?}");
    assert!(all.contains("align-all-functions=6"), "{all}");
}
