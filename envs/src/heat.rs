//! Values in drawings: their colors, and texts of limited length.

use freewheel_core::Rgb;

/// Text of a number in at most five characters, or `max_len` if that is smaller; empty if the number does not fit.
pub(crate) fn format_value(value: f32, max_len: usize) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        ..0.0005 => {
            return Some(format!("{value:.0e}")).filter(|text| text.len() <= max_len).unwrap_or_default();
        }
        ..10.0 => 2,
        ..100.0 => 1,
        ..10_000.0 => 0,
        _ => return Some(format!("{value:.0e}")).filter(|text| text.len() <= max_len).unwrap_or_default(),
    };
    let text = |decimals: usize| {
        let text = format!("{value:.decimals$}");
        // The zero before the decimal point is omitted: .42 for 0.42.
        match (text.strip_prefix("-0."), text.strip_prefix("0.")) {
            (Some(rest), _) => format!("-.{rest}"),
            (_, Some(rest)) if text.len() > max_len => format!(".{rest}"),
            _ => text,
        }
    };
    (0..=decimals).rev().map(text).find(|text| text.len() <= max_len).unwrap_or_default()
}

/// Color of a value in the darkened color map viridis. `t` is the position of the value between the least (0) and the
/// greatest (1) value on the board.
pub(crate) fn value_color(t: f32) -> Rgb {
    const STOPS: [Rgb; 5] =
        [Rgb(58, 6, 74), Rgb(52, 70, 122), Rgb(28, 118, 120), Rgb(70, 158, 80), Rgb(206, 188, 34)];
    let at = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let low = (at as usize).min(STOPS.len() - 2);
    STOPS[low].mix(STOPS[low + 1], at - low as f32)
}

/// Text color on the background color `ground`: black or white, whichever is more readable (luma of ITU-R BT.601).
pub(crate) fn text_color(ground: Rgb) -> Rgb {
    let luminance = 0.299 * f32::from(ground.0) + 0.587 * f32::from(ground.1) + 0.114 * f32::from(ground.2);
    if luminance > 130.0 { Rgb(16, 16, 16) } else { Rgb(240, 240, 240) }
}

#[cfg(test)]
mod tests {
    use super::format_value;

    #[test]
    fn values_are_as_long_as_fits() {
        let all = [0.0, 0.734, -0.5, -2.345, -13.04, 123.4, -8765.0, 0.0001, 2e6];
        let with_max_len = |max_len| all.map(|value| format_value(value, max_len));
        assert_eq!(with_max_len(6), ["0", "0.73", "-.50", "-2.35", "-13.0", "123", "-8765", "1e-4", "2e6"]);
        assert_eq!(with_max_len(4), ["0", "0.73", "-.50", "-2.3", "-13", "123", "", "1e-4", "2e6"]);
        assert_eq!(with_max_len(3), ["0", ".73", "-.5", "-2", "-13", "123", "", "", "2e6"]);
    }
}
