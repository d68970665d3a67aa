//! Maps from actions, discrete or continuous, to orders, and policies given as a rule. An order is what a market
//! executes in a step: K real numbers.

use std::sync::Arc;

use freewheel_core::{Action, ActionBuffer, ActionSpace, Policy, Stream};

use super::settings::ActionKind;

/// Map from the actions of a market to the orders that they stand for.
pub(super) trait ActionMap<const K: usize>: Send + Sync + 'static {
    /// Action type: `u32` for discrete actions, `[f32; K]` for continuous actions.
    type Action: Action;

    /// Action space of the environment.
    fn space(&self) -> ActionSpace;
    /// Order of an action.
    fn order(&self, action: Self::Action) -> [f64; K];
    /// Action whose order is nearest to `order`.
    fn nearest(&self, order: [f64; K]) -> Self::Action;
    /// Random action, uniform over the action space.
    fn sample(&self, rng: &mut Stream) -> Self::Action;
    /// Writes the action of environment `index` to `buffer`.
    fn write(&self, action: Self::Action, index: usize, buffer: &mut ActionBuffer);
    /// Action of environment 0 in `buffer`.
    fn read(&self, buffer: &ActionBuffer) -> Option<Self::Action> {
        Self::Action::from_actions(buffer.as_actions(), 1).and_then(|all| all.first().copied())
    }
}

/// Discrete actions, each of which stands for one of A orders.
#[derive(Clone, Debug)]
pub(super) struct DiscreteActions<const K: usize> {
    /// Names of the actions, `[A]`.
    pub(super) names: Vec<String>,
    /// Orders of the actions, `[A]`.
    pub(super) orders: Vec<[f64; K]>,
}

impl<const K: usize> ActionMap<K> for DiscreteActions<K> {
    type Action = u32;

    fn space(&self) -> ActionSpace {
        ActionSpace::Discrete { names: self.names.clone() }
    }

    #[inline]
    fn order(&self, action: u32) -> [f64; K] {
        self.orders[action as usize]
    }

    fn nearest(&self, order: [f64; K]) -> u32 {
        let distance =
            |other: &[f64; K]| -> f64 { other.iter().zip(&order).map(|(a, b)| (a - b).abs()).sum() };
        let nearest = (0u32..).zip(&self.orders).min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        nearest.map_or(0, |(action, _)| action)
    }

    fn sample(&self, rng: &mut Stream) -> u32 {
        rng.below(self.orders.len() as u32)
    }

    fn write(&self, action: u32, index: usize, buffer: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(all) = buffer {
            all[index] = action;
        }
    }
}

/// Continuous actions: K real numbers, clipped to the bounds of the orders.
#[derive(Clone, Debug)]
pub(super) struct ContinuousActions<const K: usize> {
    pub(super) names: [&'static str; K],
    pub(super) low: [f64; K],
    pub(super) high: [f64; K],
}

impl<const K: usize> ActionMap<K> for ContinuousActions<K> {
    type Action = [f32; K];

    fn space(&self) -> ActionSpace {
        ActionSpace::Continuous {
            names: self.names.iter().map(|name| (*name).to_owned()).collect(),
            low: self.low.iter().map(|&x| x as f32).collect(),
            high: self.high.iter().map(|&x| x as f32).collect(),
        }
    }

    #[inline]
    fn order(&self, action: [f32; K]) -> [f64; K] {
        std::array::from_fn(|k| f64::from(action[k]).clamp(self.low[k], self.high[k]))
    }

    fn nearest(&self, order: [f64; K]) -> [f32; K] {
        order.map(|x| x as f32)
    }

    fn sample(&self, rng: &mut Stream) -> [f32; K] {
        std::array::from_fn(|k| (self.low[k] + (self.high[k] - self.low[k]) * rng.uniform()) as f32)
    }

    fn write(&self, action: [f32; K], index: usize, buffer: &mut ActionBuffer) {
        if let ActionBuffer::Continuous(all) = buffer {
            all[index * K..(index + 1) * K].copy_from_slice(&action);
        }
    }
}

/// Rule of a policy: the order as a function of an observation, `[D]`.
pub(super) type OrderRule<const K: usize> = dyn Fn(&[f32]) -> [f64; K] + Send + Sync;

/// Policy that takes the action whose order is nearest to the order of a rule.
pub(super) struct RulePolicy<A, const K: usize> {
    pub(super) action_map: A,
    pub(super) rule: Arc<OrderRule<K>>,
}

impl<A: ActionMap<K>, const K: usize> Policy for RulePolicy<A, K> {
    fn act(&self, obs: &[f32], _legal: &[bool], rngs: &mut [Stream], buffer: &mut ActionBuffer) {
        let width = (obs.len() / rngs.len().max(1)).max(1);
        for (index, obs) in obs.chunks(width).enumerate() {
            self.action_map.write(self.action_map.nearest((self.rule)(obs)), index, buffer);
        }
    }
}

/// Choice of the fractions from 0 to 1 that an action may select.
#[derive(Clone, Debug)]
pub(super) enum Fractions {
    /// Any fraction from 0 to 1.
    Any,
    /// One of these fractions.
    Levels(Vec<f64>),
}

impl Fractions {
    /// Fractions that the actions may choose: `levels` equally spaced ones (at least 2) for discrete actions, any
    /// fraction for continuous actions.
    pub(super) fn new(kind: ActionKind, levels: usize) -> Self {
        match kind {
            ActionKind::Continuous => Fractions::Any,
            ActionKind::Grid => {
                Fractions::Levels((0..levels).map(|i| i as f64 / (levels - 1) as f64).collect())
            }
        }
    }
}
