//! Performance profiles: the part of the runs above each normalized score.

use super::axes::{Axes, Axis};
use super::colors::{FOREGROUND, category};
use super::scene::{Anchor, MARGIN, NAME, Scene, TITLE};
use super::{Depth, Picture, font};

/// Size of the axes.
const SIZE: [f32; 2] = [680.0, 300.0];

/// Performance profiles of several agents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PerformanceProfiles {
    /// Name of the worlds.
    pub title: String,
    /// Thresholds of the normalized score, in rising order.
    pub thresholds: Vec<f64>,
    /// Agents, each with the part of its runs above each threshold.
    pub agents: Vec<(String, Vec<f64>)>,
}

impl Picture for PerformanceProfiles {
    fn scene(&self) -> Scene {
        let title = format!("performance profiles: {}", self.title);
        let mut scene = Scene { width: 0.0, height: 0.0, title, marks: Vec::new() };
        let mut y = MARGIN + TITLE;
        scene.text(MARGIN, y, TITLE, Anchor::Start, FOREGROUND, &self.title);
        y += NAME + 9.0;
        let mut x = MARGIN;
        for (i, (name, _)) in self.agents.iter().enumerate() {
            let wide = 26.0 + font::text_width(name, NAME);
            if x > MARGIN && x + wide > MARGIN + SIZE[0] {
                (x, y) = (MARGIN, y + NAME + 7.0);
            }
            scene.line(&[(x, y - 4.5), (x + 20.0, y - 4.5)], category(i), 3.0);
            scene.text(x + 26.0, y, NAME, Anchor::Start, FOREGROUND, name);
            x += wide + 20.0;
        }
        let low = self.thresholds.first().copied().unwrap_or(0.0);
        let high = self.thresholds.last().copied().unwrap_or(1.0);
        let x_axis = Axis { low, high, name: "normalized score".into() };
        let y_axis = Axis { low: 0.0, high: 1.0, name: "part of the runs above".into() };
        let (x_ticks, y_ticks) = (x_axis.ticks(7), y_axis.ticks(5));
        let axes = Axes::draw_at(&mut scene, y + 16.0, [&x_axis, &y_axis], SIZE, Some(&x_ticks), &y_ticks);
        for (i, (_, parts)) in self.agents.iter().enumerate() {
            let points: Vec<(f32, f32)> =
                self.thresholds.iter().zip(parts).map(|(&tau, &part)| axes.at(tau, part)).collect();
            scene.line(&points, category(i), 2.5);
        }
        scene.width += 8.0;
        scene
    }

    fn text(&self, _width: u16, _depth: Depth) -> String {
        let mut out = format!("{}: part of the runs above a normalized score\n", self.title);
        for (name, parts) in &self.agents {
            let at = |wanted: f64| self.thresholds.iter().position(|tau| *tau >= wanted - 1e-9);
            let shown = [0.0, 0.25, 0.5, 0.75, 0.95].map(|tau| match at(tau).and_then(|at| parts.get(at)) {
                Some(part) => format!("{tau}: {part:.2}"),
                None => format!("{tau}: -"),
            });
            out.push_str(&format!("  {name}  {}\n", shown.join("  ")));
        }
        out
    }
}
