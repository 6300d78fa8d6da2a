//! Broken data sets from outside: each gets the answer that its table promises, quickly.

use std::path::Path;
use std::time::{Duration, Instant};

use paso_locate::data::{Dataset, Effect, LoadOptions, PrepareOptions, Prepared, Problem};
use paso_tests::{json, shared};

/// The broken file of each case, as its message has to name it; other words come from the table.
const FILES: [(&str, &str); 2] = [("the xml file", ".xml"), ("the image file", ".jpg")];

/// The formats that are read. A folder in another one is refused, with what was looked for.
const FORMATS: [&str; 1] = ["voc"];

/// Loading and decoding a whole set: its samples and everything that was reported, or the error.
fn read(dir: &Path) -> Result<(usize, Vec<Problem>), paso_locate::Error> {
    let (dataset, report) = Dataset::load(dir, &LoadOptions::default())?;
    let all: Vec<usize> = (0..dataset.samples.len()).collect();
    let (prepared, more) = Prepared::new(&dataset, &all, &PrepareOptions::default())?;
    Ok((prepared.len(), [report.problems, more].concat()))
}

#[test]
fn every_case_gets_what_its_table_says() {
    let Some(dir) = shared("data/bad") else { return };
    let table = json(&dir.join("CASES.json"));
    let mut failures = Vec::new();
    for case in table["cases"].as_array().expect("a list of cases") {
        let text = |key: &str| case[key].as_str().expect("a string").to_owned();
        let (id, expect) = (text("id"), text("expect"));
        let start = Instant::now();
        let outcome = read(&dir.join(&id));
        let took = start.elapsed();
        let (refused, left_out, said) = match &outcome {
            Err(error) => (true, false, error.to_string()),
            Ok((samples, problems)) => {
                let left_out = problems.iter().any(|p| p.kind.effect() == Effect::LeftOut);
                assert_eq!(*samples, if left_out { 3 } else { 4 }, "{id}: {problems:?}");
                (false, left_out, problems.iter().map(|p| format!("{p}\n")).collect())
            }
        };
        if !FORMATS.contains(&&*text("format")) {
            assert!(refused && said.contains("looked for"), "{id}: {said}");
            continue;
        }
        let as_promised = match expect.as_str() {
            "ok" => !refused && !left_out,
            "error" => refused,
            "error-or-reported-skip" => refused || left_out,
            other => panic!("{id}: the table expects {other}"),
        };
        let named = case["must_name"].as_array().expect("a list").iter().all(|word| {
            let word = word.as_str().expect("a word");
            let word = FILES.iter().find(|f| f.0 == word).map_or(word, |f| f.1);
            // The messages say it in their own order: "annotation 4" for "annotation id 4".
            said.contains(word)
        });
        if !as_promised || !named || took > Duration::from_secs(5) {
            failures.push(format!("{id} ({expect}, {took:?}): {said}"));
        }
        eprintln!("{id}: {}", said.trim_end());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
