//! `Trainer`: an agent that learns in a world.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, TryLockError};

use freewheel::Trainer as Inner;
use freewheel::core::{ActionBuffer, ActionSpace};
use numpy::{PyReadonlyArrayDyn, ToPyArray};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::exception;
use crate::world::{World, settings};

/// Report of the progress: step, episodes, mean return, mean length, steps a second, metrics by name.
type Report = (u64, u64, f64, f64, f64, Vec<(String, f64)>);

/// An agent that learns in a world; its files are those of the Rust library.
#[pyclass(frozen, module = "freewheel._freewheel")]
pub(crate) struct Trainer(Mutex<Inner>);

impl Trainer {
    /// Calls `work` without the interpreter lock; an error while a running `learn` uses the trainer, because a callback
    /// or another thread must not wait for it.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Inner) -> freewheel::core::Result<T> + Send,
    ) -> PyResult<T> {
        let done = py.detach(|| match self.0.try_lock() {
            Ok(mut inner) => Some(work(&mut inner)),
            Err(TryLockError::Poisoned(inner)) => Some(work(&mut inner.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        });
        match done {
            Some(result) => result.map_err(exception),
            None => {
                Err(PyRuntimeError::new_err("the trainer is learning; use it after `learn` has returned"))
            }
        }
    }
}

#[pymethods]
impl Trainer {
    /// Agent `agent` in the world `world`. Settings are texts of JSON objects.
    #[new]
    #[pyo3(signature = (world, agent, *, total_steps = None, seed = 0, num_envs = None, settings_json = "{}", world_settings_json = "{}", preset = true))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        world: &str,
        agent: &str,
        total_steps: Option<u64>,
        seed: u64,
        num_envs: Option<usize>,
        settings_json: &str,
        world_settings_json: &str,
        preset: bool,
    ) -> PyResult<Self> {
        let mut builder = Inner::builder(world, agent).seed(seed);
        if !preset {
            builder = builder.no_preset();
        }
        if let Some(steps) = total_steps {
            builder = builder.total_steps(steps);
        }
        if let Some(num_envs) = num_envs {
            builder = builder.num_envs(num_envs);
        }
        for (key, value) in settings(settings_json)? {
            builder = builder.set(&key, value);
        }
        for (key, value) in settings(world_settings_json)? {
            builder = builder.world_setting(&key, value);
        }
        py.detach(|| builder.build()).map(|inner| Trainer(Mutex::new(inner))).map_err(exception)
    }

    /// Learns from `steps` more environment steps. `report` gets the progress about a hundred times; a true result stops.
    /// Ctrl-C stops after the current part.
    #[pyo3(signature = (steps, report = None))]
    fn learn(&self, py: Python<'_>, steps: u64, report: Option<Py<PyAny>>) -> PyResult<()> {
        let mut raised = None;
        let learned = self.with(py, |inner| {
            inner.learn(steps, |progress| {
                let stops = Python::attach(|py| {
                    py.check_signals()?;
                    let Some(report) = &report else { return Ok(false) };
                    let now: Report = (
                        progress.step,
                        progress.episodes,
                        progress.mean_return,
                        progress.mean_length,
                        progress.steps_per_second,
                        progress.metrics.clone(),
                    );
                    report.call1(py, now)?.is_truthy(py)
                });
                match stops {
                    Ok(false) => ControlFlow::Continue(()),
                    Ok(true) => ControlFlow::Break(()),
                    Err(error) => {
                        raised = Some(error);
                        ControlFlow::Break(())
                    }
                }
            })
        });
        match raised {
            Some(error) => Err(error),
            None => learned,
        }
    }

    /// Scores of `episodes` episodes with the greedy policy; NaN for an episode without a score.
    fn evaluate(&self, py: Python<'_>, episodes: u64) -> PyResult<Vec<f64>> {
        self.with(py, |inner| Ok(inner.evaluate(episodes)?.scores().collect()))
    }

    /// Greedy action for the observation `obs [D]`, with the mask of legal actions `mask [A]`: an integer, or an array of
    /// real numbers.
    #[pyo3(signature = (obs, mask = None))]
    fn predict(
        &self,
        py: Python<'_>,
        obs: PyReadonlyArrayDyn<'_, f32>,
        mask: Option<Vec<bool>>,
    ) -> PyResult<Py<PyAny>> {
        let obs = obs.as_slice().map_err(|e| PyValueError::new_err(e.to_string()))?;
        let action = self.with(py, |inner| match &mask {
            Some(mask) => inner.predict_masked(obs, mask),
            None => inner.predict(obs),
        })?;
        match action {
            ActionBuffer::Discrete(all) => {
                Ok(all.first().copied().unwrap_or_default().into_pyobject(py)?.into_any().unbind())
            }
            ActionBuffer::Continuous(all) => Ok(all.to_pyarray(py).into_any().unbind()),
        }
    }

    /// World as the agent observes it.
    fn world(&self, py: Python<'_>) -> PyResult<World> {
        self.with(py, |inner| Ok(World(inner.world().clone())))
    }

    /// Number of environment steps so far.
    #[getter]
    fn step(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |inner| Ok(inner.step()))
    }

    /// Whether actions are real numbers.
    #[getter]
    fn is_continuous(&self, py: Python<'_>) -> PyResult<bool> {
        self.with(py, |inner| Ok(matches!(inner.spec().actions, ActionSpace::Continuous { .. })))
    }

    /// Saves all that learning needs to go on with the same bytes.
    fn save(&self, py: Python<'_>, file: PathBuf) -> PyResult<()> {
        self.with(py, |inner| inner.save(file))
    }

    /// Loads a saved trainer.
    #[staticmethod]
    fn load(py: Python<'_>, file: PathBuf) -> PyResult<Self> {
        py.detach(|| Inner::load(file)).map(|inner| Trainer(Mutex::new(inner))).map_err(exception)
    }
}
