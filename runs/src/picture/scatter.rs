//! Scatter plot: points in a plane, colored by class or by value.

use freewheel_agents::Samples;
use freewheel_core::{Result, Rgb};

use super::axes::{Axes, Axis, TerminalAxes, format_number};
use super::colors::{self, MUTED};
use super::font;
use super::scene::{Anchor, Mark, NAME, SMALL, Scene};
use super::terminal::{Canvas, class_symbol, has_colors};
use super::{Depth, Picture, check_finite, check_not_empty, check_same_length};

/// Choice of what the colors of the points show.
#[derive(Clone, Debug, PartialEq)]
enum Coloring {
    None,
    Class { classes: Vec<u32>, names: Vec<String> },
    Value { values: Vec<f64>, name: String, low: f64, high: f64 },
}

/// A scatter plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    title: String,
    points: Samples,
    x: Axis,
    y: Axis,
    coloring: Coloring,
    centers: Option<Samples>,
}

impl Scatter {
    /// Scatter plot of `points [N, 2]`; `axes` are the labels of the x and the y axis.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) without points, for another width, or for numbers that are not
    /// finite.
    pub fn new(title: &str, points: Samples, axes: [&str; 2]) -> Result<Self> {
        check_not_empty(title, "points", points.rows())?;
        check_same_length(title, ("numbers of a point", points.width()), ("axes", 2))?;
        check_finite(title, points.values().iter().copied())?;
        let along = |i: usize| Axis::over(axes[i], points.iter().map(move |point| point[i]));
        let (x, y) = (along(0), along(1));
        Ok(Scatter { title: title.to_owned(), points, x, y, coloring: Coloring::None, centers: None })
    }

    /// Colors the points by `classes [N]`; a class is an index into `names`.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a different length or a class without a name.
    pub fn by_class(mut self, classes: &[u32], names: &[String]) -> Result<Self> {
        check_same_length(&self.title, ("classes", classes.len()), ("points", self.points.rows()))?;
        let most = classes.iter().max().map_or(0, |&most| most as usize + 1);
        check_same_length(&self.title, ("names", names.len().min(most)), ("classes", most))?;
        self.coloring = Coloring::Class { classes: classes.to_vec(), names: names.to_vec() };
        Ok(self)
    }

    /// Colors the points by `values [N]`; `name` is the label of the color bar.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a different length or values that are not finite.
    pub fn by_value(mut self, values: &[f64], name: &str) -> Result<Self> {
        check_same_length(&self.title, ("values", values.len()), ("points", self.points.rows()))?;
        check_finite(&self.title, values.iter().copied())?;
        let low = values.iter().copied().fold(f64::MAX, f64::min);
        let high = values.iter().copied().fold(f64::MIN, f64::max);
        self.coloring = Coloring::Value { values: values.to_vec(), name: name.to_owned(), low, high };
        Ok(self)
    }

    /// Adds the cluster `centers [K, 2]`, one for each of K classes, in the color of the class.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for another width or numbers that are not finite.
    pub fn with_centers(mut self, centers: Samples) -> Result<Self> {
        check_same_length(&self.title, ("numbers of a center", centers.width()), ("axes", 2))?;
        check_finite(&self.title, centers.values().iter().copied())?;
        self.centers = Some(centers);
        Ok(self)
    }

    fn color(&self, i: usize) -> Rgb {
        match &self.coloring {
            Coloring::None => colors::category(0),
            Coloring::Class { classes, .. } => colors::category(classes[i] as usize),
            Coloring::Value { values, low, high, .. } => {
                colors::viridis((values[i] - low) / (high - low).max(f64::MIN_POSITIVE))
            }
        }
    }

    fn legend(&self) -> Vec<(String, Rgb, char)> {
        match &self.coloring {
            Coloring::Class { names, .. } => {
                let one = |(i, name): (usize, &String)| (name.clone(), colors::category(i), class_symbol(i));
                names.iter().enumerate().map(one).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Indices of the points in a pseudo-random order, so that no class always lies on top of another.
    fn order(&self) -> impl Iterator<Item = usize> {
        let n = self.points.rows() as u64;
        // A prime (Knuth's multiplicative hash): steps of this size visit every one of n indices, unless the prime
        // divides n.
        const STRIDE: u64 = 2_654_435_761;
        (0..n).map(move |i| (i * STRIDE % n) as usize)
    }
}

impl Picture for Scatter {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new(&self.title);
        let axes = Axes::draw(&mut scene, [&self.x, &self.y], [720.0, 560.0], None);
        let n = self.points.rows();
        let (r, alpha) = match n {
            0..=200 => (4.0, 0.85),
            201..=2000 => (3.0, 0.75),
            2001..=6000 => (2.2, 0.7),
            _ => (1.8, 0.6),
        };
        for i in self.order() {
            let (x, y) = axes.at(self.points.row(i)[0], self.points.row(i)[1]);
            scene.marks.push(Mark::Circle { x, y, r, fill: self.color(i), alpha, outline_width: 0.0 });
        }
        for (i, center) in self.centers.iter().flat_map(Samples::iter).enumerate() {
            let (x, y) = axes.at(center[0], center[1]);
            scene.marks.push(Mark::Circle {
                x,
                y,
                r: 5.5,
                fill: colors::category(i),
                alpha: 1.0,
                outline_width: 1.5,
            });
        }
        axes.legend(&mut scene, &self.legend());
        if let Coloring::Value { name, low, high, .. } = &self.coloring {
            color_bar(&mut scene, &axes, name, *low, *high);
        }
        scene
    }

    fn text(&self, width: u16, depth: Depth) -> String {
        let mut canvas = Canvas::new(width);
        canvas.title(&self.title);
        let field = TerminalAxes::draw(&mut canvas, &self.x, &self.y);
        // Without colors a cell is one character, so its two halves are merged.
        let tall = if has_colors(depth) { 1 } else { 2 };
        let mut within: Vec<Vec<usize>> = vec![Vec::new(); field.columns * field.halves];
        for i in 0..self.points.rows() {
            if let Some((x, y)) = field.at(self.points.row(i)[0], self.points.row(i)[1]) {
                within[y / tall * tall * field.columns + x].push(i);
            }
        }
        for (at, points) in within.iter().enumerate().filter(|(_, points)| !points.is_empty()) {
            let (rgb, plain) = self.summarize_cell(points);
            field.pixel(&mut canvas, (at % field.columns, at / field.columns), rgb, plain);
        }
        for (i, center) in self.centers.iter().flat_map(Samples::iter).enumerate() {
            if let Some(at) = field.at(center[0], center[1]) {
                let rgb = colors::category(i).mix(colors::BACKGROUND, 0.5);
                field.pixel(&mut canvas, at, rgb, '+');
            }
        }
        match &self.coloring {
            Coloring::Value { name, low, high, .. } => {
                let y = canvas.height();
                let from = format!("{name}: {} ", short_number(*low));
                canvas.write(0, y, &from, Some(MUTED), None);
                let start = from.chars().count();
                let plain = |i: usize| char::from(b'0' + (i / 2) as u8);
                (0..20).for_each(|i| {
                    let rgb = colors::viridis(i as f64 / 19.0);
                    (0..2).for_each(|half| canvas.pixel(start + i, 2 * y + half, rgb, Some(plain(i))));
                });
                canvas.write(start + 21, y, &short_number(*high), Some(MUTED), None);
            }
            _ => TerminalAxes::legend(&mut canvas, &self.legend(), depth),
        }
        canvas.render(depth)
    }
}

impl Scatter {
    /// Color and character for several points in one cell: the most frequent class, or the mean value.
    fn summarize_cell(&self, points: &[usize]) -> (Rgb, char) {
        match &self.coloring {
            Coloring::None => (colors::category(0), if points.len() > 1 { 'o' } else { '.' }),
            Coloring::Class { classes, names } => {
                let mut counts = vec![0usize; names.len()];
                points.iter().for_each(|&i| counts[classes[i] as usize] += 1);
                let most = (0..counts.len()).rev().max_by_key(|&class| counts[class]).unwrap_or(0);
                (colors::category(most), class_symbol(most))
            }
            Coloring::Value { values, low, high, .. } => {
                let mean = points.iter().map(|&i| values[i]).sum::<f64>() / points.len() as f64;
                let share = (mean - low) / (high - low).max(f64::MIN_POSITIVE);
                (colors::viridis(share), char::from(b'0' + ((share * 10.0) as u8).min(9)))
            }
        }
    }
}

/// Draws the color bar of the values.
fn color_bar(scene: &mut Scene, axes: &Axes<'_>, name: &str, low: f64, high: f64) {
    let [_, top, right, bottom] = axes.bounds();
    let (x, y, h) = (right + 20.0, top + 24.0, (bottom - top - 24.0).min(260.0));
    scene.text(x, y - 10.0, NAME, Anchor::Start, colors::FOREGROUND, name);
    let pixels = (0..=255u8).rev().map(|i| colors::viridis(f64::from(i) / 255.0)).collect();
    scene.marks.push(Mark::Image { x, y, w: 14.0, h, columns: 1, pixels });
    let axis = Axis { low, high: if high > low { high } else { low + 1.0 }, name: String::new() };
    for (value, text) in axis.ticks(5) {
        let at = y + h * (1.0 - ((value - axis.low) / (axis.high - axis.low)) as f32);
        scene.text(x + 20.0, at + 4.0, SMALL, Anchor::Start, MUTED, &text);
        scene.extend_to(x + 20.0 + font::text_width(&text, SMALL), at);
    }
    scene.extend_to(x + font::text_width(name, NAME), y + h);
}

fn short_number(value: f64) -> String {
    format_number(value, if value.abs() >= 100.0 { 0 } else { 2 })
}
