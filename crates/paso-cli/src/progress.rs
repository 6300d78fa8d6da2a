//! Progress bars with the time left: on a terminal only, so that logs and pipes stay clean.
//!
//! indicatif draws on stderr, and draws nothing where stderr is no terminal. So a log or a pipe of
//! stdout and stderr has lines of text only.
//!
//! Text that is printed while a bar is drawn must go through `ProgressBar::suspend`, or the two
//! mix.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` units of work, on stderr; silent where stderr is no terminal.
///
/// `what` is the word in front of the bar.
pub(crate) fn bar(length: u64, what: &str) -> ProgressBar {
    styled(length, what, "{prefix} {wide_bar:.cyan/dim} {pos}/{len} {elapsed} (left {eta}) {msg}")
}

/// A bar whose message says the time left, where the work that is left is not known. It has no length
/// yet, and is drawn once it is known.
pub(crate) fn without_time_left(what: &str) -> ProgressBar {
    styled(0, what, "{prefix} {wide_bar:.cyan/dim} {pos}/{len} {elapsed} {msg}")
}

fn styled(length: u64, what: &str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(what.to_owned());
    bar
}
