//! Python module `freewheel._freewheel`: worlds, vector environments, episodes and agents for Python.
//!
//! | file | class |
//! |---|---|
//! | `world` | `World`: description, reference, baseline |
//! | `vector_env` | `VectorEnv`: N environments stepped together, over the buffers of NumPy arrays |
//! | `episode` | `Episode`: one environment without automatic reset |
//! | `trainer` | `Trainer`: an agent that learns in a world |
//!
//! The Python package `freewheel` around it adds Gymnasium's interfaces. The interpreter lock is released while
//! environments are stepped and agents learn.

mod episode;
mod trainer;
mod vector_env;
mod world;

use std::ffi::OsString;
use std::sync::{Mutex, MutexGuard};

use freewheel::core::{ActionBuffer, Error};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// Python exception for an error: `OSError` for files, `RuntimeError` for a failure while learning, else `ValueError`.
fn exception(error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Io { .. } => PyOSError::new_err(text),
        Error::Diverged { .. } | Error::Damaged { .. } => PyRuntimeError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// Content of a mutex. After a panic in another thread, the content is used as it is: every method leaves it whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Actions from Python: integers `[N]`, or real numbers `[N * K]`.
#[derive(FromPyObject)]
enum PyActions<'py> {
    Discrete(numpy::PyReadonlyArrayDyn<'py, i64>),
    Continuous(numpy::PyReadonlyArrayDyn<'py, f32>),
}

impl PyActions<'_> {
    /// Copy of the actions, so that the interpreter lock can be released.
    fn to_buffer(&self) -> PyResult<ActionBuffer> {
        let not_contiguous = |_| PyValueError::new_err("actions must be a contiguous array");
        match self {
            PyActions::Discrete(actions) => {
                let actions = actions.as_slice().map_err(not_contiguous)?;
                let action = |&action: &i64| {
                    u32::try_from(action)
                        .map_err(|_| PyValueError::new_err(format!("action {action} is out of range")))
                };
                Ok(ActionBuffer::Discrete(actions.iter().map(action).collect::<PyResult<_>>()?))
            }
            PyActions::Continuous(actions) => {
                Ok(ActionBuffer::Continuous(actions.as_slice().map_err(not_contiguous)?.to_vec()))
            }
        }
    }
}

/// Runs the program `freewheel` with the arguments `args`, the first of which is the name of the program; returns the
/// exit code.
#[pyfunction]
fn main(py: Python<'_>, args: Vec<OsString>) -> u8 {
    py.detach(|| freewheel::Registry::standard().main_with(args))
}

/// Names and descriptions of all worlds.
#[pyfunction]
fn worlds() -> Vec<(String, String)> {
    freewheel::Registry::standard().worlds().into_iter().map(|world| (world.id, world.about)).collect()
}

/// Names and descriptions of all agents.
#[pyfunction]
fn agents() -> Vec<(String, String)> {
    let registry = freewheel::Registry::standard();
    registry.agents().map(|agent| (agent.id().to_owned(), agent.about().to_owned())).collect()
}

#[pymodule]
mod _freewheel {
    #[pymodule_export]
    use super::{agents, main, worlds};
    #[pymodule_export]
    use crate::episode::Episode;
    #[pymodule_export]
    use crate::trainer::Trainer;
    #[pymodule_export]
    use crate::vector_env::VectorEnv;
    #[pymodule_export]
    use crate::world::World;
}
