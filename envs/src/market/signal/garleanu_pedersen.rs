//! World `market/garleanu-pedersen`: mean-reverting signal, quadratic costs.

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, DynWorld, Error, Event, ObservationSpace, PolicyClass, Result, Solution, SolveQuery,
    Step, Stream, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::account::Account;
use super::super::actions::{ContinuousActions, DiscreteActions};
use super::super::adapter::{EnvInfo, Market, MarketEnv, Reference, exact};
use super::super::chain::MarkovChain;
use super::super::draw::{Chart, Story};
use super::super::family::MarketSettings;
use super::super::settings::{ActionKind, Reward, check, in_range};
use super::discrete::{DiscreteMarket, SCRIPTS, chart, flat, scripted, trade};
use super::linear::{LinearPolicy, LqProblem, closed_form};
use super::rules::{Rules, State, VERSION};

/// Settings of `market/garleanu-pedersen`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GarleanuPedersen {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Actions: discrete positions ("grid"), or any position within the limit ("continuous").
    pub actions: ActionKind,
    /// Number of discrete positions, an odd number, 3..=101; for actions "grid".
    pub levels: usize,
    /// Largest position, long or short, in units of the asset, 1e-6..=1e6.
    pub limit: f64,
    /// Discount rate rho of the paper, 0..=0.999; the discount of the task is 1 - rho.
    pub rho: f64,
    /// Risk aversion, gamma in the paper, 1e-6..=1e6.
    pub risk_aversion: f64,
    /// Variance of the price change of a step that the signal does not predict, 1e-9..=1e6.
    pub variance: f64,
    /// Cost coefficient lambda of the paper, 1e-6..=1e6: a trade of z units costs lambda variance z^2 / 2.
    pub lambda: f64,
    /// Number of values of the signal, 2..=101.
    pub signals: usize,
    /// Mean reversion of the signal, phi in the paper, 0.001..=1.
    pub reversion: f64,
    /// Standard deviation of the signal's shocks, in price units, 1e-9..=1e6.
    pub innovation: f64,
    /// Price changes in the reward: the realized ones ("realized") or those that the signal predicts ("expected").
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

impl MarketSettings for GarleanuPedersen {
    const ID: &'static str = "market/garleanu-pedersen";
    const ABOUT: &'static str =
        "A mean-reverting signal and quadratic costs (Journal of Finance 2013); exact optimum";

    fn build(&self) -> Result<Arc<dyn DynWorld>> {
        let env = match self.actions {
            ActionKind::Grid => {
                let market = self.discrete_market()?;
                let observation = ObservationSpace::Discrete { n: market.mdp().states() };
                let levels = self.positions();
                let names = levels.iter().map(|level| format!("{level:+.3}")).collect();
                let orders = levels.iter().map(|&level| [level]).collect();
                MarketEnv::new(self.info(observation), market, DiscreteActions { names, orders }).shared()
            }
            ActionKind::Continuous => {
                let market = self.continuous_market()?;
                let (signal, limit) = (market.rules.chain.max_value() as f32, self.limit as f32);
                let observation = ObservationSpace::vector(&[(-signal, signal), (-limit, limit)]);
                let action_map =
                    ContinuousActions { names: ["position"], low: [-self.limit], high: [self.limit] };
                MarketEnv::new(self.info(observation), market, action_map).shared()
            }
        };
        Ok(env)
    }
}

impl GarleanuPedersen {
    pub(super) fn discrete_market(&self) -> Result<DiscreteMarket> {
        self.check()?;
        DiscreteMarket::new(self.rules(), self.positions(), self.steps)
    }

    fn continuous_market(&self) -> Result<ContinuousMarket> {
        self.check()?;
        let (rules, problem, limit) = (self.rules(), self.problem(), self.limit);
        let (_, aim) = problem.finite_horizon(self.steps);
        let largest = aim.max(problem.stationary().0.aim()) * rules.chain.max_value();
        if limit < largest {
            let message =
                format!("limit = {limit}: the optimal positions go up to {largest:.3}; raise the limit");
            return Err(Error::setting("limit", message).of(Self::ID));
        }
        Ok(ContinuousMarket { rules, problem, limit, steps: self.steps })
    }

    fn info(&self, observation: ObservationSpace) -> EnvInfo<'static> {
        EnvInfo {
            id: Self::ID,
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
            chain: MarkovChain::rouwenhorst(self.signals, 1.0 - self.reversion, self.innovation),
            noise: if self.reward == Reward::Realized { self.variance.sqrt() } else { 0.0 },
            gain_weight: 1.0 - self.rho,
            risk_penalty: self.risk_aversion * self.variance,
            linear_cost: 0.0,
            quadratic_cost: self.lambda * self.variance,
            relative_returns: false,
        }
    }

    pub(super) fn problem(&self) -> LqProblem {
        LqProblem::new(&self.rules(), 1.0 - self.reversion, self.innovation, 1.0 - self.rho)
    }

    /// Closed form of the paper. The aim is a position proportional to the signal. The result is the fraction of the
    /// way from the position to the aim that the optimal policy trades each step, and the coefficient of the signal in
    /// the aim.
    pub fn closed_form(&self) -> (f64, f64) {
        let LinearPolicy { position_coef, signal_coef } =
            closed_form(self.risk_aversion, self.variance, self.lambda, 1.0 - self.reversion, self.rho);
        (1.0 - position_coef, signal_coef / (1.0 - position_coef))
    }

    fn check(&self) -> Result<()> {
        check(Self::ID, || {
            in_range("steps", self.steps, 1..=10_000)?;
            in_range("levels", self.levels, 3..=101)?;
            if self.levels.is_multiple_of(2) {
                let message =
                    format!("levels = {}: must be odd, so that one level is the flat position", self.levels);
                return Err(Error::setting("levels", message));
            }
            in_range("limit", self.limit, 1e-6..=1e6)?;
            in_range("rho", self.rho, 0.0..=0.999)?;
            in_range("risk_aversion", self.risk_aversion, 1e-6..=1e6)?;
            in_range("variance", self.variance, 1e-9..=1e6)?;
            in_range("lambda", self.lambda, 1e-6..=1e6)?;
            in_range("signals", self.signals, 2..=101)?;
            if self.actions == ActionKind::Grid && (self.signals * self.levels).pow(2) > MAX_OUTCOMES {
                let (signals, levels) = (self.signals, self.levels);
                let message = format!(
                    "signals = {signals}: with levels = {levels} the decision process has more than {MAX_OUTCOMES} \
                     outcomes; lower one of them, or set actions = \"continuous\""
                );
                return Err(Error::setting("signals", message));
            }
            in_range("reversion", self.reversion, 0.001..=1.0)?;
            in_range("innovation", self.innovation, 1e-9..=1e6)
        })
    }
}

/// Maximum number of outcomes of the decision process, about 300 MB.
const MAX_OUTCOMES: usize = 10_000_000;

/// Rules of `market/garleanu-pedersen` with continuous positions.
pub(super) struct ContinuousMarket {
    rules: Rules,
    problem: LqProblem,
    limit: f64,
    /// Steps of an episode.
    steps: u32,
}

impl ContinuousMarket {
    fn optimal(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let problem = LqProblem { gamma: query.gamma, ..self.problem };
        let variance = self.rules.chain.variance();
        let (policy, value) = problem.stationary();
        let LinearPolicy { position_coef, signal_coef } = policy;
        let rule = Some(Arc::new(move |obs: &[f32]| {
            [position_coef * f64::from(obs[1]) + signal_coef * f64::from(obs[0])]
        }) as _);
        let reference = |certainty, value, upper, rule| Reference {
            solution: Solution { certainty, value, upper: Some(upper), values: Vec::new(), policy: None },
            rule,
        };
        let Some(steps) = query.horizon else {
            if query.gamma >= 1.0 {
                return Err(Error::Unsupported(
                    "without a horizon the value is infinite at gamma = 1; set gamma below 1 or give a horizon".into(),
                ));
            }
            let value = value.start_value(variance);
            return Ok(reference(Certainty::Exact, value, value, rule));
        };
        let upper = problem.finite_horizon(steps).0.start_value(variance);
        if query.time_observed {
            return Ok(reference(Certainty::Exact, upper, upper, None));
        }
        let value = problem.evaluate(policy, steps).start_value(variance);
        Ok(reference(Certainty::Bracket, value, upper, rule))
    }

    /// Exact value of the policy of uniformly random positions.
    fn random(&self, query: &SolveQuery) -> Result<f64> {
        let second = self.limit * self.limit / 3.0;
        let holding = -0.5 * self.rules.gain_weight * self.rules.risk_penalty * second;
        let step = |held: f64| holding - 0.5 * self.rules.quadratic_cost * (second + held);
        let later_steps = match query.horizon {
            Some(0) => return Ok(0.0),
            Some(steps) => {
                (1..steps)
                    .fold((0.0, 1.0), |(sum, discount), _| {
                        let discount = discount * query.gamma;
                        (sum + discount, discount)
                    })
                    .0
            }
            None if query.gamma < 1.0 => query.gamma / (1.0 - query.gamma),
            None => return Err(Error::Unsupported(
                "without a horizon the value is infinite at gamma = 1; set gamma below 1 or give a horizon"
                    .into(),
            )),
        };
        Ok(step(0.0) + later_steps * step(second))
    }
}

impl Market<1> for ContinuousMarket {
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
            PolicyClass::Optimal => self.optimal(query),
            PolicyClass::Random => Ok(exact(self.random(query)?).into()),
            PolicyClass::EpsilonGreedy(_) | PolicyClass::EpsilonSoft(_) => Err(Error::Unsupported(
                "epsilon policies are not solved with continuous actions; set actions = \"grid\"".into(),
            )),
        }
    }

    fn baseline(&self, _query: &SolveQuery) -> Result<Baseline> {
        Ok(flat())
    }

    fn chart<'a>(&'a self, story: &Story<'a, State>) -> Chart<'a> {
        chart(&self.rules, story, (-self.limit, self.limit), self.steps)
    }

    fn follow(&self, own: &State, [target]: [f64; 1], before: &State, after: &State) -> Option<State> {
        Some(self.rules.follow(own, target, before, after))
    }

    fn trade(&self, before: &State, after: &State) -> Option<Event> {
        trade(before, after)
    }

    fn scripted(&self, script: usize, state: &State) -> Option<[f64; 1]> {
        scripted(script, state)
    }
}
