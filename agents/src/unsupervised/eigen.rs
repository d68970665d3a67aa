//! Eigenvalues and eigenvectors of symmetric matrices: Householder's reduction to three diagonals, then the QL method with implicit
//! shifts (Golub & Van Loan, "Matrix Computations", 8.3). All in f64, row after row.

use freewheel_core::{Error, Result};

/// Rotations of one eigenvalue after which there is none to be found: it takes two or three.
const MOST: usize = 60;

/// Eigenvalues `[n]`, descending, and their eigenvectors of length 1 as the rows of `[n, n]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigen {
    /// Descending.
    pub values: Vec<f64>,
    /// Row i belongs to value i; the sign is anybody's.
    pub vectors: Vec<f64>,
}

/// Of the symmetric `matrix [n, n]`.
///
/// # Errors
/// [`Error::Diverged`] where the matrix has numbers that are not finite.
pub fn symmetric(matrix: &[f64], n: usize) -> Result<Eigen> {
    let mut a = matrix.to_vec();
    let (mut diagonal, mut beside, mut rows) = tridiagonal(&mut a, n);
    ql(&mut diagonal, &mut beside, &mut rows, n)?;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| diagonal[j].total_cmp(&diagonal[i]));
    Ok(Eigen {
        values: order.iter().map(|&i| diagonal[i]).collect(),
        vectors: order.iter().flat_map(|&i| &rows[i * n..(i + 1) * n]).copied().collect(),
    })
}

/// `a = Q T Q'`: T's diagonal, what stands beside it (`[n]`, the last one 0), and Q', row after row. `a` is used up.
fn tridiagonal(a: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut reflections: Vec<Vec<f64>> = Vec::new();
    let mut beside = Vec::with_capacity(n);
    for k in 0..n.saturating_sub(2) {
        let first = k + 1;
        let mut v: Vec<f64> = (first..n).map(|i| a[i * n + k]).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let alpha = if v[0] > 0.0 { -norm } else { norm };
        v[0] -= alpha;
        beside.push(alpha);
        let square: f64 = v.iter().map(|x| x * x).sum();
        if square == 0.0 {
            v.clear();
        } else {
            // Scaled so that the reflection is 1 - v v'.
            let scale = (2.0 / square).sqrt();
            v.iter_mut().for_each(|x| *x *= scale);
            let sub = |i: usize| i * n + first..(i + 1) * n;
            let mut w: Vec<f64> = (first..n).map(|i| product(&a[sub(i)], &v)).collect();
            let half = product(&w, &v) / 2.0;
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
        beside.push(a[(n - 1) * n + n - 2]);
    }
    beside.resize(n, 0.0);
    let diagonal = (0..n).map(|i| a[i * n + i]).collect();
    let mut rows = vec![0.0; n * n];
    (0..n).for_each(|i| rows[i * n + i] = 1.0);
    for (k, v) in reflections.iter().enumerate().rev().filter(|(_, v)| !v.is_empty()) {
        for row in rows.chunks_exact_mut(n).skip(k + 1) {
            let along = product(&row[k + 1..], v);
            row[k + 1..].iter_mut().zip(v).for_each(|(r, v)| *r -= along * v);
        }
    }
    (diagonal, beside, rows)
}

/// Turns T into its eigenvalues, and the rows of Q' into eigenvectors.
fn ql(d: &mut [f64], e: &mut [f64], rows: &mut [f64], n: usize) -> Result<()> {
    // What is nothing beside the largest numbers is nothing.
    let size = d.iter().zip(&*e).map(|(d, e)| d.abs() + e.abs()).fold(0.0, f64::max);
    for l in 0..n {
        for turn in 0.. {
            // Where T falls into two parts.
            let small = |m: usize| e[m].abs() <= f64::EPSILON * size;
            let m = (l..n - 1).find(|&m| small(m)).unwrap_or(n - 1);
            if m == l {
                break;
            }
            if turn == MOST {
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

/// `a . b`, in eight lanes.
pub(super) fn product(a: &[f64], b: &[f64]) -> f64 {
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
        let found = symmetric(&[2.0, 1.0, 1.0, 2.0], 2).unwrap();
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
        let found = symmetric(&chain, 5).unwrap();
        for (i, value) in found.values.iter().rev().enumerate() {
            let exact = 2.0 - 2.0 * ((i + 1) as f64 * std::f64::consts::PI / 6.0).cos();
            assert!((value - exact).abs() < 1e-12);
        }
        assert_eq!(symmetric(&[4.0], 1).unwrap(), Eigen { values: vec![4.0], vectors: vec![1.0] });
        assert!(symmetric(&[f64::NAN; 9], 3).is_err());
        // One direction alone: all other values are what rounding left of 0.
        let one: Vec<f64> = (0..1600).map(|at| ((at / 40 + 1) * (at % 40 + 1)) as f64 * 0.1).collect();
        let found = symmetric(&one, 40).unwrap();
        let whole: f64 = (1..=40).map(|i| f64::from(i * i) * 0.1).sum();
        assert!((found.values[0] / whole - 1.0).abs() < 1e-12);
        assert!(found.values[1..].iter().all(|value| value.abs() < 1e-9));
    }

    proptest! {
        #[test]
        fn vectors_are_stretched_by_their_values(n in 1..9usize, numbers in proptest::collection::vec(-4..5i32, 81)) {
            let at = |i: usize, j: usize| f64::from(numbers[i.min(j) * 9 + i.max(j)]);
            let matrix: Vec<f64> = (0..n * n).map(|ij| at(ij / n, ij % n)).collect();
            let found = symmetric(&matrix, n).unwrap();
            prop_assert!(found.values.is_sorted_by(|a, b| a >= b));
            let rows: Vec<&[f64]> = found.vectors.chunks_exact(n).collect();
            for (a, (value, v)) in found.values.iter().zip(&rows).enumerate() {
                for (i, row) in matrix.chunks_exact(n).enumerate() {
                    prop_assert!((product(row, v) - value * v[i]).abs() < 1e-10);
                }
                for (b, w) in rows.iter().enumerate() {
                    prop_assert!((product(v, w) - f64::from(u8::from(a == b))).abs() < 1e-12);
                }
            }
        }
    }
}
