//! `Episode`: one environment without automatic reset.

use std::sync::{Arc, Mutex};

use freewheel::FramePainter;
use freewheel::core::{
    Actions, DynWorld, Ending, EpisodeRunner, Frame, ObservationSpace, Purpose, Spec, Step, Streams,
};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::actions::PyActions;
use crate::{exception, lock, threads};

/// One environment without automatic reset, as Gymnasium's `Env`.
#[pyclass(frozen, module = "freewheel._freewheel")]
pub(crate) struct Episode {
    world: Arc<dyn DynWorld>,
    runner: Mutex<Box<dyn EpisodeRunner>>,
    painter: Mutex<FramePainter>,
}

/// Colored cells of a drawing: character, color of the character, color of the background.
type Cells = Vec<(char, (u8, u8, u8), (u8, u8, u8))>;

impl Episode {
    /// Environment with the random stream `index` of `streams`, at the start of its episode 0.
    pub(crate) fn new(world: &Arc<dyn DynWorld>, streams: Streams, index: u64) -> Self {
        let runner = world.episode_runner(streams, Purpose::Environment, index);
        Episode { world: Arc::clone(world), runner: Mutex::new(runner), painter: Mutex::default() }
    }

    fn spec(&self) -> &Spec {
        self.world.spec()
    }

    fn advance(&self, py: Python<'_>, action: Actions<'_>) -> PyResult<(f64, bool, bool)> {
        let step = || lock(&self.runner).step(action);
        let Step { reward, ending } = py.detach(|| threads::run(step)).map_err(exception)?;
        Ok((f64::from(reward), ending == Ending::Terminal, ending == Ending::Truncated))
    }
}

#[pymethods]
impl Episode {
    /// Starts episode number `episode`.
    #[pyo3(signature = (episode = 0))]
    fn reset(&self, py: Python<'_>, episode: u64) {
        py.detach(|| threads::run(|| lock(&self.runner).reset(episode)));
    }

    /// Number of the episode.
    #[getter]
    fn number(&self) -> u64 {
        lock(&self.runner).episode()
    }

    /// Takes a discrete action: `(reward, terminated, truncated)`.
    fn step_discrete(&self, py: Python<'_>, action: i64) -> PyResult<(f64, bool, bool)> {
        let count = self.spec().actions.count();
        match u32::try_from(action) {
            Ok(action) if (action as usize) < count => self.advance(py, Actions::Discrete(&[action])),
            _ if count == 0 => Err(PyValueError::new_err("the actions of this world are real numbers")),
            _ => Err(PyValueError::new_err(format!(
                "action {action} must be at least 0 and less than {count}"
            ))),
        }
    }

    /// Takes a continuous action, real numbers `[1, K]`: `(reward, terminated, truncated)`.
    fn step_continuous(&self, py: Python<'_>, action: PyActions<'_>) -> PyResult<(f64, bool, bool)> {
        let action = action.to_buffer(&self.spec().actions, 1)?;
        self.advance(py, action.as_actions())
    }

    /// Observation of the player to move: an integer, or real numbers.
    fn obs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let runner = lock(&self.runner);
        match &self.spec().observation {
            ObservationSpace::Discrete { .. } => {
                let index = runner.obs().first().copied().unwrap_or_default() as i64;
                Ok(index.into_pyobject(py)?.into_any())
            }
            ObservationSpace::Box { shape, .. } => {
                let flat = PyArray1::from_slice(py, runner.obs());
                Ok(flat.reshape(shape.clone())?.into_any())
            }
        }
    }

    /// Mask of legal actions, `[A]`.
    fn legal<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i8>> {
        let runner = lock(&self.runner);
        PyArray1::from_iter(py, runner.legal().iter().map(|&legal| i8::from(legal)))
    }

    /// Player to move, 0 or 1.
    fn to_play(&self) -> u8 {
        lock(&self.runner).to_play() as u8
    }

    /// Number of steps so far.
    fn length(&self) -> u32 {
        lock(&self.runner).length()
    }

    /// Whether the episode has ended.
    fn is_over(&self) -> bool {
        lock(&self.runner).ending().is_over()
    }

    /// Complete state as bytes, for `restore_state`.
    fn clone_state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &lock(&self.runner).save().map_err(exception)?))
    }

    /// Restores the state of `clone_state`.
    fn restore_state(&self, bytes: &[u8]) -> PyResult<()> {
        lock(&self.runner).load(bytes).map_err(exception)
    }

    /// Quantities of the episode so far, in the order of the names of the world.
    fn measures(&self) -> Vec<f64> {
        lock(&self.runner).measures()
    }

    /// Description of the state in words, if the world has one.
    fn describe(&self) -> Option<String> {
        lock(&self.runner).describe()
    }

    /// Drawing as pixels, `[H, W, 3]`.
    fn pixels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut frame = Frame::default();
        lock(&self.runner).draw(None, &mut frame);
        let (width, height, pixels) = lock(&self.painter).paint(&frame);
        Ok(PyArray1::from_slice(py, &pixels).reshape([height, width, 3])?.into_any())
    }

    /// Drawing as `(columns, cells)`; at most `size = (columns, rows)` cells where the world can draw in several sizes.
    #[pyo3(signature = (size = None))]
    fn draw(&self, size: Option<(usize, usize)>) -> (usize, Cells) {
        let mut frame =
            size.map_or_else(Frame::default, |(columns, rows)| Frame::with_max_size(columns, rows));
        lock(&self.runner).draw(None, &mut frame);
        let mut cells = Cells::with_capacity(frame.width() * frame.height());
        for (y, x) in (0..frame.height()).flat_map(|y| (0..frame.width()).map(move |x| (y, x))) {
            let cell = frame.get(x, y).copied().unwrap_or_default();
            cells.push((cell.glyph, (cell.fg.0, cell.fg.1, cell.fg.2), (cell.bg.0, cell.bg.1, cell.bg.2)));
        }
        (frame.width(), cells)
    }
}
