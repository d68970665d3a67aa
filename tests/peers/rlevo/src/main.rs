//! CartPole with PPO and DQN of the crate `rlevo` on Burn's CPU backend Flex: one JSON line with transitions a second
//! and what was learnt. A second is one of the processor's: with one thread other work on the machine then does not
//! count. `seconds` is the clock's. The settings are those of docs/results/deep-speed.md.
//!
//! Usage: rlevo-peer ppo|dqn STEPS SEED   (STEPS: measured transitions after the warm-up)

use std::error::Error;
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rlevo::burn;
use rlevo::burn::grad_clipping::GradientClippingConfig;
use rlevo::burn::module::{Module, ModuleMapper, Param};
use rlevo::burn::nn::{Initializer, Linear, LinearConfig};
use rlevo::burn::optim::AdamConfig;
use rlevo::burn::tensor::activation::tanh;
use rlevo::burn::tensor::{Device, Tensor};
use rlevo::envs::classic::{CartPole, CartPoleAction, CartPoleConfig, CartPoleObservation};
use rlevo::envs::wrappers::TimeLimit;
use rlevo::harness::evaluator::train;
use rlevo::prelude::{Agent, DiscreteAction, Environment};
use rlevo::rl::algorithms::dqn::dqn_agent::DqnAgent;
use rlevo::rl::algorithms::dqn::dqn_config::DqnTrainingConfig;
use rlevo::rl::algorithms::dqn::dqn_model::DqnModel;
use rlevo::rl::algorithms::ppo::policies::{CategoricalPolicyHead, CategoricalPolicyHeadConfig};
use rlevo::rl::algorithms::ppo::ppo_agent::PpoAgent;
use rlevo::rl::algorithms::ppo::ppo_config::PpoTrainingConfig;
use rlevo::rl::algorithms::ppo::ppo_value::{MlpValue, MlpValueConfig};
use rlevo::rl::target::TargetUpdate;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn cartpole(seed: u64) -> Outcome<TimeLimit<CartPole>> {
    Ok(TimeLimit::new(CartPole::with_config(CartPoleConfig { seed, ..CartPoleConfig::default() })?, 500))
}

/// Processor seconds of all threads of this process: the first field, in nanoseconds, of Linux's schedstat.
fn cpu_seconds() -> Outcome<f64> {
    let mut total = 0.0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        total += text.split(' ').next().unwrap_or_default().parse::<f64>()?;
    }
    Ok(total / 1e9)
}

/// Trains `warm_up` transitions, then `steps` more with a clock; `greedy` of the trained agent serves the evaluation.
fn measured<A, G>(name: &str, mut agent: A, warm_up: usize, steps: usize, seed: u64, greedy: G) -> Outcome<()>
where
    A: Agent<CartPoleObservation, CartPoleAction>,
    G: FnOnce(&A) -> Box<dyn Fn(&CartPoleObservation) -> CartPoleAction + '_>,
{
    let (mut env, mut rng) = (cartpole(seed)?, StdRng::seed_from_u64(seed));
    let mut episodes = train(&mut env, &mut agent, warm_up, usize::MAX, &mut rng)?;
    let (begin, cpu) = (Instant::now(), cpu_seconds()?);
    episodes.extend(train(&mut env, &mut agent, steps, usize::MAX, &mut rng)?);
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    let last = &episodes[episodes.len().saturating_sub(100)..];
    let act = greedy(&agent);
    println!(
        "{}",
        serde_json::json!({
            "peer": "rlevo", "algorithm": name, "steps": steps, "seconds": seconds, "cpu_seconds": cpu,
            "transitions_per_second": steps as f64 / cpu,
            "train_return": last.iter().map(|episode| episode.return_value).sum::<f64>() / last.len() as f64,
            "greedy_return": evaluated(&*act, 20)?,
        })
    );
    Ok(())
}

/// Mean return of `episodes` episodes of the policy `act`.
fn evaluated(act: &dyn Fn(&CartPoleObservation) -> CartPoleAction, episodes: usize) -> Outcome<f64> {
    let (mut env, mut total) = (cartpole(1_000_000)?, 0.0);
    for _ in 0..episodes {
        let mut snapshot = env.reset()?;
        while !snapshot.status.is_done() {
            snapshot = env.step(act(&snapshot.observation))?;
            total += f64::from(f32::from(snapshot.reward));
        }
    }
    Ok(total / episodes as f64)
}

/// Orthogonal weights, gain sqrt 2 in layers of 64 outputs and `output_gain` in the last; biases 0.
struct Orthogonal {
    output_gain: f64,
}

impl ModuleMapper for Orthogonal {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (shape, device) = (param.val().dims(), param.val().device());
        let gain = if shape[D - 1] == 64 { 2.0_f64.sqrt() } else { self.output_gain };
        let initializer = if D == 2 { Initializer::Orthogonal { gain } } else { Initializer::Zeros };
        initializer.init(shape, &device)
    }
}

fn ppo(steps: usize, seed: u64) -> Outcome<()> {
    const ROLLOUT: usize = 2_048;
    let device = Device::flex();
    device.seed(seed);
    let policy = CategoricalPolicyHeadConfig { obs_dim: 4, hidden: 64, num_actions: 2 }.try_init(&device)?;
    let value = MlpValueConfig { obs_dim: 4, hidden: vec![64, 64] }.try_init(&device)?;
    let config = PpoTrainingConfig {
        num_envs: 1, // all that it has
        num_steps: ROLLOUT,
        num_minibatches: ROLLOUT / 64,
        update_epochs: 10,
        learning_rate: 3e-4,
        anneal_lr: false,
        optimizer: AdamConfig::new().with_epsilon(1e-5),
        clip_grad: Some(GradientClippingConfig::Norm(0.5)), // of each tensor, not of all
        gamma: 0.99,
        gae_lambda: 0.95,
        clip_coef: 0.2,
        clip_value_loss: false,
        entropy_coef: 0.0,
        value_coef: 1.0, // its value loss is half the squared error
        normalize_advantages: true,
        target_kl: None,
    };
    let agent = PpoAgent::<CategoricalPolicyHead, MlpValue, CartPoleObservation, 1, 2>::new(
        policy.map(&mut Orthogonal { output_gain: 0.01 }),
        value.map(&mut Orthogonal { output_gain: 1.0 }),
        config,
        device,
        0,
    )?;
    measured("ppo", agent, ROLLOUT, steps, seed, |agent| {
        let network = agent.inference_net();
        Box::new(move |observation| {
            CartPoleAction::from_index(agent.act_greedy_env_row_with(&network, observation)[0] as usize)
        })
    })
}

/// 4-64-64-2 of tanh: rlevo's own network has rectified linear units.
#[derive(Module, Debug)]
struct Network {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl DqnModel<2> for Network {
    fn forward(&self, observations: Tensor<2>) -> Tensor<2> {
        let hidden = tanh(self.second.forward(tanh(self.first.forward(observations))));
        self.last.forward(hidden)
    }
}

fn dqn(steps: usize, seed: u64) -> Outcome<()> {
    const WARM_UP: usize = 1_024;
    const EVERY: usize = 4;
    let device = Device::flex();
    device.seed(seed);
    let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(&device);
    let network = Network { first: layer(4, 64), second: layer(64, 64), last: layer(64, 2) };
    let config = DqnTrainingConfig {
        batch_size: 64,
        gamma: 0.99,
        learning_rate: 2.5e-4,
        epsilon_start: 0.1,
        epsilon_end: 0.1,
        epsilon_decay: 1.0,
        target_update: TargetUpdate::hard(1_000 / EVERY), // counted in updates
        replay_buffer_capacity: 10_000,
        learning_starts: WARM_UP + 1,
        train_frequency: EVERY,
        double_q: false,
        clip_grad: None,
        optimizer: AdamConfig::new().with_epsilon(1e-5),
        ..DqnTrainingConfig::default()
    };
    let agent = DqnAgent::<Network, CartPoleObservation, CartPoleAction, 1, 2>::new(network, config, device)?;
    measured("dqn", agent, WARM_UP, steps, seed, |agent| {
        let network = agent.inference_net();
        Box::new(move |observation| agent.act_greedy_with(&network, observation))
    })
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [algorithm, steps, seed] = &arguments[..] else {
        return Err("usage: rlevo-peer ppo|dqn STEPS SEED".into());
    };
    match algorithm.as_str() {
        "ppo" => ppo(steps.parse()?, seed.parse()?),
        "dqn" => dqn(steps.parse()?, seed.parse()?),
        _ => Err("an algorithm other than ppo and dqn".into()),
    }
}
