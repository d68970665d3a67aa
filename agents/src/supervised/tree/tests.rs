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
    assert_eq!(tree.nodes[0].threshold, 2.5);
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
    /// Few samples are sorted, many are counted per bin.
    #[test]
    fn no_question_is_better(n in 2..90usize, d in 1..4usize, seed in 0..1000usize, values in 2..30usize) {
        let number = |i: usize| ((i * 7919 + seed * 31 + i / 3 * i) % values) as f64;
        let x = Samples::new((0..n * d).map(number).collect(), d).unwrap();
        let labels: Vec<u32> = (0..n).map(|i| ((i * 31 + seed + i / 5) % 3) as u32).collect();
        let stump = fit(&Config { max_depth: 1, ..Config::default() }, &x, &labels, 3);
        let pure = labels.iter().all(|l| *l == labels[0]);
        match exhaustive(&x, &labels) {
            Some(least) if !pure => {
                prop_assert_eq!(stump.leaves(), 2);
                let mut sides = [[0u32; 3]; 2];
                let node = stump.nodes[0];
                for (row, &label) in x.iter().zip(&labels) {
                    sides[usize::from(row[node.feature as usize] > node.threshold)][label as usize] += 1;
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
