//! Small worlds whose results can be computed by hand.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Better, Cell, Certainty, Ending, Env, EvaluationWorld, Frame, Measure,
    ObservationSpace, Player, Policy, Result, Scene, Score, Solution, SolveQuery, Spec, Step, Stream, World,
};
use serde::{Deserialize, Serialize};

fn spec(id: &str, d: usize, actions: ActionSpace) -> Spec {
    let observation = ObservationSpace::vector(&vec![(f32::NEG_INFINITY, f32::INFINITY); d]);
    Spec::new(&format!("test/{id}"), observation, actions)
}

fn discrete(names: &[&str]) -> ActionSpace {
    ActionSpace::Discrete { names: names.iter().map(|s| s.to_string()).collect() }
}

/// Walk over the cells 0..=4 with the actions `left` (illegal in cell 0), `right` and `stay`. An episode starts in cell
/// 2, or, if `random`, in cell 1 to 3. A step to cell c has reward c; cell 4 ends the episode with reward 10. If
/// `random`, every reward has an additional random number below 1, and the walk stays in place with probability 1/4.
/// The observation is the cell and the number of steps. `work` is the amount of extra computation per step.
pub(crate) struct Walk {
    pub(crate) spec: Spec,
    pub(crate) random: bool,
    pub(crate) work: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WalkState {
    pub(crate) cell: u32,
    pub(crate) steps: u32,
}

pub(crate) fn walk(random: bool, time_limit: Option<u32>) -> Walk {
    let spec = spec("walk", 2, discrete(&["left", "right", "stay"]));
    Walk { spec: Spec { masked: true, time_limit, ..spec }, random, work: 0 }
}

/// Random walk with the number of steps as score, and two scripted policies: always `right`, and uniformly random.
pub(crate) fn timed() -> Walk {
    let walk = walk(true, None);
    let spec = Spec {
        measures: vec![
            Measure::new("cell", "", Better::Neither),
            Measure::new("time", "steps", Better::Lower),
        ],
        score: Score::Measure(1),
        scripts: vec!["right".into(), "anywhere".into()],
        ..walk.spec
    };
    Walk { spec, ..walk }
}

impl Env for Walk {
    type State = WalkState;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, rng: &mut Stream) -> WalkState {
        WalkState { cell: if self.random { 1 + rng.below(3) } else { 2 }, steps: 0 }
    }

    fn step(&self, state: &mut WalkState, action: u32, rng: &mut Stream) -> Step {
        let mut unused = rng.clone();
        for _ in 0..self.work {
            std::hint::black_box(unused.bits());
        }
        state.steps += 1;
        let slips = self.random && rng.chance(0.25);
        match action {
            _ if slips => {}
            0 => state.cell -= 1,
            1 => state.cell += 1,
            _ => {}
        }
        let noise = if self.random { rng.uniform() as f32 } else { 0.0 };
        match state.cell {
            4 => Step::termination(10.0 + noise),
            cell => Step::transition(cell as f32 + noise),
        }
    }

    fn observe(&self, state: &WalkState, out: &mut [f32]) {
        out.copy_from_slice(&[state.cell as f32, state.steps as f32]);
    }

    fn legal(&self, state: &WalkState, out: &mut [bool]) {
        out.copy_from_slice(&[state.cell > 0, true, true]);
    }

    fn measure(&self, state: &WalkState, out: &mut [f64]) {
        for (out, measured) in out.iter_mut().zip([state.cell, state.steps]) {
            *out = f64::from(measured);
        }
    }

    fn scripted(&self, script: usize, state: &WalkState, rng: &mut Stream) -> Option<u32> {
        match script {
            0 => Some(1),
            1 => Some(if state.cell > 0 { rng.below(3) } else { 1 + rng.below(2) }),
            _ => None,
        }
    }
}

impl World for Walk {}

/// Game in which two players add 1, 2 or 3 to a sum. The reward is the added number. A player who adds 2 moves again.
/// The game ends at a sum of 10 or more. The discount is 1/2.
pub(crate) struct AddingGame(Spec);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) sum: u32,
    pub(crate) mover: Player,
}

pub(crate) fn adding_game() -> AddingGame {
    AddingGame(Spec { players: 2, gamma: 0.5, ..spec("adding-game", 1, discrete(&["one", "two", "three"])) })
}

impl Env for AddingGame {
    type State = Sum;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _rng: &mut Stream) -> Sum {
        Sum { sum: 0, mover: Player::First }
    }

    fn step(&self, state: &mut Sum, action: u32, _rng: &mut Stream) -> Step {
        state.sum += action + 1;
        if action != 1 {
            state.mover = state.mover.other();
        }
        let ending = if state.sum >= 10 { Ending::Terminal } else { Ending::Running };
        Step { reward: action as f32 + 1.0, ending }
    }

    fn observe(&self, state: &Sum, out: &mut [f32]) {
        out[0] = state.sum as f32;
    }

    fn to_play(&self, state: &Sum) -> Player {
        state.mover
    }
}

impl World for AddingGame {}

/// Point in the plane that is moved by continuous actions. The reward is minus the squared distance of the point from
/// the origin; an episode ends beyond a distance of 10.
pub(crate) struct Push(pub(crate) Spec);

pub(crate) fn push() -> Push {
    let names = vec!["x".to_string(), "y".to_string()];
    let actions = ActionSpace::Continuous { names, low: vec![-1.0; 2], high: vec![1.0; 2] };
    Push(Spec { time_limit: Some(20), ..spec("push", 2, actions) })
}

impl Env for Push {
    type State = [f32; 2];
    type Action = [f32; 2];

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, rng: &mut Stream) -> [f32; 2] {
        [rng.uniform() as f32, 0.0]
    }

    fn step(&self, state: &mut [f32; 2], action: [f32; 2], _rng: &mut Stream) -> Step {
        for (x, push) in state.iter_mut().zip(action) {
            *x += push;
        }
        let square = state[0] * state[0] + state[1] * state[1];
        if square > 100.0 { Step::termination(-square) } else { Step::transition(-square) }
    }

    fn observe(&self, state: &[f32; 2], out: &mut [f32]) {
        out.copy_from_slice(state);
    }
}

impl World for Push {}

/// Light that is red, green or blue in the first observation of an episode and dark afterwards. The action with the
/// color of the light has reward 1 and ends the episode. The world has an evaluation world of the same kind, and a
/// reference policy that needs the current color.
pub(crate) struct Light {
    spec: Spec,
    evaluation_world: Option<EvaluationWorld>,
}

pub(crate) fn light() -> Light {
    let build = |id: &str, evaluation_world| {
        let spec = Spec::discrete(&format!("test/{id}"), 4, &["red", "green", "blue", "wait"]);
        Light { spec: Spec { time_limit: Some(6), ..spec }, evaluation_world }
    };
    let other = EvaluationWorld { world: build("lantern", None).shared(), settings: toml::Table::new() };
    build("light", Some(other))
}

impl Env for Light {
    type State = (u32, bool);
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, rng: &mut Stream) -> (u32, bool) {
        (rng.below(3), true)
    }

    fn step(&self, state: &mut (u32, bool), action: u32, _rng: &mut Stream) -> Step {
        state.1 = false;
        if action == state.0 { Step::termination(1.0) } else { Step::transition(0.0) }
    }

    fn observe(&self, state: &(u32, bool), out: &mut [f32]) {
        out[0] = if state.1 { state.0 as f32 } else { 3.0 };
    }
}

impl World for Light {
    fn solve(&self, _query: &SolveQuery) -> Result<Solution> {
        let policy: Arc<dyn Policy> = Arc::new(CopyObservation);
        let values = vec![1.0; 4];
        Ok(Solution { certainty: Certainty::Exact, value: 1.0, upper: None, values, policy: Some(policy) })
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.evaluation_world.as_ref()
    }

    /// Draws the action values of all four observations.
    fn draw(&self, scene: &Scene<'_, Self::State>, frame: &mut Frame) {
        let policy = scene.policy;
        let value = |obs: u32| {
            let mut values = [0.0; 4];
            policy.map(|policy| policy.action_values(&[obs as f32], &[true; 4], &mut values));
            values[0]
        };
        let text = format!("{:?}", [0, 1, 2, 3].map(value));
        frame.clear(text.chars().count(), 1);
        frame.write(0, 0, &text, Cell::default().fg, Cell::default().bg);
    }
}

/// Policy whose action is the observation, and whose action values all are the observation.
pub(crate) struct CopyObservation;

impl Policy for CopyObservation {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let ActionBuffer::Discrete(all) = actions else { panic!("discrete actions") };
        for (action, &obs) in all.iter_mut().zip(obs) {
            *action = obs as u32;
        }
    }

    fn action_values(&self, obs: &[f32], _legal: &[bool], out: &mut [f32]) -> bool {
        out.fill(obs[0]);
        true
    }
}

/// Uniformly random policy over legal actions; continuous actions are uniform in -1..1.
pub(crate) struct Uniform;

impl Policy for Uniform {
    fn act(&self, _obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        match actions {
            ActionBuffer::Discrete(all) => {
                let a = legal.len() / rngs.len();
                for ((action, mask), rng) in all.iter_mut().zip(legal.chunks_exact(a)).zip(rngs) {
                    let legal: Vec<u32> = (0..a as u32).filter(|&a| mask[a as usize]).collect();
                    *action = legal[rng.below(legal.len() as u32) as usize];
                }
            }
            ActionBuffer::Continuous(all) => {
                let k = all.len() / rngs.len();
                for (action, rng) in all.chunks_exact_mut(k).zip(rngs) {
                    action.fill_with(|| rng.uniform() as f32 * 2.0 - 1.0);
                }
            }
        }
    }
}

/// Policy that takes the last legal action.
pub(crate) struct LastLegal;

impl Policy for LastLegal {
    fn act(&self, _obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let ActionBuffer::Discrete(all) = actions else { panic!("discrete actions") };
        for (action, mask) in all.iter_mut().zip(legal.chunks_exact(legal.len() / rngs.len())) {
            *action = mask.iter().rposition(|&legal| legal).unwrap() as u32;
        }
    }
}

/// Result of `run` in a pool of this number of threads.
pub(crate) fn with_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}
