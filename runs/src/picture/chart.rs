//! Chart: points, lines and bars over one axis.

use freewheel_core::{Result, Rgb};

use super::axes::{Axes, Axis, TerminalAxes};
use super::colors;
use super::scene::{Mark, Scene};
use super::terminal::Canvas;
use super::{Depth, Picture, check_finite, check_not_empty};

/// Characters for lines in a terminal without colors.
const LINES: &[u8] = b"*+x=~^%&";

/// Kind of a layer, in drawing order from bottom to top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum LayerKind {
    Bars,
    /// Thin line for secondary data.
    ThinLine,
    Line,
    Points,
}

#[derive(Clone, Debug, PartialEq)]
struct Layer {
    name: String,
    points: Vec<(f64, f64)>,
    kind: LayerKind,
}

/// Chart of several layers; drawn from bottom to top: bars, thin lines, lines, points.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    title: String,
    axes: [String; 2],
    layers: Vec<Layer>,
}

impl Chart {
    /// Empty chart; `axes` are the labels of the x and the y axis.
    pub fn new(title: &str, axes: [&str; 2]) -> Self {
        Chart { title: title.to_owned(), axes: axes.map(str::to_owned), layers: Vec::new() }
    }

    /// Adds points. A layer with an empty name is left out of the legend.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) without points, or for numbers that are not finite.
    pub fn points(self, name: &str, points: Vec<(f64, f64)>) -> Result<Self> {
        self.layer(name, points, LayerKind::Points)
    }

    /// Adds a line through points.
    ///
    /// # Errors
    /// Same as [`Chart::points`].
    pub fn line(self, name: &str, points: Vec<(f64, f64)>) -> Result<Self> {
        self.layer(name, points, LayerKind::Line)
    }

    /// Adds a thin line through points, for secondary data.
    ///
    /// # Errors
    /// Same as [`Chart::points`].
    pub fn thin_line(self, name: &str, points: Vec<(f64, f64)>) -> Result<Self> {
        self.layer(name, points, LayerKind::ThinLine)
    }

    /// Adds bars from 0 to each of `heights`, at x = 1, 2, 3, ...
    ///
    /// # Errors
    /// Same as [`Chart::points`].
    pub fn bars(self, name: &str, heights: &[f64]) -> Result<Self> {
        let points = heights.iter().enumerate().map(|(i, &height)| ((i + 1) as f64, height)).collect();
        self.layer(name, points, LayerKind::Bars)
    }

    fn layer(mut self, name: &str, points: Vec<(f64, f64)>, kind: LayerKind) -> Result<Self> {
        check_not_empty(&self.title, "points", points.len())?;
        check_finite(&self.title, points.iter().flat_map(|&(x, y)| [x, y]))?;
        self.layers.push(Layer { name: name.to_owned(), points, kind });
        Ok(self)
    }

    fn axis(&self, x: bool) -> Axis {
        let name = &self.axes[usize::from(!x)];
        let all = self.layers.iter().flat_map(|layer| {
            let bars = layer.kind == LayerKind::Bars;
            layer.points.iter().flat_map(move |&point| match (x, bars) {
                (true, true) => [point.0 - 0.5, point.0 + 0.5],
                (true, false) => [point.0; 2],
                (false, true) => [point.1, 0.0],
                (false, false) => [point.1; 2],
            })
        });
        let mut axis = Axis::over(name, all);
        // In a chart with bars and without negative numbers, the y axis starts at 0.
        let least =
            self.layers.iter().flat_map(|layer| &layer.points).map(|point| point.1).fold(f64::MAX, f64::min);
        if !x && least >= 0.0 && self.layers.iter().any(|layer| layer.kind == LayerKind::Bars) {
            axis.low = 0.0;
        }
        axis
    }

    /// Layers with color and character, in the order in which they were added.
    fn styled(&self) -> Vec<(&Layer, Rgb, char)> {
        let glyph = |i: usize, kind: LayerKind| match kind {
            LayerKind::Points => 'o',
            LayerKind::Bars => '#',
            LayerKind::Line | LayerKind::ThinLine => char::from(LINES[i % LINES.len()]),
        };
        let layers = self.layers.iter().enumerate();
        layers.map(|(i, layer)| (layer, colors::category(i), glyph(i, layer.kind))).collect()
    }

    /// Layers with color and character, in drawing order.
    fn ordered(&self) -> Vec<(&Layer, Rgb, char)> {
        let mut all = self.styled();
        all.sort_by_key(|(layer, ..)| layer.kind);
        all
    }

    fn legend(&self) -> Vec<(String, Rgb, char)> {
        let named = self.styled().into_iter().filter(|(layer, ..)| !layer.name.is_empty());
        named.map(|(layer, color, glyph)| (layer.name.clone(), color, glyph)).collect()
    }
}

impl Picture for Chart {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new(&self.title);
        let (x, y) = (self.axis(true), self.axis(false));
        let axes = Axes::draw(&mut scene, [&x, &y], [680.0, 420.0], self.whole_ticks(&x).as_deref());
        for (layer, color, _) in self.ordered() {
            let at: Vec<(f32, f32)> = layer.points.iter().map(|&(x, y)| axes.at(x, y)).collect();
            match layer.kind {
                LayerKind::Points => at.iter().for_each(|&(x, y)| {
                    let few = at.len() <= 200;
                    let (r, alpha) = if few { (4.5, 0.9) } else { (2.0, 0.5) };
                    scene.marks.push(Mark::Circle { x, y, r, fill: color, alpha, outline_width: 0.0 });
                }),
                LayerKind::Line => scene.line(&at, color, 2.5),
                LayerKind::ThinLine => scene.line(&at, color, 1.5),
                LayerKind::Bars => layer.points.iter().for_each(|&(value, height)| {
                    let ((left, top), (right, bottom)) =
                        (axes.at(value - 0.4, height), axes.at(value + 0.4, 0.0));
                    let (top, bottom) = (top.min(bottom), top.max(bottom));
                    scene.rect(left, top, right - left, bottom - top, color);
                }),
            }
        }
        axes.legend(&mut scene, &self.legend());
        scene
    }

    fn text(&self, width: u16, depth: Depth) -> String {
        let mut canvas = Canvas::new(width);
        canvas.title(&self.title);
        let (x, y) = (self.axis(true), self.axis(false));
        let field = TerminalAxes::draw(&mut canvas, &x, &y);
        for (layer, color, plain) in self.ordered() {
            let mut dot = |x: f64, y: f64| {
                if let Some(at) = field.at(x, y) {
                    field.pixel(&mut canvas, at, color, plain);
                }
            };
            match layer.kind {
                LayerKind::Points => layer.points.iter().for_each(|&(x, y)| dot(x, y)),
                LayerKind::Line | LayerKind::ThinLine => layer.points.windows(2).for_each(|ends| {
                    let ((x0, y0), (x1, y1)) = (ends[0], ends[1]);
                    let steps = 2 * (field.columns + field.halves);
                    (0..=steps).for_each(|step| {
                        let t = step as f64 / steps as f64;
                        dot(x0 + t * (x1 - x0), y0 + t * (y1 - y0));
                    });
                }),
                LayerKind::Bars => layer.points.iter().for_each(|&(value, height)| {
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
            TerminalAxes::legend(&mut canvas, &legend, depth);
        }
        canvas.render(depth)
    }
}

impl Chart {
    /// Ticks at whole numbers, for charts with bars.
    fn whole_ticks(&self, x: &Axis) -> Option<Vec<(f64, String)>> {
        let bars = self.layers.iter().find(|layer| layer.kind == LayerKind::Bars)?;
        if bars.points.len() <= 25 {
            return Some(bars.points.iter().map(|&(value, _)| (value, format!("{value}"))).collect());
        }
        Some(x.ticks(10).into_iter().filter(|(value, _)| value.fract() == 0.0 && *value >= 1.0).collect())
    }
}
