use super::*;
use crate::estimator::{Estimator, Transformer, no_callback};
use proptest::prelude::*;

fn config(n_clusters: u32) -> Config {
    Config { n_clusters, ..Config::default() }
}

fn fit(config: &Config, x: &Samples) -> KMeans {
    config.fit(x, Streams::new(1), &mut no_callback).unwrap()
}

/// Two clusters of two samples: the centers are the midpoints, each 1/2 away from its samples.
#[test]
fn two_groups_by_hand() {
    let x = Samples::new(vec![1e6, 0.0, 1e6, 1.0, 1e6 + 90.0, 0.0, 1e6 + 90.0, 1.0], 2).unwrap();
    let found = fit(&config(2), &x);
    assert_eq!(found.inertia(), 1.0);
    let labels = found.predict(&x).unwrap();
    assert!(labels[0] == labels[1] && labels[2] == labels[3] && labels[0] != labels[2]);
    let own = found.cluster_centers().row(labels[0] as usize);
    assert_eq!(own, [1e6, 0.5]);
    let distances = found.transform(&x).unwrap();
    assert_eq!(distances.row(0)[labels[0] as usize], 0.5);
    assert_eq!(found.inverse_transform(&distances).unwrap().row(1), own);
}

/// Two values 1 apart and far from 0, each in its own cluster.
#[test]
fn far_from_0_no_digit_is_lost() {
    let values = (0..4000).map(|i| 1e6 + (i % 2) as f64).collect();
    let found = fit(&config(2), &Samples::new(values, 1).unwrap());
    assert_eq!(found.inertia(), 0.0);
    let mut centers = found.cluster_centers().values().to_vec();
    centers.sort_by(f64::total_cmp);
    assert_eq!(centers, [1e6, 1e6 + 1.0]);
}

/// A row's label does not depend on the other rows, and belongs to the smallest distance.
#[test]
fn labels_are_each_rows_own() {
    let number = |i: usize| ((i * 7919 + i * i % 31) % 1009) as f64 / 1009.0 + 3.0;
    let x = Samples::new((0..600 * 6).map(number).collect(), 6).unwrap();
    let found = fit(&Config { n_init: 1, max_iter: 5, ..config(200) }, &x);
    let (nearest_center, together) = (found.nearest_center(), found.predict(&x).unwrap());
    let distances = found.transform(&x).unwrap();
    for (i, row) in x.iter().enumerate() {
        assert_eq!(nearest_center.predict(row), [together[i]]);
        let own = distances.row(i)[together[i] as usize];
        assert!(distances.row(i).iter().all(|&other| own <= other * (1.0 + 1e-5)), "{i}");
    }
}

#[test]
fn empty_clusters_are_filled_and_copies_do_no_harm() {
    let x = Samples::new([vec![3.0; 12], vec![0.0, -0.0, 0.0, 0.0]].concat(), 2).unwrap();
    assert_eq!(fit(&config(2), &x).inertia(), 0.0);
    let refused = config(4).fit(&x, Streams::new(1), &mut no_callback).unwrap_err().to_string();
    assert_eq!(
        refused,
        "n_clusters = 4: there are only 2 distinct samples among 8; use n_clusters = 2 or less"
    );
    // Two far samples and many copies of a third: three clusters from any initial centers.
    let mut values = vec![0.0; 60];
    values.extend([50.0, -70.0]);
    let x = Samples::new(values, 1).unwrap();
    assert_eq!(fit(&Config { n_init: 1, ..config(3) }, &x).inertia(), 0.0);
}

#[test]
fn what_cannot_be_is_refused() {
    let x = Samples::new(vec![0.0, 1.0, f64::INFINITY], 1).unwrap();
    let mut kmeans = Estimator::new(config(2), Streams::new(0)).unwrap();
    let refused = kmeans.fit(&x).unwrap_err().to_string();
    assert!(refused.contains("row 3, column 1 is inf"), "{refused}");
    assert!(kmeans.transform(&x).unwrap_err().to_string().contains("fit it first"));
    let x = Samples::new(vec![0.0, 1.0], 1).unwrap();
    let few = Estimator::new(config(3), Streams::new(0)).unwrap().fit(&x).unwrap_err();
    assert!(few.to_string().contains("at most the number of samples, 2"));
    assert!(Estimator::new(Config { n_init: 0, ..config(2) }, Streams::new(0)).is_err());
}

#[test]
fn stops_when_told() {
    let x = Samples::new((0..400).map(|i| (i * 37 % 101) as f64).collect(), 2).unwrap();
    let mut rounds = 0;
    let mut callback = |_: FitProgress| {
        rounds += 1;
        std::ops::ControlFlow::Break(())
    };
    assert_eq!(config(5).fit(&x, Streams::new(0), &mut callback).unwrap().n_iter(), 1);
    assert_eq!(rounds, 1);
}

/// Squared distance of a sample from a center.
fn square(row: &[f64], center: &[f64]) -> f64 {
    row.iter().zip(center).map(|(x, c)| (x - c).powi(2)).sum()
}

/// Reference: Lloyd's algorithm in f64 from given centers.
fn textbook(x: &Samples, mut centers: Vec<Vec<f64>>) -> f64 {
    let mut inertia = f64::INFINITY;
    loop {
        let nearest = |row: &[f64]| {
            let each = centers.iter().enumerate().map(|(j, c)| (square(row, c), j));
            each.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
        };
        let own: Vec<(f64, usize)> = x.iter().map(nearest).collect();
        let now: f64 = own.iter().map(|(d, _)| d).sum();
        if now >= inertia {
            return inertia;
        }
        inertia = now;
        for (j, center) in centers.iter_mut().enumerate() {
            let mine: Vec<&[f64]> = x.iter().zip(&own).filter(|(_, o)| o.1 == j).map(|(r, _)| r).collect();
            for (c, center) in center.iter_mut().enumerate().filter(|_| !mine.is_empty()) {
                *center = mine.iter().map(|r| r[c]).sum::<f64>() / mine.len() as f64;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// The result is a fixed point of the reference algorithm, and every label belongs to the nearest center.
    #[test]
    fn nothing_is_left_to_do(n in 3..80usize, d in 1..5usize, k in 1..4u32, seed in 0..1000usize) {
        let values = (0..n * d).map(|i| ((i * 7919 + seed * 31) % 97) as f64 / 3.0).collect();
        let x = Samples::new(values, d).unwrap();
        let found = fit(&Config { tol: 0.0, ..config(k) }, &x);
        let in_f64 = |c: &[f64]| c.to_vec();
        let centers: Vec<Vec<f64>> = found.cluster_centers().iter().map(in_f64).collect();
        // A sample between two centers may be in either cluster, and only one of both may be the end.
        let is_between = |row: &[f64]| {
            let mut all: Vec<f64> = centers.iter().map(|c| square(row, c)).collect();
            all.sort_unstable_by(f64::total_cmp);
            all.len() > 1 && all[1] - all[0] < 1e-6
        };
        if !x.iter().any(is_between) {
            let further = textbook(&x, centers.clone());
            prop_assert!((found.inertia() - further).abs() <= 1e-4 * (1.0 + further), "{} {further}", found.inertia());
        }
        for (row, &label) in x.iter().zip(&found.predict(&x).unwrap()) {
            let least = centers.iter().map(|c| square(row, c)).fold(f64::INFINITY, f64::min);
            prop_assert!(square(row, &centers[label as usize]) <= least + 1e-3);
        }
    }
}
