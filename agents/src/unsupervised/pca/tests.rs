use super::*;
use crate::estimator::{Estimator, Transformer, no_callback};
use proptest::prelude::*;

fn fit(n_components: u32, x: &Samples) -> Pca {
    Config { n_components }.fit(x, Streams::new(1), &mut no_callback).unwrap()
}

/// Samples on the diagonal: the component is (1, 1) / sqrt 2.
#[test]
fn a_line_by_hand() {
    let x = Samples::new(vec![-2.0, -2.0, -1.0, -1.0, 1.0, 1.0, 2.0, 2.0], 2).unwrap();
    let found = fit(2, &x);
    // Squared lengths 8 + 2 + 2 + 8 over 3, all of it along the diagonal.
    assert!((found.explained_variance()[0] - 20.0 / 3.0).abs() < 1e-6);
    assert!((found.explained_variance_ratio()[0] - 1.0).abs() < 1e-9);
    assert!(found.components().row(0).iter().all(|v| (v - 0.5f64.sqrt()).abs() < 1e-6));
    let codes = found.transform(&x).unwrap();
    assert!((codes.row(3)[0] - 8f64.sqrt()).abs() < 1e-5 && codes.row(3)[1].abs() < 1e-5);
}

/// Subspace iteration and the covariance matrix give the same components.
#[test]
fn both_ways_find_the_same() {
    let mut rng = Streams::new(0).stream(Purpose::Agent, 0, 0);
    let (n, d) = (700, 90);
    let mut values = Vec::new();
    for _ in 0..n {
        let hidden: Vec<f64> = (0..4).map(|i| rng.normal() * [9.0, 5.0, 4.0, 1.0][i]).collect();
        for c in 0..d {
            let along = hidden.iter().enumerate().map(|(i, h)| h * ((c * (i + 1)) as f64 * 0.3).sin());
            values.push(along.sum::<f64>() + 0.3 * rng.normal() + 1000.0);
        }
    }
    let x = Samples::new(values, d).unwrap();
    let few = fit(3, &x);
    let mean: Vec<f64> = rows::means(&x);
    let whole = symmetric_eigen(&covariance_product(&x, &mean, None, d), d).unwrap();
    for (i, v) in few.components().iter().enumerate() {
        let exact = whole.values[i] / (n - 1) as f64;
        assert!((few.explained_variance()[i] / exact - 1.0).abs() < 1e-6);
        let along: f64 = v.iter().zip(&whole.vectors[i * d..]).map(|(a, b)| a * b).sum();
        assert!(along.abs() > 1.0 - 1e-6, "{along}");
        let largest = v.iter().fold(0f64, |most, &x| if x.abs() > most.abs() { x } else { most });
        assert!(largest > 0.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// All components reconstruct the samples; the first one loses exactly the remaining variance.
    #[test]
    fn the_way_back(n in 8..60usize, d in 1..7usize, seed in 0..1000usize) {
        let values = (0..n * d).map(|i| ((i * 7919 + seed * 37) % 101) as f64 / 10.0).collect();
        let x = Samples::new(values, d).unwrap();
        let all = fit(d as u32, &x);
        let back = all.inverse_transform(&all.transform(&x).unwrap()).unwrap();
        prop_assert!(back.values().iter().zip(x.values()).all(|(a, b)| (a - b).abs() < 1e-3));
        let ratios: f64 = all.explained_variance_ratio().iter().sum();
        prop_assert!((ratios - 1.0).abs() < 1e-5);
        let some = fit(1, &x);
        let back = some.inverse_transform(&some.transform(&x).unwrap()).unwrap();
        let lost: f64 = back.values().iter().zip(x.values()).map(|(a, b)| (a - b) * (a - b)).sum();
        let beyond: f64 = all.explained_variance()[1..].iter().sum::<f64>() * (n - 1) as f64;
        prop_assert!((lost - beyond).abs() < 1e-3 * (1.0 + beyond), "{lost} {beyond}");
    }
}

#[test]
fn odd_samples() {
    // Constant samples give no NaN.
    let x = Samples::new(vec![2.0; 40 * 50], 50).unwrap();
    let found = fit(2, &x);
    assert!(found.explained_variance_ratio().iter().all(|&r| r == 0.0));
    assert!(found.transform(&x).unwrap().values().iter().all(|&c| c == 0.0));
    let mut fit = Estimator::new(Config { n_components: 3 }, Streams::new(0)).unwrap();
    let x = Samples::new(vec![1.0, 2.0, 4.0, 8.0], 2).unwrap();
    assert!(fit.fit(&x).unwrap_err().to_string().contains("at most 1"));
    let nan = Samples::new(vec![1.0, 2.0, f64::NAN, 8.0], 2).unwrap();
    assert!(fit.fit(&nan).unwrap_err().to_string().contains("row 2, column 1"));
}
