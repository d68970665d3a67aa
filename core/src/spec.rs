//! What a world looks like from outside.

use serde::Serialize;

/// Everything a learner, a runner or a screen may know of a world without knowing its rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spec {
    /// `family/name`, such as `grid/cliff`.
    pub id: String,
    /// Raised whenever behavior changes: scores compare only within one version.
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
    /// What an episode is measured by beside its return, such as a lap time; see [`Env::measure`](crate::Env::measure).
    pub measures: Vec<Measure>,
    /// What an episode is judged by.
    pub score: Score,
    /// The players that the world itself ships, by name; see [`Env::scripted`](crate::Env::scripted).
    pub scripts: Vec<String>,
}

/// A quantity of a whole episode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measure {
    /// Its name, such as `lap time`.
    pub name: String,
    /// Its unit, such as `s`; empty for a pure number.
    pub unit: String,
    /// Which way is better.
    pub better: Better,
}

impl Measure {
    /// A measure of this name, unit and direction.
    pub fn new(name: &str, unit: &str, better: Better) -> Self {
        Measure { name: name.to_owned(), unit: unit.to_owned(), better }
    }

    /// Its name with its unit, such as `lap time (s)`.
    pub fn title(&self) -> String {
        match self.unit.as_str() {
            "" => self.name.clone(),
            unit => format!("{} ({unit})", self.name),
        }
    }
}

/// Which way a quantity is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It only describes.
    Neither,
}

/// What an episode is judged by. Learning is by reward all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// The first player's return, counted with the world's discount.
    #[default]
    Return,
    /// The measure of this index in [`Spec::measures`].
    Measure(usize),
}

impl Score {
    /// The score of an episode of this return and these measures, `[M]`.
    #[inline]
    pub fn of(self, total: f64, measures: &[f64]) -> f64 {
        match self {
            Score::Return => total,
            Score::Measure(index) => measures.get(index).copied().unwrap_or(f64::NAN),
        }
    }
}

impl Spec {
    /// A world for one in which every action is always legal: version 1, no time limit, no discount, judged by its return.
    /// Change what is otherwise: `Spec { masked: true, ..Spec::new(..) }`.
    pub fn new(id: &str, observation: ObservationSpace, actions: ActionSpace) -> Self {
        Spec {
            id: id.to_owned(),
            version: 1,
            observation,
            actions,
            masked: false,
            players: 1,
            time_limit: None,
            gamma: 1.0,
            measures: Vec::new(),
            score: Score::Return,
            scripts: Vec::new(),
        }
    }

    /// [`Spec::new`] with `n` states to be seen and these actions.
    pub fn discrete(id: &str, n: usize, actions: &[&str]) -> Self {
        let names = actions.iter().map(|name| (*name).to_owned()).collect();
        Spec::new(id, ObservationSpace::Discrete { n }, ActionSpace::Discrete { names })
    }

    /// What the score is called: `return`, or a measure with its unit.
    pub fn score_title(&self) -> String {
        match self.score {
            Score::Return => "return".into(),
            Score::Measure(index) => self.measures.get(index).map(Measure::title).unwrap_or_default(),
        }
    }

    /// Whether an episode's score is better when it is lower, as a lap time is.
    pub fn lower_is_better(&self) -> bool {
        match self.score {
            Score::Return => false,
            Score::Measure(index) => {
                self.measures.get(index).is_some_and(|measure| measure.better == Better::Lower)
            }
        }
    }
}

impl ObservationSpace {
    /// An array of one dimension, each element between its `(low, high)`.
    pub fn vector(bounds: &[(f32, f32)]) -> Self {
        let (low, high) = bounds.iter().copied().unzip();
        ObservationSpace::Box { shape: vec![bounds.len()], low, high }
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
