//! Go Text Protocol (GTP): the players of this crate for other programs, and other programs as players.
//!
//! | file | contents |
//! |---|---|
//! | `protocol` | commands and responses as lines |
//! | `vertex` | points and colors as text |
//! | `commands`, `queries` | table of all commands; those that change the game, and those that do not |
//! | `clock` | time that the engine may use for a move |
//! | `analysis`, `records` | analysis; game records and rule sets |
//! | `client`, `process`, `error` | [`Client`]: another program as a child process |

mod analysis;
mod client;
mod clock;
mod commands;
mod engine;
mod error;
mod process;
pub mod protocol;
mod queries;
mod records;
#[cfg(test)]
mod tests;
pub mod vertex;

pub use client::Client;
pub use engine::Engine;
pub use error::GtpError;
pub use process::{interrupt, is_interrupted};
