//! Normal equations `X'X W = X'Y` of centered data with twice the digits of f64: although the equations square the
//! condition number of X, no digit of f64 is lost.

use super::{BLOCK, LinearModel};
use crate::Samples;
use crate::estimator::double::Double;
use crate::estimator::rows;

/// Length of a column beside the columns before it, relative to its own length, below which it depends on them: the
/// rounding errors of the numbers in f64 are no information.
const DEPENDENT: f64 = 1e-13;

/// Linear model with the weights that minimize the squared errors + `alpha` |W|^2.
pub(super) fn solve(x: &Samples, y: &Samples, alpha: f64, fit_intercept: bool) -> LinearModel {
    let (d, t) = (x.width(), y.width());
    let (mean_x, mean_y) = match fit_intercept {
        true => (means(x), means(y)),
        false => (vec![Double::default(); d], vec![Double::default(); t]),
    };
    let (mut gram, mut cross) = products(x, y, &mean_x, &mean_y);
    let n = x.rows() as f64;
    let scales: Vec<Double> = (0..d)
        .map(|i| {
            let length = gram[i * d + i].sqrt();
            // Differences below the rounding errors of the numbers are a constant column.
            let noise = mean_x[i].value().abs() * n.sqrt() * 1e-17;
            match alpha == 0.0 {
                true if length.value() > noise => Double::from(1.0) / length,
                true => Double::default(),
                false => Double::from(1.0),
            }
        })
        .collect();
    for i in 0..d {
        for j in 0..d {
            gram[i * d + j] = gram[i * d + j] * scales[i] * scales[j];
        }
        gram[i * d + i] = gram[i * d + i] + alpha.into();
        cross[i * t..(i + 1) * t].iter_mut().for_each(|c| *c = *c * scales[i]);
    }
    let tolerance = if alpha == 0.0 { DEPENDENT * DEPENDENT } else { 0.0 };
    let (factor, rank) = pivoted_cholesky(&mut gram, d, tolerance);
    // With G = L L' and L [D, R], the solution of minimal norm is L (L'L)^-2 L' X'Y.
    let mut inner: Vec<Double> = (0..rank * rank)
        .map(|at| (0..d).map(|i| factor[i * d + at / rank] * factor[i * d + at % rank]).sum())
        .collect();
    cholesky(&mut inner, rank);
    let mut weights = vec![0.0; t * d];
    let mut intercepts = mean_y.clone();
    for target in 0..t {
        let mut b: Vec<Double> =
            (0..rank).map(|r| (0..d).map(|i| factor[i * d + r] * cross[i * t + target]).sum()).collect();
        (0..2).for_each(|_| substitute(&inner, &mut b));
        for i in 0..d {
            let w: Double = (0..rank).map(|r| factor[i * d + r] * b[r]).sum();
            let w = w * scales[i];
            weights[target * d + i] = w.value();
            intercepts[target] = intercepts[target] - mean_x[i] * w;
        }
    }
    let round = |numbers: &[Double]| numbers.iter().map(|number| number.value()).collect();
    LinearModel { weights, intercepts: round(&intercepts), mean_x: round(&mean_x), mean_y: round(&mean_y) }
}

fn means(x: &Samples) -> Vec<Double> {
    let mut sums = vec![Double::default(); x.width()];
    x.iter().for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum = *sum + x.into()));
    sums.into_iter().map(|sum| sum / (x.rows() as f64).into()).collect()
}

/// Products `X'X [D, D]` and `X'Y [D, T]` of centered data.
fn products(x: &Samples, y: &Samples, mean_x: &[Double], mean_y: &[Double]) -> (Vec<Double>, Vec<Double>) {
    let (d, t) = (x.width(), y.width());
    let centered = |row: &[f64], mean: &[Double], out: &mut [Double]| {
        out.iter_mut().zip(row.iter().zip(mean)).for_each(|(out, (&x, &mean))| *out = Double::from(x) - mean);
    };
    let parts = rows::map_blocks(x, BLOCK.max(x.rows().div_ceil(16)), |first, block| {
        let (mut gram, mut cross) = (vec![Double::default(); d * d], vec![Double::default(); d * t]);
        let (mut row, mut targets) = (vec![Double::default(); d], vec![Double::default(); t]);
        for (i, x) in block.chunks_exact(d).enumerate() {
            centered(x, mean_x, &mut row);
            centered(y.row(first + i), mean_y, &mut targets);
            for (a, &xa) in row.iter().enumerate() {
                let upper = gram[a * d + a..(a + 1) * d].iter_mut();
                upper.zip(&row[a..]).for_each(|(g, &xb)| *g = *g + xa * xb);
                let of_targets = cross[a * t..(a + 1) * t].iter_mut();
                of_targets.zip(&targets).for_each(|(sum, &y)| *sum = *sum + xa * y);
            }
        }
        (gram, cross)
    });
    let (mut gram, mut cross) = (vec![Double::default(); d * d], vec![Double::default(); d * t]);
    for (part, part_y) in parts {
        gram.iter_mut().zip(part).for_each(|(sum, one)| *sum = *sum + one);
        cross.iter_mut().zip(part_y).for_each(|(sum, one)| *sum = *sum + one);
    }
    for a in 0..d {
        (0..a).for_each(|b| gram[a * d + b] = gram[b * d + a]);
    }
    (gram, cross)
}

/// Factor L `[n, n]` with `a = L L'`, of which only the first columns, as many as the rank, are not 0; and the rank. The
/// column with the largest pivot comes first; a pivot of at most `tolerance` times its diagonal entry is 0.
fn pivoted_cholesky(a: &mut [Double], n: usize, tolerance: f64) -> (Vec<Double>, usize) {
    let diagonal: Vec<f64> = (0..n).map(|i| a[i * n + i].value()).collect();
    let mut factor = vec![Double::default(); n * n];
    let mut left: Vec<usize> = (0..n).collect();
    for rank in 0..n {
        let pivot = |i: usize| a[i * n + i].value();
        left.retain(|&i| pivot(i) > tolerance * diagonal[i] && pivot(i) > 0.0);
        let Some(&p) = left.iter().max_by(|&&i, &&j| pivot(i).total_cmp(&pivot(j)).then(j.cmp(&i))) else {
            return (factor, rank);
        };
        let root = a[p * n + p].sqrt();
        for i in 0..n {
            factor[i * n + rank] = a[i * n + p] / root;
        }
        for i in 0..n {
            let l = factor[i * n + rank];
            (0..n).for_each(|j| a[i * n + j] = a[i * n + j] - l * factor[j * n + rank]);
        }
        left.retain(|&i| i != p);
    }
    (factor, n)
}

/// Replaces the lower triangle of the positive matrix `a [n, n]` by its factor L, with `a = L L'`.
fn cholesky(a: &mut [Double], n: usize) {
    for j in 0..n {
        for i in j..n {
            let dot: Double = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] - dot;
            a[i * n + j] = if i == j { rest.sqrt() } else { rest / a[j * n + j] };
        }
    }
}

/// Replaces `b [n]` by the solution z of `L L' z = b`.
fn substitute(factor: &[Double], b: &mut [Double]) {
    let n = b.len();
    for i in 0..n {
        let dot: Double = (0..i).map(|k| factor[i * n + k] * b[k]).sum();
        b[i] = (b[i] - dot) / factor[i * n + i];
    }
    for i in (0..n).rev() {
        let dot: Double = (i + 1..n).map(|k| factor[k * n + i] * b[k]).sum();
        b[i] = (b[i] - dot) / factor[i * n + i];
    }
}
