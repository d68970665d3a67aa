//! Fitted learners on disk: a checkpoint file ([`freewheel_core::checkpoint`]) of three sections, whole or refused.
//!
//! | section | what |
//! |---|---|
//! | `learner` | postcard: its name, [`FORMAT`], the seed of its streams |
//! | `settings` | its settings, TOML |
//! | `model` | postcard: what it has learned |

use std::path::Path;

use freewheel_core::checkpoint::{Checkpoint, write_atomically};
use freewheel_core::{Error, Result, Streams};

use super::{Estimate, Estimator, EstimatorFactory};

/// Raised whenever the bytes of a model change their meaning.
pub const FORMAT: u32 = 1;

/// Writes a fitted learner to `path`.
///
/// # Errors
/// [`Error::Config`] where it has learned nothing yet; [`Error::Io`].
pub fn write(path: impl AsRef<Path>, estimate: &dyn Estimate) -> Result<()> {
    let mut bytes = Vec::new();
    pack(estimate)?.write(&mut bytes).map_err(Error::io(&path))?;
    write_atomically(path, &bytes)
}

/// Reads a fitted learner from `path`, whichever of `kinds` it is.
///
/// # Errors
/// [`Error::Damaged`] where the file is not as it was written; [`Error::Config`] where it holds no learner of these kinds;
/// [`Error::Io`].
pub fn read(path: impl AsRef<Path>, kinds: &[Box<dyn EstimatorFactory>]) -> Result<Estimator> {
    let file = Checkpoint::read(path.as_ref())?;
    unpack(&file, kinds).map_err(|error| match error {
        Error::Config(message) => Error::Config(format!("{}: {message}", path.as_ref().display())),
        other => other,
    })
}

fn pack(estimate: &dyn Estimate) -> Result<Checkpoint> {
    let mut file = Checkpoint::new();
    let learner = (estimate.id(), FORMAT, estimate.streams().seed);
    let learner = postcard::to_stdvec(&learner)
        .map_err(|e| Error::Unsupported(format!("this learner cannot be saved: {e}")))?;
    file.insert("learner", learner);
    file.insert("settings", estimate.settings()?.to_string().into_bytes());
    file.insert("model", estimate.save()?);
    Ok(file)
}

fn unpack(file: &Checkpoint, kinds: &[Box<dyn EstimatorFactory>]) -> Result<Estimator> {
    let other = |e: &dyn std::fmt::Display| Error::Config(format!("this file holds no fitted learner: {e}"));
    let learner = file.section("learner").map_err(|e| other(&e))?;
    let ((id, format), rest): ((String, u32), _) =
        postcard::take_from_bytes(learner).map_err(|e| other(&e))?;
    if format != FORMAT {
        return Err(Error::Config(format!(
            "this {id} has format {format}, and this program reads format {FORMAT}: fit it again"
        )));
    }
    let seed: u64 = postcard::from_bytes(rest).map_err(|e| other(&e))?;
    let Some(kind) = kinds.iter().find(|kind| kind.id() == id) else {
        let known: Vec<&str> = kinds.iter().map(|kind| kind.id()).collect();
        return Err(Error::Config(freewheel_core::settings::unknown("learner", &id, &known, "")));
    };
    let settings = str::from_utf8(file.section("settings")?).map_err(|e| other(&e))?;
    let settings: toml::Table = settings.parse().map_err(|e| other(&e))?;
    let mut estimator = kind.build(&settings, Streams::new(seed))?;
    estimator.estimate_mut().load(file.section("model")?)?;
    Ok(estimator)
}
