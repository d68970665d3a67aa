//! Matrix products over slices, by the `gemm` crate (which candle uses too).

use gemm::Parallelism;

/// Type of the elements of a matrix.
pub trait Real: Copy + Default + 'static {
    /// 1.
    const ONE: Self;
}

impl Real for f32 {
    const ONE: Self = 1.0;
}

impl Real for f64 {
    const ONE: Self = 1.0;
}

/// Matrix in a slice: element (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T = f32> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// Row-major matrix `[rows, columns]`.
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        Matrix { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Transpose `[columns, rows]` over the same data.
    pub fn t(self) -> Self {
        Matrix {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// Index in the slice after the last element of the matrix.
    fn end(&self) -> usize {
        match self.rows.min(self.columns) {
            0 => 0,
            _ => (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1,
        }
    }
}

/// `out = left right`, or `out += left right` with `add`; `out` is row-major `[rows of left, columns of right]`. Runs
/// on one thread, so that the order of summation does not depend on the number of threads.
///
/// # Panics
/// If the shapes do not match.
#[allow(unsafe_code)]
pub fn matmul<T: Real>(out: &mut [T], left: Matrix<'_, T>, right: Matrix<'_, T>, add: bool) {
    let (m, n, k) = (left.rows, right.columns, left.columns);
    assert_eq!(k, right.rows, "inner dimensions differ");
    assert_eq!(out.len(), m * n, "`out` has the wrong size");
    assert!(
        left.end() <= left.data.len() && right.end() <= right.data.len(),
        "a matrix is larger than its slice"
    );
    if k == 0 && !add {
        return out.fill(T::default());
    }
    // SAFETY: every element that is read or written lies inside its slice (checked above), and `out` is not aliased.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            add,
            left.data.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.data.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            m in 1..20usize, n in 1..20usize, k in 1..20usize, transposed: [bool; 2], add: bool,
        ) {
            let number = |i: usize| ((i * 37 + 11) % 17) as f32 - 8.0;
            let a: Vec<f32> = (0..m * k).map(number).collect();
            let b: Vec<f32> = (0..k * n).map(|i| number(i + 5)).collect();
            let (left, at_left): (_, &dyn Fn(usize, usize) -> f32) = match transposed[0] {
                true => (Matrix::new(&a, k, m).t(), &|i, l| a[l * m + i]),
                false => (Matrix::new(&a, m, k), &|i, l| a[i * k + l]),
            };
            let (right, at_right): (_, &dyn Fn(usize, usize) -> f32) = match transposed[1] {
                true => (Matrix::new(&b, n, k).t(), &|l, j| b[j * k + l]),
                false => (Matrix::new(&b, k, n), &|l, j| b[l * n + j]),
            };
            let mut out = vec![1.5; m * n];
            matmul(&mut out, left, right, add);
            for i in 0..m {
                for j in 0..n {
                    // Sums of small integers are exact in any order.
                    let sum: f32 = (0..k).map(|l| at_left(i, l) * at_right(l, j)).sum();
                    prop_assert_eq!(out[i * n + j], sum + if add { 1.5 } else { 0.0 });
                }
            }
        }
    }
}
