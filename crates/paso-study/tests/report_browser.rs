//! The page in a browser: the first screen of a phone, no sideways scrolling, print, no violations.
//!
//! The pages stay in `reports` in the temporary folder of the build, to be looked at.
#![cfg(feature = "html")]

mod reported;

use paso_study::StudyReport;
use reported::gallery;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Two browsers cannot share a profile, and tests run at the same time.
fn chromium(folder: &Path, profile: &str, arguments: &[&str]) -> Option<Output> {
    let profile = format!("--user-data-dir={}", folder.join(profile).display());
    let quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        "--allow-file-access-from-files",
    ];
    Command::new("chromium").args(quiet).arg(profile).args(arguments).output().ok()
}

/// Writes the pages, each with a frame of the given size around it that measures it.
fn pages() -> (PathBuf, &'static [(&'static str, StudyReport)]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("reports");
    std::fs::create_dir_all(&folder).expect("a folder");
    let gallery = gallery();
    for (name, report) in gallery {
        std::fs::write(folder.join(format!("{name}.html")), report.html()).expect("written");
    }
    (folder, gallery)
}

/// What the browser measures in a window of this width: the width of the content, and the lower end
/// of the first command.
fn measured(folder: &Path, name: &str, width: u32) -> Option<(f64, f64)> {
    let frame = folder.join(format!("frame-{width}.html"));
    let script = "const d = document.querySelector('iframe').contentDocument; \
        document.body.dataset.found = d.documentElement.scrollWidth + ' ' + \
        d.querySelector('pre').getBoundingClientRect().bottom";
    let html = format!(
        "<body onload=\"{script}\"><iframe src=\"{name}.html\" style=\"width:{width}px;height:844px;border:0\"></iframe>"
    );
    std::fs::write(&frame, html).expect("written");
    let output = chromium(
        folder,
        "profile-screen",
        &["--dump-dom", &format!("file://{}", frame.display())],
    )?;
    let log = String::from_utf8_lossy(&output.stderr);
    // Violations of the page's own ban on loading anything would be said on the console.
    assert!(!log.contains("CONSOLE"), "{name} at {width}: {log}");
    let dom = String::from_utf8_lossy(&output.stdout);
    let found = dom.split("data-found=\"").nth(1).expect("measured").split('"').next()?;
    let (wide, end) = found.split_once(' ')?;
    Some((wide.parse().ok()?, end.parse().ok()?))
}

#[test]
fn the_answer_fits_the_first_screen_and_nothing_scrolls_sideways() {
    let (folder, gallery) = pages();
    for (name, _) in gallery {
        for width in [390, 1_280] {
            let Some((content, command)) = measured(&folder, name, width) else {
                return eprintln!("skipped: no chromium");
            };
            assert!(content <= f64::from(width), "{name} at {width}: {content} wide");
            // Names of 60 characters take more room.
            assert!(command <= 844.0 || *name == "hostile", "{name} at {width}: ends at {command}");
        }
    }
}

#[test]
fn a_printed_report_has_at_most_five_pages() {
    let (folder, gallery) = pages();
    for (name, _) in gallery {
        let pdf = folder.join(format!("{name}.pdf"));
        let print = format!("--print-to-pdf={}", pdf.display());
        let page = format!("file://{}", folder.join(format!("{name}.html")).display());
        if chromium(&folder, "profile-print", &["--no-pdf-header-footer", &print, &page]).is_none()
        {
            return eprintln!("skipped: no chromium");
        }
        let bytes = std::fs::read(&pdf).expect("printed");
        let text = String::from_utf8_lossy(&bytes);
        let pages = text.matches("/Type /Page\n").count();
        assert!((1..=5).contains(&pages), "{name}: {pages} pages");
    }
}
