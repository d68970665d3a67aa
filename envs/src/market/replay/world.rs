//! A replay as the contract wants it.

use freewheel_core::{
    Baseline, Better, Env, Frame, Measure, ObservationSpace, Policy, Result, Solution, SolveQuery, Spec,
    Step, Stream, World,
};
use serde::{Deserialize, Serialize};

use super::market::Market;
use super::prices::Prices;
use super::rules::{Account, MAX_ASSETS, VERSION};
use super::scripts::{self, Script};
use super::settings::Settings;
use super::target::Target;
use super::{draw, reference, scripts::Player};
use crate::market::metrics::Running;

/// Historical prices to be traded on, with actions `u32` (a table of positions) or `[f32; n]` (positions of n assets).
pub struct Replay<A> {
    spec: Spec,
    pub(super) market: Market,
    pub(super) scripts: Vec<Script<A>>,
}

/// All that changes during an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The bar whose close was seen last.
    pub bar: u32,
    /// The last bar of the episode.
    pub end: u32,
    /// The row of the table that was chosen last; `None` before the first step and where actions are continuous.
    pub row: Option<u32>,
    /// Bars since a position was opened, closed or turned round.
    pub quiet: u32,
    /// Money and units.
    pub account: Account,
    /// Equity at the close of `bar`.
    pub equity: f64,
    /// The sum of the rewards given.
    pub rewarded: f64,
    /// The sum of what was traded at each bar, as a share of equity.
    pub traded: f64,
    /// The sum of the gross positions of each bar, as shares of equity.
    pub exposed: f64,
    /// What trading has cost, in money.
    pub paid: f64,
    /// The returns of the bars.
    pub returns: Running,
}

/// The measures of an episode, in the order in which they are written.
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

impl<A: Target> Replay<A> {
    /// The replay called `id` of these prices. The actions `A` must be those of the settings.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] where the settings ask for what the prices do not give.
    pub fn new(id: &str, prices: Prices, settings: &Settings) -> Result<Self> {
        let market = Market::new(prices, settings)?;
        let weight = 2.0 * market.leverage as f32;
        let mut bounds = vec![(-market.clip, market.clip); market.features.width()];
        bounds.extend(vec![(-weight, weight); market.width()]);
        bounds.push((0.0, 1.0));
        let scripts = scripts::of(&market);
        let spec = Spec {
            version: VERSION,
            time_limit: Some(market.steps as u32),
            measures: measures(),
            scripts: scripts.iter().map(|script| script.name.clone()).collect(),
            ..Spec::new(id, ObservationSpace::vector(&bounds), A::space(&market))
        };
        Ok(Replay { spec, market, scripts })
    }

    /// The bars of the fold, the prices and when each bar is.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The state at the close of `bar` with nothing but cash, `steps` steps from its end.
    pub(super) fn start(&self, bar: usize, steps: usize) -> State {
        State {
            bar: bar as u32,
            end: (bar + steps) as u32,
            row: None,
            quiet: 0,
            account: Account::of(self.market.initial),
            equity: self.market.initial,
            rewarded: 0.0,
            traded: 0.0,
            exposed: 0.0,
            paid: 0.0,
            returns: Running::default(),
        }
    }
}

impl<A: Target> Env for Replay<A> {
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
        let mut room = [0.0; MAX_ASSETS];
        let targets = action.targets(market, &mut room);
        let open = market.open(bar);
        let mut lowest = state.account.equity(open);
        if lowest > market.floor {
            let traded = state.account.rebalance(targets, open, market.costs);
            state.quiet = if traded.turned { 0 } else { state.quiet.saturating_add(1) };
            state.traded += traded.money / traded.before;
            state.exposed += targets.iter().map(|target| target.abs()).sum::<f64>();
            state.paid += traded.cost;
            lowest = traded.after;
        }
        state.row = action.row();
        state.equity = state.account.equity(market.close(bar));
        let ruined = lowest.min(state.equity) <= market.floor;
        if ruined {
            state.account = Account::of(market.floor);
            state.equity = market.floor;
        }
        state.returns.push(state.equity / before - 1.0);
        // The reward that is given is rounded; what is owed is counted from the start, so nothing is ever lost.
        let reward = ((state.equity / market.initial).ln() - state.rewarded) as f32;
        state.rewarded += f64::from(reward);
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
        let (seen, own) = out.split_at_mut(features.len());
        seen.copy_from_slice(features);
        let (weights, quiet) = own.split_at_mut(market.width());
        let most = 2.0 * market.leverage;
        let prices = market.close(bar);
        for ((weight, units), price) in weights.iter_mut().zip(&state.account.units).zip(prices) {
            *weight = (units * price / state.equity).clamp(-most, most) as f32;
        }
        quiet[0] = (state.quiet as f32 / market.steps as f32).min(1.0);
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
            periods * state.traded / bars,
            state.exposed / bars,
            state.paid / self.market.initial,
        ];
        out.copy_from_slice(&all);
    }

    fn scripted(&self, script: usize, state: &State, _rng: &mut Stream) -> Option<A> {
        match self.scripts.get(script)?.player {
            Player::Always(action) => Some(action),
            Player::Momentum => Some(scripts::momentum(&self.market, self.market.bar(state.bar))),
            Player::Clairvoyant => {
                let (bar, end) = (self.market.bar(state.bar), self.market.bar(state.end));
                self.market.foresight()?.choose(bar, end, state.row).and_then(A::from_row)
            }
        }
    }
}

impl<A: Target> World for Replay<A> {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        reference::solve(self, query)
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        reference::baseline(self, query)
    }

    fn upper_bound_player(&self) -> Option<&str> {
        Some("clairvoyant")
    }

    fn draw(&self, state: &State, _policy: Option<&dyn Policy>, frame: &mut Frame) {
        draw::paint(&self.market, state, frame);
    }
}
