//! A stock market.
