//! Episode of a market as series of values: the states so far, and those of the reference policy at the same prices.

use super::{Axis, BLUE, Chart, FOREGROUND, MUTED, Panel, RED, Series, Style, YELLOW};
use crate::market::PriceHistory;

/// States of an episode up to the current one.
pub(in super::super) struct Story<'a, S> {
    /// Earlier states, the oldest first; empty without a history.
    pub(in super::super) past: &'a [S],
    /// Current state.
    pub(in super::super) state: &'a S,
    /// States of the reference policy at the same prices, one for each of `past` and `state`; empty if they are
    /// unknown.
    pub(in super::super) reference: &'a [S],
    /// Whether hidden parts of the state are drawn.
    pub(in super::super) hidden: bool,
}

impl<'a, S> Story<'a, S> {
    /// All states, the oldest first.
    fn states(&self) -> impl Iterator<Item = &'a S> {
        self.past.iter().chain(std::iter::once(self.state))
    }

    /// Values of all states; `now` is the number of the current step.
    pub(in super::super) fn series(
        &self,
        now: usize,
        name: &'static str,
        value: impl Fn(&S) -> f64,
    ) -> Series {
        let first = now.saturating_sub(self.past.len());
        Series { first, ..Series::line(name, self.states().map(value).collect()) }
    }

    /// Values of the reference policy in blue; without a name, so that they are not in the title.
    pub(in super::super) fn reference(&self, now: usize, style: Style, value: impl Fn(&S) -> f64) -> Series {
        let first = now.saturating_sub(self.past.len());
        let name = if style == Style::Line { "reference" } else { "" };
        let values = self.reference.iter().map(value).collect();
        Series { first, style, color: BLUE, ..Series::line(name, values) }
    }

    /// Chart of the prices in `history`, of an episode that ends with step `end`, and of the `position` within
    /// `limits`. Changes of the position of less than a hundredth of the limits are not marked as trades.
    pub(in super::super) fn chart(
        &self,
        title: &'a str,
        end: Option<usize>,
        history: impl Fn(&S) -> &PriceHistory,
        position: impl Fn(&S) -> f64,
        limits: (f64, f64),
    ) -> Chart<'a> {
        let now = history(self.state).steps() as usize;
        let price = if self.past.is_empty() {
            let values: Vec<f64> = history(self.state).prices().map(f64::from).collect();
            Series { first: (now + 1).saturating_sub(values.len()), ..Series::line("", values) }
        } else {
            self.series(now, "", |state| history(state).last())
        };
        let largest = limits.0.abs().max(limits.1.abs()).max(f64::MIN_POSITIVE);
        let positions = self.series(now, "", &position);
        let steps = positions.first..;
        let changes = steps.zip(positions.values.windows(2)).map(|(step, pair)| (step, pair[1] - pair[0]));
        Chart {
            title,
            axis: Axis::steps(now, end),
            price,
            exposure: self.series(now, "", |state| position(state) / largest),
            trades: changes.filter(|(_, size)| size.abs() >= 0.01 * largest).collect(),
            panels: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl Chart<'_> {
    /// Number of the current step.
    pub(in super::super) fn now(&self) -> usize {
        self.axis.now()
    }

    /// Adds a panel of a quantity around 0, such as a position, in front of the reference's.
    pub(in super::super) fn add_area(
        &mut self,
        title: &'static str,
        values: Series,
        reference: Option<Series>,
        range: Option<(f64, f64)>,
    ) {
        let area = Series { style: Style::Area, ..values };
        let series = reference.into_iter().chain(std::iter::once(area)).collect();
        self.panels.push(Panel { title, series, range });
    }

    /// Adds a panel of one line.
    pub(in super::super) fn add_line(&mut self, title: &'static str, values: Series) {
        self.panels.push(Panel { title, series: vec![values], range: None });
    }

    /// Adds a panel of the equity, in front of other equities.
    pub(in super::super) fn add_equity(&mut self, title: &'static str, own: &Series, others: Vec<Series>) {
        let mut series = others;
        series.retain(|series| !series.values.is_empty());
        series.push(Series { name: "own", color: FOREGROUND, ..own.clone() });
        self.panels.push(Panel { title, series, range: None });
    }

    /// Adds a panel of the fall of `equity` below its highest value so far; a fraction of that value if `relative`.
    pub(in super::super) fn add_drawdown(&mut self, equity: &Series, relative: bool) {
        let mut peak = f64::NEG_INFINITY;
        let fall = |&value: &f64| {
            peak = peak.max(value);
            if relative { 100.0 * (value / peak - 1.0) } else { value - peak }
        };
        let values: Vec<f64> = equity.values.iter().map(fall).collect();
        let lowest = values.iter().copied().fold(0.0, f64::min);
        let title = if relative { "below the peak (%)" } else { "below the peak" };
        let area = Series { name: "now", style: Style::Area, color: RED, first: equity.first, values };
        self.panels.push(Panel { title, series: vec![area], range: None });
        let unit = if relative { " %" } else { "" };
        self.notes.push(("drawdown", format!("{:.4}{unit}", 0.0 - lowest)));
    }
}

/// Equity of buying and holding, dotted.
pub(in super::super) fn hold(values: Series) -> Series {
    Series { name: "hold", style: Style::Dotted, color: YELLOW, ..values }
}

/// A further line in a panel.
pub(in super::super) fn muted(values: Series) -> Series {
    Series { color: MUTED, ..values }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state is its position; the price rises by 1 a step.
    fn story<'a>(past: &'a [(f64, PriceHistory)], state: &'a (f64, PriceHistory)) -> Chart<'a> {
        let story = Story { past, state, reference: &[], hidden: false };
        story.chart("price", None, |state| &state.1, |state| state.0, (-10.0, 10.0))
    }

    #[test]
    fn a_history_gives_prices_and_trades() {
        let mut history = PriceHistory::new(100.0);
        let positions = [0.0, 3.0, 3.0, -1.0, -1.05];
        let states: Vec<(f64, PriceHistory)> = positions
            .iter()
            .map(|position| {
                let state = (*position, history.clone());
                history.push(history.last() + 1.0);
                state
            })
            .collect();
        let (state, past) = states.split_last().unwrap();
        let chart = story(past, state);
        assert_eq!(chart.price.values, [100.0, 101.0, 102.0, 103.0, 104.0]);
        // Bought 3 at 100 and sold 4 at 102; the last change is too small.
        assert_eq!((chart.now(), chart.trades), (4, vec![(0, 3.0), (2, -4.0)]));
        let without = story(&[], state);
        assert_eq!(without.price, chart.price);
        assert!(without.trades.is_empty());
        assert_eq!(without.exposure.first, 4);
    }

    #[test]
    fn the_drawdown_is_below_the_peak() {
        let state = (0.0, PriceHistory::new(1.0));
        let mut chart = story(&[], &state);
        let equity = Series::line("", vec![1.0, 2.0, 1.0, 3.0, 2.4]);
        chart.add_drawdown(&equity, false);
        assert_eq!(chart.panels[0].series[0].values[..4], [0.0, 0.0, -1.0, 0.0]);
        chart.add_drawdown(&equity, true);
        assert_eq!(chart.panels[1].series[0].values[2], -50.0);
        assert_eq!(chart.notes[1], ("drawdown", "50.0000 %".into()));
    }
}
