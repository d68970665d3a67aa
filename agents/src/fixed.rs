//! Agents that learn nothing: the uniformly random player, and the one who plays a world's reference. Others are measured
//! against them.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Agent, DynWorld, Error, MetricSink, Mode, Policy, Purpose, Result,
    ScriptedPolicy, SolveQuery, Spec, Stream, Streams, VectorEnv,
    settings::{self, Field, NoSettings},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::step_counter::StepCounter;
use crate::tabular::exploration::any;
use crate::{AgentFactory, Budget, Kind};

/// A learner that plays one policy for ever.
pub struct Fixed {
    policy: Arc<dyn Policy>,
    rngs: Vec<Stream>,
    choice: ActionBuffer,
    counter: StepCounter,
}

impl Fixed {
    /// Plays `policy` in worlds that look like `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] where a batch has no rows.
    pub fn new(spec: &Spec, policy: Arc<dyn Policy>, budget: Budget, streams: Streams) -> Result<Self> {
        if budget.num_envs == 0 {
            return Err(Error::Config("a batch of 0 rows teaches nothing".into()));
        }
        let rngs = (0..budget.num_envs as u64).map(|row| streams.stream(Purpose::Action, row, 0)).collect();
        Ok(Fixed {
            policy,
            rngs,
            choice: ActionBuffer::for_spec(spec, budget.num_envs),
            counter: StepCounter::default(),
        })
    }
}

impl Agent for Fixed {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let (rows, expected) = (episodes.view().num_envs, self.rngs.len());
        if rows != expected {
            return Err(Error::Config(format!("an agent for {expected} rows was given {rows} rows")));
        }
        for _ in 0..self.counter.plan(steps, rows) {
            episodes.select_actions(&*self.policy, &mut self.rngs, &mut self.choice)?;
            episodes.step(self.choice.actions())?;
            self.counter.tick(rows);
        }
        Ok(())
    }

    fn policy(&self, _: Mode) -> Box<dyn Policy> {
        Box::new(Arc::clone(&self.policy))
    }

    fn learns(&self) -> bool {
        false
    }

    fn report(&mut self, _: &mut dyn MetricSink) {}

    fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(&("fixed", &self.rngs, self.counter))
            .map_err(|e| Error::Unsupported(format!("this agent cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refuse =
            |why: &str| Error::Config(format!("this is not a saved agent that learns nothing: {why}"));
        let (id, rngs, counter): (String, Vec<Stream>, StepCounter) =
            postcard::from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if id != "fixed" || rngs.len() != self.rngs.len() {
            return Err(refuse(&format!("it is {id:?} of {} rows", rngs.len())));
        }
        (self.rngs, self.counter) = (rngs, counter);
        Ok(())
    }
}

/// Every legal choice equally often; every number uniformly between its bounds.
pub struct Uniform {
    /// Bounds of each number, `[K]`; empty where actions are counted.
    bounds: Vec<(f32, f32)>,
}

impl Uniform {
    /// The uniform policy of worlds that look like `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] where a number has no bounds.
    pub fn new(spec: &Spec) -> Result<Self> {
        let ActionSpace::Continuous { names, low, high } = &spec.actions else {
            return Ok(Uniform { bounds: Vec::new() });
        };
        let bounds: Vec<(f32, f32)> = low.iter().copied().zip(high.iter().copied()).collect();
        match bounds.iter().position(|(low, high)| !(high - low).is_finite()) {
            Some(i) => {
                Err(Error::Config(format!("{}: `{}` has no bounds to draw between", spec.id, names[i])))
            }
            None => Ok(Uniform { bounds }),
        }
    }
}

impl Policy for Uniform {
    fn act(&self, _obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        match choice {
            ActionBuffer::Discrete(actions) => {
                let width = (legal.len() / rngs.len().max(1)).max(1);
                for ((action, legal), rng) in actions.iter_mut().zip(legal.chunks(width)).zip(rngs) {
                    *action = any(legal, rng);
                }
            }
            ActionBuffer::Continuous(actions) => {
                for (action, rng) in actions.chunks_mut(self.bounds.len().max(1)).zip(rngs) {
                    for (x, (low, high)) in action.iter_mut().zip(&self.bounds) {
                        *x = low + (high - low) * rng.uniform() as f32;
                    }
                }
            }
        }
    }
}

/// The uniformly random player.
pub fn random() -> impl AgentFactory {
    let about = "Random: every legal action equally often; learns nothing";
    Kind::new("random", about, |spec, _: NoSettings, budget, streams| {
        Ok(Box::new(Fixed::new(spec, Arc::new(Uniform::new(spec)?), budget, streams)?))
    })
}

/// One of the world's own players.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedPlayer {
    /// Which of the world's players, by name; empty for its first.
    pub player: String,
}

impl ScriptedPlayer {
    /// The player in worlds that look like `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] where there is none of that name.
    pub fn policy(&self, spec: &Spec) -> Result<ScriptedPolicy> {
        let ScriptedPlayer { player } = self;
        let found = match player.as_str() {
            "" => (!spec.scripts.is_empty()).then_some(0),
            name => spec.scripts.iter().position(|known| known == name),
        };
        match found {
            Some(index) => Ok(ScriptedPolicy(index)),
            None if spec.scripts.is_empty() => {
                Err(Error::Config(format!("{} ships no players of its own", spec.id)))
            }
            None => Err(Error::Config(settings::unknown("player", player, &spec.scripts, &spec.id))),
        }
    }
}

/// The agent that plays as one of the world's own players does.
pub fn scripted() -> impl AgentFactory {
    let about = "Scripted: plays as one of the world's own players does; learns nothing";
    Kind::new("scripted", about, |spec, player: ScriptedPlayer, budget, streams| {
        Ok(Box::new(Fixed::new(spec, Arc::new(player.policy(spec)?), budget, streams)?))
    })
}

/// The player of a world's reference.
pub struct Reference;

impl AgentFactory for Reference {
    fn id(&self) -> &str {
        "reference"
    }

    fn about(&self) -> &str {
        "Reference: plays the best that is known to be possible; learns nothing"
    }

    fn fields(&self) -> Vec<Field> {
        Vec::new()
    }

    fn build(&self, spec: &Spec, settings: &toml::Table, _: Budget, _: Streams) -> Result<Box<dyn Agent>> {
        settings::read::<NoSettings>(settings, "agent reference")?;
        Err(Error::Config(format!(
            "agent reference: what {} looks like does not say what is best in it",
            spec.id
        )))
    }

    fn build_in(
        &self,
        world: &dyn DynWorld,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>> {
        settings::read::<NoSettings>(settings, "agent reference")?;
        let spec = world.spec();
        let solution = world.solve(&SolveQuery::for_spec(spec)).map_err(|e| match e {
            Error::Unsupported(why) => Error::Config(format!("agent reference: {why}")),
            other => other,
        })?;
        let Some(policy) = solution.policy else {
            return Err(Error::Config(format!(
                "agent reference: nobody knows how to play the best of {}",
                spec.id
            )));
        };
        Ok(Box::new(Fixed::new(spec, policy, budget, streams)?))
    }

    fn resolve(&self, table: &toml::Table) -> Result<toml::Table> {
        settings::read::<NoSettings>(table, "agent reference").map(|_| toml::Table::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::graph::{Graph, alone, returns};

    #[test]
    fn settings_are_refused_wherever_they_are_given() {
        let graph = Graph::cliff();
        let table = toml::Table::from_iter([("epsilon".to_owned(), toml::Value::Float(0.1))]);
        for kind in [&random() as &dyn AgentFactory, &Reference] {
            let built = kind.build(graph.look(), &table, alone(1), Streams::new(0)).err().unwrap();
            for error in [built, kind.resolve(&table).unwrap_err()] {
                let expected = format!("agent {}: unknown setting `epsilon`", kind.id());
                assert!(error.to_string().contains(&expected), "{error}");
            }
        }
    }

    #[test]
    fn random_plays_legal_actions_only() {
        // A masked action would be an error of the batch.
        let graph = Graph::maximization_bias();
        let mut random =
            random().build(graph.look(), &toml::Table::new(), alone(1), Streams::new(0)).unwrap();
        let scores = returns(&mut *random, &mut graph.batch(1, 0), 2000);
        // Half of the episodes go left, and earn N(-0.1, 1); the others earn exactly 0.
        let zero = scores.iter().filter(|score| **score == 0.0).count() as f64 / 2000.0;
        assert!((zero - 0.5).abs() < 0.06, "{zero}");
    }

    #[test]
    fn random_numbers_fill_their_bounds() {
        let mut spec = Graph::cliff().look().clone();
        let (low, high) = (vec![-2.0, 0.0], vec![-1.0, 10.0]);
        spec.actions = ActionSpace::Continuous { names: vec!["a".into(), "b".into()], low, high };
        let mut rngs: Vec<_> = (0..500).map(|row| Streams::new(1).stream(Purpose::Action, row, 0)).collect();
        let mut choice = ActionBuffer::for_spec(&spec, 500);
        Uniform::new(&spec).unwrap().act(&[], &[], &mut rngs, &mut choice);
        let ActionBuffer::Continuous(numbers) = choice else { panic!("actions are numbers") };
        let (a, b): (Vec<f32>, Vec<f32>) = numbers.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        assert!(a.iter().all(|x| (-2.0..-1.0).contains(x)) && b.iter().all(|x| (0.0..10.0).contains(x)));
        assert!((b.iter().sum::<f32>() / 500.0 - 5.0).abs() < 0.6);
        spec.actions =
            ActionSpace::Continuous { names: vec!["a".into()], low: vec![0.0], high: vec![f32::INFINITY] };
        assert!(Uniform::new(&spec).is_err());
    }
}
