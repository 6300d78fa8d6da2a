//! What is going on, with the time left: a line that is drawn again on a terminal, and one line per
//! event everywhere else.

use crate::gate::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Says what is going on, on stderr.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    start: Instant,
    /// Nothing takes longer than this.
    budget: Duration,
}

impl Progress {
    pub(crate) fn new(budget: Duration) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, start: Instant::now(), budget }
    }

    /// A line that stays. One that stderr does not take is dropped: there is nobody left to tell.
    pub(crate) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => {
                let _ = writeln!(std::io::stderr(), "{text}");
            }
        }
    }

    /// What is measured now, after so many of all.
    pub(crate) fn now(&self, name: &str, done: usize, of: usize) {
        if let Some(bar) = &self.bar {
            let left = left(self.start.elapsed(), self.budget, done, of);
            bar.set_message(format!("{}/{of} {name}{left}", done + 1));
        }
    }

    /// An event of a gate.
    pub(crate) fn event(&self, event: Event<'_>) {
        match event {
            Event::Starts { name, done, of } => self.now(name, done, of),
            Event::Ended { row, second, .. } => {
                let round = if second { "second round: " } else { "" };
                self.line(&format!("{round}{}", row.sentence()));
            }
        }
    }

    /// Removes what is drawn again.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The time left, from the mean time of what is done, up to the end of the budget.
fn left(elapsed: Duration, budget: Duration, done: usize, of: usize) -> String {
    if done == 0 {
        return format!(", up to {} left", minutes(budget.saturating_sub(elapsed)));
    }
    let left = elapsed.mul_f64(of.saturating_sub(done) as f64 / done as f64);
    format!(", about {} left", minutes(left.min(budget.saturating_sub(elapsed))))
}

/// `2m 5s`, as people read it.
fn minutes(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_what_is_done() {
        let seconds = Duration::from_secs;
        assert_eq!(left(seconds(0), seconds(600), 0, 8), ", up to 10m left");
        assert_eq!(left(seconds(30), seconds(600), 2, 8), ", about 1m 30s left");
        assert_eq!(left(seconds(590), seconds(600), 2, 8), ", about 10s left");
    }
}
