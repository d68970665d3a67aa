//! Portfolio choice between an asset and cash: `gbm` and `heston`.

mod gbm;
mod heston;
mod rules;
#[cfg(test)]
mod tests;
mod variance;

pub use gbm::Gbm;
pub use heston::Heston;
