//! `VectorEnv`: N environments that are stepped together in one call, with results as NumPy arrays.

use std::sync::Mutex;

use freewheel::core::{
    ActionSpace, DynWorld, Ending, EpisodeSummary, Error, ManagedVectorEnv, ObservationSpace, Player,
    Purpose, Result, Streams,
};
use numpy::ndarray::{ArrayView, ArrayViewD, IxDyn};
use numpy::{Element, PyArray1, PyArrayDyn, PyArrayMethods, PyReadwriteArrayDyn, ToPyArray};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::actions::PyActions;
use crate::rows::Rows;
use crate::{exception, lock, threads};

/// Environments with one of the kinds of automatic reset that Gymnasium names.
enum Envs {
    /// Reset in the step in which the episode ends, in one batch; the summaries of the episodes that ended in the last
    /// step.
    Batch(Box<dyn ManagedVectorEnv>, Vec<EpisodeSummary>),
    /// Reset in the step after, or environments with seeds of their own.
    Rows(Rows),
}

/// N environments of one world, stepped together with automatic reset.
#[pyclass(frozen, module = "freewheel._freewheel")]
pub(crate) struct VectorEnv {
    envs: Mutex<Envs>,
    num_envs: usize,
    actions: ActionSpace,
    /// Shape of the observations of all environments: `[N]` for discrete ones.
    shape: Vec<usize>,
    is_discrete: bool,
    masked: bool,
    /// D, the number of `f32` values of an observation.
    width: usize,
    /// Address of the observations of a batch, of which `obs_view` makes arrays.
    address: usize,
}

/// Result of a step: rewards, terminated, truncated, and whether an episode ended.
type Results<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<bool>>, Bound<'py, PyArray1<bool>>, bool);

/// Episodes that ended: their indices `[E]`, last observations `[E, ..]`, last masks `[E, A]`, measures `[E, M]`,
/// players to move `[E]`.
type Finals<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyAny>,
    Bound<'py, PyArrayDyn<i8>>,
    Bound<'py, PyArrayDyn<f64>>,
    Bound<'py, PyArray1<i64>>,
);

impl VectorEnv {
    /// Environments at the start of their first episodes: with one seed, environment i uses its random stream i; with
    /// several, environment i uses the random stream 0 of `seeds[i]`.
    pub(crate) fn new(
        world: &dyn DynWorld,
        num_envs: usize,
        seeds: &[u64],
        next_step: bool,
    ) -> PyResult<Self> {
        let wrong = |text: String| Err(PyValueError::new_err(text));
        if num_envs == 0 {
            return wrong("num_envs must be at least 1".into());
        }
        let envs = match *seeds {
            [seed] if !next_step => {
                let envs = world.vector_env(num_envs, Streams::new(seed), Purpose::Environment, 0);
                Envs::Batch(envs, Vec::new())
            }
            [seed] => {
                let streams: Vec<_> = (0..num_envs as u64).map(|i| (Streams::new(seed), i)).collect();
                Envs::Rows(Rows::new(world, &streams, next_step))
            }
            _ if seeds.len() == num_envs => {
                let streams: Vec<_> = seeds.iter().map(|&seed| (Streams::new(seed), 0)).collect();
                Envs::Rows(Rows::new(world, &streams, next_step))
            }
            _ => return wrong(format!("seed has {} numbers; it must have 1 or {num_envs}", seeds.len())),
        };
        let spec = world.spec();
        let mut shape = vec![num_envs];
        if let ObservationSpace::Box { shape: one, .. } = &spec.observation {
            shape.extend(one);
        }
        let address = match &envs {
            Envs::Batch(envs, _) => envs.view().obs.as_ptr() as usize,
            Envs::Rows(_) => 0,
        };
        Ok(VectorEnv {
            envs: Mutex::new(envs),
            num_envs,
            actions: spec.actions.clone(),
            shape,
            is_discrete: matches!(spec.observation, ObservationSpace::Discrete { .. }),
            masked: spec.masked,
            width: spec.observation.len(),
            address,
        })
    }

    /// Calls `write(i, observation [D])` for every environment.
    fn for_each_obs(&self, envs: &Envs, mut write: impl FnMut(usize, &[f32])) {
        match envs {
            Envs::Batch(envs, _) => {
                let view = envs.view();
                (0..self.num_envs).for_each(|i| write(i, view.obs_row(i)));
            }
            Envs::Rows(rows) => {
                rows.all().iter().enumerate().for_each(|(i, row)| write(i, row.runner.obs()));
            }
        }
    }
}

/// Writes an observation `[D]` of an environment into row `i` of `out`.
fn write_row(out: &mut [f32], i: usize, obs: &[f32]) {
    out[i * obs.len()..(i + 1) * obs.len()].copy_from_slice(obs);
}

/// Index of a discrete observation.
fn index(obs: &[f32]) -> i64 {
    obs.first().copied().unwrap_or_default() as i64
}

/// NumPy array with a copy of `data` in the shape `shape`.
fn array<'py, T: Element + Copy>(
    py: Python<'py>,
    shape: &[usize],
    data: &[T],
) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    let view: ArrayViewD<'_, T> =
        ArrayView::from_shape(IxDyn(shape), data).map_err(|e| PyRuntimeError::new_err(e.to_string()))?;
    Ok(view.to_pyarray(py))
}

/// Array of a caller for results.
fn slice_of<'a, T: Element>(
    array: &'a mut PyReadwriteArrayDyn<'_, T>,
    length: usize,
) -> PyResult<&'a mut [T]> {
    match array.as_slice_mut() {
        Ok(slice) if slice.len() == length => Ok(slice),
        _ => Err(PyValueError::new_err(format!(
            "an array for results must be contiguous, with {length} elements"
        ))),
    }
}

#[pymethods]
impl VectorEnv {
    #[getter]
    fn num_envs(&self) -> usize {
        self.num_envs
    }

    /// Steps all environments: `(rewards [N], terminated [N], truncated [N], whether an episode ended)`. After an error
    /// about an action, no environment has changed.
    fn step<'py>(&self, py: Python<'py>, actions: PyActions<'_>) -> PyResult<Results<'py>> {
        let actions = actions.to_buffer(&self.actions, self.num_envs)?;
        let dimensions = self.actions.dimensions();
        let stepped = || -> Result<_> {
            let mut envs = lock(&self.envs);
            let (mut reward, mut any) = (vec![0.0f64; self.num_envs], false);
            let (mut terminated, mut truncated) = (vec![false; self.num_envs], vec![false; self.num_envs]);
            let mut write = |i: usize, step_reward: f32, ending: Ending| {
                reward[i] = f64::from(step_reward);
                terminated[i] = ending == Ending::Terminal;
                truncated[i] = ending == Ending::Truncated;
                any |= ending.is_over();
            };
            match &mut *envs {
                Envs::Batch(envs, finished) => {
                    envs.step(actions.as_actions())?;
                    let view = envs.view();
                    if view.obs.as_ptr() as usize != self.address {
                        return Err(Error::Unsupported("the observations have moved in memory".into()));
                    }
                    let results = view.reward.iter().zip(view.ending).enumerate();
                    results.for_each(|(i, (&reward, &ending))| write(i, reward, ending));
                    if any {
                        *finished = envs.take_finished();
                    }
                }
                Envs::Rows(rows) => {
                    rows.step(&actions, dimensions)?;
                    rows.all().iter().enumerate().for_each(|(i, row)| write(i, row.reward, row.ending));
                }
            }
            Ok((reward, terminated, truncated, any))
        };
        let (reward, terminated, truncated, any) = py.detach(|| threads::run(stepped)).map_err(exception)?;
        // Copies into memory of NumPy cost less than arrays that own memory of Rust.
        let flags = |flags: Vec<bool>| PyArray1::from_slice(py, &flags);
        Ok((PyArray1::from_slice(py, &reward), flags(terminated), flags(truncated), any))
    }

    /// Copy of the current observations: integers `[N]`, or real numbers `[N, ..]`.
    fn obs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let envs = lock(&self.envs);
        if self.is_discrete {
            let mut out = Vec::with_capacity(self.num_envs);
            self.for_each_obs(&envs, |_, obs| out.push(index(obs)));
            return Ok(PyArray1::from_slice(py, &out).into_any());
        }
        match &*envs {
            Envs::Batch(envs, _) => Ok(array(py, &self.shape, envs.view().obs)?.into_any()),
            Envs::Rows(_) => {
                let mut out = Vec::with_capacity(self.num_envs * self.width);
                self.for_each_obs(&envs, |_, obs| out.extend_from_slice(obs));
                Ok(PyArray1::from_vec(py, out).reshape(self.shape.clone())?.into_any())
            }
        }
    }

    /// Writes the current observations into `out`, real numbers `[N, ..]`.
    fn obs_into(&self, out: Bound<'_, PyArrayDyn<f32>>) -> PyResult<()> {
        // Extracting a `PyReadwriteArray` would panic for a read-only array.
        let written = out.try_readwrite();
        let mut out =
            written.map_err(|e| PyValueError::new_err(format!("an array cannot be written: {e}")))?;
        let out = slice_of(&mut out, self.num_envs * self.width)?;
        let envs = lock(&self.envs);
        match &*envs {
            Envs::Batch(envs, _) => out.copy_from_slice(envs.view().obs),
            Envs::Rows(_) => self.for_each_obs(&envs, |i, obs| write_row(out, i, obs)),
        }
        Ok(())
    }

    /// Observations `[N, ..]` as a read-only array over the memory of the environments, which every step overwrites;
    /// `None` for discrete observations, and for environments that are not in one batch.
    fn obs_view<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyArrayDyn<f32>>>> {
        let this = slf.get();
        let envs = lock(&this.envs);
        let (Envs::Batch(envs, _), false) = (&*envs, this.is_discrete) else { return Ok(None) };
        let view = ArrayView::from_shape(IxDyn(&this.shape), envs.view().obs)
            .map_err(|e| PyRuntimeError::new_err(e.to_string()))?;
        // SAFETY: the array holds a reference to this object, whose batch is never replaced and allocates its
        // observations once. The array is read-only.
        #[allow(unsafe_code)]
        let array = unsafe { PyArrayDyn::borrow_from_array(&view, slf.clone().into_any()) };
        let flags = [("write", false)];
        let flags = pyo3::types::IntoPyDict::into_py_dict(flags, slf.py())?;
        array.call_method("setflags", (), Some(&flags))?;
        Ok(Some(array))
    }

    /// Masks of legal actions, `[N, A]`.
    fn mask<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<i8>>> {
        let mut out = Vec::with_capacity(self.num_envs * self.actions.count());
        match &*lock(&self.envs) {
            Envs::Batch(envs, _) => out.extend(envs.view().legal.iter().map(|&legal| i8::from(legal))),
            Envs::Rows(rows) => {
                rows.all().iter().for_each(|row| out.extend(row.runner.legal().iter().map(|&l| i8::from(l))));
            }
        }
        array(py, &[self.num_envs, self.actions.count()], &out)
    }

    /// Players to move, 0 or 1, `[N]`.
    fn to_play<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        let players = match &*lock(&self.envs) {
            Envs::Batch(envs, _) => envs.view().to_play.iter().map(|&player| player as i64).collect(),
            Envs::Rows(rows) => rows.all().iter().map(|row| row.runner.to_play() as i64).collect(),
        };
        PyArray1::from_vec(py, players)
    }

    /// Episodes that ended in the last step: indices of the environments, their last observations, masks, measures and
    /// players to move. With automatic reset in the next step, observations and masks are the current ones.
    fn finals<'py>(&self, py: Python<'py>) -> PyResult<Finals<'py>> {
        let (mut indices, mut players) = (Vec::new(), Vec::new());
        let (mut obs, mut legal, mut measures) = (Vec::new(), Vec::new(), Vec::new());
        let mut add = |i: usize, of: (&[f32], &[bool], &[f64]), player: Player| {
            indices.push(i as i64);
            players.push(player as i64);
            obs.extend_from_slice(of.0);
            if self.masked {
                legal.extend(of.1.iter().map(|&legal| i8::from(legal)));
            }
            measures.extend_from_slice(of.2);
        };
        match &*lock(&self.envs) {
            Envs::Batch(envs, finished) => {
                let (view, mut summaries) = (envs.view(), finished.iter());
                for i in (0..self.num_envs).filter(|&i| view.ending[i].is_over()) {
                    let (obs, legal) = view.successor(i);
                    let measures = summaries.next().map_or(&[][..], |episode| episode.measures.as_slice());
                    add(i, (obs, legal, measures), view.successor_to_play(i));
                }
            }
            Envs::Rows(rows) => {
                for (i, row) in rows.all().iter().enumerate().filter(|(_, row)| row.ending.is_over()) {
                    let now = &row.runner;
                    match &row.last {
                        Some(last) => add(i, (&last.obs, &last.legal, &last.measures), last.to_play),
                        None => add(i, (now.obs(), now.legal(), &now.measures()), now.to_play()),
                    }
                }
            }
        }
        let ended = indices.len();
        let per_episode = |all: usize| all.checked_div(ended).unwrap_or_default();
        let masks = array(py, &[ended, per_episode(legal.len())], &legal)?;
        let measures = array(py, &[ended, per_episode(measures.len())], &measures)?;
        let obs = match self.is_discrete {
            true => PyArray1::from_vec(py, obs.iter().map(|&obs| obs as i64).collect()).into_any(),
            false => {
                let mut shape = self.shape.clone();
                shape[0] = ended;
                array(py, &shape, &obs)?.into_any()
            }
        };
        let ints = |all: Vec<i64>| PyArray1::from_vec(py, all);
        Ok((ints(indices), obs, masks, measures, ints(players)))
    }

    /// Complete state as bytes, for `restore_state`.
    fn clone_state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyBytes>> {
        let bytes = match &*lock(&self.envs) {
            Envs::Batch(envs, _) => envs.save(),
            Envs::Rows(rows) => rows.save(),
        };
        Ok(pyo3::types::PyBytes::new(py, &bytes.map_err(exception)?))
    }

    /// Restores the state of `clone_state`.
    fn restore_state(&self, bytes: &[u8]) -> PyResult<()> {
        match &mut *lock(&self.envs) {
            Envs::Batch(envs, _) => envs.load(bytes).map_err(exception),
            Envs::Rows(rows) => rows.load(bytes).map_err(exception),
        }
    }
}
