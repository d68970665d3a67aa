//! Eigenvalues and eigenvectors of symmetric matrices: Householder tridiagonalization, then the QL method with
//! implicit shifts (Golub & Van Loan, "Matrix Computations", 8.3). Matrices are f64, row by row.

use freewheel_core::{Error, Result};

/// Maximum number of iterations per eigenvalue, after which the method has failed; two or three are usual.
const MAX_ITERATIONS: usize = 60;

/// Result of [`symmetric_eigen`]: n eigenvalues and eigenvectors of length 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigen {
    /// Eigenvalues `[n]` in descending order.
    pub values: Vec<f64>,
    /// Eigenvectors as rows `[n, n]`, in the order of the eigenvalues; the sign of an eigenvector is arbitrary.
    pub vectors: Vec<f64>,
}

/// Eigenvalues and eigenvectors of the symmetric `matrix [n, n]`.
///
/// # Errors
/// [`Error::Diverged`] for numbers that are not finite.
pub fn symmetric_eigen(matrix: &[f64], n: usize) -> Result<Eigen> {
    let mut a = matrix.to_vec();
    let (mut diagonal, mut off_diagonal, mut rows) = tridiagonal(&mut a, n);
    ql(&mut diagonal, &mut off_diagonal, &mut rows, n)?;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| diagonal[j].total_cmp(&diagonal[i]));
    Ok(Eigen {
        values: order.iter().map(|&i| diagonal[i]).collect(),
        vectors: order.iter().flat_map(|&i| &rows[i * n..(i + 1) * n]).copied().collect(),
    })
}

/// Householder tridiagonalization `a = Q T Q'`: returns the diagonal `[n]` and the subdiagonal of T (`[n]`, the last
/// one 0), and `Q' [n, n]`. Overwrites `a [n, n]`.
fn tridiagonal(a: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut reflections: Vec<Vec<f64>> = Vec::new();
    let mut off_diagonal = Vec::with_capacity(n);
    for k in 0..n.saturating_sub(2) {
        let first = k + 1;
        let mut v: Vec<f64> = (first..n).map(|i| a[i * n + k]).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let alpha = if v[0] > 0.0 { -norm } else { norm };
        v[0] -= alpha;
        off_diagonal.push(alpha);
        let square: f64 = v.iter().map(|x| x * x).sum();
        if square == 0.0 {
            v.clear();
        } else {
            // Scaled so that the reflection is I - v v'.
            let scale = (2.0 / square).sqrt();
            v.iter_mut().for_each(|x| *x *= scale);
            let sub = |i: usize| i * n + first..(i + 1) * n;
            let mut w: Vec<f64> = (first..n).map(|i| dot_f64(&a[sub(i)], &v)).collect();
            let half = dot_f64(&w, &v) / 2.0;
            w.iter_mut().zip(&v).for_each(|(w, v)| *w -= half * v);
            for i in first..n {
                let (vi, wi) = (v[i - first], w[i - first]);
                let pairs = a[sub(i)].iter_mut().zip(v.iter().zip(&w));
                pairs.for_each(|(a, (v, w))| *a -= vi * w + wi * v);
            }
        }
        reflections.push(v);
    }
    if n > 1 {
        off_diagonal.push(a[(n - 1) * n + n - 2]);
    }
    off_diagonal.resize(n, 0.0);
    let diagonal = (0..n).map(|i| a[i * n + i]).collect();
    let mut rows = vec![0.0; n * n];
    (0..n).for_each(|i| rows[i * n + i] = 1.0);
    for (k, v) in reflections.iter().enumerate().rev().filter(|(_, v)| !v.is_empty()) {
        for row in rows.chunks_exact_mut(n).skip(k + 1) {
            let along = dot_f64(&row[k + 1..], v);
            row[k + 1..].iter_mut().zip(v).for_each(|(r, v)| *r -= along * v);
        }
    }
    (diagonal, off_diagonal, rows)
}

/// QL method with implicit shifts: replaces `d`, the diagonal of the tridiagonal matrix T, by the eigenvalues, and the
/// rows of Q' by the eigenvectors.
fn ql(d: &mut [f64], e: &mut [f64], rows: &mut [f64], n: usize) -> Result<()> {
    // Scale of the matrix; entries below its rounding error count as 0.
    let size = d.iter().zip(&*e).map(|(d, e)| d.abs() + e.abs()).fold(0.0, f64::max);
    for l in 0..n {
        for turn in 0.. {
            // Index at which T splits into two blocks.
            let small = |m: usize| e[m].abs() <= f64::EPSILON * size;
            let m = (l..n - 1).find(|&m| small(m)).unwrap_or(n - 1);
            if m == l {
                break;
            }
            if turn == MAX_ITERATIONS {
                return Err(Error::Diverged {
                    quantity: "an eigenvalue".into(),
                    value: d[l],
                    step: l as u64,
                });
            }
            let g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let root = g.hypot(1.0);
            let mut g = d[m] - d[l] + e[l] / (g + root.copysign(g));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let (f, b) = (s * e[i], c * e[i]);
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    split = true;
                    break;
                }
                (s, c) = (f / r, g / r);
                g = d[i + 1] - p;
                let r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
                let (upper, lower) = rows[i * n..(i + 2) * n].split_at_mut(n);
                for (x, y) in upper.iter_mut().zip(lower) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
    Ok(())
}

/// Dot product, summed in eight independent lanes for SIMD.
pub(crate) fn dot_f64(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0f64; 8];
    for (a, b) in a.iter().zip(b) {
        lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let found = symmetric_eigen(&[2.0, 1.0, 1.0, 2.0], 2).unwrap();
        assert!((found.values[0] - 3.0).abs() < 1e-12 && (found.values[1] - 1.0).abs() < 1e-12);
        assert!((found.vectors[0] - found.vectors[1]).abs() < 1e-12);
        // Second differences of 5 points: 2 - 2 cos(i pi / 6).
        let chain: Vec<f64> = (0..25)
            .map(|at| match (at / 5usize).abs_diff(at % 5) {
                0 => 2.0,
                1 => -1.0,
                _ => 0.0,
            })
            .collect();
        let found = symmetric_eigen(&chain, 5).unwrap();
        for (i, value) in found.values.iter().rev().enumerate() {
            let exact = 2.0 - 2.0 * ((i + 1) as f64 * std::f64::consts::PI / 6.0).cos();
            assert!((value - exact).abs() < 1e-12);
        }
        assert_eq!(symmetric_eigen(&[4.0], 1).unwrap(), Eigen { values: vec![4.0], vectors: vec![1.0] });
        assert!(symmetric_eigen(&[f64::NAN; 9], 3).is_err());
        // A matrix of rank 1: all other eigenvalues are rounding errors.
        let one: Vec<f64> = (0..1600).map(|at| ((at / 40 + 1) * (at % 40 + 1)) as f64 * 0.1).collect();
        let found = symmetric_eigen(&one, 40).unwrap();
        let whole: f64 = (1..=40).map(|i| f64::from(i * i) * 0.1).sum();
        assert!((found.values[0] / whole - 1.0).abs() < 1e-12);
        assert!(found.values[1..].iter().all(|value| value.abs() < 1e-9));
    }

    proptest! {
        #[test]
        fn vectors_are_stretched_by_their_values(n in 1..9usize, numbers in proptest::collection::vec(-4..5i32, 81)) {
            let at = |i: usize, j: usize| f64::from(numbers[i.min(j) * 9 + i.max(j)]);
            let matrix: Vec<f64> = (0..n * n).map(|ij| at(ij / n, ij % n)).collect();
            let found = symmetric_eigen(&matrix, n).unwrap();
            prop_assert!(found.values.is_sorted_by(|a, b| a >= b));
            let rows: Vec<&[f64]> = found.vectors.chunks_exact(n).collect();
            for (a, (value, v)) in found.values.iter().zip(&rows).enumerate() {
                for (i, row) in matrix.chunks_exact(n).enumerate() {
                    prop_assert!((dot_f64(row, v) - value * v[i]).abs() < 1e-10);
                }
                for (b, w) in rows.iter().enumerate() {
                    prop_assert!((dot_f64(v, w) - f64::from(u8::from(a == b))).abs() < 1e-12);
                }
            }
        }
    }
}
