//! Learning curves: a metric of several runs over their steps, one panel for each world.

use super::axes::{Axes, Axis};
use super::colors::{FOREGROUND, MUTED, category};
use super::scene::{Anchor, MARGIN, Mark, NAME, SMALL, Scene, TITLE};
use super::{Depth, Picture, font};
use crate::format::compact;
use crate::mean_curve::{Point, range};
use crate::ticks::Ticks;
use crate::tui::{Theme, printed_curves};

/// Size of the axes of a panel.
const SIZE: [f32; 2] = [680.0, 380.0];

/// Learning curves of one or several worlds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearningCurves {
    /// Name of the metric.
    pub metric: String,
    /// Name of the horizontal axis, such as `steps`.
    pub x: String,
    /// One panel for each world.
    pub panels: Vec<Panel>,
    /// Colors in a terminal.
    pub theme: Theme,
}

/// Learning curves in one world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// Label of the world.
    pub world: String,
    /// Curves.
    pub curves: Vec<NamedCurve>,
    /// Reference score, drawn as a line.
    pub reference: Option<f64>,
    /// Baseline score, drawn as a line.
    pub baseline: Option<f64>,
    /// Whether lower values are better.
    pub lower_is_better: bool,
}

/// Curve of the seeds of one agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedCurve {
    /// Label of the agent.
    pub name: String,
    /// Number of runs.
    pub runs: usize,
    /// Points in the order of their steps.
    pub points: Vec<Point>,
}

impl NamedCurve {
    /// Label of the agent with the number of seeds.
    pub fn label(&self) -> String {
        match self.runs {
            1 => format!("{} (1 seed)", self.name),
            n => format!("{} ({n} seeds)", self.name),
        }
    }
}

impl Panel {
    /// Round numbers along both axes; `None` without points.
    fn ticks(&self) -> Option<[Ticks; 2]> {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let end = points().map(|point| point.step).max()?;
        let marks = [self.reference, self.baseline].into_iter().flatten();
        let (low, high) = range(points().map(|point| point.mean), marks, self.lower_is_better)?;
        // The intervals are cut at the ends of the axis, so that they do not flatten the curves.
        Some([Ticks::around(0.0, end.max(1) as f64), Ticks::around(low, high)])
    }

    /// Draws the panel from `top` downwards; returns its lower end.
    fn draw(&self, scene: &mut Scene, top: f32, metric: &str, x_name: &str) -> f32 {
        let mut y = top + TITLE;
        scene.text(MARGIN, y, TITLE, Anchor::Start, FOREGROUND, &self.world);
        let Some([x_ticks, y_ticks]) = self.ticks() else { return y };
        y += NAME + 9.0;
        let mut x = MARGIN;
        for (i, curve) in self.curves.iter().enumerate() {
            let label = curve.label();
            let wide = 26.0 + font::text_width(&label, NAME);
            if x > MARGIN && x + wide > MARGIN + SIZE[0] {
                (x, y) = (MARGIN, y + NAME + 7.0);
            }
            scene.line(&[(x, y - 4.5), (x + 20.0, y - 4.5)], category(i), 3.0);
            scene.text(x + 26.0, y, NAME, Anchor::Start, FOREGROUND, &label);
            x += wide + 20.0;
        }
        let axis =
            |ticks: &Ticks, name: &str| Axis { low: ticks.low(), high: ticks.high(), name: name.to_owned() };
        let labeled =
            |ticks: &Ticks| ticks.values.iter().copied().zip(ticks.labels()).collect::<Vec<(f64, String)>>();
        let (x, y_axis) = (axis(&x_ticks, x_name), axis(&y_ticks, metric));
        let axes =
            Axes::draw_at(scene, y + 16.0, [&x, &y_axis], SIZE, Some(&labeled(&x_ticks)), &labeled(&y_ticks));
        let bounds = axes.bounds();
        for (value, _) in labeled(&x_ticks) {
            let (at, bottom) = axes.at(value, y_ticks.low());
            scene.line(&[(at, bottom), (at, bottom + 5.0)], MUTED, 1.0);
        }
        for (i, curve) in self.curves.iter().enumerate() {
            let at = |value: fn(&Point) -> f64| {
                curve.points.iter().map(move |point| (point.step as f64, value(point)))
            };
            if curve.points.iter().any(|point| point.low < point.high) {
                let within = |(x, y): (f64, f64)| axes.at(x, y.clamp(y_ticks.low(), y_ticks.high()));
                let points = at(|p| p.low).chain(at(|p| p.high).rev()).map(within).collect();
                scene.marks.push(Mark::Area { points, fill: category(i), alpha: 0.18 });
            }
        }
        self.draw_marks(scene, &axes, &y_ticks);
        for (i, curve) in self.curves.iter().enumerate() {
            let points: Vec<(f32, f32)> =
                curve.points.iter().map(|point| axes.at(point.step as f64, point.mean)).collect();
            for part in clipped(&points, bounds[1], bounds[3]) {
                scene.line(&part, category(i), 2.5);
            }
            // A single point would be no line.
            if let [(x, y)] = points[..] {
                let fill = category(i);
                scene.marks.push(Mark::Circle { x, y, r: 4.0, fill, alpha: 1.0, outline_width: 0.0 });
            }
        }
        bounds[3] + if x_name.is_empty() { 18.0 } else { 42.0 }
    }

    /// Lines of the reference and the baseline, with labels at the right end.
    fn draw_marks(&self, scene: &mut Scene, axes: &Axes<'_>, ticks: &Ticks) {
        let [left, top, right, bottom] = axes.bounds();
        let mut taken: Option<f32> = None;
        for (name, value) in [("reference", self.reference), ("baseline", self.baseline)] {
            let Some(value) = value.filter(|value| value.is_finite()) else { continue };
            let (_, y) = axes.at(0.0, value);
            let number = compact(value).replace('-', "−");
            let (mut at, text) = match value {
                v if v > ticks.high() => (top + 4.0, format!("{name} {number} ↑")),
                v if v < ticks.low() => (bottom + 4.0, format!("{name} {number} ↓")),
                _ => {
                    let points = vec![(left, y), (right, y)];
                    scene.marks.push(Mark::Line { points, stroke: MUTED, width: 1.5, dashed: true });
                    (y + 4.0, format!("{name} {number}"))
                }
            };
            if let Some(other) = taken.filter(|other| (other - at).abs() < 14.0) {
                at = if at < other { other - 14.0 } else { other + 14.0 };
            }
            taken = Some(at);
            scene.text(right + 8.0, at, SMALL, Anchor::Start, MUTED, &text);
            scene.extend_to(right + 8.0 + font::text_width(&text, SMALL), at);
        }
    }
}

/// Parts of a line between the heights `top` and `bottom`.
fn clipped(points: &[(f32, f32)], top: f32, bottom: f32) -> Vec<Vec<(f32, f32)>> {
    let mut parts: Vec<Vec<(f32, f32)>> = Vec::new();
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        // Shares of the segment at which it crosses both heights.
        let cross = |height: f32| (height - a.1) / (b.1 - a.1);
        let (from, to) = match b.1 - a.1 {
            0.0 if (top..=bottom).contains(&a.1) => (0.0, 1.0),
            0.0 => continue,
            _ => {
                let (first, last) = (cross(top).min(cross(bottom)), cross(top).max(cross(bottom)));
                (first.max(0.0), last.min(1.0))
            }
        };
        if from >= to || !(from.is_finite() && to.is_finite()) {
            continue;
        }
        let at = |t: f32| (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
        match parts.last_mut().filter(|part| from == 0.0 && part.last() == Some(&a)) {
            Some(part) => part.push(if to == 1.0 { b } else { at(to) }),
            None => {
                parts.push(vec![if from == 0.0 { a } else { at(from) }, if to == 1.0 { b } else { at(to) }])
            }
        }
    }
    parts
}

impl LearningCurves {
    /// The points as CSV: one line for each point of each curve. A single run has no interval.
    pub fn csv(&self) -> String {
        let mut out = format!("world,agent,metric,{},seeds,mean,low,high\n", self.x);
        let text = |text: &str| match text.contains([',', '"', '\n', '\r']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text.to_owned(),
        };
        for panel in &self.panels {
            for curve in &panel.curves {
                let [world, agent, metric] = [&panel.world, &curve.name, &self.metric].map(|it| text(it));
                for Point { step, mean, low, high, runs } in &curve.points {
                    let interval = if *runs > 1 { format!("{low},{high}") } else { ",".into() };
                    out.push_str(&format!("{world},{agent},{metric},{step},{runs},{mean},{interval}\n"));
                }
            }
        }
        out
    }
}

impl Picture for LearningCurves {
    fn scene(&self) -> Scene {
        let worlds: Vec<&str> = self.panels.iter().map(|panel| &*panel.world).collect();
        let title = format!("{} in {}", self.metric, worlds.join(", "));
        let mut scene = Scene { width: 0.0, height: 0.0, title, marks: Vec::new() };
        let mut top = MARGIN;
        for panel in &self.panels {
            top = panel.draw(&mut scene, top, &self.metric, &self.x) + 24.0;
        }
        // Room for the last label of the horizontal axis.
        scene.width += 8.0;
        scene
    }

    fn text(&self, width: u16, depth: Depth) -> String {
        let panels = self.panels.iter().map(|panel| printed_curves(panel, self, width, depth));
        panels.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves() -> LearningCurves {
        let point = |step: u64, mean: f64| Point { step, mean, low: mean - 2.0, high: mean + 2.0, runs: 3 };
        let one = NamedCurve {
            name: "dqn, double".into(),
            runs: 3,
            points: (0..30).map(|i| point(1000 * i, -20.0 + i as f64 / 4.0)).collect(),
        };
        let alone = Point { runs: 1, low: -15.25, high: -15.25, ..point(500, -15.25) };
        let other = NamedCurve { name: "sarsa".into(), runs: 1, points: vec![alone] };
        let panel = Panel {
            world: "grid/cliff".into(),
            curves: vec![one, other],
            reference: Some(-13.0),
            baseline: Some(-5000.0),
            lower_is_better: false,
        };
        LearningCurves {
            metric: "score".into(),
            x: "steps".into(),
            panels: vec![panel],
            theme: Theme::default(),
        }
    }

    #[test]
    fn the_picture_is_well_formed_and_named() {
        let svg = curves().svg();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let texts: Vec<&str> =
            document.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text()).collect();
        for text in [
            "grid/cliff",
            "dqn, double (3 seeds)",
            "sarsa (1 seed)",
            "30 k",
            "score",
            "steps",
            "reference −13",
            "baseline −5000 ↓",
        ] {
            assert!(texts.contains(&text), "{text}: {texts:?}");
        }
        assert_eq!(svg.matches("<polygon").count(), 1);
        let png = curves().png().unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let scene = curves().scene();
        assert_eq!(reader.info().width, 2 * scene.width as u32);
    }

    #[test]
    fn csv_has_every_point() {
        let csv = curves().csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 1 + 30 + 1);
        assert_eq!(lines[0], "world,agent,metric,steps,seeds,mean,low,high");
        assert_eq!(lines[2], "grid/cliff,\"dqn, double\",score,1000,3,-19.75,-21.75,-17.75");
        assert_eq!(lines[31], "grid/cliff,sarsa,score,500,1,-15.25,,");
    }

    #[test]
    fn lines_end_at_the_border_of_the_axes() {
        let line = [(0.0, 0.0), (10.0, 20.0), (20.0, 20.0), (30.0, 0.0), (40.0, -5.0)];
        assert_eq!(
            clipped(&line, 0.0, 10.0),
            [vec![(0.0, 0.0), (5.0, 10.0)], vec![(25.0, 10.0), (30.0, 0.0)]]
        );
        assert_eq!(clipped(&line[..1], 0.0, 10.0), Vec::<Vec<(f32, f32)>>::new());
    }

    #[test]
    fn the_terminal_shows_the_same_without_colors() {
        let text = curves().text(80, Depth::None);
        for part in ["score  grid/cliff", "dqn, double (3 seeds)", "30 k", "reference -13"] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().filter(|c| *c != '\u{1b}').count() < 110), "{text}");
    }
}
