//! Walk-forward folds: training bars before test bars, with an embargo between them.
//!
//! The bars with known features are cut into the blocks 1 to `folds + 1` of equal length. Fold k tests on block k + 1,
//! without its first `embargo` bars, and trains on the blocks before (with `rolling` only on the last one). M. López de
//! Prado, *Advances in Financial Machine Learning* (2018), chapters 7 and 12.

use std::ops::Range;

use freewheel_core::{Error, Result};

use super::features;
use super::settings::{FOLDS, Settings, Split};

/// Smallest number of test bars: an episode of one step.
const MIN_TEST: usize = 2;

/// Default number of steps of a training episode.
const LENGTH: usize = 252;

/// Training and test bars of one fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Training bars.
    pub train: Range<usize>,
    /// Test bars.
    pub test: Range<usize>,
}

impl Fold {
    /// Fold that `settings` selects, for a file of `bars` bars.
    ///
    /// # Errors
    /// [`Error::Config`] if there are too few bars for one episode.
    pub fn new(bars: usize, settings: &Settings) -> Result<Fold> {
        let lookback = features::lookback(settings);
        let embargo = settings.embargo.map_or(lookback, |embargo| embargo as usize);
        let usable = bars.saturating_sub(lookback) as u64;
        let cut = |folds: u32, fold: u32| {
            let (blocks, fold) = (u64::from(folds) + 1, u64::from(fold));
            let bound = |block: u64| lookback + (usable * block / blocks) as usize;
            let first = if settings.rolling { fold - 1 } else { 0 };
            let end = bound(fold + 1);
            Fold { train: bound(first)..bound(fold), test: (bound(fold) + embargo).min(end)..end }
        };
        let (folds, fold) = match (settings.folds, settings.fold) {
            (None, None) if cut(FOLDS, FOLDS).test.len() < MIN_TEST => (1, 1),
            (folds, fold) => {
                let folds = folds.unwrap_or(FOLDS);
                (folds, fold.unwrap_or(folds))
            }
        };
        let found = cut(folds, fold);
        let shortest = settings.length.map_or(MIN_TEST, |length| length as usize + 1);
        if found.train.len() < shortest {
            let length = settings.length.unwrap_or(1);
            return Err(Error::Config(format!(
                "fold {fold} of {folds} trains on {} of {bars} bars, and an episode of length {length} needs {shortest}; \
                 lower length or folds, shorten the features, or add bars",
                found.train.len(),
            )));
        }
        if found.test.len() < MIN_TEST {
            return Err(Error::Config(format!(
                "fold {fold} of {folds} has {} test bars after an embargo of {embargo} and needs {MIN_TEST}; lower \
                 embargo or folds, shorten the features, or add bars",
                found.test.len(),
            )));
        }
        Ok(found)
    }

    /// Bars at whose close an episode may start, and the steps of an episode.
    pub(super) fn episodes(&self, settings: &Settings) -> (Range<usize>, usize) {
        match settings.split {
            Split::Train => {
                let bars = self.train.len();
                let short = if bars > LENGTH { LENGTH } else { (bars / 2).max(1) };
                let length = settings.length.map_or(short, |length| length as usize);
                (self.train.start..self.train.end - length, length)
            }
            Split::Test => (self.test.start..self.test.start + 1, self.test.len() - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Training ends before the test by at least the embargo; by default no test feature depends on a training
        /// price; the tests of all folds are disjoint; no episode leaves its bars.
        #[test]
        fn folds_share_nothing(
            bars in 300usize..2000, folds in 1u32..6, pick: u32, rolling: bool,
            embargo in prop::option::of(0u32..40), length in 1u32..20, average in 2u32..40,
        ) {
            let fold = pick % folds + 1;
            let base = Settings {
                folds: Some(folds), fold: Some(fold), rolling, embargo, length: Some(length),
                returns: vec![1], volatility: vec![], momentum: vec![], rsi: vec![], average: vec![average],
                ..Settings::default()
            };
            let lookback = (average as usize - 1).max(1);
            let Ok(found) = Fold::new(bars, &base) else {
                let block = (bars - lookback) / (folds as usize + 1);
                prop_assert!(block <= length as usize + 1 || block <= 2 + embargo.map_or(lookback, |e| e as usize));
                return Ok(());
            };
            let Fold { train, test } = found.clone();
            prop_assert!(train.start >= lookback && train.end <= test.start && test.end <= bars);
            prop_assert_eq!(test.start - train.end, embargo.map_or(lookback, |e| e as usize));
            if embargo.is_none() {
                prop_assert!(test.start - lookback >= train.end);
            }
            if fold < folds {
                let next = Fold::new(bars, &Settings { fold: Some(fold + 1), ..base.clone() }).unwrap();
                prop_assert!(next.test.start >= test.end);
                prop_assert!(next.train.end == test.end);
                prop_assert_eq!(next.train.start == train.start, !rolling);
            } else {
                prop_assert_eq!(test.end, bars);
            }
            for (split, range) in [(Split::Train, train), (Split::Test, test)] {
                let (starts, steps) = found.episodes(&Settings { split, ..base.clone() });
                prop_assert!(!starts.is_empty() && starts.start == range.start && steps >= 1);
                prop_assert_eq!(starts.end - 1 + steps, range.end - 1);
            }
        }
    }

    #[test]
    fn the_greatest_numbers_are_refused() {
        let most = Settings {
            folds: Some(u32::MAX),
            fold: Some(u32::MAX),
            embargo: Some(u32::MAX),
            ..Settings::default()
        };
        assert!(Fold::new(2000, &most).is_err());
        assert!(Fold::new(2000, &Settings { length: Some(u32::MAX), ..Settings::default() }).is_err());
    }

    #[test]
    fn a_year_of_daily_bars_is_enough() {
        for bars in [250, 252, 260, 365] {
            let fold = Fold::new(bars, &Settings::default()).unwrap();
            let (starts, steps) = fold.episodes(&Settings::default());
            assert!(starts.len() >= 40 && steps >= 40 && fold.test.len() >= 30, "{bars}: {fold:?}");
        }
        // Files for which four folds suffice have them.
        assert_eq!(Fold::new(400, &Settings::default()).unwrap(), Fold { train: 60..332, test: 392..400 });
        let (starts, steps) = Fold::new(400, &Settings::default()).unwrap().episodes(&Settings::default());
        assert_eq!((starts, steps), (60..80, 252));
    }

    #[test]
    fn too_few_bars_are_refused_with_the_mend() {
        let refused = |bars, settings: &Settings| Fold::new(bars, settings).unwrap_err().to_string();
        let year = Settings { length: Some(252), ..Settings::default() };
        assert!(refused(252, &year).contains("lower length or folds"));
        assert!(refused(150, &Settings::default()).contains("shorten the features"));
        assert!(refused(10, &Settings::default()).contains("trains on 0 of 10 bars"));
        let long = Settings { embargo: Some(5000), ..Settings::default() };
        assert!(refused(2000, &long).contains("lower embargo"));
    }
}
