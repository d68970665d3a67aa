//! Data sets for learners without reward: samples with answers, in a part to train on and a part to test on.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@set`] | [`DataSet`], its [`Part`]s, what a row is ([`Shape`]) and what is asked ([`Target`]) |
//! | [`registry`] | [`list`] and [`open`]: a set by its name, a file or a folder by its path |
//! | [`split`] | the seeded shuffle behind a set that does not come in two parts |
//! | [`idx`] | reader for IDX, the binary format of MNIST and its relatives |
//! | [`table`] | reader for comma-separated text |
//! | [`digits`] | reader for digits of 28x28 as JSON, one file a digit |
//! | [`source`] | files, plain or gzipped, never unpacked beyond what was announced |
//! | [`folder`] | which of these formats a folder holds |
//! | [`images`] | sets of IDX files |
//! | [`embedded`] | the two sets that are inside the program: `digits` and `women` |
//! | [`faces`] | drawn faces whose factors are known, and how to measure them again |

pub mod digits;
pub mod embedded;
pub mod faces;
pub mod folder;
pub mod idx;
pub mod images;
pub mod registry;
pub mod set;
pub mod source;
pub mod split;
pub mod table;

#[cfg(test)]
mod tests;

pub use registry::{Entry, Options, list, open};
pub use set::{Answers, DataSet, Factor, Part, Shape, Target};
pub use split::Split;
