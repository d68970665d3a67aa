//! What all tabular agents promise, and what is published of them.

mod catalogue;
mod published;
mod same_bytes;
pub(crate) mod two_players;
