//! Optimal trading with perfect foresight: dynamic programming over the table of positions, with costs.
//!
//! From right after the fill of bar t in row a of the table to right after the fill of bar t+1 in row b, equity grows
//! by a factor that depends on t, a and b only, because targets are fractions of the equity after costs. The optimal
//! log equity is therefore a longest path through a graph of bars x rows. This optimum is an upper bound for every
//! policy, attained with foresight. With `fee` above 0 the bound ignores the fee, and after a ruin the environment pays
//! the ruin equity instead of the value of the path.

use super::market::MarketData;
use super::rules::{MAX_ASSETS, after_costs};

/// Maximum number of entries of the table of gains, 128 MiB.
const MAX_ENTRIES: usize = 1 << 24;

/// Log growth of equity between fills, for the A rows of the table of positions.
pub(super) struct Foresight {
    rows: usize,
    /// First bar at whose open a trade may be filled.
    first: usize,
    /// Log growth from cash into each row, `[A]`.
    enter: Vec<f64>,
    /// Log growth from the fill of a bar in row a to that of the next bar in row b, `[bars, A, A]`.
    gains: Vec<f64>,
    /// Log growth from the fill of a bar to its close, `[bars, A]`.
    exit: Vec<f64>,
}

impl Foresight {
    /// Tables of log growth over the tradable bars; `None` if the table of gains would be too large.
    pub(super) fn new(market: &MarketData) -> Option<Foresight> {
        if !Foresight::is_small_enough(market) {
            return None;
        }
        let rows = market.rows();
        let (first, last) = tradable_bars(market);
        let bars = last + 1 - first;
        let share = market.costs.share;
        let none = [0.0; MAX_ASSETS];
        let enter = (0..rows).map(|a| log(after_costs(1.0, market.row(a), &none, share))).collect();
        let exit = (first..=last).flat_map(|bar| (0..rows).map(move |a| to_close(market, bar, a))).collect();
        let mut gains = Vec::with_capacity((bars - 1) * rows * rows);
        for bar in first..last {
            for a in 0..rows {
                let (cash, held) = drifted(market, a, market.open(bar), market.open(bar + 1));
                let equity = cash + held.iter().sum::<f64>();
                gains.extend((0..rows).map(|b| match equity > 0.0 {
                    true => log(after_costs(equity, market.row(b), &held, share)),
                    false => f64::NEG_INFINITY,
                }));
            }
        }
        Some(Foresight { rows, first, enter, gains, exit })
    }

    /// Whether the table of gains is small enough.
    pub(super) fn is_small_enough(market: &MarketData) -> bool {
        let (first, last) = tradable_bars(market);
        let numbers = market.rows().checked_pow(2).and_then(|pairs| pairs.checked_mul(last + 1 - first));
        numbers.is_some_and(|numbers| numbers <= MAX_ENTRIES)
    }

    fn gain(&self, bar: usize, a: usize) -> &[f64] {
        let from = ((bar - self.first) * self.rows + a) * self.rows;
        &self.gains[from..from + self.rows]
    }

    fn exit(&self, bar: usize) -> &[f64] {
        &self.exit[(bar - self.first) * self.rows..(bar - self.first + 1) * self.rows]
    }

    /// Maximum growth of log equity from right after the fill of bar `from` to the close of bar `end`, for each row
    /// held, `[A]`.
    fn values(&self, from: usize, end: usize) -> Vec<f64> {
        let mut values = self.exit(end).to_vec();
        let mut before = values.clone();
        for bar in (from..end).rev() {
            for (a, value) in before.iter_mut().enumerate() {
                let best = self.gain(bar, a).iter().zip(&values).map(|(gain, value)| gain + value);
                *value = best.fold(f64::NEG_INFINITY, f64::max);
            }
            std::mem::swap(&mut values, &mut before);
        }
        values
    }

    /// Maximum growth of log equity from cash in `steps` steps after the close of `start`.
    pub(super) fn optimum(&self, start: usize, steps: usize) -> f64 {
        let values = self.values(start + 1, start + steps);
        self.enter.iter().zip(values).map(|(enter, value)| enter + value).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Optimal row at the close of `bar`, if `end` is the last bar and `held` the row held; `None` at the end and
    /// outside the tradable bars.
    pub(super) fn choose(&self, bar: usize, end: usize, held: Option<u32>) -> Option<u32> {
        let last = self.first + self.exit.len() / self.rows - 1;
        let held = held.map(|row| row as usize);
        let first = if held.is_some() { self.first } else { self.first - 1 };
        if bar < first || bar >= end || end > last || held >= Some(self.rows) {
            return None;
        }
        let values = self.values(bar + 1, end);
        let gain = held.map_or(&self.enter[..], |row| self.gain(bar, row));
        let total = |row: &usize| gain[*row] + values[*row];
        (0..self.rows).max_by(|a, b| total(a).total_cmp(&total(b))).map(|row| row as u32)
    }

    /// Expected growth of log equity of uniformly random rows; `None` where ruin is possible (log equity, from 0, at
    /// or below `floor`), because gains then do not add up.
    pub(super) fn random(&self, start: usize, steps: usize, floor: f64) -> Option<f64> {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let end = start + steps;
        let mut total = mean(&self.enter);
        let mut worst = self.enter.clone();
        for bar in start + 1..=end {
            let exit = self.exit(bar);
            let lowest = worst.iter().zip(exit).map(|(worst, exit)| worst + exit.min(0.0));
            if lowest.fold(f64::INFINITY, f64::min) <= floor {
                return None;
            }
            if bar == end {
                return Some(total + mean(exit));
            }
            let from = |a: usize| self.gain(bar, a);
            total += (0..self.rows).map(|a| mean(from(a))).sum::<f64>() / self.rows as f64;
            worst = (0..self.rows)
                .map(|b| (0..self.rows).map(|a| worst[a] + from(a)[b]).fold(f64::INFINITY, f64::min))
                .collect();
        }
        None
    }
}

/// Maximum growth of log equity without costs, mean over the starts: the best row is held from every open to the next.
/// This is an upper bound for every policy, since costs are not negative.
pub(super) fn cost_free_bound(market: &MarketData, steps: usize) -> f64 {
    let (first, last) = tradable_bars(market);
    let rows = 0..market.rows();
    let best = |gain: &dyn Fn(usize) -> f64| rows.clone().map(gain).fold(f64::NEG_INFINITY, f64::max);
    // Cumulative sums, so that an episode is a difference of two.
    let mut sums = vec![0.0];
    for bar in first..last {
        let gain = best(&|a| {
            let (cash, held) = drifted(market, a, market.open(bar), market.open(bar + 1));
            log(cash + held.iter().sum::<f64>())
        });
        sums.push(sums[bar - first] + gain);
    }
    let of = |start: usize| {
        let end = start + steps;
        sums[end - first] - sums[start + 1 - first] + best(&|a| to_close(market, end, a))
    };
    market.starts.clone().map(of).sum::<f64>() / market.starts.len() as f64
}

/// First and last bar at which trades may be filled.
fn tradable_bars(market: &MarketData) -> (usize, usize) {
    (market.starts.start + 1, market.starts.end - 1 + market.steps)
}

/// Cash and positions at prices `to`, after a start in row `a` with equity 1 at prices `from`.
fn drifted(market: &MarketData, a: usize, from: &[f64], to: &[f64]) -> (f64, [f64; MAX_ASSETS]) {
    let targets = market.row(a);
    let mut held = [0.0; MAX_ASSETS];
    for (i, target) in targets.iter().enumerate() {
        held[i] = target * (to[i] / from[i]);
    }
    (1.0 - targets.iter().sum::<f64>(), held)
}

/// Log growth of row `a` from the open to the close of a bar.
fn to_close(market: &MarketData, bar: usize, a: usize) -> f64 {
    let (cash, held) = drifted(market, a, market.open(bar), market.close(bar));
    log(cash + held.iter().sum::<f64>())
}

/// Natural logarithm; minus infinity for 0 or less.
fn log(equity: f64) -> f64 {
    if equity > 0.0 { equity.ln() } else { f64::NEG_INFINITY }
}
