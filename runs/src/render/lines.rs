//! Geometry of the box-drawing characters, U+2500 to U+257F: lines that meet those of the neighboring cells.

use super::shapes::{Shape, rect};

/// Weights of the four arms of each character: left, up, right, down; 0 none, 1 light, 2 heavy, 3 double. Dashes, arcs
/// and diagonals have no arms here.
const ARMS: &str = "\
    1010202001010202000000000000000000000000000000000011002100120022\
    1001200110022002011001200210022011002100120022000111012102110112\
    0212022101220222110121011201110212022201210222021011201110212021\
    1012201210222022111021101120212012102210122022201111211111212121\
    1211111212122211122121121122222121222212122222220000000000000000\
    3030030300310013003330011003300301300310033031001300330001310313\
    0333310113033303303110133033313013103330313113133333000000000000\
    0000000000000000100001000010000120000200002000021020010220100201";

/// Width of a light line in a cell of the width `w`.
fn light(w: f32) -> f32 {
    (w / 10.0).round().max(1.0)
}

/// Parts of the character with this code in a cell of `w` x `h` pixels.
pub(super) fn shapes(code: u32, w: f32, h: f32) -> Vec<Shape> {
    match code {
        0x2504..=0x250b | 0x254c..=0x254f => dashes(code, w, h),
        0x256d..=0x2570 => arc(code, w, h),
        0x2571..=0x2573 => diagonals(code, w, h),
        _ => arms(code, w, h),
    }
}

/// Start and width of the strokes of a line with this weight around the center `c`.
fn strokes(c: f32, weight: u8, t: f32) -> Vec<(f32, f32)> {
    match weight {
        0 => Vec::new(),
        1 => vec![((c - t / 2.0).floor(), t)],
        2 => vec![((c - t).floor(), 2.0 * t)],
        _ => vec![(c - 2.0 * t, t), (c + t, t)],
    }
}

/// First and last edge of a line with this weight around the center `c`.
fn edges(c: f32, weight: u8, t: f32) -> (f32, f32) {
    let all = strokes(c, weight, t);
    match (all.first(), all.last()) {
        (Some(first), Some(last)) => (first.0, last.0 + last.1),
        _ => (c, c),
    }
}

fn arms(code: u32, w: f32, h: f32) -> Vec<Shape> {
    let at = 4 * (code - 0x2500) as usize;
    let digits = ARMS.as_bytes().get(at..at + 4).unwrap_or(b"0000");
    let [left, up, right, down] = [0, 1, 2, 3].map(|i| digits[i] - b'0');
    let mut all = Vec::new();
    for (weight, opposite, horizontal, forward) in [
        (left, right, true, false),
        (right, left, true, true),
        (up, down, false, false),
        (down, up, false, true),
    ] {
        let sides = if horizontal { [up, down] } else { [left, right] };
        all.extend(arm(weight, opposite, sides, horizontal, forward, (w, h)));
    }
    all
}

/// One arm, from the center to the right or the bottom (`forward`), or to the left or the top. `opposite` is the weight
/// of the arm beyond the center, `sides` are those of the arms across.
fn arm(
    weight: u8,
    opposite: u8,
    sides: [u8; 2],
    horizontal: bool,
    forward: bool,
    (w, h): (f32, f32),
) -> Vec<Shape> {
    let t = light(w);
    let (length, across) = if horizontal { (w, h) } else { (h, w) };
    let center = length / 2.0;
    // A line covers the whole width of a line across; within a double line it ends at the inner stroke.
    let outer = |side: u8| {
        let (first, last) = edges(center, side, t);
        if forward { first } else { last }
    };
    let inner = if forward { center + t } else { center - t };
    let stroke = |(i, (at, thick)): (usize, (f32, f32))| {
        let (same, other) = if i == 0 { (sides[0], sides[1]) } else { (sides[1], sides[0]) };
        let end = match (weight, same, opposite, other) {
            (3, 3, ..) => inner,
            (3, 1.., 0, _) => outer(same),
            (3, 0, 0, 1..) => outer(other),
            (1 | 2, _, 0, _) if sides == [3, 3] => inner,
            (1 | 2, _, 0, _) if sides != [0, 0] => outer(same.max(other)),
            _ => center,
        };
        let (from, to) = if forward { (end, length) } else { (0.0, end) };
        match horizontal {
            true => rect(from, at, to - from, thick),
            false => rect(at, from, thick, to - from),
        }
    };
    strokes(across / 2.0, weight, t).into_iter().enumerate().map(stroke).collect()
}

/// Dashed lines: two to four dashes.
fn dashes(code: u32, w: f32, h: f32) -> Vec<Shape> {
    let n = match code {
        0x2504..=0x2507 => 3,
        0x2508..=0x250b => 4,
        _ => 2,
    };
    let (heavy, vertical) = (code % 2 == 1, if n == 2 { code >= 0x254e } else { code % 4 >= 2 });
    let (length, across, t) = if vertical { (h, w, light(w)) } else { (w, h, light(w)) };
    let part = length / n as f32;
    let dash = |i: u16| {
        let from = (f32::from(i) * part + 0.2 * part).round();
        let long = (0.6 * part).round().max(1.0);
        let all = strokes(across / 2.0, if heavy { 2 } else { 1 }, t);
        all.into_iter().map(move |(at, thick)| match vertical {
            true => rect(at, from, thick, long),
            false => rect(from, at, long, thick),
        })
    };
    (0..n).flat_map(dash).collect()
}

/// Rounded corners.
fn arc(code: u32, w: f32, h: f32) -> Vec<Shape> {
    /// Distance of the control points of a quarter of a circle, for the radius 1.
    const CONTROL: f32 = 0.552_284_8;
    let (to_right, to_bottom) = (matches!(code, 0x256d | 0x2570), matches!(code, 0x256d | 0x256e));
    let t = light(w);
    let (x, y) = ((w / 2.0 - t / 2.0).floor() + t / 2.0, (h / 2.0 - t / 2.0).floor() + t / 2.0);
    let (right, down) = (if to_right { 1.0 } else { -1.0 }, if to_bottom { 1.0 } else { -1.0 });
    let r = if to_right { w - x } else { x };
    let near = r * (1.0 - CONTROL);
    let bend = y + down * r;
    let (top, bottom) = if to_bottom { (bend, h) } else { (0.0, bend) };
    vec![
        rect(x - t / 2.0, top, t, bottom - top),
        Shape::Curve {
            points: [(x, bend), (x, y + down * near), (x + right * near, y), (x + right * r, y)],
            width: t,
        },
    ]
}

/// Diagonals from corner to corner.
fn diagonals(code: u32, w: f32, h: f32) -> Vec<Shape> {
    let line = |from: (f32, f32), to: (f32, f32)| Shape::Curve {
        points: [from, from, to, to],
        width: 1.2 * light(w),
    };
    let (rising, falling) = (line((0.0, h), (w, 0.0)), line((0.0, 0.0), (w, h)));
    match code {
        0x2571 => vec![rising],
        0x2572 => vec![falling],
        _ => vec![rising, falling],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cell of 10 x 20 pixels with all rectangles of the character filled.
    fn drawn(glyph: char) -> [[bool; 10]; 20] {
        let mut cell = [[false; 10]; 20];
        for shape in shapes(u32::from(glyph), 10.0, 20.0) {
            let Shape::Rect { x, y, w, h, .. } = shape else { continue };
            for row in &mut cell[y as usize..(y + h) as usize] {
                row[x as usize..(x + w) as usize].fill(true);
            }
        }
        cell
    }

    /// Filled pixels of the left, top, right and bottom border of a character.
    fn border(glyph: char) -> [Vec<usize>; 4] {
        let cell = drawn(glyph);
        let column = |x: usize| (0..20).filter(|&y| cell[y][x]).collect();
        let row = |y: usize| (0..10).filter(|&x| cell[y][x]).collect();
        [column(0), row(0), column(9), row(19)]
    }

    #[test]
    fn lines_of_neighbors_meet() {
        let none: Vec<usize> = Vec::new();
        let [light, heavy, double] = ['┼', '╋', '╬'].map(border);
        assert_eq!(light, [vec![9], vec![4], vec![9], vec![4]]);
        assert_eq!(heavy, [vec![9, 10], vec![4, 5], vec![9, 10], vec![4, 5]]);
        assert_eq!(double, [vec![8, 11], vec![3, 6], vec![8, 11], vec![3, 6]]);
        for (glyph, [left, up, right, down]) in [
            ('─', [&light[0], &none, &light[2], &none]),
            ('┃', [&none, &heavy[1], &none, &heavy[3]]),
            ('┌', [&none, &none, &light[2], &light[3]]),
            ('╚', [&none, &double[1], &double[2], &none]),
            ('╪', [&double[0], &light[1], &double[2], &light[3]]),
            ('╼', [&light[0], &none, &heavy[2], &none]),
            ('┡', [&none, &heavy[1], &heavy[2], &light[3]]),
        ] {
            assert_eq!(border(glyph), [left.clone(), up.clone(), right.clone(), down.clone()], "{glyph}");
        }
    }

    #[test]
    fn a_double_corner_has_an_inner_and_an_outer_line() {
        let cell = drawn('╔');
        // Outer corner at (3, 8), inner corner at (6, 11); the space between is empty.
        assert!(cell[8][3..].iter().all(|&on| on) && (8..20).all(|y| cell[y][3]));
        assert!(cell[11][6..].iter().all(|&on| on) && !cell[11][4] && !cell[10][6]);
        assert!(!cell[8][2] && !cell[7][3]);
        let middle = drawn('╬');
        assert!(!middle[9][4] && !middle[10][5] && !middle[8][4] && !middle[9][3]);
    }

    #[test]
    fn every_character_has_parts_within_its_cell() {
        for code in 0x2500..=0x257f {
            let all = shapes(code, 10.0, 20.0);
            assert!(!all.is_empty(), "{code:x}");
            for shape in all {
                if let Shape::Rect { x, y, w, h, .. } = shape {
                    assert!(x >= 0.0 && y >= 0.0 && x + w <= 10.0 && y + h <= 20.0, "{code:x} {shape:?}");
                    assert!(w > 0.0 && h > 0.0, "{code:x} {shape:?}");
                }
            }
        }
    }
}
