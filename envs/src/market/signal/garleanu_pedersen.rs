//! `market/garleanu-pedersen`: a mean-reverting signal, quadratic costs.

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, DynWorld, Error, ObservationSpace, PolicyClass, Result, Solution, SolveQuery, Step,
    Stream, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::account::Account;
use super::super::chain::Chain;
use super::super::desk::{Desk, Market, Outside, Reference};
use super::super::draw::Chart;
use super::super::menu::{Range, Table};
use super::super::refuse::{check, checked};
use super::super::settings::{ActionKind, Reward};
use super::finite::{Finite, SCRIPTS, chart, flat, scripted};
use super::linear::{Linear, Problem, closed_form};
use super::rules::{Rules, State, VERSION};

/// Settings of `market/garleanu-pedersen`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GarleanuPedersen {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Whether positions are counted levels ("grid") or any number within the limit ("continuous").
    pub actions: ActionKind,
    /// Counted positions, an odd number, 3..=101.
    pub levels: usize,
    /// The greatest position, long or short, in units of the asset; above 0.
    pub limit: f64,
    /// Discount rate of the paper, 0..1: the task's discount is 1 - rho.
    pub rho: f64,
    /// Aversion to risk, the paper's gamma; above 0.
    pub risk_aversion: f64,
    /// Variance of a step's price move that the signal does not tell; above 0.
    pub variance: f64,
    /// The paper's lambda, above 0: trading z costs lambda variance z^2 / 2.
    pub lambda: f64,
    /// States of the signal's chain, 2..=101.
    pub signals: usize,
    /// Mean reversion of the signal, the paper's phi, above 0 and at most 1.
    pub reversion: f64,
    /// Standard deviation of the signal's shocks, in price units; above 0.
    pub innovation: f64,
    /// Whether rewards hold the price moves as they come ("realized") or as the signal foretells them ("expected").
    pub reward: Reward,
}

impl Default for GarleanuPedersen {
    fn default() -> Self {
        GarleanuPedersen {
            steps: 250,
            actions: ActionKind::Grid,
            levels: 21,
            limit: 20.0,
            rho: 0.01,
            risk_aversion: 0.5,
            variance: 0.04,
            lambda: 2.0,
            signals: 11,
            reversion: 0.1,
            innovation: 0.05,
            reward: Reward::Realized,
        }
    }
}

impl GarleanuPedersen {
    pub(in crate::market) const NAME: &'static str = "garleanu-pedersen";
    pub(in crate::market) const ABOUT: &'static str =
        "A mean-reverting signal and quadratic costs (Journal of Finance 2013); exact optimum";

    pub(in crate::market) fn build(&self) -> Result<Arc<dyn DynWorld>> {
        Ok(match self.actions {
            ActionKind::Grid => self.counted()?.shared(),
            ActionKind::Continuous => self.continuous()?.shared(),
        })
    }

    pub(super) fn counted(&self) -> Result<Desk<Finite, Table<1>, 1>> {
        let finite = self.finite()?;
        let observation = ObservationSpace::Discrete { n: finite.mdp().states() };
        let levels = self.positions();
        let names = levels.iter().map(|level| format!("{level:+.3}")).collect();
        let menu = Table { names, orders: levels.iter().map(|&level| [level]).collect() };
        Ok(Desk::new(self.outside(observation), finite, menu))
    }

    pub(super) fn finite(&self) -> Result<Finite> {
        self.check()?;
        Finite::new(self.rules(), self.positions())
    }

    pub(super) fn continuous(&self) -> Result<Desk<Free, Range<1>, 1>> {
        self.check()?;
        let rules = self.rules();
        let problem = self.problem();
        let least = problem.within(self.steps).1.max(problem.stationary().0.aim()) * rules.chain.width();
        if self.limit < least {
            return Err(Error::Config(format!(
                "market/garleanu-pedersen: limit = {}: the best positions go up to {least:.3}; raise the limit",
                self.limit
            )));
        }
        let (signal, limit) = (rules.chain.width() as f32, self.limit as f32);
        let observation = ObservationSpace::vector(&[(-signal, signal), (-limit, limit)]);
        let menu = Range { names: ["position"], low: [-self.limit], high: [self.limit] };
        Ok(Desk::new(self.outside(observation), Free { rules, problem, limit: self.limit }, menu))
    }

    fn outside(&self, observation: ObservationSpace) -> Outside<'static> {
        Outside {
            id: "market/garleanu-pedersen",
            version: VERSION,
            observation,
            time_limit: Some(self.steps),
            gamma: 1.0 - self.rho,
            unit: "",
            scripts: SCRIPTS,
        }
    }

    fn positions(&self) -> Vec<f64> {
        let half = (self.levels / 2) as f64;
        (0..self.levels).map(|i| (i as f64 - half) / half * self.limit).collect()
    }

    pub(super) fn rules(&self) -> Rules {
        Rules {
            chain: Chain::rouwenhorst(self.signals, 1.0 - self.reversion, self.innovation),
            noise: if self.reward == Reward::Realized { self.variance.sqrt() } else { 0.0 },
            weight: 1.0 - self.rho,
            risk: self.risk_aversion * self.variance,
            linear: 0.0,
            quadratic: self.lambda * self.variance,
            fractional: false,
        }
    }

    pub(super) fn problem(&self) -> Problem {
        Problem::new(&self.rules(), 1.0 - self.reversion, self.innovation, 1.0 - self.rho)
    }

    /// The share of the way to the aim that the best policy trades each step, and the aim's coefficient of the signal:
    /// the paper's closed form.
    pub fn closed_form(&self) -> (f64, f64) {
        let Linear { keep, pull } =
            closed_form(self.risk_aversion, self.variance, self.lambda, 1.0 - self.reversion, self.rho);
        (1.0 - keep, pull / (1.0 - keep))
    }

    fn check(&self) -> Result<()> {
        check("market/garleanu-pedersen", || {
            checked("steps", self.steps, 1..=10_000)?;
            checked("levels", self.levels, 3..=101)?;
            if self.levels.is_multiple_of(2) {
                return Err(format!("levels = {}: must be odd, so that one of them is flat", self.levels));
            }
            checked("limit", self.limit, 1e-6..=1e6)?;
            checked("rho", self.rho, 0.0..=0.999)?;
            checked("risk_aversion", self.risk_aversion, 1e-6..=1e6)?;
            checked("variance", self.variance, 1e-9..=1e6)?;
            checked("lambda", self.lambda, 1e-6..=1e6)?;
            checked("signals", self.signals, 2..=101)?;
            if self.actions == ActionKind::Grid && (self.signals * self.levels).pow(2) > MOST_OUTCOMES {
                let (signals, levels) = (self.signals, self.levels);
                return Err(format!(
                    "signals = {signals}: {levels} levels of each make a table of more than {MOST_OUTCOMES} outcomes; lower \
                     one of them, or set actions = \"continuous\""
                ));
            }
            checked("reversion", self.reversion, 0.001..=1.0)?;
            checked("innovation", self.innovation, 1e-9..=1e6)
        })
    }
}

/// Outcomes of the decision process at most: some 300 MB.
const MOST_OUTCOMES: usize = 10_000_000;

/// Trading with any position.
pub(super) struct Free {
    rules: Rules,
    problem: Problem,
    limit: f64,
}

impl Free {
    fn best(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let problem = Problem { gamma: query.gamma, ..self.problem };
        let variance = self.rules.chain.variance();
        let (order, value) = problem.stationary();
        let Linear { keep, pull } = order;
        let rule =
            Some(Arc::new(move |obs: &[f32]| [keep * f64::from(obs[1]) + pull * f64::from(obs[0])]) as _);
        let answer = |certainty, value, upper, rule| Reference {
            solution: Solution { certainty, value, upper: Some(upper), values: Vec::new(), policy: None },
            rule,
        };
        let Some(steps) = query.horizon else {
            if query.gamma >= 1.0 {
                return Err(Error::Unsupported(
                    "what is earned for ever has no sum; give a gamma below 1, or a horizon".into(),
                ));
            }
            let value = value.when_flat(variance);
            return Ok(answer(Certainty::Exact, value, value, rule));
        };
        let upper = problem.within(steps).0.when_flat(variance);
        if query.time_observed {
            return Ok(answer(Certainty::Exact, upper, upper, None));
        }
        let value = problem.value_of(order, steps).when_flat(variance);
        Ok(answer(Certainty::Bracket, value, upper, rule))
    }

    /// Whoever holds a uniformly random position, exactly.
    fn random(&self, query: &SolveQuery) -> Result<f64> {
        let second = self.limit * self.limit / 3.0;
        let holding = -0.5 * self.rules.weight * self.rules.risk * second;
        let step = |held: f64| holding - 0.5 * self.rules.quadratic * (second + held);
        let later = match query.horizon {
            Some(0) => return Ok(0.0),
            Some(steps) => {
                (1..steps)
                    .fold((0.0, 1.0), |(sum, fade), _| {
                        let fade = fade * query.gamma;
                        (sum + fade, fade)
                    })
                    .0
            }
            None if query.gamma < 1.0 => query.gamma / (1.0 - query.gamma),
            None => return Err(Error::Unsupported("a cost paid for ever has no sum".into())),
        };
        Ok(step(0.0) + later * step(second))
    }
}

impl Market<1> for Free {
    type State = State;

    fn reset(&self, rng: &mut Stream) -> State {
        self.rules.reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut State, [target]: [f64; 1], rng: &mut Stream) -> Step {
        self.rules.step(state, target, rng)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out[0] = self.rules.chain.value(self.rules.signal(state)) as f32;
        out[1] = state.position as f32;
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        match query.policy_class {
            PolicyClass::Optimal => self.best(query),
            PolicyClass::Random => Ok(exactly(self.random(query)?).into()),
            PolicyClass::EpsilonGreedy(_) | PolicyClass::EpsilonSoft(_) => Err(Error::Unsupported(
                "random actions among continuous ones are not solved; use actions = \"grid\"".into(),
            )),
        }
    }

    fn baseline(&self, _question: &SolveQuery) -> Result<Baseline> {
        Ok(flat())
    }

    fn chart(&self, state: &State) -> Chart<'_> {
        chart(&self.rules, state, (-self.limit, self.limit))
    }

    fn scripted(&self, script: usize, state: &State) -> Option<[f64; 1]> {
        scripted(script, state)
    }
}

/// An exact value without a policy.
fn exactly(value: f64) -> Solution {
    Solution { certainty: Certainty::Exact, value, upper: Some(value), values: Vec::new(), policy: None }
}
