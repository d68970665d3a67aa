//! What all tabular agents promise, and what is published of them.

mod published;
mod registry;
mod same_bytes;
pub(crate) mod two_players;
