//! Trading on a signal that predicts returns, with costs: `ar1` and `garleanu-pedersen`.

mod ar1;
mod discrete;
mod garleanu_pedersen;
mod linear;
mod rules;
#[cfg(test)]
mod tests;

pub use ar1::Ar1;
pub use garleanu_pedersen::GarleanuPedersen;
