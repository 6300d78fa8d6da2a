//! Progress bars with the estimated time left. They are drawn on terminals only, so logs and pipes stay clean.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` units of work, on stderr; hidden where stderr is not a terminal.
pub(crate) fn bar(length: u64, name: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template(
        "{prefix} {wide_bar:.cyan/dim} {pos}/{len} {elapsed} (left {eta}) {msg}",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(name.to_owned());
    bar
}
