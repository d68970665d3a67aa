//! Go Text Protocol (GTP): the players of this crate for other programs, and other programs as players.
//!
//! | file | contents |
//! |---|---|
//! | `protocol` | commands and responses as lines |
//! | `vertex` | points and colors as text |
//! | `commands`, `queries` | table of all commands; commands that change the game, and commands that do not |
//! | `commands`, `queries` | table of all commands; those that change the game, and those that do not |
//! | `client` | [`Client`]: another program as a child process |

mod client;
mod commands;
mod engine;
pub mod protocol;
mod queries;
#[cfg(test)]
mod tests;
pub mod vertex;

pub use client::{Client, GtpError};
pub use engine::Engine;
