//! Environment of a replay.

use std::sync::OnceLock;

use freewheel_core::{Better, Env, EvaluationWorld, Measure, ObservationSpace, Result, Spec, Step, Stream};
use serde::{Deserialize, Serialize};

use super::foresight::Foresight;
use super::market::MarketData;
use super::prices::Prices;
use super::rules::{Account, MAX_ASSETS, VERSION};
use super::scripts::{self, PolicyKind, Script};
use super::settings::Settings;
use super::target::TargetAction;
use crate::market::metrics::RunningReturns;

/// Environment of historical prices, with actions `u32` (row of a table of positions) or `[f32; n]` (positions of n
/// assets).
pub struct Replay<A> {
    spec: Spec,
    pub(super) market: MarketData,
    pub(super) scripts: Vec<Script<A>>,
    foresight: OnceLock<Option<Foresight>>,
    pub(super) evaluation_world: Option<EvaluationWorld>,
}

/// State of an episode of a replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Bar of the last observed close.
    pub bar: u32,
    /// Last bar of the episode.
    pub end: u32,
    /// Last chosen row of the table; `None` before the first step and for continuous actions.
    pub row: Option<u32>,
    /// Bars since a position was opened, closed or reversed.
    pub bars_since_change: u32,
    /// Account: cash and units of each asset.
    pub account: Account,
    /// Equity at the close of `bar`, in money.
    pub equity: f64,
    /// Sum of the rewards so far.
    pub reward_sum: f64,
    /// Sum of the money traded at each bar, as fractions of equity.
    pub turnover_sum: f64,
    /// Sum of the gross positions of each bar, as fractions of equity.
    pub exposure_sum: f64,
    /// Trading costs so far, in money.
    pub costs_paid: f64,
    /// Measures of the returns of the bars so far.
    pub returns: RunningReturns,
}

/// Measures of an episode, in the order in which they are written.
fn measures() -> Vec<Measure> {
    use Better::{Higher, Lower, Neither};
    [
        ("total return", "", Higher),
        ("CAGR", "/year", Higher),
        ("volatility", "/year", Lower),
        ("Sharpe ratio", "", Higher),
        ("Sortino ratio", "", Higher),
        ("max drawdown", "", Higher),
        ("Calmar ratio", "", Higher),
        ("turnover", "/year", Neither),
        ("exposure", "", Neither),
        ("costs", "", Lower),
    ]
    .map(|(name, unit, better)| Measure::new(name, unit, better))
    .to_vec()
}

impl<A: TargetAction> Replay<A> {
    /// Replay with the id `id`. The action type `A` must agree with the settings.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] if the prices do not allow the settings.
    pub fn new(id: &str, prices: Prices, settings: &Settings) -> Result<Self> {
        let market = MarketData::new(prices, settings)?;
        let weight = 2.0 * market.leverage as f32;
        let mut bounds = vec![(-market.clip, market.clip); market.features.width()];
        bounds.extend(vec![(-weight, weight); market.width()]);
        bounds.push((0.0, 1.0));
        let scripts = scripts::scripts(&market);
        let spec = Spec {
            version: VERSION,
            time_limit: Some(market.steps as u32),
            measures: measures(),
            scripts: scripts.iter().map(|script| script.name.clone()).collect(),
            ..Spec::new(id, ObservationSpace::vector(&bounds), A::space(&market))
        };
        Ok(Replay { spec, market, scripts, foresight: OnceLock::new(), evaluation_world: None })
    }

    /// The same world, evaluated in `evaluation_world`.
    pub(super) fn with_evaluation_world(self, evaluation_world: Option<EvaluationWorld>) -> Self {
        Replay { evaluation_world, ..self }
    }

    /// Data of the fold: prices, training and test bars.
    pub fn market(&self) -> &MarketData {
        &self.market
    }

    /// Optimum with perfect foresight, computed at the first call; `None` if the table of gains would be too large.
    pub(super) fn foresight(&self) -> Option<&Foresight> {
        self.foresight.get_or_init(|| Foresight::new(&self.market)).as_ref()
    }

    /// State at the close of `bar` with cash only, `steps` steps before the end of the episode.
    pub(super) fn start(&self, bar: usize, steps: usize) -> State {
        State {
            bar: bar as u32,
            end: (bar + steps) as u32,
            row: None,
            bars_since_change: 0,
            account: Account::with_cash(self.market.initial_equity),
            equity: self.market.initial_equity,
            reward_sum: 0.0,
            turnover_sum: 0.0,
            exposure_sum: 0.0,
            costs_paid: 0.0,
            returns: RunningReturns::default(),
        }
    }
}

impl<A: TargetAction> Env for Replay<A> {
    type State = State;
    type Action = A;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, rng: &mut Stream) -> State {
        let starts = &self.market.starts;
        self.start(starts.start + rng.below(starts.len() as u32) as usize, self.market.steps)
    }

    #[inline]
    fn step(&self, state: &mut State, action: A, _rng: &mut Stream) -> Step {
        let market = &self.market;
        let (before, bar) = (state.equity, market.bar(state.bar) + 1);
        if state.bar >= state.end || bar >= market.prices.bars() {
            return Step::truncation(0.0);
        }
        state.bar = bar as u32;
        let mut buffer = [0.0; MAX_ASSETS];
        let targets = action.targets(market, &mut buffer);
        let open = market.open(bar);
        let mut lowest = state.account.equity(open);
        if lowest > market.ruin_equity {
            let traded = state.account.rebalance(targets, open, market.costs);
            state.bars_since_change =
                if traded.position_changed { 0 } else { state.bars_since_change.saturating_add(1) };
            state.turnover_sum += traded.money / traded.before;
            state.exposure_sum += targets.iter().map(|target| target.abs()).sum::<f64>();
            state.costs_paid += traded.cost;
            lowest = traded.after;
        }
        state.row = action.row();
        state.equity = state.account.equity(market.close(bar));
        let ruined = lowest.min(state.equity) <= market.ruin_equity;
        if ruined {
            state.account = Account::with_cash(market.ruin_equity);
            state.equity = market.ruin_equity;
        }
        state.returns.push(state.equity / before - 1.0);
        // The reward is the total log growth less the rewards so far, so rounding errors do not accumulate.
        let reward = ((state.equity / market.initial_equity).ln() - state.reward_sum) as f32;
        state.reward_sum += f64::from(reward);
        match (ruined, state.bar == state.end) {
            (true, _) => Step::termination(reward),
            (false, true) => Step::truncation(reward),
            (false, false) => Step::transition(reward),
        }
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        let market = &self.market;
        let bar = market.bar(state.bar);
        let features = market.features.row(bar);
        let (market_obs, own_obs) = out.split_at_mut(features.len());
        market_obs.copy_from_slice(features);
        let (weights, bars_since_change) = own_obs.split_at_mut(market.width());
        let max_weight = 2.0 * market.leverage;
        let prices = market.close(bar);
        for ((weight, units), price) in weights.iter_mut().zip(&state.account.units).zip(prices) {
            *weight = (units * price / state.equity).clamp(-max_weight, max_weight) as f32;
        }
        bars_since_change[0] = (state.bars_since_change as f32 / market.training_steps as f32).min(1.0);
    }

    fn measure(&self, state: &State, out: &mut [f64]) {
        let (returns, periods) = (&state.returns, self.market.periods);
        let bars = returns.count();
        let all = [
            returns.total_return(),
            returns.cagr(periods),
            returns.volatility(periods),
            returns.sharpe(periods),
            returns.sortino(periods),
            returns.max_drawdown(),
            returns.calmar(periods),
            periods * state.turnover_sum / bars,
            state.exposure_sum / bars,
            state.costs_paid / self.market.initial_equity,
        ];
        out.copy_from_slice(&all);
    }

    fn scripted(&self, script: usize, state: &State, _rng: &mut Stream) -> Option<A> {
        match self.scripts.get(script)?.policy {
            PolicyKind::FixedTarget(action) => Some(action),
            PolicyKind::Momentum => Some(scripts::momentum(&self.market, self.market.bar(state.bar))),
            PolicyKind::Clairvoyant => {
                let (bar, end) = (self.market.bar(state.bar), self.market.bar(state.end));
                self.foresight()?.choose(bar, end, state.row).and_then(A::from_row)
            }
        }
    }
}
