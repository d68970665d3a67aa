//! A map of the states that a run's policy visits: a plane found without labels, colored by the reward that followed or by what is
//! alike.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValue;
use freewheel_agents::fit::unwatched;
use freewheel_agents::unsupervised::{Codes, Encode, kmeans, pca, vae};
use freewheel_core::{
    ActionBuffer, DynWorld, Ending, Error, Mode, ObservationSpace, Player, Policy, Purpose, Result, Samples,
    Stream, Streams,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::job::Job;
use crate::observation::encoder::Scale;
use crate::picture::{self, Scatter, counted};
use crate::registry::Registry;
use crate::report::digits;

/// What finds the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Plane {
    /// PCA: the two directions along which states vary most.
    Pca,
    /// A VAE with two latents.
    Vae,
}

/// What gives a state its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Color {
    /// The discounted reward that followed.
    Value,
    /// Which group of k-means it is in.
    Cluster,
}

/// Which map is drawn; `[map]` in an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct MapPlan {
    /// What finds the plane of the map.
    #[arg(long, value_enum, default_value_t = Plane::Pca)]
    pub plane: Plane,
    /// What gives a state its color.
    #[arg(long, value_enum, default_value_t = Color::Value)]
    pub color: Color,
    /// How many states are drawn, 10 to 100000.
    #[arg(long, default_value_t = 5000)]
    pub states: u32,
    /// Groups of k-means, 2 to 10.
    #[arg(long, default_value_t = 6)]
    pub clusters: u32,
}

impl Default for MapPlan {
    fn default() -> Self {
        MapPlan { plane: Plane::Pca, color: Color::Value, states: 5000, clusters: 6 }
    }
}

/// Episodes played at once.
const ROWS: usize = 16;
/// The share of a value that may hang by what a time limit cut off.
const UNKNOWN: f64 = 0.1;

/// What a policy saw, and what it earned from there on.
struct Visited {
    /// `[N, D]`: the world's own observations, whatever stands between them and the agent.
    obs: Samples,
    /// `[N]`: the mover's discounted reward until the episode's end, where it is known.
    value: Vec<Option<f32>>,
}

impl MapPlan {
    /// The setting that is out of range, and what is wrong with it.
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let all = [("states", self.states, 10, 100_000), ("clusters", self.clusters, 2, 10)];
        let (name, value, least, most) =
            all.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value))?;
        Some((
            name,
            format!("`{name}` = {value} is out of range: it must be at least {least} and at most {most}"),
        ))
    }

    /// What its files are called, without their endings.
    pub fn file_name(&self) -> String {
        let name =
            |choice: Option<PossibleValue>| choice.map_or_else(String::new, |it| it.get_name().to_owned());
        format!("map-{}-{}", name(self.plane.to_possible_value()), name(self.color.to_possible_value()))
    }

    /// The map of the newest policy of the run in `directory`, played greedily in the world it learned in; `None` before its first
    /// checkpoint. The same bytes for the same run.
    ///
    /// # Errors
    /// [`Error::Config`] where the world shows no numbers that lie in a plane; those of reading and playing.
    pub fn draw(
        &self,
        registry: &Registry,
        job: &Job,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Option<Scatter>> {
        let Some((step, agent)) = job.trained(registry, directory, note)? else { return Ok(None) };
        let world = registry.build_world(&job.config.world, &job.config.world_settings)?;
        match world.spec().observation {
            ObservationSpace::Discrete { n } => {
                return Err(Error::Config(format!(
                    "{}: it shows which of {n} states it is in, and an index has no place in a plane; `{} watch` draws \
                     such states",
                    world.spec().id,
                    registry.name()
                )));
            }
            _ if world.spec().observation.len() < 2 => {
                return Err(Error::Config(format!(
                    "{}: it shows one number, and a plane has two",
                    world.spec().id
                )));
            }
            _ => {}
        }
        let policy = agent.policy(Mode::Greedy);
        let known_alone = self.color == Color::Value;
        let visited = visit(&*world, job, &*policy, self.states as usize, known_alone)?;
        let title = format!(
            "{}, {} steps\n{} states that it visits in the plane of ",
            job.title(),
            counted(step),
            counted(visited.value.len() as u64)
        );
        self.drawn(&title, &visited, Streams::new(job.config.seed)).map(Some)
    }

    /// The plane found, and the states in it.
    ///
    /// # Errors
    /// Those of fitting.
    fn drawn(&self, title: &str, visited: &Visited, streams: Streams) -> Result<Scatter> {
        let scaled = |unit: bool| Scale::of(&visited.obs, unit).apply(visited.obs.values());
        let standardized = scaled(false)?;
        let (points, subtitle, axes) = match self.plane {
            Plane::Pca => {
                let fitted = pca::Config { n_components: 2 }.fit(&standardized, streams, &mut unwatched)?;
                let shares = fitted.explained_variance_ratio();
                let axis = |i: usize| format!("component {} ({:.1} %)", i + 1, 100.0 * shares[i]);
                (fitted.encode(&standardized)?, "two principal components", [axis(0), axis(1)])
            }
            Plane::Vae => {
                // Few numbers bring few nats: at its full weight the divergence would leave nothing to see.
                let config = vae::Config {
                    latent_dim: 2,
                    beta: 0.01,
                    hidden_sizes: vec![64, 64],
                    ..vae::Config::default()
                };
                let scaled = scaled(true)?;
                let fitted = config.fit(&scaled, streams, &mut unwatched)?;
                let axes = ["factor 1".to_owned(), "factor 2".to_owned()];
                (fitted.encode(&scaled)?, "two factors of a VAE", axes)
            }
        };
        let colored_by = match self.color {
            Color::Value => "the discounted reward that followed",
            Color::Cluster => "groups of k-means, and what followed on average",
        };
        let title = format!("{title}{subtitle}\ncolor: {colored_by}");
        let map = Scatter::new(&title, points, [&axes[0], &axes[1]])?;
        match self.color {
            Color::Value => {
                let known: Vec<f32> = visited.value.iter().flatten().copied().collect();
                map.by_value(&known, "value")
            }
            Color::Cluster => {
                let config = kmeans::Config { n_clusters: self.clusters, ..kmeans::Config::default() };
                let of = config.fit(&standardized, streams, &mut unwatched)?.labels(&standardized)?;
                map.by_class(&of, &names(&of, &visited.value, self.clusters))
            }
        }
    }

    /// Draws the map into the run's `directory`; gives it and the files' paths, `None` before the run's first checkpoint.
    ///
    /// # Errors
    /// As [`MapPlan::draw`]; [`Error::Io`].
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

/// What the groups are called: their number, and the mean of the values in each.
fn names(of: &[u32], value: &[Option<f32>], clusters: u32) -> Vec<String> {
    let mean = |cluster| {
        let own = of.iter().zip(value).filter(|(of, _)| **of == cluster);
        let own: Vec<f64> = own.filter_map(|(_, &v)| v.map(f64::from)).collect();
        if own.is_empty() { "-".to_owned() } else { digits(own.iter().sum::<f64>() / own.len() as f64) }
    };
    (0..clusters).map(|cluster| format!("group {}: {}", cluster + 1, mean(cluster))).collect()
}

/// One step of a row.
struct Taken {
    obs: Vec<f32>,
    mover: Player,
    reward: f64,
}

/// At least one whole episode in every row, and whole episodes until there are `states` of them (`known_alone`: whose value is known); of
/// more, evenly chosen ones.
///
/// The agent acts by what it sees of the world ([`Job::world`]); the map is of the world itself, which goes in step with it.
fn visit(
    world: &dyn DynWorld,
    job: &Job,
    policy: &dyn Policy,
    states: usize,
    known_alone: bool,
) -> Result<Visited> {
    let streams = Streams::new(job.config.seed);
    let open = |world: &dyn DynWorld| {
        let mut episodes = world.vector_env(ROWS, streams, Purpose::EvaluationEnvironment, 0);
        episodes.limit(job.max_steps());
        episodes
    };
    let (mut plain, mut seen) = (open(world), open(&*job.world));
    let mut rngs: Vec<Stream> =
        (0..ROWS as u64).map(|row| streams.stream(Purpose::EvaluationAction, row, 0)).collect();
    let mut choice = ActionBuffer::for_spec(world.spec(), ROWS);
    let mut trails: Vec<Vec<Taken>> = (0..ROWS).map(|_| Vec::new()).collect();
    let (mut whole, mut obs, mut value) = ([false; ROWS], Vec::new(), Vec::new());
    while value.len() < states || whole.contains(&false) {
        seen.select_actions(policy, &mut rngs, &mut choice)?;
        for (row, trail) in trails.iter_mut().enumerate() {
            let view = plain.view();
            trail.push(Taken { obs: view.obs_row(row).to_vec(), mover: view.to_play[row], reward: 0.0 });
        }
        plain.step(choice.actions())?;
        seen.step(choice.actions())?;
        let view = plain.view();
        for (row, trail) in trails.iter_mut().enumerate() {
            if let Some(last) = trail.last_mut() {
                last.reward = f64::from(view.reward[row]);
            }
            if view.ending[row].is_over() {
                whole[row] = true;
                let known = valued(trail, view.ending[row], world.spec().gamma);
                let kept = trail.drain(..).zip(known).filter(|(_, v)| v.is_some() || !known_alone);
                for (taken, v) in kept {
                    obs.extend(taken.obs);
                    value.push(v);
                }
            }
        }
    }
    let (n, obs) = (value.len(), Samples::new(obs, world.spec().observation.len())?);
    let chosen: Vec<usize> = (0..states).map(|i| i * n / states).collect();
    Ok(Visited { obs: obs.select(&chosen), value: chosen.iter().map(|&i| value[i]).collect() })
}

/// The discounted reward from each step of an episode to its end, the mover's. Of an episode that was cut, those steps have none of
/// which more than [`UNKNOWN`] hangs by what was cut off; unless all do, as where nothing is discounted: then it is the reward until
/// the cut.
fn valued(trail: &[Taken], ending: Ending, gamma: f64) -> Vec<Option<f32>> {
    let weight = |left: usize| gamma.powi(left as i32);
    let cut = ending == Ending::Truncated && weight(trail.len()) <= UNKNOWN;
    let mut following: Option<(Player, f64)> = None;
    let mut all: Vec<Option<f32>> = Vec::with_capacity(trail.len());
    for (left, taken) in (1..).zip(trail.iter().rev()) {
        let rest = following.map_or(0.0, |(mover, value)| if mover == taken.mover { value } else { -value });
        let value = taken.reward + gamma * rest;
        following = Some((taken.mover, value));
        all.push((!cut || weight(left) <= UNKNOWN).then_some(value as f32));
    }
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(steps: &[(Player, f64)]) -> Vec<Taken> {
        steps.iter().map(|&(mover, reward)| Taken { obs: Vec::new(), mover, reward }).collect()
    }

    #[test]
    fn what_followed_by_hand() {
        let solo = trail(&[(Player::First, 1.0), (Player::First, 2.0), (Player::First, 4.0)]);
        assert_eq!(valued(&solo, Ending::Terminal, 0.5), [Some(3.0), Some(4.0), Some(4.0)]);
        // Cut off after three steps, of which a half, a quarter, an eighth would hang by what came then.
        assert_eq!(valued(&solo, Ending::Truncated, 0.4), [Some(2.44), None, None]);
        assert_eq!(valued(&solo, Ending::Truncated, 1.0), [Some(7.0), Some(6.0), Some(4.0)]);
        // Whoever moves last wins; what is good for one is bad for the other.
        let game = trail(&[(Player::First, 0.0), (Player::Second, 0.0), (Player::First, 1.0)]);
        assert_eq!(valued(&game, Ending::Terminal, 1.0), [Some(1.0), Some(-1.0), Some(1.0)]);
    }
}
