//! Purity of a split: Gini impurity for classes, squared error for numbers.

use std::borrow::Cow;

/// Purity of a split as a fraction; larger is purer. Fractions are compared without a division.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Purity {
    numerator: f64,
    denominator: f64,
}

impl Purity {
    /// Purity below that of every split.
    pub(super) const LEAST: Self = Purity { numerator: -1.0, denominator: 1.0 };

    /// Whether it is purer than `other`.
    #[inline(always)]
    pub(super) fn exceeds(self, other: Self) -> bool {
        self.numerator * other.denominator > other.numerator * self.denominator
    }
}

/// Targets of N samples with their weights, and the state of a sweep that moves the samples of a node from the right
/// side of a split to the left.
pub(in super::super) trait Criterion: Sized {
    /// Type of the K numbers in which targets are summed.
    type Number: Copy + Default;
    /// Type of the numbers of a leaf.
    type Leaf;
    /// K, the numbers of a sum of targets.
    fn n_numbers(&self) -> usize;
    /// Targets of the `samples`, which get the indices 0, 1, ...
    fn select(&self, samples: &[u32]) -> Self;
    /// Sums the targets of the `samples` of a node; returns whether they are all equal.
    fn start_node(&mut self, samples: &[u32]) -> bool;
    /// Appends the numbers of the node as a leaf.
    fn push_leaf(&self, leaves: &mut Vec<Self::Leaf>);
    /// Moves all samples to the right side.
    fn start_sweep(&mut self);
    /// Moves `sample` to the left side.
    fn move_sample(&mut self, sample: usize);
    /// Adds the target of `sample` to `sum [K]`.
    fn add_to(&self, sum: &mut [Self::Number], sample: usize);
    /// Moves samples with this `sum [K]` of targets to the left side.
    fn move_sum(&mut self, sum: &[Self::Number]);
    /// Purity of the split with at least one sample on each side.
    fn purity(&self) -> Purity;
}

/// Gini impurity: `n_left gini_left + n_right gini_right` is N minus the sum of `sum_c n_c^2 / n` over both sides.
pub(in super::super) struct Gini<'a> {
    labels: Cow<'a, [u32]>,
    weights: Cow<'a, [u32]>,
    /// Weighted count of each class in the node and on the left side, `[C]`.
    totals: Vec<u32>,
    left: Vec<u32>,
    /// Weighted number of samples, left and right; and the sum of squared class counts.
    counts: [u64; 2],
    squares: [u64; 2],
    total: u64,
    total_squares: u64,
}

impl<'a> Gini<'a> {
    /// Criterion for `labels [N]` below `n_classes` with the `weights [N]`.
    pub(in super::super) fn new(labels: &'a [u32], weights: &'a [u32], n_classes: u32) -> Self {
        Gini::of(Cow::Borrowed(labels), Cow::Borrowed(weights), n_classes as usize)
    }

    fn of(labels: Cow<'a, [u32]>, weights: Cow<'a, [u32]>, c: usize) -> Self {
        let (counts, squares) = ([0; 2], [0; 2]);
        let (totals, left) = (vec![0; c], vec![0; c]);
        Gini { labels, weights, totals, left, counts, squares, total: 0, total_squares: 0 }
    }

    #[inline(always)]
    fn move_count(&mut self, class: usize, count: u32) {
        let (k, left) = (u64::from(count), u64::from(self.left[class]));
        let right = u64::from(self.totals[class]) - left;
        self.squares[0] += k * (2 * left + k);
        self.squares[1] -= k * (2 * right - k);
        self.left[class] += count;
        self.counts[0] += k;
        self.counts[1] -= k;
    }
}

impl Criterion for Gini<'_> {
    type Number = u32;
    type Leaf = f32;

    fn n_numbers(&self) -> usize {
        self.totals.len()
    }

    fn select(&self, samples: &[u32]) -> Self {
        Gini::of(selected(&self.labels, samples, 1), selected(&self.weights, samples, 1), self.totals.len())
    }

    fn start_node(&mut self, samples: &[u32]) -> bool {
        self.totals.fill(0);
        for &i in samples {
            self.totals[self.labels[i as usize] as usize] += self.weights[i as usize];
        }
        let each = self.totals.iter().map(|&n| u64::from(n));
        (self.total, self.total_squares) = (each.clone().sum(), each.map(|n| n * n).sum());
        self.totals.iter().filter(|&&n| n > 0).count() < 2
    }

    fn push_leaf(&self, leaves: &mut Vec<f32>) {
        leaves.extend(self.totals.iter().map(|&n| n as f32 / self.total.max(1) as f32));
    }

    fn start_sweep(&mut self) {
        self.left.fill(0);
        (self.counts, self.squares) = ([0, self.total], [0, self.total_squares]);
    }

    #[inline(always)]
    fn move_sample(&mut self, sample: usize) {
        self.move_count(self.labels[sample] as usize, self.weights[sample]);
    }

    #[inline(always)]
    fn add_to(&self, sum: &mut [u32], sample: usize) {
        sum[self.labels[sample] as usize] += self.weights[sample];
    }

    fn move_sum(&mut self, sum: &[u32]) {
        for (class, &count) in sum.iter().enumerate() {
            if count > 0 {
                self.move_count(class, count);
            }
        }
    }

    #[inline(always)]
    fn purity(&self) -> Purity {
        let ([left, right], [squares_left, squares_right]) =
            (self.counts.map(|n| n as f64), self.squares.map(|n| n as f64));
        Purity { numerator: squares_left * right + squares_right * left, denominator: left * right }
    }
}

/// Squared error: with sums of targets L and -L of both sides about the mean of the node, the error decreases by
/// `L^2 n / (n_left n_right)`, summed over the outputs.
pub(in super::super) struct SquaredError<'a> {
    /// Targets `[N, T]`.
    y: Cow<'a, [f64]>,
    weights: Cow<'a, [u32]>,
    /// Mean of the node, `[T]`.
    mean: Vec<f64>,
    /// Sum over the left side of the deviations from the mean, `[T]`.
    left: Vec<f64>,
    total: f64,
    n_left: f64,
}

impl<'a> SquaredError<'a> {
    /// Criterion for the targets `y [N, outputs]` with the `weights [N]`.
    pub(in super::super) fn new(y: &'a [f64], weights: &'a [u32], outputs: usize) -> Self {
        SquaredError::of(Cow::Borrowed(y), Cow::Borrowed(weights), outputs)
    }

    fn of(y: Cow<'a, [f64]>, weights: Cow<'a, [u32]>, outputs: usize) -> Self {
        SquaredError {
            y,
            weights,
            mean: vec![0.0; outputs],
            left: vec![0.0; outputs],
            total: 0.0,
            n_left: 0.0,
        }
    }

    #[inline(always)]
    fn row(&self, sample: usize) -> &[f64] {
        &self.y[sample * self.mean.len()..][..self.mean.len()]
    }
}

impl Criterion for SquaredError<'_> {
    type Number = f64;
    type Leaf = f64;

    fn n_numbers(&self) -> usize {
        self.mean.len() + 1
    }

    fn select(&self, samples: &[u32]) -> Self {
        let t = self.mean.len();
        SquaredError::of(selected(&self.y, samples, t), selected(&self.weights, samples, 1), t)
    }

    fn start_node(&mut self, samples: &[u32]) -> bool {
        let Some((&first, rest)) = samples.split_first() else { return true };
        let t = self.mean.len();
        let first = &self.y[first as usize * t..][..t];
        self.total = samples.iter().map(|&i| f64::from(self.weights[i as usize])).sum();
        if rest.iter().all(|&i| self.row(i as usize) == first) {
            self.mean.copy_from_slice(first);
            return true;
        }
        self.mean.fill(0.0);
        for &i in samples {
            let weight = f64::from(self.weights[i as usize]);
            let y = &self.y[i as usize * t..][..t];
            self.mean.iter_mut().zip(y).for_each(|(sum, y)| *sum += weight * y);
        }
        self.mean.iter_mut().for_each(|sum| *sum /= self.total);
        false
    }

    fn push_leaf(&self, leaves: &mut Vec<f64>) {
        leaves.extend(&self.mean);
    }

    fn start_sweep(&mut self) {
        self.left.fill(0.0);
        self.n_left = 0.0;
    }

    #[inline(always)]
    fn move_sample(&mut self, sample: usize) {
        let (t, weight) = (self.mean.len(), f64::from(self.weights[sample]));
        let deviations = self.y[sample * t..][..t].iter().zip(&self.mean);
        self.left.iter_mut().zip(deviations).for_each(|(left, (y, mean))| *left += weight * (y - mean));
        self.n_left += weight;
    }

    #[inline(always)]
    fn add_to(&self, sum: &mut [f64], sample: usize) {
        let weight = f64::from(self.weights[sample]);
        let (last, sums) = (self.mean.len(), &mut *sum);
        for (sum, (y, mean)) in sums.iter_mut().zip(self.row(sample).iter().zip(&self.mean)) {
            *sum += weight * (y - mean);
        }
        sum[last] += weight;
    }

    #[inline(always)]
    fn move_sum(&mut self, sum: &[f64]) {
        self.left.iter_mut().zip(sum).for_each(|(left, sum)| *left += sum);
        self.n_left += sum[self.left.len()];
    }

    #[inline(always)]
    fn purity(&self) -> Purity {
        let numerator = self.left.iter().map(|left| left * left).sum();
        Purity { numerator, denominator: self.n_left * (self.total - self.n_left) }
    }
}

/// Rows of `values [N, width]` with the indices `samples`.
fn selected<'a, T: Copy>(values: &[T], samples: &[u32], width: usize) -> Cow<'a, [T]> {
    let rows = samples.iter().flat_map(|&i| &values[i as usize * width..][..width]);
    Cow::Owned(rows.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purities_by_hand() {
        // Classes 0, 0 | 1, 0 with weights 1, 2, 1, 1: 9 / 3 + 2 / 2.
        let mut gini = Gini::new(&[0, 0, 1, 0], &[1, 2, 1, 1], 2);
        assert!(!gini.start_node(&[0, 1, 2, 3]) && gini.start_node(&[0, 1, 3]));
        gini.start_node(&[0, 1, 2, 3]);
        gini.start_sweep();
        (0..2).for_each(|i| gini.move_sample(i));
        let found = gini.purity();
        assert_eq!(found.numerator / found.denominator, 4.0);
        // Numbers 1, 3 | 8 with weights 1, 1, 2: mean 5, L = -6.
        let mut error = SquaredError::new(&[1.0, 3.0, 8.0], &[1, 1, 2], 1);
        assert!(!error.start_node(&[0, 1, 2]));
        error.start_sweep();
        (0..2).for_each(|i| error.move_sample(i));
        let found = error.purity();
        assert_eq!((error.mean[0], found.numerator / found.denominator), (5.0, 9.0));
        let mut sum = [0.0; 2];
        (0..2).for_each(|i| error.add_to(&mut sum, i));
        assert_eq!(sum, [-6.0, 2.0]);
    }
}
