//! Geometry of the characters that must join without gaps: block elements and braille; box drawing is in `lines`.

use super::lines;

/// Part of a character, in pixels from the upper left corner of its cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// Filled rectangle.
    Rect {
        /// Left edge.
        x: f32,
        /// Top edge.
        y: f32,
        /// Width.
        w: f32,
        /// Height.
        h: f32,
        /// Opacity, 0 to 1.
        alpha: f32,
    },
    /// Filled circle.
    Circle {
        /// Center, horizontal.
        x: f32,
        /// Center, vertical.
        y: f32,
        /// Radius.
        r: f32,
    },
    /// Cubic Bézier curve: its start, two control points and its end.
    Curve {
        /// The four points.
        points: [(f32, f32); 4],
        /// Width of the line.
        width: f32,
    },
}

/// Opaque rectangle.
pub(super) fn rect(x: f32, y: f32, w: f32, h: f32) -> Shape {
    Shape::Rect { x, y, w, h, alpha: 1.0 }
}

/// Parts of `glyph` in a cell of `w` x `h` pixels, both even; `None` for a character that a font draws.
pub(super) fn shapes(glyph: char, w: f32, h: f32) -> Option<Vec<Shape>> {
    let code = u32::from(glyph);
    match code {
        0x2500..=0x257f => Some(lines::shapes(code, w, h)),
        0x2580..=0x259f => Some(blocks(code, w, h)),
        0x2800..=0x28ff => Some(braille(code - 0x2800, w, h)),
        _ => None,
    }
}

/// Block elements.
fn blocks(code: u32, w: f32, h: f32) -> Vec<Shape> {
    let part = |length: f32, eighths: u32| (length * eighths as f32 / 8.0).round().max(1.0);
    match code {
        0x2580 => vec![rect(0.0, 0.0, w, h / 2.0)],
        0x2581..=0x2588 => {
            let high = part(h, code - 0x2580);
            vec![rect(0.0, h - high, w, high)]
        }
        0x2589..=0x258f => vec![rect(0.0, 0.0, part(w, 0x2590 - code), h)],
        0x2590 => vec![rect(w / 2.0, 0.0, w / 2.0, h)],
        0x2591..=0x2593 => {
            vec![Shape::Rect { x: 0.0, y: 0.0, w, h, alpha: 0.25 * (code - 0x2590) as f32 }]
        }
        0x2594 => vec![rect(0.0, 0.0, w, part(h, 1))],
        0x2595 => vec![rect(w - part(w, 1), 0.0, part(w, 1), h)],
        _ => {
            // Quadrants: 1 upper left, 2 upper right, 4 lower left, 8 lower right.
            const QUADRANTS: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];
            let bits = QUADRANTS.get((code - 0x2596) as usize).copied().unwrap_or(0);
            let (w, h) = (w / 2.0, h / 2.0);
            let set = (0..4u8).filter(|i| bits >> i & 1 == 1);
            set.map(|i| rect(f32::from(i % 2) * w, f32::from(i / 2) * h, w, h)).collect()
        }
    }
}

/// Braille: 2 x 4 dots.
fn braille(bits: u32, w: f32, h: f32) -> Vec<Shape> {
    const PLACES: [(u8, u8); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    let (across, down) = (w / 2.0, h / 4.0);
    let r = across.min(down) * 0.4;
    let set = PLACES.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
    set.map(|(_, &(column, row))| Shape::Circle {
        x: (f32::from(column) + 0.5) * across,
        y: (f32::from(row) + 0.5) * down,
        r,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fill_their_share_of_the_cell() {
        let area = |glyph: char| -> f32 {
            let all = shapes(glyph, 16.0, 32.0).unwrap();
            let area = |shape: &Shape| match *shape {
                Shape::Rect { w, h, alpha, .. } => w * h * alpha,
                _ => 0.0,
            };
            all.iter().map(area).sum::<f32>() / 512.0
        };
        for (glyph, share) in [
            ('█', 1.0),
            ('▀', 0.5),
            ('▄', 0.5),
            ('▌', 0.5),
            ('▐', 0.5),
            ('▂', 0.25),
            ('▆', 0.75),
            ('▎', 0.25),
            ('▔', 0.125),
            ('▕', 0.125),
            ('▒', 0.5),
            ('▖', 0.25),
            ('▙', 0.75),
            ('▚', 0.5),
        ] {
            assert_eq!(area(glyph), share, "{glyph}");
        }
        assert_eq!(shapes('▝', 10.0, 20.0), Some(vec![rect(5.0, 0.0, 5.0, 10.0)]));
        assert_eq!(shapes('A', 10.0, 20.0), None);
    }

    #[test]
    fn braille_dots_stand_in_two_columns_and_four_rows() {
        assert_eq!(shapes('⣿', 10.0, 20.0).unwrap().len(), 8);
        let dot = |x, y| Shape::Circle { x, y, r: 2.0 };
        assert_eq!(shapes('⠁', 10.0, 20.0), Some(vec![dot(2.5, 2.5)]));
        assert_eq!(shapes('⢀', 10.0, 20.0), Some(vec![dot(7.5, 17.5)]));
    }
}
