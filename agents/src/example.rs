//! A tiny world for the examples of this documentation.

use std::sync::Arc;

use freewheel_core::{Batch, Env, Purpose, Spec, Step, Stream, Streams};

/// Corridor of five cells with the actions `left` (0) and `right` (1). Episodes begin in cell 0 and end with reward 1
/// at `right` in cell 4, or after 50 steps. The observation is the index of the cell.
///
/// ```
/// # use freewheel_agents::example::Corridor;
/// # use freewheel_core::{Actions, VectorEnv};
/// let mut envs = Corridor::batch(2, 0);
/// envs.step(Actions::Discrete(&[0, 1]))?;
/// assert_eq!(envs.view().obs, [0.0, 1.0]);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Corridor(Spec);

impl Corridor {
    /// `num_envs` corridors as a vector environment.
    pub fn batch(num_envs: usize, seed: u64) -> Batch<Corridor> {
        let spec = Spec::discrete("example/corridor", 5, &["left", "right"]);
        let env = Corridor(Spec { time_limit: Some(50), gamma: 0.9, ..spec });
        Batch::new(Arc::new(env), num_envs, Streams::new(seed), Purpose::Environment, 0)
    }
}

impl Env for Corridor {
    type State = u32;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _: &mut Stream) -> u32 {
        0
    }

    fn step(&self, cell: &mut u32, action: u32, _: &mut Stream) -> Step {
        match (action, *cell) {
            (0, _) => *cell = cell.saturating_sub(1),
            (_, 4) => return Step::termination(1.0),
            _ => *cell += 1,
        }
        Step::transition(0.0)
    }

    fn observe(&self, cell: &u32, out: &mut [f32]) {
        out[0] = *cell as f32;
    }
}
