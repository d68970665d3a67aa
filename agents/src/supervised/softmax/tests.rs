use super::*;
use crate::estimator::no_callback;

fn fit(config: &Config, x: &Samples, labels: &[u32], n_classes: u32) -> Softmax {
    config.fit(x, labels, n_classes, Streams::new(0), &mut no_callback).unwrap()
}

#[test]
fn probabilities_by_hand() {
    let mut out = [0.0, 2f32.ln(), 1000.0];
    softmax(&mut out[..2]);
    assert!((out[0] - 1.0 / 3.0).abs() < 1e-6 && (out[1] - 2.0 / 3.0).abs() < 1e-6);
    let mut out = [1000.0, 1000.0 + 2f32.ln()];
    assert!((log_softmax(&mut out, 0) - (1f64 / 3.0).ln()).abs() < 1e-4);
    assert!((out[0] + 2.0 / 3.0).abs() < 1e-4 && (out[1] - 2.0 / 3.0).abs() < 1e-4);
    let mut out = [1000.0, 1000.0 + 2f64.ln()];
    assert!((log_softmax_f64(&mut out, 0) - (1f64 / 3.0).ln()).abs() < 1e-12);
    assert!((out[0] + 2.0 / 3.0).abs() < 1e-12 && (out[1] - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn derivatives_are_the_differences() {
    let x = Samples::new((0..18).map(|i| f64::from(i * 7 % 5) - 2.0).collect(), 3).unwrap();
    let labels = [0, 1, 2, 3, 0, 2];
    let problem = Problem::new(&x, &labels, 4, 0.7);
    let p: Vec<f64> = (0..16).map(|i| f64::from(i * 5 % 7) / 10.0).collect();
    let mut g = [0.0; 16];
    problem.loss(&p, &mut g);
    let hessian = newton::Objective::hessian(&problem, &p);
    for i in 0..16 {
        let (mut above, mut below) = (p.clone(), p.clone());
        above[i] += 1e-5;
        below[i] -= 1e-5;
        let (mut g_above, mut g_below) = ([0.0; 16], [0.0; 16]);
        let expected = (problem.loss(&above, &mut g_above) - problem.loss(&below, &mut g_below)) / 2e-5;
        assert!((g[i] - expected).abs() < 1e-8, "{i}: {} {expected}", g[i]);
        for j in 0..16 {
            let expected = (g_above[j] - g_below[j]) / 2e-5;
            assert!((hessian[i * 16 + j] - expected).abs() < 1e-8, "{i} {j}");
        }
    }
}

/// With x = 0 the probabilities are the class frequencies 3/4 and 1/4.
#[test]
fn frequencies_are_learned() {
    let x = Samples::new(vec![0.0; 8], 1).unwrap();
    let found = fit(&Config::default(), &x, &[0, 0, 0, 1, 0, 0, 0, 1], 2);
    let p = found.predict_proba(&x).unwrap();
    assert!((p.row(0)[0] - 0.75).abs() < 1e-9, "{p:?}");
    assert!((found.intercepts()[0] - found.intercepts()[1] - 3f64.ln()).abs() < 1e-9);
    assert!(found.convergence().reached && found.convergence().gradient < 1e-9);
}

/// A shift of a column changes nothing but the intercepts; the unit of a column changes the penalty alone.
#[test]
fn columns_may_have_any_origin_and_unit() {
    let labels: Vec<u32> = (0..40).map(|i| u32::from(i * i % 7 > 2) + u32::from(i > 25)).collect();
    let table = |origin: f64, unit: f64| {
        let row = |i: i32| [f64::from(i % 9) + origin, f64::from(i * 7 % 11) * unit];
        Samples::new((0..40).flat_map(row).collect(), 2).unwrap()
    };
    let config = Config { alpha: 0.0, ..Config::default() };
    let x = table(0.0, 1.0);
    let expected = fit(&config, &x, &labels, 3).predict_proba(&x).unwrap();
    for (origin, unit) in [(1e9, 1.0), (-2000.0, 1e-6), (0.0, 1e9)] {
        let x = table(origin, unit);
        let found = fit(&config, &x, &labels, 3);
        assert!(found.convergence().reached, "{:?}", found.convergence());
        for (a, b) in found.predict_proba(&x).unwrap().values().iter().zip(expected.values()) {
            assert!((a - b).abs() < 1e-8, "{origin} {unit}: {a} {b}");
        }
    }
}

#[test]
fn an_early_stop_is_told() {
    let x = Samples::new((0..40).map(f64::from).collect(), 1).unwrap();
    let labels: Vec<u32> = (0..40).map(|i| u32::from(i > 17)).collect();
    let found = fit(&Config { max_iter: 2, ..Config::default() }, &x, &labels, 2).convergence();
    assert!(found.iterations == 2 && !found.reached && found.gradient > 1e-4, "{found:?}");
}
