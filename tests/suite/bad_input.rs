//! Broken data sets from outside: each gets the answer that its table promises, quickly and in
//! little memory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use paso_locate::data::{Dataset, Effect, LoadOptions, PrepareOptions, Prepared, Problem};
use paso_tests::{json, shared};
use serde_json::Value;

/// The broken file of each case, as its message has to name it; other words come from the table.
const FILES: [(&str, &str); 3] =
    [("the xml file", ".xml"), ("the image file", ".jpg"), ("the txt file", ".txt")];

/// How long a case may take, and how much memory its process may ever have used.
const LONGEST: Duration = Duration::from_secs(5);
const MOST_KIB: u64 = 500 * 1024;

/// Loading and decoding a whole set: its samples and everything that was reported, or the error.
pub(crate) fn read(dir: &Path) -> Result<(usize, Vec<Problem>), paso_locate::Error> {
    let (dataset, report) = Dataset::load(dir, &LoadOptions::default())?;
    let all: Vec<usize> = (0..dataset.samples.len()).collect();
    let (prepared, more) = Prepared::new(&dataset, &all, &PrepareOptions::default())?;
    Ok((prepared.len(), [report.problems, more].concat()))
}

/// What one case led to: a row of the table, or why it is wrong.
fn check(dir: &Path, case: &Value) -> Result<String, String> {
    let text = |key: &str| case[key].as_str().expect("a string");
    let start = Instant::now();
    let outcome = read(dir);
    let took = start.elapsed();
    let (refused, left_out, said) = match &outcome {
        Err(error) => (true, false, error.to_string()),
        Ok((samples, problems)) => {
            let left_out = problems.iter().any(|p| p.kind.effect() == Effect::LeftOut);
            if *samples != if left_out { 3 } else { 4 } {
                return Err(format!("{samples} samples, {problems:?}"));
            }
            (false, left_out, list(problems))
        }
    };
    let as_promised = match text("expect") {
        "ok" => !refused && !left_out,
        "error" => refused,
        "error-or-reported-skip" => refused || left_out,
        other => return Err(format!("the table expects {other}")),
    };
    let named = case["must_name"].as_array().expect("a list").iter().all(|word| {
        let word = word.as_str().expect("a word");
        said.contains(FILES.iter().find(|f| f.0 == word).map_or(word, |f| f.1))
    });
    let answer = if refused {
        "refused"
    } else if left_out {
        "left out"
    } else {
        "loaded"
    };
    let (row, cheap) = row(text("id"), text("expect"), answer, took, &said);
    if as_promised && named && cheap { Ok(row) } else { Err(row) }
}

/// A folder of unrepaired files: so many samples that can be used, and so many images that are left out.
fn check_original(
    dir: &Path,
    part: &str,
    usable: usize,
    left_out: usize,
) -> Result<String, String> {
    let start = Instant::now();
    let (samples, problems) = read(dir).map_err(|e| e.to_string())?;
    let took = start.elapsed();
    let skipped = problems.iter().filter(|p| p.kind.effect() == Effect::LeftOut).count();
    let expected = format!("{usable} usable, {left_out} left out");
    let found = format!("{samples} usable, {skipped} left out");
    let id = format!("originals/{part}");
    let (row, cheap) = row(&id, &expected, &found, took, &list(&problems));
    if expected == found && cheap { Ok(row) } else { Err(row) }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{p}\n")).collect()
}

/// A row of the table, without the folder that everything lies in; and whether it took little time and memory.
fn row(id: &str, expected: &str, happened: &str, took: Duration, said: &str) -> (String, bool) {
    let memory = most_memory_kib();
    let cheap = took < LONGEST && memory.is_none_or(|kib| kib < MOST_KIB);
    let memory = memory.map_or("?".into(), |kib| (kib / 1024).to_string());
    let folder = shared("data").map_or(String::new(), |dir| format!("{}/", dir.display()));
    let said = said.replace(&folder, "");
    let mut lines = said.lines();
    let first = lines.next().unwrap_or("").replace('|', "/");
    let more = match lines.count() {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    let seconds = took.as_secs_f64();
    let row =
        format!("| {id} | {expected} | {happened} | {seconds:.2} | {memory} | {first}{more} |");
    (row, cheap)
}

/// The most memory that this process ever had, where the system tells it (Linux).
fn most_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Says to a process of [`every_case_gets_what_its_table_says`] which case is its own.
const CASE: &str = "PASO_BAD_CASE";

fn table() -> Option<(PathBuf, Vec<Value>)> {
    let dir = shared("data/bad")?;
    let table = json(&dir.join("CASES.json"));
    Some((dir, table["cases"].as_array().expect("a list of cases").clone()))
}

/// Unrepaired files as they lie on the net: odd formats under wrong names, sizes of 0x0, EXIF turns. Samples that can be
/// used, and images that are left out (of several objects).
const ORIGINALS: [(&str, usize, usize); 4] =
    [("raccoon", 6, 3), ("fruit", 13, 1), ("cats", 3, 0), ("constructed", 17, 0)];

/// One case, in a process of its own. Without a case it has nothing to do.
#[test]
fn the_case_of_this_process() {
    let Ok(id) = std::env::var(CASE) else { return };
    let outcome = match id.strip_prefix("originals/") {
        Some(part) => {
            let dir = shared("data/originals").expect("the parent process found it").join(part);
            let &(_, usable, left_out) =
                ORIGINALS.iter().find(|(name, ..)| *name == part).expect("one of them");
            check_original(&dir, part, usable, left_out)
        }
        None => {
            let (dir, cases) = table().expect("the parent process found it");
            let case = cases.iter().find(|case| case["id"] == *id).expect("a case of the table");
            check(&dir.join(&id), case)
        }
    };
    match outcome {
        Ok(row) => eprintln!("{row}"),
        Err(row) => panic!("not as expected: {row}"),
    }
}

/// Prints the table of cases: `cargo test -p paso-tests bad -- --nocapture`.
#[test]
fn every_case_gets_what_its_table_says() {
    let Some((_, cases)) = table() else { return };
    assert_eq!(cases.len(), 21, "the table has all of its cases");
    let ids = cases.iter().map(|case| case["id"].as_str().expect("a string").to_owned());
    in_processes_of_their_own(ids);
}

#[test]
fn every_original_is_read() {
    if shared("data/originals").is_some() {
        in_processes_of_their_own(ORIGINALS.map(|(part, ..)| format!("originals/{part}")));
    }
}

/// Each case in its own process: memory is its own, and whatever ends it is seen.
fn in_processes_of_their_own(ids: impl IntoIterator<Item = String>) {
    let mut table = String::from(
        "\n| case | expected | what happened | seconds | MiB at most | the message |\n|---|---|---|---|---|---|\n",
    );
    let mut failures = Vec::new();
    for id in ids {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["bad_input::the_case_of_this_process", "--exact", "--nocapture"])
            .env(CASE, &id)
            .output()
            .expect("this program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        let row = said.lines().find(|line| line.starts_with(&format!("| {id} ")));
        match row.filter(|_| output.status.success()) {
            Some(row) => table += &format!("{row}\n"),
            None => failures.push(format!("{id}: {}\n{said}", output.status)),
        }
    }
    #[expect(clippy::print_stderr, reason = "a test says what it found")]
    {
        eprintln!("{table}");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
