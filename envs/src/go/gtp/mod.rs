//! gtp
pub mod protocol;
pub mod vertex;
