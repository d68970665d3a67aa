use super::*;
use crate::estimator::metrics::r_squared;
use crate::estimator::no_callback;
use proptest::prelude::*;

fn samples(values: &[f64], width: usize) -> Samples {
    Samples::new(values.to_vec(), width).unwrap()
}

fn fit(x: &Samples, y: &Samples) -> LinearModel {
    Linear::default().fit(x, y, Streams::new(0), &mut no_callback).unwrap()
}

/// Exact lines with x far from 0.
#[test]
fn far_from_0_no_digit_is_lost() {
    for (far, spread) in [(1e6f64, 1.0), (1e5, 4.0), (2e4, 2.0)] {
        let x: Vec<f64> = (0..1000u16).map(|i| far + spread * f64::from(i % 16) / 16.0).collect();
        let y: Vec<f64> = x.iter().map(|x| x - far).collect();
        let found = fit(&samples(&x, 1), &samples(&y, 1));
        assert!((found.weights()[0] - 1.0).abs() < 1e-9, "{far}: {}", found.weights()[0]);
    }
}

/// R: `lm(weight ~ height, women)`; average heights and weights of American women (The World Almanac 1975).
#[test]
fn women() {
    let x = Samples::new((58..=72u8).map(f64::from).collect(), 1).unwrap();
    let y = [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164u8].map(f64::from);
    let found = fit(&x, &samples(&y, 1));
    assert!((found.weights()[0] - 3.45).abs() < 5e-7, "{}", found.weights()[0]);
    assert!((found.intercepts()[0] + 87.516_67).abs() < 5e-6, "{}", found.intercepts()[0]);
    let r_squared = r_squared(found.predict(&x).unwrap().values(), &y);
    assert!((r_squared - 0.991_01).abs() < 5e-6, "{r_squared}");
}

#[test]
fn ridge_by_hand() {
    // Centered: x = -1, 0, 1, y = -2, 0, 2: w = 4 / (2 + alpha).
    let (x, y) = (samples(&[1.0, 2.0, 3.0], 1), samples(&[1.0, 3.0, 5.0], 1));
    let found =
        Ridge { alpha: 2.0, ..Ridge::default() }.fit(&x, &y, Streams::new(0), &mut no_callback).unwrap();
    assert!((found.weights()[0] - 1.0).abs() < 1e-12 && (found.intercepts()[0] - 1.0).abs() < 1e-12);
}

#[test]
fn columns_that_depend_on_each_other() {
    // The second column is 1000 times the first, the third is constant.
    let x = samples(&[1.0, 1e3, 7.0, 2.0, 2e3, 7.0, 4.0, 4e3, 7.0], 3);
    let y = samples(&[3.0, 5.0, 9.0], 1);
    let found = fit(&x, &y);
    let back = found.predict(&x).unwrap();
    assert!(back.values().iter().zip(y.values()).all(|(a, b)| (a - b).abs() < 1e-5), "{back:?}");
    assert_eq!(found.weights()[2], 0.0);
}

/// Both methods for large data, against the method with twice the digits.
#[test]
fn large_data_has_the_same_weights() {
    let number = |i: usize| ((i * 7919 + i * i % 1013 * 31) % 997) as f64 / 100.0;
    for (n, d) in [(40, 7), (12, 40), (1, 30)] {
        let x = samples(&(0..n * d).map(number).collect::<Vec<_>>(), d);
        let y = samples(&(0..2 * n).map(|i| number(i + 70_000)).collect::<Vec<_>>(), 2);
        for alpha in [0.0, 0.5] {
            let expected = normal::solve(&x, &y, alpha, true);
            let solve = if d > n { solve_wide } else { solve_large };
            let found = solve(&x, &y, alpha, &rows::means(&x), &rows::means(&y)).unwrap();
            for (a, b) in found.iter().zip(expected.weights()) {
                assert!((a - b).abs() < 1e-9, "{n} {d} {alpha}: {a} {b}");
            }
        }
    }
}

/// A row of many numbers: no matrix of `[D, D]` numbers is taken.
#[test]
fn many_columns_and_few_rows() {
    let number = |i: usize| ((i * 7919 + i / 7 * 31) % 997) as f64 / 100.0;
    for n in [1, 5] {
        let x = samples(&(0..n * 60_000).map(number).collect::<Vec<_>>(), 60_000);
        let y = samples(&(0..n).map(|i| number(i + 17)).collect::<Vec<_>>(), 1);
        let found = fit(&x, &y).predict(&x).unwrap();
        assert!(found.values().iter().zip(y.values()).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }
}

proptest! {
    /// Normal equations: the residuals are orthogonal to every column.
    #[test]
    fn errors_are_orthogonal(n in 6..40usize, d in 1..4usize, t in 1..3usize, seed in 0..1000usize) {
        let number = |i: usize| ((i * 7919 + seed * 31 + i * i) % 97) as f64 / 10.0;
        let x = Samples::new((0..n * d).map(number).collect(), d).unwrap();
        let y = Samples::new((0..n * t).map(|i| number(i + 5000)).collect(), t).unwrap();
        let predicted = fit(&x, &y).predict(&x).unwrap();
        for target in 0..t {
            let errors: Vec<f64> = (0..n).map(|i| predicted.row(i)[target] - y.row(i)[target]).collect();
            prop_assert!(errors.iter().sum::<f64>().abs() < 1e-3);
            for c in 0..d {
                let along: f64 = errors.iter().zip(x.iter()).map(|(e, x)| e * x[c]).sum();
                prop_assert!(along.abs() < 1e-2, "{along}");
            }
        }
    }
}
