//! A stock market.

pub mod metrics;
pub mod replay;
