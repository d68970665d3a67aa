//! A world of one's own in 60 lines: the recycling robot of Sutton & Barto, Example 3.3, and an agent beside it.

use freewheel::Catalogue;
use freewheel_agents::{Kind, tabular::q_learning};
use freewheel_core::*;
use freewheel_envs::mdp::{MdpBuilder, Outcome};

/// A robot gathers cans. Searching finds more than waiting, but drains the battery; stranded, it must be carried home.
struct Robot(Spec);

const SEARCH: u32 = 0;
const WAIT: u32 = 1;
const RECHARGE: u32 = 2;

/// What an action may lead to: (probability, is the battery low then, reward).
fn outcomes(low: bool, action: u32) -> Vec<(f64, bool, f64)> {
    match (low, action) {
        (false, SEARCH) => vec![(0.8, false, 2.0), (0.2, true, 2.0)],
        (true, SEARCH) => vec![(0.6, true, 2.0), (0.4, false, -3.0)],
        (_, WAIT) => vec![(1.0, low, 1.0)],
        (true, _) => vec![(1.0, false, 0.0)],
        (false, _) => vec![], // a full battery cannot be charged: not legal
    }
}

impl Env for Robot {
    type State = bool;
    type Action = u32;
    fn spec(&self) -> &Spec {
        &self.0
    }
    fn reset(&self, _: &mut Stream) -> bool {
        false
    }
    fn step(&self, low: &mut bool, action: u32, rng: &mut Stream) -> Step {
        let (all, mut dice) = (outcomes(*low, action), rng.uniform());
        let (_, next, reward) = all
            .iter()
            .find(|one| {
                dice -= one.0;
                dice < 0.0
            })
            .unwrap_or(&all[0]);
        *low = *next;
        Step::transition(*reward as f32)
    }
    fn observe(&self, low: &bool, out: &mut [f32]) {
        out[0] = f32::from(u8::from(*low))
    }
    fn legal(&self, low: &bool, out: &mut [bool]) {
        out.copy_from_slice(&[true, true, *low])
    }
}

impl World for Robot {
    fn solve(&self, question: &Question) -> Result<Solution> {
        let mut mdp = MdpBuilder::new(3);
        for (low, action) in
            [false, true].into_iter().flat_map(|low| [SEARCH, WAIT, RECHARGE].map(|a| (low, a)))
        {
            let row = outcomes(low, action).into_iter().map(|(probability, next, reward)| Outcome {
                probability,
                next: u32::from(next),
                reward,
                terminal: false,
            });
            mdp.push(&row.collect::<Vec<_>>());
        }
        mdp.build(vec![(0, 1.0)])?.solve(question)
    }
    fn draw(&self, low: &bool, _: Option<&dyn Policy>, frame: &mut Frame) {
        frame.clear(12, 1);
        frame.write(
            0,
            0,
            if *low { "battery ▂   " } else { "battery ▂▄▆█" },
            Rgb(120, 220, 120),
            Rgb(0, 0, 0),
        );
    }
}

fn main() -> std::process::ExitCode {
    let spec = Spec {
        id: "my/robot".into(),
        version: 1,
        gamma: 0.9,
        time_limit: Some(200),
        players: 1,
        masked: true,
        observation: ObservationSpace::Discrete { n: 2 },
        actions: ActionSpace::Discrete { names: ["search", "wait", "recharge"].map(String::from).to_vec() },
    };
    Catalogue::standard()
        .world("my/robot", "the recycling robot", move |_| Ok(Robot(spec.clone()).shared()))
        .agent(Box::new(Kind::new(
            "hopeful",
            "Q-learning that begins by hoping",
            |world, mut config: q_learning::Config, budget, streams| {
                config.initial_value = 20.0;
                Ok(Box::new(q_learning::QLearning::new(world, config, budget, streams)?))
            },
        )))
        .main()
}
