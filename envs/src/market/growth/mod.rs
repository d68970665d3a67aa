//! What fraction of the wealth to hold: `gbm` and `heston`.

mod gbm;
mod heston;
mod rules;
#[cfg(test)]
mod tests;

pub use gbm::Gbm;
pub use heston::Heston;
