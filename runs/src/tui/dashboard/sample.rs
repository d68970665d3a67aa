//! Dashboard of a training that does not run, for the benchmark of frames.

use std::time::Duration;

use crossterm::event::Event;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::keys::{self, Key};
use super::model::{Dashboard, JobInfo};
use super::view;
use crate::board::JobState;
use crate::curves::{Curve, Curves};
use crate::tui::app::{Screen, Transition, pressed};
use crate::tui::palette::Palette;

/// Steps of a job, and number of points in each of its curves.
const STEPS: u64 = 500_000;
const POINTS: u64 = 500;

struct Sample(Dashboard);

/// Dashboard of four agents with three seeds each, in two worlds.
pub(in crate::tui) fn screen() -> impl Screen<'static> + 'static {
    let job = |world: &str, agent: &str, seed| JobInfo {
        world: world.into(),
        agent: agent.into(),
        seed,
        steps: STEPS,
        lower_is_better: false,
    };
    let worlds = ["classic/cartpole", "grid/taxi"];
    let labels = worlds.iter().flat_map(|world| ["ppo", "a2c"].map(|agent| (world, agent)));
    let jobs = labels.flat_map(|(world, agent)| (0..3).map(move |seed| job(world, agent, seed))).collect();
    let mut model = Dashboard::new("sample", jobs);
    let curve = |name: &str, phase: u64| {
        let value =
            |i: u64| ((i + 9 * phase) as f64 / 40.0).sin() + i as f64 / 100.0 + (i * 7 % 5) as f64 / 9.0;
        let points = (1..=POINTS).map(|i| (i * STEPS / POINTS, value(i))).collect();
        Curve { name: name.into(), points }
    };
    for index in 0..12 {
        let names = ["score", "policy_loss", "value_loss", "entropy", "kl", Curves::EVALUATION];
        let all = names.iter().map(|name| curve(name, index as u64)).collect();
        model.set_curves(index, &Curves { all, ..Curves::default() });
        model.set_progress(index, JobState::Learning, (STEPS / 2, STEPS / 2));
        model.add_note(&format!("job {index}: checkpoint saved"));
    }
    model.set_scale(0, Some(500.0), Some(22.0));
    Sample(model)
}

impl Screen<'static> for Sample {
    fn handle(&mut self, event: &Event) -> Transition<'static> {
        if let Some(Key::Model(command)) = pressed(event).and_then(keys::effect) {
            self.0.execute(command);
        }
        Transition::Stay
    }

    fn advance(&mut self, elapsed: Duration) -> Transition<'static> {
        self.0.advance(elapsed);
        Transition::Stay
    }

    fn due(&self) -> Option<Duration> {
        None
    }

    fn is_dirty(&self) -> bool {
        true
    }

    fn draw(&mut self, area: Rect, buf: &mut Buffer, palette: Palette) {
        view::draw(&mut self.0, palette, area, buf);
    }
}
