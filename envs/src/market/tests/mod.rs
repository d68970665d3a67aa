//! What every market must do.
