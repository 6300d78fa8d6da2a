//! How paso is cited agrees with what it is.

use paso_tests::root;

#[test]
fn the_citation_has_the_version_of_the_workspace() {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).expect(name);
    let version = format!("version: {}", env!("CARGO_PKG_VERSION"));
    assert!(read("CITATION.cff").lines().any(|line| line == version), "CITATION.cff: {version}");
    let named = read("CITATION.cff").contains(env!("CARGO_PKG_REPOSITORY"));
    assert!(named, "CITATION.cff has another repository than Cargo.toml");
}
