//! A driving track.
