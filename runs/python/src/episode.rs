//! `Episode`: one environment without automatic reset.

use std::sync::{Arc, Mutex};

use freewheel::core::{DynWorld, Ending, EpisodeRunner, Frame, Purpose, Streams};
use pyo3::prelude::*;

use crate::{PyActions, exception, lock};

/// One environment without automatic reset, as Gymnasium's `Env`.
#[pyclass(frozen, module = "freewheel._freewheel")]
pub(crate) struct Episode {
    world: Arc<dyn DynWorld>,
    runner: Mutex<Box<dyn EpisodeRunner>>,
}

/// Colored cells of a drawing: character, color of the character, color of the background.
type Cells = Vec<(char, (u8, u8, u8), (u8, u8, u8))>;

impl Episode {
    /// Environment with the random streams `streams`, at the start of its episode 0.
    pub(crate) fn new(world: &Arc<dyn DynWorld>, streams: Streams) -> Self {
        let runner = world.episode_runner(streams, Purpose::Environment, 0);
        Episode { world: Arc::clone(world), runner: Mutex::new(runner) }
    }
}

#[pymethods]
impl Episode {
    /// Starts episode `episode`; with `seed`, of other random streams.
    #[pyo3(signature = (episode = 0, seed = None))]
    fn reset(&self, episode: u64, seed: Option<u64>) {
        let mut runner = lock(&self.runner);
        if let Some(seed) = seed {
            *runner = self.world.episode_runner(Streams::new(seed), Purpose::Environment, 0);
        }
        runner.reset(episode);
    }

    /// Number of the episode.
    #[getter]
    fn number(&self) -> u64 {
        lock(&self.runner).episode()
    }

    /// Takes an action: `(reward, terminated, truncated)`.
    fn step(&self, py: Python<'_>, action: PyActions<'_>) -> PyResult<(f64, bool, bool)> {
        let action = action.to_buffer()?;
        let step = py.detach(|| lock(&self.runner).step(action.as_actions())).map_err(exception)?;
        let ending = step.ending;
        Ok((f64::from(step.reward), ending == Ending::Terminal, ending == Ending::Truncated))
    }

    /// Observation of the player to move.
    fn obs(&self) -> Vec<f32> {
        lock(&self.runner).obs().to_vec()
    }

    /// Mask of legal actions.
    fn legal(&self) -> Vec<bool> {
        lock(&self.runner).legal().to_vec()
    }

    /// Player to move, 0 or 1.
    fn to_play(&self) -> u8 {
        lock(&self.runner).to_play() as u8
    }

    /// Number of steps so far.
    fn length(&self) -> u32 {
        lock(&self.runner).length()
    }

    /// Complete state as bytes, for `restore_state`.
    fn clone_state(&self) -> PyResult<Vec<u8>> {
        lock(&self.runner).save().map_err(exception)
    }

    /// Restores the state of `clone_state`.
    fn restore_state(&self, bytes: &[u8]) -> PyResult<()> {
        lock(&self.runner).load(bytes).map_err(exception)
    }

    /// Quantities of the episode so far, in the order of the names of the world.
    fn measures(&self) -> Vec<f64> {
        lock(&self.runner).measures()
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
