//! Test worlds: a slippery grid, a two-player game, a continuous action, a large picture.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Cell, DynWorld, Env, Frame, Insight, ObservationSpace, Player, Policy, Rgb,
    Scene, Spec, Step, Stream, Streams, World,
};

use super::Watch;
use super::clock::Speed;
use super::keys::Command;
use super::model::Model;

/// Grid with a start at the lower left, a goal at the lower right and holes between them. With probability 0.2 a step
/// goes up instead. Actions into a wall are masked.
pub(super) struct SlipperyGrid {
    spec: Spec,
    width: u16,
    height: u16,
}

impl SlipperyGrid {
    pub(super) fn world(width: u16, height: u16) -> Arc<dyn DynWorld> {
        let spec = Spec {
            masked: true,
            time_limit: Some(30),
            ..Spec::new(
                "test/grid",
                ObservationSpace::Discrete { n: usize::from(width * height) },
                ActionSpace::Discrete { names: names(&["up", "right", "down", "left"]) },
            )
        };
        Arc::new(Arc::new(SlipperyGrid { spec, width, height }))
    }

    fn open(&self, (x, y): (u16, u16)) -> [bool; 4] {
        [y > 0, x + 1 < self.width, y + 1 < self.height, x > 0]
    }

    fn hole(&self, (x, y): (u16, u16)) -> bool {
        y + 1 == self.height && x > 0 && x + 1 < self.width
    }
}

impl Env for SlipperyGrid {
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

impl World for SlipperyGrid {
    fn draw(&self, scene: &Scene<'_, Self::State>, frame: &mut Frame) {
        let state = scene.state;
        let policy = scene.policy;
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
                let bg = if self.hole((x, y)) { Rgb(16, 24, 46) } else { Rgb(30, 44, 66) };
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

/// Policy that goes up, then right, then down; with probability `noise` a random action.
pub(super) struct GridPolicy {
    pub(super) width: f32,
    pub(super) noise: f64,
}

impl Policy for GridPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let ActionBuffer::Discrete(all) = actions else { panic!("discrete actions expected") };
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

    fn insight(&self, obs: &[f32], legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        let mut values = vec![0.0; 4];
        self.action_values(obs, legal, &mut values);
        Some(Insight::action_values(values, legal))
    }
}

/// Nim with one heap of twelve: players take one to eleven in turn; taking the last one wins.
struct Nim(Spec);

impl Env for Nim {
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

impl World for Nim {}

/// Policy for Nim that always takes one object from the heap.
pub(super) struct TakeOne;

impl Policy for TakeOne {
    fn act(&self, _obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(all) = actions {
            all[0] = 0;
        }
    }
}

pub(super) fn nim() -> Arc<dyn DynWorld> {
    let numbers =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    Arc::new(Arc::new(Nim(Spec {
        masked: true,
        players: 2,
        ..Spec::new(
            "test/nim",
            ObservationSpace::Discrete { n: 13 },
            ActionSpace::Discrete { names: names(&numbers) },
        )
    })))
}

/// Continuous actions `steering` and `brake`; the reward is their difference.
struct Steering(Spec);

impl Env for Steering {
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

impl World for Steering {}

pub(super) fn steering() -> Arc<dyn DynWorld> {
    Arc::new(Arc::new(Steering(Spec {
        gamma: 0.5,
        ..Spec::new(
            "test/steering",
            ObservationSpace::Box { shape: vec![1], low: vec![-1.0], high: vec![1.0] },
            ActionSpace::Continuous {
                names: names(&["steering", "brake"]),
                low: vec![-1.0, 0.0],
                high: vec![1.0, 1.0],
            },
        )
    })))
}

/// Picture of the maximum size, at least 40 x 8, with the focus at its lower right.
struct LargePicture(Spec);

impl Env for LargePicture {
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

impl World for LargePicture {
    fn draw(&self, _scene: &Scene<'_, Self::State>, frame: &mut Frame) {
        let (width, height) = frame.max_size().unwrap_or_default();
        let (width, height) = (width.max(40), height.max(8));
        frame.clear(width, height);
        frame.focus_on(width - 1, height - 1);
    }
}

pub(super) fn large_picture() -> Arc<dyn DynWorld> {
    Arc::new(Arc::new(LargePicture(Spec::new(
        "test/large-picture",
        ObservationSpace::Discrete { n: 1 },
        ActionSpace::Discrete { names: names(&["left", "right"]) },
    ))))
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|&name| name.to_owned()).collect()
}

/// Viewer of a slippery grid with a noisy policy, which is shown, and the same without noise.
pub(super) fn model() -> Model {
    on(SlipperyGrid::world(7, 4))
}

/// Input of the viewer for [`model`]; the policy without noise is shown.
pub(super) fn watch() -> Watch {
    watch_on(SlipperyGrid::world(7, 4))
}

fn watch_on(world: Arc<dyn DynWorld>) -> Watch {
    let watch = Watch::new(world)
        .policy("step 100", Arc::new(GridPolicy { width: 7.0, noise: 0.5 }) as Arc<dyn Policy>)
        .policy("step 9000", Arc::new(GridPolicy { width: 7.0, noise: 0.0 }) as Arc<dyn Policy>);
    Watch {
        speed: Speed::StepsPerSecond(10.0),
        streams: Streams::new(3),
        reference: Some(-5.5),
        baseline: Some(-21.0),
        ..watch
    }
}

pub(super) fn on(world: Arc<dyn DynWorld>) -> Model {
    let mut model = Model::new(watch_on(world));
    model.execute(Command::Policy(-1));
    model
}
