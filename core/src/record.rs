//! Recorded episodes: a record has the random stream and the actions, which reproduce the episode, and a digest, which
//! verifies the replay.
//!
//! A file holds one episode per line, as JSON. The last field of a line, `checksum`, is BLAKE3 over all bytes of the
//! line before this field; a line without it, of an earlier version of Freewheel, is read unchecked. The digest is
//! BLAKE3 over, in order: the world's observation, the mask and the player to move of every state; after each step its
//! reward and ending; at last the ending of the episode. The digest covers the bits of all numbers. A record therefore
//! verifies on the machine that made it, and on another machine if the world uses only operations with exact rounding.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checkpoint::write_atomically;
use crate::input::{lines, read_text};
use crate::{
    ActionBuffer, Actions, DynWorld, Ending, EpisodeRunner, Error, Policy, Purpose, Result, Step, Stream,
    Streams,
};

/// Version of the fields and the digest of a record, raised whenever they change.
pub const FORMAT: u32 = 1;

/// A recorded episode: random stream, actions and results.
///
/// ```
/// use freewheel_core::record::{play, verify};
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::{AlwaysRight, corridor};
///
/// let (world, streams) = (corridor().shared(), Streams::new(7));
/// let mut runner = world.episode_runner(streams, Purpose::EvaluationEnvironment, 0);
/// let rng = streams.stream(Purpose::EvaluationAction, 0, 0);
/// let record = play(&mut *runner, 0, &AlwaysRight, rng, 1000)?;
/// assert_eq!((record.length, record.episode_return), (4, 1.0));
/// verify(&record, &*world)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeRecord {
    /// Format version, [`FORMAT`].
    pub format: u32,
    /// World id, `family/name`.
    pub world: String,
    /// Version of the world.
    pub version: u32,
    /// Settings of the world, `null` for the defaults. The caller builds the world from them; this module does not use
    /// them.
    pub settings: serde_json::Value,
    /// Seed of the run.
    pub seed: u64,
    /// Purpose of the world's random stream.
    pub purpose: Purpose,
    /// Environment index.
    pub index: u64,
    /// Number of the episode among those of this environment index, from 0.
    pub episode: u64,
    /// Actions of all steps.
    pub actions: RecordedActions,
    /// Length in steps.
    pub length: u32,
    /// Return of the first player, with the world's discount; `score` in the file.
    #[serde(rename = "score")]
    pub episode_return: f64,
    /// End of the episode: `Truncated` also for a step limit of the caller, `Running` for an unfinished episode.
    pub ending: Ending,
    /// BLAKE3 digest of the episode, in hexadecimal.
    pub digest: String,
}

/// Actions of an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedActions {
    /// Discrete actions, `[length]`.
    Discrete(Vec<u32>),
    /// Continuous actions, `[length][K]`.
    Continuous(Vec<Vec<f32>>),
}

impl RecordedActions {
    /// Number of actions.
    pub fn len(&self) -> usize {
        match self {
            RecordedActions::Discrete(all) => all.len(),
            RecordedActions::Continuous(all) => all.len(),
        }
    }

    /// Whether there is no action.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Action of step `i`, for [`EpisodeRunner::step`]; `None` after the last.
    pub fn get(&self, i: usize) -> Option<Actions<'_>> {
        match self {
            RecordedActions::Discrete(all) => all.get(i).map(|a| Actions::Discrete(std::slice::from_ref(a))),
            RecordedActions::Continuous(all) => all.get(i).map(|a| Actions::Continuous(a)),
        }
    }

    pub(crate) fn push(&mut self, action: Actions<'_>) {
        match (self, action) {
            (RecordedActions::Discrete(all), Actions::Discrete(a)) => all.extend(a),
            (RecordedActions::Continuous(all), Actions::Continuous(a)) => all.push(a.to_vec()),
            // Unreachable: for actions of the other kind, the runner has already returned an error.
            _ => {}
        }
    }
}

/// Recorder of an episode that the caller plays step by step.
pub struct Recorder<'a> {
    runner: &'a mut dyn EpisodeRunner,
    actions: RecordedActions,
    digest: blake3::Hasher,
}

impl<'a> Recorder<'a> {
    /// Resets `runner` to episode `episode` and records it.
    pub fn new(runner: &'a mut dyn EpisodeRunner, episode: u64) -> Self {
        runner.reset(episode);
        let actions = match runner.spec().actions.dimensions() {
            0 => RecordedActions::Discrete(Vec::new()),
            _ => RecordedActions::Continuous(Vec::new()),
        };
        let mut recorder = Recorder { runner, actions, digest: blake3::Hasher::new() };
        recorder.hash_state();
        recorder
    }

    /// The runner, for its observation and drawing.
    pub fn runner(&self) -> &dyn EpisodeRunner {
        self.runner
    }

    /// [`EpisodeRunner::step`], recorded.
    ///
    /// # Errors
    /// Errors of [`EpisodeRunner::step`]; the step is not recorded then.
    pub fn step(&mut self, action: Actions<'_>) -> Result<Step> {
        let step = self.runner.step(action)?;
        self.actions.push(action);
        self.digest.update(&step.reward.to_bits().to_le_bytes()).update(&[step.ending as u8]);
        self.hash_state();
        Ok(step)
    }

    /// Record of the episode, which is over or remains unfinished (`Running`).
    pub fn finish(self) -> EpisodeRecord {
        let ending = self.runner.ending();
        self.end(ending)
    }

    /// Record of the episode; a running episode is recorded as truncated after the last step.
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
            episode_return: self.runner.episode_return(),
            ending,
            digest: self.digest.finalize().to_hex().to_string(),
        }
    }

    /// Adds observation, mask and player to move to the digest.
    fn hash_state(&mut self) {
        for x in self.runner.world_obs() {
            self.digest.update(&x.to_bits().to_le_bytes());
        }
        for &legal in self.runner.legal() {
            self.digest.update(&[u8::from(legal)]);
        }
        self.digest.update(&[self.runner.to_play() as u8]);
    }
}

/// Record of the episode number `episode`, played by `policy` with the generator `rng`, and truncated after `max_steps`
/// steps if the time limit of the world is longer. With the streams of [`evaluate`](crate::evaluate::evaluate), the
/// episode equals that of the evaluation.
///
/// # Errors
/// Errors of [`EpisodeRunner::step`] if an action of the policy is illegal or not of the kind of the world.
pub fn play(
    runner: &mut dyn EpisodeRunner,
    episode: u64,
    policy: &dyn Policy,
    mut rng: Stream,
    max_steps: u32,
) -> Result<EpisodeRecord> {
    let mut actions = ActionBuffer::for_spec(runner.spec(), 1);
    let (mut recorder, mut memory) = (Recorder::new(runner, episode), Vec::new());
    while !recorder.runner().ending().is_over() && recorder.runner().length() < max_steps {
        let runner = recorder.runner();
        runner.select_action(policy, &mut memory, &mut rng, &mut actions)?;
        recorder.step(actions.as_actions())?;
    }
    Ok(recorder.truncate())
}

/// Replays `record` in `world` and checks that all results are equal.
///
/// # Errors
/// [`Error::Mismatch`] with the first difference: the world, its version, an action that cannot be taken, the length,
/// the return, the ending, or the digest.
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
    let mut recorder = Recorder::new(runner.as_mut(), record.episode);
    for i in 0..record.actions.len() {
        if let Some(action) = record.actions.get(i) {
            recorder.step(action).map_err(|e| format!("step {} of {}: {e}", i + 1, record.actions.len()))?;
        }
    }
    let again = if record.ending == Ending::Truncated { recorder.truncate() } else { recorder.finish() };
    same("the length", &record.length, &again.length, record.length == again.length)?;
    let (was, is) = (record.episode_return, again.episode_return);
    same("the return", &was, &is, was.to_bits() == is.to_bits())?;
    let (was, is) = (record.ending, again.ending);
    same("the ending", &format!("{was:?}"), &format!("{is:?}"), was == is)?;
    same("the digest", &record.digest, &again.digest, record.digest == again.digest)
}

/// Episodes in the file at `path`, one per line; empty lines are skipped.
///
/// # Errors
/// [`Error::Input`] with the number of a line that is not an episode of this format, or whose checksum differs; errors
/// of [`read_text`].
pub fn read(path: impl AsRef<Path>) -> Result<Vec<EpisodeRecord>> {
    /// Format version, read before the other fields, which depend on it.
    #[derive(Deserialize)]
    struct Header {
        format: u32,
    }
    let path = path.as_ref();
    let text = read_text(path)?;
    let mut records = Vec::new();
    for (number, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        let input = |column: usize, message: String| Error::Input {
            file: path.to_path_buf(),
            line: number,
            column: column.max(1),
            message,
        };
        let not_a_record =
            |e: serde_json::Error| input(e.column(), format!("this is not a recorded episode: {e}"));
        let header: Header = serde_json::from_str(line).map_err(not_a_record)?;
        if header.format != FORMAT {
            let message =
                format!("this episode has format {}, and this program reads format {FORMAT}", header.format);
            return Err(input(1, message));
        }
        let line = checked(line).map_err(|message| input(1, message))?;
        records.push(serde_json::from_str(&line).map_err(not_a_record)?);
    }
    Ok(records)
}

/// Start of the last field of a line.
const CHECKSUM: &str = ",\"checksum\":\"";

/// Line with its checksum as the last field; `json` is the object without this field.
fn with_checksum(json: &str) -> String {
    let fields = json.strip_suffix('}').unwrap_or(json);
    format!("{fields}{CHECKSUM}{}\"}}", blake3::hash(fields.as_bytes()).to_hex())
}

/// JSON object of a line without the field `checksum`, after the comparison of the checksum with the line.
///
/// # Errors
/// Message for a line with other bytes than those that were written.
fn checked(line: &str) -> Result<Cow<'_, str>, String> {
    let Some((fields, checksum)) = line.trim_end().rsplit_once(CHECKSUM) else {
        return Ok(Cow::Borrowed(line));
    };
    match checksum.strip_suffix("\"}") {
        Some(checksum) if checksum == blake3::hash(fields.as_bytes()).to_hex().as_str() => {
            Ok(Cow::Owned(format!("{fields}}}")))
        }
        _ => Err("the checksum of this episode does not match its line: the line has been changed".into()),
    }
}

/// Writes `records` to the file at `path`, one per line. The write is atomic: on an error, the old file is unchanged.
///
/// # Errors
/// Errors of [`to_text`]; [`Error::Io`].
pub fn write(path: impl AsRef<Path>, records: &[EpisodeRecord]) -> Result<()> {
    write_atomically(path, to_text(records)?.as_bytes())
}

/// Text of a file with `records`, one per line, each with its checksum.
///
/// # Errors
/// [`Error::Unsupported`] for a return that is not finite, which JSON cannot represent.
pub fn to_text(records: &[EpisodeRecord]) -> Result<String> {
    let mut text = String::new();
    for record in records {
        if !record.episode_return.is_finite() {
            let (episode, total) = (record.episode, record.episode_return);
            return Err(Error::Unsupported(format!(
                "episode {episode} has the return {total}; it must be finite"
            )));
        }
        let json = serde_json::to_string(record)
            .map_err(|e| Error::Unsupported(format!("an episode cannot be written: {e}")))?;
        text.push_str(&with_checksum(&json));
        text.push('\n');
    }
    Ok(text)
}
