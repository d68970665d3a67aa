//! Normal equations `X'X W = X'Y` of centered data with twice the digits of f64: although the equations square the
//! condition number of X, no digit of f64 is lost. With more features than samples, the dual form `W = X'A` with
//! `XX' A = Y`.

use rayon::prelude::*;

use super::{BLOCK, LinearModel};
use crate::Samples;
use crate::estimator::double::Double;
use crate::estimator::rows;

/// Length of a column beside the columns before it, relative to its own length, below which it depends on them: the
/// rounding errors of the numbers in f64 are no information.
const DEPENDENT: f64 = 1e-13;

/// Linear model with the weights that minimize the squared errors + `alpha` |W|^2.
pub(super) fn solve(x: &Samples, y: &Samples, alpha: f64, fit_intercept: bool) -> LinearModel {
    match x.width() > x.rows() {
        true => solve_dual(x, y, alpha, fit_intercept),
        false => solve_primal(x, y, alpha, fit_intercept),
    }
}

/// Means of the columns of `x` and `y`, or 0.
fn centers(x: &Samples, y: &Samples, fit_intercept: bool) -> (Vec<Double>, Vec<Double>) {
    match fit_intercept {
        true => (means(x), means(y)),
        false => (vec![Double::default(); x.width()], vec![Double::default(); y.width()]),
    }
}

/// Factor of a column of `rows` numbers with this `mean` and `square`, the sum of squared deviations: without a penalty
/// every column gets the length 1.
fn scale_of(square: Double, mean: Double, rows: usize, alpha: f64) -> Double {
    let length = square.sqrt();
    // Differences below the rounding errors of the numbers are a constant column.
    let noise = mean.value().abs() * (rows as f64).sqrt() * 1e-17;
    match alpha == 0.0 {
        true if length.value() > noise => Double::from(1.0) / length,
        true => Double::default(),
        false => Double::from(1.0),
    }
}

/// Solution of minimal norm of `G a = b` for each of T right sides `b [n, T]`, `[T, n]`, for the positive semidefinite
/// matrix `gram [n, n]`.
fn solve_semidefinite(mut gram: Vec<Double>, b: &[Double], n: usize, tolerance: f64) -> Vec<Double> {
    let t = b.len() / n;
    let (factor, rank) = pivoted_cholesky(&mut gram, n, tolerance);
    // With G = L L' and L [n, R], it is L (L'L)^-2 L' b.
    let mut inner: Vec<Double> = (0..rank * rank)
        .map(|at| (0..n).map(|i| factor[i * n + at / rank] * factor[i * n + at % rank]).sum())
        .collect();
    cholesky(&mut inner, rank);
    let mut solutions = Vec::with_capacity(t * n);
    for target in 0..t {
        let mut inside: Vec<Double> =
            (0..rank).map(|r| (0..n).map(|i| factor[i * n + r] * b[i * t + target]).sum()).collect();
        (0..2).for_each(|_| substitute(&inner, &mut inside));
        solutions.extend((0..n).map(|i| (0..rank).map(|r| factor[i * n + r] * inside[r]).sum::<Double>()));
    }
    solutions
}

/// Model with the `weights [T, D]`.
fn model(weights: &[Double], mean_x: &[Double], mean_y: &[Double]) -> LinearModel {
    let intercept = |(w, mean): (&[Double], &Double)| {
        *mean - w.iter().zip(mean_x).map(|(w, mean)| *w * *mean).sum::<Double>()
    };
    let intercepts: Vec<Double> = weights.chunks_exact(mean_x.len()).zip(mean_y).map(intercept).collect();
    let round = |numbers: &[Double]| numbers.iter().map(|number| number.value()).collect();
    LinearModel {
        weights: round(weights),
        intercepts: round(&intercepts),
        mean_x: round(mean_x),
        mean_y: round(mean_y),
    }
}

/// Model from the products of the samples with each other.
fn solve_dual(x: &Samples, y: &Samples, alpha: f64, fit_intercept: bool) -> LinearModel {
    let (n, d) = (x.rows(), x.width());
    let (mean_x, mean_y) = centers(x, y, fit_intercept);
    let mut z: Vec<Double> = (x.iter())
        .flat_map(|row| row.iter().zip(&mean_x).map(|(&x, &mean)| Double::from(x) - mean))
        .collect();
    let mut squares = vec![Double::default(); d];
    for row in z.chunks_exact(d) {
        squares.iter_mut().zip(row).for_each(|(sum, &z)| *sum = *sum + z * z);
    }
    let columns = squares.into_iter().zip(&mean_x);
    let scales: Vec<Double> = columns.map(|(square, &mean)| scale_of(square, mean, n, alpha)).collect();
    z.chunks_exact_mut(d).for_each(|row| row.iter_mut().zip(&scales).for_each(|(z, &scale)| *z = *z * scale));
    let products = (0..n * n).into_par_iter().map(|at| {
        let (a, b) = (&z[at / n * d..][..d], &z[at % n * d..][..d]);
        let product: Double = a.iter().zip(b).map(|(&a, &b)| a * b).sum();
        if at / n == at % n { product + alpha.into() } else { product }
    });
    let gram: Vec<Double> = products.collect();
    let targets = y.iter().flat_map(|row| row.iter().zip(&mean_y).map(|(&y, &mean)| Double::from(y) - mean));
    let targets: Vec<Double> = targets.collect();
    let tolerance = if alpha == 0.0 { DEPENDENT * DEPENDENT } else { 0.0 };
    let solutions = solve_semidefinite(gram, &targets, n, tolerance);
    let mut weights = Vec::with_capacity(y.width() * d);
    for a in solutions.chunks_exact(n) {
        let mut w = vec![Double::default(); d];
        for (row, &a) in z.chunks_exact(d).zip(a) {
            w.iter_mut().zip(row).for_each(|(w, &z)| *w = *w + z * a);
        }
        weights.extend(w.into_iter().zip(&scales).map(|(w, &scale)| w * scale));
    }
    model(&weights, &mean_x, &mean_y)
}

/// Model from the products of the features with each other.
fn solve_primal(x: &Samples, y: &Samples, alpha: f64, fit_intercept: bool) -> LinearModel {
    let (d, t) = (x.width(), y.width());
    let (mean_x, mean_y) = centers(x, y, fit_intercept);
    let (mut gram, mut cross) = products(x, y, &mean_x, &mean_y);
    let scales: Vec<Double> = (0..d).map(|i| scale_of(gram[i * d + i], mean_x[i], x.rows(), alpha)).collect();
    for i in 0..d {
        for j in 0..d {
            gram[i * d + j] = gram[i * d + j] * scales[i] * scales[j];
        }
        gram[i * d + i] = gram[i * d + i] + alpha.into();
        cross[i * t..(i + 1) * t].iter_mut().for_each(|c| *c = *c * scales[i]);
    }
    let tolerance = if alpha == 0.0 { DEPENDENT * DEPENDENT } else { 0.0 };
    let mut weights = solve_semidefinite(gram, &cross, d, tolerance);
    weights.iter_mut().zip(scales.iter().cycle()).for_each(|(w, &scale)| *w = *w * scale);
    model(&weights, &mean_x, &mean_y)
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

/// Factor L `[n, n]` with `a = L L'`, of which only the first columns, as many as the rank, are not 0; and the rank.
/// The column with the largest pivot comes first; a pivot of at most `tolerance` times its diagonal entry is 0.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Both forms have the same solution, with a penalty and, of minimal norm, without.
    #[test]
    fn the_dual_form_is_the_primal() {
        let number = |i: usize| ((i * 7919 + i * i * 31) % 97) as f64 / 10.0;
        for (n, d, t) in [(1, 5, 1), (4, 9, 2), (7, 8, 1), (6, 6, 3)] {
            let x = Samples::new((0..n * d).map(number).collect(), d).unwrap();
            let y = Samples::new((0..n * t).map(|i| number(i + 5000)).collect(), t).unwrap();
            for (alpha, intercept) in [(0.0, true), (0.0, false), (0.3, true), (1e-6, false)] {
                let found = [solve_primal, solve_dual].map(|solve| solve(&x, &y, alpha, intercept));
                let pairs = |of: fn(&LinearModel) -> &[f64]| -> Vec<(f64, f64)> {
                    of(&found[0]).iter().copied().zip(of(&found[1]).iter().copied()).collect()
                };
                for (a, b) in pairs(LinearModel::weights).into_iter().chain(pairs(LinearModel::intercepts)) {
                    assert!((a - b).abs() < 1e-10 * (1.0 + a.abs()), "{n} {d} {alpha} {intercept}: {a} {b}");
                }
            }
        }
    }
}
