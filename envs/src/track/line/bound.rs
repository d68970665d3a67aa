//! to come
use freewheel_core::Result;
use super::Limits;
use crate::track::circuit::Circuit;
pub(super) fn lower_bound(_circuit: &Circuit, _limits: &Limits) -> Result<f64> { Ok(0.0) }
