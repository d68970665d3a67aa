//! Growth of a decision tree, depth first.
//!
//! The samples of a node are sorted by the codes of each candidate feature, and a sweep moves them from the right side
//! of a split to the left. A node whose codes fit into the cache gets a table of its own, in which its whole subtree is
//! grown.

use freewheel_core::Stream;

use super::Config;
use super::codes::{Code, CodeTable, Coded, Codes, TILE};
use super::criterion::{Criterion, Purity};
use super::nodes::Nodes;

/// Bytes of the table of a subtree.
const LOCAL_BYTES: usize = 1 << 19;
/// Maximum number of codes per sample for which counting is faster than sorting.
const COUNTED: usize = 4;

/// Node that is still to be split: range of its samples, depth and index, and how many of [`Grower::constants`] are
/// constant in it.
struct Pending {
    from: usize,
    to: usize,
    depth: u32,
    node: usize,
    constants: usize,
}

/// Candidate split.
#[derive(Clone, Copy)]
struct Split {
    feature: usize,
    /// Largest code of the left side, and the smallest of the right.
    codes: [usize; 2],
    purity: Purity,
}

/// Codes by column `[D, N]` of the samples 0, 1, ... of a subtree.
struct View<'a, B> {
    columns: &'a [B],
    rows: usize,
    /// Whether it is the table of a subtree.
    local: bool,
}

impl<B> View<'_, B> {
    fn column(&self, feature: usize) -> &[B] {
        &self.columns[feature * self.rows..][..self.rows]
    }
}

/// Settings, result and buffers of the growth.
struct Grower<'a, B, C: Criterion> {
    config: &'a Config,
    coded: &'a Coded,
    table: &'a CodeTable<B>,
    rng: &'a mut Stream,
    nodes: Nodes,
    leaves: Vec<C::Leaf>,
    n_leaves: usize,
    n_candidates: usize,
    /// All features; those that are constant in the current node come first.
    features: Vec<u32>,
    /// Features that are constant in a node and hence in its subtree, in the order in which they were found.
    constants: Vec<u32>,
    gathered: Vec<B>,
    counts: Vec<u32>,
    /// Sorted samples, as code and index.
    keys: Vec<u64>,
    sums: Vec<C::Number>,
    right: Vec<u32>,
    local: Vec<B>,
}

/// Grows a decision tree on the `samples`, in ascending order; returns its nodes and the numbers of its leaves.
pub(in super::super) fn grow<C: Criterion>(
    config: &Config,
    coded: &Coded,
    criterion: C,
    samples: Vec<u32>,
    rng: &mut Stream,
) -> (Nodes, Vec<C::Leaf>) {
    match &coded.codes {
        Codes::U8(table) => grow_on(config, coded, table, criterion, samples, rng),
        Codes::U16(table) => grow_on(config, coded, table, criterion, samples, rng),
        Codes::U32(table) => grow_on(config, coded, table, criterion, samples, rng),
    }
}

fn grow_on<B: Code, C: Criterion>(
    config: &Config,
    coded: &Coded,
    table: &CodeTable<B>,
    mut criterion: C,
    mut samples: Vec<u32>,
    rng: &mut Stream,
) -> (Nodes, Vec<C::Leaf>) {
    let d = coded.values.len();
    let mut grower = Grower {
        config,
        coded,
        table,
        rng,
        nodes: Nodes::root(d),
        leaves: Vec::new(),
        n_leaves: 0,
        n_candidates: config.n_candidates(d),
        features: (0..d as u32).collect(),
        constants: vec![0; d],
        gathered: Vec::new(),
        counts: Vec::new(),
        keys: Vec::new(),
        sums: Vec::new(),
        right: Vec::new(),
        local: Vec::new(),
    };
    let root = Pending { from: 0, to: samples.len(), depth: 0, node: 0, constants: 0 };
    let view = View { columns: &table.by_column, rows: table.rows, local: false };
    grower.grow(&view, &mut criterion, &mut samples, root);
    (grower.nodes, grower.leaves)
}

impl<B: Code, C: Criterion> Grower<'_, B, C> {
    /// Grows the subtree of the node `start`, with the `samples` of the `view`.
    fn grow(&mut self, view: &View<'_, B>, criterion: &mut C, samples: &mut [u32], start: Pending) {
        let mut pending = vec![start];
        while let Some(Pending { from, to, depth, node, constants }) = pending.pop() {
            let here = &mut samples[from..to];
            if self.fits_locally(view, here.len()) {
                let mut own: Vec<u32> = (0..here.len() as u32).collect();
                let mut selected = criterion.select(here);
                let local = self.local_table(here);
                let own_view = View { columns: &local, rows: here.len(), local: true };
                let start = Pending { from: 0, to: here.len(), depth, node, constants };
                self.grow(&own_view, &mut selected, &mut own, start);
                self.local = local;
                continue;
            }
            let min = self.config.min_samples_leaf as usize;
            let at_max_depth = self.config.max_depth > 0 && depth >= self.config.max_depth;
            let equal = criterion.start_node(here);
            let (split, constants) = match equal || at_max_depth || here.len() / 2 < min {
                true => (None, constants),
                false => self.best_split(view, criterion, here, constants),
            };
            let Some(split) = split else {
                criterion.push_leaf(&mut self.leaves);
                self.nodes.set_leaf(node, self.n_leaves);
                self.n_leaves += 1;
                continue;
            };
            let middle = from + self.partition(view.column(split.feature), here, B::of(split.codes[0]));
            let left =
                self.nodes.split(node, split.feature, self.coded.threshold(split.feature, split.codes));
            let depth = depth + 1;
            pending.push(Pending { from: middle, to, depth, node: left + 1, constants });
            pending.push(Pending { from, to: middle, depth, node: left, constants });
        }
    }

    /// Whether the subtree of a node with `n` samples is grown faster in a table of its own: one that fits into the
    /// cache, and of which the subtree uses a large part.
    fn fits_locally(&self, view: &View<'_, B>, n: usize) -> bool {
        let d = self.features.len();
        let used = self.n_candidates * (n.max(1).ilog2() as usize + 1);
        !view.local && view.rows > n && n >= 4 && n * d * size_of::<B>() <= LOCAL_BYTES && 8 * used >= d
    }

    /// Codes by column of the `samples`.
    fn local_table(&mut self, samples: &[u32]) -> Vec<B> {
        let (n, d) = (samples.len(), self.features.len());
        let mut local = std::mem::take(&mut self.local);
        local.clear();
        local.resize(n * d, B::default());
        for (tile, columns) in local.chunks_mut(n * TILE).enumerate() {
            for (j, &i) in samples.iter().enumerate() {
                let row = &self.table.by_row[i as usize * d..][..d];
                let codes = &row[tile * TILE..d.min((tile + 1) * TILE)];
                columns.iter_mut().skip(j).step_by(n).zip(codes).for_each(|(to, &code)| *to = code);
            }
        }
        local
    }

    /// Moves the samples with a code of at most `code` to the front of `samples`, in their order; returns their number.
    fn partition(&mut self, column: &[B], samples: &mut [u32], code: B) -> usize {
        let mut left = 0;
        self.right.clear();
        for at in 0..samples.len() {
            let sample = samples[at];
            match column[sample as usize] <= code {
                true => {
                    samples[left] = sample;
                    left += 1;
                }
                false => self.right.push(sample),
            }
        }
        samples[left..].copy_from_slice(&self.right);
        left
    }

    /// Best split of `samples`, and the number of features that are known to be constant in them, of which the first
    /// `known` are constant in the parent. Candidate features are drawn at random until there are enough of them and at
    /// least one is not constant (as in scikit-learn). Without a draw the feature with the smallest index is chosen on
    /// ties.
    fn best_split(
        &mut self,
        view: &View<'_, B>,
        criterion: &mut C,
        samples: &[u32],
        known: usize,
    ) -> (Option<Split>, usize) {
        let d = self.features.len();
        let all = self.n_candidates == d;
        let mut best: Option<Split> = None;
        let (mut visited, mut drawn_constants, mut found, mut end) = (0, 0, 0, d);
        while end > known + found && (visited < self.n_candidates || visited <= found + drawn_constants) {
            visited += 1;
            let mut at = match all {
                true => known,
                false => drawn_constants + self.rng.below((end - found - drawn_constants) as u32) as usize,
            };
            if at < known {
                self.features.swap(drawn_constants, at);
                drawn_constants += 1;
                continue;
            }
            at += found;
            let feature = self.features[at] as usize;
            match self.best_of_feature(view.column(feature), criterion, samples) {
                None => {
                    self.features.swap(at, known + found);
                    found += 1;
                }
                Some((codes, purity)) => {
                    end -= 1;
                    self.features.swap(at, end);
                    let is_better = |best: &Split| {
                        let tie = all && feature < best.feature && !best.purity.exceeds(purity);
                        purity.exceeds(best.purity) || tie
                    };
                    if let Some(codes) = codes
                        && best.as_ref().is_none_or(is_better)
                    {
                        best = Some(Split { feature, codes, purity });
                    }
                }
            }
        }
        // The siblings and the children find the constant features of this node in their places.
        self.features[..known].copy_from_slice(&self.constants[..known]);
        self.constants[known..known + found].copy_from_slice(&self.features[known..known + found]);
        (best, known + found)
    }

    /// Codes beside the best split of `samples` by one feature, if one leaves enough samples on both sides, and its
    /// purity; `None` if the feature is constant.
    fn best_of_feature(
        &mut self,
        column: &[B],
        criterion: &mut C,
        samples: &[u32],
    ) -> Option<(Option<[usize; 2]>, Purity)> {
        self.gathered.clear();
        self.gathered.extend(samples.iter().map(|&i| column[i as usize]));
        let low = self.gathered.iter().copied().fold(self.gathered[0], B::min);
        let high = self.gathered.iter().copied().fold(low, B::max);
        if low == high {
            return None;
        }
        let (n, low, codes) = (samples.len(), low.index(), high.index() - low.index() + 1);
        if codes * criterion.n_numbers() <= n {
            return Some(self.sweep_counts(criterion, samples, low, codes));
        }
        self.sort(samples, low, codes);
        Some(self.sweep_samples(criterion))
    }

    /// Sorts the `samples` with the codes [`Grower::gathered`], which are `codes` numbers from `low`, into
    /// [`Grower::keys`].
    fn sort(&mut self, samples: &[u32], low: usize, codes: usize) {
        let key = |code: &B, i: u32| (code.index() as u64) << 32 | u64::from(i);
        if codes > COUNTED * samples.len() {
            self.keys.clear();
            self.keys.extend(self.gathered.iter().zip(samples).map(|(code, &i)| key(code, i)));
            self.keys.sort_unstable();
            return;
        }
        self.counts.clear();
        self.counts.resize(codes + 1, 0);
        self.gathered.iter().for_each(|code| self.counts[code.index() - low + 1] += 1);
        let mut sum = 0;
        self.counts.iter_mut().for_each(|count| {
            sum += *count;
            *count = sum;
        });
        self.keys.resize(samples.len(), 0);
        for (code, &i) in self.gathered.iter().zip(samples) {
            let at = &mut self.counts[code.index() - low];
            self.keys[*at as usize] = key(code, i);
            *at += 1;
        }
    }

    /// Best split of the sorted [`Grower::keys`].
    fn sweep_samples(&self, criterion: &mut C) -> (Option<[usize; 2]>, Purity) {
        let (n, min) = (self.keys.len(), self.config.min_samples_leaf as usize);
        let (mut best, mut purity) = (None, Purity::LEAST);
        criterion.start_sweep();
        let mut last = self.keys[0] >> 32;
        for (at, key) in self.keys.iter().enumerate() {
            let code = key >> 32;
            if code != last {
                if at >= min && n - at >= min {
                    let found = criterion.purity();
                    if found.exceeds(purity) {
                        (best, purity) = (Some([last as usize, code as usize]), found);
                    }
                }
                last = code;
            }
            criterion.move_sample((key & u64::from(u32::MAX)) as usize);
        }
        (best, purity)
    }

    /// Best split of `samples` with few `codes`, counted from `low`: their targets are first summed for each code.
    fn sweep_counts(
        &mut self,
        criterion: &mut C,
        samples: &[u32],
        low: usize,
        codes: usize,
    ) -> (Option<[usize; 2]>, Purity) {
        let (k, min) = (criterion.n_numbers(), self.config.min_samples_leaf as usize);
        self.counts.clear();
        self.counts.resize(codes, 0);
        self.sums.clear();
        self.sums.resize(codes * k, C::Number::default());
        for (code, &i) in self.gathered.iter().zip(samples) {
            let code = code.index() - low;
            self.counts[code] += 1;
            criterion.add_to(&mut self.sums[code * k..(code + 1) * k], i as usize);
        }
        let (mut best, mut purity) = (None, Purity::LEAST);
        criterion.start_sweep();
        let (mut last, mut at) = (0, 0);
        for (code, &count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            if at > 0 && at >= min && samples.len() - at >= min {
                let found = criterion.purity();
                if found.exceeds(purity) {
                    (best, purity) = (Some([low + last, low + code]), found);
                }
            }
            criterion.move_sum(&self.sums[code * k..(code + 1) * k]);
            last = code;
            at += count as usize;
        }
        (best, purity)
    }
}
