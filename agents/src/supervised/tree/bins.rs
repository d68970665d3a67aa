//! Features of a decision tree as bin indices: one bin per value for a feature with at most 256 values, otherwise 256
//! bins of about equally many samples.

use crate::Samples;
use freewheel_core::Result;
use rayon::prelude::*;

/// Maximum number of bins of a feature.
pub(in super::super) const MAX_BINS: usize = 256;

/// Bins of one feature, for all samples.
pub(in super::super) struct FeatureBins {
    /// Bin index of every sample, `[N]`.
    pub(super) bin: Vec<u8>,
    /// Smallest and largest value of each bin, in ascending order.
    range: Vec<(f64, f64)>,
}

/// Bins of all features.
pub(in super::super) struct Bins {
    pub(super) features: Vec<FeatureBins>,
}

impl Bins {
    /// Bins of the samples `x [N, D]`.
    pub(in super::super) fn new(x: &Samples) -> Result<Self> {
        super::check_count(x.rows())?;
        let features = (0..x.width()).into_par_iter();
        Ok(Bins {
            features: features.map(|c| FeatureBins::new(x.iter().map(|row| row[c]).collect())).collect(),
        })
    }
}

impl FeatureBins {
    fn new(values: Vec<f64>) -> Self {
        let range = match distinct(&values) {
            Some(few) => few.into_iter().map(|value| (value, value)).collect(),
            None => quantiles(&values),
        };
        let bin = values.iter().map(|x| range.partition_point(|&(_, most)| most < *x) as u8).collect();
        FeatureBins { bin, range }
    }

    /// Number of bins of the feature.
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// Threshold midway between the bins `lower` and `upper`: at least the values in `lower` and below the values in
    /// `upper`.
    pub(super) fn threshold(&self, lower: usize, upper: usize) -> f64 {
        let (low, high) = (self.range[lower].1, self.range[upper].0);
        let middle = low / 2.0 + high / 2.0;
        if middle >= high { low } else { middle }
    }
}

/// Distinct values in ascending order; `None` if there are more than [`MAX_BINS`] values.
fn distinct(values: &[f64]) -> Option<Vec<f64>> {
    let mut found: Vec<f64> = Vec::with_capacity(MAX_BINS);
    let mut last = f64::NAN;
    for &value in values {
        if value == last {
            continue;
        }
        last = value;
        let at = found.partition_point(|&other| other < value);
        if found.get(at) != Some(&value) {
            if found.len() == MAX_BINS {
                return None;
            }
            found.insert(at, value);
        }
    }
    Some(found)
}

/// Ranges of bins of about equally many samples (quantiles); equal values share a bin.
fn quantiles(values: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut bins: Vec<(f64, f64)> = Vec::with_capacity(MAX_BINS);
    let mut from = 0;
    while from < sorted.len() {
        let left = MAX_BINS - bins.len();
        let to = from + (sorted.len() - from).div_ceil(left) - 1;
        let most = sorted[to];
        bins.push((sorted[from], most));
        from = sorted.partition_point(|&x| x <= most);
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each() {
        let feature = FeatureBins::new(vec![3.0, 1.0, 3.0, 2.0]);
        assert_eq!((&feature.bin[..], feature.len()), (&[2, 0, 2, 1][..], 3));
        assert_eq!(feature.threshold(0, 1), 1.5);
        let close = FeatureBins::new(vec![1.0, 1.0f64.next_up()]);
        assert_eq!(close.threshold(0, 1), 1.0);
    }

    #[test]
    fn many_values_share_bins_of_one_size() {
        let feature = FeatureBins::new((0..2560).map(|i| ((i * 37) % 2560) as f64).collect());
        assert_eq!(feature.len(), 256);
        let mut counts = [0; 256];
        feature.bin.iter().for_each(|&b| counts[usize::from(b)] += 1);
        assert!(counts.iter().all(|&count| count == 10));
        assert_eq!(feature.threshold(0, 1), 9.5);
        // Half of the values are 0: these fill one bin, and the feature has at most 256 bins.
        let feature = FeatureBins::new((0..4000).map(|i| if i % 2 == 0 { 0.0 } else { i as f64 }).collect());
        assert!(feature.len() <= 256 && feature.len() > 120);
        let zero = feature.bin[0];
        assert!(feature.bin.iter().step_by(2).all(|&b| b == zero));
    }
}
