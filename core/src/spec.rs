//! Static description of a world: spaces, players, time limit, score.

use serde::Serialize;

/// Static description of a world, as `observation_space`, `action_space` and `spec` are in Gymnasium.
///
/// ```
/// use freewheel_core::{ActionSpace, ObservationSpace, Spec};
///
/// // A discrete world of 5 observations and 2 actions, truncated after 20 steps.
/// let corridor = Spec { time_limit: Some(20), ..Spec::discrete("example/corridor", 5, &["left", "right"]) };
/// assert_eq!((corridor.observation.len(), corridor.actions.count()), (1, 2));
///
/// // A world of two real observations and one continuous action.
/// let actions = ActionSpace::Continuous { names: vec!["force".into()], low: vec![-1.0], high: vec![1.0] };
/// let cart = Spec::new("example/cart", ObservationSpace::vector(&[(-1.0, 1.0); 2]), actions);
/// assert_eq!((cart.observation.len(), cart.actions.dimensions()), (2, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spec {
    /// Identifier `family/name`, such as `grid/cliff`.
    pub id: String,
    /// Version of the rules, raised whenever their behavior changes. Scores of different versions are not comparable.
    pub version: u32,
    /// Observation space of the player to move.
    pub observation: ObservationSpace,
    /// Action space.
    pub actions: ActionSpace,
    /// Whether some actions are illegal in some states.
    pub masked: bool,
    /// Number of players, 1 or 2.
    pub players: u8,
    /// Steps after which an episode is truncated; `None` for no limit.
    pub time_limit: Option<u32>,
    /// Discount of the world, 0 to 1, used in reported returns.
    pub gamma: f64,
    /// Quantities of an episode that are reported beside its return, such as a lap time; see
    /// [`Env::measure`](crate::Env::measure).
    pub measures: Vec<Measure>,
    /// Quantity by which policies are evaluated and compared.
    pub score: Score,
    /// Names of the scripted policies; see [`Env::scripted`](crate::Env::scripted).
    pub scripts: Vec<String>,
}

impl Spec {
    /// Description with defaults: version 1, one player, no mask, no time limit, discount 1, the return as score.
    /// Change a field with `Spec { masked: true, ..Spec::new(..) }`.
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

    /// [`Spec::new`] of a world with `n` discrete observations and discrete `actions`, given by their names.
    pub fn discrete(id: &str, n: usize, actions: &[&str]) -> Self {
        let names = actions.iter().map(|name| (*name).to_owned()).collect();
        Spec::new(id, ObservationSpace::Discrete { n }, ActionSpace::Discrete { names })
    }

    /// Name of the score: `return`, or a measure with its unit.
    pub fn score_title(&self) -> String {
        match self.score {
            Score::Return => "return".into(),
            Score::Measure(index) => self.measures.get(index).map(Measure::title).unwrap_or_default(),
        }
    }

    /// Unit of the score, such as `s`; empty for a return or a pure number.
    pub fn score_unit(&self) -> &str {
        match self.score {
            Score::Return => "",
            Score::Measure(index) => self.measures.get(index).map_or("", |measure| &measure.unit),
        }
    }

    /// Whether a lower score is better, as for a lap time.
    pub fn lower_is_better(&self) -> bool {
        match self.score {
            Score::Return => false,
            Score::Measure(index) => {
                self.measures.get(index).is_some_and(|measure| measure.better == Better::Lower)
            }
        }
    }
}

/// Quantity of a whole episode, such as a lap time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measure {
    /// Name, such as `lap time`.
    pub name: String,
    /// Unit, such as `s`; empty for a pure number.
    pub unit: String,
    /// Direction of improvement.
    pub better: Better,
}

impl Measure {
    /// Measure with this name, unit and direction of improvement.
    pub fn new(name: &str, unit: &str, better: Better) -> Self {
        Measure { name: name.to_owned(), unit: unit.to_owned(), better }
    }

    /// Name with unit, such as `lap time (s)`.
    pub fn title(&self) -> String {
        match self.unit.as_str() {
            "" => self.name.clone(),
            unit => format!("{} ({unit})", self.name),
        }
    }
}

/// Direction of improvement of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Higher values are better.
    Higher,
    /// Lower values are better.
    Lower,
    /// The quantity is only descriptive.
    Neither,
}

/// Choice of the quantity by which policies are evaluated and compared. Agents learn from rewards in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// Return of the first player, with the discount of the world.
    #[default]
    Return,
    /// Measure with this index in [`Spec::measures`].
    Measure(usize),
}

impl Score {
    /// Score of an episode with this return and these measures `[M]`; NaN for an index outside `measures`.
    #[inline]
    pub fn of(self, episode_return: f64, measures: &[f64]) -> f64 {
        match self {
            Score::Return => episode_return,
            Score::Measure(index) => measures.get(index).copied().unwrap_or(f64::NAN),
        }
    }
}

/// Observation space.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ObservationSpace {
    /// Index below `n`, stored as one `f32`; n is at most 2^24, so that an `f32` holds the index exactly.
    Discrete {
        /// Number of observations.
        n: usize,
    },
    /// Array of real numbers.
    Box {
        /// Shape, such as `[17, 9, 9]`; row-major.
        shape: Vec<usize>,
        /// Lower bound of each element, in row-major order; may be infinite.
        low: Vec<f32>,
        /// Upper bound of each element, in row-major order; may be infinite.
        high: Vec<f32>,
    },
}

impl ObservationSpace {
    /// Space of vectors with the bounds `(low, high)` of each element.
    pub fn vector(bounds: &[(f32, f32)]) -> Self {
        let (low, high) = bounds.iter().copied().unzip();
        ObservationSpace::Box { shape: vec![bounds.len()], low, high }
    }

    /// D, the number of `f32` values of an observation.
    pub fn len(&self) -> usize {
        match self {
            ObservationSpace::Discrete { .. } => 1,
            ObservationSpace::Box { low, .. } => low.len(),
        }
    }

    /// Whether D is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Action space.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ActionSpace {
    /// A named actions; an action is the index of its name.
    Discrete {
        /// Names of the actions, `[A]`, for the viewer.
        names: Vec<String>,
    },
    /// K real numbers per action; the world clips numbers outside the bounds.
    Continuous {
        /// Name of each number, such as `steering`, `[K]`.
        names: Vec<String>,
        /// Lower bounds, `[K]`.
        low: Vec<f32>,
        /// Upper bounds, `[K]`.
        high: Vec<f32>,
    },
}

impl ActionSpace {
    /// A, the number of discrete actions and the width of the mask; 0 for continuous actions.
    pub fn count(&self) -> usize {
        match self {
            ActionSpace::Discrete { names } => names.len(),
            ActionSpace::Continuous { .. } => 0,
        }
    }

    /// K, the number of real numbers of an action; 0 for discrete actions.
    pub fn dimensions(&self) -> usize {
        match self {
            ActionSpace::Discrete { .. } => 0,
            ActionSpace::Continuous { names, .. } => names.len(),
        }
    }

    /// Names of the discrete actions `[A]`, or of the numbers of a continuous action `[K]`.
    pub fn names(&self) -> &[String] {
        match self {
            ActionSpace::Discrete { names } | ActionSpace::Continuous { names, .. } => names,
        }
    }
}
