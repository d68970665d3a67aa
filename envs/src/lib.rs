//! Worlds, each in a folder of its own: rules, adapter, drawing and the best that can be done there.
//!
//! | module | what it holds |
//! |---|---|
//! | [`gridworld`] | ASCII maps, the textbook's and Gymnasium's among them; taxi; deep sea |
//! | [`mdp`] | finite Markov decision processes and their exact optima |
//! | [`track`] | cars on closed roads, against the clock |

pub mod go;
pub mod gridworld;
pub mod market;
pub mod mdp;
pub mod track;
