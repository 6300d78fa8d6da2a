//! Which crate may depend on which, read from `cargo metadata`.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::BTreeSet;

/// Every arrow that may exist. ARCHITECTURE.md draws them.
const ARROWS: &[(&str, &str)] = &[
    ("paso-adam", "paso-isa"),
    ("paso-ops", "paso-isa"),
    ("paso-tape", "paso-ops"),
    ("paso-study", "paso-files"),
    ("paso-labels", "paso-files"),
    ("paso-locate", "paso-labels"),
    ("paso-locate", "paso-pth"),
    ("paso-locate", "paso-files"),
    ("paso-cli", "paso-files"),
    ("paso-locate", "paso-tape"),
    ("paso-locate", "paso-adam"),
    ("paso-locate", "paso-schedule"),
    ("paso-study", "paso-schedule"),
    ("paso-cli", "paso-locate"),
    ("paso-cli", "paso-study"),
];

/// Packages that only serve development, and may use anything.
const TOOLS: &[&str] = &["paso-benches", "paso-tests", "paso-wasm", "xtask"];

#[test]
fn only_the_drawn_arrows_exist() {
    let metadata = MetadataCommand::new()
        .manifest_path(paso_tests::root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo metadata runs");
    let names: BTreeSet<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    let mut found = BTreeSet::new();
    for package in metadata.packages.iter().filter(|p| !TOOLS.contains(&p.name.as_str())) {
        for d in package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development) {
            if names.contains(d.name.as_str()) {
                found.insert((package.name.as_str(), d.name.as_str()));
            }
        }
    }
    let allowed: BTreeSet<(&str, &str)> = ARROWS.iter().copied().collect();
    assert_eq!(found, allowed, "arrows found (left) are not the arrows drawn (right)");
}

#[test]
fn the_program_and_its_like_are_used_by_nobody() {
    for (_, to) in ARROWS {
        assert!(!TOOLS.contains(to) && *to != "paso-cli", "an arrow leads to {to}");
    }
}
