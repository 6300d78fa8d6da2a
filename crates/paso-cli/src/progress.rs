//! Progress bars with the time left: on a terminal only, so that logs and pipes stay clean.
//!
//! indicatif draws on stderr, and draws nothing where stderr is no terminal. So a log or a pipe of
//! stdout and stderr has lines of text only.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` units of work, on stderr; silent where stderr is no terminal.
pub(crate) fn bar(length: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template(
        "{prefix} {wide_bar:.cyan/dim} {pos}/{len} {elapsed} (left {eta}) {msg}",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(what.to_owned());
    bar
}
