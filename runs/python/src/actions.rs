//! Actions from Python.

use freewheel::core::{ActionBuffer, ActionSpace};
use numpy::{Element, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// Actions from Python: integers `[N]`, or real numbers `[N, K]`.
pub(crate) enum PyActions<'py> {
    Discrete(PyReadonlyArrayDyn<'py, i64>),
    Continuous(PyReadonlyArrayDyn<'py, f32>),
}

impl<'py> FromPyObject<'_, 'py> for PyActions<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(actions) = object.cast::<PyArrayDyn<i64>>() {
            return Ok(PyActions::Discrete(readable(&actions)?));
        }
        match object.cast::<PyArrayDyn<f32>>() {
            Ok(actions) => Ok(PyActions::Continuous(readable(&actions)?)),
            Err(_) => {
                let what = object.get_type().name()?;
                Err(PyTypeError::new_err(format!(
                    "actions must be a NumPy array of int64 (discrete) or float32 (continuous), not {what}"
                )))
            }
        }
    }
}

/// View of an array that nothing else is writing into.
pub(crate) fn readable<'py, T: Element>(
    array: &Bound<'py, PyArrayDyn<T>>,
) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    array.try_readonly().map_err(|e| PyValueError::new_err(format!("an array cannot be read now: {e}")))
}

impl PyActions<'_> {
    /// Copy of the actions of `num_envs` environments with the action space `space`, so that the interpreter lock can
    /// be released.
    pub(crate) fn to_buffer(&self, space: &ActionSpace, num_envs: usize) -> PyResult<ActionBuffer> {
        let not_contiguous = |_| PyValueError::new_err("actions must be a contiguous array");
        let dimensions = space.dimensions();
        match (self, space) {
            (PyActions::Discrete(actions), ActionSpace::Discrete { names }) => {
                check_shape(actions.shape(), &[num_envs])?;
                let count = names.len();
                let actions = actions.as_slice().map_err(not_contiguous)?;
                let buffer: Vec<u32> =
                    actions.iter().map(|&action| u32::try_from(action).unwrap_or(u32::MAX)).collect();
                match actions.iter().position(|&action| !(0..count as i64).contains(&action)) {
                    Some(row) => Err(PyValueError::new_err(format!(
                        "environment {row}: action {} must be at least 0 and less than {count}",
                        actions[row]
                    ))),
                    None => Ok(ActionBuffer::Discrete(buffer)),
                }
            }
            (PyActions::Continuous(actions), ActionSpace::Continuous { .. }) => {
                check_shape(actions.shape(), &[num_envs, dimensions])?;
                Ok(ActionBuffer::Continuous(actions.as_slice().map_err(not_contiguous)?.to_vec()))
            }
            (_, ActionSpace::Discrete { .. }) => {
                Err(PyTypeError::new_err("actions must be integers (int64)"))
            }
            (_, ActionSpace::Continuous { .. }) => {
                Err(PyTypeError::new_err("actions must be real numbers (float32)"))
            }
        }
    }
}

fn check_shape(given: &[usize], expected: &[usize]) -> PyResult<()> {
    match given == expected {
        true => Ok(()),
        false => {
            Err(PyValueError::new_err(format!("actions must have the shape {expected:?}, not {given:?}")))
        }
    }
}
