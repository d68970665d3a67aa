//! Maps: the states that a run's policy visits, projected to a plane and colored by return or by cluster.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValue;
use freewheel_agents::Samples;
use freewheel_agents::estimator::{TransformerConfig, TransformerModel, no_callback};
use freewheel_agents::unsupervised::{kmeans, pca, vae};
use freewheel_core::{
    ActionBuffer, DynWorld, Ending, Error, ObservationSpace, Player, Policy, PolicyMode, Purpose, Result,
    Stream, Streams,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::format::decimal;
use crate::job::Job;
use crate::observation::encoder::Scale;
use crate::picture::{self, Scatter, thousands};
use crate::registry::Registry;

/// Choice of the projection of the states to the plane of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Projection {
    /// First two principal components (PCA).
    Pca,
    /// Two latent variables of a VAE.
    Vae,
}

/// Choice of what the color of a state shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Color {
    /// Discounted return from the state to the end of the episode.
    Value,
    /// Cluster of the state, by k-means.
    Cluster,
}

/// Settings of a map: the table `[map]` of an experiment, the options of `freewheel map`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct MapPlan {
    /// Projection of the states to a plane.
    #[arg(long, value_enum, default_value_t = Projection::Pca)]
    pub projection: Projection,
    /// Meaning of the color of a state.
    #[arg(long, value_enum, default_value_t = Color::Value)]
    pub color: Color,
    /// Number of states on the map, 10 to 100000.
    #[arg(long, default_value_t = 5000)]
    pub num_states: u32,
    /// Number of k-means clusters, 2 to 10.
    #[arg(long, default_value_t = 6)]
    pub n_clusters: u32,
}

impl Default for MapPlan {
    fn default() -> Self {
        MapPlan { projection: Projection::Pca, color: Color::Value, num_states: 5000, n_clusters: 6 }
    }
}

/// Number of environments that run at the same time.
const NUM_ENVS: usize = 16;
/// Maximum weight of the rewards after a truncation, which are unknown, in a return. A return in which they would have
/// a larger weight is unknown.
const MAX_UNKNOWN: f64 = 0.1;

/// States that a policy visited, and the return from each of them.
struct States {
    /// Observations `[N, D]` of the world, before any encoder or frame stack of the agent.
    obs: Samples,
    /// Discounted returns `[N]` of the player to move; `None` for a return that is unknown because of a truncation.
    returns: Vec<Option<f32>>,
}

impl MapPlan {
    /// Name of the first setting that is out of range, with an error message; `None` if all settings are valid.
    pub fn out_of_range(&self) -> Option<(&'static str, String)> {
        let all = [("num_states", self.num_states, 10, 100_000), ("n_clusters", self.n_clusters, 2, 10)];
        let (name, value, least, most) =
            all.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value))?;
        Some((
            name,
            format!("`{name}` = {value} is out of range: it must be at least {least} and at most {most}"),
        ))
    }

    /// File name of the map without extension.
    pub fn file_name(&self) -> String {
        let name =
            |value: Option<PossibleValue>| value.map_or_else(String::new, |it| it.get_name().to_owned());
        format!("map-{}-{}", name(self.projection.to_possible_value()), name(self.color.to_possible_value()))
    }

    /// Map of the latest policy of the run in `directory`, which acts greedily in the training world; `None` before the
    /// first checkpoint. The same run gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Config`] for a world with discrete states or one number per observation; errors of reading and playing.
    pub fn draw(
        &self,
        registry: &Registry,
        job: &Job,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Option<Scatter>> {
        let Some((step, agent)) = job.trained(registry, directory, note)? else { return Ok(None) };
        let world = registry.build_world_of_file(&job.config.world, &job.config.world_settings)?;
        match world.spec().observation {
            ObservationSpace::Discrete { n } => {
                return Err(Error::Config(format!(
                    "{}: its {n} states are discrete and have no position in a plane; `{} watch` draws them",
                    world.spec().id,
                    registry.name()
                )));
            }
            _ if world.spec().observation.len() < 2 => {
                return Err(Error::Config(format!(
                    "{}: its observations have one number, and a map needs two",
                    world.spec().id
                )));
            }
            _ => {}
        }
        let policy = agent.policy(PolicyMode::Greedy);
        let known_only = self.color == Color::Value;
        let visited = collect_states(&*world, job, &*policy, self.num_states as usize, known_only)?;
        let title = format!(
            "{}, {} steps\n{} visited states, ",
            job.title(),
            thousands(step),
            thousands(visited.returns.len() as u64)
        );
        self.scatter(&title, &visited, Streams::new(job.config.seed)).map(Some)
    }

    /// Scatter plot of the `visited` states.
    ///
    /// # Errors
    /// Errors of the projection and of k-means.
    fn scatter(&self, title: &str, visited: &States, streams: Streams) -> Result<Scatter> {
        let scaled = |unit: bool| Scale::of(&visited.obs, unit).apply(&visited.obs.to_f32());
        let standardized = scaled(false)?;
        let (points, subtitle, axes) = match self.projection {
            Projection::Pca => {
                let fitted = pca::Config { n_components: 2 }.fit(&standardized, streams, &mut no_callback)?;
                let shares = fitted.explained_variance_ratio();
                let axis = |i: usize| format!("component {} ({:.1} %)", i + 1, 100.0 * shares[i]);
                (fitted.transform(&standardized)?, "two principal components", [axis(0), axis(1)])
            }
            Projection::Vae => {
                // With few numbers per observation, a KL divergence with weight 1 would collapse the posterior to the
                // prior.
                let config = vae::Config {
                    latent_dim: 2,
                    beta: 0.01,
                    hidden_sizes: vec![64, 64],
                    ..vae::Config::default()
                };
                let scaled = scaled(true)?;
                let fitted = config.fit(&scaled, streams, &mut no_callback)?;
                let axes = ["latent variable 1".to_owned(), "latent variable 2".to_owned()];
                (fitted.transform(&scaled)?, "two latent variables of a VAE", axes)
            }
        };
        let colored_by = match self.color {
            Color::Value => "discounted return",
            Color::Cluster => "k-means cluster, with its mean return",
        };
        let title = format!("{title}{subtitle}\ncolor: {colored_by}");
        let map = Scatter::new(&title, points, [&axes[0], &axes[1]])?;
        match self.color {
            Color::Value => {
                let known: Vec<f64> = visited.returns.iter().flatten().map(|&value| value.into()).collect();
                map.by_value(&known, "return")
            }
            Color::Cluster => {
                let distinct = kmeans::distinct_samples(&standardized, self.n_clusters as usize) as u32;
                let config = kmeans::Config { n_clusters: distinct, ..kmeans::Config::default() };
                let clusters =
                    config.fit(&standardized, streams, &mut no_callback)?.predict(&standardized)?;
                map.by_class(&clusters, &cluster_names(&clusters, &visited.returns, distinct))
            }
        }
    }

    /// Draws the map of the run in `directory` into this folder; returns the plot with its SVG and PNG files, or `None`
    /// before the first checkpoint.
    ///
    /// # Errors
    /// Same as [`MapPlan::draw`]; [`Error::Io`].
    pub fn write(
        &self,
        registry: &Registry,
        job: &Job,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Option<(Scatter, [PathBuf; 2])>> {
        let Some(map) = self.draw(registry, job, directory, note)? else { return Ok(None) };
        let files = picture::write(directory, &self.file_name(), &map)?;
        Ok(Some((map, files)))
    }
}

/// Legend of the clusters: number of the cluster and its mean return.
fn cluster_names(clusters: &[u32], returns: &[Option<f32>], n_clusters: u32) -> Vec<String> {
    let mean = |cluster| {
        let own = clusters.iter().zip(returns).filter(|(own, _)| **own == cluster);
        let own: Vec<f64> = own.filter_map(|(_, &v)| v.map(f64::from)).collect();
        if own.is_empty() { "-".to_owned() } else { decimal(own.iter().sum::<f64>() / own.len() as f64) }
    };
    (0..n_clusters).map(|cluster| format!("cluster {}: {}", cluster + 1, mean(cluster))).collect()
}

/// One step of an episode.
struct Transition {
    obs: Vec<f32>,
    to_play: Player,
    reward: f64,
}

/// `num_states` states of complete episodes, evenly spaced among all visited states; with `known_only` only states with
/// a known return. Every environment completes at least one episode.
///
/// The policy acts on the transformed observations of [`Job::world`] (with encoder and frame stack). The same actions
/// step a copy of the world without transforms, whose observations are recorded.
fn collect_states(
    world: &dyn DynWorld,
    job: &Job,
    policy: &dyn Policy,
    num_states: usize,
    known_only: bool,
) -> Result<States> {
    let streams = Streams::new(job.config.seed);
    let open = |world: &dyn DynWorld| {
        let mut envs = world.vector_env(NUM_ENVS, streams, Purpose::EvaluationEnvironment, 0);
        envs.set_time_limit(job.max_steps());
        envs
    };
    let (mut world_envs, mut agent_envs) = (open(world), open(&*job.world));
    let mut rngs: Vec<Stream> =
        (0..NUM_ENVS as u64).map(|row| streams.stream(Purpose::EvaluationAction, row, 0)).collect();
    let mut actions = ActionBuffer::for_spec(world.spec(), NUM_ENVS);
    let mut trajectories: Vec<Vec<Transition>> = (0..NUM_ENVS).map(|_| Vec::new()).collect();
    let (mut complete, mut obs, mut returns) = ([false; NUM_ENVS], Vec::new(), Vec::new());
    let mut memory = vec![0.0; NUM_ENVS * policy.memory_len()];
    while returns.len() < num_states || complete.contains(&false) {
        match policy.script() {
            Some(_) => agent_envs.select_actions(policy, &mut rngs, &mut actions)?,
            None => {
                let view = agent_envs.view();
                policy.act_with_memory(view.obs, view.legal, &mut memory, &mut rngs, &mut actions);
            }
        }
        for (row, trajectory) in trajectories.iter_mut().enumerate() {
            let view = world_envs.view();
            trajectory.push(Transition {
                obs: view.obs_row(row).to_vec(),
                to_play: view.to_play[row],
                reward: 0.0,
            });
        }
        world_envs.step(actions.as_actions())?;
        agent_envs.step(actions.as_actions())?;
        let view = world_envs.view();
        for (row, trajectory) in trajectories.iter_mut().enumerate() {
            if let Some(last) = trajectory.last_mut() {
                last.reward = f64::from(view.reward[row]);
            }
            if view.ending[row].is_over() {
                complete[row] = true;
                let m = policy.memory_len();
                memory[row * m..(row + 1) * m].fill(0.0);
                let all = discounted_returns(trajectory, view.ending[row], world.spec().gamma);
                let kept = trajectory.drain(..).zip(all).filter(|(_, v)| v.is_some() || !known_only);
                for (transition, v) in kept {
                    obs.extend(transition.obs);
                    returns.push(v);
                }
            }
        }
    }
    let (n, obs) = (returns.len(), Samples::from_f32(&obs, world.spec().observation.len())?);
    let chosen: Vec<usize> = (0..num_states).map(|i| i * n / num_states).collect();
    Ok(States { obs: obs.select(&chosen), returns: chosen.iter().map(|&i| returns[i]).collect() })
}

/// Discounted return of the player to move, from each step of an episode to its end.
///
/// In a truncated episode, the return of a step is unknown (`None`) if the rewards after the truncation would have a
/// weight above [`MAX_UNKNOWN`]. If that holds for every step, for example without discounting, each step has the
/// return up to the truncation.
fn discounted_returns(trajectory: &[Transition], ending: Ending, gamma: f64) -> Vec<Option<f32>> {
    let weight = |left: usize| gamma.powi(left as i32);
    let omit_unknown = ending == Ending::Truncated && weight(trajectory.len()) <= MAX_UNKNOWN;
    let mut next: Option<(Player, f64)> = None;
    let mut all: Vec<Option<f32>> = Vec::with_capacity(trajectory.len());
    for (left, transition) in (1..).zip(trajectory.iter().rev()) {
        let rest =
            next.map_or(0.0, |(to_play, value)| if to_play == transition.to_play { value } else { -value });
        let value = transition.reward + gamma * rest;
        next = Some((transition.to_play, value));
        all.push((!omit_unknown || weight(left) <= MAX_UNKNOWN).then_some(value as f32));
    }
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trajectory(steps: &[(Player, f64)]) -> Vec<Transition> {
        steps.iter().map(|&(to_play, reward)| Transition { obs: Vec::new(), to_play, reward }).collect()
    }

    #[test]
    fn returns_by_hand() {
        let solo = trajectory(&[(Player::First, 1.0), (Player::First, 2.0), (Player::First, 4.0)]);
        assert_eq!(discounted_returns(&solo, Ending::Terminal, 0.5), [Some(3.0), Some(4.0), Some(4.0)]);
        // The rewards after the truncation would have the weights 0.4^3, 0.4^2 and 0.4.
        assert_eq!(discounted_returns(&solo, Ending::Truncated, 0.4), [Some(2.44), None, None]);
        assert_eq!(discounted_returns(&solo, Ending::Truncated, 1.0), [Some(7.0), Some(6.0), Some(4.0)]);
        // The player who moves last wins; a return has the opposite sign for the opponent.
        let game = trajectory(&[(Player::First, 0.0), (Player::Second, 0.0), (Player::First, 1.0)]);
        assert_eq!(discounted_returns(&game, Ending::Terminal, 1.0), [Some(1.0), Some(-1.0), Some(1.0)]);
    }
}
