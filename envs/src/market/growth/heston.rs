//! `market/heston`: stochastic volatility, logarithmic utility.
//!
//! With logarithmic utility, no costs and a variance that nobody moves, the fraction that is best for the next step is
//! the best there is. Its value is a sum of expectations over the law of the variance, which has no closed form in
//! steps: it is found by quadrature on a grid of variances. Half the grid gives the same to 1e-4 of it (see the tests), which
//! is no proof, so that the answer is called `BestKnown` and has no upper bound.

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, DynWorld, Error, ObservationSpace, PolicyClass, Result, Solution, SolveQuery, Step,
    Stream, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::account::Account;
use super::super::desk::{Desk, Market, Outside, Reference};
use super::super::draw::Chart;
use super::super::menu::{Menu, Range, Rule, Table};
use super::super::normal;
use super::super::refuse::{check, checked};
use super::super::settings::ActionKind;
use super::rules::{Fractions, Rules, State, VERSION, levels};

/// Settings of `market/heston`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Heston {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Whether fractions are counted levels ("grid") or any number from 0 to 1 ("continuous").
    pub actions: ActionKind,
    /// Counted fractions from 0 to 1, 2..=101.
    pub levels: usize,
    /// Steps of a year, 12..=1000000.
    pub steps_per_year: f64,
    /// Expected growth of the price a year, -1..=1.
    pub drift: f64,
    /// Interest a year, -1..=1.
    pub interest: f64,
    /// Level that the variance a year returns to, above 0 and at most 1; episodes begin there.
    pub variance_level: f64,
    /// Rate a year at which the variance returns, above 0; at most the steps of a year.
    pub variance_reversion: f64,
    /// Volatility of the variance, above 0 and at most 2.
    pub variance_shock: f64,
    /// Correlation of the shocks of price and variance, -1..=1.
    pub correlation: f64,
}

impl Default for Heston {
    fn default() -> Self {
        Heston {
            steps: 250,
            gamma: 0.99,
            actions: ActionKind::Grid,
            levels: 11,
            steps_per_year: 252.0,
            drift: 0.05,
            interest: 0.02,
            variance_level: 0.04,
            variance_reversion: 5.0,
            variance_shock: 0.5,
            correlation: -0.7,
        }
    }
}

impl Heston {
    pub(in crate::market) const NAME: &'static str = "heston";
    pub(in crate::market) const ABOUT: &'static str =
        "What fraction to hold under Heston's stochastic volatility, log utility; best known, by quadrature";

    pub(in crate::market) fn build(&self) -> Result<Arc<dyn DynWorld>> {
        self.check()?;
        Ok(match self.actions {
            ActionKind::Grid => {
                let orders: Vec<[f64; 1]> = levels(self.levels).into_iter().map(|level| [level]).collect();
                let names = orders.iter().map(|[level]| format!("{level:.2}")).collect();
                self.desk(Fractions::Levels(levels(self.levels)), Table { names, orders })
            }
            ActionKind::Continuous => {
                self.desk(Fractions::Any, Range { names: ["fraction"], low: [0.0], high: [1.0] })
            }
        })
    }

    fn desk<A: Menu<1> + Clone>(&self, fractions: Fractions, menu: A) -> Arc<dyn DynWorld> {
        let rules = self.rules(fractions);
        let most = above_level(&rules, 8.0);
        let widest = rules.widest(most);
        let outside = Outside {
            id: "market/heston",
            version: VERSION,
            observation: ObservationSpace::vector(&[(-widest, widest), (0.0, most as f32)]),
            time_limit: Some(self.steps),
            gamma: self.gamma,
            unit: "of the wealth begun with",
            scripts: &["buy-and-hold", "flat"],
        };
        Desk::new(outside, Stochastic { rules, widest, most: most as f32 }, menu).shared()
    }

    pub(super) fn rules(&self, fractions: Fractions) -> Rules {
        Rules {
            step: 1.0 / self.steps_per_year,
            drift: self.drift,
            safe: (self.interest / self.steps_per_year).exp(),
            level: self.variance_level,
            reversion: self.variance_reversion,
            shock: self.variance_shock,
            correlation: self.correlation,
            own: (1.0 - self.correlation * self.correlation).sqrt(),
            power: 0.0,
            fractions,
        }
    }

    fn check(&self) -> Result<()> {
        check("market/heston", || {
            checked("steps", self.steps, 1..=10_000)?;
            checked("gamma", self.gamma, 0.0..=1.0)?;
            checked("levels", self.levels, 2..=101)?;
            checked("steps_per_year", self.steps_per_year, 12.0..=1e6)?;
            checked("drift", self.drift, -1.0..=1.0)?;
            checked("interest", self.interest, -1.0..=1.0)?;
            checked("variance_level", self.variance_level, 1e-6..=1.0)?;
            checked("variance_reversion", self.variance_reversion, 1e-3..=self.steps_per_year)?;
            checked("variance_shock", self.variance_shock, 1e-6..=2.0)?;
            checked("correlation", self.correlation, -1.0..=1.0)
        })
    }
}

/// The variance so many standard deviations of the stationary law above the level. Beyond 8 it is hardly ever, and is not
/// told apart; beyond 20 it is nothing.
fn above_level(rules: &Rules, deviations: f64) -> f64 {
    rules.level + deviations * rules.shock * (rules.level / (2.0 * rules.reversion)).sqrt()
}

/// Points of the grid of variances.
const POINTS: usize = 400;

/// The sum of `gain(v)` over the steps of a question, from the level of the variance on.
pub(super) fn total(
    rules: &Rules,
    query: &SolveQuery,
    points: usize,
    gain: impl Fn(f64) -> f64,
) -> Result<f64> {
    let SolveQuery { gamma, horizon, .. } = *query;
    let steps = match horizon {
        Some(steps) => steps,
        None if gamma == 0.0 => 1,
        None if gamma < 1.0 => (1e-12f64.ln() / gamma.ln()).ceil() as u32,
        None => {
            return Err(Error::Unsupported(
                "growth for ever has no sum; give a gamma below 1, or a horizon".into(),
            ));
        }
    };
    let grid = Grid::new(rules, points);
    let gains: Vec<f64> = grid.variances().map(gain).collect();
    let mut values = vec![0.0; points];
    for _ in 0..steps {
        let later = |row: &[f64]| -> f64 { row.iter().zip(&values).map(|(p, value)| p * value).sum() };
        values = grid.moves.chunks(points).zip(&gains).map(|(row, gain)| gain + gamma * later(row)).collect();
    }
    let mut start = vec![0.0; points];
    grid.spread(rules.level, 1.0, &mut start);
    Ok(start.iter().zip(&values).map(|(p, value)| p * value).sum())
}

/// Equally spaced variances, and where each goes in a step.
struct Grid {
    low: f64,
    width: f64,
    points: usize,
    /// Weights of the later values, `[points * points]`.
    moves: Vec<f64>,
}

impl Grid {
    fn new(rules: &Rules, points: usize) -> Self {
        // As far below 0 as truncation lets it fall.
        let low = -4.0 * rules.shock * rules.shock * rules.step;
        let width = (above_level(rules, 20.0) - low) / (points - 1) as f64;
        let mut grid = Grid { low, width, points, moves: Vec::new() };
        let mut moves = vec![0.0; points * points];
        for (variance, row) in grid.variances().zip(moves.chunks_mut(points)) {
            for (w, weight) in normal::points() {
                grid.spread(rules.next_variance(variance, w), weight, row);
            }
        }
        grid.moves = moves;
        grid
    }

    fn variances(&self) -> impl Iterator<Item = f64> + use<> {
        let (low, width) = (self.low, self.width);
        (0..self.points).map(move |i| low + width * i as f64)
    }

    /// Adds the weights by which a value at `variance` is read off the grid: cubic Lagrange interpolation.
    fn spread(&self, variance: f64, weight: f64, row: &mut [f64]) {
        let at = ((variance - self.low) / self.width).clamp(0.0, (self.points - 1) as f64);
        let first = (at as usize).saturating_sub(1).min(self.points - 4);
        let t = at - first as f64;
        let nodes = [
            -(t - 1.0) * (t - 2.0) * (t - 3.0) / 6.0,
            t * (t - 2.0) * (t - 3.0) / 2.0,
            -t * (t - 1.0) * (t - 3.0) / 2.0,
            t * (t - 1.0) * (t - 2.0) / 6.0,
        ];
        for (slot, node) in row[first..].iter_mut().zip(nodes) {
            *slot += weight * node;
        }
    }
}

/// The market.
struct Stochastic {
    rules: Rules,
    widest: f32,
    most: f32,
}

impl Stochastic {
    /// The best fraction by the variance that is seen, from a table of as many as an eye can tell apart.
    fn rule(&self) -> Arc<Rule<1>> {
        let most = f64::from(self.most);
        let fraction = |i: usize| self.rules.best_fraction(most * i as f64 / ROWS as f64);
        let table: Vec<f64> = (0..=ROWS).map(fraction).collect();
        Arc::new(move |obs: &[f32]| {
            let row = (f64::from(obs[1]) / most * ROWS as f64).round() as usize;
            [table[row.min(ROWS)]]
        })
    }
}

/// Rows of the table of best fractions.
const ROWS: usize = 1000;

impl Market<1> for Stochastic {
    type State = State;

    fn reset(&self, _rng: &mut Stream) -> State {
        self.rules.reset()
    }

    #[inline]
    fn step(&self, state: &mut State, [fraction]: [f64; 1], rng: &mut Stream) -> Step {
        self.rules.step(state, fraction, rng)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out[0] = (state.last as f32).clamp(-self.widest, self.widest);
        out[1] = (state.variance as f32).clamp(0.0, self.most);
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let rules = &self.rules;
        let value = match (query.policy_class, &rules.fractions) {
            (PolicyClass::Optimal, _) => {
                total(rules, query, POINTS, |v| rules.gain(rules.best_fraction(v), v))?
            }
            (PolicyClass::Random, Fractions::Levels(_)) => {
                total(rules, query, POINTS, |v| rules.random_gain(v).unwrap_or(f64::NAN))?
            }
            _ => {
                return Err(Error::Unsupported(
                    "only the best player and, of counted fractions, the random one are solved here".into(),
                ));
            }
        };
        let solution = Solution {
            certainty: Certainty::BestKnown,
            value,
            upper: None,
            values: Vec::new(),
            policy: None,
        };
        let rule = (query.policy_class == PolicyClass::Optimal).then(|| self.rule());
        Ok(Reference { solution, rule })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let value = total(&self.rules, query, POINTS, |v| self.rules.gain(1.0, v))?;
        Ok(Baseline { name: "buy-and-hold".into(), value })
    }

    fn chart(&self, state: &State) -> Chart<'_> {
        self.rules.chart(state)
    }

    fn scripted(&self, script: usize, _state: &State) -> Option<[f64; 1]> {
        [[1.0], [0.0]].get(script).copied()
    }
}
