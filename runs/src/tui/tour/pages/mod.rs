//! Pages of the tour.

pub(super) mod clusters;
pub(super) mod costs;
pub(super) mod deep_sea;
pub(super) mod digits;
pub(super) mod drawing;
mod garments;
pub(super) mod grid;
pub(super) mod habit;
pub(super) mod latent;
pub(super) mod line;
pub(super) mod neuron;
pub(super) mod teacher;
pub(super) mod worlds;
