//! Points, lines and bars over one axis.

use freewheel_core::{Result, Rgb};

use super::characters::Canvas;
use super::colors;
use super::plane::{Axis, Field, Plane};
use super::scene::{Mark, Scene};
use super::{Depth, Picture, finite, some};

/// What lines are made of where there are no colors.
const LINES: &[u8] = b"*+x=~^%&";

/// How points are shown, from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum As {
    Bars,
    /// Beside the others, less to be seen.
    Thin,
    Line,
    Points,
}

#[derive(Clone, Debug, PartialEq)]
struct Layer {
    name: String,
    points: Vec<(f64, f64)>,
    shown: As,
}

/// Layers over one axis: bars, lines above them, points above all.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    title: String,
    axes: [String; 2],
    layers: Vec<Layer>,
}

impl Chart {
    /// Nothing yet; `axes` says what goes across and what goes up.
    pub fn new(title: &str, axes: [&str; 2]) -> Self {
        Chart { title: title.to_owned(), axes: axes.map(str::to_owned), layers: Vec::new() }
    }

    /// Adds points. A layer whose name is empty is not in the legend.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) where there are none or they are not finite, here and below.
    pub fn points(self, name: &str, points: Vec<(f64, f64)>) -> Result<Self> {
        self.layer(name, points, As::Points)
    }

    /// Adds a line from point to point.
    ///
    /// # Errors
    /// See [`Chart::points`].
    pub fn line(self, name: &str, points: Vec<(f64, f64)>) -> Result<Self> {
        self.layer(name, points, As::Line)
    }

    /// Adds a thin line from point to point, for what stands beside what is looked at.
    ///
    /// # Errors
    /// See [`Chart::points`].
    pub fn thin(self, name: &str, points: Vec<(f64, f64)>) -> Result<Self> {
        self.layer(name, points, As::Thin)
    }

    /// Adds bars from 0, over 1, 2 and so on.
    ///
    /// # Errors
    /// See [`Chart::points`].
    pub fn bars(self, name: &str, heights: &[f64]) -> Result<Self> {
        let points = heights.iter().enumerate().map(|(i, &height)| ((i + 1) as f64, height)).collect();
        self.layer(name, points, As::Bars)
    }

    fn layer(mut self, name: &str, points: Vec<(f64, f64)>, shown: As) -> Result<Self> {
        some(&self.title, "points", points.len())?;
        finite(&self.title, points.iter().flat_map(|&(x, y)| [x, y]))?;
        self.layers.push(Layer { name: name.to_owned(), points, shown });
        Ok(self)
    }

    fn along(&self, x: bool) -> Axis {
        let name = &self.axes[usize::from(!x)];
        let all = self.layers.iter().flat_map(|layer| {
            let bars = layer.shown == As::Bars;
            layer.points.iter().flat_map(move |&point| match (x, bars) {
                (true, true) => [point.0 - 0.5, point.0 + 0.5],
                (true, false) => [point.0; 2],
                (false, true) => [point.1, 0.0],
                (false, false) => [point.1; 2],
            })
        });
        let mut axis = Axis::over(name, all);
        // Bars stand on the axis.
        let least =
            self.layers.iter().flat_map(|layer| &layer.points).map(|point| point.1).fold(f64::MAX, f64::min);
        if !x && least >= 0.0 && self.layers.iter().any(|layer| layer.shown == As::Bars) {
            axis.low = 0.0;
        }
        axis
    }

    /// Each layer with its color and what stands for it where there are none.
    fn inked(&self) -> Vec<(&Layer, Rgb, char)> {
        let glyph = |i: usize, shown: As| match shown {
            As::Points => 'o',
            As::Bars => '#',
            As::Line | As::Thin => char::from(LINES[i % LINES.len()]),
        };
        let layers = self.layers.iter().enumerate();
        layers.map(|(i, layer)| (layer, colors::class(i), glyph(i, layer.shown))).collect()
    }

    /// The same from the lowest to the highest.
    fn ordered(&self) -> Vec<(&Layer, Rgb, char)> {
        let mut all = self.inked();
        all.sort_by_key(|(layer, ..)| layer.shown);
        all
    }

    fn legend(&self) -> Vec<(String, Rgb, char)> {
        let named = self.inked().into_iter().filter(|(layer, ..)| !layer.name.is_empty());
        named.map(|(layer, color, glyph)| (layer.name.clone(), color, glyph)).collect()
    }
}

impl Picture for Chart {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new(&self.title);
        let (x, y) = (self.along(true), self.along(false));
        let plane = Plane::draw(&mut scene, [&x, &y], [680.0, 420.0], self.whole_ticks(&x).as_deref());
        for (layer, color, _) in self.ordered() {
            let at: Vec<(f32, f32)> = layer.points.iter().map(|&(x, y)| plane.at(x, y)).collect();
            match layer.shown {
                As::Points => at.iter().for_each(|&(x, y)| {
                    let few = at.len() <= 200;
                    let (r, alpha) = if few { (4.5, 0.9) } else { (2.0, 0.5) };
                    scene.marks.push(Mark::Disc { x, y, r, fill: color, alpha, rim: 0.0 });
                }),
                As::Line => scene.line(&at, color, 2.5),
                As::Thin => scene.line(&at, color, 1.5),
                As::Bars => layer.points.iter().for_each(|&(value, height)| {
                    let ((left, top), (right, bottom)) =
                        (plane.at(value - 0.4, height), plane.at(value + 0.4, 0.0));
                    let (top, bottom) = (top.min(bottom), top.max(bottom));
                    scene.rect(left, top, right - left, bottom - top, color);
                }),
            }
        }
        plane.legend(&mut scene, &self.legend());
        scene
    }

    fn text(&self, width: u16, depth: Depth) -> String {
        let mut canvas = Canvas::new(width);
        canvas.title(&self.title);
        let (x, y) = (self.along(true), self.along(false));
        let field = Field::draw(&mut canvas, &x, &y);
        for (layer, color, plain) in self.ordered() {
            let mut dot = |x: f64, y: f64| {
                if let Some(at) = field.at(x, y) {
                    field.pixel(&mut canvas, at, color, plain);
                }
            };
            match layer.shown {
                As::Points => layer.points.iter().for_each(|&(x, y)| dot(x, y)),
                As::Line | As::Thin => layer.points.windows(2).for_each(|ends| {
                    let ((x0, y0), (x1, y1)) = (ends[0], ends[1]);
                    let steps = 2 * (field.columns + field.halves);
                    (0..=steps).for_each(|step| {
                        let t = step as f64 / steps as f64;
                        dot(x0 + t * (x1 - x0), y0 + t * (y1 - y0));
                    });
                }),
                As::Bars => layer.points.iter().for_each(|&(value, height)| {
                    for across in 0..=2 * field.columns {
                        let at = x.low + (x.high - x.low) * across as f64 / (2 * field.columns) as f64;
                        if (at - value).abs() <= 0.4 {
                            (0..=2 * field.halves)
                                .for_each(|up| dot(at, height * up as f64 / (2 * field.halves) as f64));
                        }
                    }
                }),
            }
        }
        let legend = self.legend();
        if legend.len() > 1 {
            Field::legend(&mut canvas, &legend, depth);
        }
        canvas.finish(depth)
    }
}

impl Chart {
    /// Under bars stand whole numbers.
    fn whole_ticks(&self, x: &Axis) -> Option<Vec<(f64, String)>> {
        let bars = self.layers.iter().find(|layer| layer.shown == As::Bars)?;
        if bars.points.len() <= 25 {
            return Some(bars.points.iter().map(|&(value, _)| (value, format!("{value}"))).collect());
        }
        Some(x.ticks(10).into_iter().filter(|(value, _)| value.fract() == 0.0 && *value >= 1.0).collect())
    }
}
