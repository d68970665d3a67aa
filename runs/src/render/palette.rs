//! Palettes of at most 255 colors for GIF.

use std::collections::{BTreeMap, HashMap};

/// Color: red, green, blue.
type Color = [u8; 3];

/// Palette, and the entry for each color of an animation.
pub(super) struct Palette {
    /// Colors of the palette.
    pub(super) colors: Vec<Color>,
    indices: HashMap<Color, u8>,
}

impl Palette {
    /// Palette for colors with the number of their pixels: the colors themselves, or the means of `most` boxes of
    /// similar colors (median cut, Heckbert 1982). `most` is 1 to 255.
    pub(super) fn of(counts: &BTreeMap<Color, u64>, most: usize) -> Self {
        let mut boxes: Vec<Vec<(Color, u64)>> = vec![counts.iter().map(|(&c, &n)| (c, n)).collect()];
        while boxes.len() < most {
            // The box with the largest squared error is cut at its median.
            let worst = (0..boxes.len()).max_by(|&a, &b| error(&boxes[a]).total_cmp(&error(&boxes[b])));
            let Some(worst) = worst.filter(|&i| boxes[i].len() > 1) else { break };
            let [low, high] = cut(std::mem::take(&mut boxes[worst]));
            boxes[worst] = low;
            boxes.push(high);
        }
        let mut palette = Palette { colors: Vec::new(), indices: HashMap::new() };
        for (index, colors) in boxes.iter().filter(|colors| !colors.is_empty()).enumerate() {
            palette.colors.push(mean(colors).map(|x| x.round() as u8));
            palette.indices.extend(colors.iter().map(|(color, _)| (*color, index as u8)));
        }
        palette
    }

    /// Entry for a color; 0 for a color that was not counted.
    pub(super) fn index(&self, color: Color) -> u8 {
        self.indices.get(&color).copied().unwrap_or(0)
    }
}

fn mean(colors: &[(Color, u64)]) -> [f64; 3] {
    let total: f64 = colors.iter().map(|(_, n)| *n as f64).sum();
    [0, 1, 2].map(|i| colors.iter().map(|(c, n)| f64::from(c[i]) * *n as f64).sum::<f64>() / total.max(1.0))
}

/// Squared error of a box; a rare color counts more than by its pixels, so that accents stay.
fn error(colors: &[(Color, u64)]) -> f64 {
    (0..3).map(|i| spread(colors, i)).sum()
}

/// Squared error of one component of the colors of a box.
fn spread(colors: &[(Color, u64)], i: usize) -> f64 {
    let center = mean(colors)[i];
    colors.iter().map(|(c, n)| (f64::from(c[i]) - center).powi(2) * (*n as f64).sqrt()).sum()
}

/// Cuts a box of at least two colors along its longest side.
fn cut(mut colors: Vec<(Color, u64)>) -> [Vec<(Color, u64)>; 2] {
    let side = (0..3).max_by(|&a, &b| spread(&colors, a).total_cmp(&spread(&colors, b))).unwrap_or(0);
    colors.sort_by_key(|(color, _)| (color[side], *color));
    let center = mean(&colors)[side];
    let at = colors.partition_point(|(color, _)| f64::from(color[side]) <= center);
    let high = colors.split_off(at.clamp(1, colors.len() - 1));
    [colors, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colors_are_exact() {
        let counts = BTreeMap::from([([1, 2, 3], 5), ([200, 0, 9], 1), ([0, 0, 0], 900)]);
        let palette = Palette::of(&counts, 255);
        for color in counts.keys() {
            assert_eq!(palette.colors[usize::from(palette.index(*color))], *color);
        }
    }

    #[test]
    fn many_colors_are_near() {
        let counts: BTreeMap<Color, u64> =
            (0..=255).flat_map(|r| (0..=16).map(move |g| ([r, 15 * g, 40], 1 + u64::from(r)))).collect();
        let palette = Palette::of(&counts, 255);
        assert_eq!(palette.colors.len(), 255);
        for color in counts.keys() {
            let near = palette.colors[usize::from(palette.index(*color))];
            assert!((0..3).all(|i| color[i].abs_diff(near[i]) < 26), "{color:?} {near:?}");
        }
    }
}
