//! What all tabular agents promise, and what is published of them.

mod catalogue;
mod published;
mod same_bytes;
mod two_players;
