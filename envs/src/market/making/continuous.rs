//! The optimum in continuous time (Cartea, Jaimungal & Penalva, section 10.2.3): with `w = exp(kappa h)` the equation for
//! the value h of the inventory is linear,
//!
//! ```text
//! dw/dt + A w = 0,   w(T, q) = exp(-alpha kappa q^2),   A(q, q) = -phi kappa q^2,   A(q, q +- 1) = lambda / e
//! ```
//!
//! so that `w(0) = exp(A T) w(T)`. The exponential is a Taylor series on short pieces of time.

/// Value of each inventory from `-most` to `most` with all the time 1 left, `[2 most + 1]`.
pub fn values(lambda: f64, kappa: f64, phi: f64, alpha: f64, most: i32) -> Vec<f64> {
    let squares: Vec<f64> = (-most..=most).map(|q| f64::from(q * q)).collect();
    let to_neighbor = lambda / std::f64::consts::E;
    let apply = |w: &[f64]| -> Vec<f64> {
        let near = |i: Option<usize>| i.and_then(|i| w.get(i)).copied().unwrap_or(0.0);
        let row = |i: usize| {
            -phi * kappa * squares[i] * w[i] + to_neighbor * (near(i.checked_sub(1)) + near(Some(i + 1)))
        };
        (0..w.len()).map(row).collect()
    };
    // Pieces on which the matrix has a norm of at most 1.
    let norm = 2.0 * to_neighbor + phi * kappa * f64::from(most * most);
    let pieces = norm.ceil().max(1.0);
    let mut w: Vec<f64> = squares.iter().map(|square| (-alpha * kappa * square).exp()).collect();
    let mut log_scale = 0.0;
    for _ in 0..pieces as u32 {
        let (mut term, mut sum) = (w.clone(), w.clone());
        for k in 1..=TERMS {
            term = apply(&term).iter().map(|x| x / (pieces * f64::from(k))).collect();
            sum.iter_mut().zip(&term).for_each(|(sum, term)| *sum += term);
        }
        // It grows like exp(2 lambda / e), far beyond what a number holds: its logarithm is kept aside.
        let scale = sum.iter().copied().fold(0.0, f64::max);
        log_scale += scale.ln();
        w = sum.iter().map(|x| x / scale).collect();
    }
    w.iter().map(|x| (x.ln() + log_scale) / kappa).collect()
}

/// Terms of a series whose k-th term is at most 1 / k!.
const TERMS: u32 = 24;
