//! Colors that differ for everybody.
//!
//! Classes: ten colors that people with each kind of color blindness can tell apart (Petroff 2021, arXiv 2107.02270). Values:
//! viridis, whose steps look equally large. Signed numbers: blue, white, red, without green. Shares: white to blue.

use freewheel_core::Rgb;

/// Ground.
pub const PAPER: Rgb = Rgb(255, 255, 255);
/// What is read.
pub const INK: Rgb = Rgb(33, 37, 41);
/// What explains what is read.
pub const DIM: Rgb = Rgb(105, 112, 120);
/// Lines behind the data.
pub const GRID: Rgb = Rgb(229, 231, 235);

/// Petroff's ten.
const CLASSES: [Rgb; 10] = [
    Rgb(63, 144, 218),
    Rgb(255, 169, 14),
    Rgb(189, 31, 1),
    Rgb(148, 164, 162),
    Rgb(131, 45, 182),
    Rgb(169, 107, 89),
    Rgb(231, 99, 0),
    Rgb(185, 172, 112),
    Rgb(113, 117, 129),
    Rgb(146, 218, 221),
];

/// The color of class `i`; from the eleventh on they come again, each time darker.
pub fn class(i: usize) -> Rgb {
    let round = (i / CLASSES.len()) as f32;
    CLASSES[i % CLASSES.len()].mix(INK, 1.0 - 0.6f32.powf(round))
}

/// The color of a value, 0 to 1: viridis.
pub fn value(t: f64) -> Rgb {
    from(colorous::VIRIDIS, t)
}

/// The color of a signed number, -1 (blue) to 1 (red).
pub fn signed(t: f64) -> Rgb {
    from(colorous::RED_BLUE, 0.5 - t / 2.0)
}

/// The color of a share, 0 (paper) to 1 (dark blue).
pub fn share(t: f64) -> Rgb {
    if t <= 0.0 { PAPER } else { from(colorous::BLUES, 0.06 + 0.9 * t) }
}

/// Gray, 0 (black) to 1.
pub fn gray(t: f32) -> Rgb {
    Rgb(0, 0, 0).mix(Rgb(255, 255, 255), t)
}

/// How light a color is, 0 to 1: Rec. 709's weights.
pub fn luma(rgb: Rgb) -> f32 {
    (0.2126 * f32::from(rgb.0) + 0.7152 * f32::from(rgb.1) + 0.0722 * f32::from(rgb.2)) / 255.0
}

/// What is legible on `ground`.
pub fn ink_on(ground: Rgb) -> Rgb {
    if luma(ground) > 0.5 { INK } else { PAPER }
}

fn from(gradient: colorous::Gradient, t: f64) -> Rgb {
    let color = gradient.eval_continuous(t.clamp(0.0, 1.0));
    Rgb(color.r, color.g, color.b)
}
