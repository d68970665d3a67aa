//! Messages of agents whose steps other processes make: random streams of some environments, and blocks of steps. See
//! [`Distributed`](freewheel_core::Distributed).

use std::ops::Range;

use freewheel_core::{Error, Result, Stream};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::progress::decode;

/// T steps of the n environments of a block.
pub(crate) trait BlockSteps: DeserializeOwned {
    /// Number of environments, n.
    fn num_envs(&self) -> usize;
    /// Number of batch steps, T.
    fn len(&self) -> usize;
}

/// Bytes of `value`, a message of the agent `id`.
pub(crate) fn encode(id: &str, value: &impl Serialize) -> Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|e| Error::Unsupported(format!("agent {id} cannot be sent: {e}")))
}

/// Error for environments `rows` that the agent `id` does not have.
pub(crate) fn no_rows(id: &str, rows: Range<usize>) -> Error {
    Error::Config(format!("{id}: it does not have the environments {rows:?}"))
}

/// Bytes of the random streams `rngs [N]` of the environments `rows`.
pub(crate) fn save_rngs(id: &str, rngs: &[Stream], rows: Range<usize>) -> Result<Vec<u8>> {
    encode(id, &rngs.get(rows.clone()).ok_or_else(|| no_rows(id, rows))?)
}

/// Replaces the random streams `rngs [N]` from environment `first` on by those of [`save_rngs`].
pub(crate) fn load_rngs(id: &str, rngs: &mut [Stream], first: usize, bytes: &[u8]) -> Result<()> {
    let loaded: Vec<Stream> =
        decode(bytes).map_err(|e| Error::Config(format!("these are not rows of {id}: {e}")))?;
    let rows = first..first.saturating_add(loaded.len());
    rngs.get_mut(rows.clone()).ok_or_else(|| no_rows(id, rows))?.clone_from_slice(&loaded);
    Ok(())
}

/// Steps of all `num_envs` environments of the agent `id`, block after block, of 1 to `most` batch steps. `checked`
/// returns a block if its lengths, numbers and actions are in range.
///
/// # Errors
/// [`Error::Config`] for blocks that do not fit.
pub(crate) fn read_blocks<B: BlockSteps>(
    id: &str,
    blocks: &[&[u8]],
    (num_envs, most): (usize, usize),
    checked: impl Fn(B) -> Option<B>,
) -> Result<Vec<B>> {
    let refuse = |why: String| Error::Config(format!("these steps are not of this {id}: {why}"));
    let blocks: Vec<B> =
        blocks.iter().map(|bytes| decode(bytes)).collect::<Result<_, String>>().map_err(refuse)?;
    let blocks: Vec<B> = blocks.into_iter().map(checked).collect::<Option<_>>().ok_or_else(|| {
        refuse("a number or a length in them is out of range, or an action is illegal".into())
    })?;
    let steps = blocks.first().map_or(0, B::len);
    let rows = blocks.iter().map(B::num_envs).sum::<usize>();
    if rows != num_envs || !(1..=most).contains(&steps) || blocks.iter().any(|block| block.len() != steps) {
        return Err(refuse(format!("{steps} steps of {rows} environments, not 1 to {most} of {num_envs}")));
    }
    Ok(blocks)
}
