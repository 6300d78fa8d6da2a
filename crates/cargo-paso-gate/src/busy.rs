//! How busy the machine is with something else.
//!
//! On Linux `/proc/stat` counts the time of all CPUs, and `/proc/self/stat` that of this process and
//! of the programs that it waited for. The difference is the time of others, stolen time of a
//! virtual machine included. Elsewhere nothing is known, and only the control tells.

use std::fmt;
use std::time::Instant;

/// Ticks in a second, of both files, on every Linux.
const TICKS: f64 = 100.0;

/// What others used, on average over a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// CPUs that other processes kept busy.
    pub others: f64,
    /// CPUs of this machine.
    pub cpus: usize,
}

impl Load {
    /// Whether others used more than an idle system does: a fifth of a CPU.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.others > 0.2
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "other processes used {:.1} of {} CPUs", self.others, self.cpus)
    }
}

/// The counters at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    at: Instant,
    ticks: Option<Ticks>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    all: f64,
    own: f64,
    cpus: usize,
}

impl Since {
    /// Starts to count.
    #[must_use]
    pub fn now() -> Self {
        Self { at: Instant::now(), ticks: read() }
    }

    /// What others used since then. Nothing where the system does not tell, or less than half a
    /// second has passed.
    #[must_use]
    pub fn load(&self) -> Option<Load> {
        let seconds = self.at.elapsed().as_secs_f64();
        (seconds > 0.5).then_some(())?;
        load(self.ticks?, read()?, seconds)
    }
}

fn read() -> Option<Ticks> {
    let all = std::fs::read_to_string("/proc/stat").ok()?;
    let own = std::fs::read_to_string("/proc/self/stat").ok()?;
    ticks(&all, &own)
}

/// From the two files.
///
/// The first line of `/proc/stat` is `cpu user nice system idle iowait irq softirq steal ...`; a
/// line `cpuN` follows for each CPU. In `/proc/self/stat` the name of the program, in parentheses,
/// may contain blanks; the 12th field after it is `utime`, followed by `stime`, `cutime`, `cstime`.
fn ticks(all: &str, own: &str) -> Option<Ticks> {
    let mut lines = all.lines();
    let fields: Vec<f64> = lines
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .map_while(|x| x.parse().ok())
        .collect();
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|&i| fields.get(i)).sum();
    let cpus = lines.filter(|line| line.starts_with("cpu")).count();
    let own = own.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    let own: Vec<f64> = own.map_while(|x| x.parse().ok()).collect();
    (own.len() == 4).then(|| Ticks { all: busy, own: own.iter().sum(), cpus })
}

fn load(before: Ticks, after: Ticks, seconds: f64) -> Option<Load> {
    let others = (after.all - before.all - (after.own - before.own)) / TICKS / seconds;
    others.is_finite().then(|| Load { others: others.max(0.0), cpus: after.cpus })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "cpu  100 10 20 5000 7 1 2 3 0 0\ncpu0 50 5 10 2500 3 1 1 2 0 0\ncpu1 50 5 10 2500 4 0 1 1 0 0\nintr 1\n";
    const OWN: &str = "42 (a name) with) S 1 42 42 0 -1 4194304 100 0 0 0 11 12 13 14 20 0 1 0 55";

    #[test]
    fn ticks_are_those_of_work() {
        let found = ticks(ALL, OWN).expect("both files");
        assert_eq!(found, Ticks { all: 136.0, own: 50.0, cpus: 2 }, "without idle and waiting");
        assert_eq!(ticks("", OWN), None);
        assert_eq!(ticks(ALL, "42 (x) S 1"), None, "too short");
    }

    #[test]
    fn others_are_all_but_our_own() {
        let at = |all, own| Ticks { all, own, cpus: 2 };
        let found = load(at(1000.0, 100.0), at(2500.0, 600.0), 10.0).expect("a load");
        assert!((found.others - 1.0).abs() < 1e-12 && found.is_busy(), "{found:?}");
        assert_eq!(found.to_string(), "other processes used 1.0 of 2 CPUs");
        let found = load(at(1000.0, 100.0), at(1500.0, 610.0), 10.0).expect("a load");
        assert!(found.others == 0.0 && !found.is_busy(), "a tick too many is none: {found:?}");
    }

    #[test]
    fn a_moment_tells_nothing() {
        assert_eq!(Since::now().load(), None);
    }
}
