//! gtp
pub mod protocol;
