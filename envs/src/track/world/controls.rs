//! Actions: steering and pedals, as two numbers or as one of fifteen discrete actions.

use freewheel_core::{Action, ActionSpace};

/// Steering values of the discrete actions, positive to the left.
const STEERING: [(&str, f64); 5] =
    [("hard left", 1.0), ("left", 0.4), ("straight", 0.0), ("right", -0.4), ("hard right", -1.0)];
/// Pedal values of the discrete actions.
const PEDALS: [(&str, f64); 3] = [("brake", -1.0), ("coast", 0.0), ("throttle", 1.0)];

/// Number of discrete actions.
pub(super) const NUM_ACTIONS: usize = STEERING.len() * PEDALS.len();

/// Steering and pedals, each -1..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in super::super) struct Controls {
    /// Steering, positive to the left.
    pub(in super::super) steering: f64,
    /// Throttle if positive, brake if negative.
    pub(in super::super) pedals: f64,
}

/// Action type of a track world, discrete or continuous, that converts to [`Controls`].
pub(in super::super) trait DriveAction: Action {
    /// Action space of the type.
    fn space() -> ActionSpace;
    /// Steering and pedals of the action.
    fn controls(self) -> Controls;
    /// All actions of a discrete space; empty for a continuous one.
    fn discrete_actions() -> Vec<Self>;
    /// Continuous action with exactly the given controls; `None` for a discrete space.
    fn from_controls(controls: Controls) -> Option<Self>;
}

impl DriveAction for u32 {
    fn space() -> ActionSpace {
        let name = |choice: usize| {
            let (steering, pedals) = (STEERING[choice / PEDALS.len()].0, PEDALS[choice % PEDALS.len()].0);
            format!("{steering}, {pedals}")
        };
        ActionSpace::Discrete { names: (0..NUM_ACTIONS).map(name).collect() }
    }

    #[inline]
    fn controls(self) -> Controls {
        let choice = (self as usize).min(NUM_ACTIONS - 1);
        Controls { steering: STEERING[choice / PEDALS.len()].1, pedals: PEDALS[choice % PEDALS.len()].1 }
    }

    fn discrete_actions() -> Vec<Self> {
        (0..NUM_ACTIONS as u32).collect()
    }

    fn from_controls(_: Controls) -> Option<Self> {
        None
    }
}

impl DriveAction for [f32; 2] {
    fn space() -> ActionSpace {
        ActionSpace::Continuous {
            names: vec!["steering (1: left)".into(), "pedals (1: throttle, -1: brake)".into()],
            low: vec![-1.0; 2],
            high: vec![1.0; 2],
        }
    }

    #[inline]
    fn controls(self) -> Controls {
        let [steering, pedals] = self.map(|x| f64::from(x).clamp(-1.0, 1.0));
        Controls { steering, pedals }
    }

    fn discrete_actions() -> Vec<Self> {
        Vec::new()
    }

    fn from_controls(controls: Controls) -> Option<Self> {
        Some([controls.steering as f32, controls.pedals as f32])
    }
}
