//! Python module `freewheel._freewheel`: worlds, vector environments, episodes, agents and demonstrations for Python.
//!
//! | file | contents |
//! |---|---|
//! | `world` | `World`: description, reference, baseline |
//! | `vector_env`, `rows` | `VectorEnv`: N environments stepped together, with results as NumPy arrays |
//! | `episode` | `Episode`: one environment without automatic reset |
//! | `trainer` | `Trainer`: an agent that learns in a world; `RolloutWorker`: a process that makes its steps |
//! | `own_env` | world over the Gymnasium environments of a user |
//! | `demonstrations` | episodes of a store as arrays, and recordings |
//! | `actions`, `threads` | actions from Python; threads of a forked process |
//!
//! The Python package `freewheel` around it adds the interfaces of Gymnasium, PettingZoo and dm_env. The interpreter
//! lock is released while environments are stepped and agents learn.

mod actions;
mod demonstrations;
mod episode;
mod own_env;
mod rows;
mod threads;
mod trainer;
mod vector_env;
mod world;

use std::ffi::OsString;
use std::sync::{Mutex, MutexGuard};

use freewheel::core::Error;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// Python exception for an error: `OSError` for files, `RuntimeError` for a failure while learning, else `ValueError`.
fn exception(error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Io { source, path } => match source.raw_os_error() {
            // With a number, Python makes the exception `FileNotFoundError` and the like.
            Some(number) => {
                let reason = source.to_string().replace(&format!(" (os error {number})"), "");
                PyOSError::new_err((number, reason, path.display().to_string()))
            }
            None => PyOSError::new_err(text),
        },
        Error::Diverged { .. } | Error::Damaged { .. } => PyRuntimeError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// Content of a mutex. After a panic in another thread, the content is used as it is: every method leaves it whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs the program `freewheel` with the arguments `args`, the first of which is the name of the program; returns the
/// exit code.
#[pyfunction]
fn main(py: Python<'_>, args: Vec<OsString>) -> u8 {
    py.detach(|| threads::run(|| freewheel::Registry::standard().main_with(args)))
}

/// Names and descriptions of all worlds.
#[pyfunction]
fn worlds() -> Vec<(String, String)> {
    freewheel::Registry::standard().worlds().into_iter().map(|world| (world.id, world.about)).collect()
}

/// Names and versions of all worlds that need no further choice.
#[pyfunction]
fn world_versions(py: Python<'_>) -> Vec<(String, u32)> {
    let version = |id: String| {
        let registry = freewheel::Registry::standard();
        let world = registry.build_world(&id, &toml::Table::new()).ok()?;
        Some((id, world.spec().version))
    };
    let all = || {
        let worlds = freewheel::Registry::standard().worlds().into_iter();
        worlds.filter(|world| !world.id.ends_with("-N")).filter_map(|world| version(world.id)).collect()
    };
    py.detach(|| threads::run(all))
}

/// Settings of a world: names, descriptions, defaults as JSON.
#[pyfunction]
fn world_settings(id: &str) -> Vec<(String, String, String)> {
    world::described(freewheel::Registry::standard().world_fields(id))
}

/// Names and descriptions of all agents.
#[pyfunction]
fn agents() -> Vec<(String, String)> {
    let registry = freewheel::Registry::standard();
    registry.agents().map(|agent| (agent.id().to_owned(), agent.about().to_owned())).collect()
}

/// Settings of an agent: names, descriptions, defaults as JSON.
#[pyfunction]
fn agent_settings(id: &str) -> PyResult<Vec<(String, String, String)>> {
    let registry = freewheel::Registry::standard();
    registry.find_agent(id).map(|agent| world::described(agent.fields())).map_err(exception)
}

#[pymodule]
mod _freewheel {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::{agent_settings, agents, main, world_settings, world_versions, worlds};
    #[pymodule_export]
    use crate::demonstrations::{read_demonstrations, record_demonstrations};
    #[pymodule_export]
    use crate::episode::Episode;
    #[pymodule_export]
    use crate::trainer::{RolloutWorker, Trainer};
    #[pymodule_export]
    use crate::vector_env::VectorEnv;
    #[pymodule_export]
    use crate::world::World;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::threads::remember_process();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
