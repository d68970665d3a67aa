//! Worlds, each in a folder of its own: rules, adapter, drawing and the best that can be done there.
//!
//! | module | what it holds |
//! |---|---|
//! | [`gridworld`] | ASCII maps, the textbook's and Gymnasium's among them; taxi; deep sea |
//! | [`go`] | Go on boards of any size: rules, players from the random one to tree search, GTP, SGF |
//! | [`track`] | a car on a circuit, driven through its inputs; drivers and references |
//! | [`market`] | a trader in markets of known law, with the best that can be done; historical prices |
//! | [`classic`] | classic control: the pole on its cart, as in Gymnasium |
//! | [`mdp`] | finite Markov decision processes and their exact optima |
//! | [`track`] | cars on closed roads, against the clock |

pub mod classic;
pub mod go;
#[cfg(test)]
mod golden;
pub mod gridworld;
pub mod market;
pub mod mdp;
pub mod track;
