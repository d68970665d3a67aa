//! Sine and cosine of one angle: the same digits on every machine, and quick enough for every substep.
//!
//! The angle is brought within an eighth of a turn of 0 (Cody & Waite 1980), where the polynomials of fdlibm (Sun Microsystems
//! 1993) hold to the last digit; the quarter turns that were taken off say which of the two is which, and their signs.

/// Added to a number and taken off again, it leaves the whole part; the number's last bits then are that of the sum.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// A quarter turn in two parts: the first has 33 bits, so that a whole number of it is exact.
const QUARTER: [f64; 2] = [1.570_796_326_734_125_6, 6.077_100_506_506_192e-11];

/// `(sin x, cos x)`, to 1e-15 for angles within a hundred thousand turns.
#[inline]
pub(super) fn sine_and_cosine(x: f64) -> (f64, f64) {
    let rounded = x * std::f64::consts::FRAC_2_PI + ROUNDER;
    let (quarters, whole) = (rounded.to_bits(), rounded - ROUNDER);
    let r = (x - whole * QUARTER[0]) - whole * QUARTER[1];
    let z = r * r;
    let sine = r + r
        * z
        * (-0.166_666_666_666_666_32
            + z * (8.333_333_333_322_49e-3
                + z * (-1.984_126_982_985_795e-4
                    + z * (2.755_731_370_707_006_8e-6
                        + z * (-2.505_076_025_340_686_3e-8 + z * 1.589_690_995_211_55e-10)))));
    let cosine = 1.0 - 0.5 * z
        + z * z
            * (4.166_666_666_666_66e-2
                + z * (-1.388_888_888_887_411e-3
                    + z * (2.480_158_728_947_673e-5
                        + z * (-2.755_731_435_139_066_3e-7
                            + z * (2.087_572_321_298_175e-9 - z * 1.135_964_755_778_819_5e-11)))));
    let (sine, cosine) = (sine.to_bits(), cosine.to_bits());
    // Whole numbers are chosen between without a branch.
    let (first, second) = if quarters & 1 == 0 { (sine, cosine) } else { (cosine, sine) };
    let sign = |quarters: u64| (quarters & 2) << 62;
    (f64::from_bits(first ^ sign(quarters)), f64::from_bits(second ^ sign(quarters.wrapping_add(1))))
}

#[cfg(test)]
mod tests {
    use super::sine_and_cosine;

    #[test]
    fn they_are_what_they_should_be() {
        for i in -200_000..=200_000 {
            for x in [1e-3 * f64::from(i), 0.731 * f64::from(i)] {
                let ((sin, cos), (sine, cosine)) = (x.sin_cos(), sine_and_cosine(x));
                assert!((sin - sine).abs() < 1e-15 && (cos - cosine).abs() < 1e-15, "{x}");
            }
        }
        assert_eq!(sine_and_cosine(0.0), (0.0, 1.0));
    }
}
