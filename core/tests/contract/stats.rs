use freewheel_core::stats::*;
use freewheel_core::{Purpose, Streams};
use proptest::prelude::*;

use crate::worlds::with_threads;

/// Asserts that two numbers are equal up to rounding.
#[track_caller]
fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} is not {b}");
}

/// Thirty irregular numbers: `[((i * 7919) % 1009) / 100 - 3 for i in range(30)]` in Python.
fn thirty() -> Vec<f64> {
    (0..30).map(|i| f64::from((i * 7919) % 1009) / 100.0 - 3.0).collect()
}

/// Ten runs of three tasks: the score of run r of task t is `((37 r + 101 t + 13 r r t) % 97) / 97 * (t + 1)`.
fn tasks() -> Vec<Vec<f64>> {
    scores(10, |r, t| f64::from((37 * r + 101 * t + 13 * r * r * t) % 97) / 97.0)
}

/// Eight other runs: `((53 r + 29 t + 7 r r t) % 89) / 89 * (t + 1)`.
fn others() -> Vec<Vec<f64>> {
    scores(8, |r, t| f64::from((53 * r + 29 * t + 7 * r * r * t) % 89) / 89.0)
}

fn scores(runs: u32, of: impl Fn(u32, u32) -> f64) -> Vec<Vec<f64>> {
    (0..3).map(|t| (0..runs).map(|r| of(r, t) * f64::from(t + 1)).collect()).collect()
}

#[test]
fn by_hand() {
    assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
    // Variance: the squared deviations 4 + 1 + 9, over n - 1 = 2.
    assert_eq!(standard_deviation(&[1.0, 2.0, 6.0]), 7f64.sqrt());
    assert_eq!(quantile(&[40.0, 10.0, 30.0, 20.0], 0.25), 17.5);
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    // The floor(9 / 4) = 2 lowest and 2 highest numbers are dropped; the numbers 3 to 7 remain.
    assert_eq!(iqm(&[9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0]), 5.0);
    assert_eq!(iqm(&[-1e300, 2.0, 3.0, 1e300]), 2.5);
    assert_eq!(flatten(&[vec![1.0], vec![], vec![2.0, 3.0]]), [1.0, 2.0, 3.0]);
    let tasks = [vec![1.0, 3.0], vec![0.0, 0.0, 0.0], vec![10.0]];
    assert_eq!((aggregate_mean(&tasks), aggregate_median(&tasks)), (4.0, 2.0));
    // Six scores 0 0 0 1 3 10: the lowest and the highest are dropped.
    assert_eq!(aggregate_iqm(&tasks), 1.0);
    // (0.5 + 0 + 0) / 3: the last two scores reach the target.
    close(optimality_gap(&[0.5, 1.0, 7.0], 1.0), 0.5 / 3.0);
    assert_eq!(performance_profile(&[1.0, 2.0, 2.0, 4.0], &[0.0, 2.0, 3.0, 4.0]), [1.0, 0.25, 0.25, 0.0]);
    let curve = [(10, 1.0), (20, 3.0), (30, 2.0), (40, f64::NAN), (50, 4.0)];
    let steps = |threshold, lower| steps_to_threshold(&curve, threshold, lower);
    assert_eq!([steps(2.0, false), steps(3.5, false), steps(5.0, false)], [Some(20), Some(50), None]);
    assert_eq!([steps(1.0, true), steps(0.5, true)], [Some(10), None]);
    // 6 wins and 4 ties in 12 pairs: the 3 wins three times, the 1 once; each 2 wins once and ties twice.
    close(probability_of_improvement(&[vec![3.0, 1.0, 2.0, 2.0]], &[vec![2.0, 2.0, 0.0]]), 8.0 / 12.0);
}

/// Expected: NumPy 2 (`mean`, `std(ddof=1)`, `quantile`) and SciPy 1.17.1 (`trim_mean(x, .25, axis=None)`).
#[test]
fn as_numpy_and_scipy() {
    let x = thirty();
    close(mean(&x), 2.058);
    close(standard_deviation(&x), 3.0158619743409782);
    let quantiles = [
        (0.0, -3.0),
        (0.025, -2.7897499999999997),
        (0.1, -2.1229999999999998),
        (0.25, -0.48750000000000004),
        (0.5, 2.335),
        (0.9, 5.8790000000000004),
        (0.975, 6.54975),
        (1.0, 6.76),
    ];
    quantiles.iter().for_each(|&(q, expected)| close(quantile(&x, q), expected));
    close(iqm(&x), 2.18);
    // The interquartile mean of the first n numbers, n = 1 to 12, with every remainder of n / 4.
    let expected = [
        -3.0,
        1.2800000000000002,
        2.1966666666666668,
        3.265,
        2.5,
        1.735,
        0.9700000000000001,
        1.735,
        2.3760000000000003,
        2.548333333333334,
        2.4528571428571433,
        2.19,
    ];
    (1..=12).for_each(|n| close(iqm(&x[..n]), expected[n - 1]));
}

/// Expected: `rliable` with SciPy 1.17.1, from score matrices of runs x tasks.
#[test]
fn as_rliable() {
    let (x, y) = (tasks(), others());
    close(aggregate_mean(&x), 0.9285223367697594);
    close(aggregate_median(&x), 0.7546391752577318);
    close(aggregate_iqm(&x), 0.7042525773195876);
    close(optimality_gap(&flatten(&x), 1.0), 0.3769759450171821);
    close(optimality_gap(&flatten(&x), 2.0), 1.1505154639175257);
    close(probability_of_improvement(&x, &y), 0.43124999999999997);
    close(probability_of_improvement(&y, &x), 0.56875);
    let profile = performance_profile(&flatten(&x), &[-1.0, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0]);
    let expected = [1.0, 0.9666666666666667, 0.8, 0.6666666666666666, 0.3, 0.2, 0.16666666666666666, 0.0];
    profile.iter().zip(expected).for_each(|(&a, b)| close(a, b));
}

/// Expected: `rliable.library.get_interval_estimates` with 200,000 stratified resamples, NumPy's seed 1. With 20,000
/// resamples here, an end of an interval has a standard error of about 0.002.
#[test]
fn intervals_as_rliable() {
    type Statistic = fn(&[Vec<f64>]) -> f64;
    let cases: [(Statistic, f64, f64); 3] = [
        (aggregate_mean, 0.695189003436426, 1.152577319587629),
        (aggregate_median, 0.5154639175257733, 1.0061855670103093),
        (aggregate_iqm, 0.5025773195876289, 0.9710051546391752),
    ];
    for (statistic, low, high) in cases {
        let interval = bootstrap(&tasks(), statistic, 0.95, 20_000, Streams::new(1));
        assert!((interval.low - low).abs() < 0.015, "{interval:?}, not {low}..{high}");
        assert!((interval.high - high).abs() < 0.015, "{interval:?}, not {low}..{high}");
    }
}

/// Two runs with the scores 0 and 1: the mean of a resample is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4.
#[test]
fn a_bootstrap_by_hand() {
    let interval =
        |confidence| bootstrap(&[vec![0.0, 1.0]], aggregate_mean, confidence, 4000, Streams::new(1));
    assert_eq!(interval(0.95), Interval { low: 0.0, high: 1.0 });
    assert_eq!(interval(0.40), Interval { low: 0.5, high: 0.5 });
    assert_eq!(interval(0.0).low, interval(0.0).high);
}

/// Fraction of 400 samples of ten normal numbers whose interval contains the true mean: about .90 (a percentile
/// bootstrap of ten numbers is slightly too narrow), with a standard error of .015.
#[test]
fn an_interval_has_its_coverage() {
    let covered = (0..400u64)
        .filter(|&i| {
            let mut rng = Streams::new(5).stream(Purpose::Agent, i, 0);
            let sample = [(0..10).map(|_| rng.normal()).collect()];
            let interval = bootstrap(&sample, aggregate_mean, 0.95, 500, Streams::new(i));
            interval.low <= 0.0 && 0.0 <= interval.high
        })
        .count();
    assert!((340..=385).contains(&covered), "{covered} of 400");
}

#[test]
fn threads_change_nothing() {
    let intervals = || {
        let of =
            |statistic: fn(&[Vec<f64>]) -> f64| bootstrap(&tasks(), statistic, 0.9, 999, Streams::new(4));
        [of(aggregate_mean), of(aggregate_iqm)].map(|i| (i.low.to_bits(), i.high.to_bits()))
    };
    let one = with_threads(1, intervals);
    assert_eq!(with_threads(2, intervals), one);
    assert_eq!(with_threads(8, intervals), one);
    // Another seed gives another interval.
    assert_ne!(bootstrap(&tasks(), aggregate_mean, 0.9, 999, Streams::new(5)).low.to_bits(), one[0].0);
}

#[test]
fn extremes() {
    for of in [mean, standard_deviation, median, iqm] {
        assert!(of(&[]).is_nan());
        assert!(of(&[0.0, 1.0, 2.0, 3.0, f64::NAN, 5.0, 6.0, 7.0]).is_nan(), "a NaN is not trimmed away");
    }
    assert!(standard_deviation(&[3.0]).is_nan());
    assert_eq!((mean(&[3.0]), iqm(&[3.0]), median(&[3.0])), (3.0, 3.0, 3.0));
    assert_eq!(quantile(&[f64::INFINITY; 3], 0.3), f64::INFINITY);
    assert_eq!(quantile(&[1.0, 2.0], -1.0), 1.0);
    assert_eq!(quantile(&[1.0, 2.0], 2.0), 2.0);
    assert!(quantile(&[1.0], f64::NAN).is_nan());
    assert!(optimality_gap(&[], 1.0).is_nan());
    assert!(optimality_gap(&[f64::NAN], 1.0).is_nan());
    assert!(performance_profile(&[], &[0.0])[0].is_nan());
    assert!(probability_of_improvement(&[vec![1.0]], &[]).is_nan());
    assert!(probability_of_improvement(&[vec![1.0]], &[vec![]]).is_nan());
    assert!(probability_of_improvement(&[vec![f64::NAN]], &[vec![1.0]]).is_nan());
    assert_eq!(probability_of_improvement(&[vec![0.0]], &[vec![-0.0]]), 0.5);
    assert!(bootstrap(&[vec![1.0, 2.0]], aggregate_mean, 0.95, 0, Streams::new(1)).low.is_nan());
    assert!(bootstrap(&[vec![]], aggregate_mean, 0.95, 9, Streams::new(1)).low.is_nan());
}

#[test]
fn one_run_has_no_interval() {
    let one = bootstrap(&[vec![3.0], vec![5.0]], aggregate_mean, 0.95, 50, Streams::new(1));
    assert_eq!(one, Interval { low: 4.0, high: 4.0 });
    let summary = summarize(&[3.0], Streams::new(1));
    assert_eq!((summary.n, summary.mean, summary.iqm, summary.interval), (1, 3.0, 3.0, None));
    assert!(summary.std.is_nan());
}

#[test]
fn a_summary_survives_json_and_a_checkpoint() {
    let summary = summarize(&thirty(), Streams::new(1));
    let (interval, iqm) = (summary.interval.unwrap(), summary.iqm_interval.unwrap());
    // The normal approximation of the interval is 2.058 +- 1.96 * 3.016 / sqrt(30).
    assert!((interval.low - 0.98).abs() < 0.15 && (interval.high - 3.137).abs() < 0.15, "{interval:?}");
    assert!(iqm.low < summary.iqm && summary.iqm < iqm.high);
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary);
    let bytes = postcard::to_stdvec(&summary).unwrap();
    assert_eq!(postcard::from_bytes::<Summary>(&bytes).unwrap(), summary);
    let none = serde_json::to_string(&summarize(&[], Streams::new(1))).unwrap();
    assert!(serde_json::from_str::<Summary>(&none).unwrap().mean.is_nan());
}

fn some_scores() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-1e6..1e6f64, 1..40)
}

proptest! {
    #[test]
    fn order_does_not_matter(mut x in some_scores(), q in 0.0..=1.0f64) {
        let before = (quantile(&x, q), iqm(&x));
        x.reverse();
        prop_assert_eq!(quantile(&x, q), before.0);
        prop_assert!((iqm(&x) - before.1).abs() < 1e-6);
    }

    #[test]
    fn quantiles_rise_from_least_to_greatest(x in some_scores(), a in 0.0..=1.0f64, b in 0.0..=1.0f64) {
        prop_assert!(quantile(&x, a.min(b)) <= quantile(&x, a.max(b)));
        prop_assert_eq!(quantile(&x, 0.0), x.iter().copied().fold(f64::INFINITY, f64::min));
        prop_assert_eq!(quantile(&x, 1.0), x.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }

    /// Compares with the definition, computed by sorting.
    #[test]
    fn iqm_is_the_mean_of_the_middle(mut x in some_scores()) {
        let iqm = iqm(&x);
        x.sort_by(f64::total_cmp);
        let cut = x.len() / 4;
        prop_assert!((iqm - mean(&x[cut..x.len() - cut])).abs() < 1e-6);
    }

    #[test]
    fn shift_and_scale(x in some_scores(), by in -1e3..1e3f64, times in 0.1..10.0f64) {
        let y: Vec<f64> = x.iter().map(|x| x * times + by).collect();
        for of in [mean, iqm, median] {
            prop_assert!((of(&y) - (of(&x) * times + by)).abs() < 1e-5);
        }
    }

    /// Compares with a count over all pairs of runs; the probabilities for (x, y) and (y, x) add up to 1.
    #[test]
    fn improvement_is_counted_over_pairs(
        x in proptest::collection::vec(0..6i32, 1..12),
        y in proptest::collection::vec(0..6i32, 1..12),
    ) {
        // (1 + sign) / 2 is 1 for a win, 1/2 for a tie, 0 for a loss.
        let pairs = x.iter().flat_map(|x| y.iter().map(move |y| (x - y).signum()));
        let won: f64 = pairs.map(|sign| 0.5 * f64::from(1 + sign)).sum();
        let of = |all: &[i32]| vec![all.iter().map(|&v| f64::from(v)).collect::<Vec<_>>()];
        let p = probability_of_improvement(&of(&x), &of(&y));
        prop_assert!((p - won / (x.len() * y.len()) as f64).abs() < 1e-12);
        prop_assert!((p + probability_of_improvement(&of(&y), &of(&x)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn profiles_fall_from_one_to_zero(x in some_scores(), mut taus in proptest::collection::vec(-2e6..2e6f64, 1..9)) {
        taus.sort_by(f64::total_cmp);
        let profile = performance_profile(&x, &taus);
        prop_assert!(profile.is_sorted_by(|a, b| a >= b));
        for (&tau, share) in taus.iter().zip(&profile) {
            let above = x.iter().filter(|&&x| x > tau).count();
            prop_assert_eq!(*share, above as f64 / x.len() as f64);
        }
    }
}
