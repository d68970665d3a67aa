//! Axes that start and end at round numbers.

/// Round numbers along an axis, 4 to 6.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ticks {
    /// Numbers, ascending; the first and the last are the ends of the axis.
    pub(crate) values: Vec<f64>,
    /// Distance of the numbers.
    step: f64,
}

impl Ticks {
    /// Numbers around the range from `low` to `high`, with as little unused range as possible.
    pub(crate) fn around(low: f64, high: f64) -> Self {
        let flat = high - low <= 1e-9 * high.abs().max(low.abs()).max(1e-300);
        let room = if flat { 0.5 * high.abs().max(1.0) } else { 0.0 };
        let (low, high) = (low - room, high + room);
        let power = (high - low).log10().floor() as i32;
        let mut best: Option<(f64, Ticks)> = None;
        for exponent in [power - 1, power] {
            for multiple in [1.0, 2.0, 2.5, 5.0] {
                // Division by a power of ten is exact where the multiplication by its inverse is not.
                let step = if exponent < 0 {
                    multiple / 10f64.powi(-exponent)
                } else {
                    multiple * 10f64.powi(exponent)
                };
                let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
                let parts = last - first;
                if !(3.0..=5.0).contains(&parts) {
                    continue;
                }
                // Steps of 2.5 have longer labels.
                let unused = parts * step / (high - low) + if multiple == 2.5 { 0.1 } else { 0.0 };
                if best.as_ref().is_none_or(|(least, _)| unused < *least - 1e-9) {
                    let values = (0..=parts as i32).map(|i| (first + f64::from(i)) * step).collect();
                    best = Some((unused, Ticks { values, step }));
                }
            }
        }
        best.map_or(Ticks { values: vec![low, high], step: high - low }, |(_, ticks)| ticks)
    }

    /// Lower end of the axis.
    pub(crate) fn low(&self) -> f64 {
        self.values.first().copied().unwrap_or(0.0)
    }

    /// Upper end of the axis.
    pub(crate) fn high(&self) -> f64 {
        self.values.last().copied().unwrap_or(1.0)
    }

    /// Labels of the numbers, with as many decimals as they need; from 10,000 on in thousands (k) or millions (M).
    pub(crate) fn labels(&self) -> Vec<String> {
        let most = self.high().abs().max(self.low().abs());
        let (unit, name) = match most {
            m if m >= 1e9 => (1e9, " G"),
            m if m >= 1e6 => (1e6, " M"),
            m if m >= 1e4 => (1e3, " k"),
            _ => (1.0, ""),
        };
        let step = self.step / unit;
        let is_whole = |decimals: &i32| {
            let scaled = step * 10f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.abs()
        };
        let decimals = (0..=12).find(is_whole).unwrap_or(12) as usize;
        let label = |value: &f64| match value / unit {
            0.0 => "0".to_owned(),
            value => format!("{value:.decimals$}{name}").replace('-', "−"),
        };
        self.values.iter().map(label).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        Ticks::around(low, high).labels()
    }

    #[test]
    fn ends_are_round() {
        assert_eq!(labels(0.0, 30_000.0), ["0", "10 k", "20 k", "30 k"]);
        assert_eq!(labels(0.0, 100_000.0), ["0", "20 k", "40 k", "60 k", "80 k", "100 k"]);
        assert_eq!(labels(0.0, 1.5e6), ["0", "0.5 M", "1.0 M", "1.5 M"]);
        assert_eq!(labels(-13.2, -0.7), ["−15", "−10", "−5", "0"]);
        assert_eq!(labels(9.3, 498.0), ["0", "100", "200", "300", "400", "500"]);
        assert_eq!(labels(0.01, 0.038), ["0.01", "0.02", "0.03", "0.04"]);
    }

    #[test]
    fn every_range_has_four_to_six_numbers() {
        for low in [-1e6, -13.0, -0.3, 0.0, 1e-9, 0.7, 59.2, 3e8] {
            for span in [0.0, 1e-6, 0.013, 0.95, 1.0, 7.7, 99.0, 12_345.0, 4e7] {
                let ticks = Ticks::around(low, low + span);
                let n = ticks.values.len();
                // The range of large numbers ends where their precision does.
                if span == 0.0 || span > 1e-8 * f64::abs(low) {
                    assert!((4..=6).contains(&n), "{low} {span} {ticks:?}");
                }
                let margin = 1e-8 * f64::abs(low).max(span);
                assert!(ticks.low() <= low + margin && ticks.high() >= low + span - margin, "{ticks:?}");
            }
        }
    }
}
