//! An episode on disk: where its dice came from and the actions taken, so that it can be played again, and a digest of
//! all that the world showed, so that playing it again can be checked; how its player saw that is no part of it.
//!
//! A file holds one episode a line, as JSON. The digest is BLAKE3 over, in order: the observation, the mask and the
//! player to move of every state from the first to the last; after each step its reward and ending; at last the ending of
//! the episode. Numbers count by their bits, so a record verifies where the world's arithmetic gives the same
//! bits: always on the machine that made it, and elsewhere if the world keeps to exactly rounded operations.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checkpoint::write_atomically;
use crate::{
    ActionBuffer, Actions, DynWorld, Ending, EpisodeRunner, Error, Policy, Purpose, Result, Step, Stream,
    Streams,
};

/// The version of the record's fields and digest; raised whenever they change.
pub const FORMAT: u32 = 1;

/// An episode: its seed and its actions, and what came of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeRecord {
    /// [`FORMAT`].
    pub format: u32,
    /// The world's `family/name`.
    pub world: String,
    /// The world's version.
    pub version: u32,
    /// What the world was built with; `null` where that is its default. For whoever builds it again: nothing here reads it.
    pub settings: serde_json::Value,
    /// The run's seed.
    pub seed: u64,
    /// What the world's dice were for.
    pub purpose: Purpose,
    /// The environment index.
    pub index: u64,
    /// The episode's number within that index, from 0.
    pub episode: u64,
    /// What was done, step by step.
    pub actions: RecordedActions,
    /// Its length in steps.
    pub length: u32,
    /// The first player's return, counted with the world's discount.
    pub score: f64,
    /// How it ended: `Truncated` by the world or by a step limit of whoever played it, `Running` where it was left.
    pub ending: Ending,
    /// The digest, in hexadecimal.
    pub digest: String,
}

/// The actions of an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedActions {
    /// Counted choices, `[length]`.
    Discrete(Vec<u32>),
    /// Continuous ones, `[length][K]`.
    Continuous(Vec<Vec<f32>>),
}

impl RecordedActions {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            RecordedActions::Discrete(all) => all.len(),
            RecordedActions::Continuous(all) => all.len(),
        }
    }

    /// Whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The action of step `i`, for a [`EpisodeRunner`].
    pub fn get(&self, i: usize) -> Option<Actions<'_>> {
        match self {
            RecordedActions::Discrete(all) => all.get(i).map(|a| Actions::Discrete(std::slice::from_ref(a))),
            RecordedActions::Continuous(all) => all.get(i).map(|a| Actions::Continuous(a)),
        }
    }

    fn push(&mut self, action: Actions<'_>) {
        match (self, action) {
            (RecordedActions::Discrete(all), Actions::Discrete(a)) => all.extend(a),
            (RecordedActions::Continuous(all), Actions::Continuous(a)) => all.push(a.to_vec()),
            // A stage has refused actions of the other kind.
            _ => {}
        }
    }
}

/// Records an episode while somebody plays it, step by step.
pub struct Recorder<'a> {
    runner: &'a mut dyn EpisodeRunner,
    actions: RecordedActions,
    digest: blake3::Hasher,
}

impl<'a> Recorder<'a> {
    /// Begins episode `episode` of `runner`.
    pub fn begin(runner: &'a mut dyn EpisodeRunner, episode: u64) -> Self {
        runner.begin(episode);
        let actions = match runner.spec().actions.dimensions() {
            0 => RecordedActions::Discrete(Vec::new()),
            _ => RecordedActions::Continuous(Vec::new()),
        };
        let mut recorder = Recorder { runner, actions, digest: blake3::Hasher::new() };
        recorder.look();
        recorder
    }

    /// The stage, to see and to draw.
    pub fn runner(&self) -> &dyn EpisodeRunner {
        self.runner
    }

    /// [`EpisodeRunner::step`], recorded.
    ///
    /// # Errors
    /// Those of the stage; then nothing has been recorded.
    pub fn step(&mut self, action: Actions<'_>) -> Result<Step> {
        let step = self.runner.step(action)?;
        self.actions.push(action);
        self.digest.update(&step.reward.to_bits().to_le_bytes()).update(&[step.ending as u8]);
        self.look();
        Ok(step)
    }

    /// The record of an episode that is over, or is left as it stands now (`Running`).
    pub fn finish(self) -> EpisodeRecord {
        let ending = self.runner.ending();
        self.end(ending)
    }

    /// The record of an episode that, where it is still running, is truncated now.
    pub fn truncate(self) -> EpisodeRecord {
        let ending = self.runner.ending();
        self.end(if ending.is_over() { ending } else { Ending::Truncated })
    }

    fn end(mut self, ending: Ending) -> EpisodeRecord {
        self.digest.update(&[ending as u8]);
        let (spec, origin) = (self.runner.spec(), self.runner.origin());
        EpisodeRecord {
            format: FORMAT,
            world: spec.id.clone(),
            version: spec.version,
            settings: serde_json::Value::Null,
            seed: origin.seed,
            purpose: origin.purpose,
            index: origin.index,
            episode: self.runner.episode(),
            actions: self.actions,
            length: self.runner.length(),
            score: self.runner.score(),
            ending,
            digest: self.digest.finalize().to_hex().to_string(),
        }
    }

    fn look(&mut self) {
        for x in self.runner.world_obs() {
            self.digest.update(&x.to_bits().to_le_bytes());
        }
        for &legal in self.runner.legal() {
            self.digest.update(&[u8::from(legal)]);
        }
        self.digest.update(&[self.runner.to_play() as u8]);
    }
}

/// Plays episode `episode` of `runner`, whose actions draw from `rng`, and truncates it after `max_steps` steps where
/// the world lets it go on longer. With the streams of [`evaluate`](crate::evaluate::evaluate) it is the very same episode.
///
/// # Errors
/// Those of the stage, where the policy's actions are not legal or of another kind than the world's.
pub fn play(
    runner: &mut dyn EpisodeRunner,
    episode: u64,
    policy: &dyn Policy,
    mut rng: Stream,
    max_steps: u32,
) -> Result<EpisodeRecord> {
    let mut choice = ActionBuffer::for_spec(runner.spec(), 1);
    let mut recorder = Recorder::begin(runner, episode);
    while !recorder.runner().ending().is_over() && recorder.runner().length() < max_steps {
        let runner = recorder.runner();
        runner.select_action(policy, &mut rng, &mut choice)?;
        recorder.step(choice.actions())?;
    }
    Ok(recorder.truncate())
}

/// Plays `record` again in `world` and compares all that came of it.
///
/// # Errors
/// [`Error::Mismatch`] saying what differs first: the world, its version, an action that cannot be taken, then length,
/// score, ending, and last the digest of all that was seen on the way.
pub fn verify(record: &EpisodeRecord, world: &dyn DynWorld) -> Result<()> {
    compare(record, world).map_err(|reason| {
        Error::Mismatch(format!(
            "episode {} of index {} in {} (seed {}): {reason}",
            record.episode, record.index, record.world, record.seed
        ))
    })
}

fn compare(record: &EpisodeRecord, world: &dyn DynWorld) -> Result<(), String> {
    let same = |what: &str, recorded: &dyn std::fmt::Display, now: &dyn std::fmt::Display, equal: bool| {
        if equal { Ok(()) } else { Err(format!("{what} was {recorded} and is {now}")) }
    };
    let spec = world.spec();
    same("the format", &record.format, &FORMAT, record.format == FORMAT)?;
    same("the world", &record.world, &spec.id, record.world == spec.id)?;
    same("the world's version", &record.version, &spec.version, record.version == spec.version)?;
    let mut runner = world.episode_runner(Streams::new(record.seed), record.purpose, record.index);
    let mut recorder = Recorder::begin(runner.as_mut(), record.episode);
    for i in 0..record.actions.len() {
        if let Some(action) = record.actions.get(i) {
            recorder.step(action).map_err(|e| format!("step {} of {}: {e}", i + 1, record.actions.len()))?;
        }
    }
    let again = if record.ending == Ending::Truncated { recorder.truncate() } else { recorder.finish() };
    same("its length", &record.length, &again.length, record.length == again.length)?;
    same("its score", &record.score, &again.score, record.score.to_bits() == again.score.to_bits())?;
    let (was, is) = (record.ending, again.ending);
    same("its ending", &format!("{was:?}"), &format!("{is:?}"), was == is)?;
    same("the digest of what was seen", &record.digest, &again.digest, record.digest == again.digest)
}

/// The episodes in the file at `path`, one a line; empty lines are passed over.
///
/// # Errors
/// [`Error::Input`] naming the line that is not an episode of this format; [`Error::Io`].
pub fn read(path: impl AsRef<Path>) -> Result<Vec<EpisodeRecord>> {
    /// What is read first: the other fields mean something only in a known format.
    #[derive(Deserialize)]
    struct Header {
        format: u32,
    }
    let path = path.as_ref();
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    let mut records = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let input = |column: usize, message: String| Error::Input {
            file: path.to_path_buf(),
            line: number + 1,
            column: column.max(1),
            message,
        };
        let not_one =
            |e: serde_json::Error| input(e.column(), format!("this is not a recorded episode: {e}"));
        let header: Header = serde_json::from_str(line).map_err(not_one)?;
        if header.format != FORMAT {
            let message =
                format!("this episode has format {}, and this program reads format {FORMAT}", header.format);
            return Err(input(1, message));
        }
        records.push(serde_json::from_str(line).map_err(not_one)?);
    }
    Ok(records)
}

/// Writes `records` to the file at `path`, one a line, in place of what stood there, whole or not at all.
///
/// # Errors
/// [`Error::Unsupported`] where a score is not finite, which JSON cannot say; [`Error::Io`].
pub fn write(path: impl AsRef<Path>, records: &[EpisodeRecord]) -> Result<()> {
    let mut bytes = Vec::new();
    for record in records {
        if !record.score.is_finite() {
            let (episode, score) = (record.episode, record.score);
            return Err(Error::Unsupported(format!(
                "episode {episode} has the score {score}; it must be finite"
            )));
        }
        serde_json::to_writer(&mut bytes, record)
            .map_err(|e| Error::Unsupported(format!("an episode cannot be written: {e}")))?;
        bytes.push(b'\n');
    }
    write_atomically(path, &bytes)
}
