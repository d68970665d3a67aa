//! `VectorEnv`: N environments that are stepped together. The results are written into NumPy arrays of the caller.

use std::sync::Mutex;

use freewheel::core::{
    ActionBuffer, Actions, DynWorld, Ending, EpisodeRunner, Error, ManagedVectorEnv, ObservationSpace,
    Purpose, Result, Streams,
};
use numpy::PyReadwriteArrayDyn;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::prelude::*;

use crate::{PyActions, exception, lock};

/// Number of environments from which rows of `NEXT_STEP` are stepped by several threads.
const PARALLEL_ROWS: usize = 64;

/// Environments in the two modes of automatic reset that Gymnasium names.
enum Envs {
    /// An environment is reset in the step in which its episode ends.
    SameStep(Box<dyn ManagedVectorEnv>),
    /// An environment is reset in the step after; this step ignores its action, and its reward is 0.
    NextStep(Vec<Row>),
}

/// One environment in the mode `NEXT_STEP`.
struct Row {
    runner: Box<dyn EpisodeRunner>,
    reward: f32,
    ending: Ending,
}

impl Row {
    fn step(&mut self, action: Actions<'_>) -> Result<()> {
        if self.ending.is_over() {
            let next = self.runner.episode() + 1;
            self.runner.reset(next);
            (self.reward, self.ending) = (0.0, Ending::Running);
            return Ok(());
        }
        let step = self.runner.step(action)?;
        (self.reward, self.ending) = (step.reward, step.ending);
        Ok(())
    }
}

/// N environments of one world, stepped together with automatic reset.
#[pyclass(frozen, module = "freewheel._freewheel")]
pub(crate) struct VectorEnv {
    envs: Mutex<Envs>,
    num_envs: usize,
    /// K, the number of real numbers of an action; 0 for discrete actions.
    dimensions: usize,
    /// A, the number of discrete actions.
    num_actions: usize,
    is_discrete: bool,
}

/// Observations in an array of the caller: integers `[N]` for discrete ones, else real numbers `[N, D]`.
#[derive(FromPyObject)]
enum ObsArray<'py> {
    Discrete(PyReadwriteArrayDyn<'py, i64>),
    Real(PyReadwriteArrayDyn<'py, f32>),
}

impl ObsArray<'_> {
    /// Writes the observation `obs [D]` as row `row`.
    fn write(&mut self, row: usize, obs: &[f32]) -> PyResult<()> {
        let wrong =
            || PyValueError::new_err("the array for observations has a wrong shape or is not contiguous");
        match self {
            ObsArray::Discrete(out) => {
                let slot = out.as_slice_mut().ok().and_then(|out| out.get_mut(row)).ok_or_else(wrong)?;
                *slot = obs.first().copied().unwrap_or_default() as i64;
            }
            ObsArray::Real(out) => {
                let range = row * obs.len()..(row + 1) * obs.len();
                let out = out.as_slice_mut().ok().and_then(|out| out.get_mut(range)).ok_or_else(wrong)?;
                out.copy_from_slice(obs);
            }
        }
        Ok(())
    }
}

impl VectorEnv {
    /// `num_envs` environments at the start of their first episodes.
    pub(crate) fn new(
        world: &dyn DynWorld,
        num_envs: usize,
        streams: Streams,
        next_step: bool,
    ) -> PyResult<Self> {
        if num_envs == 0 {
            return Err(PyValueError::new_err("num_envs must be at least 1"));
        }
        let spec = world.spec();
        let row = |index: usize| Row {
            runner: world.episode_runner(streams, Purpose::Environment, index as u64),
            reward: 0.0,
            ending: Ending::Running,
        };
        let envs = match next_step {
            false => Envs::SameStep(world.vector_env(num_envs, streams, Purpose::Environment, 0)),
            true => Envs::NextStep((0..num_envs).map(row).collect()),
        };
        Ok(VectorEnv {
            envs: Mutex::new(envs),
            num_envs,
            dimensions: spec.actions.dimensions(),
            num_actions: spec.actions.count(),
            is_discrete: matches!(spec.observation, ObservationSpace::Discrete { .. }),
        })
    }

    fn advance(&self, actions: &ActionBuffer) -> Result<()> {
        match &mut *lock(&self.envs) {
            Envs::SameStep(envs) => envs.step(actions.as_actions()),
            Envs::NextStep(rows) => {
                self.check_rows(rows, actions)?;
                let action = |i: usize| match actions {
                    ActionBuffer::Discrete(all) => Actions::Discrete(&all[i..=i]),
                    ActionBuffer::Continuous(all) => {
                        Actions::Continuous(&all[i * self.dimensions..(i + 1) * self.dimensions])
                    }
                };
                match rows.len() >= PARALLEL_ROWS {
                    true => rows.par_iter_mut().enumerate().try_for_each(|(i, row)| row.step(action(i))),
                    false => rows.iter_mut().enumerate().try_for_each(|(i, row)| row.step(action(i))),
                }
            }
        }
    }

    /// Error for actions of a wrong number or kind, and for an illegal one, before any environment has changed.
    fn check_rows(&self, rows: &[Row], actions: &ActionBuffer) -> Result<()> {
        let (given, expected) = match actions {
            ActionBuffer::Discrete(all) if self.dimensions == 0 => (all.len(), rows.len()),
            ActionBuffer::Continuous(all) if self.dimensions > 0 => (all.len(), rows.len() * self.dimensions),
            _ => return Err(Error::Config("the actions are not of the kind of the world".into())),
        };
        if given != expected {
            return Err(Error::Config(format!("expected {expected} numbers as actions, got {given}")));
        }
        if let ActionBuffer::Discrete(all) = actions {
            for (row, (env, &action)) in rows.iter().zip(all).enumerate() {
                let legal = env.runner.legal().get(action as usize).copied().unwrap_or(false);
                if !env.ending.is_over() && !legal {
                    return Err(Error::IllegalAction { row, action: action.to_string() });
                }
            }
        }
        Ok(())
    }
}

#[pymethods]
impl VectorEnv {
    #[getter]
    fn num_envs(&self) -> usize {
        self.num_envs
    }

    /// Steps all environments. After an error, no environment has changed.
    fn step(&self, py: Python<'_>, actions: PyActions<'_>) -> PyResult<()> {
        let actions = actions.to_buffer()?;
        py.detach(|| self.advance(&actions)).map_err(exception)
    }

    /// Writes the current observations into `obs`, the legal actions into `mask [N, A]`.
    #[pyo3(signature = (obs, mask = None))]
    fn observe(&self, mut obs: ObsArray<'_>, mask: Option<PyReadwriteArrayDyn<'_, i8>>) -> PyResult<()> {
        let envs = lock(&self.envs);
        match &*envs {
            Envs::SameStep(envs) => {
                let view = envs.view();
                (0..self.num_envs).try_for_each(|i| obs.write(i, view.obs_row(i)))?;
            }
            Envs::NextStep(rows) => {
                rows.iter().enumerate().try_for_each(|(i, row)| obs.write(i, row.runner.obs()))?;
            }
        }
        let Some(mut mask) = mask else { return Ok(()) };
        let wrong = |_| PyValueError::new_err("the array for masks is not contiguous");
        let mask = mask.as_slice_mut().map_err(wrong)?;
        if mask.len() != self.num_envs * self.num_actions {
            return Err(PyValueError::new_err("the array for masks has a wrong shape"));
        }
        for (i, out) in mask.chunks_exact_mut(self.num_actions.max(1)).enumerate() {
            let write = |out: &mut [i8], legal: &[bool]| {
                out.iter_mut().zip(legal).for_each(|(out, &legal)| *out = i8::from(legal));
            };
            match &*envs {
                Envs::SameStep(envs) => write(out, envs.view().legal_row(i)),
                Envs::NextStep(rows) => write(out, rows[i].runner.legal()),
            }
        }
        Ok(())
    }

    /// Writes the results of the last step: rewards `[N]`, whether episodes were terminated `[N]` or truncated `[N]`, and
    /// into `last_obs` the last observations of the episodes that ended. Returns whether an episode ended.
    fn results(
        &self,
        mut reward: PyReadwriteArrayDyn<'_, f64>,
        mut terminated: PyReadwriteArrayDyn<'_, bool>,
        mut truncated: PyReadwriteArrayDyn<'_, bool>,
        mut last_obs: ObsArray<'_>,
    ) -> PyResult<bool> {
        let wrong = |_| PyValueError::new_err("the arrays for results must be contiguous");
        let (reward, terminated, truncated) = (
            reward.as_slice_mut().map_err(wrong)?,
            terminated.as_slice_mut().map_err(wrong)?,
            truncated.as_slice_mut().map_err(wrong)?,
        );
        if [reward.len(), terminated.len(), truncated.len()] != [self.num_envs; 3] {
            return Err(PyValueError::new_err("the arrays for results must have the shape [num_envs]"));
        }
        let envs = lock(&self.envs);
        let mut any = false;
        for i in 0..self.num_envs {
            let (step_reward, ending) = match &*envs {
                Envs::SameStep(envs) => (envs.view().reward[i], envs.view().ending[i]),
                Envs::NextStep(rows) => (rows[i].reward, rows[i].ending),
            };
            reward[i] = f64::from(step_reward);
            terminated[i] = ending == Ending::Terminal;
            truncated[i] = ending == Ending::Truncated;
            if let (true, Envs::SameStep(envs)) = (ending.is_over(), &*envs) {
                let view = envs.view();
                let width = view.obs_len;
                last_obs.write(i, &view.last_obs[i * width..(i + 1) * width])?;
            }
            any |= ending.is_over();
        }
        Ok(any)
    }

    /// Complete state as bytes, for `restore`; only with automatic reset in the same step.
    fn clone_state(&self) -> PyResult<Vec<u8>> {
        match &*lock(&self.envs) {
            Envs::SameStep(envs) => envs.save().map_err(exception),
            Envs::NextStep(_) => Err(PyValueError::new_err(
                "clone_state needs environments that are reset in the same step (autoreset_mode=SAME_STEP)",
            )),
        }
    }

    /// Restores the state of `clone_state`.
    fn restore_state(&self, bytes: &[u8]) -> PyResult<()> {
        match &mut *lock(&self.envs) {
            Envs::SameStep(envs) => envs.load(bytes).map_err(exception),
            Envs::NextStep(_) => Err(PyValueError::new_err(
                "restore_state needs environments that are reset in the same step (autoreset_mode=SAME_STEP)",
            )),
        }
    }

    /// Whether observations are discrete.
    #[getter]
    fn is_discrete(&self) -> bool {
        self.is_discrete
    }
}
