//! Features of a decision tree as codes: the rank of each value among the distinct values of its feature.

use crate::Samples;
use freewheel_core::{Result, memory};
use rayon::prelude::*;

/// Number of distinct values that are found by inserting into a short list.
const FEW: usize = 256;
/// Rows whose codes are written by column in one piece.
const ROWS: usize = 512;
/// Features of one cache line of f64.
const GROUP: usize = 8;
/// Features that are transposed together, those of one cache line of bytes.
pub(super) const TILE: usize = 64;
/// Memory in bytes up to which the memory of the machine is not asked for.
const UNCHECKED: u128 = 1 << 28;

/// Integer that holds a code.
pub(in super::super) trait Code: Copy + Default + Ord + Send + Sync {
    /// The code as an index.
    fn index(self) -> usize;
    /// The code with the index `i`, which must be in range.
    fn of(i: usize) -> Self;
}

macro_rules! code {
    ($($t:ty),*) => {$(
        impl Code for $t {
            #[inline(always)]
            fn index(self) -> usize {
                self as usize
            }

            #[inline(always)]
            fn of(i: usize) -> Self {
                i as $t
            }
        }
    )*};
}

code!(u8, u16, u32);

/// Codes of N samples with D features, in the order of the features and in the order of the samples.
pub(in super::super) struct CodeTable<B> {
    /// `[D, N]`.
    pub(super) by_column: Vec<B>,
    /// `[N, D]`.
    pub(super) by_row: Vec<B>,
    /// N.
    pub(super) rows: usize,
}

/// Codes in the smallest integers that hold those of all features.
pub(in super::super) enum Codes {
    U8(CodeTable<u8>),
    U16(CodeTable<u16>),
    U32(CodeTable<u32>),
}

/// Samples as codes.
pub(in super::super) struct Coded {
    pub(super) codes: Codes,
    /// Distinct values of each feature in ascending order: the values of the codes 0, 1, ...
    pub(super) values: Vec<Vec<f64>>,
}

impl Coded {
    /// Codes of the samples `x [N, D]`.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] for more than 4294967295 samples;
    /// [`freewheel_core::Error::Unsupported`] if the codes do not fit into the memory.
    pub(in super::super) fn new(x: &Samples) -> Result<Self> {
        super::check_count(x.rows())?;
        // The sorted values and the codes, twice.
        let bytes = x.values().len() as u128 * 16;
        if bytes > UNCHECKED {
            memory::require(&format!("a tree on {} samples of {} numbers", x.rows(), x.width()), bytes)?;
        }
        let groups: Vec<usize> = (0..x.width()).step_by(GROUP).collect();
        let values: Vec<Vec<f64>> = (groups.into_par_iter())
            .map(|first| {
                let mut columns = vec![Vec::with_capacity(x.rows()); GROUP.min(x.width() - first)];
                for row in x.iter() {
                    columns.iter_mut().zip(&row[first..]).for_each(|(column, &x)| column.push(x));
                }
                columns.into_iter().map(distinct).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
            .concat();
        let most = values.iter().map(Vec::len).max().unwrap_or_default();
        let codes = match most {
            0..=256 => Codes::U8(CodeTable::new(x, &values)),
            257..=65_536 => Codes::U16(CodeTable::new(x, &values)),
            _ => Codes::U32(CodeTable::new(x, &values)),
        };
        Ok(Coded { codes, values })
    }

    /// Threshold midway between the values of the codes `lower` and `upper` of a feature: at least the lower and below
    /// the upper value.
    pub(super) fn threshold(&self, feature: usize, [lower, upper]: [usize; 2]) -> f64 {
        let (low, high) = (self.values[feature][lower], self.values[feature][upper]);
        let middle = low / 2.0 + high / 2.0;
        if middle >= high { low } else { middle }
    }
}

impl<B: Code> CodeTable<B> {
    fn new(x: &Samples, values: &[Vec<f64>]) -> Self {
        let (n, d) = (x.rows(), x.width());
        let mut by_row = vec![B::default(); n * d];
        let parts = by_row.par_chunks_mut(ROWS * d).zip(x.values().par_chunks(ROWS * d));
        parts.for_each(|(codes, x)| {
            for (feature, values) in values.iter().enumerate() {
                let (mut last, mut code) = (values[0], B::default());
                let column = x.iter().skip(feature).step_by(d);
                for (to, &x) in codes.iter_mut().skip(feature).step_by(d).zip(column) {
                    if x != last {
                        (last, code) = (x, B::of(values.partition_point(|value| *value < x)));
                    }
                    *to = code;
                }
            }
        });
        let mut by_column = vec![B::default(); n * d];
        by_column.par_chunks_mut(n * TILE).enumerate().for_each(|(tile, columns)| {
            for (i, row) in by_row.chunks_exact(d).enumerate() {
                let codes = &row[tile * TILE..];
                columns.iter_mut().skip(i).step_by(n).zip(codes).for_each(|(to, &code)| *to = code);
            }
        });
        CodeTable { by_column, by_row, rows: n }
    }
}

/// Distinct numbers in ascending order.
fn distinct(mut values: Vec<f64>) -> Vec<f64> {
    let mut found: Vec<f64> = Vec::new();
    let mut last = f64::NAN;
    for &value in &values {
        if value == last {
            continue;
        }
        last = value;
        let at = found.partition_point(|&other| other < value);
        if found.get(at) != Some(&value) {
            if found.len() == FEW {
                values.sort_unstable_by(f64::total_cmp);
                values.dedup();
                return values;
            }
            found.insert(at, value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_ranks() {
        let x = Samples::new(vec![3.0, 0.0, 1.0, -0.0, 3.0, 5.0, 2.0, 5.0], 2).unwrap();
        let coded = Coded::new(&x).unwrap();
        let Codes::U8(table) = &coded.codes else { panic!("few values") };
        assert_eq!(table.by_column, [2, 0, 2, 1, 0, 0, 1, 1]);
        assert_eq!(table.by_row, [2, 0, 0, 0, 2, 1, 1, 1]);
        assert_eq!((coded.threshold(0, [0, 2]), coded.threshold(1, [0, 1])), (2.0, 2.5));
        let close = Coded::new(&Samples::new(vec![1.0, 1.0f64.next_up()], 1).unwrap()).unwrap();
        assert_eq!(close.threshold(0, [0, 1]), 1.0);
    }

    #[test]
    fn every_value_has_its_code() {
        for n in [257, 2560, 70_000] {
            let x = Samples::new((0..n).map(|i| f64::from(i * 37 % n)).collect(), 1).unwrap();
            let coded = Coded::new(&x).unwrap();
            let codes: Vec<usize> = match &coded.codes {
                Codes::U8(_) => panic!("too many values"),
                Codes::U16(table) => table.by_column.iter().map(|code| code.index()).collect(),
                Codes::U32(table) => table.by_column.iter().map(|code| code.index()).collect(),
            };
            assert!(codes.iter().zip(x.values()).all(|(&code, &x)| coded.values[0][code] == x));
        }
    }
}
