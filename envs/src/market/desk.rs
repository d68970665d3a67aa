//! A market as the contract wants it: rules and a menu of orders become an `Env` with a reference, players and a drawing.

use std::sync::{Arc, OnceLock};

use freewheel_core::{
    ActionBuffer, Baseline, Env, Frame, ObservationSpace, Policy, Result, Solution, SolveQuery, Spec, Step,
    Stream, World,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::account::Account;
use super::draw::Chart;
use super::menu::{Menu, Rule, Ruled};

/// The rules of a market for one trader, who orders K numbers a step.
pub(super) trait Market<const K: usize>: Send + Sync + 'static {
    /// All that changes during an episode.
    type State: Clone + Send + Sync + Serialize + DeserializeOwned;

    fn reset(&self, rng: &mut Stream) -> Self::State;
    fn step(&self, state: &mut Self::State, order: [f64; K], rng: &mut Stream) -> Step;
    fn observe(&self, state: &Self::State, out: &mut [f32]);
    fn account<'a>(&self, state: &'a Self::State) -> &'a Account;
    /// The best; the policy may be left to the rule.
    fn solve(&self, query: &SolveQuery) -> Result<Reference<K>>;
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline>;
    fn chart(&self, state: &Self::State) -> Chart<'_>;
    /// Player `script` of the market's own ones.
    fn scripted(&self, script: usize, state: &Self::State) -> Option<[f64; K]>;
}

/// What a market knows to be the best.
pub(super) struct Reference<const K: usize> {
    pub(super) solution: Solution,
    /// Plays it, where the solution itself has no policy.
    pub(super) rule: Option<Arc<Rule<K>>>,
}

impl<const K: usize> From<Solution> for Reference<K> {
    fn from(solution: Solution) -> Self {
        Reference { solution, rule: None }
    }
}

/// What a world says of itself beside its menu.
pub(super) struct Outside<'a> {
    pub(super) id: &'a str,
    pub(super) version: u32,
    pub(super) observation: ObservationSpace,
    pub(super) time_limit: Option<u32>,
    pub(super) gamma: f64,
    /// What money is counted in.
    pub(super) unit: &'a str,
    /// The market's own players; `optimal` and `random` are added.
    pub(super) scripts: &'a [&'a str],
}

/// A market with its menu.
pub(super) struct Desk<M: Market<K>, A, const K: usize> {
    spec: Spec,
    market: M,
    menu: A,
    best: OnceLock<Option<Arc<dyn Policy>>>,
}

impl<M: Market<K>, A: Menu<K> + Clone, const K: usize> Desk<M, A, K> {
    pub(super) fn new(outside: Outside<'_>, market: M, menu: A) -> Self {
        let Outside { id, version, observation, time_limit, gamma, unit, scripts } = outside;
        let scripts = ["optimal"].iter().chain(scripts).chain(&["random"]);
        let spec = Spec {
            version,
            time_limit,
            gamma,
            measures: Account::measures(unit),
            scripts: scripts.map(|name| (*name).to_owned()).collect(),
            ..Spec::new(id, observation, menu.space())
        };
        Desk { spec, market, menu, best: OnceLock::new() }
    }

    /// What plays best as the world is played, worked out when it is first asked for.
    fn best(&self) -> Option<&Arc<dyn Policy>> {
        let solve = || World::solve(self, &SolveQuery::for_spec(&self.spec)).ok()?.policy;
        self.best.get_or_init(solve).as_ref()
    }
}

impl<M: Market<K>, A: Menu<K> + Clone, const K: usize> Env for Desk<M, A, K> {
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
        self.market.step(state, self.menu.order(action), rng)
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
            return Some(self.menu.any(rng));
        }
        if let Some(own) = script.checked_sub(1) {
            return self.market.scripted(own, state).map(|order| self.menu.action(order));
        }
        let mut obs = vec![0.0; self.spec.observation.len()];
        self.observe(state, &mut obs);
        let mut choice = ActionBuffer::for_spec(&self.spec, 1);
        let legal = vec![true; self.spec.actions.count()];
        self.best()?.act(&obs, &legal, std::slice::from_mut(rng), &mut choice);
        self.menu.chosen(&choice)
    }
}

impl<M: Market<K>, A: Menu<K> + Clone, const K: usize> World for Desk<M, A, K> {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let Reference { mut solution, rule } = self.market.solve(query)?;
        if let (None, Some(rule)) = (&solution.policy, rule) {
            solution.policy = Some(Arc::new(Ruled { menu: self.menu.clone(), rule }));
        }
        Ok(solution)
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        self.market.baseline(query)
    }

    fn draw(&self, state: &M::State, _policy: Option<&dyn Policy>, frame: &mut Frame) {
        let account = self.market.account(state);
        let mut chart = self.market.chart(state);
        chart.notes.push(("profit", format!("{:.4}", account.profit)));
        chart.notes.push(("costs", format!("{:.4}", account.costs)));
        chart.paint(frame);
    }
}
