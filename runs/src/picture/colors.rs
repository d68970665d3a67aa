//! Color scales that remain distinguishable with every kind of color blindness.
//!
//! Classes: the ten colors of Petroff (2021, arXiv 2107.02270). Values: viridis, perceptually uniform. Signed numbers:
//! blue, white, red. Shares: white to blue.

use freewheel_core::Rgb;

/// Background.
pub const BACKGROUND: Rgb = Rgb(255, 255, 255);
/// Text.
pub const FOREGROUND: Rgb = Rgb(33, 37, 41);
/// Secondary text: labels, ticks.
pub const MUTED: Rgb = Rgb(105, 112, 120);
/// Grid lines.
pub const GRID: Rgb = Rgb(229, 231, 235);

/// Ten colors of Petroff 2021.
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

/// Color of class `i`; from the eleventh class on the colors repeat, each time darker.
pub fn category(i: usize) -> Rgb {
    let round = (i / CLASSES.len()) as f32;
    CLASSES[i % CLASSES.len()].mix(FOREGROUND, 1.0 - 0.6f32.powf(round))
}

/// Viridis color of a value `t`, 0 to 1.
pub fn viridis(t: f64) -> Rgb {
    eval(colorous::VIRIDIS, t)
}

/// Diverging color of a signed number `t`, -1 (blue) to 1 (red).
pub fn diverging(t: f64) -> Rgb {
    eval(colorous::RED_BLUE, 0.5 - t / 2.0)
}

/// Sequential color of a share `t`, 0 (white) to 1 (dark blue).
pub fn sequential(t: f64) -> Rgb {
    if t <= 0.0 { BACKGROUND } else { eval(colorous::BLUES, 0.06 + 0.9 * t) }
}

/// Gray level `t`, 0 (black) to 1 (white).
pub fn gray(t: f32) -> Rgb {
    Rgb(0, 0, 0).mix(Rgb(255, 255, 255), t)
}

/// Luminance of a color, 0 to 1, with the weights of Rec. 709.
pub fn luma(rgb: Rgb) -> f32 {
    (0.2126 * f32::from(rgb.0) + 0.7152 * f32::from(rgb.1) + 0.0722 * f32::from(rgb.2)) / 255.0
}

/// Text color that is legible on `background`.
pub fn text_color_on(background: Rgb) -> Rgb {
    if luma(background) > 0.5 { FOREGROUND } else { BACKGROUND }
}

fn eval(gradient: colorous::Gradient, t: f64) -> Rgb {
    let color = gradient.eval_continuous(t.clamp(0.0, 1.0));
    Rgb(color.r, color.g, color.b)
}
