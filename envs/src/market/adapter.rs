//! Adapter from the rules of a market and a map of actions to an [`Env`] and a [`World`].

use std::sync::{Arc, OnceLock};

use freewheel_core::{
    ActionBuffer, Baseline, Certainty, DynWorld, Env, Event, Frame, ObservationSpace, Policy, Purpose,
    Result, Scene, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::account::Account;
use super::actions::{ActionMap, ContinuousActions, DiscreteActions, Fractions, OrderRule, RulePolicy};
use super::draw::{Chart, Story};

/// Maximum number of steps after which the drawing still computes the reference's equity, for speed.
const MAX_REFERENCE_STEPS: usize = 1000;

/// Environment of a market `M`. An order is K real numbers; `A` maps actions to orders.
pub(super) struct MarketEnv<M: Market<K>, A, const K: usize> {
    spec: Spec,
    market: M,
    action_map: A,
    /// Reference policy of the script `optimal`, solved at its first use.
    optimal: OnceLock<Option<Arc<dyn Policy>>>,
}

/// Rules of a market for one trader. An order is K real numbers.
pub(super) trait Market<const K: usize>: Send + Sync + 'static {
    /// State of an episode.
    type State: Clone + Send + Sync + Serialize + DeserializeOwned;

    /// State at the start of an episode.
    fn reset(&self, rng: &mut Stream) -> Self::State;
    /// Executes an order for one step.
    fn step(&self, state: &mut Self::State, order: [f64; K], rng: &mut Stream) -> Step;
    /// Writes the observation to `out`, `[D]` for D numbers.
    fn observe(&self, state: &Self::State, out: &mut [f32]);
    /// Account of the episode.
    fn account<'a>(&self, state: &'a Self::State) -> &'a Account;
    /// Reference solution, with a policy or with a rule for the orders.
    fn solve(&self, query: &SolveQuery) -> Result<Reference<K>>;
    /// Baseline policy and its value.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline>;
    /// Chart of an episode.
    fn chart<'a>(&'a self, story: &Story<'a, Self::State>) -> Chart<'a>;
    /// Names of the optional layers of the chart. `hidden` is the layer of what the trader does not know.
    fn layers(&self) -> &[&'static str] {
        &[]
    }
    /// State of another trader, now in `own`, who gives `order` in the step in which the market goes from `before` to
    /// `after`; `None` if the market depends on the orders.
    fn follow(
        &self,
        _own: &Self::State,
        _order: [f64; K],
        _before: &Self::State,
        _after: &Self::State,
    ) -> Option<Self::State> {
        None
    }
    /// Trade between two states, in words; `None` if the position did not change.
    fn trade(&self, before: &Self::State, after: &Self::State) -> Option<Event>;
    /// Order of the scripted policy with index `script` in [`EnvInfo::scripts`]; `None` beyond the last.
    fn scripted(&self, script: usize, state: &Self::State) -> Option<[f64; K]>;
}

/// Reference solution of a market.
pub(super) struct Reference<const K: usize> {
    pub(super) solution: Solution,
    /// Optimal order as a function of the observation, if `solution` has no policy.
    pub(super) rule: Option<Arc<OrderRule<K>>>,
}

impl<const K: usize> From<Solution> for Reference<K> {
    fn from(solution: Solution) -> Self {
        Reference { solution, rule: None }
    }
}

/// Exact solution with the value `value`, without state values or policy.
pub(super) fn exact(value: f64) -> Solution {
    Solution { certainty: Certainty::Exact, value, upper: Some(value), values: Vec::new(), policy: None }
}

/// Properties of an environment, for building the environment's [`Spec`].
pub(super) struct EnvInfo<'a> {
    pub(super) id: &'a str,
    pub(super) version: u32,
    pub(super) observation: ObservationSpace,
    pub(super) time_limit: Option<u32>,
    pub(super) gamma: f64,
    /// Unit of money in which profit and costs are given.
    pub(super) unit: &'a str,
    /// Scripted policies of the market; the environment adds `optimal` before and `random` after these.
    pub(super) scripts: &'a [&'a str],
}

impl<M: Market<K>, A: ActionMap<K> + Clone, const K: usize> MarketEnv<M, A, K> {
    pub(super) fn new(info: EnvInfo<'_>, market: M, action_map: A) -> Self {
        let EnvInfo { id, version, observation, time_limit, gamma, unit, scripts } = info;
        let scripts = ["optimal"].iter().chain(scripts).chain(&["random"]);
        let spec = Spec {
            version,
            time_limit,
            gamma,
            measures: Account::measures(unit),
            scripts: scripts.map(|name| (*name).to_owned()).collect(),
            ..Spec::new(id, observation, action_map.space())
        };
        MarketEnv { spec, market, action_map, optimal: OnceLock::new() }
    }

    fn optimal_policy(&self) -> Option<&Arc<dyn Policy>> {
        let solve = || World::solve(self, &SolveQuery::for_spec(&self.spec)).ok()?.policy;
        self.optimal.get_or_init(solve).as_ref()
    }

    /// States of the reference policy at the prices of an episode, one for each of `past` and `state`; empty if the
    /// reference has no policy, or if the prices depend on the orders.
    fn reference_states(&self, past: &[M::State], state: &M::State) -> Vec<M::State> {
        let follow = || {
            let mut own = past.first()?.clone();
            let mut obs = vec![0.0; self.spec.observation.len()];
            let mut buffer = ActionBuffer::for_spec(&self.spec, 1);
            let legal = vec![true; self.spec.actions.count()];
            let mut rng = Streams::new(0).stream(Purpose::WatchAction, 0, 0);
            let mut states = vec![own.clone()];
            for (before, after) in past.iter().zip(past.iter().skip(1).chain(std::iter::once(state))) {
                self.observe(&own, &mut obs);
                // A market that depends on the orders has no need of the policy, which may take long to solve.
                self.market.follow(&own, [0.0; K], before, after)?;
                self.optimal_policy()?.act(&obs, &legal, std::slice::from_mut(&mut rng), &mut buffer);
                let order = self.action_map.order(self.action_map.read(&buffer)?);
                own = self.market.follow(&own, order, before, after)?;
                states.push(own.clone());
            }
            Some(states)
        };
        follow().unwrap_or_default()
    }
}

/// Change of a fraction of the wealth in words; `None` below a hundredth.
pub(super) fn fraction_trade(before: f64, after: f64, price: f64) -> Option<Event> {
    let side = if after > before { "bought" } else { "sold" };
    let text = format!("{side} at {price:.2}: fraction {before:.2} to {after:.2}");
    ((after - before).abs() >= 0.01).then(|| Event::new("trade", text))
}

/// Environment whose action is a fraction from 0 to 1. `name` is the name of a continuous action. The name of a
/// discrete action is its fraction with `decimals` decimals.
pub(super) fn fraction_env<M: Market<1>>(
    info: EnvInfo<'_>,
    market: M,
    fractions: &Fractions,
    name: &'static str,
    decimals: usize,
) -> Arc<dyn DynWorld> {
    match fractions {
        Fractions::Any => {
            let action_map = ContinuousActions { names: [name], low: [0.0], high: [1.0] };
            MarketEnv::new(info, market, action_map).shared()
        }
        Fractions::Levels(levels) => {
            let names = levels.iter().map(|level| format!("{level:.decimals$}")).collect();
            let orders = levels.iter().map(|&level| [level]).collect();
            MarketEnv::new(info, market, DiscreteActions { names, orders }).shared()
        }
    }
}

impl<M: Market<K>, A: ActionMap<K> + Clone, const K: usize> Env for MarketEnv<M, A, K> {
    type State = M::State;
    type Action = A::Action;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    #[inline]
    fn reset(&self, rng: &mut Stream) -> M::State {
        self.market.reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut M::State, action: A::Action, rng: &mut Stream) -> Step {
        self.market.step(state, self.action_map.order(action), rng)
    }

    #[inline]
    fn observe(&self, state: &M::State, out: &mut [f32]) {
        self.market.observe(state, out);
    }

    fn measure(&self, state: &M::State, out: &mut [f64]) {
        self.market.account(state).measure(out);
    }

    fn scripted(&self, script: usize, state: &M::State, rng: &mut Stream) -> Option<A::Action> {
        if script + 1 == self.spec.scripts.len() {
            return Some(self.action_map.sample(rng));
        }
        if let Some(index) = script.checked_sub(1) {
            return self.market.scripted(index, state).map(|order| self.action_map.nearest(order));
        }
        let mut obs = vec![0.0; self.spec.observation.len()];
        self.observe(state, &mut obs);
        let mut buffer = ActionBuffer::for_spec(&self.spec, 1);
        let legal = vec![true; self.spec.actions.count()];
        self.optimal_policy()?.act(&obs, &legal, std::slice::from_mut(rng), &mut buffer);
        self.action_map.read(&buffer)
    }
}

impl<M: Market<K>, A: ActionMap<K> + Clone, const K: usize> World for MarketEnv<M, A, K> {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let Reference { mut solution, rule } = self.market.solve(query)?;
        if let (None, Some(rule)) = (&solution.policy, rule) {
            solution.policy = Some(Arc::new(RulePolicy { action_map: self.action_map.clone(), rule }));
        }
        Ok(solution)
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        self.market.baseline(query)
    }

    fn draw(&self, scene: &Scene<'_, M::State>, frame: &mut Frame) {
        let Scene { state, past, .. } = *scene;
        let few = frame.max_size().is_some() && past.len() <= MAX_REFERENCE_STEPS;
        let reference = if few { self.reference_states(past, state) } else { Vec::new() };
        let hidden = frame.layer() == Some("hidden");
        let mut chart = self.market.chart(&Story { past, state, reference: &reference, hidden });
        let account = self.market.account(state);
        let mut notes = vec![("profit", format!("{:+.4}", account.profit))];
        notes.append(&mut chart.notes);
        notes.push(("costs", format!("{:.4}", account.costs)));
        notes.push(("turnover", format!("{:.3}", account.turnover)));
        Chart { notes, ..chart }.draw(frame);
    }

    fn layers(&self) -> &[&'static str] {
        self.market.layers()
    }

    fn event(&self, before: &M::State, _action: A::Action, after: &M::State, _step: Step) -> Option<Event> {
        self.market.trade(before, after)
    }
}
