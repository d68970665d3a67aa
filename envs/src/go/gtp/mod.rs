//! The Go Text Protocol: our players for other programs, and other programs for us.
//!
//! | file | what it holds |
//! |---|---|
//! | `protocol` | commands and answers as lines |
//! | `vertex` | points and colors as text |
//! | `engine` | [`Engine`]: a player that answers commands |
//! | `commands`, `setup`, `board`, `analysis` | the commands: a table of all, and what each does |
//! | `client`, `words` | [`Client`]: another program as a child process |

mod analysis;
mod board;
mod client;
mod commands;
mod engine;
pub mod protocol;
mod setup;
#[cfg(test)]
mod tests;
pub mod vertex;
mod words;

pub use client::{Client, GtpError};
pub use engine::Engine;
