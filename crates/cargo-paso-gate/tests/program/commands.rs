//! Gates without cargo: two commands, two folders, two commits.

use crate::Folder;

/// A program that says how long it took.
fn says(figure: f64) -> String {
    format!("echo '{{\"ns\": {figure}}}'")
}

#[test]
fn two_commands_are_compared_by_what_they_print() {
    let folder = Folder::new();
    folder.script("old", &says(100.0));
    folder.script("new", &says(105.0));
    let gate = ["gate", "--base-command", "./old", "--key", "ns"];
    let said = folder
        .run(&[&gate[..], &["--candidate-command", "./new", "--markdown", "gate.md"]].concat());
    assert_eq!(said.code, Some(1), "5 % slower: {}", said.err);
    assert!(said.out.contains("slower") && said.out.contains("+5.0 %"), "{}", said.out);
    assert!(said.err.contains("gate: command is slower: +5.0 %"), "{}", said.err);
    assert!(folder.read("gate.md").contains("| command | **slower** | +5.0 % |"));

    let said =
        folder.run(&[&gate[..], &["--candidate-command", "./new", "--margin", "6%"]].concat());
    assert_eq!(said.code, Some(0), "within the margin: {}", said.out);
    let said = folder.run(&[&gate[..], &["--candidate-command", "./old", "--json"]].concat());
    assert_eq!(said.code, Some(0), "the same command: {}", said.err);
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("JSON and nothing else");
    assert_eq!(json["benchmarks"][0]["verdict"], "same");
    assert_eq!(json["benchmarks"][0]["first"]["ratio"], 1.0);
    assert_eq!(json["slowdowns"], 0);
}

#[test]
fn two_commands_are_compared_by_their_time() {
    let folder = Folder::new();
    folder.script("old", "sleep 0.05");
    folder.script("new", "sleep 0.15");
    let commands = ["--base-command", "./old", "--candidate-command", "./new"];
    let said = folder.run(&[&["gate", "--budget", "60s"], &commands[..]].concat());
    assert_eq!(said.code, Some(1), "three times as long: {} {}", said.out, said.err);
}

#[test]
fn a_command_that_fails_is_named() {
    let folder = Folder::new();
    folder.script("old", &says(1.0));
    folder.script("new", "echo 'error: out of order' >&2; exit 3");
    let old = ["gate", "--key", "ns", "--base-command", "./old"];
    let said = folder.run(&[&old[..], &["--candidate-command", "./new"]].concat());
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("failed") && said.err.contains("out of order"), "{}", said.err);
    let said = folder.run(&["gate", "--base-command", "./none", "--candidate-command", "./old"]);
    assert_eq!(said.code, Some(2), "nothing was compared: {}", said.err);
    let said = folder.run(&["gate", "--base-command", "'", "--candidate-command", "./old"]);
    assert_eq!(said.code, Some(2), "no command: {}", said.err);
}

/// A project that is no cargo workspace: a script that `build` makes.
fn project(folder: &Folder, figure: f64) {
    folder.script("build", "cp source program");
    folder.script("source", &says(figure));
    folder.write(".gitignore", "program\n");
    folder.write(
        "gate.toml",
        "[build]\nharness = \"json\"\ncommand = \"./build\"\n\
         [[benchmark]]\nname = \"figure\"\ncommand = \"./program\"\nkey = \"ns\"\n",
    );
}

#[test]
fn commits_of_a_project_without_cargo_are_compared() {
    let folder = Folder::new();
    project(&folder, 100.0);
    folder.commit();
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert_eq!(said.code, Some(0), "no change: {} {}", said.out, said.err);
    project(&folder, 110.0);
    let said = folder.run(&["gate", "--base", "HEAD"]);
    assert_eq!(said.code, Some(1), "10 % slower: {} {}", said.out, said.err);
    assert!(said.out.contains("+10.0 %"), "{}", said.out);
    let said = folder.run(&["gate", "--base", "nowhere"]);
    assert!(said.code == Some(2) && said.err.contains("`nowhere`"), "{}", said.err);
}

#[test]
fn folders_are_compared_without_git() {
    let (old, new) = (Folder::new(), Folder::new());
    project(&old, 100.0);
    project(&new, 90.0);
    let base = old.path().join("project").display().to_string();
    let said = new.run(&["gate", "--base-dir", &base]);
    assert_eq!(said.code, Some(0), "{} {}", said.out, said.err);
    assert!(said.out.contains("faster") && said.out.contains("-10.0 %"), "{}", said.out);
    let said = new.run(&["gate", "--base", "main"]);
    assert!(said.code == Some(2) && said.err.contains("--base-dir"), "{}", said.err);
}

#[test]
fn a_gate_that_is_cut_off_keeps_its_figures() {
    let folder = Folder::new();
    folder.script("quick", &says(1.0));
    folder.script("endless", "sleep 0.2; echo '{\"ns\": 1.0}'");
    folder.write(
        "gate.toml",
        "[build]\nharness = \"json\"\n[[benchmark]]\nname = \"quick\"\ncommand = \"./quick\"\nkey = \"ns\"\n\
         [[benchmark]]\nname = \"long\"\ncommand = \"./endless\"\nkey = \"ns\"\n",
    );
    folder.commit();
    let mut gate = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-paso-gate"))
        .args(["gate", "--base", "HEAD", "--markdown", "gate.md"])
        .current_dir(folder.path().join("project"))
        .env("PASO_GATE_CACHE", folder.path().join("cache"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program");
    let start = std::time::Instant::now();
    while !folder.read("gate.md").contains("| quick | same |") {
        assert!(start.elapsed().as_secs() < 60, "{}", folder.read("gate.md"));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // As Ctrl-C does.
    let kill = std::process::Command::new("kill").args(["-INT", &gate.id().to_string()]).status();
    assert!(kill.expect("kill").success(), "it still runs");
    assert_eq!(gate.wait().expect("it ends").code(), Some(130));
    let markdown = folder.read("gate.md");
    assert!(
        markdown.contains("Not finished") && markdown.contains("| long | not measured |"),
        "{markdown}"
    );
    assert!(markdown.contains("| quick | same |"), "{markdown}");
}
