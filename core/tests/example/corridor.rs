// A small world and its optimal policy, included by the examples in the documentation.

use freewheel_core::*;

/// Five cells in a row: an episode starts in cell 0 and ends in cell 4 with reward 1, or after 20 steps.
pub struct Corridor(Spec);

pub fn corridor() -> Corridor {
    Corridor(Spec { time_limit: Some(20), ..Spec::discrete("example/corridor", 5, &["left", "right"]) })
}

impl Env for Corridor {
    type State = u32;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _rng: &mut Stream) -> u32 {
        0
    }

    fn step(&self, cell: &mut u32, action: u32, _rng: &mut Stream) -> Step {
        *cell = if action == 1 { *cell + 1 } else { cell.saturating_sub(1) };
        if *cell == 4 { Step::termination(1.0) } else { Step::transition(0.0) }
    }

    fn observe(&self, cell: &u32, out: &mut [f32]) {
        out[0] = *cell as f32;
    }
}

impl World for Corridor {}

/// Optimal policy: goes right in every cell.
pub struct AlwaysRight;

impl Policy for AlwaysRight {
    fn act(&self, _obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(actions) = actions {
            actions.fill(1);
        }
    }
}
