//! Demonstrations: recorded episodes with observations, masks, actions, rewards and endings, to learn from and to
//! verify.
//!
//! A [`Demonstration`] is one episode, a [`DemonstrationSet`] the episodes of one world. Both are plain data; the
//! program stores them on disk in the layout of Minari.
//!
//! ```
//! use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, Source, WorldHeader};
//! use freewheel_core::*;
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
//! # use example::{AlwaysRight, corridor};
//!
//! let (world, streams) = (corridor().shared(), Streams::new(7));
//! let mut runner = world.episode_runner(streams, Purpose::EvaluationEnvironment, 0);
//! let mut rng = streams.stream(Purpose::EvaluationAction, 0, 0);
//! let label = Label::of(Source::Scripted, "always right");
//! let episode = Demonstration::play(&mut *runner, 0, &AlwaysRight, &label, &mut rng, 100)?;
//! let header = WorldHeader::of(world.spec(), "example/corridor", serde_json::Value::Null);
//! let set = DemonstrationSet { header, episodes: vec![episode] };
//! assert_eq!((set.steps(), set.episodes[0].episode_return), (4, 1.0));
//! set.verify(&*world)?;
//! # Ok::<(), Error>(())
//! ```

mod episode;
mod keep;
mod noise;
mod play;
mod set;

use serde::{Deserialize, Serialize};

use crate::{ActionSpace, ObservationSpace, Origin, Spec};

pub use episode::Demonstration;
pub use keep::Keep;
pub use noise::{ImpairedPolicy, Impairment};
pub use set::DemonstrationSet;

/// Kind of player whose actions an episode has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A human at the terminal.
    Human,
    /// A scripted or random policy.
    Scripted,
    /// The reference policy of the world.
    Reference,
    /// A trained agent.
    Agent,
    /// A file of another program.
    #[default]
    Imported,
}

impl Source {
    /// Names of all sources, as in files and on the command line.
    pub const NAMES: [&str; 5] = ["human", "scripted", "reference", "agent", "imported"];

    /// Name of this source.
    pub fn name(self) -> &'static str {
        Source::NAMES[self as usize]
    }
}

impl std::str::FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        use Source::{Agent, Human, Imported, Reference, Scripted};
        let all = [Human, Scripted, Reference, Agent, Imported];
        let known = || crate::names::unknown("source", text, &Source::NAMES, "");
        all.into_iter().find(|source| source.name() == text).ok_or_else(known)
    }
}

/// Origin of the actions of an episode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Label {
    /// Kind of player.
    pub source: Source,
    /// Name of the player: a scripted policy, the folder of a run, a file, or the players of a game.
    pub player: String,
    /// Reaction delay, steps: an action is the one chosen for the observation of this many steps earlier.
    pub delay: u32,
    /// Noise: probability of a random legal action, or standard deviation of the noise of a continuous action as a
    /// share of half its range.
    pub noise: f64,
    /// Probability of a blunder: the legal action with the lowest value, or the opposite of a continuous action.
    pub blunders: f64,
}

impl Label {
    /// Label without delay, noise and blunders.
    pub fn of(source: Source, player: impl Into<String>) -> Self {
        Label { source, player: player.into(), ..Label::default() }
    }

    /// Whether delay, noise or blunders change the actions of the player.
    pub fn is_impaired(&self) -> bool {
        (self.delay, self.noise, self.blunders) != (0, 0.0, 0.0)
    }

    /// Description, such as `scripted: greedy, delay 2, noise 0.1`.
    pub fn title(&self) -> String {
        let mut title = self.source.name().to_owned();
        if !self.player.is_empty() {
            title = format!("{title}: {}", self.player);
        }
        let shares = [("noise", self.noise), ("blunders", self.blunders)];
        if self.delay > 0 {
            title = format!("{title}, delay {}", self.delay);
        }
        for (name, share) in shares.into_iter().filter(|(_, share)| *share > 0.0) {
            title = format!("{title}, {name} {share}");
        }
        title
    }
}

/// Random stream that an episode is replayed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpisodeOrigin {
    /// Streams of the runner.
    #[serde(flatten)]
    pub streams: Origin,
    /// Number of the episode.
    pub episode: u64,
}

/// World of a set of demonstrations.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldHeader {
    /// Name by which a registry builds the world, `family/name` or `family:file`; empty for data of another program.
    pub world: String,
    /// Version of the world's rules.
    pub version: u32,
    /// Settings of the world as JSON, `null` for the defaults.
    pub settings: serde_json::Value,
    /// Observation space.
    pub observation: ObservationSpace,
    /// Action space.
    pub actions: ActionSpace,
    /// Whether some actions are illegal in some states; episodes then have masks.
    pub masked: bool,
    /// Number of players, 1 or 2.
    pub players: u8,
    /// Discount of returns.
    pub gamma: f64,
    /// Whether a lower score is better.
    pub lower_is_better: bool,
    /// Whether the episodes have neither observations nor masks: a replay of the actions gives them.
    pub actions_only: bool,
}

impl WorldHeader {
    /// Header for the world of `spec`, which a registry builds from the name `world` and the `settings`.
    pub fn of(spec: &Spec, world: impl Into<String>, settings: serde_json::Value) -> Self {
        WorldHeader {
            world: world.into(),
            version: spec.version,
            settings,
            observation: spec.observation.clone(),
            actions: spec.actions.clone(),
            masked: spec.masked,
            players: spec.players,
            gamma: spec.gamma,
            lower_is_better: spec.lower_is_better(),
            actions_only: false,
        }
    }

    /// Compares the spaces, the version and the players of the world of `spec` with this header.
    ///
    /// # Errors
    /// The first difference, as text.
    pub fn check(&self, spec: &Spec) -> Result<(), String> {
        let differ = |what: &str| {
            Err(format!("the {what} of these demonstrations differ from those of the world {}", spec.id))
        };
        if self.version != spec.version {
            let (was, is) = (self.version, spec.version);
            return Err(format!(
                "these demonstrations have version {was} of {}, and this program has version {is}; record them again",
                spec.id
            ));
        }
        if !self.actions_only && self.observation != spec.observation {
            return differ("observations");
        }
        if self.actions != spec.actions {
            return differ("actions");
        }
        if (self.masked, self.players) != (spec.masked, spec.players) {
            return differ("masks or players");
        }
        Ok(())
    }
}
