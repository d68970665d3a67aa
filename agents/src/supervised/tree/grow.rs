//! Growth of a decision tree, depth first.

use freewheel_core::Stream;

use super::bins::{Bins, FeatureBins, MAX_BINS};
use super::{Config, LEAF, Node, Tree};

/// Maximum number of samples for which sorting is faster than counting per bin.
const MAX_SORTED: usize = 48;

/// Node that is still to be split: range of its samples, depth and index.
struct PendingNode {
    from: usize,
    to: usize,
    depth: u32,
    node: usize,
}

/// Candidate split and its purity, the sum of `sum_c n_c^2 / n` over both sides, with n samples and n_c of class c on a
/// side; a larger value is purer.
#[derive(Clone, Copy)]
struct Split {
    feature: usize,
    /// Last bin of the left side, and the next bin with samples.
    bins: [usize; 2],
    purity: f64,
}

/// Inputs and buffers of the growth.
struct Grower<'a> {
    config: &'a Config,
    bins: &'a Bins,
    labels: &'a [u32],
    /// Weight of each sample, `[N]`.
    weights: &'a [u32],
    n_classes: usize,
    /// Number of samples per bin and class; and, in `bin_counts`, per bin.
    counts: Vec<u32>,
    bin_counts: Vec<u32>,
    sorted: Vec<(u8, u32)>,
    left: Vec<u32>,
    right: Vec<u32>,
}

/// Grows a decision tree on the samples with a positive weight.
pub(in super::super) fn grow(
    config: &Config,
    bins: &Bins,
    labels: &[u32],
    n_classes: u32,
    weights: &[u32],
    rng: &mut Stream,
) -> Tree {
    let c = n_classes as usize;
    let mut grower = Grower {
        config,
        bins,
        labels,
        weights,
        n_classes: c,
        counts: vec![0; MAX_BINS * c],
        bin_counts: vec![0; MAX_BINS],
        sorted: Vec::new(),
        left: vec![0; c],
        right: vec![0; c],
    };
    let mut samples: Vec<u32> = (0..labels.len() as u32).filter(|&i| weights[i as usize] > 0).collect();
    let mut features: Vec<u32> = (0..bins.features.len() as u32).collect();
    let leaf = Node { feature: LEAF, threshold: 0.0, children: [0; 2] };
    let mut tree = Tree { nodes: vec![leaf], probabilities: Vec::new(), n_classes, width: features.len() };
    let mut pending = vec![PendingNode { from: 0, to: samples.len(), depth: 0, node: 0 }];
    while let Some(PendingNode { from, to, depth, node }) = pending.pop() {
        let here = &mut samples[from..to];
        let totals = grower.totals(here);
        let at_max_depth = config.max_depth > 0 && depth >= config.max_depth;
        let split = if at_max_depth { None } else { grower.best_split(here, &totals, &mut features, rng) };
        let Some(split) = split else {
            tree.nodes[node].children = [tree.leaves() as u32; 2];
            let all: u32 = totals.iter().sum();
            tree.probabilities.extend(totals.iter().map(|&n| n as f32 / all.max(1) as f32));
            continue;
        };
        let feature = &bins.features[split.feature];
        let middle = from + partition(here, feature, split.bins[0]);
        let children = tree.nodes.len();
        tree.nodes.extend([leaf; 2]);
        tree.nodes[node] = Node {
            feature: split.feature as u32,
            threshold: feature.threshold(split.bins[0], split.bins[1]),
            children: [children as u32, children as u32 + 1],
        };
        pending.push(PendingNode { from: middle, to, depth: depth + 1, node: children + 1 });
        pending.push(PendingNode { from, to: middle, depth: depth + 1, node: children });
    }
    tree
}

/// Moves the samples whose bin of `feature` is at most `bin` to the front of `samples`; returns their number.
fn partition(samples: &mut [u32], feature: &FeatureBins, bin: usize) -> usize {
    let mut middle = 0;
    for i in 0..samples.len() {
        if usize::from(feature.bin[samples[i] as usize]) <= bin {
            samples.swap(i, middle);
            middle += 1;
        }
    }
    middle
}

impl Grower<'_> {
    /// Weighted count of each class among `samples`, `[C]`.
    fn totals(&self, samples: &[u32]) -> Vec<u32> {
        let mut totals = vec![0; self.n_classes];
        for &i in samples {
            totals[self.labels[i as usize] as usize] += self.weights[i as usize];
        }
        totals
    }

    /// Best split of `samples`. Candidate features are drawn at random until there are enough of them and at least one
    /// is not constant.
    fn best_split(
        &mut self,
        samples: &[u32],
        totals: &[u32],
        features: &mut [u32],
        rng: &mut Stream,
    ) -> Option<Split> {
        if totals.iter().filter(|&&n| n > 0).count() < 2 {
            return None;
        }
        let n_candidates = self.config.n_candidates(features.len());
        let mut best_split: Option<Split> = None;
        let mut varies = false;
        for current in 0..features.len() {
            if current >= n_candidates && varies {
                break;
            }
            if n_candidates < features.len() {
                let drawn = current + rng.below((features.len() - current) as u32) as usize;
                features.swap(current, drawn);
            }
            let feature = features[current] as usize;
            if self.bins.features[feature].len() < 2 {
                continue;
            }
            let (found, has_two) = if samples.len() < MAX_SORTED {
                self.split_by_sorting(samples, totals, feature)
            } else {
                self.split_by_counting(samples, totals, feature)
            };
            varies |= has_two;
            if let Some(found) = found
                && best_split.is_none_or(|best_split| found.purity > best_split.purity)
            {
                best_split = Some(found);
            }
        }
        best_split
    }

    fn split_by_counting(
        &mut self,
        samples: &[u32],
        totals: &[u32],
        feature: usize,
    ) -> (Option<Split>, bool) {
        let (c, bins) = (self.n_classes, self.bins.features[feature].len());
        self.counts[..bins * c].fill(0);
        self.bin_counts[..bins].fill(0);
        let bin = &self.bins.features[feature].bin;
        for &i in samples {
            let (i, b) = (i as usize, usize::from(bin[i as usize]));
            self.counts[b * c + self.labels[i] as usize] += self.weights[i];
            self.bin_counts[b] += 1;
        }
        let mut sweep =
            Sweep::new(feature, totals, &mut self.left, &mut self.right, self.config.min_samples_leaf);
        for b in (0..bins).filter(|&b| self.bin_counts[b] > 0) {
            sweep.move_to(b);
            for (class, &n) in self.counts[b * c..(b + 1) * c].iter().enumerate() {
                if n > 0 {
                    sweep.move_left(class, n);
                }
            }
        }
        (sweep.best_split, sweep.varies)
    }

    fn split_by_sorting(&mut self, samples: &[u32], totals: &[u32], feature: usize) -> (Option<Split>, bool) {
        let bin = &self.bins.features[feature].bin;
        self.sorted.clear();
        self.sorted.extend(samples.iter().map(|&i| (bin[i as usize], i)));
        self.sorted.sort_unstable();
        let mut sweep =
            Sweep::new(feature, totals, &mut self.left, &mut self.right, self.config.min_samples_leaf);
        for &(b, i) in &self.sorted {
            sweep.move_to(usize::from(b));
            sweep.move_left(self.labels[i as usize] as usize, self.weights[i as usize]);
        }
        (sweep.best_split, sweep.varies)
    }
}

/// Search for the best split of one feature: a scan over its bins, from left to right.
struct Sweep<'a> {
    feature: usize,
    /// Weighted count of each class, `[C]`, on the left and on the right side.
    left: &'a mut [u32],
    right: &'a mut [u32],
    /// Weighted number of samples on each side; and, in `squares`, the sum of squared class counts of each side.
    count: [u64; 2],
    squares: [u64; 2],
    /// Minimum weighted number of samples on each side.
    min_samples: u64,
    current: Option<usize>,
    varies: bool,
    best_split: Option<Split>,
}

impl<'a> Sweep<'a> {
    fn new(
        feature: usize,
        totals: &[u32],
        left: &'a mut [u32],
        right: &'a mut [u32],
        min_samples: u32,
    ) -> Self {
        left.fill(0);
        right.copy_from_slice(totals);
        let each = totals.iter().map(|&n| u64::from(n));
        let (count, squares) = ([0, each.clone().sum()], [0, each.map(|n| n * n).sum()]);
        let min_samples = u64::from(min_samples);
        Sweep {
            feature,
            left,
            right,
            count,
            squares,
            min_samples,
            current: None,
            varies: false,
            best_split: None,
        }
    }

    /// Moves the scan to bin `b`; first evaluates the split between the previous bin and `b`.
    #[inline(always)]
    fn move_to(&mut self, b: usize) {
        let Some(before) = self.current.replace(b).filter(|&before| before != b) else { return };
        self.varies = true;
        let [left, right] = self.count;
        if left < self.min_samples || right < self.min_samples {
            return;
        }
        let purity = self.squares[0] as f64 / left as f64 + self.squares[1] as f64 / right as f64;
        if self.best_split.is_none_or(|best_split| purity > best_split.purity) {
            self.best_split = Some(Split { feature: self.feature, bins: [before, b], purity });
        }
    }

    /// Moves `n` samples of `class` from the right side to the left.
    #[inline(always)]
    fn move_left(&mut self, class: usize, n: u32) {
        let (left, right, k) = (u64::from(self.left[class]), u64::from(self.right[class]), u64::from(n));
        self.squares[0] += k * (2 * left + k);
        self.squares[1] -= k * (2 * right - k);
        self.left[class] += n;
        self.right[class] -= n;
        self.count[0] += k;
        self.count[1] -= k;
    }
}
