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

/// What one case led to.
fn judge(dir: &Path, case: &Value) -> Result<String, String> {
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
            (false, left_out, problems.iter().map(|p| format!("{p}\n")).collect())
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
    let memory = most_memory_kib();
    let answer = if refused {
        "refused"
    } else if left_out {
        "left out"
    } else {
        "loaded"
    };
    let shown = format!(
        "{answer} in {took:.1?}, {}: {}",
        memory.map_or("memory unknown".into(), |kib| format!("{} MiB", kib / 1024)),
        said.trim_end()
    );
    let cheap = took < LONGEST && memory.is_none_or(|kib| kib < MOST_KIB);
    if as_promised && named && cheap { Ok(shown) } else { Err(shown) }
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

/// One case, in a process of its own. Without a case it has nothing to do.
#[test]
fn the_case_of_this_process() {
    let Ok(id) = std::env::var(CASE) else { return };
    let (dir, cases) = table().expect("the parent process found it");
    let case = cases.iter().find(|case| case["id"] == *id).expect("a case of the table");
    match judge(&dir.join(&id), case) {
        Ok(shown) => eprintln!("{id}: {shown}"),
        Err(shown) => panic!("{id} should be {}: {shown}", case["expect"]),
    }
}

#[test]
fn every_case_gets_what_its_table_says() {
    let Some((_, cases)) = table() else { return };
    assert_eq!(cases.len(), 21, "the table has all of its cases");
    let mut failures = Vec::new();
    for case in &cases {
        let id = case["id"].as_str().expect("a string");
        // Its own process: memory is its own, and whatever ends it is seen.
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["bad_input::the_case_of_this_process", "--exact", "--nocapture"])
            .env(CASE, id)
            .output()
            .expect("this program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        eprint!("{said}");
        if !output.status.success() || !said.contains(id) {
            failures.push(format!("{id}: {}\n{said}", output.status));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Unrepaired files as they lie on the net: odd formats under wrong names, sizes of 0x0, EXIF turns.
#[test]
fn every_original_is_read() {
    let Some(dir) = shared("data/originals") else { return };
    for (part, usable, several) in
        [("raccoon", 6, 3), ("fruit", 13, 1), ("cats", 3, 0), ("constructed", 17, 0)]
    {
        let start = Instant::now();
        let (samples, problems) = read(&dir.join(part)).expect("it is read");
        let took = start.elapsed();
        eprintln!("{part}: {samples} samples in {took:.1?}");
        problems.iter().for_each(|p| eprintln!("  {p}"));
        let left_out = problems.iter().filter(|p| p.kind.effect() == Effect::LeftOut).count();
        assert_eq!((samples, left_out), (usable, several), "{part}: {problems:?}");
        assert!(took < LONGEST, "{part} took {took:?}");
    }
}
