//! What an action means: steering and pedals, as two numbers or as one of fifteen names.

use freewheel_core::{Action, ActionSpace};

/// Steering of the table's columns, positive to the left.
const STEERING: [(&str, f64); 5] =
    [("hard left", 1.0), ("left", 0.4), ("straight", 0.0), ("right", -0.4), ("hard right", -1.0)];
/// Pedals of the table's rows.
const PEDALS: [(&str, f64); 3] = [("brake", -1.0), ("coast", 0.0), ("throttle", 1.0)];

/// How many choices the table has.
pub(super) const CHOICES: usize = STEERING.len() * PEDALS.len();

/// What a driver does: both from -1 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in super::super) struct Controls {
    /// Positive to the left.
    pub(in super::super) steering: f64,
    /// The throttle where it is positive, the brake where it is negative.
    pub(in super::super) pedals: f64,
}

/// An action that can be read as controls: a choice of the table, or two numbers.
pub(in super::super) trait Drives: Action {
    /// What can be done.
    fn space() -> ActionSpace;
    /// What is done.
    fn controls(self) -> Controls;
    /// The actions to choose from where there are only so many.
    fn choices() -> Vec<Self>;
    /// The controls themselves as an action, where every one is.
    fn exactly(controls: Controls) -> Option<Self>;
}

impl Drives for u32 {
    fn space() -> ActionSpace {
        let name = |choice: usize| {
            let (steering, pedals) = (STEERING[choice / PEDALS.len()].0, PEDALS[choice % PEDALS.len()].0);
            format!("{steering}, {pedals}")
        };
        ActionSpace::Discrete { names: (0..CHOICES).map(name).collect() }
    }

    #[inline]
    fn controls(self) -> Controls {
        let choice = (self as usize).min(CHOICES - 1);
        Controls { steering: STEERING[choice / PEDALS.len()].1, pedals: PEDALS[choice % PEDALS.len()].1 }
    }

    fn choices() -> Vec<Self> {
        (0..CHOICES as u32).collect()
    }

    fn exactly(_: Controls) -> Option<Self> {
        None
    }
}

impl Drives for [f32; 2] {
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

    fn choices() -> Vec<Self> {
        Vec::new()
    }

    fn exactly(controls: Controls) -> Option<Self> {
        Some([controls.steering as f32, controls.pedals as f32])
    }
}
