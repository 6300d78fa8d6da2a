//! Cargo's messages are read as cargo writes them, and programs are chosen, run and counted.

use super::*;

/// Shortened messages of cargo 1.95: a library, its unit tests, an integration test, the program
/// with and without the test harness, a build script, a finished build, and a line that is no
/// message.
const MESSAGES: &str = r#"
{"reason":"compiler-artifact","manifest_path":"/w/crates/paso-isa/Cargo.toml","target":{"kind":["lib"],"name":"paso_isa"},"profile":{"test":false},"executable":null,"fresh":true}
{"reason":"compiler-artifact","manifest_path":"/w/crates/paso-isa/Cargo.toml","target":{"kind":["lib"],"name":"paso_isa"},"profile":{"test":true},"executable":"/w/target/debug/deps/paso_isa-1","fresh":true}
   Compiling paso-adam v0.1.0
{"reason":"compiler-artifact","manifest_path":"/w/crates/paso-adam/Cargo.toml","target":{"kind":["test"],"name":"same_bits"},"profile":{"test":true},"executable":"/w/target/debug/deps/same_bits-2","fresh":false}
{"reason":"compiler-artifact","manifest_path":"/w/crates/paso-adam/Cargo.toml","target":{"kind":["lib"],"name":"paso_adam"},"profile":{"test":true},"executable":"/w/target/debug/deps/paso_adam-3","fresh":true}
{"reason":"compiler-artifact","manifest_path":"/w/crates/paso-cli/Cargo.toml","target":{"kind":["bin"],"name":"paso"},"profile":{"test":true},"executable":"/w/target/debug/deps/paso-4","fresh":true}
{"reason":"compiler-artifact","manifest_path":"/w/crates/paso-cli/Cargo.toml","target":{"kind":["bin"],"name":"paso"},"profile":{"test":false},"executable":"/w/target/debug/paso","fresh":true}
{"reason":"build-script-executed","package_id":"serde","out_dir":"/w/target/debug/build"}
{"reason":"build-finished","success":true}
"#;

fn names(programs: &[&Program]) -> Vec<String> {
    programs.iter().map(|program| program.name.clone()).collect()
}

#[test]
fn only_messages_with_an_executable_are_programs() {
    let programs = parse(MESSAGES);
    let paths: Vec<_> = programs.iter().map(|p| p.path.to_string_lossy().into_owned()).collect();
    let expected =
        ["deps/paso_isa-1", "deps/same_bits-2", "deps/paso_adam-3", "deps/paso-4", "paso"];
    assert_eq!(paths, expected.map(|name| format!("/w/target/debug/{name}")));
    let same_bits = Program {
        folder: "/w/crates/paso-adam".into(),
        name: "same_bits".into(),
        kind: "test".into(),
        is_test: true,
        path: "/w/target/debug/deps/same_bits-2".into(),
    };
    assert_eq!(programs[1], same_bits);
    assert_eq!(parse(""), []);
    assert_eq!(parse("{}\n{\"executable\":\"/a\"}\nerror: no\n{\"executable\":3}"), []);
}

#[test]
fn a_selection_has_all_tests_of_its_packages_and_no_other() {
    let programs = parse(MESSAGES);
    let both = Selection { packages: &["paso-isa", "paso-adam"], only_lib: false };
    let found = select(&programs, both).expect("both have tests");
    assert_eq!(names(&found), ["paso_isa", "same_bits", "paso_adam"]);
    let libraries = Selection { only_lib: true, ..both };
    let found = select(&programs, libraries).expect("both have unit tests");
    assert_eq!(names(&found), ["paso_isa", "paso_adam"]);
}

#[test]
fn a_package_without_a_test_program_is_an_error() {
    let programs = parse(MESSAGES);
    let gone = Selection { packages: &["paso-isa", "paso-ops"], only_lib: false };
    let error = select(&programs, gone).expect_err("paso-ops has none");
    assert!(error.to_string().contains("paso-ops"), "{error}");
    let not_tests = parse(&MESSAGES.replace("\"test\":true", "\"test\":false"));
    let isa = Selection { packages: &["paso-isa"], only_lib: false };
    assert!(select(&not_tests, isa).is_err(), "a program without the harness has no tests");
}

#[test]
fn the_program_paso_is_the_one_without_the_test_harness() {
    let programs = parse(MESSAGES);
    assert_eq!(paso(&programs).expect("it is there").path, Path::new("/w/target/debug/paso"));
    assert!(paso(&programs[..4]).is_err(), "its unit tests alone are not it");
}

#[test]
fn tests_are_counted_over_programs_and_a_failure_names_its_program_after_the_others_have_run() {
    let programs = parse(MESSAGES);
    let three: Vec<&Program> = programs[..3].iter().collect();
    let text = "running 2 tests\ntest result: ok. 2 passed; 0 failed\n";
    assert_eq!(run_all(&three, |_| Ok(text.into())).expect("all pass"), 6);
    assert_eq!(run_all(&three, |_| Ok("nothing".into())).expect("they end well"), 0);
    assert_eq!(run_all(&[], |_| bail!("not started")).expect("no program"), 0);

    let mut started = 0;
    let error = run_all(&three, |program| {
        started += 1;
        if program.name == "same_bits" { bail!("ended with 101") } else { Ok(text.into()) }
    });
    let error = error.expect_err("one failed").to_string();
    assert_eq!(started, 3, "the third runs although the second failed");
    let expected = "1 of 3 test programs failed: paso-adam test same_bits: ended with 101";
    assert_eq!(error, expected);
}

#[test]
fn passed_tests_are_summed_and_failed_programs_count_nothing() {
    for (text, expected) in [
        ("", 0),
        ("test result: ok. 2 passed; 0 failed\n\ntest result: ok. 40 passed; 0 failed", 42),
        ("test result: FAILED. 7 passed; 1 failed", 0),
        ("  test result: ok. 3 passed; 0 failed; 1 ignored\r\n", 3),
        ("test result: ok. many passed", 0),
    ] {
        assert_eq!(passed(text), expected, "{text:?}");
    }
}

#[cfg(unix)]
fn shell(folder: &str) -> Program {
    Program {
        folder: folder.into(),
        name: "sh".into(),
        kind: "test".into(),
        is_test: true,
        path: "/bin/sh".into(),
    }
}

#[cfg(unix)]
#[test]
fn a_program_runs_in_its_folder_with_the_environment_and_by_the_emulator() {
    let environment = [("PASO_ISA".to_owned(), "scalar".to_owned())];
    let script = ["-c", "echo $PASO_ISA; pwd"];
    let text = output(&shell("/"), &script, &[], &environment).expect("a shell");
    assert_eq!(text, "scalar\n/\n");
    let emulator = ["echo".to_owned(), "-cpu".to_owned(), "Haswell".to_owned()];
    let text = output(&shell("/"), &["validate"], &emulator, &environment).expect("echo");
    assert_eq!(text, "-cpu Haswell /bin/sh validate\n");
}

#[cfg(unix)]
#[test]
fn a_program_that_fails_or_is_not_there_is_an_error() {
    let error = output(&shell("/"), &["-c", "exit 3"], &[], &[]).expect_err("it fails");
    assert!(error.to_string().ends_with("ended with exit status: 3"), "{error}");
    assert!(output(&shell("/no such folder"), &["-c", "true"], &[], &[]).is_err());
    let gone = Program { path: "/no/such/program".into(), ..shell("/") };
    assert!(output(&gone, &[], &[], &[]).is_err());
}
