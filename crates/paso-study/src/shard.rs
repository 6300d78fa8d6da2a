//! One part of a study that runs on several machines or in a job array.
//!
//! Which runs a study needs depends on those that are finished, so a sharded study proceeds in rounds:
//! one for each stage of the race, each widening of a grid, the baseline's learning rate between its
//! two best, each look and each confirmation. In each round every shard does its part of the runs
//! that are known, and returns [`Error::OtherShards`] while runs of other shards are missing. The
//! round in which nothing is missing returns the answer, which equals that of one session.
//!
//! Shards in one folder on a shared disk see each other's runs; those of separate machines are
//! joined by [`merge`](crate::merge()).
//!
//! There is no coordinator: the list of runs follows from the configuration and from what is
//! finished, and is the same on every machine. Shard `I/N` takes the groups whose number is `I - 1`
//! modulo `N`. A machine that fails delays the answer and changes nothing; its part can be done
//! anywhere else.

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// One part of a study, as in `2/4`: the second of four.
///
/// ```
/// let shard: paso_study::Shard = "2/4".parse()?;
/// assert_eq!((shard.index(), shard.count()), (2, 4));
/// assert!("5/4".parse::<paso_study::Shard>().is_err());
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Part `index`, from 1, of `of` parts.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless `1 <= index <= of`.
    pub fn new(index: usize, count: usize) -> Result<Self, Error> {
        if index == 0 || index > count {
            let value = format!("{index}/{count}");
            return Err(Error::InvalidValue { field: "shard", value, allowed: ALLOWED });
        }
        Ok(Self { index, count })
    }

    /// Which part this is, from 1.
    #[must_use]
    pub fn index(self) -> usize {
        self.index
    }

    /// How many parts there are.
    #[must_use]
    pub fn count(self) -> usize {
        self.count
    }

    /// Whether the `i`-th piece of work, from 0, belongs to this part.
    pub(crate) fn has(self, i: usize) -> bool {
        i % self.count == self.index - 1
    }
}

const ALLOWED: &str = "I/N with I from 1 to N, as in 2/4";

impl std::str::FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::InvalidValue { field: "shard", value: text.into(), allowed: ALLOWED };
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let number = |part: &str| part.trim().parse().map_err(|_| wrong());
        Self::new(number(index)?, number(of)?)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl TryFrom<String> for Shard {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}
