//! Gates of a cargo package with a bench target. It has no dependencies, so that it builds anywhere:
//! its `main` does what criterion and divan do on their command lines, with figures that are made up.

use crate::Folder;

const LIBRARY: &str =
    "/// Nanoseconds.\npub fn ns(x: f64) -> f64 {\n    assert!(x > 0.0);\n    x\n}\n";

/// A bench target that writes what criterion writes.
const CRITERION: &str = r##"
//! Stands for criterion.
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.contains(&"--list".to_owned()) {
        println!("group/one: benchmark\ngroup/two: benchmark");
        return;
    }
    let name = arguments[2].trim_matches(['^', '$']);
    let home = std::env::var("CRITERION_HOME").expect("where to write");
    let folder = format!("{home}/{name}/new");
    std::fs::create_dir_all(&folder).expect("a folder");
    let ns = fake::ns(if name == "group/one" { 100.0 } else { 250.0 });
    let text = format!("{{\"sampling_mode\": \"Flat\", \"iters\": [1, 2], \"times\": [{ns}, 900]}}");
    std::fs::write(format!("{folder}/sample.json"), text).expect("a file");
}
"##;

/// A bench target that prints what divan prints.
const DIVAN: &str = r##"
//! Stands for divan.
fn main() {
    println!("Timer precision: 20 ns");
    println!("fake       fastest       │ slowest       │ median        │ mean          │ samples │ iters");
    let ns = fake::ns(100.0);
    println!("├─ one     90 ns         │ 120 ns        │ {ns} ns        │ 101 ns        │ 100     │ 200");
    println!("╰─ deep                  │               │               │               │         │");
    println!("   ╰─ two  1 µs          │ 3 µs          │ 2 µs          │ 2 µs          │ 100     │ 200");
}
"##;

fn package(folder: &Folder, bench: &str) {
    folder.write(
        "Cargo.toml",
        "[package]\nname = \"fake\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
         [[bench]]\nname = \"speed\"\nharness = false\n[workspace]\n",
    );
    folder.write("src/lib.rs", LIBRARY);
    folder.write("benches/speed.rs", bench);
    folder.write(".gitignore", "target\nCargo.lock\n");
}

#[test]
fn a_gate_of_criterion_from_init_to_a_slowdown() {
    let folder = Folder::new();
    package(&folder, CRITERION);
    folder.commit();
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert!(said.code == Some(2) && said.err.contains("cargo paso-gate init"), "{}", said.err);
    let said = folder.run(&["init"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.out.contains("bench = [\"speed\"]") && said.out.contains("criterion"),
        "{}",
        said.out
    );
    let said = folder.run(&["init"]);
    assert!(said.code == Some(2) && said.err.contains("already exists"), "{}", said.err);

    // Comments, documentation and tests.
    folder.write(
        "src/lib.rs",
        &format!(
            "// A comment.\n\n{LIBRARY}\n#[test]\nfn a_test() {{\n    assert!(ns(1.0) > 0.0);\n}}\n"
        ),
    );
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    if cfg!(target_os = "linux") {
        assert!(said.out.contains("2 of 2: same code"), "{}", said.out);
    }
    let said = folder.run(&["gate", "--base", "HEAD", "--always-measure"]);
    assert!(said.code == Some(0) && said.out.contains("group/two same"), "{}", said.out);

    folder.write(
        "src/lib.rs",
        &LIBRARY.replace("    x\n", "    if x < 200.0 { x * 1.04 } else { x }\n"),
    );
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert_eq!(said.code, Some(1), "{} {}", said.out, said.err);
    assert!(said.err.contains("gate: group/one is slower: +4.0 %"), "{}", said.err);
    assert!(said.out.contains("group/two same"), "{}", said.out);
    let said = folder.run(&["gate", "--base", "HEAD", "--only", "two"]);
    assert_eq!(said.code, Some(0), "the other one is not asked: {}", said.out);
    let said = folder.run(&["gate", "--base", "HEAD", "--only", "three"]);
    assert!(said.code == Some(2) && said.err.contains("group/one, group/two"), "{}", said.err);

    folder.write("src/lib.rs", "pub fn ns(x: f64) -> f64 { y }");
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert!(said.code == Some(2) && said.err.contains("cannot find value `y`"), "{}", said.err);
}

#[test]
fn a_gate_of_divan_reads_its_table() {
    let folder = Folder::new();
    package(&folder, DIVAN);
    folder.write("gate.toml", "[build]\nbench = \"speed\"\nharness = \"divan\"\n");
    folder.commit();
    folder.write("src/lib.rs", &LIBRARY.replace("    x\n", "    x * 1.1\n"));
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert_eq!(said.code, Some(1), "{} {}", said.out, said.err);
    assert!(said.err.contains("fake::one is slower: +10.0 %"), "{}", said.err);
    assert!(said.out.contains("fake::deep::two same"), "{}", said.out);
}

#[test]
fn a_program_that_prints_json_is_built_and_compared() {
    let folder = Folder::new();
    package(&folder, CRITERION);
    folder.write(
        "src/main.rs",
        "//! Prints a rate.\nfn main() { println!(\"{{\\\"rate\\\": {}}}\", fake::ns(50.0)); }\n",
    );
    folder.write(
        "gate.toml",
        "[build]\nbin = \"fake\"\nharness = \"json\"\n\
         [[benchmark]]\nname = \"rate\"\nkey = \"rate\"\nbetter = \"higher\"\nargs = \"--any\"\n",
    );
    folder.commit();
    folder.write("src/lib.rs", &LIBRARY.replace("    x\n", "    x / 1.1\n"));
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert_eq!(said.code, Some(1), "a lower rate: {} {}", said.out, said.err);
    assert!(said.err.contains("rate is slower: +10.0 %"), "{}", said.err);
}

#[test]
fn only_programs_that_changed_are_measured() {
    let folder = Folder::new();
    package(&folder, CRITERION);
    let manifest = folder.read("Cargo.toml");
    folder.write("Cargo.toml", &(manifest + "[[bench]]\nname = \"other\"\nharness = false\n"));
    folder.write("benches/other.rs", &CRITERION.replace("group/", "other/"));
    folder.write("gate.toml", "[build]\nbench = [\"speed\", \"other\"]\nmargin = \"2%\"\n");
    folder.commit();
    let slower = CRITERION.replace("group/", "other/").replace("250.0", "260.0");
    folder.write("benches/other.rs", &slower);
    let said = folder.run(&["gate", "--base", "HEAD", "--json"]);
    assert_eq!(said.code, Some(1), "{} {}", said.out, said.err);
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("JSON and nothing else");
    let found = json["benchmarks"].as_array().expect("a list").iter().map(|it| {
        let word = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(it["margin"].as_f64(), Some(0.02), "that of the file");
        (word("benchmark"), word("verdict"))
    });
    let expected = [
        ("other/one", "same"),
        ("other/two", "slower"),
        ("group/one", "same code"),
        ("group/two", "same code"),
    ];
    let expected = expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned()));
    let found: Vec<_> = found.collect();
    for pair in expected {
        // Equal programs of other systems may differ in an id, and are then measured.
        let measured = (pair.0.clone(), "same".to_owned());
        assert!(
            found.contains(&pair) || pair.1 == "same code" && found.contains(&measured),
            "{found:?}"
        );
    }
}

#[test]
fn what_the_file_names_and_cargo_does_not_know_is_named() {
    let folder = Folder::new();
    package(&folder, CRITERION);
    folder.write("gate.toml", "[build]\nbench = \"sped\"\n");
    folder.commit();
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert!(said.code == Some(2) && said.err.contains("sped"), "{}", said.err);
    folder.write("gate.toml", "[build]\nbench = \"speed\"\npackage = \"faked\"\n");
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert!(said.code == Some(2) && said.err.contains("it has fake"), "{}", said.err);
    folder.write("gate.toml", "[build]\nbench = \"speed\"\nmargin = 3\n");
    let said = folder.run(&["run"]);
    assert!(said.code == Some(2) && said.err.contains("gate.toml"), "{}", said.err);
    assert!(said.err.contains("line 3"), "{}", said.err);
}

#[test]
fn another_file_can_be_named() {
    let folder = Folder::new();
    package(&folder, CRITERION);
    folder.write("nightly.toml", "[build]\nbench = \"speed\"\n[[benchmark]]\nname = \"two\"\n");
    let said = folder.run(&["run", "--runs", "1", "--config", "nightly.toml"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("group/two") && !said.out.contains("group/one"), "{}", said.out);
    let said = folder.run(&["run", "--config", "none.toml"]);
    assert!(said.code == Some(2) && said.err.contains("none.toml"), "{}", said.err);
}
