//! The agent that learns nothing: every legal action equally often. What others are measured against.

use freewheel_core::{
    ActionSpace, Actions, Choice, Episodes, Error, Learner, Mode, Monitor, Policy, Purpose, Result, Spec,
    Stream, Streams,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exploration::any;
use crate::Budget;

/// For the list of agents.
pub const ABOUT: &str = "Random: every legal action equally often; learns nothing";

/// [`Random`] has no settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// The learner that does not; see the module.
pub struct Random {
    rngs: Vec<Stream>,
    actions: Vec<u32>,
    step: u64,
    asked: u64,
}

impl Random {
    /// For worlds with counted actions, for any number of players.
    ///
    /// # Errors
    /// [`Error::Config`] where actions are continuous or a batch has no rows.
    pub fn new(spec: &Spec, _: Config, budget: Budget, streams: Streams) -> Result<Self> {
        if let ActionSpace::Continuous { names, .. } = &spec.actions {
            return Err(Error::Config(format!(
                "{} wants {} real numbers ({}); this agent draws counted actions only",
                spec.id,
                names.len(),
                names.join(", ")
            )));
        }
        if budget.rows == 0 {
            return Err(Error::Config("a batch of 0 rows teaches nothing".into()));
        }
        let rngs = (0..budget.rows as u64).map(|row| streams.stream(Purpose::Action, row, 0)).collect();
        Ok(Random { rngs, actions: vec![0; budget.rows], step: 0, asked: 0 })
    }
}

impl Learner for Random {
    fn learn(&mut self, episodes: &mut dyn Episodes, steps: u64) -> Result<()> {
        let rows = episodes.view().rows;
        if rows != self.rngs.len() {
            return Err(Error::Config(format!(
                "an agent for {} rows was given {rows} rows",
                self.rngs.len()
            )));
        }
        self.asked = self.asked.saturating_add(steps);
        while self.step < self.asked {
            let view = episodes.view();
            for (row, (action, rng)) in self.actions.iter_mut().zip(&mut self.rngs).enumerate() {
                *action = any(view.legal_row(row), rng);
            }
            episodes.step(Actions::Discrete(&self.actions))?;
            self.step += rows as u64;
        }
        Ok(())
    }

    fn policy(&self, _: Mode) -> Box<dyn Policy> {
        Box::new(Uniform)
    }

    fn report(&mut self, _: &mut dyn Monitor) {}

    fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(&("random", &self.rngs, self.step, self.asked))
            .map_err(|e| Error::Unsupported(format!("random cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refuse =
            |why: &str| Error::Config(format!("this is not a saved random agent of these settings: {why}"));
        let (id, rngs, step, asked): (String, Vec<Stream>, u64, u64) =
            postcard::from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if id != "random" || rngs.len() != self.rngs.len() {
            return Err(refuse(&format!("it is {id:?} of {} rows", rngs.len())));
        }
        (self.rngs, self.step, self.asked) = (rngs, step, asked);
        Ok(())
    }
}

/// Every legal action equally often.
pub struct Uniform;

impl Policy for Uniform {
    fn act(&self, _obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut Choice) {
        let Choice::Discrete(actions) = choice else { return };
        let width = legal.len() / rngs.len().max(1);
        for ((action, legal), rng) in actions.iter_mut().zip(legal.chunks(width.max(1))).zip(rngs) {
            *action = any(legal, rng);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::graph::{Graph, alone, returns};

    #[test]
    fn plays_legal_actions_only() {
        // A masked action would be an error of the batch.
        let graph = Graph::maximisation_bias();
        let mut random = Random::new(graph.look(), Config {}, alone(1), Streams::new(0)).unwrap();
        let scores = returns(&mut random, &mut graph.batch(1, 0), 2000);
        // Half of the episodes go left, and earn N(-0.1, 1); the others earn exactly 0.
        let zero = scores.iter().filter(|score| **score == 0.0).count() as f64 / 2000.0;
        assert!((zero - 0.5).abs() < 0.06, "{zero}");
    }
}
