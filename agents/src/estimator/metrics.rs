//! Metrics of predictions against true labels or numbers, and of clusterings.

use crate::Samples;
use freewheel_core::{Error, Result, Stream};
use rayon::prelude::*;

use super::rows::{self, BLOCK, dot, multiply_transposed};

/// Accuracy: share of correct predictions, 0 to 1; `predicted` and `labels` are class indices `[N]`.
pub fn accuracy(predicted: &[u32], labels: &[u32]) -> f64 {
    let met = predicted.iter().zip(labels).filter(|(p, l)| p == l).count();
    met as f64 / labels.len().max(1) as f64
}

/// Confusion matrix `[C, C]` of C = `classes` classes, row by row: count of samples of true class i (row) predicted as
/// class j (column).
pub fn confusion(predicted: &[u32], labels: &[u32], classes: u32) -> Vec<u64> {
    let c = classes as usize;
    let mut table = vec![0; c * c];
    predicted.iter().zip(labels).for_each(|(&p, &l)| table[l as usize * c + p as usize] += 1);
    table
}

/// R² (coefficient of determination): 1 - sum of squared errors of `predicted` / sum of squared deviations of `y` from
/// the mean of `y`. For a constant `y`: 1 if all predictions are exact, else 0.
pub fn r_squared(predicted: &[f64], y: &[f64]) -> f64 {
    let mean = y.iter().sum::<f64>() / y.len().max(1) as f64;
    let spread: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    let errors: f64 = predicted.iter().zip(y).map(|(p, y)| (p - y).powi(2)).sum();
    match (spread > 0.0, errors > 0.0) {
        (true, _) => 1.0 - errors / spread,
        (false, met) => f64::from(u8::from(!met)),
    }
}

/// Log loss: mean negative log-likelihood in nats of N `labels [N]` under the predicted class `probabilities [N, C]`;
/// probabilities are clipped to at least 1e-15.
pub fn log_loss(probabilities: &[f64], labels: &[u32], classes: u32) -> f64 {
    let rows = probabilities.chunks_exact(classes.max(1) as usize).zip(labels);
    let sum: f64 = rows.map(|(p, &label)| -p[label as usize].max(1e-15).ln()).sum();
    sum / labels.len().max(1) as f64
}

/// Contingency table of clusters (rows) and classes (columns): counts of samples, row by row; then the number of rows
/// and of columns.
pub fn contingency(labels: &[u32], classes: &[u32]) -> (Vec<u64>, usize, usize) {
    let count = |all: &[u32]| all.iter().max().map_or(0, |&most| most as usize + 1);
    let (rows, columns) = (count(labels), count(classes));
    let mut table = vec![0; rows * columns];
    labels.iter().zip(classes).for_each(|(&i, &j)| table[i as usize * columns + j as usize] += 1);
    (table, rows, columns)
}

/// Share of samples whose cluster is matched with their class, 0 to 1, under the best one-to-one matching of clusters
/// with classes.
pub fn matching_accuracy(labels: &[u32], classes: &[u32]) -> f64 {
    let (table, rows, columns) = contingency(labels, classes);
    let side = rows.max(columns);
    let cost = |i: usize, j: usize| {
        if i < rows && j < columns { -(table[i * columns + j] as f64) } else { 0.0 }
    };
    let costs: Vec<f64> = (0..side * side).map(|at| cost(at / side.max(1), at % side.max(1))).collect();
    let met: f64 = assignment(&costs, side).iter().enumerate().map(|(i, &j)| -costs[i * side + j]).sum();
    met / labels.len().max(1) as f64
}

/// One-to-one assignment of rows to columns with minimal total cost: the column of each of the n rows of
/// `costs [n, n]`. Hungarian method with potentials and shortest augmenting paths (Jonker & Volgenant 1987).
pub fn assignment(costs: &[f64], n: usize) -> Vec<usize> {
    // Index n is a placeholder: `row_of[n]` is the row that is being assigned.
    let (mut row_potential, mut column_potential) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let mut row_of = vec![n; n + 1];
    for row in 0..n {
        row_of[n] = row;
        let (mut least, mut previous) = (vec![f64::INFINITY; n], vec![n; n]);
        let mut visited = vec![false; n + 1];
        let mut column = n;
        while row_of[column] != n {
            visited[column] = true;
            let at = row_of[column];
            let (mut delta, mut next) = (f64::INFINITY, n);
            for j in (0..n).filter(|&j| !visited[j]) {
                let reduced = costs[at * n + j] - row_potential[at] - column_potential[j];
                if reduced < least[j] {
                    (least[j], previous[j]) = (reduced, column);
                }
                if least[j] < delta {
                    (delta, next) = (least[j], j);
                }
            }
            for (j, &seen) in visited.iter().enumerate() {
                if seen {
                    row_potential[row_of[j]] += delta;
                    column_potential[j] -= delta;
                } else if j < n {
                    least[j] -= delta;
                }
            }
            column = next;
        }
        while column != n {
            row_of[column] = row_of[previous[column]];
            column = previous[column];
        }
    }
    let mut columns = vec![0; n];
    (0..n).for_each(|j| columns[row_of[j]] = j);
    columns
}

/// Normalized mutual information of clusters and classes, 0 to 1, with the arithmetic mean of both entropies
/// (scikit-learn's `normalized_mutual_info_score`); 1 if both have a single group.
pub fn normalized_mutual_information(labels: &[u32], classes: &[u32]) -> f64 {
    let (table, rows, columns) = contingency(labels, classes);
    let n = labels.len() as f64;
    let row_totals: Vec<u64> =
        (0..rows).map(|i| table[i * columns..(i + 1) * columns].iter().sum()).collect();
    let column_totals: Vec<u64> = (0..columns).map(|j| table.iter().skip(j).step_by(columns).sum()).collect();
    let entropy = |counts: &[u64]| -> f64 {
        let shares = counts.iter().filter(|&&c| c > 0).map(|&c| c as f64 / n);
        -shares.map(|p| p * p.ln()).sum::<f64>()
    };
    let (label_entropy, class_entropy) = (entropy(&row_totals), entropy(&column_totals));
    if label_entropy + class_entropy == 0.0 {
        return 1.0;
    }
    let mut mutual = 0.0;
    for (at, &met) in table.iter().enumerate().filter(|(_, met)| **met > 0) {
        let expected = row_totals[at / columns] as f64 * column_totals[at % columns] as f64 / n;
        mutual += met as f64 / n * (met as f64 / expected).ln();
    }
    (mutual / ((label_entropy + class_entropy) / 2.0)).clamp(0.0, 1.0)
}

/// Mean silhouette coefficient (b - a) / max(a, b), -1 to 1 (Rousseeuw 1987). For each sample, a is the mean distance
/// from the other samples of its cluster, b the mean distance from the samples of the nearest other cluster; the
/// coefficient is 0 in a cluster of one sample. Uses `sample` random rows of `x`, or all rows if `x` has no more.
///
/// # Errors
/// [`Error::Config`] for fewer than two clusters, or if the numbers of labels and rows differ.
pub fn silhouette(x: &Samples, labels: &[u32], sample: usize, rng: &mut Stream) -> Result<f64> {
    if labels.len() != x.rows() {
        return Err(Error::Config(format!("{} labels were given for {} samples", labels.len(), x.rows())));
    }
    let (x, labels) = draw(x, labels, sample, rng);
    let k = labels.iter().max().map_or(0, |&most| most as usize + 1);
    let mut counts = vec![0u32; k];
    labels.iter().for_each(|&j| counts[j as usize] += 1);
    if counts.iter().filter(|&&count| count > 0).count() < 2 {
        return Err(Error::Config("a silhouette needs at least two clusters".into()));
    }
    let (n, d) = (x.rows(), x.width());
    let centered = rows::centered(&x, &rows::means(&x));
    let norms: Vec<f32> = centered.chunks_exact(d).map(|x| dot(x, x)).collect();
    let parts: Vec<f64> = (centered.par_chunks(BLOCK * d).enumerate())
        .map(|(at, block)| {
            let (first, b) = (at * BLOCK, block.len() / d);
            let mut sums = vec![0f64; b * k];
            let mut scratch = vec![0.0; b * BLOCK];
            for (at, others) in centered.chunks(BLOCK * d).enumerate() {
                let m = others.len() / d;
                multiply_transposed(block, others, d, &mut scratch[..b * m]);
                for (i, row) in scratch[..b * m].chunks_exact(m).enumerate() {
                    for (j, product) in row.iter().enumerate() {
                        let other = at * BLOCK + j;
                        let square = norms[first + i] + norms[other] - 2.0 * product;
                        if other != first + i {
                            sums[i * k + labels[other] as usize] += f64::from(square.max(0.0)).sqrt();
                        }
                    }
                }
            }
            let each = sums.chunks_exact(k).zip(&labels[first..]);
            each.map(|(sums, &own)| one_silhouette(sums, &counts, own as usize)).sum::<f64>()
        })
        .collect();
    Ok(parts.iter().sum::<f64>() / n as f64)
}

/// Silhouette coefficient of one sample of cluster `own`, from the sums of its distances to each cluster, `sums`, and
/// the sizes of the clusters, `counts`.
fn one_silhouette(sums: &[f64], counts: &[u32], own: usize) -> f64 {
    if counts[own] < 2 {
        return 0.0;
    }
    let a = sums[own] / f64::from(counts[own] - 1);
    let others = (0..sums.len()).filter(|&j| j != own && counts[j] > 0);
    let b = others.map(|j| sums[j] / f64::from(counts[j])).fold(f64::INFINITY, f64::min);
    if a.max(b) > 0.0 { (b - a) / a.max(b) } else { 0.0 }
}

/// Draws `count` rows of `x` with their labels without replacement; keeps the order of the rows.
fn draw(x: &Samples, labels: &[u32], count: usize, rng: &mut Stream) -> (Samples, Vec<u32>) {
    let mut order: Vec<usize> = (0..x.rows()).collect();
    if count < order.len() {
        for i in 0..count {
            let j = i + rng.below((order.len() - i) as u32) as usize;
            order.swap(i, j);
        }
        order.truncate(count);
        order.sort_unstable();
    }
    let labels = order.iter().map(|&i| labels[i]).collect();
    (x.select(&order), labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::{Purpose, Streams};
    use proptest::prelude::*;

    fn rng() -> Stream {
        Streams::new(0).stream(Purpose::Agent, 0, 0)
    }

    #[test]
    fn predictions_by_hand() {
        assert_eq!(accuracy(&[0, 1, 1, 2], &[0, 1, 2, 2]), 0.75);
        assert_eq!(confusion(&[0, 1, 1], &[0, 1, 0], 2), [1, 1, 0, 1]);
        // Errors 1 + 0 + 1 over deviations 4 + 0 + 4.
        let spread = [1.0, 3.0, 5.0];
        assert_eq!(r_squared(&[2.0, 3.0, 4.0], &spread), 1.0 - 2.0 / 8.0);
        assert_eq!((r_squared(&[1.0], &[1.0]), r_squared(&[2.0], &[1.0])), (1.0, 0.0));
        let found = log_loss(&[0.5, 0.5, 1.0, 0.0], &[1, 0], 2);
        assert!((found - 2f64.ln() / 2.0).abs() < 1e-12);
    }

    /// Small cases solved by hand over the six permutations.
    #[test]
    fn assignments_by_hand() {
        // 1 2 3 / 2 4 6 / 3 6 9: the minimum is 3 + 4 + 3 = 10.
        assert_eq!(assignment(&[1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 3.0, 6.0, 9.0], 3), [2, 1, 0]);
        assert_eq!(assignment(&[4.0, 1.0, 3.0, 2.0, 0.0, 5.0, 3.0, 2.0, 2.0], 3), [1, 0, 2]);
        assert!(assignment(&[], 0).is_empty());
    }

    fn permutations(n: usize) -> Vec<Vec<usize>> {
        match n {
            0 => vec![Vec::new()],
            _ => (permutations(n - 1).into_iter())
                .flat_map(|shorter| {
                    (0..n).map(move |at| {
                        let mut longer = shorter.clone();
                        longer.insert(at, n - 1);
                        longer
                    })
                })
                .collect(),
        }
    }

    proptest! {
        #[test]
        fn no_permutation_is_better(n in 1..6usize, numbers in proptest::collection::vec(-9..10i32, 25)) {
            let costs: Vec<f64> = numbers[..n * n].iter().map(|&c| f64::from(c)).collect();
            let cost = |columns: &[usize]| -> f64 { columns.iter().enumerate().map(|(i, &j)| costs[i * n + j]).sum() };
            let least = permutations(n).iter().map(|p| cost(p)).fold(f64::INFINITY, f64::min);
            prop_assert_eq!(cost(&assignment(&costs, n)), least);
        }
    }

    #[test]
    fn agreement_by_hand() {
        let (labels, classes) = ([0, 0, 1, 1, 2, 2], [1, 1, 0, 0, 0, 0]);
        assert!((matching_accuracy(&labels, &classes) - 4.0 / 6.0).abs() < 1e-12);
        assert_eq!(matching_accuracy(&[3, 3, 0], &[0, 0, 1]), 1.0);
        // I = H(classes) = ln 3 - 2/3 ln 2; H(labels) = ln 3.
        let class_entropy = 3f64.ln() - 2.0 / 3.0 * 2f64.ln();
        let expected = class_entropy / ((class_entropy + 3f64.ln()) / 2.0);
        assert!((normalized_mutual_information(&labels, &classes) - expected).abs() < 1e-12);
        assert_eq!(normalized_mutual_information(&[0, 0], &[0, 0]), 1.0);
        assert!(normalized_mutual_information(&[0, 0, 1, 1], &[0, 1, 0, 1]) < 1e-12);
    }

    #[test]
    fn silhouettes_by_hand() {
        // 0, 1 | 5: a = 1, b = 5 and 4 for the first two; the third is alone in its cluster.
        let x = Samples::new(vec![100.0, 101.0, 105.0], 1).unwrap();
        let found = silhouette(&x, &[0, 0, 1], 9, &mut rng()).unwrap();
        assert!((found - (0.8 + 0.75) / 3.0).abs() < 1e-5, "{found}");
        assert!(silhouette(&x, &[1, 1, 1], 9, &mut rng()).is_err());
        assert!(silhouette(&x, &[1, 1], 9, &mut rng()).is_err());
        let x = Samples::new((0..600).map(|i| f64::from(i % 2 * 50 + i / 200)).collect(), 1).unwrap();
        let labels: Vec<u32> = (0..600).map(|i| i % 2).collect();
        assert!(silhouette(&x, &labels, 100, &mut rng()).unwrap() > 0.9);
    }
}
