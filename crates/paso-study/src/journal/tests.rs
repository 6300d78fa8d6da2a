//! Journals: what a crash leaves, what is refused by line, and who may write.

use super::*;
use crate::audit::{LrHistogram, RunAudit};

fn run(seed: u64) -> RunSpec {
    RunSpec::new("linear(to 0)", 1e-3, 100, seed)
}

fn outcome(metric: f64) -> Outcome {
    Outcome { metric, averaged: vec![metric / 3.0], ..Outcome::default() }
}

fn open(folder: &Path, fingerprint: &str) -> Result<Journal, Error> {
    Journal::open(folder, None, None, fingerprint)
}

/// A journal of three runs, closed, and its text.
fn written(folder: &Path) -> String {
    let mut journal = open(folder, "data").expect("a new journal");
    for (seed, metric) in [(0, 0.1), (1, f64::NAN), (2, 1.0 / 3.0)] {
        journal.add(&run(seed), outcome(metric)).expect("written");
    }
    std::fs::read_to_string(folder.join(FILE_NAME)).expect("the file")
}

#[test]
fn a_file_cut_at_any_byte_keeps_its_whole_lines_and_can_be_continued() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = written(folder.path());
    let path = folder.path().join(FILE_NAME);
    for cut in 0..=text.len() {
        std::fs::write(&path, &text[..cut]).expect("written");
        let whole = text[..cut].matches('\n').count();
        let mut journal = open(folder.path(), "data").expect("a crash");
        assert_eq!(journal.len(), whole, "cut at {cut}");
        let length = std::fs::metadata(&path).expect("the file").len();
        let kept = text[..cut].rfind('\n').map_or(0, |i| i + 1);
        assert_eq!(length, kept as u64, "cut at {cut}: the rest is gone");
        if cut % 97 == 0 {
            journal.add(&run(9), outcome(0.5)).expect("written");
            drop(journal);
            let again = open(folder.path(), "data").expect("whole lines");
            assert_eq!(again.len(), whole + 1, "cut at {cut}: continued");
        }
    }
}

#[test]
fn outcomes_come_back_bit_for_bit_and_nan_as_nan() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    written(folder.path());
    let journal = open(folder.path(), "data").expect("the same study");
    let metric = |seed| journal.get(&run(seed)).expect("it is there").metric;
    assert_eq!(metric(2).to_bits(), (1.0f64 / 3.0).to_bits());
    assert!(metric(1).is_nan(), "JSON has no NaN, so the file has null");
    assert!(journal.get(&run(3)).is_none(), "another seed is another run");
    let other = RunSpec { averaging: vec![5], ..run(0) };
    assert!(journal.get(&other).is_none(), "other averages are another run");
    let mut journal = journal;
    journal.add(&run(4), Outcome::default()).expect("written");
    let other = RunSpec { averaging: vec![5], ..run(4) };
    assert!(journal.get(&other).is_some(), "unless the loop has none to give");
}

#[test]
fn a_file_is_locked_while_its_journal_lives() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = open(folder.path(), "").expect("free");
    let error = open(folder.path(), "").expect_err("taken").to_string();
    assert!(error.contains("is working in this folder"), "{error}");
    let error = Journal::open(folder.path(), Some("w1"), None, "").expect_err("taken");
    assert!(error.to_string().contains("is working in this folder"), "{error}");
    drop(first);
    Journal::open(folder.path(), Some("w1"), None, "").expect("a worker has a file of its own");
    open(folder.path(), "").expect("free again");
}

#[test]
fn the_first_outcome_of_a_run_counts_and_other_workers_are_read_when_asked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let worker = |name| Journal::open(folder.path(), Some(name), Some(name), "").expect("free");
    let [mut one, mut two] = ["a", "b"].map(worker);
    one.add(&run(0), outcome(0.25)).expect("written");
    two.add(&run(0), outcome(0.75)).expect("written");
    two.add(&run(1), outcome(0.5)).expect("written");
    assert_eq!((one.len(), two.len()), (1, 2), "not read yet");
    one.read_others().expect("readable");
    assert_eq!(one.len(), 2);
    assert!(one.machines().iter().eq(["a", "b"]), "{:?}", one.machines());
    two.add(&run(5), outcome(0.5)).expect("written");
    one.read_others().expect("readable");
    assert_eq!(one.len(), 3, "from where it was read to");
    assert_eq!(one.get(&run(0)).expect("its own").metric, 0.25);
}

#[test]
fn other_files_of_the_folder_are_no_journals() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["runs.jsonl", "runs-1-of-2.jsonl", "runs.json", "my-runs.jsonl", "plan.json"] {
        std::fs::write(folder.path().join(name), "").expect("written");
    }
    let found = files(folder.path()).expect("readable");
    let names: Vec<_> = found.iter().map(|path| path.file_name().expect("a name")).collect();
    assert_eq!(names, ["runs-1-of-2.jsonl", "runs.jsonl"]);
    assert!(files(&folder.path().join("none")).is_err(), "no such folder");
}

#[test]
fn in_memory_nothing_is_written() {
    let mut journal = Journal::in_memory();
    journal.add(&run(0), outcome(0.5)).expect("kept");
    journal.read_others().expect("there are none");
    assert_eq!(journal.get(&run(0)).expect("kept").metric, 0.5);
}

/// The message of a journal with this text, which has to name the line.
#[track_caller]
fn refused(folder: &Path, text: &[u8], line: usize) -> String {
    let path = folder.join(FILE_NAME);
    std::fs::write(&path, text).expect("written");
    let said = open(folder, "data").expect_err("damaged").to_string();
    assert!(said.contains(&format!("runs.jsonl, line {line}: ")), "{said}");
    assert_eq!(std::fs::read(&path).expect("the file"), text, "nothing is changed");
    assert!(read(&path).is_err(), "merging reads it, too");
    said
}

#[test]
fn no_bit_of_a_journal_can_flip_into_another_outcome() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = written(folder.path()).into_bytes();
    let journal = open(folder.path(), "data").expect("whole");
    let known = journal.finished.clone();
    drop(journal);
    let path = folder.path().join(FILE_NAME);
    for bit in 0..8 * whole.len() {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &changed).expect("written");
        // The last end of a line is the only byte whose damage looks like a crash.
        match open(folder.path(), "data") {
            Err(error) => assert!(error.to_string().contains("line "), "bit {bit}: {error}"),
            Ok(journal) => {
                assert_eq!(bit / 8, whole.len() - 1, "bit {bit}");
                let same = |(key, outcome): (&String, &Outcome)| {
                    format!("{outcome:?}") == format!("{:?}", known[key])
                };
                assert!(journal.finished.iter().all(same) && journal.len() == 2, "bit {bit}");
            }
        }
    }
}

#[test]
fn a_line_that_is_not_a_finished_run_is_refused_by_its_number() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = written(folder.path());
    let lines: Vec<&str> = text.lines().collect();
    let with = |second: &[u8]| {
        [lines[0].as_bytes(), b"\n", second, b"\n", lines[2].as_bytes(), b"\n"].concat()
    };
    for second in [&b""[..], b"NaN", b"{}", b"\x00\x00", b"\xff\xfe", b"[[[[[[", b"\"crc32\""] {
        let said = refused(folder.path(), &with(second), 2);
        assert!(said.contains("remove this line to do the run again"), "{said}");
    }
    let deep = "[".repeat(100_000);
    refused(folder.path(), &with(deep.as_bytes()), 2);
    let other = lines[1].replacen("null", "0.9", 1);
    assert!(refused(folder.path(), &with(other.as_bytes()), 2).contains("checksum"));
    let later = lines[1].replacen("\"format\":3", "\"format\":4", 1);
    assert!(refused(folder.path(), &with(later.as_bytes()), 2).contains("format 4 is unknown"));
}

/// A line with its checksum.
fn summed(body: &str) -> String {
    let sum = crc32fast::hash(body.as_bytes());
    format!("{body},\"crc32\":\"{sum:08x}\"}}\n")
}

#[test]
fn lines_of_older_versions_are_refused_by_their_version() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = written(folder.path());
    let (body, _) = text.split_once(",\"crc32\"").expect("a checksum");
    let first = body.replacen("\"format\":3", "\"format\":1", 1) + "}\n";
    let second = summed(&body.replacen("\"format\":3", "\"format\":2", 1));
    // Their runs did not know when they are evaluated, and would be refused for that otherwise.
    let bare = second.replacen("\"evaluate_at\":[100],", "", 1);
    assert_ne!(bare, second);
    for (version, line) in [(1, first), (2, second), (2, bare)] {
        let said = refused(folder.path(), line.as_bytes(), 1);
        let expected = format!(
            "format {version} was written by an older version whose procedure was another; use another folder"
        );
        assert!(said.ends_with(&expected), "{said}");
        assert!(!said.contains("remove this line"), "nothing to mend: {said}");
    }
    for (version, line) in [("0", body.replacen('3', "0", 1)), ("4", body.replacen('3', "4", 1))] {
        let said = refused(folder.path(), summed(&line).as_bytes(), 1);
        assert!(said.contains(&format!("format {version} is unknown")), "{said}");
    }
}

#[test]
fn numbers_that_no_run_has_are_refused_under_a_right_checksum() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = written(folder.path());
    let (body, _) = text.split_once(",\"crc32\"").expect("a checksum");
    for (from, to, says) in [
        ("\"peak_lr\":0.001", "\"peak_lr\":-0.001", "peak_lr is -0.001"),
        ("\"peak_lr\":0.001", "\"peak_lr\":1e999", "out of range"),
        ("\"steps\":100", "\"steps\":0", "steps is 0"),
        ("\"evaluate_at\":[100]", "\"evaluate_at\":[]", "evaluated after no update"),
        ("\"evaluate_at\":[100]", "\"evaluate_at\":[100,100]", "evaluate_at is [100, 100]"),
        ("\"evaluate_at\":[100]", "\"evaluate_at\":[0,100]", "evaluate_at is [0, 100]"),
        ("\"seconds\":0.0", "\"seconds\":-1.0", "seconds is -1"),
        ("\"averaging\":[]", "\"averaging\":[1,2,3]", "1 averages where the run asks for 3"),
    ] {
        let changed = body.replacen(from, to, 1);
        assert_ne!(changed, body, "{from}");
        let said = refused(folder.path(), summed(&changed).as_bytes(), 1);
        assert!(said.contains(says), "{said}");
    }
    let said = refused(folder.path(), format!("{body}}}\n").as_bytes(), 1);
    assert!(said.contains("without a checksum") && said.contains("remove this line"), "{said}");
}

#[test]
fn an_audit_without_numbers_comes_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let audit = RunAudit {
        step_rms: f64::NAN,
        largest_over_bound: f64::INFINITY,
        share_above_lr: 0.25,
        sum_sqrt_v: f64::NAN,
        ..RunAudit::default()
    };
    let mut journal = open(folder.path(), "data").expect("a new journal");
    let outcome = Outcome { audit: Some(audit), loss: Some(f64::NAN), ..outcome(0.5) };
    journal.add(&run(0), outcome).expect("written");
    drop(journal);
    let journal = open(folder.path(), "data").expect("readable");
    let found = journal.get(&run(0)).expect("kept");
    let audit = found.audit.as_ref().expect("kept");
    assert!(audit.step_rms.is_nan() && audit.sum_sqrt_v.is_nan() && !audit.is_finite());
    assert!(!audit.largest_over_bound.is_finite() && audit.share_above_lr == 0.25);
    assert_eq!((found.metric, found.loss), (0.5, None), "the rest as it was");
}

#[test]
fn a_histogram_that_would_take_all_memory_is_refused() {
    let line = |first: i32, bins: usize| {
        let histogram = LrHistogram { layer: "a".into(), first, counts: vec![1; bins] };
        let audit = RunAudit { effective_lrs: vec![histogram], ..RunAudit::default() };
        Line::new("data", None, &run(0), &Outcome { audit: Some(audit), ..outcome(0.5) }).text()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (first, bins) in [(i32::MIN, 1), (i32::MAX, 2), (0, 100_000)] {
        let said = refused(folder.path(), line(first, bins).as_bytes(), 1);
        assert!(said.contains("half decades"), "{said}");
    }
    std::fs::write(folder.path().join(FILE_NAME), line(-647, 1265)).expect("written");
    open(folder.path(), "data").expect("all that an f64 can have");
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(FILE_NAME);
    let text = written(folder.path());
    let file = OpenOptions::new().append(true).open(&path).expect("the file");
    file.set_len(text.len() as u64 + (1 << 30)).expect("a sparse file");
    let said = open(folder.path(), "data").expect_err("1 GB").to_string();
    assert!(said.contains("runs.jsonl, line 4: longer than"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_journal_that_is_no_file_is_refused_without_being_opened() {
    for target in ["/dev/zero", "/"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in [FILE_NAME, "runs-1-of-2.jsonl"] {
            let path = folder.path().join(name);
            std::os::unix::fs::symlink(target, &path).expect("a link");
            let said = open(folder.path(), "").expect_err(target).to_string();
            assert!(said.contains(name) && said.contains("regular file"), "{said}");
            std::fs::remove_file(&path).expect("a link");
        }
    }
}
