//! to come
use super::Limits;
use crate::track::circuit::Circuit;
use freewheel_core::Result;
pub(in super::super) fn lower_bound(_circuit: &Circuit, _limits: &Limits) -> Result<f64> {
    Ok(0.0)
}
