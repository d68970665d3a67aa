use super::*;
use crate::estimator::argmax;
use crate::estimator::no_callback;
use proptest::prelude::*;

fn fit(config: &Config, x: &Samples, labels: &[u32], n_classes: u32) -> Tree {
    config.fit(x, labels, n_classes, Streams::new(0), &mut no_callback).unwrap()
}

/// Exclusive or: no single split helps, two levels do.
#[test]
fn exclusive_or() {
    let x = Samples::new(vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], 2).unwrap();
    let tree = fit(&Config::default(), &x, &[0, 1, 1, 0], 2);
    assert_eq!((tree.depth(), tree.leaves(), tree.n_parameters()), (2, 4, 3 + 4));
    assert_eq!(tree.predict_proba(&x).unwrap().values(), [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
    let stump = fit(&Config { max_depth: 1, ..Config::default() }, &x, &[0, 1, 1, 0], 2);
    assert_eq!(stump.probabilities(&[0.0, 0.0]), [0.5, 0.5]);
}

#[test]
fn the_smallest_leaf_is_kept() {
    let x = Samples::new((0..10u8).map(f64::from).collect(), 1).unwrap();
    let labels = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1];
    let tree = fit(&Config { min_samples_leaf: 3, ..Config::default() }, &x, &labels, 2);
    // The best split would separate one sample from nine; the best allowed one separates three from seven.
    assert_eq!(tree.nodes.split_of(0).1, 2.5);
    assert_eq!(tree.probabilities(&[0.0]), [1.0 / 3.0, 2.0 / 3.0]);
}

/// Reference: weighted Gini impurity of the best split over every column and value.
fn exhaustive(x: &Samples, labels: &[u32]) -> Option<f64> {
    let gini = |side: &[u32]| {
        let probability = |class| side.iter().filter(|&&l| l == class).count() as f64 / side.len() as f64;
        side.len() as f64 * (1.0 - (0..3).map(|class| probability(class).powi(2)).sum::<f64>())
    };
    let mut best: Option<f64> = None;
    for c in 0..x.width() {
        for threshold in x.iter().map(|row| row[c]) {
            let (left, right): (Vec<_>, Vec<_>) =
                x.iter().zip(labels).partition(|(row, _)| row[c] <= threshold);
            if right.is_empty() {
                continue;
            }
            let side = |of: &[(&[f64], &u32)]| gini(&of.iter().map(|(_, l)| **l).collect::<Vec<_>>());
            let left = side(&left) + side(&right);
            best = Some(best.map_or(left, |best| best.min(left)));
        }
    }
    best
}

proptest! {
    /// Few samples are sorted, many are counted per value.
    #[test]
    fn no_question_is_better(n in 2..90usize, d in 1..4usize, seed in 0..1000usize, values in 2..300usize) {
        let number = |i: usize| ((i * 7919 + seed * 31 + i / 3 * i) % values) as f64;
        let x = Samples::new((0..n * d).map(number).collect(), d).unwrap();
        let labels: Vec<u32> = (0..n).map(|i| ((i * 31 + seed + i / 5) % 3) as u32).collect();
        let stump = fit(&Config { max_depth: 1, ..Config::default() }, &x, &labels, 3);
        let pure = labels.iter().all(|l| *l == labels[0]);
        match exhaustive(&x, &labels) {
            Some(least) if !pure => {
                prop_assert_eq!(stump.leaves(), 2);
                let mut sides = [[0u32; 3]; 2];
                let (feature, threshold) = stump.nodes.split_of(0);
                for (row, &label) in x.iter().zip(&labels) {
                    sides[usize::from(row[feature] > threshold)][label as usize] += 1;
                }
                let left: f64 = sides.iter().map(|side| {
                    let n: f64 = side.iter().map(|&k| f64::from(k)).sum();
                    n - side.iter().map(|&k| f64::from(k).powi(2)).sum::<f64>() / n
                }).sum();
                prop_assert!((left - least).abs() < 1e-9, "{} {}", left, least);
            }
            _ => prop_assert_eq!(stump.leaves(), 1),
        }
        // An unlimited tree fits every sample, except for equal samples of different classes.
        let whole = fit(&Config::default(), &x, &labels, 3);
        for (row, &label) in x.iter().zip(&labels) {
            let same: Vec<u32> = x.iter().zip(&labels).filter(|(other, _)| *other == row).map(|(_, l)| *l).collect();
            let probabilities = whole.probabilities(row);
            let share = same.iter().filter(|&&l| l == label).count() as f64 / same.len() as f64;
            prop_assert!((f64::from(probabilities[label as usize]) - share).abs() < 1e-6);
            prop_assert!(probabilities[argmax(probabilities) as usize] >= probabilities[label as usize]);
        }
    }
}

fn regression(config: &Config, x: &Samples, y: &Samples) -> RegressionTree {
    config.fit_targets(x, y, Streams::new(0), &mut no_callback).unwrap()
}

/// Reference: least squared error over every column and value.
fn least_error(x: &Samples, y: &Samples) -> Option<f64> {
    let error = |side: &[&[f64]]| -> f64 {
        let each = (0..y.width()).map(|t| {
            let mean = side.iter().map(|y| y[t]).sum::<f64>() / side.len() as f64;
            side.iter().map(|y| (y[t] - mean).powi(2)).sum::<f64>()
        });
        each.sum()
    };
    let mut best: Option<f64> = None;
    for c in 0..x.width() {
        for threshold in x.iter().map(|row| row[c]) {
            let (left, right): (Vec<_>, Vec<_>) =
                x.iter().zip(y.iter()).partition(|(row, _)| row[c] <= threshold);
            if !right.is_empty() {
                let side = |of: &[(&[f64], &[f64])]| error(&of.iter().map(|(_, y)| *y).collect::<Vec<_>>());
                let found = side(&left) + side(&right);
                best = Some(best.map_or(found, |best| best.min(found)));
            }
        }
    }
    best
}

proptest! {
    #[test]
    fn no_split_has_a_smaller_error(
        n in 2..120usize, d in 1..4usize, t in 1..3usize, seed in 0..1000usize, values in 2..300usize, far in 0..2u8,
    ) {
        let number = |i: usize| ((i * 7919 + seed * 31 + i / 3 * i) % values) as f64;
        let x = Samples::new((0..n * d).map(number).collect(), d).unwrap();
        let target = |i: usize| ((i * 31 + seed + i / 5 * i) % 17) as f64 + 1e6 * f64::from(far);
        let y = Samples::new((0..n * t).map(target).collect(), t).unwrap();
        let stump = regression(&Config { max_depth: 1, ..Config::default() }, &x, &y);
        let differ = y.iter().any(|row| row != y.row(0));
        let predicted = stump.predict(&x).unwrap();
        match least_error(&x, &y) {
            Some(least) if differ => {
                prop_assert_eq!(stump.leaves(), 2);
                let errors = predicted.values().iter().zip(y.values()).map(|(a, b)| (a - b).powi(2));
                prop_assert!((errors.sum::<f64>() - least).abs() < 1e-6, "{}", least);
            }
            _ => prop_assert_eq!(stump.leaves(), 1),
        }
        // A tree without a limit predicts the mean of equal samples.
        let whole = regression(&Config::default(), &x, &y).predict(&x).unwrap();
        for i in 0..n {
            for target in 0..t {
                let same: Vec<f64> = (0..n).filter(|&j| x.row(j) == x.row(i)).map(|j| y.row(j)[target]).collect();
                let mean = same.iter().sum::<f64>() / same.len() as f64;
                prop_assert!((whole.row(i)[target] - mean).abs() < 1e-9 * (1.0 + mean.abs()));
            }
        }
    }
}

/// A subtree that is grown in a table of its own is the same.
#[test]
fn subtrees_in_tables_of_their_own() {
    let (n, d) = (3000, 300);
    let x = Samples::new((0..n * d).map(|i| ((i * 7919 + i / 7 * 31) % 251) as f64).collect(), d).unwrap();
    let labels: Vec<u32> = (0..n)
        .map(|i| u32::from(x.row(i)[5] > 100.0) + u32::from(x.row(i)[9] + x.row(i)[2] > 250.0))
        .collect();
    let tree = fit(&Config { min_samples_leaf: 3, ..Config::default() }, &x, &labels, 3);
    let whole = tree.predict_proba(&x).unwrap();
    // Each leaf has the class shares of its samples, at least three.
    let mut leaves = std::collections::BTreeMap::<usize, Vec<u32>>::new();
    (0..n).for_each(|i| leaves.entry(tree.nodes.leaf(x.row(i))).or_default().push(labels[i]));
    assert_eq!(leaves.len(), tree.leaves());
    for i in 0..n {
        let here = &leaves[&tree.nodes.leaf(x.row(i))];
        assert!(here.len() >= 3);
        let share = here.iter().filter(|&&label| label == labels[i]).count() as f64 / here.len() as f64;
        assert!((whole.row(i)[labels[i] as usize] - share).abs() < 1e-6);
    }
}
