//! The list of rules: no file without a line, and the f32 step of every rule against its textbook
//! version.

#![expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]

use paso_adam::reference::Textbook;
use paso_adam::{Adam, AdamConfig, AdamGroup, Rule};
use std::path::Path;

#[test]
fn every_file_of_a_rule_has_its_line_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let list = std::fs::read_to_string(folder.join("mod.rs")).expect("the list");
    let mut rules = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        if ["mod", "bias_correction", "formula", "moments", "tests"].contains(&name.as_str()) {
            continue;
        }
        rules += 1;
        let line = format!("    {name}::");
        assert!(list.contains(&line), "{name}.rs has no line in the list of src/rules/mod.rs");
    }
    assert_eq!(rules, Rule::all().len(), "a file a rule");
}

/// The library's usual settings of a rule.
fn config(rule: Rule) -> AdamConfig {
    match rule {
        Rule::AdaBelief => AdamConfig::adabelief(),
        Rule::Adopt(_) => AdamConfig::adopt(),
        Rule::Yogi(_) => AdamConfig { rule, eps: 1e-3, ..AdamConfig::default() },
        _ => AdamConfig { rule, ..AdamConfig::default() },
    }
}

#[test]
fn every_rule_follows_its_textbook_version() {
    for rule in Rule::all() {
        let config = config(rule);
        let mut group = AdamGroup::new(Adam::new(config).expect("settings"), [37]);
        let mut textbook = Textbook::new(config, 37);
        let mut fast: Vec<f32> = (0..37).map(|i| (i as f32 * 0.3).sin()).collect();
        let mut exact: Vec<f64> = fast.iter().map(|&w| w.into()).collect();
        for t in 0..40 {
            let gradient: Vec<f32> =
                (0..37).map(|i| ((i * 7 + t * 13) as f32 * 0.37).cos() * 0.5).collect();
            group.step(1e-2, [(&mut fast[..], &gradient[..])]);
            let gradient: Vec<f64> = gradient.iter().map(|&g| g.into()).collect();
            textbook.step(1e-2, &mut exact, &gradient);
        }
        for (i, (&fast, &exact)) in fast.iter().zip(&exact).enumerate() {
            let difference = (f64::from(fast) - exact).abs();
            assert!(difference < 2e-5, "{rule:?}: weight {i} is {fast}, not {}", exact as f32);
        }
    }
}
