//! [`ObservationEncoder`]: a fitted function between a world and an agent, such as k-means clusters, principal
//! components or a VAE.

use std::sync::Arc;

use crate::wrapper::{self, ObservationTransform};
use crate::{BatchView, DynWorld, ObservationSpace, Player, Result};

/// Encoder of observations: a fixed function of single observations, without memory.
pub trait ObservationEncoder: Send + Sync + 'static {
    /// Space of the encoded observations, of C numbers.
    fn space(&self) -> ObservationSpace;

    /// Encodes N observations `obs [N, D]` into `out [N, C]`; each row of `out` depends only on the same row of `obs`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for observations that cannot be encoded, such as infinite ones.
    fn encode(&self, obs: &[f32], out: &mut [f32]) -> Result<()>;

    /// `world` with observations encoded by this encoder.
    fn wrap(self, world: Arc<dyn DynWorld>) -> Arc<dyn DynWorld>
    where
        Self: Sized,
    {
        wrapper::wrap(world, Arc::new(Encoded(self)))
    }
}

struct Encoded<E>(E);

impl<E: ObservationEncoder> ObservationTransform for Encoded<E> {
    type Memory = ();

    fn space(&self) -> ObservationSpace {
        self.0.space()
    }

    fn memory(&self, _num_envs: usize) {}

    fn begin(&self, (): &mut (), _env: usize, obs: &[f32], _player: Player, row: &mut [f32]) -> Result<()> {
        self.0.encode(obs, row)
    }

    fn push(&self, (): &mut (), _env: usize, obs: &[f32], _player: Player, row: &mut [f32]) -> Result<()> {
        self.0.encode(obs, row)
    }

    fn begin_all(&self, (): &mut (), view: &BatchView<'_>, rows: &mut [f32]) -> Result<()> {
        self.0.encode(view.obs, rows)
    }

    /// Encodes all rows in one call, also those of new episodes, which is faster than row by row.
    fn push_running(&self, (): &mut (), view: &BatchView<'_>, rows: &mut [f32]) -> Result<()> {
        self.0.encode(view.obs, rows)
    }

    /// Writes zeros if an observation cannot be encoded.
    fn suppose(&self, _row: &[f32], obs: &[f32], out: &mut [f32]) {
        if self.0.encode(obs, out).is_err() {
            out.fill(0.0);
        }
    }
}
