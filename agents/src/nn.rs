//! Neural networks on top of candle.
//!
//! candle computes losses and their gradients. A [`Network`] is a single operation in candle's graph: its layers work
//! on plain slices and have their own backward pass. The P parameters of a network are one variable `[P]`, which an
//! [`Optimizer`] updates in place, a checkpoint stores unchanged, and inference reads as a plain slice.
//!
//! | module | content |
//! |---|---|
//! | [`activation`] | ReLU, tanh, sigmoid |
//! | [`builder`] | construction of networks |
//! | [`conv`] | convolutions as matrix products |
//! | `graph` | networks as graphs of tensor operations, for export |
//! | [`gru`] | gated recurrent unit over sequences |
//! | [`init`] | orthogonal, Kaiming and Xavier initialization |
//! | [`matmul`] | matrix products over slices |
//! | [`model`] | network with parameters: candle's graph, inference, gradient steps |
//! | [`network`] | forward and backward pass |
//! | [`normalizer`] | running mean and standard deviation of observations and returns |
//! | [`optimizer`] | SGD, RMSprop, Adam, AdamW; gradient clipping; target network updates |
//! | `recurrent` | encoder, recurrent unit and head, side by side; gradients over sequences |
//! | [`settings`] | settings of a network, and its hidden layers |
//! | [`weights`] | safetensors |

pub mod activation;
pub mod builder;
pub mod conv;
mod embedding;
mod graph;
pub mod gru;
pub mod init;
mod layer;
pub mod matmul;
pub mod model;
pub mod network;
mod neuron;
pub mod normalizer;
pub mod optimizer;
pub(crate) mod recurrent;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod weights;

pub use activation::Activation;
pub use builder::Builder;
pub use conv::Conv;
pub use init::Init;
pub use model::{Frozen, Model};
pub use network::{Network, NodeId, Pass, Workspace};
pub use normalizer::ObservationNormalizer;
pub use optimizer::{Optimizer, OptimizerConfig, OptimizerStep};
pub use settings::NetworkSettings;
