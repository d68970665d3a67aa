//! Scene 2: heights and weights, with a line that moves with each step of learning.

use std::time::{Duration, Instant};

use freewheel_agents::Samples;
use freewheel_agents::data::embedded;
use freewheel_agents::estimator::{Estimator, Regressor};
use freewheel_agents::nn::{Activation, Builder, Init, Network, Optimizer, OptimizerConfig, Pass};
use freewheel_agents::supervised::linear::Linear;
use freewheel_core::{Result, Streams};
use ratatui::layout::Rect;

use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::{Axes, Canvas};
use crate::tui::tour::ledger::{Cost, time_of};
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider, toggle};

/// Centimeters in an inch, kilograms in a pound: the data set has inches and pounds.
const CM: f64 = 2.54;
const KG: f64 = 0.453_592_37;
/// Steps of learning a second.
const RATE: f64 = 6.0;

/// Page of the line.
pub(in crate::tui::tour) struct Line {
    /// Heights, cm, and weights, kg.
    points: Vec<[f64; 2]>,
    mean: [f64; 2],
    spread: [f64; 2],
    /// Line in standard units: weights of one linear neuron, slope and intercept.
    network: Network,
    parameters: Vec<f32>,
    optimizer: Optimizer,
    learning_rate: f64,
    steps: u64,
    runs: bool,
    debt: f64,
    learning: Duration,
    /// Line of least squares: slope, kg/cm, and intercept, kg.
    best: Option<[f64; 2]>,
    shows_best: bool,
}

impl Line {
    pub(in crate::tui::tour) fn new() -> Self {
        let mut net = Builder::new(1);
        let out = net.linear("line", 0, 1, Activation::Identity, Init::Xavier(1.0));
        let network = net.build(&[out]);
        let points = read().unwrap_or_default();
        let n = points.len().max(1) as f64;
        let mean = [0, 1].map(|i| points.iter().map(|point| point[i]).sum::<f64>() / n);
        let spread = [0, 1].map(|i| {
            (points.iter().map(|point| (point[i] - mean[i]).powi(2)).sum::<f64>() / n).sqrt().max(1e-9)
        });
        let mut line = Line {
            best: least_squares(&points).ok(),
            points,
            mean,
            spread,
            parameters: vec![0.0; network.size()],
            optimizer: Optimizer::new(OptimizerConfig::Sgd { momentum: 0.0 }, network.size()),
            network,
            learning_rate: 0.1,
            steps: 0,
            runs: false,
            debt: 0.0,
            learning: Duration::ZERO,
            shows_best: false,
        };
        line.forget();
        line
    }

    /// Begins with a line that falls.
    fn forget(&mut self) {
        self.parameters.copy_from_slice(&[-0.6, 0.8]);
        (self.steps, self.learning) = (0, Duration::ZERO);
    }

    /// Slope, kg/cm, and intercept, kg.
    fn line(&self) -> [f64; 2] {
        let slope = f64::from(self.parameters[0]) * self.spread[1] / self.spread[0];
        let middle = self.mean[1] + f64::from(self.parameters[1]) * self.spread[1];
        [slope, middle - slope * self.mean[0]]
    }

    /// Root mean square error of a line, kg.
    fn error(&self, line: [f64; 2]) -> f64 {
        let squares = self.points.iter().map(|[x, y]| (line[0] * x + line[1] - y).powi(2));
        (squares.sum::<f64>() / self.points.len().max(1) as f64).sqrt()
    }

    /// One step of gradient descent on the mean squared error.
    fn step(&mut self, shared: &mut Shared) {
        let started = Instant::now();
        let (mean, spread) = (self.mean, self.spread);
        let standard = |i: usize| -> Vec<f32> {
            self.points.iter().map(|point| ((point[i] - mean[i]) / spread[i]) as f32).collect()
        };
        let (x, y) = (standard(0), standard(1));
        let (mut pass, mut out) = (Pass::default(), vec![0.0; x.len()]);
        self.network.forward(&self.parameters, &x, &mut pass, &mut out);
        let share = 2.0 / x.len().max(1) as f32;
        let errors: Vec<f32> = out.iter().zip(&y).map(|(out, y)| share * (out - y)).collect();
        let mut gradient = vec![0.0; self.network.size()];
        self.network.backward(&self.parameters, &x, &mut pass, &errors, &mut gradient, None);
        self.optimizer.step(&mut self.parameters, &gradient, self.learning_rate, None);
        // A line that has run away stays on the screen as a number.
        self.parameters.iter_mut().for_each(|p| *p = p.clamp(-1e6, 1e6));
        self.steps += 1;
        self.learning += started.elapsed();
        let line = self.line();
        let one = |height: f64| std::hint::black_box(line[0] * height + line[1]);
        shared.ledger.enter(Cost {
            name: "line",
            examples: self.steps * self.points.len() as u64,
            learning: self.learning,
            parameters: 2,
            answer: Some(time_of(|| {
                one(std::hint::black_box(170.0));
            })),
            score: (
                format!("{:.2} kg", self.error(line)),
                self.best.map_or("-".into(), |best| format!("{:.2} kg", self.error(best))),
            ),
        });
    }
}

/// Heights, cm, and weights, kg.
fn read() -> Result<Vec<[f64; 2]>> {
    let set = embedded::women()?.train;
    let (heights, weights) = (set.samples, set.targets.values()?.to_vec());
    Ok(heights.iter().zip(weights).map(|(height, weight)| [CM * height[0], KG * weight]).collect())
}

/// Line of least squares, by the estimator `linear`.
fn least_squares(points: &[[f64; 2]]) -> Result<[f64; 2]> {
    let column = |i: usize| Samples::new(points.iter().map(|point| point[i]).collect(), 1);
    let mut linear = Estimator::new(Linear::default(), Streams::new(0))?;
    linear.fit(&column(0)?, &column(1)?)?;
    let model = linear.model()?;
    Ok([model.weights()[0], model.intercepts()[0]])
}

impl Page for Line {
    fn controls(&self) -> Vec<Control> {
        vec![
            slider("slope", self.parameters[0].into(), (-2.0, 2.0), 0.05),
            slider("level", self.parameters[1].into(), (-2.0, 2.0), 0.05),
            slider("rate", self.learning_rate, (0.05, 1.2), 0.05),
            button("step", 's'),
            toggle("learn", 'l', self.runs),
            toggle("best-line", 'v', self.shows_best),
            button("forget", 'f'),
        ]
    }

    fn set(&mut self, control: usize, value: f64, _: &mut Shared) {
        match control {
            2 => self.learning_rate = value,
            _ => self.parameters[control] = value as f32,
        }
    }

    fn press(&mut self, control: usize, shared: &mut Shared) -> Option<Box<Watch>> {
        match control {
            3 => self.step(shared),
            4 => self.runs = !self.runs,
            5 => self.shows_best = !self.shows_best,
            _ => self.forget(),
        }
        None
    }

    fn advance(&mut self, elapsed: Duration, shared: &mut Shared) -> bool {
        if !self.runs {
            return false;
        }
        self.debt += RATE * elapsed.as_secs_f64();
        let steps = self.debt as u32;
        self.debt -= f64::from(steps);
        (0..steps).for_each(|_| self.step(shared));
        steps > 0
    }

    fn is_live(&self) -> bool {
        self.runs
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let [slope, intercept] = self.line();
        let best = self.best.map_or("-".into(), |best| format!("{:.2} kg", self.error(best)));
        let equation = match slope.abs() < 1000.0 {
            true => format!(
                "kg = {slope:.2} · cm {} {:.0}",
                if intercept < 0.0 { '−' } else { '+' },
                intercept.abs()
            ),
            false => format!("kg = {slope:.0e} · cm ..."),
        };
        vec![
            ("", equation),
            ("error", format!("{:.2} kg", self.error([slope, intercept]).min(1e6))),
            ("least-error", best),
            ("steps", self.steps.to_string()),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        let (now, best) = (self.error(self.line()), self.error(self.best?));
        let values = vec![
            ("steps", self.steps.to_string()),
            ("error", format!("{now:.2}")),
            ("best", format!("{best:.2}")),
        ];
        match (self.steps, now) {
            (3.., now) if now > 100.0 => Some(("line-away", values)),
            (_, now) if now < 1.02 * best => Some(("line-found", values)),
            _ => None,
        }
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let axes = Axes { x: (145.0, 186.0), y: (48.0, 78.0) };
        let inside = Rect {
            x: area.x + 4,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(1),
            ..area
        };
        let dim = canvas.role(Role::Dim);
        for kg in [50.0, 60.0, 70.0] {
            if let Some((_, y)) = axes.cell([150.0, kg], inside) {
                canvas.text((area.x, y), &format!("{kg:.0}"), 3, dim);
            }
        }
        for cm in [150.0, 160.0, 170.0, 180.0] {
            if let Some((x, _)) = axes.cell([cm, 60.0], inside) {
                canvas.text((x.saturating_sub(1), inside.bottom()), &format!("{cm:.0}"), 4, dim);
            }
        }
        let ends = shared.language.text("view.axes");
        canvas.text((inside.x, area.y), ends, inside.width, dim);
        let along = |line: [f64; 2]| -> Vec<[f64; 2]> {
            let heights = (0..=80).map(|i| axes.x.0 + (axes.x.1 - axes.x.0) * f64::from(i) / 80.1);
            heights
                .map(|x| [x, line[0] * x + line[1]])
                .filter(|p| (axes.y.0..axes.y.1).contains(&p[1]))
                .collect()
        };
        if let Some(best) = self.best.filter(|_| self.shows_best) {
            canvas.curves(&[(along(best), 2)], axes, inside);
        }
        canvas.curves(&[(along(self.line()), 0)], axes, inside);
        for point in &self.points {
            if let Some(at) = axes.cell(*point, inside) {
                canvas.class_point(at, 1, false);
            }
        }
    }
}
