//! `paso predict` on folders, patterns and names on stdin; man pages; the list of nets.

use crate::{Place, TRAIN, text};
use std::io::Write;
use std::process::Stdio;

#[test]
fn a_folder_a_pattern_and_stdin_give_the_same_as_the_files() {
    let place = Place::new();
    place.stdout(&format!("{} --out run", TRAIN.replace("--epochs 12", "--epochs 1")));
    let folder = place.json("predict run scenes/images --json");
    assert_eq!(folder.len(), 26, "every scene");
    assert_eq!(place.json("predict run scenes/images/*.png --json"), folder, "a quoted pattern");
    let names: Vec<&str> =
        folder.iter().map(|line| line["file"].as_str().expect("a name")).collect();
    assert_eq!(place.json(&format!("predict run {} --json", names.join(" "))), folder);

    let mut command = place.paso("predict run - --json");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    writeln!(stdin, "{}\n", names.join("\n")).expect("names");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let lines: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines, folder);

    let (code, said) = place.refused("predict run scenes/images/*.gif");
    assert!(code == 1 && said.contains("no file matches this pattern"), "{said}");
    let (code, said) = place.refused("predict run scenes/images missing.png");
    assert!(code == 1 && said.contains("1 of 27 images could not be used"), "{said}");
}

#[test]
fn man_pages_are_written_for_every_command_and_nets_are_listed() {
    let place = Place::new();
    let said = text(&crate::output(&mut place.paso("man pages/man1")).stderr);
    for page in ["paso", "paso-settle", "paso-train", "paso-find-lr", "paso-nets"] {
        let page = place.path("pages/man1").join(format!("{page}.1"));
        let page = String::from_utf8(crate::bytes(&page)).expect("text");
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".SH OPTIONS"), "{page}");
    }
    assert!(said.contains("man pages in pages/man1"), "{said}");
    let nets = place.json("nets --json");
    let small = nets[0].as_array().expect("a list").iter().find(|net| net["net"] == "small");
    assert!(small.is_some_and(|net| net["parameters"].as_u64() > Some(200_000)), "{nets:?}");
    let version = place.stdout("--version");
    for part in ["commit", "target", "instruction set"] {
        assert!(version.contains(part), "{version}");
    }
    assert!(place.stdout("schedule --list").contains("cosine(FROM -> TO"));
}
