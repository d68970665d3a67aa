//! The program with a world that requires memory, and an agent that diverges.

use std::process::ExitCode;

use freewheel::Registry;
use freewheel_agents::fixed::{Fixed, UniformPolicy};
use freewheel_agents::{Budget, FnFactory};
use freewheel_core::{
    Agent, Baseline, Env, Error, MetricSink, Policy, PolicyMode, Result, SolveQuery, Spec, Step, Stream,
    Streams, VectorEnv, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// T-maze of length 1 (Bakker 2002): the first observation is a sign, left or right; at the junction one step later no
/// sign is visible. The correct turn gives 1, the wrong one -1.
struct TMaze(Spec);

#[derive(Clone, Serialize, Deserialize)]
struct Position {
    /// Sign of the episode, the correct turn: 0 left, 1 right.
    sign: u32,
    at_junction: bool,
}

impl Env for TMaze {
    type State = Position;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, rng: &mut Stream) -> Position {
        Position { sign: rng.below(2), at_junction: false }
    }

    fn step(&self, position: &mut Position, action: u32, _: &mut Stream) -> Step {
        match std::mem::replace(&mut position.at_junction, true) {
            false => Step::transition(0.0),
            true => Step::termination(if action == position.sign { 1.0 } else { -1.0 }),
        }
    }

    fn observe(&self, position: &Position, out: &mut [f32]) {
        out[0] = if position.at_junction { 2.0 } else { position.sign as f32 };
    }
}

impl World for TMaze {
    fn baseline(&self, _: &SolveQuery) -> Result<Baseline> {
        Ok(Baseline { name: "random".into(), value: 0.0 })
    }
}

/// Settings of [`Diverging`].
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct DivergingSettings {
    /// Factor by which the weight grows in every step.
    factor: f64,
    /// Additional bytes in each checkpoint.
    padding: usize,
}

impl Default for DivergingSettings {
    fn default() -> Self {
        DivergingSettings { factor: 2.0, padding: 0 }
    }
}

/// Random agent with a weight that grows in every step until it is infinite: with factor 2 at step 1024.
struct Diverging {
    random: Fixed,
    settings: DivergingSettings,
    weight: f64,
    step: u64,
}

impl Diverging {
    fn new(spec: &Spec, settings: DivergingSettings, budget: Budget, streams: Streams) -> Result<Self> {
        let random = Fixed::new(spec, std::sync::Arc::new(UniformPolicy::new(spec)?), budget, streams)?;
        Ok(Diverging { random, settings, weight: 1.0, step: 0 })
    }
}

impl Agent for Diverging {
    fn learn(&mut self, env: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let num_envs = env.view().num_envs as u64;
        for _ in 0..steps.div_ceil(num_envs) {
            self.random.learn(env, num_envs)?;
            self.step += num_envs;
            self.weight *= self.settings.factor;
            if !self.weight.is_finite() {
                return Err(Error::Diverged {
                    quantity: "weight".into(),
                    value: self.weight,
                    step: self.step,
                });
            }
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        self.random.policy(mode)
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("weight", self.weight);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let [weight, step] = [self.weight.to_le_bytes(), self.step.to_le_bytes()];
        // The padding has different bytes in every checkpoint.
        let padding: Vec<u8> = step.iter().copied().cycle().take(self.settings.padding).collect();
        Ok([&weight[..], &step, &padding, &self.random.save()?].concat())
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let invalid = || Error::Config("this is not a saved weight".into());
        let (weight, rest) = bytes.split_first_chunk().ok_or_else(invalid)?;
        let (step, rest) = rest.split_first_chunk().ok_or_else(invalid)?;
        self.random.load(rest.get(self.settings.padding..).ok_or_else(invalid)?)?;
        (self.weight, self.step) = (f64::from_le_bytes(*weight), u64::from_le_bytes(*step));
        Ok(())
    }
}

fn main() -> ExitCode {
    let spec = Spec::discrete("test/t-maze", 3, &["left", "right"]);
    Registry::standard()
        .world("test/t-maze", "T-maze of length 1", move || Ok(TMaze(spec.clone()).shared()))
        .agent(FnFactory::new(
            "diverging",
            "Random agent with a weight that grows to infinity",
            |spec, settings, budget, streams| Ok(Box::new(Diverging::new(spec, settings, budget, streams)?)),
        ))
        .main()
}
