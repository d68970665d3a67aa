//! Your own world, the recycling robot of Sutton & Barto (2nd ed., Example 3.3), and your own agent.

use freewheel::Registry;
use freewheel::agents::{FnFactory, tabular::Tabular, tabular::q_learning};
use freewheel::core::*;
use freewheel::envs::mdp::{FiniteMdp, Outcome};

/// Robot that collects cans. Searching finds more than waiting, but drains the battery.
struct Robot(Spec);

/// Outcomes of an action (0 search, 1 wait, 2 recharge) with a full (0) or low (1) battery.
fn outcomes(battery: u32, action: u32) -> Vec<Outcome> {
    let to = |probability, next, reward| Outcome { probability, next, reward, terminal: false };
    match (battery, action) {
        (0, 0) => vec![to(0.8, 0, 2.0), to(0.2, 1, 2.0)],
        (1, 0) => vec![to(0.6, 1, 2.0), to(0.4, 0, -3.0)], // -3: empty battery, rescued
        (_, 1) => vec![to(1.0, battery, 1.0)],
        (1, _) => vec![to(1.0, 0, 0.0)],
        _ => vec![], // not legal: recharging a full battery
    }
}

impl Env for Robot {
    type State = u32;
    type Action = u32;
    fn spec(&self) -> &Spec {
        &self.0
    }
    fn reset(&self, _: &mut Stream) -> u32 {
        0
    }
    fn step(&self, battery: &mut u32, action: u32, rng: &mut Stream) -> Step {
        let all = outcomes(*battery, action);
        let one = if rng.chance(all[0].probability) { all[0] } else { all[all.len() - 1] };
        *battery = one.next;
        Step::transition(one.reward as f32)
    }
    fn observe(&self, battery: &u32, out: &mut [f32]) {
        out[0] = *battery as f32;
    }
    fn legal(&self, battery: &u32, out: &mut [bool]) {
        out.copy_from_slice(&[true, true, *battery == 1]);
    }
}

impl World for Robot {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        FiniteMdp::from_fn(2, 3, vec![(0, 1.0)], outcomes)?.solve(query)
    }
    fn draw(&self, scene: &Scene<'_, u32>, frame: &mut Frame) {
        frame.clear(12, 1);
        let text = ["battery ▂▄▆█", "battery ▂"][*scene.state as usize];
        frame.write(0, 0, text, Rgb(120, 220, 120), Rgb(0, 0, 0));
    }
}

fn main() -> std::process::ExitCode {
    let spec = Spec::discrete("my/robot", 2, &["search", "wait", "recharge"]);
    let spec = Spec { masked: true, gamma: 0.9, time_limit: Some(200), ..spec };
    let optimistic = FnFactory::new(
        "optimistic",
        "Q-learning with optimistic initial values",
        |spec, config, budget, streams| {
            Ok(Box::new(q_learning::QLearning::new(spec, config, budget, streams)?))
        },
    );
    let tabular = Tabular { initial_value: 20.0, ..Tabular::default() };
    Registry::standard()
        .world("my/robot", "the recycling robot", move || Ok(Robot(spec.clone()).shared()))
        .agent(optimistic.with_defaults(q_learning::Config { tabular }))
        .main()
}
