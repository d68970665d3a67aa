//! Encoders between a world and an agent, such as clusters, principal components or a VAE fitted without reward.

use std::sync::Arc;

use crate::wrapper::{self, ObservationTransform};
use crate::{BatchView, DynWorld, ObservationSpace, Player, Result};

/// A fixed function of single observations.
pub trait ObservationEncoder: Send + Sync + 'static {
    /// Space of the encoded observations, of C numbers.
    fn space(&self) -> ObservationSpace;

    /// Encodes `obs [N, D]` into `out [N, C]`, each row by itself.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for observations that cannot be encoded, such as infinite ones.
    fn encode(&self, obs: &[f32], out: &mut [f32]) -> Result<()>;

    /// `world` with its observations encoded.
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

    /// All rows in one call, those of new episodes too.
    fn push_running(&self, (): &mut (), view: &BatchView<'_>, rows: &mut [f32]) -> Result<()> {
        self.0.encode(view.obs, rows)
    }

    /// Observations that cannot be encoded become zeros.
    fn suppose(&self, _row: &[f32], obs: &[f32], out: &mut [f32]) {
        if self.0.encode(obs, out).is_err() {
            out.fill(0.0);
        }
    }
}
