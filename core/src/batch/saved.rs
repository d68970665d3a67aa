//! Saved states of the environments of a batch, or of some consecutive ones.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Batch, EpisodeClock, StreamSource};
use crate::{Ending, Env, EpisodeSummary, Error, Player, Result, Stream};

/// Content of [`ManagedVectorEnv::save`](crate::ManagedVectorEnv::save): the data of a batch, without the buffers that
/// are functions of the states.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Saved<S: Serialize + DeserializeOwned> {
    pub(super) source: StreamSource,
    pub(super) states: Vec<S>,
    rngs: Vec<Stream>,
    clocks: Vec<EpisodeClock>,
    reward: Vec<f32>,
    ending: Vec<Ending>,
    last_obs: Vec<f32>,
    last_legal: Vec<bool>,
    last_to_play: Vec<Player>,
    finished: Vec<EpisodeSummary>,
}

impl<E: Env> Batch<E> {
    /// States of the environments `rows`, as of a batch of these environments alone.
    pub(super) fn saved(&self, rows: Range<usize>, finished: Vec<EpisodeSummary>) -> Saved<E::State> {
        let (data, d, a) = (&self.data, self.shape.d, self.shape.a);
        Saved {
            source: StreamSource { first: self.source.first + rows.start as u64, ..self.source },
            states: data.states[rows.clone()].to_vec(),
            rngs: data.rngs[rows.clone()].to_vec(),
            clocks: data.clocks[rows.clone()].to_vec(),
            reward: data.reward[rows.clone()].to_vec(),
            ending: data.ending[rows.clone()].to_vec(),
            last_obs: data.last_obs[rows.start * d..rows.end * d].to_vec(),
            last_legal: data.last_legal[rows.start * a..rows.end * a].to_vec(),
            last_to_play: data.last_to_play[rows].to_vec(),
            finished,
        }
    }

    /// Bytes of `saved`, with the world.
    pub(super) fn encode(&self, saved: Saved<E::State>) -> Result<Vec<u8>> {
        let spec = self.env.spec();
        postcard::to_stdvec(&(&spec.id, spec.version, saved))
            .map_err(|e| Error::Unsupported(format!("a batch cannot be saved: {e}")))
    }

    /// Saved states of `n` environments, or of any number of them, in `bytes`.
    ///
    /// # Errors
    /// [`Error::Config`] for bytes of another world or number, or with a state that the world does not have.
    pub(super) fn decode(&self, bytes: &[u8], n: Option<usize>) -> Result<Saved<E::State>> {
        let spec = self.env.spec();
        let id = &spec.id;
        let not_ours = |e: postcard::Error| Error::Config(format!("this is not a saved batch of {id}: {e}"));
        // Check the world first: bytes of another world may parse as states of this world.
        let ((world, version), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(not_ours)?;
        if (&world, version) != (id, spec.version) {
            return Err(Error::Config(format!(
                "the saved batch is of {world} version {version}, not of {id} version {}",
                spec.version
            )));
        }
        let (saved, rest): (Saved<E::State>, _) = postcard::take_from_bytes(rest).map_err(not_ours)?;
        if !rest.is_empty() {
            return Err(Error::Config(format!("{} bytes follow a saved batch of {id}", rest.len())));
        }
        let n = n.unwrap_or(saved.states.len());
        if [
            saved.states.len(),
            saved.rngs.len(),
            saved.clocks.len(),
            saved.reward.len(),
            saved.ending.len(),
            saved.last_to_play.len(),
        ] != [n; 6]
            || saved.last_obs.len() != n * self.shape.d
            || saved.last_legal.len() != n * self.shape.a
        {
            return Err(Error::Config(format!("the saved batch of {id} does not have {n} environments")));
        }
        if !saved.states.iter().all(|state| self.env.is_valid(state)) {
            return Err(Error::Config(format!(
                "the saved batch of {id} has a state that the world does not have"
            )));
        }
        Ok(saved)
    }

    /// Replaces the states of the environments from `first` on; returns the episodes that had ended in them.
    pub(super) fn replace_rows(&mut self, first: usize, saved: Saved<E::State>) -> Vec<EpisodeSummary> {
        let (data, d, a) = (&mut self.data, self.shape.d, self.shape.a);
        let end = first + saved.states.len();
        data.states[first..end].clone_from_slice(&saved.states);
        data.rngs[first..end].clone_from_slice(&saved.rngs);
        data.clocks[first..end].copy_from_slice(&saved.clocks);
        data.reward[first..end].copy_from_slice(&saved.reward);
        data.ending[first..end].copy_from_slice(&saved.ending);
        data.last_obs[first * d..end * d].copy_from_slice(&saved.last_obs);
        data.last_legal[first * a..end * a].copy_from_slice(&saved.last_legal);
        data.last_to_play[first..end].copy_from_slice(&saved.last_to_play);
        saved.finished
    }
}
