//! Line of small bars, one for each number.

/// Heights of a bar within one cell, eighths of a row.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Scale of the bars: from the lowest number, or 0, to the highest number, or 0.
pub(super) fn range(numbers: &[f32]) -> (f32, f32) {
    let finite = || numbers.iter().copied().filter(|x| x.is_finite());
    (finite().fold(0.0, f32::min), finite().fold(0.0, f32::max))
}

/// Bars of the last `width` of `numbers`, on the [`range`] of all of them. A number that is not finite is a space.
pub(super) fn line(numbers: &[f32], width: usize) -> String {
    let (low, high) = range(numbers);
    let bar = |x: &f32| match ((x - low) / (high - low)).clamp(0.0, 1.0) {
        _ if !x.is_finite() => ' ',
        share if share.is_finite() => EIGHTHS[((share * 7.0).round() as usize).min(7)],
        // All numbers are 0.
        _ => EIGHTHS[0],
    };
    numbers[numbers.len().saturating_sub(width)..].iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_contains_zero() {
        assert_eq!((line(&[-1.0, -1.0, 0.0], 9), range(&[-1.0, -1.0])), ("▁▁█".to_owned(), (-1.0, 0.0)));
        assert_eq!((line(&[0.0, 0.0, 2.0], 2), range(&[0.0, 2.0])), ("▁█".to_owned(), (0.0, 2.0)));
        assert_eq!(line(&[f32::NAN, 1.0, 4.0], 9), " ▃█");
        assert_eq!((line(&[0.0], 9), range(&[])), ("▁".to_owned(), (0.0, 0.0)));
        assert_eq!(line(&[], 9), "");
    }
}
