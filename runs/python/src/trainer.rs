//! `Trainer`: an agent that learns in a world.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, TryLockError};

use freewheel::core::{ActionBuffer, ActionSpace, DynWorld, ObservationSpace, Spec, WorldSource};
use freewheel::{Registry, Trainer as Inner};
use numpy::{PyArrayDyn, ToPyArray};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::actions::readable;
use crate::own_env::{OwnWorld, Raised};
use crate::world::{World, settings};
use crate::{exception, lock, threads};

/// Report of the progress: step, episodes, mean return, mean length, steps a second, metrics by name.
type Report = (u64, u64, f64, f64, f64, Vec<(String, f64)>);

/// An agent that learns in a world; its files are those of the Rust library and of the program.
#[pyclass(frozen, module = "freewheel._freewheel")]
pub(crate) struct Trainer {
    inner: Mutex<Inner>,
    /// Exception of an environment in Python.
    raised: Raised,
}

/// World of a trainer: an id, or `(name, observations, actions, masked, make)` for Python environments.
/// Observations are a number, or `(shape, low, high)`; actions are a number, or `(low, high)`.
#[derive(FromPyObject)]
pub(crate) enum PyWorld {
    Id(String),
    Own(String, PyObservations, PyActionSpace, bool, Py<PyAny>),
}

#[derive(FromPyObject)]
pub(crate) enum PyObservations {
    Discrete(usize),
    Box(Vec<usize>, Vec<f32>, Vec<f32>),
}

#[derive(FromPyObject)]
pub(crate) enum PyActionSpace {
    Discrete(usize),
    Continuous(Vec<f32>, Vec<f32>),
}

impl PyWorld {
    fn source(self, raised: &Raised) -> WorldSource {
        match self {
            PyWorld::Id(id) => WorldSource::Id(id),
            PyWorld::Own(name, observations, actions, masked, make) => {
                let observation = match observations {
                    PyObservations::Discrete(n) => ObservationSpace::Discrete { n },
                    PyObservations::Box(shape, low, high) => ObservationSpace::Box { shape, low, high },
                };
                let names = |count: usize| (0..count).map(|i| i.to_string()).collect();
                let actions = match actions {
                    PyActionSpace::Discrete(count) => ActionSpace::Discrete { names: names(count) },
                    PyActionSpace::Continuous(low, high) => {
                        ActionSpace::Continuous { names: names(low.len()), low, high }
                    }
                };
                let spec = Spec { masked, ..Spec::new(&name, observation, actions) };
                let world: Arc<dyn DynWorld> = Arc::new(OwnWorld::new(spec, make, Arc::clone(raised)));
                WorldSource::World(world)
            }
        }
    }
}

impl Trainer {
    /// Trainer that `make` makes without the interpreter lock, with environments that report to `raised`.
    fn made(
        py: Python<'_>,
        raised: Raised,
        make: impl FnOnce() -> freewheel::core::Result<Inner> + Send,
    ) -> PyResult<Self> {
        let made = py.detach(|| threads::run(make));
        if let Some(error) = lock(&raised).take() {
            return Err(error);
        }
        Ok(Trainer { inner: Mutex::new(made.map_err(exception)?), raised })
    }

    /// Calls `work` without the interpreter lock; an error while a running `learn` uses the trainer, because a callback
    /// or another thread must not wait for it.
    pub(crate) fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Inner) -> freewheel::core::Result<T> + Send,
    ) -> PyResult<T> {
        let locked = || match self.inner.try_lock() {
            Ok(mut inner) => Some(work(&mut inner)),
            Err(TryLockError::Poisoned(inner)) => Some(work(&mut inner.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        };
        let done = py.detach(|| threads::run(locked));
        match (lock(&self.raised).take(), done) {
            (Some(error), _) => Err(error),
            (None, Some(result)) => result.map_err(exception),
            (None, None) => {
                Err(PyRuntimeError::new_err("the trainer is learning; use it after `learn` has returned"))
            }
        }
    }
}

#[pymethods]
impl Trainer {
    /// Agent `agent` in `world`. Settings are texts of JSON objects.
    #[new]
    #[pyo3(signature = (world, agent, *, total_steps = None, seed = 0, num_envs = None, settings_json = "{}", world_settings_json = "{}", preset = true))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        world: PyWorld,
        agent: &str,
        total_steps: Option<u64>,
        seed: u64,
        num_envs: Option<usize>,
        settings_json: &str,
        world_settings_json: &str,
        preset: bool,
    ) -> PyResult<Self> {
        let raised = Raised::default();
        let mut builder = Inner::builder(world.source(&raised), agent).seed(seed);
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
        Trainer::made(py, raised, || builder.build())
    }

    /// Learns from `steps` more environment steps. `report` gets the progress about a hundred times; a true result
    /// stops. Ctrl-C stops within about a tenth of a second, and the trainer can be used and saved then.
    #[pyo3(signature = (steps, report = None))]
    fn learn(&self, py: Python<'_>, steps: u64, report: Option<Py<PyAny>>) -> PyResult<()> {
        let raised: Mutex<Option<PyErr>> = Mutex::new(None);
        let keep = |error| *lock(&raised) = Some(error);
        let learned = self.with(py, |inner| {
            // Python handles signals in its main thread only; elsewhere this call does nothing.
            let interrupted = || Python::attach(|py| py.check_signals()).map_err(keep).is_err();
            inner.learn_until(steps, interrupted, |progress| {
                let Some(report) = &report else { return ControlFlow::Continue(()) };
                let now: Report = (
                    progress.step,
                    progress.episodes,
                    progress.mean_return,
                    progress.mean_length,
                    progress.steps_per_second,
                    progress.metrics.clone(),
                );
                match Python::attach(|py| report.call1(py, now)?.is_truthy(py)) {
                    Ok(false) => ControlFlow::Continue(()),
                    Ok(true) => ControlFlow::Break(()),
                    Err(error) => {
                        keep(error);
                        ControlFlow::Break(())
                    }
                }
            })
        });
        match lock(&raised).take() {
            Some(error) => Err(error),
            None => learned,
        }
    }

    /// Scores of `episodes` episodes with the greedy policy; NaN for an episode without a score.
    fn evaluate<'py>(&self, py: Python<'py>, episodes: u64) -> PyResult<Bound<'py, PyAny>> {
        let scores: Vec<f64> = self.with(py, |inner| Ok(inner.evaluate(episodes)?.scores().collect()))?;
        Ok(scores.to_pyarray(py).into_any())
    }

    /// Greedy action for the observation `obs [D]`, with the mask of legal actions `mask [A]`: an integer, or an array
    /// of real numbers.
    #[pyo3(signature = (obs, mask = None))]
    fn predict(
        &self,
        py: Python<'_>,
        obs: Bound<'_, PyArrayDyn<f32>>,
        mask: Option<Vec<bool>>,
    ) -> PyResult<Py<PyAny>> {
        let obs = readable(&obs)?;
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

    /// Number of environments that are stepped together.
    #[getter]
    fn num_envs(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |inner| Ok(inner.num_envs()))
    }

    /// Number of environment steps so far.
    #[getter]
    fn step(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |inner| Ok(inner.step()))
    }

    /// Settings of a `RolloutWorker` for this trainer, as text.
    fn worker_config(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |inner| inner.worker_config())
    }

    /// Weights, and a request for each block of `block` environments, for the steps until the next update, at most
    /// `max_steps`.
    fn begin_rollouts<'py>(
        &self,
        py: Python<'py>,
        block: usize,
        max_steps: u64,
    ) -> PyResult<(Bound<'py, PyBytes>, Vec<Bound<'py, PyBytes>>)> {
        let rollouts = self.with(py, |inner| inner.begin_rollouts(block, max_steps))?;
        let requests = rollouts.requests.iter().map(|request| PyBytes::new(py, request)).collect();
        Ok((PyBytes::new(py, &rollouts.weights), requests))
    }

    /// Learns from the answers to all requests; returns the progress.
    fn learn_from(&self, py: Python<'_>, answers: Vec<PyBackedBytes>) -> PyResult<Report> {
        let answers: Vec<Vec<u8>> = answers.iter().map(|answer| answer.to_vec()).collect();
        let progress = self.with(py, |inner| inner.learn_from(&answers))?;
        Ok((
            progress.step,
            progress.episodes,
            progress.mean_return,
            progress.mean_length,
            progress.steps_per_second,
            progress.metrics,
        ))
    }

    /// Saves all that learning needs to go on with the same bytes.
    fn save(&self, py: Python<'_>, file: PathBuf) -> PyResult<()> {
        self.with(py, |inner| inner.save(file))
    }

    /// Writes a run of the program below `folder`; returns the folder of the run.
    fn save_run(&self, py: Python<'_>, folder: PathBuf) -> PyResult<PathBuf> {
        self.with(py, |inner| inner.save_run(folder))
    }

    /// Loads a saved trainer, or the newest checkpoint of a run of the program. `world` is the Python environments of a
    /// trainer that was saved with some.
    #[staticmethod]
    #[pyo3(signature = (path, world = None))]
    fn load(py: Python<'_>, path: PathBuf, world: Option<PyWorld>) -> PyResult<Self> {
        let raised = Raised::default();
        let own = match world.map(|world| world.source(&raised)) {
            Some(WorldSource::World(world)) => Some(world),
            Some(WorldSource::Id(_)) => {
                return Err(PyTypeError::new_err("world must be environments, not an id"));
            }
            None => None,
        };
        Trainer::made(py, raised, || match path.is_dir() {
            true => Inner::of_run(path),
            false => Inner::load_with(path, Registry::standard(), own),
        })
    }
}

/// Process that makes steps for a trainer in another process.
#[pyclass(frozen, module = "freewheel._freewheel")]
pub(crate) struct RolloutWorker(Mutex<freewheel::RolloutWorker>);

#[pymethods]
impl RolloutWorker {
    /// Worker of the trainer with the settings `config`, of `Trainer.worker_config`.
    #[new]
    fn new(py: Python<'_>, config: &str) -> PyResult<Self> {
        let made = py.detach(|| threads::run(|| freewheel::RolloutWorker::new(config)));
        made.map(|inner| RolloutWorker(Mutex::new(inner))).map_err(exception)
    }

    /// Answer to a request of `Trainer.begin_rollouts` with its weights.
    fn play<'py>(
        &self,
        py: Python<'py>,
        weights: PyBackedBytes,
        request: PyBackedBytes,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let played = py.detach(|| threads::run(|| lock(&self.0).play(&weights, &request)));
        played.map(|answer| PyBytes::new(py, &answer)).map_err(exception)
    }
}
