//! From what a world shows to what a network reads.

use freewheel_core::{ObservationSpace, Spec};
use serde::{Deserialize, Serialize};

use super::normalise::{Running, normalise};

/// Passes observations on as they are, or brings them to mean 0 and variance 1 as it sees more of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Eyes {
    running: Option<Running>,
    /// Means and inverse deviations in force, `[D]`; they change only when [`Eyes::adapt`] is called.
    scales: Vec<(f32, f32)>,
}

impl Eyes {
    /// For worlds that look like `spec`; what is an index is never normalised.
    pub fn new(spec: &Spec, normalise: bool) -> Self {
        match &spec.observation {
            ObservationSpace::Box { low, .. } if normalise => {
                Eyes { running: Some(Running::new(low.len())), scales: vec![(0.0, 1.0); low.len()] }
            }
            _ => Eyes { running: None, scales: Vec::new() },
        }
    }

    /// Whether they are of `other`'s kind and size: what saved ones must be.
    pub fn is_like(&self, other: &Eyes) -> bool {
        self.scales.len() == other.scales.len()
    }

    /// Takes in rows `obs [B, D]`.
    pub fn watch(&mut self, obs: &[f32]) {
        if let Some(running) = &mut self.running {
            running.update(obs);
        }
    }

    /// Puts what was seen so far into force.
    pub fn adapt(&mut self) {
        if let Some(running) = &self.running {
            self.scales = running.scales();
        }
    }

    /// What the network reads of `obs [B, D]`; `room` is used where it has to be made.
    #[inline]
    pub fn see<'a>(&self, obs: &'a [f32], room: &'a mut Vec<f32>) -> &'a [f32] {
        if self.running.is_none() {
            return obs;
        }
        room.resize(obs.len(), 0.0);
        normalise(&self.scales, obs, room);
        room
    }
}
