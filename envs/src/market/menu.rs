//! What a trader may order: one row of a table, or numbers between bounds. An order is K real numbers.

use freewheel_core::{Action, ActionBuffer, ActionSpace, Policy, Stream};

/// The actions of a market, and the orders they stand for.
pub(super) trait Menu<const K: usize>: Send + Sync + 'static {
    /// `u32` or `[f32; K]`.
    type Action: Action;

    /// As the contract describes it.
    fn space(&self) -> ActionSpace;
    /// What an action orders.
    fn order(&self, action: Self::Action) -> [f64; K];
    /// The action that comes nearest to an order.
    fn action(&self, order: [f64; K]) -> Self::Action;
    /// Any action, equally often.
    fn any(&self, rng: &mut Stream) -> Self::Action;
    /// Writes an action as a policy's choice for row `row`.
    fn choose(&self, action: Self::Action, row: usize, choice: &mut ActionBuffer);
    /// The choice of row 0.
    fn chosen(&self, choice: &ActionBuffer) -> Option<Self::Action> {
        Self::Action::rows(choice.actions(), 1).and_then(|all| all.first().copied())
    }
}

/// Counted actions.
#[derive(Clone, Debug)]
pub(super) struct Table<const K: usize> {
    /// `[A]`.
    pub(super) names: Vec<String>,
    /// `[A]`.
    pub(super) orders: Vec<[f64; K]>,
}

impl<const K: usize> Menu<K> for Table<K> {
    type Action = u32;

    fn space(&self) -> ActionSpace {
        ActionSpace::Discrete { names: self.names.clone() }
    }

    #[inline]
    fn order(&self, action: u32) -> [f64; K] {
        self.orders[action as usize]
    }

    fn action(&self, order: [f64; K]) -> u32 {
        let distance = |row: &[f64; K]| -> f64 { row.iter().zip(&order).map(|(a, b)| (a - b).abs()).sum() };
        let nearest = (0u32..).zip(&self.orders).min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        nearest.map_or(0, |(action, _)| action)
    }

    fn any(&self, rng: &mut Stream) -> u32 {
        rng.below(self.orders.len() as u32)
    }

    fn choose(&self, action: u32, row: usize, choice: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(all) = choice {
            all[row] = action;
        }
    }
}

/// Real numbers; what lies outside the bounds is clipped.
#[derive(Clone, Debug)]
pub(super) struct Range<const K: usize> {
    pub(super) names: [&'static str; K],
    pub(super) low: [f64; K],
    pub(super) high: [f64; K],
}

impl<const K: usize> Menu<K> for Range<K> {
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

    fn action(&self, order: [f64; K]) -> [f32; K] {
        order.map(|x| x as f32)
    }

    fn any(&self, rng: &mut Stream) -> [f32; K] {
        std::array::from_fn(|k| (self.low[k] + (self.high[k] - self.low[k]) * rng.uniform()) as f32)
    }

    fn choose(&self, action: [f32; K], row: usize, choice: &mut ActionBuffer) {
        if let ActionBuffer::Continuous(all) = choice {
            all[row * K..(row + 1) * K].copy_from_slice(&action);
        }
    }
}

/// What to order, seeing an observation `[D]`.
pub(super) type Rule<const K: usize> = dyn Fn(&[f32]) -> [f64; K] + Send + Sync;

/// A rule as a policy: it orders what the menu has that is nearest.
pub(super) struct Ruled<A, const K: usize> {
    pub(super) menu: A,
    pub(super) rule: std::sync::Arc<Rule<K>>,
}

impl<A: Menu<K>, const K: usize> Policy for Ruled<A, K> {
    fn act(&self, obs: &[f32], _legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        let width = (obs.len() / rngs.len().max(1)).max(1);
        for (row, obs) in obs.chunks(width).enumerate() {
            self.menu.choose(self.menu.action((self.rule)(obs)), row, choice);
        }
    }
}
