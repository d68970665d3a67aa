//! Scene 1: one neuron with sliders, and a deep network, on the same points.

use std::time::Duration;

use freewheel_core::Rgb;
use ratatui::layout::Rect;

use crate::format::compact;
use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::{Axes, Canvas};
use crate::tui::tour::network::{PlaneNetwork, Point, Shape};
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider, toggle};

/// Part of the plane that is shown.
const PLANE: Axes = Axes { x: (-1.05, 1.05), y: (-1.05, 1.05) };
/// Steps of learning a second.
const RATE: f64 = 40.0;

/// Points, the selected one, and learning by time.
struct Lesson {
    shape: Shape,
    points: Vec<Point>,
    selected: usize,
    learns: bool,
    /// Steps after which all points were right for the first time.
    solved: Option<u64>,
    /// Steps that are due.
    debt: f64,
    picture: Rect,
}

impl Lesson {
    fn new(shape: Shape) -> Self {
        let points = shape.points();
        Lesson { shape, points, selected: 0, learns: false, solved: None, debt: 0.0, picture: Rect::ZERO }
    }

    fn next_shape(&mut self) {
        self.shape = self.shape.next();
        self.points = self.shape.points();
        self.solved = None;
    }

    /// Selects the point that is nearest to a cell of the picture.
    fn select(&mut self, (x, y): (u16, u16)) {
        let area = self.picture;
        let at = PLANE.point((area.x + x, area.y + y), area);
        let distance = |point: &Point| (point.at[0] - at[0]).powi(2) + (point.at[1] - at[1]).powi(2);
        let all = self.points.iter().enumerate();
        if let Some((nearest, _)) = all.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))) {
            self.selected = nearest;
        }
    }

    /// Makes the steps that are due; true if there were some.
    fn learn(&mut self, elapsed: Duration, network: &mut PlaneNetwork) -> bool {
        if !self.learns {
            return false;
        }
        self.debt += RATE * elapsed.as_secs_f64();
        let steps = self.debt as u32;
        self.debt -= f64::from(steps);
        for _ in 0..steps {
            network.learn(&self.points);
            if self.solved.is_none() && network.score(&self.points).1 == 1.0 {
                self.solved = Some(network.steps);
            }
        }
        steps > 0
    }

    fn draw(&mut self, network: &PlaneNetwork, canvas: &mut Canvas<'_>, area: Rect) {
        self.picture = area;
        let cells: Vec<(u16, u16)> = (area.top()..area.bottom())
            .flat_map(|y| (area.left()..area.right()).map(move |x| (x, y)))
            .collect();
        let at: Vec<[f64; 2]> = cells.iter().map(|&cell| PLANE.point(cell, area)).collect();
        for (cell, p) in cells.into_iter().zip(network.probabilities(&at)) {
            region(canvas, cell, p);
        }
        for (index, point) in self.points.iter().enumerate() {
            if let Some(cell) = PLANE.cell(point.at, area) {
                canvas.class_point(cell, point.class, index == self.selected);
            }
        }
    }
}

/// Background of a cell where class 1 has the probability `p`.
fn region(canvas: &mut Canvas<'_>, cell: (u16, u16), p: f64) {
    let theme = canvas.palette.theme;
    let mixed =
        |series: usize| theme.background().mix(theme.series(series), (0.42 * (2.0 * p - 1.0).abs()) as f32);
    if canvas.palette.shade(Role::Accent).is_none() {
        return canvas.shade(cell, 1, p);
    }
    let Rgb(r, g, b) = mixed(usize::from(p > 0.5));
    let palette = canvas.palette;
    if let Some(out) = canvas.buf.cell_mut(cell) {
        let rgb = Rgb(r, g, b);
        palette.draw_cell(&freewheel_core::Cell { glyph: ' ', fg: rgb, bg: rgb }, false, out);
    }
}

/// Page of one neuron.
pub(in crate::tui::tour) struct Neuron {
    lesson: Lesson,
    network: PlaneNetwork,
}

impl Neuron {
    pub(in crate::tui::tour) fn new() -> Self {
        let mut network = PlaneNetwork::neuron();
        // A line that separates nothing.
        network.parameters.copy_from_slice(&[-2.0, 3.0, 0.5]);
        Neuron { lesson: Lesson::new(Shape::Clouds), network }
    }
}

impl Page for Neuron {
    fn controls(&self) -> Vec<Control> {
        let weight = |label, i: usize| slider(label, self.network.parameters[i].into(), (-10.0, 10.0), 0.25);
        vec![
            weight("w1", 0),
            weight("w2", 1),
            weight("bias", 2),
            toggle("learn", 'l', self.lesson.learns),
            button("other-points", 'd'),
            button("forget", 'f'),
        ]
    }

    fn set(&mut self, control: usize, value: f64, _: &mut Shared) {
        if let Some(parameter) = self.network.parameters.get_mut(control) {
            *parameter = value as f32;
        }
        self.lesson.solved = None;
    }

    fn press(&mut self, control: usize, _: &mut Shared) -> Option<Box<Watch>> {
        match control {
            3 => self.lesson.learns = !self.lesson.learns,
            4 => self.lesson.next_shape(),
            _ => (self.network, self.lesson.solved) = (PlaneNetwork::neuron(), None),
        }
        None
    }

    fn point(&mut self, at: (u16, u16), _: bool, _: &mut Shared) {
        self.lesson.select(at);
    }

    fn advance(&mut self, elapsed: Duration, _: &mut Shared) -> bool {
        self.lesson.learn(elapsed, &mut self.network)
    }

    fn is_live(&self) -> bool {
        self.lesson.learns
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let Some(point) = self.lesson.points.get(self.lesson.selected) else { return Vec::new() };
        let [w1, w2, bias] = [0, 1, 2].map(|i| self.network.parameters[i]);
        let (sum, p) = self.network.output(point.at);
        let (loss, right) = self.network.score(&self.lesson.points);
        vec![
            ("", format!("x1 {:>5.2} × w1 {w1:>6.2} ╮", point.at[0])),
            ("", format!("x2 {:>5.2} × w2 {w2:>6.2} ┤", point.at[1])),
            ("", format!("    1    × b  {bias:>6.2} ╯")),
            ("", format!("Σ {sum:.2} → σ(Σ) {p:.2} → {}", if p > 0.5 { '○' } else { '●' })),
            ("right", format!("{:.0} %", 100.0 * right)),
            ("loss", format!("{loss:.3}")),
            ("steps", self.network.steps.to_string()),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        let (_, right) = self.network.score(&self.lesson.points);
        let steps = self.lesson.solved.unwrap_or(self.network.steps);
        let values = vec![("steps", steps.to_string()), ("right", format!("{:.0}", 100.0 * right))];
        match (self.lesson.shape, right == 1.0, self.network.steps) {
            (Shape::Ring, _, 60..) => Some(("ring", values)),
            (_, true, 0) => Some(("by-hand", values)),
            (_, true, _) => Some(("learned", values)),
            _ => None,
        }
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, _: &Shared) {
        self.lesson.draw(&self.network, canvas, area);
    }
}

/// Page of a deep network.
pub(in crate::tui::tour) struct DeepNetwork {
    lesson: Lesson,
    layers: usize,
    units: usize,
    network: PlaneNetwork,
}

impl DeepNetwork {
    pub(in crate::tui::tour) fn new() -> Self {
        let (layers, units) = (2, 6);
        let network = PlaneNetwork::deep(&vec![units; layers]);
        DeepNetwork { lesson: Lesson::new(Shape::Ring), layers, units, network }
    }

    fn forget(&mut self) {
        self.network = PlaneNetwork::deep(&vec![self.units; self.layers]);
        self.lesson.solved = None;
    }
}

impl Page for DeepNetwork {
    fn controls(&self) -> Vec<Control> {
        vec![
            slider("layers", self.layers as f64, (1.0, 3.0), 1.0),
            slider("units", self.units as f64, (1.0, 12.0), 1.0),
            toggle("learn", 'l', self.lesson.learns),
            button("other-points", 'd'),
            button("forget", 'f'),
        ]
    }

    fn set(&mut self, control: usize, value: f64, _: &mut Shared) {
        if control == 0 {
            self.layers = value as usize;
        } else {
            self.units = value as usize;
        }
        self.forget();
    }

    fn press(&mut self, control: usize, _: &mut Shared) -> Option<Box<Watch>> {
        match control {
            2 => self.lesson.learns = !self.lesson.learns,
            3 => self.lesson.next_shape(),
            _ => self.forget(),
        }
        None
    }

    fn point(&mut self, at: (u16, u16), _: bool, _: &mut Shared) {
        self.lesson.select(at);
    }

    fn advance(&mut self, elapsed: Duration, _: &mut Shared) -> bool {
        self.lesson.learn(elapsed, &mut self.network)
    }

    fn is_live(&self) -> bool {
        self.lesson.learns
    }

    fn facts(&self, shared: &Shared) -> Vec<Fact> {
        let Some(point) = self.lesson.points.get(self.lesson.selected) else { return Vec::new() };
        let level = |y: &f32| [' ', '░', '▒', '▓', '█'][((y + 1.0) / 2.0 * 4.99).clamp(0.0, 4.0) as usize];
        let mut facts: Vec<Fact> = vec![("", format!("x1 {:.2}  x2 {:.2}", point.at[0], point.at[1]))];
        for (index, layer) in self.network.hidden(point.at).iter().enumerate() {
            let units: Vec<String> = layer.iter().map(|y| level(y).to_string()).collect();
            let name = shared.language.filled("view.layer", &[("number", (index + 1).to_string())]);
            facts.push(("", format!("{name} │{}│", units.join("│"))));
        }
        let (loss, right) = self.network.score(&self.lesson.points);
        let p = self.network.output(point.at).1;
        facts.extend([
            ("output", format!("{p:.2} → {}", if p > 0.5 { '○' } else { '●' })),
            ("weights", compact(self.network.parameters.len() as f64)),
            ("right", format!("{:.0} %", 100.0 * right)),
            ("loss", format!("{loss:.3}")),
            ("steps", self.network.steps.to_string()),
        ]);
        facts
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        let (_, right) = self.network.score(&self.lesson.points);
        let steps = self.lesson.solved.filter(|_| right == 1.0).unwrap_or(self.network.steps);
        let values = vec![
            ("steps", steps.to_string()),
            ("weights", self.network.parameters.len().to_string()),
            ("right", format!("{:.0}", 100.0 * right)),
        ];
        match (right == 1.0, self.network.steps) {
            (true, 1..) => Some(("deep", values)),
            (false, 200..) => Some(("not-deep", values)),
            _ => None,
        }
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, _: &Shared) {
        self.lesson.draw(&self.network, canvas, area);
    }
}
