//! Samples column by column, each number as the index of its bin: one bin a value where a column has at most 256 of them,
//! else 256 of about equally many samples.

use freewheel_core::{Result, Samples};
use rayon::prelude::*;

/// Most bins of a column.
pub(in super::super) const MOST: usize = 256;

/// One column's bins.
pub(in super::super) struct Column {
    /// The bin of every sample, `[N]`.
    pub(super) bin: Vec<u8>,
    /// Least and largest value of each bin, ascending.
    range: Vec<(f32, f32)>,
}

/// All columns.
pub(in super::super) struct Bins {
    pub(super) columns: Vec<Column>,
}

impl Bins {
    /// Of `x [N, D]`.
    pub(in super::super) fn new(x: &Samples) -> Result<Self> {
        super::too_many(x.rows())?;
        let columns = (0..x.width()).into_par_iter();
        Ok(Bins { columns: columns.map(|c| Column::new(x.iter().map(|row| row[c]).collect())).collect() })
    }
}

impl Column {
    fn new(values: Vec<f32>) -> Self {
        let range = match distinct(&values) {
            Some(few) => few.into_iter().map(|value| (value, value)).collect(),
            None => quantiles(&values),
        };
        let bin = values.iter().map(|x| range.partition_point(|&(_, most)| most < *x) as u8).collect();
        Column { bin, range }
    }

    /// How many bins there are.
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// Midway between two bins, so that the lower one lies at or below it and the upper one above.
    pub(super) fn threshold(&self, lower: usize, upper: usize) -> f32 {
        let (low, high) = (self.range[lower].1, self.range[upper].0);
        let middle = low / 2.0 + high / 2.0;
        if middle >= high { low } else { middle }
    }
}

/// The values in ascending order, where there are at most [`MOST`].
fn distinct(values: &[f32]) -> Option<Vec<f32>> {
    let mut found: Vec<f32> = Vec::with_capacity(MOST);
    let mut last = f32::NAN;
    for &value in values {
        if value == last {
            continue;
        }
        last = value;
        let at = found.partition_point(|&other| other < value);
        if found.get(at) != Some(&value) {
            if found.len() == MOST {
                return None;
            }
            found.insert(at, value);
        }
    }
    Some(found)
}

/// Bins of about equally many samples; equal values share one.
fn quantiles(values: &[f32]) -> Vec<(f32, f32)> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut bins: Vec<(f32, f32)> = Vec::with_capacity(MOST);
    let mut from = 0;
    while from < sorted.len() {
        let left = MOST - bins.len();
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
        let column = Column::new(vec![3.0, 1.0, 3.0, 2.0]);
        assert_eq!((&column.bin[..], column.len()), (&[2, 0, 2, 1][..], 3));
        assert_eq!(column.threshold(0, 1), 1.5);
        let close = Column::new(vec![1.0, 1.0f32.next_up()]);
        assert_eq!(close.threshold(0, 1), 1.0);
    }

    #[test]
    fn many_values_share_bins_of_one_size() {
        let column = Column::new((0..2560).map(|i| ((i * 37) % 2560) as f32).collect());
        assert_eq!(column.len(), 256);
        let mut counts = [0; 256];
        column.bin.iter().for_each(|&b| counts[usize::from(b)] += 1);
        assert!(counts.iter().all(|&count| count == 10));
        assert_eq!(column.threshold(0, 1), 9.5);
        // Half of all are 0: they fill one bin, and no more than 256 are made.
        let column = Column::new((0..4000).map(|i| if i % 2 == 0 { 0.0 } else { i as f32 }).collect());
        assert!(column.len() <= 256 && column.len() > 120);
        let zero = column.bin[0];
        assert!(column.bin.iter().step_by(2).all(|&b| b == zero));
    }
}
