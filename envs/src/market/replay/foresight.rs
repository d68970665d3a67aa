//! What somebody could make of the table who knew all prices: dynamic programming over positions, costs included.
//!
//! Equity right after the fill of bar t in row a of the table grows until right after the fill of bar t+1 in row b by
//! a factor that depends on t, a and b alone, because targets are shares of the equity after costs. Log equity is then the longest path
//! through bars x rows. It bounds every player of the world from above, exactly reached by one who sees the future, and by
//! nobody else: with `fee` above 0 it leaves the fee out, and where a path is ruined the world pays the floor instead.

use super::market::Market;
use super::rules::{MAX_ASSETS, after_costs};

/// Numbers of a table of gains at most: 128 MiB.
const LARGEST: usize = 1 << 24;

/// Log growth between fills.
pub(super) struct Foresight {
    rows: usize,
    /// The first bar at whose open something may be filled.
    first: usize,
    /// From cash into each row, `[A]`.
    enter: Vec<f64>,
    /// From the fill of a bar in row a to that of the next in row b, `[bars, A, A]`.
    gains: Vec<f64>,
    /// From the fill of a bar to its close, `[bars, A]`.
    leave: Vec<f64>,
}

impl Foresight {
    /// Of the bars that may be played; `None` where the table of gains would be too large.
    pub(super) fn new(market: &Market) -> Option<Foresight> {
        if !Foresight::is_affordable(market) {
            return None;
        }
        let rows = market.rows();
        let (first, last) = played(market);
        let bars = last + 1 - first;
        let share = market.costs.share;
        let none = [0.0; MAX_ASSETS];
        let enter = (0..rows).map(|a| log(after_costs(1.0, market.row(a), &none, share))).collect();
        let leave = (first..=last).flat_map(|bar| (0..rows).map(move |a| to_close(market, bar, a))).collect();
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
        Some(Foresight { rows, first, enter, gains, leave })
    }

    /// Whether the table of gains is small enough to be worked out.
    pub(super) fn is_affordable(market: &Market) -> bool {
        let (first, last) = played(market);
        let numbers = market.rows().checked_pow(2).and_then(|pairs| pairs.checked_mul(last + 1 - first));
        numbers.is_some_and(|numbers| numbers <= LARGEST)
    }

    fn gain(&self, bar: usize, a: usize) -> &[f64] {
        let from = ((bar - self.first) * self.rows + a) * self.rows;
        &self.gains[from..from + self.rows]
    }

    fn leave(&self, bar: usize) -> &[f64] {
        &self.leave[(bar - self.first) * self.rows..(bar - self.first + 1) * self.rows]
    }

    /// The most that log equity can grow from right after the fill of bar `from` to the close of `end`, by the row held, `[A]`.
    fn values(&self, from: usize, end: usize) -> Vec<f64> {
        let mut values = self.leave(end).to_vec();
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

    /// The most that log equity can grow in `steps` steps from the close of `start`, from cash.
    pub(super) fn best(&self, start: usize, steps: usize) -> f64 {
        let values = self.values(start + 1, start + steps);
        self.enter.iter().zip(values).map(|(enter, value)| enter + value).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The row to choose at the close of `bar`, `end` being the last bar and `held` the row chosen before; `None` at the end and
    /// outside the bars that may be played.
    pub(super) fn choose(&self, bar: usize, end: usize, held: Option<u32>) -> Option<u32> {
        let last = self.first + self.leave.len() / self.rows - 1;
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

    /// The expected growth of log equity of the player who takes every row equally often; `None` where it may be ruined
    /// (log equity, from 0, at or below `floor`), for then its gains do not simply add up.
    pub(super) fn random(&self, start: usize, steps: usize, floor: f64) -> Option<f64> {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let end = start + steps;
        let mut total = mean(&self.enter);
        let mut worst = self.enter.clone();
        for bar in start + 1..=end {
            let leave = self.leave(bar);
            let lowest = worst.iter().zip(leave).map(|(worst, leave)| worst + leave.min(0.0));
            if lowest.fold(f64::INFINITY, f64::min) <= floor {
                return None;
            }
            if bar == end {
                return Some(total + mean(leave));
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

/// The most that log equity can grow without costs, for each start: at every open all is put into the best row until
/// the next. It bounds every player from above, since costs only take. Mean over the starts.
pub(super) fn free_of_costs(market: &Market, steps: usize) -> f64 {
    let (first, last) = played(market);
    let rows = 0..market.rows();
    let best = |gain: &dyn Fn(usize) -> f64| rows.clone().map(gain).fold(f64::NEG_INFINITY, f64::max);
    // Sums from the first bar to each, so that a window is a difference.
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

/// The first and last bar that may be traded at.
fn played(market: &Market) -> (usize, usize) {
    (market.starts.start + 1, market.starts.end - 1 + market.steps)
}

/// Cash and positions of row `a`, set up with equity 1 at prices `from`, at prices `to`.
fn drifted(market: &Market, a: usize, from: &[f64], to: &[f64]) -> (f64, [f64; MAX_ASSETS]) {
    let targets = market.row(a);
    let mut held = [0.0; MAX_ASSETS];
    for (i, target) in targets.iter().enumerate() {
        held[i] = target * (to[i] / from[i]);
    }
    (1.0 - targets.iter().sum::<f64>(), held)
}

/// Log growth of row `a` from the open to the close of a bar.
fn to_close(market: &Market, bar: usize, a: usize) -> f64 {
    let (cash, held) = drifted(market, a, market.open(bar), market.close(bar));
    log(cash + held.iter().sum::<f64>())
}

/// The logarithm; of what is nothing or less, minus infinity.
fn log(equity: f64) -> f64 {
    if equity > 0.0 { equity.ln() } else { f64::NEG_INFINITY }
}
