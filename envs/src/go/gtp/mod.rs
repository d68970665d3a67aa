//! The Go Text Protocol: our players for other programs, and other programs for us.
//!
//! | file | what it holds |
//! |---|---|
//! | `protocol` | commands and answers as lines |
//! | `vertex` | points and colours as text |
//! | `client`, `words` | [`Client`]: another program as a child process |

mod client;
pub mod protocol;
pub mod vertex;
mod words;

pub use client::{Client, GtpError};
