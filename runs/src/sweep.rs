//! Sweep: search of the settings of one agent in one world, by many runs.
//!
//! | module | what it is |
//! |---|---|
//! | [`space`] | settings to search, with their ranges |
//! | [`definition`] | sweep file: an experiment with the tables `sweep` and `space` |
//! | `sampler` | points of the space: random, Sobol, TPE |
//! | `search` | state of a sweep, a pure function of the definition and of the results of its runs |
//! | `journal` | results on disk: append-only lines with checksums, a file for each process |
//! | `work` | workers, which claim runs, train them and write their results |
//! | `verdict` | comparison of the best settings with the defaults, on seeds that the search has not used |
//! | `outcome` | tables and preset |
//!
//! Any number of threads and processes work on one sweep. What is to be done next depends on the results alone, not on
//! the order in which they arrive: a generation of trials is sampled when all earlier ones have ended. So the final
//! table has the same bytes however the work was split, interrupted or killed.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

pub mod definition;
mod journal;
pub(crate) mod outcome;
mod sampler;
mod search;
pub mod space;
mod verdict;
pub(crate) mod work;

pub use definition::{Definition, Sampler};

/// File in the folder of a sweep with its definition.
pub(crate) const FILE: &str = "sweep.toml";

/// Whether `folder` is that of a sweep.
pub(crate) fn is_folder(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// Number of a process and of all processes of a sweep, such as `2/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskId {
    /// Number of the process, from 1.
    pub index: u32,
    /// Number of all processes.
    pub count: u32,
}

impl FromStr for TaskId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<u32>().ok().filter(|n| (1..=100_000).contains(n));
        let parts = text.split_once('/').and_then(|(index, count)| Some((number(index)?, number(count)?)));
        match parts.filter(|(index, count)| index <= count) {
            Some((index, count)) => Ok(TaskId { index, count }),
            None => Err(format!("`{text}` is not a task; write 1/8 to 8/8 for eight tasks")),
        }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests;
