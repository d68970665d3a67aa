//! [`DemonstrationSet`]: the demonstrations of one world, filtered, merged, split and verified.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::{Demonstration, Keep, WorldHeader};
use crate::{DynWorld, Error, Purpose, Result, Streams};

/// Demonstrations of one world.
#[derive(Clone, Debug, PartialEq)]
pub struct DemonstrationSet {
    /// World of the episodes.
    pub header: WorldHeader,
    /// Episodes, in the order in which they were recorded.
    pub episodes: Vec<Demonstration>,
}

impl DemonstrationSet {
    /// Number of steps of all episodes.
    pub fn steps(&self) -> usize {
        self.episodes.iter().map(Demonstration::len).sum()
    }

    /// Numbers of the episodes that `keep` chooses, ascending.
    pub fn kept(&self, keep: Keep) -> Vec<usize> {
        let all = 0..self.episodes.len();
        match keep {
            Keep::MinReturn(least) => all.filter(|&i| self.episodes[i].episode_return >= least).collect(),
            Keep::Source(source) => all.filter(|&i| self.episodes[i].label.source == source).collect(),
            Keep::Top(share) => {
                // An undefined score, such as the lap time of an unfinished lap, is the worst.
                let quality = |i: usize| match self.episodes[i].score {
                    score if score.is_nan() => f64::NEG_INFINITY,
                    score if self.header.lower_is_better => -score,
                    score => score,
                };
                let mut ranked: Vec<usize> = all.collect();
                ranked.sort_by(|&a, &b| quality(b).total_cmp(&quality(a)).then(a.cmp(&b)));
                // A share such as 0.2 of 10 is 2, although 0.2 * 10 may be slightly more.
                let count = (share * ranked.len() as f64 - 1e-9).ceil().max(1.0) as usize;
                ranked.truncate(count);
                ranked.sort_unstable();
                ranked
            }
        }
    }

    /// Set of the episodes with these numbers.
    ///
    /// # Panics
    /// Never: numbers out of range are left out.
    #[must_use]
    pub fn select(&self, numbers: &[usize]) -> DemonstrationSet {
        let episodes = numbers.iter().filter_map(|&i| self.episodes.get(i).cloned()).collect();
        DemonstrationSet { header: self.header.clone(), episodes }
    }

    /// Splits the episodes into two sets, each in the recorded order: `share` of the episodes, drawn at random by
    /// `seed`, and the others. Whole episodes are drawn, so that no episode is in both sets.
    #[must_use]
    pub fn split(&self, share: f64, seed: u64) -> [DemonstrationSet; 2] {
        let count = (share * self.episodes.len() as f64).round() as usize;
        let mut order: Vec<usize> = (0..self.episodes.len()).collect();
        let mut rng = Streams::new(seed).stream(Purpose::Data, 0, 0);
        for i in (1..order.len()).rev() {
            order.swap(i, rng.below(i as u32 + 1) as usize);
        }
        let (first, second) = order.split_at(count.min(order.len()));
        [first, second].map(|part| {
            let mut part = part.to_vec();
            part.sort_unstable();
            self.select(&part)
        })
    }

    /// Appends the episodes of `other`.
    ///
    /// # Errors
    /// [`Error::Config`] if the worlds, versions, settings or spaces differ.
    pub fn merge(&mut self, other: DemonstrationSet) -> Result<()> {
        let (ours, theirs) = (&self.header, &other.header);
        if ours != theirs {
            let what = match () {
                () if ours.world != theirs.world => {
                    format!("worlds, `{}` and `{}`", ours.world, theirs.world)
                }
                () if ours.version != theirs.version => "versions of the world".into(),
                () if ours.settings != theirs.settings => "settings of the world".into(),
                () => "observations or actions".into(),
            };
            return Err(Error::Config(format!("these sets of demonstrations have different {what}")));
        }
        self.episodes.extend(other.episodes);
        Ok(())
    }

    /// Compares the header with `world`, and replays all episodes that have a seed; returns the number of those
    /// without. Episodes are replayed in parallel.
    ///
    /// # Errors
    /// [`Error::Mismatch`] with the first difference.
    pub fn verify(&self, world: &dyn DynWorld) -> Result<usize> {
        self.header.check(world.spec()).map_err(Error::Mismatch)?;
        let without = AtomicUsize::new(0);
        let faults: Vec<Option<String>> = self
            .episodes
            .par_iter()
            .map(|episode| match episode.origin {
                Some(_) => episode.verify(world).err(),
                None => {
                    without.fetch_add(1, Ordering::Relaxed);
                    None
                }
            })
            .collect();
        match faults.into_iter().enumerate().find_map(|(i, fault)| Some((i, fault?))) {
            Some((i, fault)) => Err(Error::Mismatch(format!("episode {i}: {fault}"))),
            None => Ok(without.into_inner()),
        }
    }
}
