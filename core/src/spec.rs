//! What a world looks like from outside.

use serde::Serialize;

/// Everything a learner, a runner or a screen may know of a world without knowing its rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spec {
    /// `family/name`, such as `grid/cliff`.
    pub id: String,
    /// Raised whenever behaviour changes: scores compare only within one version.
    pub version: u32,
    /// What the player to move sees.
    pub observation: ObservationSpace,
    /// What it can do.
    pub actions: ActionSpace,
    /// Whether some actions are illegal in some states.
    pub masked: bool,
    /// 1 or 2.
    pub players: u8,
    /// Steps after which an episode is truncated, where there is such a limit.
    pub time_limit: Option<u32>,
    /// The discount that belongs to the task: returns are counted with it.
    pub gamma: f64,
}

impl Spec {
    /// A world for one with `n` states to be seen and these actions, all of them always legal; version 1, no time limit, no
    /// discount. Change what is otherwise: `Spec { masked: true, ..Spec::discrete(..) }`.
    pub fn discrete(id: &str, n: usize, actions: &[&str]) -> Self {
        Spec {
            id: id.to_owned(),
            version: 1,
            observation: ObservationSpace::Discrete { n },
            actions: ActionSpace::Discrete { names: actions.iter().map(|name| (*name).to_owned()).collect() },
            masked: false,
            players: 1,
            time_limit: None,
            gamma: 1.0,
        }
    }
}

/// What the player to move sees.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ObservationSpace {
    /// One of `n` indices, written as `out[0]` (n at most 2^24, so that an `f32` holds it exactly).
    Discrete {
        /// How many there are.
        n: usize,
    },
    /// An array of real numbers.
    Box {
        /// Its shape, such as `[17, 9, 9]`; row-major.
        shape: Vec<usize>,
        /// The least value of each element, flattened; may be infinite.
        low: Vec<f32>,
        /// The greatest value of each element, flattened; may be infinite.
        high: Vec<f32>,
    },
}

impl ObservationSpace {
    /// How many `f32`s an observation takes: D.
    pub fn len(&self) -> usize {
        match self {
            ObservationSpace::Discrete { .. } => 1,
            ObservationSpace::Box { low, .. } => low.len(),
        }
    }

    /// Whether an observation holds nothing at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a player can do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ActionSpace {
    /// One of the named choices; the action is the index of its name.
    Discrete {
        /// Their names, in order: what the viewer shows.
        names: Vec<String>,
    },
    /// K real numbers; a world clips what lies outside the bounds.
    Continuous {
        /// What each number is, such as `steering`.
        names: Vec<String>,
        /// The least value of each.
        low: Vec<f32>,
        /// The greatest value of each.
        high: Vec<f32>,
    },
}

impl ActionSpace {
    /// A, the number of counted choices and so the width of the mask; 0 where actions are continuous.
    pub fn count(&self) -> usize {
        match self {
            ActionSpace::Discrete { names } => names.len(),
            ActionSpace::Continuous { .. } => 0,
        }
    }

    /// K, the number of real numbers of an action; 0 where actions are counted.
    pub fn dimensions(&self) -> usize {
        match self {
            ActionSpace::Discrete { .. } => 0,
            ActionSpace::Continuous { names, .. } => names.len(),
        }
    }

    /// The names of the choices, or of the numbers.
    pub fn names(&self) -> &[String] {
        match self {
            ActionSpace::Discrete { names } | ActionSpace::Continuous { names, .. } => names,
        }
    }
}
