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
