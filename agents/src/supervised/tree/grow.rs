//! Growing a tree, depth first.

use freewheel_core::Stream;

use super::bins::{Bins, Column, MOST};
use super::{Config, LEAF, Node, Tree};

/// Below so many samples sorting them is quicker than counting bins.
const FEW: usize = 48;

/// A node to be grown: which samples, how deep, and which node it is.
struct Open {
    from: usize,
    to: usize,
    depth: u32,
    node: usize,
}

/// A question and how pure it leaves both sides: the sum of `sum_c n_c^2 / n`, the larger the purer.
#[derive(Clone, Copy)]
struct Split {
    column: usize,
    /// The last bin that goes left, and the next one that any sample is in.
    bins: [usize; 2],
    purity: f64,
}

/// Room and what never changes.
struct Grower<'a> {
    config: &'a Config,
    bins: &'a Bins,
    labels: &'a [u32],
    /// How often each sample counts, `[N]`.
    weights: &'a [u32],
    classes: usize,
    /// Samples of each bin and class, and of each bin.
    counts: Vec<u32>,
    in_bin: Vec<u32>,
    sorted: Vec<(u8, u32)>,
    left: Vec<u32>,
    right: Vec<u32>,
}

/// A tree for the samples whose weight is not 0.
pub(in super::super) fn grow(
    config: &Config,
    bins: &Bins,
    labels: &[u32],
    classes: u32,
    weights: &[u32],
    rng: &mut Stream,
) -> Tree {
    let c = classes as usize;
    let mut grower = Grower {
        config,
        bins,
        labels,
        weights,
        classes: c,
        counts: vec![0; MOST * c],
        in_bin: vec![0; MOST],
        sorted: Vec::new(),
        left: vec![0; c],
        right: vec![0; c],
    };
    let mut samples: Vec<u32> = (0..labels.len() as u32).filter(|&i| weights[i as usize] > 0).collect();
    let mut columns: Vec<u32> = (0..bins.columns.len() as u32).collect();
    let leaf = Node { column: LEAF, threshold: 0.0, next: [0; 2] };
    let mut tree = Tree { nodes: vec![leaf], shares: Vec::new(), classes, width: columns.len() };
    let mut open = vec![Open { from: 0, to: samples.len(), depth: 0, node: 0 }];
    while let Some(Open { from, to, depth, node }) = open.pop() {
        let here = &mut samples[from..to];
        let totals = grower.totals(here);
        let deep = config.max_depth > 0 && depth >= config.max_depth;
        let split = if deep { None } else { grower.best(here, &totals, &mut columns, rng) };
        let Some(split) = split else {
            tree.nodes[node].next = [tree.leaves() as u32; 2];
            let all: u32 = totals.iter().sum();
            tree.shares.extend(totals.iter().map(|&n| n as f32 / all.max(1) as f32));
            continue;
        };
        let column = &bins.columns[split.column];
        let middle = from + partition(here, column, split.bins[0]);
        let next = tree.nodes.len();
        tree.nodes.extend([leaf; 2]);
        tree.nodes[node] = Node {
            column: split.column as u32,
            threshold: column.threshold(split.bins[0], split.bins[1]),
            next: [next as u32, next as u32 + 1],
        };
        open.push(Open { from: middle, to, depth: depth + 1, node: next + 1 });
        open.push(Open { from, to: middle, depth: depth + 1, node: next });
    }
    tree
}

/// Puts the samples up to `bin` in front; how many they are.
fn partition(samples: &mut [u32], column: &Column, bin: usize) -> usize {
    let mut middle = 0;
    for i in 0..samples.len() {
        if usize::from(column.bin[samples[i] as usize]) <= bin {
            samples.swap(i, middle);
            middle += 1;
        }
    }
    middle
}

impl Grower<'_> {
    /// How often each class is among `samples`, `[C]`.
    fn totals(&self, samples: &[u32]) -> Vec<u32> {
        let mut totals = vec![0; self.classes];
        for &i in samples {
            totals[self.labels[i as usize] as usize] += self.weights[i as usize];
        }
        totals
    }

    /// The best question for `samples`, from columns that are drawn until enough of them, and one that varies, were looked at.
    fn best(
        &mut self,
        samples: &[u32],
        totals: &[u32],
        columns: &mut [u32],
        rng: &mut Stream,
    ) -> Option<Split> {
        if totals.iter().filter(|&&n| n > 0).count() < 2 {
            return None;
        }
        let tried = self.config.tried(columns.len());
        let mut best: Option<Split> = None;
        let mut varies = false;
        for at in 0..columns.len() {
            if at >= tried && varies {
                break;
            }
            if tried < columns.len() {
                let drawn = at + rng.below((columns.len() - at) as u32) as usize;
                columns.swap(at, drawn);
            }
            let column = columns[at] as usize;
            if self.bins.columns[column].len() < 2 {
                continue;
            }
            let (found, has_two) = if samples.len() < FEW {
                self.by_sorting(samples, totals, column)
            } else {
                self.by_counting(samples, totals, column)
            };
            varies |= has_two;
            if let Some(found) = found
                && best.is_none_or(|best| found.purity > best.purity)
            {
                best = Some(found);
            }
        }
        best
    }

    fn by_counting(&mut self, samples: &[u32], totals: &[u32], column: usize) -> (Option<Split>, bool) {
        let (c, bins) = (self.classes, self.bins.columns[column].len());
        self.counts[..bins * c].fill(0);
        self.in_bin[..bins].fill(0);
        let bin = &self.bins.columns[column].bin;
        for &i in samples {
            let (i, b) = (i as usize, usize::from(bin[i as usize]));
            self.counts[b * c + self.labels[i] as usize] += self.weights[i];
            self.in_bin[b] += 1;
        }
        let mut sweep =
            Sweep::new(column, totals, &mut self.left, &mut self.right, self.config.min_samples_leaf);
        for b in (0..bins).filter(|&b| self.in_bin[b] > 0) {
            sweep.reach(b);
            for (class, &n) in self.counts[b * c..(b + 1) * c].iter().enumerate() {
                if n > 0 {
                    sweep.take(class, n);
                }
            }
        }
        (sweep.best, sweep.varies)
    }

    fn by_sorting(&mut self, samples: &[u32], totals: &[u32], column: usize) -> (Option<Split>, bool) {
        let bin = &self.bins.columns[column].bin;
        self.sorted.clear();
        self.sorted.extend(samples.iter().map(|&i| (bin[i as usize], i)));
        self.sorted.sort_unstable();
        let mut sweep =
            Sweep::new(column, totals, &mut self.left, &mut self.right, self.config.min_samples_leaf);
        for &(b, i) in &self.sorted {
            sweep.reach(usize::from(b));
            sweep.take(self.labels[i as usize] as usize, self.weights[i as usize]);
        }
        (sweep.best, sweep.varies)
    }
}

/// From left to right through the bins that any sample is in.
struct Sweep<'a> {
    column: usize,
    /// How often each class is on either side, `[C]`.
    left: &'a mut [u32],
    right: &'a mut [u32],
    /// How many there are, and the sums of the classes' squares.
    count: [u64; 2],
    squares: [u64; 2],
    /// Fewest on either side.
    fewest: u64,
    at: Option<usize>,
    varies: bool,
    best: Option<Split>,
}

impl<'a> Sweep<'a> {
    fn new(column: usize, totals: &[u32], left: &'a mut [u32], right: &'a mut [u32], fewest: u32) -> Self {
        left.fill(0);
        right.copy_from_slice(totals);
        let each = totals.iter().map(|&n| u64::from(n));
        let (count, squares) = ([0, each.clone().sum()], [0, each.map(|n| n * n).sum()]);
        let fewest = u64::from(fewest);
        Sweep { column, left, right, count, squares, fewest, at: None, varies: false, best: None }
    }

    /// Comes to bin `b`: what lies before it may be the left side.
    #[inline(always)]
    fn reach(&mut self, b: usize) {
        let Some(before) = self.at.replace(b).filter(|&before| before != b) else { return };
        self.varies = true;
        let [left, right] = self.count;
        if left < self.fewest || right < self.fewest {
            return;
        }
        let purity = self.squares[0] as f64 / left as f64 + self.squares[1] as f64 / right as f64;
        if self.best.is_none_or(|best| purity > best.purity) {
            self.best = Some(Split { column: self.column, bins: [before, b], purity });
        }
    }

    /// `n` of `class` go from right to left.
    #[inline(always)]
    fn take(&mut self, class: usize, n: u32) {
        let (left, right, k) = (u64::from(self.left[class]), u64::from(self.right[class]), u64::from(n));
        self.squares[0] += k * (2 * left + k);
        self.squares[1] -= k * (2 * right - k);
        self.left[class] += n;
        self.right[class] -= n;
        self.count[0] += k;
        self.count[1] -= k;
    }
}
