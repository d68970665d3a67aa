//! Worlds. Each module has the rules, the environment, the drawing and the reference policies of one family.
//!
//! | module | content |
//! |---|---|
//! | [`gridworld`] | grid-worlds: ASCII maps (own, of Sutton & Barto, of Gymnasium), taxi, deep sea |
//! | [`classic`] | classic control, as in Gymnasium: CartPole, acrobot, mountain car, pendulum |
//! | [`minigrid`] | grid-worlds with a partial view, keys, doors and moving obstacles, as MiniGrid |
//! | [`minatar`] | small Atari games: Breakout, as MinAtar |
//! | [`go`] | Go on boards of any size: rules, players from random to tree search, GTP, SGF |
//! | [`track`] | car racing on closed circuits: vehicle model, reference drivers, lap times |
//! | [`market`] | trading in synthetic markets with known optima, and in historical prices |
//! | [`mdp`] | finite Markov decision processes and their exact solutions |

pub mod classic;
mod disk;
mod dots;
pub mod go;
#[cfg(test)]
mod golden;
pub mod gridworld;
mod heat;
pub mod market;
pub mod mdp;
pub mod minatar;
pub mod minigrid;
pub mod track;
