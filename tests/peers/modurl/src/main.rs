//! ModuRL's published CartPole workloads, PPO and DQN, and SAC on Pendulum, through its crates `modurl` and
//! `modurl_gym`: one JSON line with transitions a second and, for PPO and DQN, what was learnt. A second is one of the
//! processor's: with one thread other work on the machine then does not count. `seconds` is the clock's.
//!
//! Usage: modurl-peer ppo|dqn [STEPS]   (STEPS: measured transitions after the warm-up; the published number where
//! absent)
//!        modurl-peer sac STEPS UNITS   (UNITS: units of each of two hidden layers, and size of a batch)

use std::cell::RefCell;
use std::error::Error;
use std::fmt::Debug;
use std::rc::Rc;
use std::time::Instant;

use candle_core::{D, DType, Device, Module, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use modurl::prelude::*;
use modurl_gym::classic_control::cartpole::CartPoleV1;
use modurl_gym::classic_control::pendulum::PendulumV1;

type Outcome<T> = Result<T, Box<dyn Error>>;

const DEVICE: Device = Device::Cpu;

/// The returns of finished training episodes, in the order in which they finished.
type Returns = Rc<RefCell<Vec<f32>>>;

/// CartPole with its episode returns written down: one addition a step.
struct Recorded {
    env: CartPoleV1,
    so_far: f32,
    returns: Returns,
}

impl Recorded {
    fn new(returns: &Returns) -> Outcome<Self> {
        let env = CartPoleV1::builder().device(&DEVICE).build()?;
        Ok(Self { env, so_far: 0.0, returns: returns.clone() })
    }
}

impl Gym for Recorded {
    type Error = <CartPoleV1 as Gym>::Error;
    type SpaceError = <CartPoleV1 as Gym>::SpaceError;

    fn step(&mut self, action: Tensor) -> Result<StepInfo, Self::Error> {
        let step = self.env.step(action)?;
        self.so_far += step.reward;
        if step.done || step.truncated {
            self.returns.borrow_mut().push(std::mem::take(&mut self.so_far));
        }
        Ok(step)
    }

    fn reset(&mut self) -> Result<ResetInfo, Self::Error> {
        self.so_far = 0.0;
        self.env.reset()
    }

    fn observation_space(&self) -> Box<dyn Space<Error = Self::SpaceError>> {
        self.env.observation_space()
    }

    fn action_space(&self) -> Box<dyn Space<Error = Self::SpaceError>> {
        self.env.action_space()
    }
}

fn shown<T, E: Debug>(result: Result<T, E>) -> Outcome<T> {
    result.map_err(|error| format!("{error:?}").into())
}

/// A 4-64-64-`outputs` network of tanh over `vars`; orthogonal with `output_gain` where one is given, else candle's
/// default. Called again on the same `vars` it is the same network.
fn network(vars: &VarMap, outputs: usize, output_gain: Option<f64>) -> Outcome<MLP> {
    let shape = MLP::builder()
        .input_size(4)
        .output_size(outputs)
        .vb(VarBuilder::from_varmap(vars, DType::F32, &DEVICE))
        .hidden_layer_sizes(vec![64, 64])
        .activation(Tensor::tanh);
    Ok(match output_gain {
        Some(output_gain) => {
            let hidden_gain = 2.0_f64.sqrt();
            shape.initializer(OrthogonalMLPInitializer { hidden_gain, output_gain }).build()?
        }
        None => shape.build()?,
    })
}

fn adam(vars: &VarMap, lr: f64) -> Outcome<AdamW> {
    let settings = ParamsAdamW { lr, beta1: 0.9, beta2: 0.999, eps: 1e-5, weight_decay: 0.0 };
    Ok(AdamW::new(vars.all_vars(), settings)?)
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

/// Trains `learning_starts` transitions, then `steps` more with a clock; `vars` of the actor or of the Q-network serve
/// the evaluation.
fn measured<A>(name: &str, mut agent: A, rows: usize, learning_starts: usize, steps: usize, vars: &VarMap) -> Outcome<()>
where
    A: Agent<GymError = VectorizedGymError<<Recorded as Gym>::Error>, SpaceError = <Recorded as Gym>::SpaceError>,
    A::Error: Debug,
{
    let returns = Returns::default();
    let envs = (0..rows).map(|_| Recorded::new(&returns)).collect::<Outcome<Vec<_>>>()?;
    let mut env = VectorizedGymWrapper::from(envs);
    shown(agent.learn(&mut env, learning_starts))?;
    let (begin, cpu) = (Instant::now(), cpu_seconds()?);
    shown(agent.learn(&mut env, steps))?;
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    let returns = returns.borrow();
    let last = &returns[returns.len().saturating_sub(100)..];
    println!(
        "{}",
        serde_json::json!({
            "peer": "modurl", "algorithm": name, "steps": steps, "seconds": seconds, "cpu_seconds": cpu,
            "transitions_per_second": steps as f64 / cpu,
            "train_return": last.iter().sum::<f32>() / last.len() as f32,
            "greedy_return": greedy(&network(vars, 2, None)?, 20)?,
        })
    );
    Ok(())
}

/// Mean return of `episodes` episodes in which the largest of the network's two outputs is taken.
fn greedy(network: &MLP, episodes: usize) -> Outcome<f32> {
    let mut env = CartPoleV1::builder().device(&DEVICE).build()?;
    let mut total = 0.0;
    for _ in 0..episodes {
        let mut observation = env.reset()?.state;
        loop {
            let action = network.forward(&observation.unsqueeze(0)?)?.argmax(D::Minus1)?.squeeze(0)?;
            let step = env.step(action)?;
            total += step.reward;
            if step.done || step.truncated {
                break;
            }
            observation = step.state;
        }
    }
    Ok(total / episodes as f32)
}

fn ppo(steps: Option<usize>) -> Outcome<()> {
    const ROWS: usize = 8;
    const ROLLOUT: usize = ROWS * 256;
    let steps = steps.unwrap_or(20_480);
    let (actor, critic) = (VarMap::new(), VarMap::new());
    let policy = ProbabilisticPolicyModel::<CategoricalDistribution>::new(network(&actor, 2, Some(0.01))?);
    let networks = SeparatePPONetwork::builder()
        .actor_network(policy)
        .critic_network(network(&critic, 1, Some(1.0))?)
        .actor_optimizer(adam(&actor, 3e-4)?)
        .critic_optimizer(adam(&critic, 3e-4)?)
        .combined_loss(true)
        .build();
    let agent = PPOAgent::builder()
        .action_space(Recorded::new(&Returns::default())?.action_space())
        .network_info(PPONetworkInfo::Separate(networks))
        .batch_size(ROLLOUT)
        .mini_batch_size(64)
        .num_epochs(10)
        .normalize_advantage(true)
        .gamma(0.99)
        .gae_lambda(0.95)
        .ent_coef(0.0)
        .vf_coef(0.5)
        .gradient_clip(0.5)
        .clip_range(ConstantSchedule::new(0.2))
        .clip_value_loss(false)
        .training_horizon(ROLLOUT + steps)
        .device(DEVICE)
        .build()?;
    measured("ppo", agent, ROWS, ROLLOUT, steps, &actor)
}

fn dqn(steps: Option<usize>) -> Outcome<()> {
    const WARM_UP: usize = 1_024;
    let steps = steps.unwrap_or(4_096);
    let (online, mut target) = (VarMap::new(), VarMap::new());
    let agent = shown(
        DQNAgent::builder()
            .action_space(Discrete::new(2))
            .observation_space(Recorded::new(&Returns::default())?.observation_space())
            .online_q_network(network(&online, 2, None)?)
            .target_q_network(network(&target, 2, None)?)
            .online_vars(&online)
            .target_vars(&mut target)
            .optimizer(adam(&online, 2.5e-4)?)
            .replay_capacity(10_000)
            .batch_size(64)
            .gamma(0.99)
            .training_start(WARM_UP + 1)
            .update_frequency(4)
            .target_update_interval(1_000)
            .epsilon_schedule(ConstantSchedule::new(0.1))
            .training_horizon(WARM_UP + steps)
            .replay_storage_config(ReplayStorageConfig::new(ReplayDeviceStrategy::OneDevice(DEVICE)))
            .build(),
    )?;
    measured("dqn", agent, 1, WARM_UP, steps, &online)
}

/// Means of actions, and their log standard deviations, which do not depend on the observation.
struct Gaussian {
    mean: MLP,
    log_std: Tensor,
}

impl Module for Gaussian {
    fn forward(&self, observations: &Tensor) -> candle_core::Result<Tensor> {
        let mean = self.mean.forward(observations)?;
        let log_std = self.log_std.broadcast_as(mean.shape())?.clamp(-20.0, 2.0)?;
        Tensor::cat(&[mean, log_std], 1)
    }
}

/// SAC on Pendulum: two hidden layers of `units` rectified linear units, batches of `units`.
fn sac(steps: usize, units: usize) -> Outcome<()> {
    const WARM_UP: usize = 500;
    let mlp = |vars: &VarMap, inputs: usize| {
        MLP::builder()
            .input_size(inputs)
            .output_size(1)
            .vb(VarBuilder::from_varmap(vars, DType::F32, &DEVICE))
            .hidden_layer_sizes(vec![units, units])
            .activation(Tensor::relu)
            .build()
    };
    let env = PendulumV1::builder().device(&DEVICE).build()?;
    let actor = VarMap::new();
    let mean = mlp(&actor, 3)?;
    let vb = VarBuilder::from_varmap(&actor, DType::F32, &DEVICE);
    let log_std = vb.get_with_hints((1, 1), "log_std", candle_nn::Init::Const(0.0))?;
    // Actions within -1 and 1; Pendulum's go to 2, which costs the same.
    let distribution = TransformedDistribution::new(GaussianDistribution::new(vec![1])?, TanhTransform);
    let policy = ProbabilisticPolicyModel::with_distribution(Gaussian { mean, log_std }, distribution);
    let vars = [VarMap::new(), VarMap::new()];
    let mut targets = [VarMap::new(), VarMap::new()];
    let mut critics = Vec::new();
    for (online, target) in vars.iter().zip(&mut targets) {
        let critic = SACCritic::builder()
            .online_network(ScalarStateActionCritic::new(mlp(online, 4)?))
            .target_network(ScalarStateActionCritic::new(mlp(target, 4)?))
            .online_vars(online)
            .target_vars(target)
            .optimizer(adam(online, 3e-4)?)
            .build();
        critics.push(shown(critic)?);
    }
    let log_alpha = Var::from_vec(vec![0.0f32], (), &DEVICE)?;
    let settings = ParamsAdamW { lr: 3e-4, weight_decay: 0.0, ..ParamsAdamW::default() };
    let entropy =
        SACEntropyConfiguration::automatic(log_alpha.clone(), AdamW::new(vec![log_alpha], settings)?);
    let agent = SACAgent::builder()
        .policy(policy)
        .actor_optimizer(adam(&actor, 3e-4)?)
        .critics(critics)
        .entropy_configuration(entropy)
        .action_space(env.action_space())
        .observation_space(env.observation_space())
        .batch_size(units)
        .training_start(100)
        .training_horizon(WARM_UP + steps)
        .replay_storage_config(ReplayStorageConfig::new(ReplayDeviceStrategy::OneDevice(DEVICE)))
        .build();
    let mut agent = shown(agent)?;
    let mut env = VectorizedGymWrapper::from(vec![env]);
    shown(agent.learn(&mut env, WARM_UP))?;
    let (begin, cpu) = (Instant::now(), cpu_seconds()?);
    shown(agent.learn(&mut env, steps))?;
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    println!(
        "{}",
        serde_json::json!({
            "peer": "modurl", "algorithm": "sac", "steps": steps, "seconds": seconds, "cpu_seconds": cpu,
            "transitions_per_second": steps as f64 / cpu,
        })
    );
    Ok(())
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let steps = arguments.get(1).map(|steps| steps.parse()).transpose()?;
    match arguments.first().map(String::as_str) {
        Some("ppo") => ppo(steps),
        Some("dqn") => dqn(steps),
        Some("sac") => sac(steps.ok_or("no STEPS")?, arguments.get(2).ok_or("no UNITS")?.parse()?),
        _ => Err("usage: modurl-peer ppo|dqn [STEPS], or sac STEPS UNITS".into()),
    }
}
