//! How well clusters agree with classes that nobody told, and how well they hang together.

use freewheel_core::{Error, Result, Samples, Stream};

use crate::fit::rows::{self, BLOCK, dot, products};

/// How often cluster i meets class j, `[clusters, classes]`, row after row.
pub fn contingency(labels: &[u32], classes: &[u32]) -> (Vec<u64>, usize, usize) {
    let count = |all: &[u32]| all.iter().max().map_or(0, |&most| most as usize + 1);
    let (rows, columns) = (count(labels), count(classes));
    let mut table = vec![0; rows * columns];
    labels.iter().zip(classes).for_each(|(&i, &j)| table[i as usize * columns + j as usize] += 1);
    (table, rows, columns)
}

/// The share of samples whose cluster stands for their class, under the best matching of clusters with classes, one to one.
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

/// The column of every row that makes the sum of `costs [n, n]` smallest: the Hungarian method with potentials, a row at a time
/// along a shortest augmenting path (Jonker & Volgenant 1987).
pub fn assignment(costs: &[f64], n: usize) -> Vec<usize> {
    // Row n is nobody; `row_of[n]` is the row that is being placed.
    let (mut of_row, mut of_column) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let mut row_of = vec![n; n + 1];
    for row in 0..n {
        row_of[n] = row;
        let (mut least, mut before) = (vec![f64::INFINITY; n], vec![n; n]);
        let mut visited = vec![false; n + 1];
        let mut column = n;
        while row_of[column] != n {
            visited[column] = true;
            let at = row_of[column];
            let (mut delta, mut next) = (f64::INFINITY, n);
            for j in (0..n).filter(|&j| !visited[j]) {
                let reduced = costs[at * n + j] - of_row[at] - of_column[j];
                if reduced < least[j] {
                    (least[j], before[j]) = (reduced, column);
                }
                if least[j] < delta {
                    (delta, next) = (least[j], j);
                }
            }
            for (j, &seen) in visited.iter().enumerate() {
                if seen {
                    of_row[row_of[j]] += delta;
                    of_column[j] -= delta;
                } else if j < n {
                    least[j] -= delta;
                }
            }
            column = next;
        }
        while column != n {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    let mut columns = vec![0; n];
    (0..n).for_each(|j| columns[row_of[j]] = j);
    columns
}

/// The mutual information of clusters and classes over the mean of their entropies (scikit-learn's `normalized_mutual_info_score`), 0 to
/// 1; 1 where both have one group only.
pub fn normalized_mutual_information(labels: &[u32], classes: &[u32]) -> f64 {
    let (table, rows, columns) = contingency(labels, classes);
    let n = labels.len() as f64;
    let of_rows: Vec<u64> = (0..rows).map(|i| table[i * columns..(i + 1) * columns].iter().sum()).collect();
    let of_columns: Vec<u64> = (0..columns).map(|j| table.iter().skip(j).step_by(columns).sum()).collect();
    let entropy = |counts: &[u64]| -> f64 {
        let shares = counts.iter().filter(|&&c| c > 0).map(|&c| c as f64 / n);
        -shares.map(|p| p * p.ln()).sum::<f64>()
    };
    let (of_labels, of_classes) = (entropy(&of_rows), entropy(&of_columns));
    if of_labels + of_classes == 0.0 {
        return 1.0;
    }
    let mut mutual = 0.0;
    for (at, &met) in table.iter().enumerate().filter(|(_, met)| **met > 0) {
        let expected = of_rows[at / columns] as f64 * of_columns[at % columns] as f64 / n;
        mutual += met as f64 / n * (met as f64 / expected).ln();
    }
    (mutual / ((of_labels + of_classes) / 2.0)).clamp(0.0, 1.0)
}

/// The mean silhouette, -1 to 1: (b - a) / max(a, b), where a is a sample's mean distance from the others of its cluster and b that
/// from the nearest other cluster (Rousseeuw 1987); 0 where it is alone. Over `sample` of the rows drawn by `rng`, or over
/// all where there are no more.
///
/// # Errors
/// [`Error::Config`] where there are not at least two clusters and a label for every row.
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
    let mean = rows::means(&x);
    let centered = rows::fill(&x, d, |x, out| {
        out.iter_mut().zip(x).enumerate().for_each(|(at, (out, x))| *out = x - mean[at % d] as f32);
    })?;
    let norms: Vec<f32> = centered.iter().map(|x| dot(x, x)).collect();
    let parts = rows::blocks(&centered, BLOCK, |first, block| {
        let b = block.len() / d;
        let mut sums = vec![0f64; b * k];
        let mut scratch = vec![0.0; b * BLOCK];
        for (at, others) in centered.values().chunks(BLOCK * d).enumerate() {
            let m = others.len() / d;
            products(block, others, d, &mut scratch[..b * m]);
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
    });
    Ok(parts.iter().sum::<f64>() / n as f64)
}

/// From the sums of distances from each cluster.
fn one_silhouette(sums: &[f64], counts: &[u32], own: usize) -> f64 {
    if counts[own] < 2 {
        return 0.0;
    }
    let a = sums[own] / f64::from(counts[own] - 1);
    let others = (0..sums.len()).filter(|&j| j != own && counts[j] > 0);
    let b = others.map(|j| sums[j] / f64::from(counts[j])).fold(f64::INFINITY, f64::min);
    if a.max(b) > 0.0 { (b - a) / a.max(b) } else { 0.0 }
}

/// `count` rows and their labels, without repetition, in order.
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

    /// Known cases: the classic 3x3 of many textbooks costs 4 + 3 + 2... by hand over the six permutations.
    #[test]
    fn assignments_by_hand() {
        // 1 2 3 / 2 4 6 / 3 6 9: the least is 3 + 4 + 3 = 10.
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
        let of_classes = 3f64.ln() - 2.0 / 3.0 * 2f64.ln();
        let expected = of_classes / ((of_classes + 3f64.ln()) / 2.0);
        assert!((normalized_mutual_information(&labels, &classes) - expected).abs() < 1e-12);
        assert_eq!(normalized_mutual_information(&[0, 0], &[0, 0]), 1.0);
        assert!(normalized_mutual_information(&[0, 0, 1, 1], &[0, 1, 0, 1]) < 1e-12);
    }

    #[test]
    fn silhouettes_by_hand() {
        // 0, 1 | 5: a = 1, b = 5 and 4 for the first two; the third is alone.
        let x = Samples::new(vec![100.0, 101.0, 105.0], 1).unwrap();
        let found = silhouette(&x, &[0, 0, 1], 9, &mut rng()).unwrap();
        assert!((found - (0.8 + 0.75) / 3.0).abs() < 1e-5, "{found}");
        assert!(silhouette(&x, &[1, 1, 1], 9, &mut rng()).is_err());
        assert!(silhouette(&x, &[1, 1], 9, &mut rng()).is_err());
        let x = Samples::new((0..600).map(|i| (i % 2 * 50 + i / 200) as f32).collect(), 1).unwrap();
        let labels: Vec<u32> = (0..600).map(|i| i % 2).collect();
        assert!(silhouette(&x, &labels, 100, &mut rng()).unwrap() > 0.9);
    }
}
