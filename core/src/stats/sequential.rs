//! Group-sequential permutation tests of several algorithms: seeds are added in groups until the question is decided.
//!
//! The test is that of AdaStop (Mathieu et al., *AdaStop: adaptive statistical testing for sound comparisons of Deep
//! RL agents*, TMLR 2024, <https://arxiv.org/abs/2306.10882>). At look k = 1..K every algorithm has k groups of runs.
//! The statistic of a pair is the sum over the groups and tasks of the difference of the two means. It is compared
//! with its values after permutations of the runs of the pair within each group and task. A pair is decided if its
//! statistic exceeds the boundary b_k of the largest statistic of the undecided pairs, where
//!
//! ```text
//! sum over j = 1..k of P(not above b_1..b_(j-1), above b_j)  <=  alpha k / K
//! ```
//!
//! so that over all looks and all pairs at most a share alpha of experiments has a wrong decision (family-wise error).
//! A decided pair leaves the comparison, and the boundary is computed again from the others (step-down).

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::{Purpose, Stream, Streams};

/// Design of a group-sequential comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Number of runs of each algorithm and task that are added for a look, at least 2.
    pub group: usize,
    /// Number K of looks, at least 1: the comparison ends after `group * looks` runs.
    pub looks: usize,
    /// Family-wise error: probability of at least one wrong decision if the algorithms are equally good.
    pub alpha: f64,
    /// Maximum number of permutations; all are enumerated where there are fewer.
    pub permutations: usize,
}

impl Default for Design {
    fn default() -> Self {
        Design { group: 5, looks: 5, alpha: 0.05, permutations: 10_000 }
    }
}

impl Design {
    /// Number of runs after which the comparison ends.
    pub fn most(&self) -> usize {
        self.group * self.looks
    }
}

/// Result of a comparison for a pair of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The first algorithm has the higher scores.
    Higher,
    /// The first algorithm has the lower scores.
    Lower,
    /// All looks have been made, and no difference was shown.
    NotShown,
    /// More runs may decide.
    Open,
}

/// Result of a pair of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Decision after the runs that there are.
    pub decision: Decision,
    /// Number of runs of each of the two algorithms at the last look of the pair; 0 before the first look.
    pub runs: usize,
}

/// Results of the `pairs` of algorithms. `scores[a][t]` are the scores of algorithm a in task t, in the order in which
/// the runs were made; runs after the last full group are not used, nor are those after the last look.
///
/// A pair takes part in look k if both its algorithms have k groups of runs in every task. A score of NaN counts as
/// the lowest score of the task. The result is a pure function of the arguments, whatever the number of threads.
///
/// ```
/// use freewheel_core::Streams;
/// use freewheel_core::stats::sequential::{Decision, Design, compare};
///
/// let scores = [vec![vec![9.0, 8.0, 9.5, 8.5, 9.2]], vec![vec![1.0, 2.0, 1.5, 2.5, 1.2]]];
/// let verdict = compare(&scores, &[(0, 1)], &Design::default(), Streams::new(0))[0];
/// assert_eq!((verdict.decision, verdict.runs), (Decision::Higher, 5));
/// ```
pub fn compare(
    scores: &[Vec<Vec<f64>>],
    pairs: &[(usize, usize)],
    design: &Design,
    streams: Streams,
) -> Vec<Verdict> {
    let scores = without_nan(scores);
    let groups = |a: usize| scores[a].iter().map(|task| task.len() / design.group.max(1)).min().unwrap_or(0);
    let mut test = Test::new(design, pairs.len());
    let mut rng = streams.stream(Purpose::Bootstrap, u64::MAX, 0);
    for look in 0..design.looks {
        let takes_part = |&pair: &usize| {
            let (a, b) = pairs[pair];
            groups(a).min(groups(b)) > look
        };
        let now: Vec<usize> = test.open().filter(takes_part).collect();
        if now.is_empty() {
            break;
        }
        test.extend(&now, &mut rng, |pair| {
            let (a, b) = pairs[pair];
            let block = |a: usize| -> Vec<&[f64]> {
                scores[a].iter().map(|task| &task[look * design.group..][..design.group]).collect()
            };
            block(a).into_iter().zip(block(b)).map(|(a, b)| [a, b].concat()).collect()
        });
        test.decide(now, look, design);
    }
    test.verdicts
}

/// Scores with the lowest number of a task in place of NaN.
fn without_nan(scores: &[Vec<Vec<f64>>]) -> Vec<Vec<Vec<f64>>> {
    let tasks = scores.iter().map(Vec::len).max().unwrap_or(0);
    let lowest = |t: usize| {
        let of_task = scores.iter().filter_map(|tasks| tasks.get(t)).flatten();
        of_task.copied().filter(|x| !x.is_nan()).fold(f64::INFINITY, f64::min)
    };
    let lowest: Vec<f64> = (0..tasks).map(lowest).map(|x| if x.is_finite() { x } else { 0.0 }).collect();
    let task = |(t, runs): (usize, &Vec<f64>)| -> Vec<f64> {
        runs.iter().map(|&x| if x.is_nan() { lowest[t] } else { x }).collect()
    };
    scores.iter().map(|tasks| tasks.iter().enumerate().map(task).collect()).collect()
}

/// State of a comparison between two looks.
struct Test {
    /// Size of a group.
    group: usize,
    /// Maximum number of permutations.
    most: usize,
    verdicts: Vec<Verdict>,
    /// Statistics `[pairs][P]` under the permutations that have not exceeded a boundary; the first permutation is the
    /// identity, whose statistic is the observed one.
    statistics: Vec<Vec<f64>>,
    /// Number of permutations that the P remaining ones are a part of.
    total: f64,
    /// Level spent in the looks before.
    spent: f64,
}

impl Test {
    fn new(design: &Design, pairs: usize) -> Self {
        Test {
            group: design.group,
            most: design.permutations.max(1),
            verdicts: vec![Verdict { decision: Decision::Open, runs: 0 }; pairs],
            statistics: vec![vec![0.0]; pairs],
            total: 1.0,
            spent: 0.0,
        }
    }

    /// Pairs without a decision.
    fn open(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.verdicts.len()).filter(|&pair| self.verdicts[pair].decision == Decision::Open)
    }

    /// Adds a group to the statistics of the pairs `now`. `block` gives, for each task, the runs of the first algorithm
    /// of a pair and then those of the second.
    fn extend(&mut self, now: &[usize], rng: &mut Stream, block: impl Fn(usize) -> Vec<Vec<f64>>) {
        let blocks: Vec<Vec<Vec<f64>>> = now.iter().map(|&pair| block(pair)).collect();
        let tasks = blocks.first().map_or(0, Vec::len);
        let before = self.statistics[now[0]].len();
        let all = (tasks == 1).then(|| combinations(2 * self.group, self.group, self.most)).flatten();
        // With several tasks there are as good as always too many permutations to enumerate.
        let all = all.filter(|all| self.total * (all.len() as f64) < self.most as f64);
        let identity: Vec<bool> = (0..2 * self.group).map(|i| i < self.group).collect();
        // For each new permutation: the permutation before that it continues, and its choice of runs in each task.
        let (parents, choices): (Vec<usize>, Vec<Vec<Vec<bool>>>) = match all {
            Some(all) => {
                self.total *= all.len() as f64;
                let each = all
                    .into_iter()
                    .flat_map(|choice| (0..before).map(move |parent| (parent, vec![choice.clone()])));
                each.unzip()
            }
            None => {
                let copies = (self.most as f64 / self.total).floor().max(1.0);
                self.total *= copies;
                let mut each = Vec::with_capacity(before * copies as usize);
                for parent in 0..before {
                    for copy in 0..copies as usize {
                        let choice = (0..tasks).map(|_| match (parent, copy) {
                            (0, 0) => identity.clone(),
                            _ => random_choice(&identity, rng),
                        });
                        each.push((parent, choice.collect()));
                    }
                }
                each.into_iter().unzip()
            }
        };
        for (&pair, block) in now.iter().zip(&blocks) {
            let old = std::mem::take(&mut self.statistics[pair]);
            self.statistics[pair] = parents
                .iter()
                .zip(&choices)
                .map(|(&parent, choice)| {
                    let differences = block.iter().zip(choice).map(|(runs, first)| difference(runs, first));
                    old[parent] + differences.sum::<f64>()
                })
                .collect();
        }
    }

    /// Decides the pairs `now` after the look number `look`, from 0, and drops the permutations above the boundary.
    fn decide(&mut self, mut now: Vec<usize>, look: usize, design: &Design) {
        let level = design.alpha * (look + 1) as f64 / design.looks as f64;
        let runs = (look + 1) * design.group;
        now.iter().for_each(|&pair| self.verdicts[pair].runs = runs);
        let (mut boundary, mut added) = (f64::INFINITY, 0.0);
        while let Some(&strongest) = now.iter().max_by(|&&a, &&b| {
            let observed = |pair: usize| self.statistics[pair][0].abs();
            observed(a).partial_cmp(&observed(b)).unwrap_or(Ordering::Equal)
        }) {
            (boundary, added) = self.boundary(&now, level);
            let observed = self.statistics[strongest][0];
            if observed.abs() <= boundary {
                break;
            }
            self.verdicts[strongest].decision =
                if observed > 0.0 { Decision::Higher } else { Decision::Lower };
            now.retain(|&pair| pair != strongest);
        }
        self.spent += added;
        let keep: Vec<bool> = self.largest(&now).iter().map(|largest| *largest <= boundary).collect();
        for &pair in &now {
            let mut keep = keep.iter();
            self.statistics[pair].retain(|_| keep.next().copied().unwrap_or(true));
            if look + 1 == design.looks {
                self.verdicts[pair].decision = Decision::NotShown;
            }
        }
    }

    /// Largest absolute statistic of the pairs `now` under each permutation.
    fn largest(&self, now: &[usize]) -> Vec<f64> {
        let permutations = now.first().map_or(0, |&pair| self.statistics[pair].len());
        (0..permutations)
            .map(|p| now.iter().map(|&pair| self.statistics[pair][p].abs()).fold(0.0, f64::max))
            .collect()
    }

    /// Boundary of the largest statistic of the pairs `now`, and the level that it spends. The boundary is infinite if
    /// there are too few permutations for the level.
    fn boundary(&self, now: &[usize], level: f64) -> (f64, f64) {
        let mut largest = self.largest(now);
        largest.sort_unstable_by(f64::total_cmp);
        let above = |i: usize| (largest.len() - 1 - i) as f64 / self.total;
        let admissible = (0..largest.len()).find(|&i| self.spent + above(i) <= level);
        admissible.map_or((f64::INFINITY, 0.0), |i| (largest[i], above(i)))
    }
}

/// Mean of the `runs` that are chosen as `first`, minus the mean of the others.
fn difference(runs: &[f64], first: &[bool]) -> f64 {
    let (mut one, mut other) = (0.0, 0.0);
    for (x, &first) in runs.iter().zip(first) {
        *(if first { &mut one } else { &mut other }) += x;
    }
    let n = (runs.len() / 2).max(1) as f64;
    one / n - other / n
}

/// All choices of `k` of `n`, the first one 0..k; `None` if there are more than `most`.
fn combinations(n: usize, k: usize, most: usize) -> Option<Vec<Vec<bool>>> {
    let count = (0..k).fold(1.0, |count, i| count * (n - i) as f64 / (i + 1) as f64);
    if count > most as f64 {
        return None;
    }
    let mut all = Vec::new();
    let mut chosen: Vec<usize> = (0..k).collect();
    loop {
        let mut choice = vec![false; n];
        chosen.iter().for_each(|&i| choice[i] = true);
        all.push(choice);
        // The last index that can move on, and all after it close behind.
        let Some(at) = (0..k).rev().find(|&at| chosen[at] < n - k + at) else { return Some(all) };
        chosen[at] += 1;
        (at + 1..k).for_each(|i| chosen[i] = chosen[i - 1] + 1);
    }
}

/// Random order of `choice` (Fisher & Yates).
fn random_choice(choice: &[bool], rng: &mut Stream) -> Vec<bool> {
    let mut choice = choice.to_vec();
    for i in (1..choice.len()).rev() {
        choice.swap(i, rng.below(i as u32 + 1) as usize);
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_task(scores: &[&[f64]]) -> Vec<Vec<Vec<f64>>> {
        scores.iter().map(|runs| vec![runs.to_vec()]).collect()
    }

    #[test]
    fn combinations_begin_with_the_identity() {
        let all = combinations(4, 2, 6).unwrap();
        assert_eq!(
            (all.len(), &all[0], &all[5]),
            (6, &vec![true, true, false, false], &vec![false, false, true, true])
        );
        assert_eq!(combinations(10, 5, 252).unwrap().len(), 252);
        assert!(combinations(10, 5, 251).is_none());
    }

    /// Two groups of two: of the 6 permutations, 2 have the largest statistic. One look at level 1/3 rejects if at most
    /// 2/6 of the permutations are above the boundary, which is the second largest statistic.
    #[test]
    fn a_test_by_hand() {
        let design = Design { group: 2, looks: 1, alpha: 1.0 / 3.0, permutations: 100 };
        let decide = |scores: &[&[f64]]| compare(&one_task(scores), &[(0, 1)], &design, Streams::new(0))[0];
        assert_eq!(decide(&[&[4.0, 3.0], &[2.0, 1.0]]).decision, Decision::Higher);
        assert_eq!(decide(&[&[1.0, 2.0], &[4.0, 3.0]]).decision, Decision::Lower);
        assert_eq!(decide(&[&[4.0, 2.0], &[3.0, 1.0]]).decision, Decision::NotShown);
        assert_eq!(decide(&[&[4.0], &[3.0, 1.0]]), Verdict { decision: Decision::Open, runs: 0 });
        // A level below 2/6 cannot be reached with two runs each.
        let strict = Design { alpha: 0.3, ..design };
        let scores = one_task(&[&[4.0, 3.0], &[2.0, 1.0]]);
        assert_eq!(compare(&scores, &[(0, 1)], &strict, Streams::new(0))[0].decision, Decision::NotShown);
    }

    #[test]
    fn later_groups_decide_what_the_first_cannot() {
        let design = Design { group: 2, looks: 3, alpha: 0.1, permutations: 1000 };
        let (high, low) = ([4.0, 3.0, 5.0, 3.5, 4.5, 3.2], [2.0, 1.0, 1.5, 0.5, 2.2, 1.1]);
        let decide =
            |n: usize| compare(&one_task(&[&high[..n], &low[..n]]), &[(0, 1)], &design, Streams::new(0))[0];
        // Shares of permutations at least as extreme: 2/6, 2/36, 2/216; levels .033, .067, .1.
        assert_eq!(decide(2), Verdict { decision: Decision::Open, runs: 2 });
        assert_eq!(decide(3), decide(2));
        assert_eq!(decide(4), Verdict { decision: Decision::Higher, runs: 4 });
        // Runs after the decision change nothing.
        assert_eq!(decide(6), decide(4));
    }

    #[test]
    fn nan_is_the_worst_score_and_equal_scores_are_no_difference() {
        let design = Design { group: 5, looks: 1, ..Design::default() };
        let nan = f64::NAN;
        let scores = one_task(&[&[5.0, 5.1, 5.2, 5.3, 5.4], &[nan, nan, 1.0, nan, 1.5], &[nan; 5]]);
        let verdicts = compare(&scores, &[(0, 1), (1, 2)], &design, Streams::new(0));
        assert_eq!(verdicts.map_decisions(), [Decision::Higher, Decision::NotShown]);
    }

    trait Decisions {
        fn map_decisions(&self) -> Vec<Decision>;
    }

    impl Decisions for Vec<Verdict> {
        fn map_decisions(&self) -> Vec<Decision> {
            self.iter().map(|verdict| verdict.decision).collect()
        }
    }
}
