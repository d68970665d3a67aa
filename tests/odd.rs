//! The program with what it does not ship: a world that asks for memory, and an agent that comes to grief.

use std::process::ExitCode;

use freewheel::Registry;
use freewheel_agents::fixed::{Fixed, Uniform};
use freewheel_agents::{Budget, Kind};
use freewheel_core::{
    Agent, Baseline, Env, Error, MetricSink, Mode, Policy, Result, SolveQuery, Spec, Step, Stream, Streams,
    VectorEnv, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A sign says left or right; after a step along the corridor comes the fork, where no sign stands. The right way is worth 1,
/// the wrong one -1: the shortest T-maze of Bakker (2002).
struct Fork(Spec);

#[derive(Clone, Serialize, Deserialize)]
struct Walker {
    /// What the sign says: 0 left, 1 right.
    sign: u32,
    at_fork: bool,
}

impl Env for Fork {
    type State = Walker;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, rng: &mut Stream) -> Walker {
        Walker { sign: rng.below(2), at_fork: false }
    }

    fn step(&self, walker: &mut Walker, action: u32, _: &mut Stream) -> Step {
        match std::mem::replace(&mut walker.at_fork, true) {
            false => Step::transition(0.0),
            true => Step::termination(if action == walker.sign { 1.0 } else { -1.0 }),
        }
    }

    fn observe(&self, walker: &Walker, out: &mut [f32]) {
        out[0] = if walker.at_fork { 2.0 } else { walker.sign as f32 };
    }
}

impl World for Fork {
    fn baseline(&self, _: &SolveQuery) -> Result<Baseline> {
        Ok(Baseline { name: "random".into(), value: 0.0 })
    }
}

/// Settings of [`Grows`].
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Growth {
    /// Factor by which its weight grows in every step.
    factor: f64,
    /// What it saves besides, bytes.
    ballast: usize,
}

impl Default for Growth {
    fn default() -> Self {
        Growth { factor: 2.0, ballast: 0 }
    }
}

/// Plays at random, and has a weight that grows until it is beyond all bounds: with 2, at step 1024.
struct Grows {
    player: Fixed,
    growth: Growth,
    weight: f64,
    step: u64,
}

impl Grows {
    fn new(spec: &Spec, growth: Growth, budget: Budget, streams: Streams) -> Result<Self> {
        let player = Fixed::new(spec, std::sync::Arc::new(Uniform::new(spec)?), budget, streams)?;
        Ok(Grows { player, growth, weight: 1.0, step: 0 })
    }
}

impl Agent for Grows {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let rows = episodes.view().num_envs as u64;
        for _ in 0..steps.div_ceil(rows) {
            self.player.learn(episodes, rows)?;
            self.step += rows;
            self.weight *= self.growth.factor;
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

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        self.player.policy(mode)
    }

    fn report(&mut self, monitor: &mut dyn MetricSink) {
        monitor.scalar("weight", self.weight);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let [weight, step] = [self.weight.to_le_bytes(), self.step.to_le_bytes()];
        // Other bytes in every checkpoint.
        let ballast: Vec<u8> = step.iter().copied().cycle().take(self.growth.ballast).collect();
        Ok([&weight[..], &step, &ballast, &self.player.save()?].concat())
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let cut = || Error::Config("this is no saved weight".into());
        let (weight, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
        let (step, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        self.player.load(rest.get(self.growth.ballast..).ok_or_else(cut)?)?;
        (self.weight, self.step) = (f64::from_le_bytes(*weight), u64::from_le_bytes(*step));
        Ok(())
    }
}

fn main() -> ExitCode {
    let spec = Spec::discrete("odd/fork", 3, &["left", "right"]);
    Registry::standard()
        .world("odd/fork", "a fork behind a sign", move || Ok(Fork(spec.clone()).shared()))
        .agent(Kind::new("grows", "Grows beyond all bounds", |spec, growth, budget, streams| {
            Ok(Box::new(Grows::new(spec, growth, budget, streams)?))
        }))
        .main()
}
