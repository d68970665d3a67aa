//! Worlds for the tests: a frozen pond for one, a heap of matches for two, a wheel to be turned.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Cell, DynWorld, Env, Frame, ObservationSpace, Player, Policy, Rgb, Spec, Step,
    Stream, Streams, World,
};

use super::Watch;
use super::model::Model;

/// From the lower left to the lower right corner of a pond, along a row of holes. The ice is slippery: one step in
/// five goes up instead. Walls are masked.
pub(super) struct Pond {
    spec: Spec,
    width: u16,
    height: u16,
}

impl Pond {
    pub(super) fn world(width: u16, height: u16) -> Arc<dyn DynWorld> {
        let spec = Spec {
            masked: true,
            time_limit: Some(30),
            ..Spec::new(
                "test/pond",
                ObservationSpace::Discrete { n: usize::from(width * height) },
                ActionSpace::Discrete { names: names(&["up", "right", "down", "left"]) },
            )
        };
        Arc::new(Arc::new(Pond { spec, width, height }))
    }

    fn open(&self, (x, y): (u16, u16)) -> [bool; 4] {
        [y > 0, x + 1 < self.width, y + 1 < self.height, x > 0]
    }

    fn hole(&self, (x, y): (u16, u16)) -> bool {
        y + 1 == self.height && x > 0 && x + 1 < self.width
    }
}

impl Env for Pond {
    type State = (u16, u16);
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, _rng: &mut Stream) -> Self::State {
        (0, self.height - 1)
    }

    fn step(&self, state: &mut Self::State, action: u32, rng: &mut Stream) -> Step {
        let action = if rng.chance(0.2) && state.1 > 0 { 0 } else { action };
        match action {
            0 => state.1 -= 1,
            1 => state.0 += 1,
            2 => state.1 += 1,
            _ => state.0 -= 1,
        }
        if self.hole(*state) {
            Step::termination(-10.0)
        } else if *state == (self.width - 1, self.height - 1) {
            Step::termination(5.0)
        } else {
            Step::transition(-1.0)
        }
    }

    fn observe(&self, state: &Self::State, out: &mut [f32]) {
        out[0] = f32::from(state.1 * self.width + state.0);
    }

    fn legal(&self, state: &Self::State, out: &mut [bool]) {
        out.copy_from_slice(&self.open(*state));
    }
}

impl World for Pond {
    fn draw(&self, state: &Self::State, policy: Option<&dyn Policy>, frame: &mut Frame) {
        frame.clear(usize::from(self.width) * 3, usize::from(self.height));
        for y in 0..self.height {
            for x in 0..self.width {
                let mut values = [0.0; 4];
                let obs = f32::from(y * self.width + x);
                let known = policy.is_some_and(|p| p.action_values(&[obs], &self.open((x, y)), &mut values));
                let glyph = match (x, y) {
                    at if at == *state => '@',
                    at if self.hole(at) => '○',
                    at if at == (self.width - 1, self.height - 1) => '*',
                    _ if known => ['↑', '→', '↓', '←'][best(&values, &self.open((x, y)))],
                    _ => '·',
                };
                let ice = Rgb(30, 44, 66);
                let water = Rgb(16, 24, 46);
                let bg = if self.hole((x, y)) { water } else { ice };
                let fg = if glyph == '@' { Rgb(250, 250, 250) } else { Rgb(120, 140, 170) };
                for (i, glyph) in [' ', glyph, ' '].into_iter().enumerate() {
                    frame.set(usize::from(x) * 3 + i, usize::from(y), Cell { glyph, fg, bg });
                }
            }
        }
    }
}

fn best(values: &[f32], legal: &[bool]) -> usize {
    let legal = (0..values.len()).filter(|&a| legal[a]);
    legal.max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}

/// Up, then right, then down; with probability `noise` anything.
pub(super) struct Compass {
    pub(super) width: f32,
    pub(super) noise: f64,
}

impl Policy for Compass {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        let ActionBuffer::Discrete(all) = choice else { panic!("counted choices are wanted") };
        let mut values = [0.0; 4];
        self.action_values(obs, legal, &mut values);
        all[0] = best(&values, legal) as u32;
        if rngs[0].chance(self.noise) {
            let may: Vec<u32> = (0..4).filter(|&a| legal[a as usize]).collect();
            all[0] = may[rngs[0].below(may.len() as u32) as usize];
        }
    }

    fn action_values(&self, obs: &[f32], _legal: &[bool], out: &mut [f32]) -> bool {
        let (x, y) = (obs[0] % self.width, (obs[0] / self.width).floor());
        let left = self.width - 1.0 - x;
        out.copy_from_slice(&[
            if left > 0.0 { 3.0 - y - left } else { -9.0 },
            if y == 0.0 { 4.0 - left } else { -8.5 },
            if left > 0.0 { -6.25 } else { 5.0 - y },
            -left - 2.0,
        ]);
        true
    }
}

/// Twelve matches; each takes up to eleven in turn; who takes the last one wins.
struct Matches(Spec);

impl Env for Matches {
    type State = (u32, bool);
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _rng: &mut Stream) -> Self::State {
        (12, false)
    }

    fn step(&self, state: &mut Self::State, action: u32, _rng: &mut Stream) -> Step {
        *state = (state.0 - action - 1, !state.1);
        if state.0 == 0 { Step::termination(1.0) } else { Step::transition(0.0) }
    }

    fn observe(&self, state: &Self::State, out: &mut [f32]) {
        out[0] = state.0 as f32;
    }

    fn legal(&self, state: &Self::State, out: &mut [bool]) {
        (0..).zip(out).for_each(|(a, may)| *may = a < state.0);
    }

    fn to_play(&self, state: &Self::State) -> Player {
        if state.1 { Player::Second } else { Player::First }
    }
}

impl World for Matches {}

/// Takes one match.
pub(super) struct Shy;

impl Policy for Shy {
    fn act(&self, _obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], choice: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(all) = choice {
            all[0] = 0;
        }
    }
}

pub(super) fn matches() -> Arc<dyn DynWorld> {
    let numbers =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    Arc::new(Arc::new(Matches(Spec {
        masked: true,
        players: 2,
        ..Spec::new(
            "test/matches",
            ObservationSpace::Discrete { n: 13 },
            ActionSpace::Discrete { names: names(&numbers) },
        )
    })))
}

/// A wheel to be turned; the reward is the turning.
struct Wheel(Spec);

impl Env for Wheel {
    type State = f32;
    type Action = [f32; 2];

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _rng: &mut Stream) -> Self::State {
        0.0
    }

    fn step(&self, state: &mut Self::State, action: [f32; 2], _rng: &mut Stream) -> Step {
        *state += action[0];
        Step::transition(action[0] - action[1])
    }

    fn observe(&self, state: &Self::State, out: &mut [f32]) {
        out[0] = *state;
    }
}

impl World for Wheel {}

pub(super) fn wheel() -> Arc<dyn DynWorld> {
    Arc::new(Arc::new(Wheel(Spec {
        gamma: 0.5,
        ..Spec::new(
            "test/wheel",
            ObservationSpace::Box { shape: vec![1], low: vec![-1.0], high: vec![1.0] },
            ActionSpace::Continuous {
                names: names(&["steering", "brake"]),
                low: vec![-1.0, 0.0],
                high: vec![1.0, 1.0],
            },
        )
    })))
}

/// A sheet as large as there is room for, at least 40 x 8; what matters is at its lower right.
struct Sheet(Spec);

impl Env for Sheet {
    type State = u32;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _rng: &mut Stream) -> Self::State {
        0
    }

    fn step(&self, _state: &mut Self::State, _action: u32, _rng: &mut Stream) -> Step {
        Step::transition(0.0)
    }

    fn observe(&self, _state: &Self::State, out: &mut [f32]) {
        out[0] = 0.0;
    }
}

impl World for Sheet {
    fn draw(&self, _state: &Self::State, _policy: Option<&dyn Policy>, frame: &mut Frame) {
        let (width, height) = frame.room().unwrap_or_default();
        let (width, height) = (width.max(40), height.max(8));
        frame.clear(width, height);
        frame.focus_on(width - 1, height - 1);
    }
}

pub(super) fn sheet() -> Arc<dyn DynWorld> {
    Arc::new(Arc::new(Sheet(Spec::new(
        "test/sheet",
        ObservationSpace::Discrete { n: 1 },
        ActionSpace::Discrete { names: names(&["fold", "turn"]) },
    ))))
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|&name| name.to_owned()).collect()
}

/// A pond with a beginner, who plays, and a master.
pub(super) fn model() -> Model {
    on(&*Pond::world(7, 4))
}

pub(super) fn on(world: &dyn DynWorld) -> Model {
    let watch = Watch::new(world)
        .policy("step 100", Arc::new(Compass { width: 7.0, noise: 0.5 }) as Arc<dyn Policy>)
        .policy("step 9000", Arc::new(Compass { width: 7.0, noise: 0.0 }) as Arc<dyn Policy>);
    let mut model =
        Model::new(Watch { streams: Streams::new(3), reference: Some(-5.5), baseline: Some(-21.0), ..watch });
    model.shown = 0;
    model
}
