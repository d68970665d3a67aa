//! Learning curves of several seeds as one: the mean and its interval at each step.

use std::collections::BTreeMap;

use crate::curves::Curves;

/// One point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Environment step, or another count on the horizontal axis.
    pub step: u64,
    /// Mean over the runs.
    pub mean: f64,
    /// Lower end of the interval of the mean; equal to the mean for a single run.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Number of runs.
    pub runs: usize,
}

/// Means of the metric `name` over the runs that have reached a step, with 95 % intervals. With `episodes`, the place
/// of a point is the mean number of training episodes at its step.
pub(crate) fn mean_curve(runs: &[Curves], name: &str, episodes: bool) -> Vec<Point> {
    let mut values: BTreeMap<u64, (Vec<f64>, Vec<u64>)> = BTreeMap::new();
    for run in runs {
        for &(step, value) in run.points(name) {
            let at = values.entry(step).or_default();
            at.0.push(value);
            at.1.extend(run.episodes_at(step));
        }
    }
    let mut points: Vec<Point> = Vec::with_capacity(values.len());
    for (step, (values, counts)) in values {
        let at = match episodes {
            true if counts.is_empty() => continue,
            true => counts.iter().sum::<u64>() / counts.len() as u64,
            false => step,
        };
        points.push(point(at, &values));
    }
    points.sort_by_key(|point| point.step);
    points
}

/// Quantiles 0.975 of Student's t distribution with 1 to 30 degrees of freedom.
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// Mean of the values at a step with its 95 % interval by Student's t distribution; a single value has no interval.
fn point(step: u64, values: &[f64]) -> Point {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = freewheel_core::stats::standard_deviation(values);
    let half = match values.len() {
        0 | 1 => 0.0,
        n @ 2..=31 => T[n - 2] * deviation / (n as f64).sqrt(),
        _ => 1.96 * deviation / n.sqrt(),
    };
    Point { step, mean, low: mean - half, high: mean + half, runs: values.len() }
}

/// Range of the vertical axis for the curves and the horizontal lines `marks` that are near. The worst 5 % of the means
/// are cut off, so that the first episodes, which may be far worse than all others, do not flatten the curve. `None`
/// without a finite value, and for values too far apart to draw.
pub(crate) fn range(
    means: impl Iterator<Item = f64>,
    marks: impl Iterator<Item = f64> + Clone,
    lower_is_better: bool,
) -> Option<(f64, f64)> {
    let mut values: Vec<f64> = means.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let cut = values.len() / 20;
    let values = match lower_is_better {
        true => &values[..values.len() - cut],
        false => &values[cut..],
    };
    let marks = || marks.clone().filter(|value| value.is_finite());
    let (mut low, mut high) = match (values.first(), values.last()) {
        (Some(&low), Some(&high)) => (low, high),
        _ => (marks().fold(f64::INFINITY, f64::min), marks().fold(f64::NEG_INFINITY, f64::max)),
    };
    if !(low.is_finite() && high.is_finite()) {
        return None;
    }
    let span = (high - low).max(1e-3 * high.abs().max(low.abs()));
    for value in marks() {
        if (low - 2.0 * span..=high + 2.0 * span).contains(&value) {
            (low, high) = (low.min(value), high.max(value));
        }
    }
    (high - low < f64::MAX / 4.0).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curves::Curve;

    fn curves(points: &[(u64, f64)], episodes: &[(u64, u64)]) -> Curves {
        let all = vec![Curve { name: "score".into(), points: points.to_vec() }];
        Curves { all, episodes: episodes.to_vec(), stalled: false }
    }

    #[test]
    fn the_interval_is_students() {
        // Three values 1, 2, 3: mean 2, standard deviation 1, half width 4.303 / sqrt(3).
        let point = point(5, &[1.0, 2.0, 3.0]);
        assert_eq!(point.mean, 2.0);
        assert!((point.high - 4.484_338).abs() < 1e-5 && (point.low + 0.484_338).abs() < 1e-5, "{point:?}");
    }

    #[test]
    fn the_mean_is_over_the_seeds_that_have_reached_a_step() {
        let runs = [curves(&[(10, 1.0), (20, 3.0)], &[(10, 2), (20, 5)]), curves(&[(10, 2.0)], &[(10, 4)])];
        let of = |episodes| -> Vec<(u64, f64, usize)> {
            mean_curve(&runs, "score", episodes).iter().map(|p| (p.step, p.mean, p.runs)).collect()
        };
        assert_eq!(of(false), [(10, 1.5, 2), (20, 3.0, 1)]);
        assert_eq!(of(true), [(3, 1.5, 2), (5, 3.0, 1)]);
        assert!(mean_curve(&runs, "loss", false).is_empty());
    }

    #[test]
    fn the_worst_values_and_far_marks_are_outside_of_the_range() {
        let values = || (0..40).map(|i| if i < 2 { -5000.0 } else { f64::from(i) });
        assert_eq!(range(values(), [50.0, 900.0].into_iter(), false), Some((2.0, 50.0)));
        assert_eq!(range(values(), std::iter::empty(), true), Some((-5000.0, 37.0)));
        assert_eq!(range(std::iter::empty(), [f64::NAN].into_iter(), true), None);
    }
}
