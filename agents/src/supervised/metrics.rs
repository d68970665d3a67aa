//! How well predictions agree with the answers.

/// The share of predictions that are the answer.
pub fn accuracy(predicted: &[u32], labels: &[u32]) -> f64 {
    let met = predicted.iter().zip(labels).filter(|(p, l)| p == l).count();
    met as f64 / labels.len().max(1) as f64
}

/// How often a sample of class i was taken for class j, `[C, C]`, row after row.
pub fn confusion(predicted: &[u32], labels: &[u32], classes: u32) -> Vec<u64> {
    let c = classes as usize;
    let mut table = vec![0; c * c];
    predicted.iter().zip(labels).for_each(|(&p, &l)| table[l as usize * c + p as usize] += 1);
    table
}

/// R²: 1 less the squared errors of `predicted` over the squared distances of `y` from their mean. 0 where y never varies and
/// is not met, 1 where it is met.
pub fn r_squared(predicted: &[f32], y: &[f32]) -> f64 {
    let mean = y.iter().map(|&y| f64::from(y)).sum::<f64>() / y.len().max(1) as f64;
    let spread: f64 = y.iter().map(|&y| (f64::from(y) - mean).powi(2)).sum();
    let errors: f64 = predicted.iter().zip(y).map(|(&p, &y)| (f64::from(p) - f64::from(y)).powi(2)).sum();
    match (spread > 0.0, errors > 0.0) {
        (true, _) => 1.0 - errors / spread,
        (false, met) => f64::from(u8::from(!met)),
    }
}

/// The mean of -ln of the probability `[N, C]` of the answer, in nats; a probability of 0 counts as 1e-15.
pub fn log_loss(probabilities: &[f32], labels: &[u32], classes: u32) -> f64 {
    let rows = probabilities.chunks_exact(classes.max(1) as usize).zip(labels);
    let sum: f64 = rows.map(|(p, &label)| -f64::from(p[label as usize]).max(1e-15).ln()).sum();
    sum / labels.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(accuracy(&[0, 1, 1, 2], &[0, 1, 2, 2]), 0.75);
        assert_eq!(confusion(&[0, 1, 1], &[0, 1, 0], 2), [1, 1, 0, 1]);
        // Errors 1 + 0 + 1 over 2 + 0 + 2.
        let spread = [1.0, 3.0, 5.0];
        assert_eq!(r_squared(&[2.0, 3.0, 4.0], &spread), 1.0 - 2.0 / 8.0);
        assert_eq!((r_squared(&[1.0], &[1.0]), r_squared(&[2.0], &[1.0])), (1.0, 0.0));
        let found = log_loss(&[0.5, 0.5, 1.0, 0.0], &[1, 0], 2);
        assert!((found - 2f64.ln() / 2.0).abs() < 1e-12);
    }
}
