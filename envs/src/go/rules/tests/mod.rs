//! Tests of the rules against a naive second implementation, published counts and other programs' conventions.

mod agree;
mod border;
mod counts;
mod games;
mod oracle;
mod playouts;
mod records;
mod symmetries;

use super::{Compensation, Ko, Rules};

/// Rules for tests: no komi, no limit.
pub(super) fn rules(width: u8, height: u8, ko: Ko, suicide: bool) -> Rules {
    let compensation = Compensation::None;
    Rules { width, height, komi: 0.0, ko, suicide, compensation, move_limit: None }
}
