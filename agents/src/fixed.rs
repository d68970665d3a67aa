//! Agents that do not learn: the random policy, the scripted policies of a world, and the reference policy of a world.
//! These agents serve as baselines.

use std::sync::Arc;

use freewheel_core::demonstrations::{ImpairedPolicy, Label};
use freewheel_core::{
    ActionBuffer, ActionDistribution, ActionSpace, Agent, DynWorld, Error, Insight, MetricSink, Policy,
    PolicyMode, Purpose, Result, ScriptedPolicy, SolveQuery, Spec, Stream, Streams, VectorEnv,
    settings::{self, Field, NoSettings},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::progress::{StepCounter, decode};
use crate::settings::within;
use crate::{AgentFactory, Budget, FnFactory};

/// Agent with a fixed policy.
///
/// ```
/// # use std::sync::Arc;
/// # use freewheel_agents::{Budget, example::Corridor, fixed::{Fixed, UniformPolicy}};
/// # use freewheel_core::{Agent, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let policy = Arc::new(UniformPolicy::new(envs.spec())?);
/// let budget = Budget { steps: 1000, num_envs: 1 };
/// let mut agent = Fixed::new(envs.spec(), policy, budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// assert!(!agent.learns());
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Fixed {
    policy: Arc<dyn Policy>,
    rngs: Vec<Stream>,
    actions: ActionBuffer,
    counter: StepCounter,
}

impl Fixed {
    /// Agent with `policy` for worlds of `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] if `budget.num_envs` is 0.
    pub fn new(spec: &Spec, policy: Arc<dyn Policy>, budget: Budget, streams: Streams) -> Result<Self> {
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        let rngs = (0..budget.num_envs as u64).map(|i| streams.stream(Purpose::Action, i, 0)).collect();
        Ok(Fixed {
            policy,
            rngs,
            actions: ActionBuffer::for_spec(spec, budget.num_envs),
            counter: StepCounter::default(),
        })
    }
}

impl Agent for Fixed {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let (num_envs, expected) = (envs.view().num_envs, self.rngs.len());
        if num_envs != expected {
            return Err(Error::Config(format!(
                "the agent expects {expected} environments, but got {num_envs}"
            )));
        }
        for _ in 0..self.counter.request(steps, num_envs) {
            envs.select_actions(&*self.policy, &mut self.rngs, &mut self.actions)?;
            envs.step(self.actions.as_actions())?;
            self.counter.advance(num_envs);
        }
        Ok(())
    }

    fn policy(&self, _: PolicyMode) -> Box<dyn Policy> {
        Box::new(Arc::clone(&self.policy))
    }

    fn learns(&self) -> bool {
        false
    }

    fn report(&mut self, _: &mut dyn MetricSink) {}

    fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(&("fixed", &self.rngs, self.counter))
            .map_err(|e| Error::Unsupported(format!("the agent cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refuse =
            |why: &str| Error::Config(format!("this is not a saved agent with a fixed policy: {why}"));
        let (id, rngs, counter): (String, Vec<Stream>, StepCounter) =
            decode(bytes).map_err(|e| refuse(&e))?;
        if id != "fixed" || rngs.len() != self.rngs.len() {
            return Err(refuse(&format!("it is {id:?} with {} environments", rngs.len())));
        }
        if !counter.is_valid(rngs.len()) {
            return Err(refuse("its step counter is out of range"));
        }
        (self.rngs, self.counter) = (rngs, counter);
        Ok(())
    }
}

/// Uniformly random policy: every legal discrete action with equal probability, continuous actions within their bounds.
pub struct UniformPolicy {
    /// Bounds of continuous actions, `[K]`; empty for discrete ones.
    bounds: Vec<(f32, f32)>,
}

impl UniformPolicy {
    /// Policy for worlds of `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] for a continuous action without finite bounds.
    pub fn new(spec: &Spec) -> Result<Self> {
        let ActionSpace::Continuous { names, low, high } = &spec.actions else {
            return Ok(UniformPolicy { bounds: Vec::new() });
        };
        let bounds: Vec<(f32, f32)> = low.iter().copied().zip(high.iter().copied()).collect();
        match bounds.iter().position(|(low, high)| !(high - low).is_finite()) {
            Some(i) => Err(Error::Config(format!(
                "world {}: action `{}` must have finite bounds",
                spec.id, names[i]
            ))),
            None => Ok(UniformPolicy { bounds }),
        }
    }
}

impl Policy for UniformPolicy {
    fn act(&self, _obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        match actions {
            ActionBuffer::Discrete(actions) => {
                let width = (legal.len() / rngs.len().max(1)).max(1);
                for ((action, legal), rng) in actions.iter_mut().zip(legal.chunks(width)).zip(rngs) {
                    *action = rng.legal_action(legal);
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

    fn insight(&self, _obs: &[f32], legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        if self.bounds.is_empty() {
            let p = 1.0 / legal.iter().filter(|legal| **legal).count().max(1) as f32;
            return Some(Insight::probabilities(legal.iter().map(|l| if *l { p } else { 0.0 }).collect()));
        }
        // The standard deviation of a uniform distribution is its width over the square root of 12.
        let one = |(low, high): &(f32, f32)| ActionDistribution {
            mean: 0.5 * (low + high),
            std: (high - low) / 12f32.sqrt(),
        };
        Some(Insight { continuous: self.bounds.iter().map(one).collect(), ..Insight::default() })
    }
}

/// Factory of the random agent.
pub fn random() -> impl AgentFactory {
    let about = "Random: every legal action with equal probability; does not learn";
    FnFactory::new("random", about, |spec, _: NoSettings, budget, streams| {
        Ok(Box::new(Fixed::new(spec, Arc::new(UniformPolicy::new(spec)?), budget, streams)?))
    })
}

/// Noise and blunders of a fixed policy: the demonstrator of episodes that were recorded with them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Impaired {
    /// Probability of a random action, 0 to 1, or size of the noise of a continuous action in units of half its range.
    #[serde(skip_serializing_if = "is_zero")]
    pub noise: f64,
    /// Probability of the action with the lowest value, or of the mirror image of a continuous action, 0 to 1.
    #[serde(skip_serializing_if = "is_zero")]
    pub blunders: f64,
}

/// The default is omitted, so that hashes of old runs stay valid.
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

impl Impaired {
    fn check(&self) -> Result<()> {
        within("noise", self.noise, 0.0, 1.0)?;
        within("blunders", self.blunders, 0.0, 1.0)
    }

    /// `policy` with the noise and the blunders.
    fn apply(&self, spec: &Spec, policy: Arc<dyn Policy>) -> Arc<dyn Policy> {
        let label = Label { noise: self.noise, blunders: self.blunders, ..Label::default() };
        if label.is_impaired() { Arc::new(ImpairedPolicy::new(spec, policy, &label)) } else { policy }
    }
}

/// Settings of the scripted agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedConfig {
    /// Name of one of the world's scripted policies; empty for the first.
    pub player: String,
    /// Noise and blunders.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub impaired: Impaired,
}

impl ScriptedConfig {
    /// The scripted policy in worlds of `spec`.
    ///
    /// # Errors
    /// [`Error::Setting`] if the world has no scripted policy of that name; [`Error::Config`] if it has none at all.
    pub fn policy(&self, spec: &Spec) -> Result<ScriptedPolicy> {
        let ScriptedConfig { player, .. } = self;
        let found = match player.as_str() {
            "" => (!spec.scripts.is_empty()).then_some(0),
            name => spec.scripts.iter().position(|known| known == name),
        };
        match found {
            Some(index) => Ok(ScriptedPolicy(index)),
            None if spec.scripts.is_empty() => {
                Err(Error::Config(format!("world {} has no scripted policies", spec.id)))
            }
            None => {
                Err(Error::setting("player", settings::unknown("player", player, &spec.scripts, &spec.id)))
            }
        }
    }
}

/// Factory of the agent that plays a scripted policy of the world.
pub fn scripted() -> impl AgentFactory {
    let about = "Scripted: plays one of the world's scripted policies; does not learn";
    FnFactory::new("scripted", about, |spec, config: ScriptedConfig, budget, streams| {
        config.impaired.check()?;
        let policy = config.impaired.apply(spec, Arc::new(config.policy(spec)?));
        Ok(Box::new(Fixed::new(spec, policy, budget, streams)?))
    })
}

/// Factory of the agent that plays the reference policy of a world.
pub struct ReferenceFactory;

impl ReferenceFactory {
    fn read(settings: &toml::Table) -> Result<Impaired> {
        let config: Impaired = settings::read(settings, "agent reference")?;
        config.check()?;
        Ok(config)
    }
}

impl AgentFactory for ReferenceFactory {
    fn id(&self) -> &str {
        "reference"
    }

    fn about(&self) -> &str {
        "Reference: plays the optimal or best known policy of the world; does not learn"
    }

    fn fields(&self) -> Vec<Field> {
        settings::fields(&schemars::schema_for!(Impaired))
    }

    fn build(&self, spec: &Spec, settings: &toml::Table, _: Budget, _: Streams) -> Result<Box<dyn Agent>> {
        Self::read(settings)?;
        Err(Error::Config(format!("agent reference: needs the world {} itself, not only its spec", spec.id)))
    }

    fn build_in(
        &self,
        world: &dyn DynWorld,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>> {
        let impaired = Self::read(settings)?;
        let spec = world.spec();
        let solution = world.solve(&SolveQuery::for_spec(spec)).map_err(|e| match e {
            Error::Unsupported(why) => Error::Config(format!("agent reference: {why}")),
            other => other,
        })?;
        let Some(policy) = solution.policy else {
            return Err(Error::Config(format!("agent reference: world {} has no reference policy", spec.id)));
        };
        Ok(Box::new(Fixed::new(spec, impaired.apply(spec, policy), budget, streams)?))
    }

    fn resolve(&self, table: &toml::Table) -> Result<toml::Table> {
        toml::Table::try_from(Self::read(table)?)
            .map_err(|e| Error::Config(format!("agent reference: its settings cannot be written: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::graph::{Graph, one_env, returns};

    #[test]
    fn settings_are_refused_wherever_they_are_given() {
        let graph = Graph::cliff();
        let table = toml::Table::from_iter([("epsilon".to_owned(), toml::Value::Float(0.1))]);
        for factory in [&random() as &dyn AgentFactory, &ReferenceFactory] {
            let built = factory.build(graph.spec(), &table, one_env(1), Streams::new(0)).err().unwrap();
            for error in [built, factory.resolve(&table).unwrap_err()] {
                let expected = format!("agent {}: unknown setting `epsilon`", factory.id());
                assert!(error.to_string().contains(&expected), "{error}");
            }
        }
    }

    #[test]
    fn random_selects_legal_actions_only() {
        // An illegal action would be an error of the vector environment.
        let graph = Graph::maximization_bias();
        let mut random =
            random().build(graph.spec(), &toml::Table::new(), one_env(1), Streams::new(0)).unwrap();
        let scores = returns(&mut *random, &mut graph.batch(1, 0), 2000);
        // Half of the episodes go left with return N(-0.1, 1); the others have return 0.
        let zero = scores.iter().filter(|score| **score == 0.0).count() as f64 / 2000.0;
        assert!((zero - 0.5).abs() < 0.06, "{zero}");
    }

    #[test]
    fn random_continuous_actions_are_uniform_within_bounds() {
        let mut spec = Graph::cliff().spec().clone();
        let (low, high) = (vec![-2.0, 0.0], vec![-1.0, 10.0]);
        spec.actions = ActionSpace::Continuous { names: vec!["a".into(), "b".into()], low, high };
        let mut rngs: Vec<_> = (0..500).map(|row| Streams::new(1).stream(Purpose::Action, row, 0)).collect();
        let mut actions = ActionBuffer::for_spec(&spec, 500);
        UniformPolicy::new(&spec).unwrap().act(&[], &[], &mut rngs, &mut actions);
        let ActionBuffer::Continuous(numbers) = actions else { panic!("continuous actions") };
        let (a, b): (Vec<f32>, Vec<f32>) = numbers.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        assert!(a.iter().all(|x| (-2.0..-1.0).contains(x)) && b.iter().all(|x| (0.0..10.0).contains(x)));
        assert!((b.iter().sum::<f32>() / 500.0 - 5.0).abs() < 0.6);
        spec.actions =
            ActionSpace::Continuous { names: vec!["a".into()], low: vec![0.0], high: vec![f32::INFINITY] };
        assert!(UniformPolicy::new(&spec).is_err());
    }
}
